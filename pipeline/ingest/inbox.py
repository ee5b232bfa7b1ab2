"""A watched directory: its files are read like any directory's, and moved out of the way once a run has stored them.

`<inbox>/archive/YYYY-MM-DD/` takes what was read, `<inbox>/failed/YYYY-MM-DD/` what cannot be read at all, with the
reason beside it. Nothing is deleted or overwritten. A file that is still there after a kill is read again, which
changes nothing, and moved then.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

from pipeline.errors import InputError
from pipeline.ingest.discover import Discovery, InputFile, classify, walk
from pipeline.ingest.places import LocalFile

ARCHIVE, FAILED = "archive", "failed"
REASON = ".reason.txt"
_UNFINISHED = (".part", ".tmp", ".crdownload")
_SHOWN = 5

Stamp = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds."""


@dataclass(frozen=True)
class InboxFile(LocalFile):
    """A file of an inbox as it was found."""

    inbox: Path
    found: Stamp


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file of an inbox that a run has dealt with. `label` is its masked name; `reason` says why nothing could be read
    from it, without quoting it, and is None for one that was read.
    """

    file: InboxFile
    label: str
    reason: str | None = None


def discover_inbox(folder: Path, *, settle_seconds: float) -> Discovery:
    """The settled files of an inbox; that there are none is normal. Notes say which were left for the next run.

    Raises InputError where there is no such directory.
    """
    if not folder.is_dir():
        problem = "the inbox is not a directory" if folder.exists() else "there is no such inbox"
        raise InputError(problem, where=str(folder), remedy="make the directory, or correct `inbox`")
    files: list[InputFile] = []
    others: list[Path] = []
    waiting: list[str] = []
    now = time.time()
    for path in _delivered(folder):
        stat = _stat(path)
        kind = classify(path.name)
        if stat is None:
            continue
        if path.name.lower().endswith(_UNFINISHED) or now - _changed(stat, now) < settle_seconds:
            waiting.append(path.name)
        elif kind is None:
            others.append(path)
        else:
            place = InboxFile(path, folder, (stat.st_size, stat.st_mtime_ns))
            files.append(InputFile(place, kind.format, path.name, named=False, compressed=kind.compressed))
    notes = (f"{_listed(waiting)} left for the next run: still being written, it seems",) if waiting else ()
    return Discovery(tuple(files), tuple(others), notes)


def kept_files(folder: Path) -> list[Path]:
    """Files that earlier runs have moved to the archive or to the failed ones, in name order."""
    kept = (path for name in (ARCHIVE, FAILED) if (folder / name).is_dir() for path in walk(folder / name))
    return [path for path in kept if not path.name.endswith(REASON)]


def put_away(arrivals: Sequence[Arrival], *, day: date) -> tuple[str, ...]:
    """Move what a run has dealt with, once it is stored. Returns notes on what could not be moved, which is no failure:
    the next run reads it again.
    """
    return tuple(note for arrival in arrivals if (note := _put_away(arrival, day)) is not None)


def _put_away(arrival: Arrival, day: date) -> str | None:
    file = arrival.file
    again = "it stays in the inbox, and the next run reads it again"
    folder = file.inbox / (FAILED if arrival.reason else ARCHIVE) / day.isoformat()
    try:
        stat = _stat(file.path)
        if stat is None:
            return None if arrival.reason else f"{arrival.label}: gone from the inbox while it was read"
        if (stat.st_size, stat.st_mtime_ns) != file.found:
            return f"{arrival.label}: changed while it was read; {again}"
        target = _move(file.path, folder / file.path.relative_to(file.inbox))
        if arrival.reason:
            target.with_name(target.name + REASON).write_text(arrival.reason + "\n", encoding="utf-8")
    except OSError as error:
        return f"{arrival.label}: cannot be moved ({error.strerror}); {again}"
    return None


def _move(source: Path, wanted: Path) -> Path:
    """Move to `wanted`, or to the first numbered name beside it that is free; on return the file is in its new place.

    The name is taken with an empty file first, so that no other file, of another run or program, is ever overwritten.
    """
    wanted.parent.mkdir(parents=True, exist_ok=True)
    for target in _names(wanted):
        if target.with_name(target.name + REASON).exists():
            continue
        try:
            target.touch(exist_ok=False)
        except FileExistsError:
            continue
        try:
            source.replace(target)
        except OSError:
            target.unlink()
            raise
        return target
    raise AssertionError


def _names(wanted: Path) -> Iterator[Path]:
    """`a.csv`, `a (2).csv`, `a (3).csv` ..."""
    yield wanted
    suffix = "".join(wanted.suffixes[-2:]) if wanted.suffix.lower() == ".gz" else wanted.suffix
    stem = wanted.name.removesuffix(suffix)
    yield from (wanted.with_name(f"{stem} ({number}){suffix}") for number in count(2))


def _delivered(folder: Path) -> Iterable[Path]:
    kept = (folder / ARCHIVE, folder / FAILED)
    try:
        return walk(folder, leave_out=kept)
    except OSError as error:
        raise InputError("cannot list the inbox", where=str(folder), value=error.strerror) from error


def _stat(path: Path) -> os.stat_result | None:
    """What is known of a file; None where it has gone."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _changed(stat: os.stat_result, now: float) -> float:
    """When the content last changed; where a clock that runs ahead wrote a time to come, when this machine saw it."""
    return stat.st_mtime if stat.st_mtime <= now else stat.st_ctime


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
