"""Feedback, units and quarantined rows as Parquet partitions: the unit of work, retry and distribution.

Every file is written under a temporary name and renamed, so that a file that exists is whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from models.units import Label
from pipeline.errors import StoreError
from pipeline.privacy.masker import MaskedText, MaskSpan
from pipeline.records import Feedback, OpinionUnit, Origin, QuarantinedRow, Score
from pipeline.store import layout
from pipeline.store.files import make_empty, replacing, storage_errors
from pipeline.store.tombstones import NONE, Tombstones

_SPANS = TypeAdapter(tuple[MaskSpan, ...])
_ASIDE_ROWS = 2000
"""Rows set aside that are written at a time: each write makes a row group, whose facts stay in memory until the file is
closed.
"""


@dataclass(frozen=True, slots=True)
class Staged:
    """What a run has read: feedback partitions in reading order, the file of rows set aside, and how many more were
    read of what has been forgotten.
    """

    feedback: list[Path]
    quarantine: Path
    forgotten: int = 0


def write_feedback(
    items: Iterable[Feedback | QuarantinedRow], folder: Path, *, rows: int, forgotten: Tombstones = NONE
) -> Staged:
    """Write what the reader yields, `rows` feedbacks a partition, into `folder` (emptied first).

    What `forgotten` covers is counted and never written. Holds one partition, and some rows set aside, in memory.
    Raises StoreError if the disk fails or a value is not valid Unicode.
    """
    with storage_errors(folder):
        make_empty(folder)
        quarantine = folder / "quarantine.parquet"
        parts: list[Path] = []
        waiting: list[dict[str, Any]] = []
        waiting_aside: list[dict[str, Any]] = []
        covered = 0

        def flush() -> None:
            path = folder / f"feedback-{len(parts):05d}.parquet"
            write_table(_table(waiting, layout.FEEDBACK, path), path)
            parts.append(path)
            waiting.clear()

        def flush_aside(writer: pq.ParquetWriter) -> None:
            writer.write_table(_table(waiting_aside, layout.QUARANTINE, quarantine))
            waiting_aside.clear()

        with replacing(quarantine) as temporary, pq.ParquetWriter(temporary, layout.QUARANTINE) as writer:
            for item in items:
                if forgotten.cover(item):
                    covered += 1
                    continue
                if isinstance(item, QuarantinedRow):
                    waiting_aside.append(_quarantine_row(item))
                    if len(waiting_aside) == _ASIDE_ROWS:
                        flush_aside(writer)
                    continue
                waiting.append(_feedback_row(item))
                if len(waiting) == rows:
                    flush()
            if waiting:
                flush()
            if waiting_aside:
                flush_aside(writer)
    return Staged(parts, quarantine, covered)


def read_feedback(path: Path) -> list[Feedback]:
    """The feedbacks of one partition, without units. Raises StoreError for a file that cannot be read."""
    return [_feedback(row) for row in read_table(path).to_pylist()]


def write_units(feedbacks: Sequence[Feedback], path: Path) -> None:
    """Write the units of analysed feedbacks; one without units is recorded as analysed too."""
    rows = [
        {
            "key": item.key,
            "content_hash": item.content_hash,
            "units": [_unit_row(unit) for unit in item.units],
        }
        for item in feedbacks
    ]
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(_table(rows, layout.ANALYSED, path), path)


def read_units(path: Path) -> dict[str, list[OpinionUnit]]:
    """Feedback key -> units, of one file of units. Raises StoreError for a file that cannot be read."""
    return {row["key"]: [_unit(unit) for unit in row["units"]] for row in read_table(path).to_pylist()}


def read_table(path: Path, *, columns: Sequence[str] | None = None) -> pa.Table:
    """One partition as Arrow, or some columns of it."""
    try:
        return pq.read_table(path, columns=None if columns is None else [*columns])
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            "cannot read a work file",
            where=str(path),
            value=str(error),
            remedy="run again; work files are made anew",
        ) from error


def write_table(table: pa.Table, path: Path) -> None:
    """Write one partition, whole or not at all. Raises StoreError if the disk fails."""
    with storage_errors(path), replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def rebatch(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in the same order, `rows` to a table (the last may have fewer)."""
    waiting: list[pa.Table] = []
    held = 0
    for table in tables:
        waiting.append(table)
        held += table.num_rows
        while held >= rows:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, rows)
            waiting, held = [joined.slice(rows)], held - rows
    if held:
        yield pa.concat_tables(waiting)


