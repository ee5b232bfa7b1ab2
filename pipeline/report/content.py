"""The report content model: what a report says, before any format.

Renderers (Markdown, HTML, later DOCX, XLSX, PDF) see only these classes, never a table. Words are chosen already, in
the content's language; every number that comes from a table is a `Figure` that says where anyone can query it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Literal

ReportLanguage = Literal["zh", "en"]
Scalar = str | int | float | bool | date
Tone = Literal["plain", "note", "warning"]
SummaryKind = Literal["scope", "urgent", "worse", "better", "good", "caution"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number stands: the rows of `table` that match `where`, the `column`, and how they make one number.

    `how`: `value` (exactly one row), `count` (rows), `sum`, `min`, `max`, or `json` (one row whose column holds a JSON
    object; `key` picks the number).
    """

    table: str
    column: str
    where: tuple[tuple[str, Scalar], ...] = ()
    how: Literal["value", "count", "sum", "min", "max", "json"] = "value"
    key: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its interval and n, and the words for it.

    `value`, `low` and `high` are in the table's unit (shares in 0..1); `low`/`high` are None where the table gives no
    interval, `n` (comments) is None for plain counts. `text` is the value alone ("38%"), `detail` the rest
    ("31-45%, n = 212"; empty for a plain count). `small` marks an estimate from few comments.
    """

    value: float
    text: str
    source: Source
    low: float | None = None
    high: float | None = None
    n: int | None = None
    detail: str = ""
    small: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph; `figures` are the numbers its text was made from."""

    text: str
    tone: Tone = "plain"
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of short statements."""

    items: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """A table column: its heading, whether it holds numbers, and whether a narrow page may leave it out."""

    label: str
    numeric: bool = False
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell: its text, smaller print below it, and the figure it shows if any.

    `link` is an anchor's id; `small` marks a figure (or a row of figures, at its count) from few comments.
    """

    text: str
    detail: str = ""
    figure: Figure | None = None
    link: str = ""
    small: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first column names the row."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Shares:
    """A row of a `SharesChart`: the three shares of the opinions, and net sentiment with its interval.

    `value` says the net sentiment in words, with all that stands behind it.
    """

    label: str
    negative: Figure
    neutral: Figure
    positive: Figure
    net: Figure
    value: str


@dataclass(frozen=True, slots=True)
class SharesChart:
    """Negative to the left, positive to the right, net sentiment as a dot with its interval; rows top to bottom."""

    id: str
    title: str
    alt: str
    rows: tuple[Shares, ...]
    legend: tuple[str, str, str]
    """Words for negative, positive, net sentiment with its interval."""


@dataclass(frozen=True, slots=True)
class RankRow:
    """A row of a `RankChart`: the rank (its interval from resampling) and the score; `small`: from few comments.

    `value` says the rank in words, with all that stands behind it.
    """

    label: str
    rank: Figure
    score: Figure
    small: bool
    value: str


@dataclass(frozen=True, slots=True)
class RankChart:
    """Ranks as dots with intervals, 1 at the left; the further the whiskers reach, the less certain the order."""

    id: str
    title: str
    alt: str
    rows: tuple[RankRow, ...]
    axis: str


@dataclass(frozen=True, slots=True)
class Week:
    """A week of a `TrendPanel`. `figure` is None where the week has no comments; a partial week is marked."""

    start: date
    label: str
    figure: Figure | None
    complete: bool


@dataclass(frozen=True, slots=True)
class TrendPanel:
    """One line over time, with intervals; `baseline` is the value of the whole period."""

    label: str
    unit: Literal["share", "net"]
    weeks: tuple[Week, ...]
    baseline: Figure


@dataclass(frozen=True, slots=True)
class TrendChart:
    """Weekly values, one panel below the other."""

    id: str
    title: str
    alt: str
    panels: tuple[TrendPanel, ...]
    legend: tuple[str, str, str]
    """Words for a full week, a partial week (or few comments), and the whole period's value."""


Chart = SharesChart | RankChart | TrendChart


@dataclass(frozen=True, slots=True)
class Quote:
    """What one customer said: the opinion, and the comment's words before and after it (masked).

    `lang` is an HTML language tag (empty if unknown); `about` names date and channel; `feedback_id` is the id in the
    source or else the key in fact_feedback.
    """

    text: str
    before: str
    after: str
    feedback_id: str
    about: str
    lang: str


@dataclass(frozen=True, slots=True)
class Action:
    """One optimisation action with all that speaks for it."""

    id: str
    rank: Figure
    rank_word: str
    title: str
    action: str
    owner: str
    why: Paragraph
    trend: Paragraph | None
    parts: tuple[tuple[str, Figure], ...]
    """The score and its factors, in the formula's order: (name, figure)."""
    formula: str
    quotes: tuple[Quote, ...]
    evidence_word: str
    small: bool


@dataclass(frozen=True, slots=True)
class Actions:
    """The actions in rank order, with the words renderers put around their parts."""

    items: tuple[Action, ...]
    todo_word: str
    owner_word: str
    score_word: str
    id_word: str


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A headline number with its name."""

    label: str
    figure: Figure


Block = Paragraph | Bullets | Heading | Table | SharesChart | RankChart | TrendChart | Actions


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section. `basis` is the sentence that says which clause it is organised to support (empty: none)."""

    id: str
    number: int
    title: str
    basis: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class SummaryItem:
    """One sentence of the summary with its keyword."""

    kind: SummaryKind
    label: str
    text: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class ReportContent:
    """A whole report in one language."""

    language: ReportLanguage
    title: str
    subtitle: str
    summary_title: str
    summary: tuple[SummaryItem, ...]
    key_figures: tuple[KeyFigure, ...]
    contents_word: str
    small_word: str
    skip_word: str
    sections: tuple[Section, ...]
    footer: str


def charts_of(content: ReportContent) -> tuple[Chart, ...]:
    """The charts of a report in order."""
    found = (block for section in content.sections for block in section.blocks)
    return tuple(block for block in found if isinstance(block, SharesChart | RankChart | TrendChart))


def figures_of(part: object) -> Iterator[Figure]:
    """Every figure in a part of the content (a whole report, a section, a block), in order."""
    if isinstance(part, Figure):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from figures_of(item)
    elif is_dataclass(part) and not isinstance(part, type):
        for field in fields(part):
            yield from figures_of(getattr(part, field.name))
