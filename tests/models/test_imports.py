from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path

import pytest

from models import imports
from models.imports import light_spacy, without


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "cxi_optional_thing.py").write_text("value = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "cxi_optional_thing", raising=False)
    return "cxi_optional_thing"


def test_the_package_looks_absent_inside_and_is_there_after(package: str) -> None:
    with without(package), pytest.raises(ModuleNotFoundError, match=package):
        importlib.import_module(package)
    assert importlib.import_module(package).value == 1
    with without(package):  # already imported
        assert importlib.import_module(package).value == 1


def test_another_thread_does_not_notice(package: str) -> None:
    seen: list[object] = []
    with without(package):
        thread = threading.Thread(target=lambda: seen.append(importlib.import_module(package).value))
        thread.start()
        thread.join()
    assert seen == [1]


def test_an_error_inside_leaves_nothing_behind(package: str) -> None:
    before = list(sys.meta_path)
    with pytest.raises(RuntimeError), without(package):
        raise RuntimeError
    assert sys.meta_path == before


def test_torch_stays_for_packages_that_bring_spacy_pipelines_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    with light_spacy(), pytest.raises(ModuleNotFoundError):
        importlib.import_module("torch")
    monkeypatch.setattr(imports, "find_spec", lambda name: object() if name == "spacy_transformers" else None)
    before = list(sys.meta_path)
    with light_spacy():
        assert sys.meta_path == before
