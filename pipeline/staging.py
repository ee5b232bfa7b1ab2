"""Read what is new: a file that has not changed since the last run is not read again, its masked rows are kept.

Every file is read by itself, and rows without id are counted over all files afterwards, so that what is staged is the
same whether a file was read now or before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.config import Config, Input
from pipeline.ingest.discover import InputFile
from pipeline.ingest.identity import Identifier, Renumbering
from pipeline.ingest.plan import FilePlan
from pipeline.ingest.read import find, plan_files, read_file, refused_note, unreadable_rows
from pipeline.ingest.scores import RefusedScores
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import PrivacyPolicy, load_policy
from pipeline.progress import Advance, Progress
from pipeline.records import QuarantinedRow
from pipeline.store import layout, partitions
from pipeline.store.files import size_of
from pipeline.store.partitions import Staged
from pipeline.store.readings import FileReading, Readings
from pipeline.store.store import Store
from pipeline.store.tombstones import Tombstones

_LIBRARIES = ("dateparser", "openpyxl", "pandas", "phonenumbers", "presidio-analyzer", "py3langid", "pyarrow", "spacy")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What was read: staged partitions, digests of the files (name -> SHA-256), notes for the user, and how many score
    cells were left out (file and column -> cells).

    `known` are the files that had not changed and were not read again, `readings` the keys of all that are kept.
    """

    staged: Staged
    digests: dict[str, str]
    notes: tuple[str, ...]
    scores_refused: dict[str, int] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Item:
    """One input file on its way: `key` is None where what is read cannot be kept (standard input)."""

    file: InputFile
    digest: str | None
    key: str | None
    reading: FileReading | None = None
    plan: FilePlan | None = field(default=None, repr=False)


def stage(config: Config, sources: Sequence[Input], store: Store, *, progress: Progress, keep: bool = True) -> Ingested:
    """Stage every row of all files, reading those that are new or changed. The store's tables are not touched.

    With `keep`, what is read now is kept for the next run. Raises InputError as `pipeline.ingest.read.read_feedback`
    does, StoreError if the disk fails or is too full to begin.
    """
    policy = load_policy(config.privacy)
    masker = Masker(policy, hasher=store.hasher)
    found, _ = find(sources, masker=masker)
    forgotten = store.tombstones()
    readings = store.readings
    items = [_item(file, source, config, policy, store, forgotten) for source, file in found]
    for item in items:
        item.reading = readings.find(item.key) if item.key is not None else None
    unread = [pair for pair, item in zip(found, items, strict=True) if item.reading is None]
    store.require_space(sum(size_of(file.path) for _, file in unread if not file.is_stdin))
    survey = plan_files(unread, config=config, masker=masker, some_known=len(unread) < len(items))
    plans = {plan.file.label: plan for plan in survey.plans}
    known = tuple(item.file.label for item in items if item.reading is not None)
    with progress.step("read and mask", survey.rows) as advance:
        for place, item in enumerate(items):
            item.plan = plans.get(item.file.label)
            if item.plan is not None:
                folder = store.work / "read" / f"{place:05d}"
                reading = _read(item.plan, config, store, masker, folder, forgotten, advance)
                item.reading = _kept(readings, item, reading, folder) if keep else reading
    aside = list(unreadable_rows(survey, masker))
    whole = [item for item in items if item.reading is not None]
    return Ingested(
        _joined([item.reading for item in whole if item.reading], aside, store.work / "staged"),
        {item.file.label: item.digest for item in whole if item.digest is not None},
        tuple(f"{item.file.label}: {note}" for item in whole if item.reading for note in item.reading.notes),
        {
            f"{item.file.label}: {column}": cells
            for item in whole
            if item.reading
            for column, cells in item.reading.scores_refused.items()
        },
        known,
        tuple(item.key for item in whole if item.key is not None),
    )


def reading_key(
    digest: str, label: str, source: Input, config: Config, policy: PrivacyPolicy, store: Store, forgotten: Tombstones
) -> str:
    """A hash of all that a file's rows depend on.

    Its bytes and its name, how it is mapped, time zone, what is masked and forgotten, the store's key, this program.
    """
    parts = (
        digest,
        label,
        source.model_dump_json(exclude={"paths"}),
        config.timezone,
        policy.model_dump_json(),
        *sorted(forgotten.identities),
        "customers",
        *sorted(forgotten.customers),
        str(config.partition_rows),
        _program(),
    )
    return store.hasher.hexdigest("reading", *parts)


def _item(
    file: InputFile, source: Input, config: Config, policy: PrivacyPolicy, store: Store, forgotten: Tombstones
) -> _Item:
    if file.is_stdin:
        return _Item(file, None, None)
    try:
        with file.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:  # reading it says what is wrong
        return _Item(file, None, None)
    return _Item(file, digest, reading_key(digest, file.label, source, config, policy, store, forgotten))


def _read(
    plan: FilePlan, config: Config, store: Store, masker: Masker, folder: Path, forgotten: Tombstones, advance: Advance
) -> FileReading:
    refused: dict[str, RefusedScores] = {}
    items = read_file(plan, masker=masker, identifier=Identifier(store.hasher), refused=refused, progress=advance)
    staged = partitions.write_feedback(items, folder, rows=config.partition_rows, forgotten=forgotten)
    notes = (*plan.notes, *(refused_note(column, found) for column, found in refused.items()))
    return FileReading(staged, plan.rows, notes, {column: found.cells for column, found in refused.items()})


def _kept(readings: Readings, item: _Item, reading: FileReading, folder: Path) -> FileReading:
    """Keep what was read, unless the file changed while it was read."""
    if item.key is None:
        return reading
    with item.file.path.open("rb") as stream:
        same = hashlib.file_digest(stream, "sha256").hexdigest() == item.digest
    return readings.keep(item.key, folder, reading) if same else reading


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
    digest = hashlib.sha256()
    root = Path(str(resources.files("pipeline")))
    for path in sorted(path for path in root.rglob("*") if path.suffix in (".py", ".yaml")):
        digest.update(path.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library} {metadata.version(library)}".encode())
    return digest.hexdigest()
