"""Input files that still hold what was forgotten: they are the user's own and are only read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Config, Input, override
from pipeline.errors import InputError
from pipeline.ingest.discover import STDIN
from pipeline.ingest.read import read_feedback
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import load_policy
from pipeline.progress import Progress
from pipeline.store.tombstones import Tombstones


@dataclass(frozen=True, slots=True)
class Remains:
    """An input file that holds `rows` of what was forgotten; `problem` where it could not be searched."""

    path: Path
    rows: int
    problem: str | None = None


def search(
    config: Config, sources: Sequence[Input], forgotten: Tombstones, hasher: KeyedHasher, *, progress: Progress
) -> Iterator[Remains]:
    """The files of `sources` that hold rows that `forgotten` covers, and those that cannot be read."""
    masker = Masker(load_policy(config.privacy), hasher=hasher)
    for source in sources:
        for path in source.paths:
            if path != STDIN:
                yield from _search(config, override(source, paths=[path]), forgotten, hasher, masker, progress)


def _search(
    config: Config, source: Input, forgotten: Tombstones, hasher: KeyedHasher, masker: Masker, progress: Progress
) -> Iterator[Remains]:
    """`search` in one path, so that one that cannot be read does not hide the others."""
    try:
        reading = read_feedback([source], config=config, masker=masker, hasher=hasher)
        found: dict[str, set[tuple[str | None, int]]] = {}
        with progress.step("search input", reading.survey.rows) as advance:
            for item in reading.items(advance):
                if forgotten.cover(item):
                    found.setdefault(item.origin.file, set()).add((item.origin.sheet, item.origin.row))
    except InputError as error:
        yield Remains(source.paths[0], 0, error.message)
        return
    for plan in reading.survey.plans:
        if plan.file.label in found:
            yield Remains(plan.file.path, len(found[plan.file.label]))
    for file, problem in reading.survey.unreadable:
        yield Remains(file.path, 0, problem.message)
