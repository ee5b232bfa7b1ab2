"""Phrases and blocks that several sections share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pipeline.report.content import Bullets, Cell, Column, Figure, Paragraph, Shares, SharesChart, Table, Week
from pipeline.report.facts import Facts, Row

Direction = Literal["worse", "better"]
Kind = Literal["stage", "touchpoint"]
MAX_TIED = 3
"""As many of equal rank are named; more are counted."""
SHARE_METRICS = ("negative_share", "neutral_share", "positive_share", "net_sentiment")


def full(facts: Facts, figure: Figure, *, points: bool = False) -> str:
    """A figure with all that stands behind it: "38% (31-45%, n = 212)", "+18 points (+5 to +31, n = 80, small n)"."""
    t = facts.texts
    text = t("points", value=figure.text) if points else figure.text
    return _with(facts, text, figure.detail, small=figure.small)


def size(facts: Facts, figure: Figure) -> str:
    """A change without its sign, for "higher by" and "lower by": "18 points (5 to 31, n = 80)"."""
    t = facts.texts
    text = t("points", value=t.value(abs(figure.value), "gap"))
    low, high = sorted((abs(figure.low or 0.0), abs(figure.high or 0.0)))
    return _with(facts, text, t.detail(low, high, figure.n, "gap"), small=figure.small)


def _with(facts: Facts, text: str, detail: str, *, small: bool) -> str:
    t = facts.texts
    notes = [note for note in (detail, t("small") if small else "") if note]
    return t("with_detail", text=text, detail=t("note.separator").join(notes)) if notes else text


def bullets(*items: tuple[str, tuple[Figure, ...]]) -> Bullets:
    """A list from texts and the figures they were made from."""
    return Bullets(tuple(Paragraph(text, figures=figures) for text, figures in items))


def cell(figure: Figure | None, facts: Facts) -> Cell:
    """A table cell for a figure; a dash where there is none."""
    if figure is None:
        return Cell(facts.texts("none"))
    return Cell(figure.text, figure.detail, figure, small=figure.small)


def shares_of(facts: Facts, dimension: str, segment: str, label: str) -> Shares | None:
    """The shares of a segment over the whole period; None if one is missing."""
    negative, neutral, positive, net = (
        facts.metric(metric, dimension=dimension, segment=segment) for metric in SHARE_METRICS
    )
    if negative is None or neutral is None or positive is None or net is None:
        return None
    return Shares(label, negative, neutral, positive, net, full(facts, net))


def shares_chart(facts: Facts, rows: Sequence[Shares], *, key: str) -> SharesChart:
    """The chart `key` (its title and alternative text are `key.chart` and `key.chart.alt`)."""
    t = facts.texts
    items = [t("alt.item", name=row.label, value=row.value) for row in rows]
    return SharesChart(
        id=key,
        title=t(f"{key}.chart"),
        alt=t(f"{key}.chart.alt", list=t("alt.separator").join(items)),
        rows=tuple(rows),
        legend=(t("metric.negative_share"), t("metric.positive_share"), t("chart.net")),
    )


def comparable(facts: Facts, rows: Sequence[Shares], kind: Kind) -> tuple[str, list[Shares]]:
    """The rows to compare in a sentence, and the words that say which these are.

    Those with enough respondents; where there are none, those with an interval; where there are none, all.
    """
    firm = [row for row in rows if not row.net.small]
    sure = [row for row in rows if row.net.low is not None]
    name, found = ("firm", firm) if firm else ("interval", sure)
    if not found or len(found) == len(rows):
        name, found = "all", list(rows)
    return facts.texts(f"base.{kind}.{name}", small_n=facts.config.metrics.small_n), found


def extreme(
    facts: Facts, items: Sequence[tuple[str, Figure]], kind: Kind | Literal["mentions"], *, lowest: bool = False
) -> tuple[str, tuple[Figure, ...]]:
    """The highest (or lowest) of (words, figure) pairs as part of a sentence, and its figures.

    All that show the same number are named, for none of them alone is the highest; many are counted.
    """
    figures = [figure for _, figure in items]
    end = (min if lowest else max)(figures, key=lambda figure: figure.value)
    tied = [(words, figure) for words, figure in items if figure.text == end.text]
    if len(tied) > MAX_TIED:
        words = facts.texts(f"tied.{kind}", n=len(tied), value=end.text)
    else:
        words = facts.texts.joined([words for words, _ in tied])
    return words, tuple(figure for _, figure in tied)


def at(facts: Facts, label: str, figure: Figure) -> tuple[str, Figure]:
    """An item for `extreme`: "Delivery, at -33 (-77 to +10, n = 12)"."""
    return facts.texts("extreme", name=label, value=full(facts, figure)), figure


def shares_table(
    facts: Facts, dimension: str, segments: Sequence[tuple[str, str]], *, anchor: str, caption: str, first: str
) -> Table:
    """Counts, shares and net sentiment of (segment, name) pairs; `first` heads the column of names.

    A row from few comments is marked once, at its count.
    """
    t = facts.texts
    rows = []
    for segment, name in segments:
        comments, opinions = (
            facts.metric_count(column, dimension=dimension, segment=segment) for column in ("n_feedback", "n_units")
        )
        figures = [facts.metric(metric, dimension=dimension, segment=segment) for metric in SHARE_METRICS]
        small = any(figure is not None and figure.small for figure in figures)
        counts = Cell(comments.text, figure=comments, small=small), Cell(opinions.text, figure=opinions)
        rows.append((Cell(name), *counts, *(without_n(figure, facts) for figure in figures)))
    columns = (
        Column(first),
        Column(t("column.comments"), numeric=True),
        Column(t("column.opinions"), numeric=True, minor=True),
        Column(t("metric.negative_share"), numeric=True),
        Column(t("metric.neutral_share"), numeric=True, minor=True),
        Column(t("metric.positive_share"), numeric=True),
        Column(t("metric.net_sentiment"), numeric=True),
    )
    return Table(anchor, caption, columns, tuple(rows))


def without_n(figure: Figure | None, facts: Facts) -> Cell:
    """A table cell that leaves n to the row's own column of comments."""
    if figure is None:
        return Cell(facts.texts("none"))
    if figure.low is None or figure.high is None:
        return Cell(figure.text, "", figure)
    return Cell(figure.text, figure.detail.partition(facts.texts("detail.before_n"))[0], figure)


