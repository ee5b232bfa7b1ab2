"""Scores on their scales: declared in the configuration, in a column beside them, in the column's name, or
in the cells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.config import Scale
from pipeline.ingest.cells import is_missing, to_text
from pipeline.ingest.scale_names import NamedScale, read_name
from pipeline.records import Score

_NUMBER = re.compile(
    r"\s*(-?\d+(?:[.,]\d+)?)\s*(?:分|星|颗星|顆星|points?|pts?|stars?)?\s*(?:[-–—:：(（,，]\s*[^\d\s].*)?",
    re.I | re.S,
)
_OF = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*(?:/|out of)\s*(\d+)\s*(?:分|stars?)?\s*", re.I)
_STARS = re.compile(r"\s*(★*)(☆*)\s*")
_CONVENTION = "nps is 0-10"


class UnscoredError(ValueError):
    """A cell that is no score of its scale. The message says why, without quoting the cell."""


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """How a score column is read. `scale_from` says where the scale is declared; `refused` why there is none
    to go by.

    A stated top without a stated low end (`rating_max`, "out of 5", "4/5") means 1 to top, or 0 to top where
    the column holds a value below 1 under that top (`low_tops`).
    """

    column: str
    scale: Scale | None = None
    top: float | None = None
    max_column: str | None = None
    min_column: str | None = None
    low_tops: frozenset[float] = frozenset()
    scale_from: str = ""
    refused: str | None = None
    higher_is_better: bool = True

    def read(self, row: dict[str, object]) -> Score | None:
        """The score; None where the cell is empty, or where the column or row declares no scale.

        Raises UnscoredError.
        """
        if self.refused is not None:
            return None
        cell = read_cell(row.get(self.column))
        if cell is None:
            return None
        value, cell_top = cell
        if self.scale is not None:
            if cell_top is not None and cell_top != self.scale.high:
                raise UnscoredError(f"out of {cell_top:g} on the scale {self.scale.low:g}-{self.scale.high:g}")
            low, high, better = self.scale.low, self.scale.high, self.scale.higher_is_better
        else:
            top = self.top_of(row, cell_top)
            if top is None:
                return None
            low, high, better = self._low(row, top), top, self.higher_is_better
        if not low <= value <= high:
            raise UnscoredError(f"outside the scale {low:g}-{high:g}")
        return Score(value, low, high, better)

    def top_of(self, row: dict[str, object], cell_top: float | None) -> float | None:
        """The top of the scale as the cell or its row states it, else the column; None where nothing does."""
        if self.max_column is None:
            return self.top if self.top is not None else cell_top
        beside = read_cell(row.get(self.max_column))
        return cell_top if beside is None else beside[0]

    def _low(self, row: dict[str, object], top: float) -> float:
        beside = read_cell(row.get(self.min_column)) if self.min_column is not None else None
        if beside is not None:
            return beside[0]
        return 0.0 if top in self.low_tops or top > 10 else 1.0


@dataclass(slots=True)
class ScoreSurvey:
    """Reads a whole score column and settles its `ScoreRule`."""

    name: str
    column: str
    declared: Scale | None
    max_column: str | None = None
    min_column: str | None = None
    cells: int = 0
    numbers: int = 0
    with_top: int = 0
    low_tops: set[float] = field(default_factory=set)
    outside: int = 0
    _rule: ScoreRule = field(init=False)

    def __post_init__(self) -> None:
        self._rule = self._declared_rule()

    def add(self, row: dict[str, object]) -> None:
        """Take one row into account."""
        text = to_text(row.get(self.column))
        if is_missing(text):
            return
        self.cells += 1
        try:
            cell = read_cell(text)
        except UnscoredError:
            return
        if cell is None:
            return
        self.numbers += 1
        value, cell_top = cell
        top = self._rule.top_of(row, cell_top) if self._rule.scale is None else None
        self.with_top += top is not None
        if value < 1 and top is not None:
            self.low_tops.add(top)
        scale = self._rule.scale
        self.outside += scale is not None and not scale.low <= value <= scale.high

    def rule(self) -> ScoreRule:
        """The rule for the column; `refused` says why its scores are left out."""
        rule = self._rule
        if self.cells and self.numbers * 2 < self.cells:
            return ScoreRule(self.column, refused="most of its cells are not numbers")
        if rule.refused is not None:
            return rule
        if rule.scale is not None:
            if self.outside * 2 > self.numbers:
                span = f"{rule.scale.low:g}-{rule.scale.high:g}"
                return ScoreRule(self.column, refused=f"most of its numbers lie outside {span} ({rule.scale_from})")
            return rule
        if self.cells and not self.with_top:
            return ScoreRule(self.column, refused=_undeclared(self.name))
        return ScoreRule(
            self.column,
            top=rule.top,
            max_column=self.max_column,
            min_column=self.min_column,
            low_tops=frozenset(self.low_tops),
            scale_from=rule.scale_from,
            higher_is_better=rule.higher_is_better,
        )

    def _declared_rule(self) -> ScoreRule:
        """What is known of the scale before a cell is read: configuration first, then a column beside, then
        the name.
        """
        named = read_name(self.column, self.name)[1]
        if self.declared is not None:
            return ScoreRule(self.column, self.declared, scale_from=f"input.scales.{self.name}")
        if self.name == "nps":
            return self._nps_rule(named.low, named.high)
        if self.max_column is not None:
            beside = f"column {self.max_column}"
            return ScoreRule(self.column, max_column=self.max_column, min_column=self.min_column, scale_from=beside)
        return self._named_rule(named)

    def _named_rule(self, named: NamedScale) -> ScoreRule:
        if self.name == "ces" and named.higher_is_better is None:
            return ScoreRule(self.column, refused=_undeclared("ces"))
        better = named.higher_is_better is not False
        if named.high is not None and named.low is not None:
            scale = Scale(low=named.low, high=named.high, higher_is_better=better)
            return ScoreRule(self.column, scale, scale_from="column name")
        source = "column name" if named.high is not None else "cells (such as 4/5)"
        return ScoreRule(self.column, top=named.high, scale_from=source, higher_is_better=better)

    def _nps_rule(self, low: float | None, high: float | None) -> ScoreRule:
        if high is not None and (high != 10 or low not in (0, None)):
            return ScoreRule(self.column, refused=f"its name states another scale, and {_CONVENTION}")
        return ScoreRule(self.column, Scale(low=0, high=10), scale_from=f"convention: {_CONVENTION}")


@dataclass(slots=True)
class RefusedScores:
    """Cells of one score column that hold no score of its scale, in rows that were kept: how many, and the first."""

    cells: int = 0
    row: int = 0
    why: str = ""

    def add(self, row: int, why: str) -> None:
        """Count a cell; `why` does not quote it."""
        if not self.cells:
            self.row, self.why = row, why
        self.cells += 1


def read_cell(value: object) -> tuple[float, float | None] | None:
    """(number, top of the scale if the cell states it) of "4", "4.5/5", "5星", "8 - likely", "★★★★☆"; None
    where empty.

    Raises UnscoredError for anything else.
    """
    if isinstance(value, bool):
        raise UnscoredError("not a number")
    text = to_text(value)
    if is_missing(text):
        return None
    if len(text) > 200:
        raise UnscoredError("not a number")
    found = _OF.fullmatch(text)
    if found:
        return _float(found[1]), _float(found[2])
    stars = _STARS.fullmatch(text)
    if stars:
        full, empty = len(stars[1]), len(stars[2])
        return float(full), float(full + empty) if empty or full == 5 else None
    number = _NUMBER.fullmatch(text)
    if number:
        return _float(number[1]), None
    raise UnscoredError("not a number")


def _float(text: str) -> float:
    return float(text.replace(",", "."))


def _undeclared(name: str) -> str:
    if name == "ces":
        return "its scale or direction is not declared: set input.scales.ces (low, high, higher_is_better)"
    return f"its scale is not declared: set input.scales.{name}, or name the column like “{name}(1-5)”"
