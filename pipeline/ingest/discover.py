"""From paths to input files: directories are searched, formats told by name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Literal, NamedTuple

from pipeline.errors import InputError
from pipeline.ingest.places import LocalFile, Place, StandardInput

Format = Literal["csv", "jsonl", "json", "parquet", "xlsx", "sql"]
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
    """One file to read. `label` is its name in messages and tables: its path below the directory it was found in, so
    that it does not depend on what other files there are; the survey masks it.

    `named` says that it was given explicitly rather than found in a directory: an explicit file that cannot
    be read stops the run, a found one is set aside.
    """

    place: Place
    format: Format
    label: str
    named: bool
    compressed: bool = False


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found: the files to read, those of other kinds beside them, and what a user should know (not masked)."""

    files: tuple[InputFile, ...]
    ignored: tuple[PurePath, ...] = ()
    notes: tuple[str, ...] = ()


class Kind(NamedTuple):
    """What a file's name says of it."""

    format: Format
    compressed: bool


def discover(paths: Sequence[Path], *, roots: Sequence[Path] | None = None) -> Discovery:
    """Files named in `paths` and found in its directories (recursively, in name order, hidden ones left
    out), each once. Their labels are told from `roots` (left out: from the directories in `paths`).

    `-` is JSON Lines on standard input. Raises InputError for a path that does not exist or cannot be
    opened, a format that is not read, and a directory that holds no readable file.
    """
    if not paths:
        raise InputError("no input given", remedy="name files or directories, or - for JSON Lines on standard input")
    files: dict[Path, InputFile] = {}
    ignored: list[Path] = []
    for path in paths:
        if path == STDIN:
            files.setdefault(STDIN, InputFile(StandardInput(), "jsonl", "stdin", named=True))
        elif path.is_dir():
            found, others = _search(path)
            ignored += others
            for inside in found:
                files.setdefault(inside.resolve(), _file(inside, named=False))
        else:
            files[path.resolve()] = _named(path)
    folders = [root.resolve() for root in (paths if roots is None else roots) if root.is_dir()]
    labelled = (replace(item, label=_label(path, folders)) if path != STDIN else item for path, item in files.items())
    return Discovery(tuple(labelled), tuple(ignored))


def distinct_labels(files: Sequence[InputFile]) -> list[InputFile]:
    """Files of the same name, of different sources, get as much of their path as tells them apart."""
    repeated = {name for name, count in Counter(item.label for item in files).items() if count > 1}
    return [replace(item, label=_tail(item, files)) if item.label in repeated else item for item in files]


@lru_cache(maxsize=1)
def suffixes() -> str:
    """The suffixes that are read, for messages."""
    return ", ".join(sorted(FORMATS)) + " (text formats also as .gz)"


def classify(name: str) -> Kind | None:
    """The format of a file with this name; None for one that is not read."""
    suffixes_of = [suffix.lower() for suffix in PurePath(name).suffixes]
    compressed = suffixes_of[-1:] == [".gz"]
    suffix = (suffixes_of[-2] if len(suffixes_of) > 1 else "") if compressed else (suffixes_of or [""])[-1]
    kind = FORMATS.get(suffix)
    if kind is None or (compressed and kind in ("parquet", "xlsx")):
        return None
    return Kind(kind, compressed)


def not_read(where: str, suffix: str) -> InputError:
    """The error for a file of a kind that is not read."""
    return InputError(
        "a file of this kind is not read",
        where=where,
        value=suffix,
        remedy=_ADVICE.get(suffix, f"give one of {suffixes()}"),
    )


def walk(folder: Path, *, leave_out: Sequence[Path] = ()) -> list[Path]:
    """All files below a directory in name order, without hidden ones and directories to `leave_out`. Raises OSError."""
    paths: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=_raise):
        here = Path(root)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and here / name not in leave_out)
        paths += [here / name for name in names if not name.startswith((".", "~$"))]
    return sorted(paths)


def _named(path: Path) -> InputFile:
    if not path.exists():
        remedy = "URLs go into `urls` of a source" if ":/" in str(path) else "check the path"
        raise InputError("no such file or directory", where=str(path), remedy=remedy)
    if classify(path.name) is None:
        raise not_read(str(path), path.suffix.lower())
    if not os.access(path, os.R_OK):
        raise InputError("no permission to read the file", where=str(path), remedy="check its access rights")
    return _file(path, named=True)


def _search(folder: Path) -> tuple[list[Path], list[Path]]:
    try:
        entries = walk(folder)
    except OSError as error:
        raise InputError("cannot list the directory", where=str(folder), value=error.strerror) from error
    found = [path for path in entries if classify(path.name) is not None]
    others = [path for path in entries if classify(path.name) is None]
    if not found:
        kinds = Counter(path.suffix.lower() or "(no suffix)" for path in others)
        seen = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
        raise InputError(
            f"the directory holds no file that is read{f', only {seen}' if seen else ''}",
            where=str(folder),
            remedy=f"give one with {suffixes()}",
        )
    return found, others


def _raise(error: OSError) -> None:
    raise error


def _file(path: Path, *, named: bool) -> InputFile:
    kind = classify(path.name)
    assert kind is not None
    return InputFile(LocalFile(path), kind.format, path.name, named=named, compressed=kind.compressed)


def _label(path: Path, folders: Sequence[Path]) -> str:
    inside = [path.relative_to(folder) for folder in folders if path.is_relative_to(folder)]
    return max(inside, key=lambda part: len(part.parts)).as_posix() if inside else path.name


def _tail(item: InputFile, files: Sequence[InputFile]) -> str:
    parts = item.place.parts
    rivals = [other.place.parts for other in files if other is not item and other.label == item.label]
    length = 1
    while length < len(parts) and any(other[-length:] == parts[-length:] for other in rivals):
        length += 1
    return "/".join(parts[-length:])
