"""Files to feedbacks: everything is opened and mapped first, then streamed, so that a bad file stops a run
before it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from pipeline.config import Config, Input
from pipeline.errors import ColumnsError, InputError, UnavailableError
from pipeline.ingest.cells import clean
from pipeline.ingest.discover import Discovery, InputFile, discover, distinct_labels
from pipeline.ingest.identity import Identifier
from pipeline.ingest.inbox import Arrival, InboxFile, discover_inbox
from pipeline.ingest.names import distinct
from pipeline.ingest.places import Database
from pipeline.ingest.plan import FilePlan, plan_file
from pipeline.ingest.readers.sql import SqlTable
from pipeline.ingest.rows import RowReader
from pipeline.ingest.scores import RefusedScores
from pipeline.ingest.table import RawRow
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import Masker
from pipeline.records import Feedback, Origin, QuarantinedRow
from pipeline.watermarks import Watermark

_STEP = 200
_QUOTED = 400


@dataclass(frozen=True, slots=True)
class Found:
    """The inputs of all sources in reading order, with labels fit to be stored; found files of other kinds; and
    (masked) notes on what was left out. `may_be_empty` says that it is normal to find none.
    """

    files: tuple[tuple[Input, InputFile], ...]
    ignored: tuple[PurePath, ...] = ()
    left: tuple[str, ...] = ()
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found before a row is read: a plan per file, found files that cannot be read, files of other
    kinds, and (masked) notes on what was left out. `others` are the names of files that were found and not asked for.
    """

    plans: tuple[FilePlan, ...]
    unreadable: tuple[tuple[InputFile, InputError], ...] = ()
    ignored: tuple[PurePath, ...] = ()
    left: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows that will be read, good or bad."""
        return sum(plan.rows for plan in self.plans)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know: files and columns left out, with the remedy; each starts with the file's name."""
        return (*self.left, *(f"{plan.file.label}: {note}" for plan in self.plans for note in plan.notes))

    @property
    def partial(self) -> frozenset[str]:
        """Labels of databases of which only what has changed is read."""
        tables = ((plan.file.label, plan.table) for plan in self.plans)
        return frozenset(label for label, table in tables if isinstance(table, SqlTable) and table.since is not None)

    @property
    def watermarks(self) -> dict[str, Watermark]:
        """Name of a source -> how far its database has been read, once all rows have been."""
        tables = ((plan.options.name, plan.table) for plan in self.plans)
        return {name: table.newest for name, table in tables if isinstance(table, SqlTable) and table.newest}


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

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """Files of inboxes: those that are read, and with the reason those that cannot be."""
        return arrivals((plan.file for plan in self.survey.plans), self.survey, self.masker)

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
    known: Mapping[str, Watermark] | None = None,
    only: Collection[str] | None = None,
) -> Reading:
    """Open and map the rows of all sources; they are read by `Reading.items`. `known` says how far the databases of
    sources have been read before; without, all of their rows are.

    A file named explicitly that cannot be read as a whole raises InputError here, before any row; one found
    in a directory becomes a row 0 with reason `unreadable_file`, unless no file at all can be read.
    With `only`, files of these names (labels) are read and no others; none of them raises InputError, unless another
    try may read it.
    """
    return Reading(survey(sources, config=config, masker=masker, known=known, only=only), masker, hasher)


def survey(
    sources: Sequence[Input],
    *,
    config: Config,
    masker: Masker,
    known: Mapping[str, Watermark] | None = None,
    only: Collection[str] | None = None,
) -> Survey:
    """Find, open and map all files, reading each once. Raises InputError as `read_feedback` does."""
    found = find(sources, masker=masker)
    wanted = tuple(pair for pair in found.files if only is None or pair[1].label in only)
    others = [file.label for _, file in found.files if only is not None and file.label not in only]
    asked = replace(found, files=wanted)
    return plan_files(asked, config=config, masker=masker, known=known, others=others, lenient=only is not None)


