"""JSON lines: the objects of a file, plain or .gz, with the number of their line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.errors import GoldError


def files_of(directory: Path) -> list[Path]:
    """The .jsonl and .jsonl.gz files of a directory, by name. Raises `GoldError` where there are none."""
    if not directory.is_dir():
        raise GoldError(f"{directory} is no directory")
    found = sorted([*directory.glob("*.jsonl"), *directory.glob("*.jsonl.gz")])
    if not found:
        raise GoldError(f"{directory}: no .jsonl or .jsonl.gz file in this directory")
    return found


def records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The object of each line of `path` that is not blank, with the line's number, counted from 1.

    Raises `GoldError` naming file and line for a line that is no JSON object, and naming the file where it cannot be
    read: not there, not UTF-8, a damaged .gz.
    """
    for number, line in _lines(path):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise GoldError(f"{path}, line {number}: not JSON: {error}") from error
        if not isinstance(record, dict):
            raise GoldError(f"{path}, line {number}: an object is expected, not {type(record).__name__}")
        yield number, record


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise GoldError(f"{path}: cannot be read: {error}") from error
