"""Inputs that still hold what was forgotten. They are the user's own and are only read, but for what runs have put away
in an inbox, which can be rewritten on demand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.config import Config, Input, override
from pipeline.errors import CxiError
from pipeline.ingest.discover import STDIN, classify, walk
from pipeline.ingest.inbox import ARCHIVE, FAILED, kept_files
from pipeline.ingest.plan import FilePlan
from pipeline.ingest.read import read_feedback
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import load_policy
from pipeline.progress import Progress
from pipeline.purge import purge
from pipeline.store.tombstones import Tombstones


@dataclass(frozen=True, slots=True)
class Remains:
    """An input that holds `rows` of what was forgotten; `problem` where it could not be searched, or not be rewritten.

    `kept` says that a run has put the file away in its inbox, and `purged` that the rows were removed from it now.
    """

    place: str
    rows: int
    problem: str | None = None
    kept: bool = False
    purged: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """One file, directory, URL or database of a source, so that one that cannot be read does not hide the others;
    `problem` where that is known beforehand.
    """

    source: Input
    place: str
    kept: bool = False
    problem: str | None = None


def search(
    config: Config,
    sources: Sequence[Input],
    forgotten: Tombstones,
    hasher: KeyedHasher,
    *,
    purge_inbox: bool = False,
    progress: Progress,
) -> Iterator[Remains]:
    """The inputs of `sources` that hold rows that `forgotten` covers, and those that cannot be read.

    With `purge_inbox`, files that runs have put away in inboxes are rewritten without these rows.
    """
    masker = Masker(load_policy(config.privacy), hasher=hasher)
    for source in sources:
        for part in _parts(source):
            for found, plan, rows in _search(config, part, forgotten, hasher, masker, progress):
                if purge_inbox and part.kept and plan is not None:
                    yield _purge(found, plan, rows)
                else:
                    yield found


def _parts(source: Input) -> Iterator[_Part]:
    for path in source.paths:
        if path != STDIN:
            yield _Part(override(source, paths=[path]), str(path))
    for url in source.urls:
        yield _Part(override(source, urls=[url]), url)
    if source.sql is not None:
        yield _Part(source, f"database of {source.name}")
    if source.inbox is not None:
        yield from _parts_of_inbox(source, source.inbox)


def _parts_of_inbox(source: Input, inbox: Path) -> Iterator[_Part]:
    try:
        if not inbox.is_dir():
            return
        waiting = walk(inbox, leave_out=(inbox / ARCHIVE, inbox / FAILED))
        kept_before = kept_files(inbox)
    except OSError as error:
        yield _Part(source, str(inbox), problem=_not_there(error))
        return
    for files, kept in ((waiting, False), (kept_before, True)):
        for path in files:
            if classify(path.name) is None:
                continue
            part = _Part(override(source, inbox=None, paths=[path]), str(path), kept)
            try:
                if path.stat().st_size:
                    yield part
            except OSError as error:
                yield replace(part, problem=_not_there(error))


def _not_there(error: OSError) -> str:
    """A run may move files of an inbox at any time, and what has moved was not searched in its new place."""
    return f"{error.strerror or type(error).__name__}; once it can be read, the same command again searches it"


def _search(
    config: Config, part: _Part, forgotten: Tombstones, hasher: KeyedHasher, masker: Masker, progress: Progress
) -> Iterator[tuple[Remains, FilePlan | None, frozenset[int]]]:
    """What one part holds: for each of its files the plan by which it was read, and the numbers of the rows."""
    if part.problem is not None:
        yield Remains(part.place, 0, part.problem, kept=part.kept), None, frozenset()
        return
    try:
        reading = read_feedback([part.source], config=config, masker=masker, hasher=hasher)
        found: dict[str, set[int]] = {}
        with progress.step("search input", reading.survey.rows) as advance:
            for item in reading.items(advance):
                if forgotten.cover(item):
                    found.setdefault(item.origin.file, set()).add(item.origin.row)
    except (CxiError, OSError) as error:
        problem = _not_there(error) if isinstance(error, OSError) else error.message
        yield Remains(part.place, 0, problem, kept=part.kept), None, frozenset()
        return
    for plan in reading.survey.plans:
        rows = frozenset(found.get(plan.file.label, ()))
        if rows:
            yield Remains(str(plan.file.place), len(rows), kept=part.kept), plan, rows
    for file, unreadable in reading.survey.unreadable:
        yield Remains(str(file.place), 0, unreadable.message), None, frozenset()


def _purge(found: Remains, plan: FilePlan, rows: frozenset[int]) -> Remains:
    try:
        purge(plan.table, rows)
    except CxiError as error:
        return replace(found, problem=error.message)
    return replace(found, purged=True)
