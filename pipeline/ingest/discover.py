"""From paths to input files: directories are searched, formats told by name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pipeline.errors import InputError

Format = Literal["csv", "jsonl", "json", "parquet", "xlsx"]
STDIN = Path("-")
FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
"""Suffix -> format. The text formats (csv, jsonl, json) may be gzip-compressed (`.csv.gz`)."""

_ADVICE = {
    ".xls": "save it as .xlsx or .csv",
    ".xlsb": "save it as .xlsx or .csv",
    ".ods": "save it as .xlsx or .csv",
    ".zip": "unpack it first",
    ".7z": "unpack it first",
    ".rar": "unpack it first",
}


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to read. `label` is its name in messages and tables, without directories unless names repeat; the
    survey masks it.

    `named` says that it was given explicitly rather than found in a directory: an explicit file that cannot
    be read stops the run, a found one is set aside.
    """

    path: Path
    format: Format
    label: str
    named: bool
    compressed: bool = False

    @property
    def is_stdin(self) -> bool:
        """Whether this is standard input."""
        return self.path == STDIN


@dataclass(frozen=True, slots=True)
class Discovery:
    """What `discover` found: the files to read, and those of other kinds that lay in the directories."""

    files: tuple[InputFile, ...]
    ignored: tuple[Path, ...]


def discover(paths: Sequence[Path]) -> Discovery:
    """Files named in `paths` and found in its directories (recursively, in name order, hidden ones left
    out), each once.

    `-` is JSON Lines on standard input. Raises InputError for a path that does not exist or cannot be
    opened, a format that is not read, and a directory that holds no readable file.
    """
    if not paths:
        raise InputError("no input given", remedy="name files or directories, or - for JSON Lines on standard input")
    files: dict[Path, InputFile] = {}
    ignored: list[Path] = []
    for path in paths:
        if path == STDIN:
            files.setdefault(STDIN, InputFile(STDIN, "jsonl", "stdin", named=True))
        elif path.is_dir():
            found, others = _search(path)
            ignored += others
            for item in found:
                files.setdefault(item.path.resolve(), item)
        else:
            item = _named(path)
            files[path.resolve()] = item
    return Discovery(tuple(files.values()), tuple(ignored))


def distinct_labels(files: Sequence[InputFile]) -> list[InputFile]:
    """Files of the same name get as much of their path as tells them apart."""
    repeated = {name for name, count in Counter(item.label for item in files).items() if count > 1}
    return [replace(item, label=_tail(item, files)) if item.label in repeated else item for item in files]


@lru_cache(maxsize=1)
def suffixes() -> str:
    """The suffixes that are read, for messages."""
    return ", ".join(sorted(FORMATS)) + " (text formats also as .gz)"


def _named(path: Path) -> InputFile:
    if not path.exists():
        raise InputError("no such file or directory", where=str(path), remedy="check the path")
    item = _classify(path, named=True)
    if item is None:
        suffix = path.suffix.lower()
        raise InputError(
            "a file of this kind is not read",
            where=str(path),
            value=suffix,
            remedy=_ADVICE.get(suffix, f"give one of {suffixes()}"),
        )
    if not os.access(path, os.R_OK):
        raise InputError("no permission to read the file", where=str(path), remedy="check its access rights")
    return item


def _search(folder: Path) -> tuple[list[InputFile], list[Path]]:
    found: list[InputFile] = []
    others: list[Path] = []
    try:
        entries = list(_walk(folder))
    except OSError as error:
        raise InputError("cannot list the directory", where=str(folder), value=error.strerror) from error
    for path in entries:
        item = _classify(path, named=False)
        if item is None:
            others.append(path)
        else:
            found.append(item)
    if not found:
        kinds = Counter(path.suffix.lower() or "(no suffix)" for path in others)
        seen = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
        raise InputError(
            f"the directory holds no file that is read{f', only {seen}' if seen else ''}",
            where=str(folder),
            remedy=f"give one with {suffixes()}",
        )
    return found, others


def _walk(folder: Path) -> list[Path]:
    paths: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths += [Path(root) / name for name in names if not name.startswith((".", "~$"))]
    return sorted(paths)


def _raise(error: OSError) -> None:
    raise error


def _classify(path: Path, *, named: bool) -> InputFile | None:
    suffixes_of = [suffix.lower() for suffix in path.suffixes]
    compressed = suffixes_of[-1:] == [".gz"]
    suffix = (suffixes_of[-2] if len(suffixes_of) > 1 else "") if compressed else (suffixes_of or [""])[-1]
    kind = FORMATS.get(suffix)
    if kind is None or (compressed and kind in ("parquet", "xlsx")):
        return None
    return InputFile(path, kind, path.name, named=named, compressed=compressed)


def _tail(item: InputFile, files: Sequence[InputFile]) -> str:
    parts = item.path.resolve().parts
    rivals = [other.path.resolve().parts for other in files if other is not item and other.label == item.label]
    length = 1
    while length < len(parts) and any(other[-length:] == parts[-length:] for other in rivals):
        length += 1
    return "/".join(parts[-length:])
