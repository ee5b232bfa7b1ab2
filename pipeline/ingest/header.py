"""The header row of a grid: the first row whose cells are known or configured column names, under any title
rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config import Columns
from pipeline.ingest import names
from pipeline.ingest.columns import SINGLE, matches

DEPTH = 30
"""Rows searched for the header."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header stands (0-based index among the given rows), its names, and how sure that is.

    `recognised` counts the cells that are known or configured names; `has_text` says that a text column is
    among them.
    """

    index: int
    columns: tuple[str, ...]
    recognised: int
    has_text: bool


def find_header(rows: Sequence[Sequence[str]], chosen: Columns) -> Header | None:
    """The header of a grid, None where it has no cells. Without a recognised row the first of the widest
    rows is taken.

    A lone cell above wider rows is a title, even where its words are a column name ("客户反馈").
    """
    found = [_read(index, row, chosen) for index, row in enumerate(rows[:DEPTH]) if any(cell.strip() for cell in row)]
    if not found:
        return None
    widths = [_width(rows[header.index]) for header in found]
    for place, header in enumerate(found):
        below = max(widths[place + 1 : place + 3], default=0)
        if header.has_text and (widths[place] > 1 or below <= 1):
            return header
    return found[widths.index(max(widths))]


def column_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Header cells as distinct names: blank ones are numbered, repeated ones get ` (2)`, trailing blanks are
    dropped.
    """
    trimmed = [cell.strip().lstrip("\ufeff") for cell in cells]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    return tuple(names.distinct(cell or f"column {position}" for position, cell in enumerate(trimmed, start=1)))


def _read(index: int, row: Sequence[str], chosen: Columns) -> Header:
    columns = column_names(row)
    texts = [chosen.text] if isinstance(chosen.text, str) else chosen.text or []
    own = {names.normalise(name) for name in (*texts, *chosen.attributes, *_chosen_names(chosen))}
    recognised = sum(
        names.normalise(column) in own or any(matches(column, field) for field in ("text", *SINGLE))
        for column in columns
    )
    wanted = {names.normalise(name) for name in texts}
    present = {names.normalise(column) for column in columns}
    has_text = wanted <= present if wanted else any(names.match(column, "text") for column in columns)
    return Header(index, columns, recognised, has_text)


def _chosen_names(chosen: Columns) -> list[str]:
    return [value for field in SINGLE if (value := getattr(chosen, field)) is not None]


def _width(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)
