"""What every reader gives: a described table whose rows can be streamed, more than once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pipeline.ingest.discover import InputFile
from pipeline.records import Origin, QuarantinedRow


class RawRow(NamedTuple):
    """One row as read: 1-based row number as a spreadsheet would count, and column -> value (text or a
    native type).
    """

    row: int
    values: dict[str, object]


@dataclass(frozen=True, slots=True)
class TableInfo:
    """How a file is read. `header_row` is 1-based; fields that a format does not have are None."""

    columns: tuple[str, ...]
    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    encoding_found_by: str | None = None
    sep: str | None = None


class RawTable(Protocol):
    """A table in a file. `rows` starts afresh each time and holds a bounded part of the file in memory."""

    @property
    def file(self) -> InputFile:
        """The file it was opened from."""
        ...

    @property
    def info(self) -> TableInfo:
        """How it is read."""
        ...

    def rows(self) -> Iterator[RawRow | QuarantinedRow]:
        """Its rows from the first; one that cannot be read comes set aside."""
        ...


def set_aside(table: RawTable, row: int, reason: str, detail: str) -> QuarantinedRow:
    """A row of `table` that cannot be read. Only the text formats have such rows, and they have no sheets.

    No preview: outside the text column nothing is known to be masked well.
    """
    return QuarantinedRow(Origin(table.file.label, row), reason, detail)
