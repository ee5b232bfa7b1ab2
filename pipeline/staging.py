"""Read what is new: a file that has not changed since the last run is not read again, its masked rows are kept. (Rows
of a database are not: which ones come is up to its watermark.)

Every file is read by itself, and rows without id are counted over all files afterwards, so that what is staged is the
same whether a file was read now or before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.config import Config, Input
from pipeline.ingest.discover import InputFile
from pipeline.ingest.identity import Identifier, Renumbering
from pipeline.ingest.inbox import Arrival
from pipeline.ingest.opening import digest
from pipeline.ingest.places import LocalFile
from pipeline.ingest.plan import FilePlan
from pipeline.ingest.read import arrivals, find, plan_files, read_file, refused_note, unreadable_rows
from pipeline.ingest.scores import RefusedScores
from pipeline.ingest.settings import row_settings
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import PrivacyPolicy, load_policy
from pipeline.progress import Advance, Progress
from pipeline.records import QuarantinedRow
from pipeline.store import layout, partitions
from pipeline.store.partitions import Staged
from pipeline.store.readings import FileReading, Readings
from pipeline.store.store import Store
from pipeline.store.tombstones import Tombstones
from pipeline.watermarks import Watermark

_LIBRARIES = ("dateparser", "openpyxl", "pandas", "phonenumbers", "presidio-analyzer", "py3langid", "pyarrow", "spacy")

_NAMED = 16
"""Hexadecimal digits that tell the files of a store apart: a chance hit would cost one more reading."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What was read: staged partitions, digests of the files (name -> SHA-256), notes for the user, and how many score
    cells were left out (file and column -> cells).

    `known` are the files that had not changed and were not read again, `always` the inputs that are read every time
    (databases, standard input, objects without a sure version), `readings` the keys of all that are kept. `arrivals`
    are files of inboxes, to be put away once the run is stored. `watermarks` say how far databases were read (by
    source), and `partial` of which of them only what has changed.
    """

    staged: Staged
    digests: dict[str, str]
    notes: tuple[str, ...]
    scores_refused: dict[str, int] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    watermarks: dict[str, Watermark] = field(default_factory=dict)
    partial: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Item:
    """One input on its way: `key` is None where what is read cannot be kept, for nothing says cheaply and surely that
    it has not changed.
    """

    file: InputFile
    fingerprint: str | None
    key: str | None
    reading: FileReading | None = None
    plan: FilePlan | None = field(default=None, repr=False)


def stage(config: Config, sources: Sequence[Input], store: Store, *, progress: Progress, keep: bool = True) -> Ingested:
    """Stage every row of all inputs, reading the files that are new or changed, and databases from their watermarks on.
    The store's tables are not touched, and nothing is moved.

    With `keep`, what is read now is kept for the next run. Raises InputError and ConfigError as
    `pipeline.ingest.read.read_feedback` does, StoreError if the disk fails or is too full to begin.
    """
    policy = load_policy(config.privacy)
    masker = Masker(policy, hasher=store.hasher)
    found = find(sources, masker=masker)
    forgotten = store.tombstones()
    items = [_item(file, source, config, policy, store, forgotten) for source, file in found.files]
    for item in items:
        item.reading = store.readings.find(item.key) if item.key is not None else None
    known = tuple(item.file.label for item in items if item.reading is not None)
    unread = replace(
        found, files=tuple(pair for pair, item in zip(found.files, items, strict=True) if item.reading is None)
    )
    store.require_space(sum(_size(file) for _, file in unread.files))
    survey = plan_files(unread, config=config, masker=masker, known=store.watermarks(), some_known=bool(known))
    plans = {plan.file.label: plan for plan in survey.plans}
    with progress.step("read and mask", survey.rows) as advance:
        for place, item in enumerate(items):
            item.plan = plans.get(item.file.label)
            if item.plan is not None:
                folder = store.work / "read" / f"{place:05d}"
                reading = _read(item.plan, config, store, masker, folder, forgotten, advance)
                item.reading = _settled(store.readings, item, reading, folder, keep=keep)
    aside = list(unreadable_rows(survey, masker))
    whole = [(item, item.reading) for item in items if item.reading is not None]
    return Ingested(
        _joined([reading for _, reading in whole], aside, store.work / "staged"),
        {item.file.label: reading.digest for item, reading in whole if reading.digest},
        survey.left + tuple(f"{item.file.label}: {note}" for item, reading in whole for note in reading.notes),
        {
            f"{item.file.label}: {column}": cells
            for item, reading in whole
            for column, cells in reading.scores_refused.items()
        },
        known,
        always=tuple(item.file.label for item, _ in whole if item.key is None),
        readings=tuple(item.key for item, _ in whole if item.key is not None),
        arrivals=arrivals((item.file for item, _ in whole), survey, masker),
        watermarks=survey.watermarks,
        partial=survey.partial,
    )


def reading_key(
    fingerprint: str,
    label: str,
    source: Input,
    config: Config,
    policy: PrivacyPolicy,
    store: Store,
    forgotten: Tombstones,
) -> str:
    """A hash of source and name, and one of all that a file's rows depend on, with a dash between them.

    The latter: its bytes and its name, how it is mapped, time zone, what is masked and forgotten, the rows of a
    partition, the store's key, this program.
    """
    parts = (
        fingerprint,
        label,
        *row_settings(source, config, policy),
        *sorted(forgotten.identities),
        "customers",
        *sorted(forgotten.customers),
        str(config.partition_rows),
        _program(),
    )
    file = store.hasher.hexdigest("file read", source.name, label)[:_NAMED]
    return f"{file}-{store.hasher.hexdigest('reading', *parts)}"


def _item(
    file: InputFile, source: Input, config: Config, policy: PrivacyPolicy, store: Store, forgotten: Tombstones
) -> _Item:
    try:
        fingerprint = file.place.fingerprint()
    except OSError:  # reading it says what is wrong
        fingerprint = None
    if fingerprint is None:
        return _Item(file, None, None)
    key = reading_key(fingerprint, file.label, source, config, policy, store, forgotten)
    return _Item(file, fingerprint, key)


def _size(file: InputFile) -> int:
    """Bytes of an input; 0 where nobody knows, or where reading it says what is wrong."""
    try:
        return file.place.size() or 0
    except OSError:
        return 0


def _read(
    plan: FilePlan, config: Config, store: Store, masker: Masker, folder: Path, forgotten: Tombstones, advance: Advance
) -> FileReading:
    refused: dict[str, RefusedScores] = {}
    items = read_file(plan, masker=masker, identifier=Identifier(store.hasher), refused=refused, progress=advance)
    staged = partitions.write_feedback(items, folder, rows=config.partition_rows, forgotten=forgotten)
    notes = (*plan.notes, *(refused_note(column, found) for column, found in refused.items()))
    return FileReading(staged, plan.rows, notes, {column: found.cells for column, found in refused.items()})


def _settled(readings: Readings, item: _Item, reading: FileReading, folder: Path, *, keep: bool) -> FileReading:
    """What was read, with its digest; kept where it can be, unless the file changed while it was read."""
    if isinstance(item.file.place, LocalFile):
        reading = replace(reading, digest=item.fingerprint or "")
    else:
        reading = replace(reading, digest=digest(item.file) or "")  # an error where it is another version by now
    if not keep or item.key is None or not _unchanged(item):
        return reading
    return readings.keep(item.key, folder, reading)


def _unchanged(item: _Item) -> bool:
    try:
        return item.file.place.fingerprint() == item.fingerprint
    except OSError:
        return False


def _joined(readings: Sequence[FileReading], aside: Sequence[QuarantinedRow], folder: Path) -> Staged:
    """All readings as one, in their order, with the keys of rows without id counted over all of them."""
    own = partitions.write_feedback(aside, folder, rows=1)
    numbers = Renumbering()
    parts: list[Path] = []
    for reading in readings:
        numbers.file()
        for path in reading.staged.feedback:
            parts.append(_renumbered(path, numbers, folder / f"feedback-{len(parts):05d}.parquet"))
    tables = [partitions.read_table(path) for path in (own.quarantine, *(each.staged.quarantine for each in readings))]
    partitions.write_table(pa.concat_tables(tables), own.quarantine)
    return Staged(parts, own.quarantine, sum(each.staged.forgotten for each in readings))


def _renumbered(path: Path, numbers: Renumbering, target: Path) -> Path:
    """`path`, or `target` with other keys where equal rows came before in another file."""
    columns = partitions.read_table(path, columns=["key", "respondent"])
    changed: dict[str, list[Any]] = {}
    for name in columns.column_names:
        before = columns[name].to_pylist()
        after = [numbers.key(key) for key in before]
        if after != before:
            changed[name] = after
    if not changed:
        return path
    table = partitions.read_table(path)
    for name, values in changed.items():
        field_ = layout.FEEDBACK.field(name)
        table = table.set_column(table.schema.get_field_index(name), field_, pa.array(values, field_.type))
    partitions.write_table(table, target)
    return target


@lru_cache(maxsize=1)
def _program() -> str:
    """A digest of this program and of the libraries that turn bytes into masked rows."""
    found = hashlib.sha256()
    root = Path(str(resources.files("pipeline")))
    for path in sorted(path for path in root.rglob("*") if path.suffix in (".py", ".yaml")):
        found.update(path.read_bytes())
    for library in _LIBRARIES:
        found.update(f"{library} {metadata.version(library)}".encode())
    return found.hexdigest()