def find(sources: Sequence[Input], *, masker: Masker) -> Found:
    """The inputs of all sources. Raises what `discover_source` does."""
    ignored: list[PurePath] = []
    left: list[str] = []
    found: list[tuple[Input, InputFile]] = []
    for source in sources:
        discovery = discover_source(source)
        ignored += discovery.ignored
        left += (f"{source.name}: {shown(note, masker)}" for note in discovery.notes)
        found += [(source, file) for file in discovery.files]
    labelled = _masked_labels(distinct_labels([file for _, file in found]), masker)
    pairs = tuple((source, file) for (source, _), file in zip(found, labelled, strict=True))
    return Found(pairs, tuple(ignored), tuple(left), any(source.may_be_empty for source in sources))


def discover_source(source: Input) -> Discovery:
    """What a source holds. Raises InputError for a place that is not there or holds nothing to read (of an inbox, the
    latter is normal), ConfigError for a kind of storage that is not known, UnavailableError for one that is down.
    """
    if source.inbox is not None:
        return discover_inbox(source.inbox, settle_seconds=source.settle_seconds)
    if source.sql is not None:
        return Discovery((InputFile(Database(source.name), "sql", source.name, named=True),))
    if source.urls:
        from pipeline.ingest.remote import discover_urls

        return discover_urls(source.urls, options_env=source.storage_options_env, where=f"source {source.name}")
    return discover(source.paths, roots=source.roots)


def plan_files(
    found: Found,
    *,
    config: Config,
    masker: Masker,
    known: Mapping[str, Watermark] | None = None,
    others: Sequence[str] = (),
    lenient: bool = False,
    some_known: bool = False,
) -> Survey:
    """Open and map inputs, reading each once. `known` is that of `read_feedback`, `others` the survey's.

    With `some_known`, there is more input that need not be read, so none of these may be readable; with `lenient`, a
    file named explicitly may not be either.

    Raises InputError as `read_feedback` does.
    """
    plans: list[FilePlan] = []
    unreadable: list[tuple[InputFile, InputError]] = []
    for source, file in found.files:
        try:
            plans.append(
                plan_file(
                    file,
                    source,
                    config=config,
                    policy=masker.policy,
                    show=lambda text: shown(text[:_QUOTED], masker),
                    known=(known or {}).get(source.name),
                )
            )
        except InputError as error:
            # What another try may mend is nothing to set aside.
            if (file.named and not lenient) or isinstance(error, UnavailableError):
                raise
            unreadable.append((file, error))
    if not plans and not (lenient or some_known):
        _require_readable(found, unreadable)
    return Survey(tuple(plans), tuple(unreadable), found.ignored, found.left, tuple(others))


def _require_readable(found: Found, unreadable: Sequence[tuple[InputFile, InputError]]) -> None:
    """Raise InputError where nothing at all can be read, unless that is normal: an inbox may be empty, and files of it
    that cannot be read are set aside one by one.
    """
    errors = [error for file, error in unreadable if not isinstance(file.place, InboxFile)]
    if not errors and found.may_be_empty:
        return
    first = errors[0] if errors else InputError("no input given", remedy="name files or directories")
    if len(errors) > 1:
        raise InputError(
            f"none of {len(errors)} files can be read; the first: {first.message}",
            where=first.where,
            remedy=first.remedy,
        )
    raise first


def arrivals(read: Iterable[InputFile], survey: Survey, masker: Masker) -> tuple[Arrival, ...]:
    """Those of the files `read` that lie in inboxes, and with the reason those of the survey that cannot be read."""
    failed = ((file, shown(_reason(error), masker)) for file, error in survey.unreadable)
    return tuple(
        Arrival(file.place, file.label, reason)
        for file, reason in (*((file, None) for file in read), *failed)
        if isinstance(file.place, InboxFile)
    )


def _reason(error: InputError) -> str:
    """Why a file cannot be read, without what stands in it."""
    problem = error.problem if isinstance(error, ColumnsError) else error.message
    return f"{problem}\nremedy: {error.remedy}; then put the file back into the inbox" if error.remedy else problem


def _masked_labels(files: Sequence[InputFile], masker: Masker) -> list[InputFile]:
    """Files with names fit to be stored; a number tells apart those that are equal once masked."""
    labels = distinct(shown(file.label, masker) for file in files)
    return [replace(file, label=label) for file, label in zip(files, labels, strict=True)]


def shown(text: str, masker: Masker) -> str:
    """A name that comes from outside, cleaned and masked."""
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
        yield QuarantinedRow(Origin(file.label, 0), "unreadable_file", shown(error.message, masker))


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
