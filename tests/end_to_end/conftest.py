"""The command line in-process, with the rule model: these tests are about the job, not about the labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app

Cxi = Callable[..., Result]


@pytest.fixture
def cxi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cxi:
    """Run `cxi ARGS` in an empty folder; an exception that is not for users fails the test."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str | Path, model: str | None = "lexicon") -> Result:
        words = [str(arg) for arg in args]
        if model and words[0] in ("run", "analyze"):
            words += ["--model", model]
        return CliRunner().invoke(app, words, catch_exceptions=False)

    return call


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[[str, list[dict[str, Any]]], Path]:
    """Write rows as JSON Lines."""

    def write(name: str, rows: list[dict[str, Any]]) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path

    return write