def change(facts: Facts, row: Row) -> tuple[Figure, str] | None:
    """The trend of a cell of fact_action_priority and whether it stands out from chance; None without one."""
    if row["trend"] is None:
        return None
    figure = facts.action_figure(row, "trend", "points", bounds="trend")
    clear = certainty(row, "worse") > 0 or certainty(row, "better") > 0
    return figure, facts.texts("touchpoints.change.clear" if clear else "touchpoints.change.unclear")


def movers(rows: Sequence[Row], direction: Direction) -> list[Row]:
    """The rows of fact_action_priority that got worse (or better), the clearest first.

    Clearest, not largest: by the end of the interval that is nearer to no change, cells with enough comments first. The
    largest changes are those of the smallest cells.
    """
    sign = 1 if direction == "worse" else -1
    moved = [row for row in rows if row["trend"] is not None and row["trend"] * sign > 0]
    return sorted(moved, key=lambda row: (row["small_n"], -certainty(row, direction)))


def certainty(row: Row, direction: Direction) -> float:
    """How far the interval of a trend lies beyond no change in a direction; negative where it includes no change."""
    end = row["trend_low"] if direction == "worse" else row["trend_high"]
    if end is None:
        return -1.0
    return float(end) if direction == "worse" else -float(end)


def step_week(weeks: Sequence[Week], *, up: bool) -> date | None:
    """The week with which the weekly figures step up (or down) most clearly; None if they do not.

    The split of the full weeks into two levels with the least squared error, weeks weighted by their comments, at least
    two weeks on each side.
    """
    known = [(week.start, week.figure.value, week.figure.n or 0) for week in weeks if week.complete and week.figure]
    best: tuple[float, date] | None = None
    for place in range(2, len(known) - 1):
        (before, size), (after, rest) = _level(known[:place]), _level(known[place:])
        gain = (after - before) ** 2 * size * rest / (size + rest) if size and rest else 0.0
        if gain > 0 and (after > before) == up and (best is None or gain > best[0]):
            best = gain, known[place][0]
    return None if best is None else best[1]


def _level(weeks: Sequence[tuple[date, float, int]]) -> tuple[float, int]:
    """The mean of weekly values weighted by their comments, and how many comments there are."""
    size = sum(n for _, _, n in weeks)
    return (sum(value * n for _, value, n in weeks) / size if size else 0.0), size


def confidence(facts: Facts) -> str:
    """The confidence level in words: 95%."""
    return f"{facts.config.metrics.confidence * 100:g}%"
