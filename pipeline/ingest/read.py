"""Files to feedbacks: everything is opened and mapped first, then streamed, so that a bad file stops a run
before it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from pipeline.ingest.table import RawRow
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import Masker
from pipeline.records import Feedback, Origin, QuarantinedRow
from pipeline.watermarks import Watermark

_STEP = 200
_QUOTED = 400


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found before a row is read: a plan per file, found files that cannot be read, files of other
    kinds, and (masked) notes on what was left out.
    """

    plans: tuple[FilePlan, ...]
    unreadable: tuple[tuple[InputFile, InputError], ...] = ()
    ignored: tuple[PurePath, ...] = ()
    left: tuple[str, ...] = ()

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
    """Opened and mapped input: `survey` says what it is, `items` reads it."""

    survey: Survey
    masker: Masker = field(repr=False)
    hasher: KeyedHasher = field(repr=False)

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """Files of inboxes: those that are read, and with the reason those that cannot be."""
        read = ((plan.file, None) for plan in self.survey.plans)
        failed = ((file, _shown(_reason(error), self.masker)) for file, error in self.survey.unreadable)
        return tuple(
            Arrival(file.place, file.label, reason)
            for file, reason in (*read, *failed)
            if isinstance(file.place, InboxFile)
        )

    def items(self, progress: Callable[[int], None] | None = None) -> Iterator[Feedback | QuarantinedRow]:
        """Feedbacks and rows set aside, in file and row order.

        `progress` is called with the number of rows read since its last call. Memory stays bounded: rows are streamed,
        and only the counts of rows without id are kept.
        """
        return _stream(self.survey, masker=self.masker, hasher=self.hasher, progress=progress or _silent)


def read_feedback(
    sources: Sequence[Input],
    *,
    config: Config,
    masker: Masker,
    hasher: KeyedHasher,
    known: Mapping[str, Watermark] | None = None,
) -> Reading:
    """Open and map the rows of all sources; they are read by `Reading.items`. `known` says how far the databases of
    sources have been read before; without, all of their rows are.

    A file named explicitly that cannot be read as a whole raises InputError here, before any row; one found
    in a directory becomes a row 0 with reason `unreadable_file`, unless no file at all can be read.
    """
    return Reading(survey(sources, config=config, masker=masker, known=known or {}), masker, hasher)


def survey(
    sources: Sequence[Input], *, config: Config, masker: Masker, known: Mapping[str, Watermark] | None = None
) -> Survey:
    """Find, open and map all files, reading each once. Raises InputError as `read_feedback` does."""
    plans: list[FilePlan] = []
    unreadable: list[tuple[InputFile, InputError]] = []
    ignored: list[PurePath] = []
    left: list[str] = []
    found: list[tuple[Input, InputFile]] = []
    for source in sources:
        discovery = _discover(source)
        ignored += discovery.ignored
        left += (f"{source.name}: {_shown(note, masker)}" for note in discovery.notes)
        found += [(source, file) for file in discovery.files]
    labelled = _masked_labels(distinct_labels([file for _, file in found]), masker)
    for (source, _), file in zip(found, labelled, strict=True):
        before = (known or {}).get(source.name)
        try:
            plan = plan_file(
                file, source, config=config, show=lambda text: _shown(text[:_QUOTED], masker), known=before
            )
            plans.append(plan)
        except InputError as error:
            if file.named or isinstance(error, UnavailableError):  # what another try may mend is nothing to set aside
                raise
            unreadable.append((file, error))
    if not plans:
        _require_readable(sources, unreadable)
    return Survey(tuple(plans), tuple(unreadable), tuple(ignored), tuple(left))


def _discover(source: Input) -> Discovery:
    if source.inbox is not None:
        return discover_inbox(source.inbox, settle_seconds=source.settle_seconds)
    if source.sql is not None:
        return Discovery((InputFile(Database(source.name), "sql", source.name, named=True),))
    if source.urls:
        from pipeline.ingest.remote import discover_urls

        return discover_urls(source.urls, options_env=source.storage_options_env, where=f"source {source.name}")
    return discover(source.paths)


def _require_readable(sources: Sequence[Input], unreadable: Sequence[tuple[InputFile, InputError]]) -> None:
    """Raise InputError where nothing at all can be read, unless that is normal: an inbox may be empty, and files of it
    that cannot be read are set aside one by one.
    """
    errors = [error for file, error in unreadable if not isinstance(file.place, InboxFile)]
    if not errors and any(source.may_be_empty for source in sources):
        return
    first = errors[0] if errors else InputError("no input given", remedy="name files or directories")
    if len(errors) > 1:
        raise InputError(
            f"none of {len(errors)} files can be read; the first: {first.message}",
            where=first.where,
            remedy=first.remedy,
        )
    raise first


def _reason(error: InputError) -> str:
    """Why a file cannot be read, without what stands in it."""
    problem = error.problem if isinstance(error, ColumnsError) else error.message
    return f"{problem}\nremedy: {error.remedy}; then put the file back into the inbox" if error.remedy else problem


def _masked_labels(files: Sequence[InputFile], masker: Masker) -> list[InputFile]:
    """Files with names fit to be stored; a number tells apart those that are equal once masked."""
    labels = distinct(_shown(file.label, masker) for file in files)
    return [replace(file, label=label) for file, label in zip(files, labels, strict=True)]


def _shown(text: str, masker: Masker) -> str:
    return masker.mask(clean(text)).text


def _stream(
    found: Survey, *, masker: Masker, hasher: KeyedHasher, progress: Callable[[int], None]
) -> Iterator[Feedback | QuarantinedRow]:
    for file, error in found.unreadable:
        yield QuarantinedRow(Origin(file.label, 0), "unreadable_file", _shown(error.message, masker))
    identifier = Identifier(hasher)
    for plan in found.plans:
        reader = RowReader(plan, masker=masker, identifier=identifier)
        pending = 0
        for row in plan.table.rows():
            if isinstance(row, RawRow):
                yield from reader.read(row)
            else:
                yield row
            pending += 1
            if pending == _STEP:
                progress(pending)
                pending = 0
        progress(pending)


def _silent(_: int) -> None:
    return None
