"""`cxi analyze`: the opinion units of some files as one result file; nothing else is stored."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.analyse import analyse, open_model
from pipeline.certainty import certainty
from pipeline.config import Config, Input
from pipeline.errors import InputError, StoreError
from pipeline.ingest.read import read_feedback
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import load_policy
from pipeline.privacy.views import hide_masks
from pipeline.progress import Progress
from pipeline.records import Feedback, QuarantinedRow
from pipeline.spreadsheet import harmless, write_sheet
from pipeline.taxonomy import load_taxonomy

LABELS = ("sentiment", "stage", "touchpoint", "intent")
COLUMNS = (
    "feedback_id",
    "unit_index",
    "start",
    "end",
    "text",
    "lang",
    *(column for label in LABELS for column in (label, f"{label}_score")),
    "low_confidence",
)
"""Columns of the result, one row a unit. `start` and `end` index the original text as Python does, `text` is masked."""

Write = Callable[[pd.DataFrame], None]
"""Adds rows to a result file."""

_DTYPES = dict.fromkeys(COLUMNS, "str") | {
    **dict.fromkeys(("unit_index", "start", "end"), "int64"),
    **dict.fromkeys((f"{label}_score" for label in LABELS), "float64"),
    "low_confidence": "bool",
}
_SHEET_ROWS = 1_048_576


@dataclass(slots=True)
class Counts:
    """What `analyze_to_file` read and wrote."""

    feedbacks: int = 0
    units: int = 0
    quarantined: int = 0


def analyze_to_file(config: Config, sources: Sequence[Input], output: Path, *, progress: Progress) -> Counts:
    """Read, mask, analyse, write. The file appears whole or not at all.

    Raises InputError for input that cannot be read or an unknown result format, StoreError for an output path that
    cannot be written, ModelError for a model that cannot be loaded.
    """
    opened = _writer(output)
    _check_writable(output)
    model = open_model(config.model, load_taxonomy(config.taxonomy))
    counts = Counts()
    partial = output.with_name(f".{output.name}.part")
    try:
        with opened(partial) as write, progress.step("analyse") as advance:
            for batch in _batches(config, sources, counts):
                analyse(batch, model, progress=advance)
                rows = [row for feedback in batch for row in unit_rows(feedback)]
                if rows:
                    write(_frame(rows, low_confidence=config.model.low_confidence))
                counts.units += len(rows)
        partial.replace(output)
    except OSError as error:
        raise StoreError("cannot write the result", where=str(output), value=error.strerror) from error
    finally:
        partial.unlink(missing_ok=True)
    return counts


def _frame(rows: list[dict[str, Any]], *, low_confidence: float) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.assign(low_confidence=certainty(frame) < low_confidence).astype(_DTYPES)


def unit_rows(feedback: Feedback) -> Iterator[dict[str, Any]]:
    """The result rows of one analysed feedback."""
    for unit in feedback.units:
        start, end = feedback.masked.to_original(unit.start, unit.end)
        row: dict[str, Any] = {
            "feedback_id": feedback_id(feedback),
            "unit_index": unit.index,
            "start": start,
            "end": end,
            "text": feedback.text[unit.start : unit.end],
            "lang": feedback.language,
        }
        for name in LABELS:
            label = getattr(unit, name)
            row[name], row[f"{name}_score"] = label.id, round(label.score, 4)
        yield row


def feedback_id(feedback: Feedback) -> str:
    """The id at the source; file and row where there is none, or where it was masked (an id of eleven digits can look
    like a phone number), for masked ids are alike. With the question where a row has several answers.
    """
    origin, own = feedback.origin, feedback.external_id
    if own is None or hide_masks(own) != own:
        own = f"{origin.file}:{origin.row}"
    return f"{own}#{feedback.question}" if feedback.question else own


def _batches(config: Config, sources: Sequence[Input], counts: Counts) -> Iterator[list[Feedback]]:
    # The key is random: nothing keyed leaves this function's caller, so nothing has to be found again.
    reading = read_feedback(
        sources, config=config, masker=Masker(load_policy(config.privacy)), hasher=KeyedHasher(os.urandom(32))
    )
    batch: list[Feedback] = []
    for item in reading.items():
        if isinstance(item, QuarantinedRow):
            counts.quarantined += 1
            continue
        counts.feedbacks += 1
        batch.append(item)
        if len(batch) == config.partition_rows:
            yield batch
            batch = []
    if batch:
        yield batch


def _writer(output: Path) -> Callable[[Path], AbstractContextManager[Write]]:
    writers = {".jsonl": _write_jsonl, ".parquet": _write_parquet, ".csv": _write_csv, ".xlsx": _write_xlsx}
    if output.suffix.lower() not in writers:
        raise InputError(
            "unknown result format", where="--output", value=output.name, remedy=f"end the name in {', '.join(writers)}"
        )
    return writers[output.suffix.lower()]


@contextmanager
def _write_jsonl(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:
        yield lambda frame: frame.to_json(file, orient="records", lines=True, force_ascii=False)


@contextmanager
def _write_csv(path: Path) -> Iterator[Write]:
    # With a byte-order mark: without one, Excel reads Chinese CSV files as garbage.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        yield lambda frame: harmless(frame).to_csv(file, index=False, header=False, lineterminator="\n")


@contextmanager
def _write_parquet(path: Path) -> Iterator[Write]:
    schema = pa.Schema.from_pandas(pd.DataFrame(columns=list(COLUMNS)).astype(_DTYPES), preserve_index=False)
    with pq.ParquetWriter(path, schema) as file:
        yield lambda frame: file.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))


@contextmanager
def _write_xlsx(path: Path) -> Iterator[Write]:
    """A workbook is written as a whole; its rows are few enough to hold, for a sheet ends at 1,048,576."""
    frames = [pd.DataFrame(columns=list(COLUMNS)).astype(_DTYPES)]
    yield frames.append
    table = pd.concat(frames)
    if len(table) >= _SHEET_ROWS:
        raise StoreError(
            "too many units for one sheet", where="--output", value=len(table), remedy="write .csv or .parquet"
        )
    write_sheet(path, table, "opinion_units")


def _check_writable(output: Path) -> None:
    """Fail before the work, not after it."""
    if output.is_dir():
        raise StoreError("is a directory", where=str(output), remedy="name a file")
    if not output.parent.is_dir():
        raise StoreError("its folder does not exist", where=str(output), remedy=f"make {output.parent} first")
    if not os.access(output.parent, os.W_OK):
        raise StoreError("its folder cannot be written", where=str(output), remedy="choose another folder")
