"""Historic files, partition by partition: which files belong to which month, week or day, and what has been done.

A partition is the files whose name or folder carries its date. Rows are never picked out of a file by their own dates:
every file is read once and whole, so that the row balance, the rows set aside and the identity of rows without id are
those of a nightly run over the same files.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pipeline.config import Config, Input
from pipeline.errors import CxiError, InputError, StoreError, exit_code
from pipeline.ingest.discover import discover
from pipeline.ingest.places import LocalFile
from pipeline.store.store import DATABASE, Store

By = Literal["month", "week", "day"]

PARTIAL = 9
"""Exit code where some partitions failed and the others are done."""

_WEEK = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?W(\d\d)(?!\d)", re.IGNORECASE)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[-_./]|年)?(\d\d?)(?:[-_./]|月)?(\d\d)日?(?!\d)")
_MONTH = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[-_./]|年)?(\d\d?)月?(?!\d)")


@dataclass(frozen=True, slots=True)
class Partition:
    """The files of one month ("2026-09"), week ("2026-W36") or day ("2026-09-01"), oldest first.

    `digest` stands for what the files hold and how they are read: a file that has changed makes another partition.
    """

    name: str
    paths: tuple[Path, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All partitions, oldest first, the files that carry no date and belong to none, and the names of sources that are
    left out, for they name no paths: what an inbox, a database or object storage holds is read as a whole.
    """

    partitions: tuple[Partition, ...]
    undated: tuple[Path, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a partition; `error` says why it failed: class and exit code, or the state of its flow run."""

    name: str
    files: int
    state: Literal["done", "skipped", "failed"]
    error: str = ""


def plan(sources: Sequence[Input], first: date, last: date, by: By, *, config: Config) -> Plan:
    """Sort the files of `sources` that are dated from `first` to `last` (inclusive) into partitions.

    Raises InputError where no file is dated so, or a path cannot be read.
    """
    left_out = tuple(source.name for source in sources if not source.paths)
    paths = [path for source in sources if source.paths for path in _files(source.paths)]
    dated = sorted((day, path) for path in dict.fromkeys(paths) if (day := date_of(path)) is not None)
    chosen: dict[str, list[Path]] = {}
    for day, path in dated:
        if first <= day <= last:
            chosen.setdefault(name_of(day, by), []).append(path)
    undated = tuple(path for path in dict.fromkeys(paths) if date_of(path) is None)
    if not chosen:
        raise InputError(
            "no file carries a date of these days in its name or folder",
            where=f"{first} to {last}",
            value=f"{len(dated)} files with another date, {len(undated)} without one"
            + (f"; without paths, and so left out: {', '.join(left_out)}" if left_out else ""),
            remedy="name files or folders like 2026-09, 2026-W36 or 2026-09-01",
        )
    reading = config.digest("input", "sources", "timezone")
    made = (Partition(name, tuple(files), _digest(name, files, reading)) for name, files in chosen.items())
    return Plan(tuple(made), undated, left_out)


def _files(paths: Sequence[Path]) -> list[Path]:
    places = (file.place for file in discover(paths).files)
    return [place.path for place in places if isinstance(place, LocalFile)]


def date_of(path: Path) -> date | None:
    """The date in the file's name, or else in the folders above it ("2026/09/01" is one date): its day, the Monday of
    its week, the first of its month.
    """
    parts = path.absolute().parts
    for first in range(len(parts) - 1, 0, -1):
        # Three parts together, for a date may be spread over folders: 2026/09/01.
        found = _read(parts[first]) or _read("/".join(parts[max(1, first - 2) : first + 1]))
        if found is not None:
            return found
    return None


def _read(text: str) -> date | None:
    for pattern in (_WEEK, _DAY, _MONTH):
        for match in reversed(list(pattern.finditer(text))):
            try:
                if pattern is _WEEK:
                    return date.fromisocalendar(int(match[1]), int(match[2]), 1)
                return date(int(match[1]), int(match[2]), int(match[3]) if pattern is _DAY else 1)
            except ValueError:
                continue
    return None


def name_of(day: date, by: By) -> str:
    """The partition a day lies in."""
    return day.isoformat() if by == "day" else f"{day:%G-W%V}" if by == "week" else f"{day:%Y-%m}"


def _digest(name: str, files: Sequence[Path], reading: str) -> str:
    found = hashlib.sha256(json.dumps([name, reading]).encode())
    for path in files:
        with path.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()[:32]


Execute = Callable[[Partition, str], str | None]
"""Runs one partition under an idempotency key: None when it is done, else what went wrong."""


def carry_out(partitions: Sequence[Partition], out: Path, execute: Execute) -> list[Outcome]:
    """Run the partitions one after the other, oldest first; those that are done already are skipped, a failed one does
    not stop the rest. What is done is recorded in the store of `out`; where that cannot be used, a partition fails.
    """
    return [_carry_out(partition, out, execute) for partition in partitions]


def _carry_out(partition: Partition, out: Path, execute: Execute) -> Outcome:
    files = len(partition.paths)
    try:
        done, failures = _tried(out).get(partition.digest, (False, 0))
    except CxiError as error:
        return Outcome(partition.name, files, "failed", _named(error))
    if done:
        return Outcome(partition.name, files, "skipped")
    # The number of the try is part of the key: a server answers a key it knows with the run that it had.
    problem = execute(partition, f"backfill-{partition.name}-{partition.digest}-{failures + 1}")
    problem = _record(out, partition, problem)
    return Outcome(partition.name, files, "failed" if problem else "done", problem or "")


def guarded(run: Callable[[Partition], object]) -> Execute:
    """Run a partition in this process; what fails is named by class and exit code, for messages may quote the data."""

    def execute(partition: Partition, _: str) -> str | None:
        try:
            run(partition)
        except Exception as error:
            return _named(error)
        return None

    return execute


def _named(error: Exception) -> str:
    detail = f": {error.message}" if isinstance(error, CxiError) else ""
    return f"{type(error).__name__} (exit code {exit_code(error)}){detail}"


def _tried(out: Path) -> dict[str, tuple[bool, int]]:
    if not (out / "store" / DATABASE).is_file():
        return {}
    with Store.open(out) as store:
        return store.backfills()


def _record(out: Path, partition: Partition, error: str | None) -> str | None:
    """Record the outcome; what went wrong, of the run or of recording it (then the next call does it again)."""
    try:
        with Store.open(out) as store:
            store.record_backfill(partition.name, partition.digest, done=error is None)
    except StoreError as failure:
        return error or f"done, but not recorded: {failure.message}"
    return error
