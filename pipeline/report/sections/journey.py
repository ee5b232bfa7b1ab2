"""Section 2: sentiment by journey stage, by week and by segment, and the scores customers gave."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.report.content import (
    Block,
    Cell,
    Column,
    Heading,
    Paragraph,
    Section,
    Shares,
    Table,
    TrendChart,
    TrendPanel,
)
from pipeline.report.facts import Facts
from pipeline.report.sections.phrases import at, cell, comparable, extreme, shares_chart, shares_of, shares_table
from pipeline.report.sections.summary import SCORES, scale_of

SEGMENTED = ("channel", "product", "region", "source", "language", "question")
MAX_SEGMENTS = 10
MIN_WEEKS = 3
"""A line through fewer weeks shows nothing."""


def section(facts: Facts, number: int) -> Section:
    """The journey at a glance."""
    t = facts.texts
    found = set(facts.segments("stage"))
    stages = [(stage, facts.name("stage", stage)) for stage in facts.taxonomy.ids("stage") if stage in found]
    stages += [(stage, stage) for stage in sorted(found - set(facts.taxonomy.ids("stage")))]
    shares = {stage: row for stage, name in stages if (row := shares_of(facts, "stage", stage, name))}
    if not shares:
        blocks: tuple[Block, ...] = (Paragraph(t("journey.empty")), *_scores(facts))
        return Section("journey", number, t("journey.title"), "", blocks)
    placed = [row for stage, row in shares.items() if stage != "unspecified"]
    blocks = (
        *_reading(facts, placed, unspecified="unspecified" in shares),
        shares_chart(facts, list(shares.values()), key="journey"),
        shares_table(facts, "stage", stages, anchor="stages", caption=t("journey.table"), first=t("column.stage")),
        *_weekly(facts),
        *_scores(facts),
        *_segments(facts),
    )
    return Section("journey", number, t("journey.title"), "", blocks)


def _reading(facts: Facts, rows: Sequence[Shares], *, unspecified: bool) -> list[Paragraph]:
    """What the chart shows, in a sentence; `unspecified`: the chart also holds opinions that name no stage."""
    t = facts.texts
    if not rows:
        return []
    base, compared = comparable(facts, rows, "stage")
    items = [at(facts, row.label, row.net) for row in compared]
    (low, lows), (high, highs) = extreme(facts, items, "stage", lowest=True), extreme(facts, items, "stage")
    if len(compared) == 1:
        text = t("journey.single", base=base, stage=compared[0].label, net=compared[0].value)
    elif lows == highs:
        text = t("journey.same", base=base, list=low)
    else:
        text = t("journey.intro", base=base, low=low, high=high)
    if unspecified:
        text = t("sentences", first=text, second=t("journey.unspecified"))
    return [Paragraph(text, figures=(*lows, *highs))]


def trend_chart(facts: Facts, panels: Sequence[TrendPanel], *, anchor: str, title: str) -> TrendChart:
    """A chart of weekly panels with its words."""
    t = facts.texts
    items = []
    for panel in panels:
        known = [(week.label, week.figure) for week in panel.weeks if week.figure is not None]
        (first_week, first), (last_week, last) = known[0], known[-1]
        weeks = {"first_week": first_week, "first": first.text, "last_week": last_week, "last": last.text}
        items.append(t("trend.alt.panel", label=panel.label, all=panel.baseline.text, **weeks))
    legend = t("trend.legend.full"), t("trend.legend.partial"), t("trend.legend.all")
    return TrendChart(anchor, title, t("trend.alt", list=t("alt.separator").join(items)), tuple(panels), legend)


def panel(
    facts: Facts, label: str, metric: str, *, dimension: str = "total", segment: str = "all"
) -> TrendPanel | None:
    """The weekly line of a metric; None with fewer than three weeks of data."""
    weeks = facts.weeks(metric, dimension=dimension, segment=segment)
    baseline = facts.metric(metric, dimension=dimension, segment=segment)
    if baseline is None or sum(week.figure is not None for week in weeks) < MIN_WEEKS:
        return None
    return TrendPanel(label, "net" if metric == "net_sentiment" else "share", weeks, baseline)


def _weekly(facts: Facts) -> list[Block]:
    t = facts.texts
    line = panel(facts, t("journey.weekly.panel"), "net_sentiment")
    if line is None:
        return []
    chart = trend_chart(facts, [line], anchor="weekly", title=t("journey.weekly.chart"))
    return [chart]


def _scores(facts: Facts) -> list[Block]:
    t = facts.texts
    rows = []
    for name in SCORES:
        figure = facts.metric(name)
        if figure is not None:
            rows.append((Cell(t(f"metric.{name}")), cell(figure, facts), Cell(scale_of(facts, name))))
    if not rows:
        return []
    columns = (Column(t("column.measure")), Column(t("column.value"), numeric=True), Column(t("column.scale")))
    return [
        Heading("scores", t("journey.scores")),
        Table("scores-table", t("journey.scores.table"), columns, tuple(rows)),
    ]


def _segments(facts: Facts) -> list[Block]:
    """One table for each dimension in which there is something to compare."""
    t = facts.texts
    found = {name: facts.segments(name) for name in SEGMENTED}
    compared = {name: segments for name, segments in found.items() if len(segments) > 1}
    if not compared:
        return []
    title = t("journey.segments", dimensions=_dimensions(facts, list(compared)))
    blocks: list[Block] = [Heading("segments", title), _segments_note(facts, list(compared))]
    for name, segments in compared.items():
        label = t(f"dimension.{name}")
        named = [(segment, t(f"language.{segment}") if name == "language" else segment) for segment in segments]
        caption = t("journey.segments.table", dimension=t(f"dimension.{name}.lower"))
        blocks.append(
            shares_table(facts, name, named[:MAX_SEGMENTS], anchor=f"by-{name}", caption=caption, first=label)
        )
        if len(named) > MAX_SEGMENTS:
            blocks.append(Paragraph(t.noun("journey.segments.more", len(named) - MAX_SEGMENTS), tone="note"))
    return blocks


def _segments_note(facts: Facts, compared: list[str]) -> Paragraph:
    """How to read the comparison; the answers to several questions may be of the same customers."""
    t = facts.texts
    groups = [name for name in compared if name != "question"]
    notes = [t("journey.segments.groups", dimensions=_dimensions(facts, groups))] if groups else []
    notes += [t("journey.segments.questions")] if "question" in compared else []
    text = t("journey.segments.overlap")
    for note in reversed(notes):
        text = t("sentences", first=note, second=text)
    return Paragraph(text)


def _dimensions(facts: Facts, names: list[str]) -> str:
    t = facts.texts
    return t.joined([t(f"dimension.{name}.lower") for name in names])
