"""Files to feedbacks: everything is opened and mapped first, then streamed, so that a bad file stops a run
before it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.config import Config, Input
from pipeline.errors import InputError
from pipeline.ingest.cells import clean
from pipeline.ingest.discover import InputFile, discover, distinct_labels
from pipeline.ingest.identity import Identifier
from pipeline.ingest.names import distinct
from pipeline.ingest.plan import FilePlan, plan_file
from pipeline.ingest.rows import RowReader
from pipeline.ingest.scores import RefusedScores
from pipeline.ingest.table import RawRow
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import Masker
from pipeline.records import Feedback, Origin, QuarantinedRow

_STEP = 200
_QUOTED = 400


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found before a row is read: a plan per file, found files that cannot be read, files of other
    kinds. `others` are the names of files that were found and not asked for.
    """

    plans: tuple[FilePlan, ...]
    unreadable: tuple[tuple[InputFile, InputError], ...] = ()
    ignored: tuple[Path, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows that will be read, good or bad."""
        return sum(plan.rows for plan in self.plans)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know: columns left out, with the remedy; each starts with the file's name."""
        return tuple(f"{plan.file.label}: {note}" for plan in self.plans for note in plan.notes)


@dataclass(frozen=True, slots=True)
class Reading:
    """Opened and mapped input: `survey` says what it is, `items` reads it.

    `refused` counts, once `items` has ended, the score cells left out of kept rows: (file, column) -> which.
    """

    survey: Survey
    masker: Masker = field(repr=False)
    hasher: KeyedHasher = field(repr=False)
    refused: dict[tuple[str, str], RefusedScores] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """The survey's notes, and those that only reading gives. Each starts with the file's name."""
        return self.survey.notes + tuple(
            f"{file}: {refused_note(column, found)}" for (file, column), found in self.refused.items()
        )

    def items(self, progress: Callable[[int], None] | None = None) -> Iterator[Feedback | QuarantinedRow]:
        """Feedbacks and rows set aside, in file and row order.

        `progress` is called with the number of rows read since its last call. Memory stays bounded: rows are streamed,
        and only the counts of rows without id are kept.
        """
        return _stream(self, progress or _silent)


def read_feedback(
    sources: Sequence[Input],
    *,
    config: Config,
    masker: Masker,
    hasher: KeyedHasher,
    only: Collection[str] | None = None,
) -> Reading:
    """Open and map the files of all sources; rows are read by `Reading.items`.

    A file named explicitly that cannot be read as a whole raises InputError here, before any row; one found
    in a directory becomes a row 0 with reason `unreadable_file`, unless no file at all can be read.
    With `only`, files of these names (labels) are read and no others; none of them raises InputError.
    """
    return Reading(survey(sources, config=config, masker=masker, only=only), masker, hasher)


def survey(sources: Sequence[Input], *, config: Config, masker: Masker, only: Collection[str] | None = None) -> Survey:
    """Find, open and map all files, reading each once. Raises InputError as `read_feedback` does."""
    found, ignored = find(sources, masker=masker)
    wanted = [pair for pair in found if only is None or pair[1].label in only]
    others = [file.label for _, file in found if only is not None and file.label not in only]
    return plan_files(wanted, config=config, masker=masker, ignored=ignored, others=others, lenient=only is not None)


def find(sources: Sequence[Input], *, masker: Masker) -> tuple[list[tuple[Input, InputFile]], list[Path]]:
    """The files of all sources in reading order, with labels fit to be stored; and found files of other kinds.

    Raises InputError as `discover` does.
    """
    ignored: list[Path] = []
    found: list[tuple[Input, InputFile]] = []
    for source in sources:
        discovery = discover(source.paths)
        ignored += discovery.ignored
        found += [(source, file) for file in discovery.files]
    labelled = _masked_labels(distinct_labels([file for _, file in found]), masker)
    return [(source, file) for (source, _), file in zip(found, labelled, strict=True)], ignored


def plan_files(
    found: Sequence[tuple[Input, InputFile]],
    *,
    config: Config,
    masker: Masker,
    ignored: Sequence[Path] = (),
    others: Sequence[str] = (),
    lenient: bool = False,
    some_known: bool = False,
) -> Survey:
    """Open and map files, reading each once. `ignored` and `others` are the survey's.

    With `some_known`, there is more input that need not be read, so none of these may be readable; with `lenient`, a
    file named explicitly may not be either.

    Raises InputError as `read_feedback` does.
    """
    plans: list[FilePlan] = []
    unreadable: list[tuple[InputFile, InputError]] = []
    for source, file in found:
        try:
            plans.append(plan_file(file, source, config=config, show=lambda text: _shown(text[:_QUOTED], masker)))
        except InputError as error:
            if file.named and not lenient:
                raise
            unreadable.append((file, error))
    if not plans and not (lenient or some_known):
        first = unreadable[0][1] if unreadable else InputError("no input given", remedy="name files or directories")
        if len(unreadable) > 1:
            raise InputError(
                f"none of {len(unreadable)} files can be read; the first: {first.message}",
                where=first.where,
                remedy=first.remedy,
            )
        raise first
    return Survey(tuple(plans), tuple(unreadable), tuple(ignored), tuple(others))


def _masked_labels(files: Sequence[InputFile], masker: Masker) -> list[InputFile]:
    """Files with names fit to be stored; a number tells apart those that are equal once masked."""
    labels = distinct(_shown(file.label, masker) for file in files)
    return [replace(file, label=label) for file, label in zip(files, labels, strict=True)]


def _shown(text: str, masker: Masker) -> str:
    return masker.mask(clean(text)).text


def read_file(
    plan: FilePlan,
    *,
    masker: Masker,
    identifier: Identifier,
    refused: dict[str, RefusedScores],
    progress: Callable[[int], None] | None = None,
) -> Iterator[Feedback | QuarantinedRow]:
    """Feedbacks and rows set aside of one file, in row order; `progress` as in `Reading.items`.

    `refused` gets, at the end, the score cells left out of kept rows: column -> which.
    """
    report = progress or _silent
    reader = RowReader(plan, masker=masker, identifier=identifier)
    pending = 0
    for row in plan.table.rows():
        if isinstance(row, RawRow):
            yield from reader.read(row)
        else:
            yield row
        pending += 1
        if pending == _STEP:
            report(pending)
            pending = 0
    report(pending)
    refused.update(reader.refused)


def unreadable_rows(found: Survey, masker: Masker) -> Iterator[QuarantinedRow]:
    """A row 0 for each found file that cannot be read."""
    for file, error in found.unreadable:
        yield QuarantinedRow(Origin(file.label, 0), "unreadable_file", _shown(error.message, masker))


def refused_note(column: str, found: RefusedScores) -> str:
    """What a user should know of the score cells left out: how many, where the first is, and what became of them."""
    values = f"{found.cells:,} value{'' if found.cells == 1 else 's'}"
    return (
        f"{values} of “{column}” {'is' if found.cells == 1 else 'are'} no score of its scale (first in row {found.row}:"
        f" {found.why}): left empty, the feedback is kept"
    )


def _stream(reading: Reading, progress: Callable[[int], None]) -> Iterator[Feedback | QuarantinedRow]:
    yield from unreadable_rows(reading.survey, reading.masker)
    identifier = Identifier(reading.hasher)
    for plan in reading.survey.plans:
        refused: dict[str, RefusedScores] = {}
        yield from read_file(plan, masker=reading.masker, identifier=identifier, refused=refused, progress=progress)
        for column, found in refused.items():
            reading.refused[plan.file.label, column] = found


def _silent(_: int) -> None:
    return None