def _table(rows: list[dict[str, Any]], schema: pa.Schema, path: Path) -> pa.Table:
    try:
        return pa.Table.from_pylist(rows, schema=schema)
    except UnicodeEncodeError as error:
        raise StoreError(
            "a value holds half a surrogate pair and cannot be stored",
            where=str(path),
            remedy="this is a defect of the reader: it should have replaced it; please report it",
        ) from error


def _feedback_row(item: Feedback) -> dict[str, Any]:
    kinds = item.masked.counts
    row: dict[str, Any] = {
        "key": item.key,
        "content_hash": item.content_hash,
        "respondent": item.respondent,
        "source": item.source,
        "file": item.origin.file,
        "row": item.origin.row,
        "sheet": item.origin.sheet,
        "text": item.text,
        "language": item.language,
        "masks": _SPANS.dump_json(item.masked.spans).decode(),
        "masked_kinds": _json(kinds) if kinds else None,
        "masked_count": sum(kinds.values()),
        "identity": item.identity,
        "external_id": item.external_id,
        "customer": item.customer,
        "question": item.question,
        "occurred_at": _utc(item.occurred_at),
        "updated_at": _utc(item.updated_at),
        "channel": item.channel,
        "product": item.product,
        "region": item.region,
        "attributes": _json(item.attributes) if item.attributes else None,
    }
    for name in layout.SCORES:
        score: Score | None = getattr(item, name)
        if score is not None:
            row |= {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}
            row[f"{name}_higher_is_better"] = score.higher_is_better
    return row


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _feedback(row: dict[str, Any]) -> Feedback:
    return Feedback(
        key=row["key"],
        content_hash=row["content_hash"],
        respondent=row["respondent"],
        source=row["source"],
        origin=Origin(row["file"], row["row"], row["sheet"]),
        text=row["text"],
        language=row["language"],
        masked=MaskedText(row["text"], _SPANS.validate_json(row["masks"])),
        identity=row["identity"],
        external_id=row["external_id"],
        customer=row["customer"],
        question=row["question"],
        occurred_at=row["occurred_at"],
        updated_at=row["updated_at"],
        channel=row["channel"],
        product=row["product"],
        region=row["region"],
        attributes=json.loads(row["attributes"]) if row["attributes"] else {},
        rating=_score(row, "rating"),
        nps=_score(row, "nps"),
        csat=_score(row, "csat"),
        ces=_score(row, "ces"),
    )


def _score(row: dict[str, Any], name: str) -> Score | None:
    if row[name] is None:
        return None
    return Score(row[name], row[f"{name}_low"], row[f"{name}_high"], row[f"{name}_higher_is_better"])


def _unit_row(unit: OpinionUnit) -> dict[str, Any]:
    row: dict[str, Any] = {"index": unit.index, "start": unit.start, "end": unit.end}
    for name in layout.LABELS:
        label: Label = getattr(unit, name)
        row |= {name: label.id, f"{name}_score": label.score}
    if unit.p_sentiment is not None:
        row |= {f"p_{name}": unit.p_sentiment.get(name) for name in layout.SENTIMENTS}
    return row


def _unit(row: dict[str, Any]) -> OpinionUnit:
    probabilities = {name: row[f"p_{name}"] for name in layout.SENTIMENTS if row[f"p_{name}"] is not None}
    labels = {name: Label(row[name], row[f"{name}_score"]) for name in layout.LABELS}
    return OpinionUnit(row["index"], row["start"], row["end"], **labels, p_sentiment=probabilities or None)


def _quarantine_row(item: QuarantinedRow) -> dict[str, Any]:
    return {
        "file": item.origin.file,
        "sheet": item.origin.sheet or "",
        "row": item.origin.row,
        "column": item.column or "",
        "reason": item.reason,
        "detail": item.detail,
        "preview": item.preview,
        "identity": item.identity,
        "customer": item.customer,
    }


def _json(value: Mapping[str, str | int]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
