"""A headless Chromium of the system (Debian: `chromium`), driven by playwright, and a page to look at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from pipeline import report
from pipeline.config import Config
from pipeline.taxonomy import load_taxonomy

from ..pipeline.report.stories import hostile, shop

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.fail("no Chromium found; install it (Debian: apt-get install chromium) or leave out -m browser")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=FLAGS.split())
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports in both languages, one folder for each story."""
    folder = tmp_path_factory.mktemp("reports")
    for name, tables in (("shop", shop()), ("hostile", hostile())):
        report.write(tables, config=Config(), taxonomy=load_taxonomy(), folder=folder / name)
    return folder
