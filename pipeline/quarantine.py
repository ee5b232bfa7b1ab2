"""`cxi quarantine list` and `export`: the rows set aside, with what is wrong with them and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import ConfigError, InputError, StoreError
from pipeline.history import existing
from pipeline.records import QUARANTINE_REASONS, QUARANTINE_REMEDIES
from pipeline.spreadsheet import harmless, write_sheet
from pipeline.store.store import Store

EXAMPLES = 3
COLUMNS = (
    *("source", "file", "sheet", "row", "column", "reason", "detail", "preview"),
    *("reason_en", "reason_zh", "remedy_en", "remedy_zh"),
)
"""Columns of an export, one row per row set aside. `preview` and `detail` are masked."""

_PLACE = ("file", "sheet", "row", "column", "detail")


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one source (empty where none of the file's rows is stored), file and reason; `examples` are places and
    details of the first of them, masked.
    """

    source: str
    file: str
    reason: str
    count: int
    reason_en: str
    reason_zh: str
    remedy_en: str
    remedy_zh: str
    examples: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def rows_aside(out: Path, *, reason: str | None = None, file: str | None = None) -> pd.DataFrame:
    """All rows set aside, with `COLUMNS`, in order of file, sheet and row.

    Raises StoreError where there is no store or another run holds it, ConfigError for an unknown reason.
    """
    with Store.open(existing(out)) as store:
        frame = choose(store.quarantine_frame(), reason=reason, file=file)
        sources = store.sources_of_files()
    words = {reason: (*QUARANTINE_REASONS[reason], *QUARANTINE_REMEDIES[reason]) for reason in frame["reason"].unique()}
    added = {
        name: [words[reason][place] for reason in frame["reason"]]
        for place, name in enumerate(("reason_en", "reason_zh", "remedy_en", "remedy_zh"))
    }
    named = frame.assign(source=[", ".join(sources.get(file, [])) for file in frame["file"]], **added)
    return named[list(COLUMNS)].reset_index(drop=True)


def choose(frame: pd.DataFrame, *, reason: str | None, file: str | None) -> pd.DataFrame:
    """The rows set aside for a reason, of a file. Raises ConfigError for a reason that there is not."""
    if reason is not None and reason not in QUARANTINE_REASONS:
        raise ConfigError(
            "no such reason", where="--reason", value=reason, remedy=f"use one of {', '.join(QUARANTINE_REASONS)}"
        )
    if reason is not None:
        frame = frame[frame["reason"] == reason]
    return frame if file is None else frame[frame["file"] == file]


def groups(rows: pd.DataFrame) -> list[Group]:
    """The rows of `rows_aside` by source, file and reason, the largest group of a file first."""
    found = []
    for (source, file, reason), part in rows.groupby(["source", "file", "reason"], sort=True):
        first = part.iloc[0]
        words = {name: str(first[name]) for name in ("reason_en", "reason_zh", "remedy_en", "remedy_zh")}
        examples = [
            {name: row[name].item() if name == "row" and hasattr(row[name], "item") else row[name] for name in _PLACE}
            for row in part.head(EXAMPLES).to_dict("records")
        ]
        found.append(Group(str(source), str(file), str(reason), len(part), examples=examples, **words))
    return sorted(found, key=lambda group: (group.source, group.file, -group.count, group.reason))


def export(rows: pd.DataFrame, output: Path) -> None:
    """Write the rows of `rows_aside` to an .xlsx, .csv or .jsonl file, whole or not at all.

    Raises InputError for another format, StoreError for a path that cannot be written.
    """
    writers: dict[str, Callable[[Path, pd.DataFrame], None]] = {
        ".xlsx": lambda path, frame: write_sheet(path, frame, "set_aside"),
        ".csv": _write_csv,
        ".jsonl": lambda path, frame: frame.to_json(path, orient="records", lines=True, force_ascii=False),
    }
    write = writers.get(output.suffix.lower())
    if write is None:
        raise _unknown(output, tuple(writers))
    if output.is_dir() or not output.parent.is_dir():
        raise StoreError(
            "is a directory or lies in none", where=str(output), remedy="name a file in a folder that exists"
        )
    partial = output.with_name(f".{output.name}.part")
    try:
        write(partial, rows)
        partial.replace(output)
    except OSError as error:
        raise StoreError("cannot write the file", where=str(output), value=error.strerror) from error
    finally:
        partial.unlink(missing_ok=True)


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    # With a byte-order mark: without one, Excel reads Chinese CSV files as garbage.
    harmless(frame).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def _unknown(output: Path, known: Sequence[str]) -> InputError:
    return InputError("unknown format", where="FILE", value=output.name, remedy=f"end the name in {', '.join(known)}")
