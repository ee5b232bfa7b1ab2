"""Section 3: what customers say about each touchpoint, and what changed (7.3, our interpretation)."""

from __future__ import annotations

from pipeline.report.content import Block, Figure, Heading, Paragraph, Section, Shares, TrendPanel
from pipeline.report.facts import Facts, Row
from pipeline.report.sections.journey import panel, trend_chart
from pipeline.report.sections.phrases import (
    Direction,
    at,
    certainty,
    change,
    comparable,
    extreme,
    full,
    movers,
    shares_chart,
    shares_of,
    shares_table,
)

MAX_CHANGES = 2
"""Changes shown each way."""


def section(facts: Facts, number: int) -> Section:
    """Touchpoint insight."""
    t = facts.texts
    shares = {
        touchpoint: row
        for touchpoint in facts.segments("touchpoint")
        if (row := shares_of(facts, "touchpoint", touchpoint, facts.name("touchpoint", touchpoint)))
    }
    if not shares:
        blocks: tuple[Block, ...] = (Paragraph(t("touchpoints.empty")),)
    else:
        ordered = sorted(shares.items(), key=lambda item: (item[1].net.value, item[0]))
        named = [(touchpoint, row.label) for touchpoint, row in ordered]
        caption, first = t("touchpoints.table"), t("column.touchpoint")
        blocks = (
            *_reading(facts, shares),
            shares_chart(facts, [row for _, row in ordered], key="touchpoints"),
            shares_table(facts, "touchpoint", named, anchor="touchpoint-table", caption=caption, first=first),
            *_changes(facts),
        )
    return Section("touchpoints", number, t("touchpoints.title"), t("basis", clause="7.3"), blocks)


def _reading(facts: Facts, shares: dict[str, Shares]) -> list[Paragraph]:
    t = facts.texts
    specific = {key: row for key, row in shares.items() if key != "overall"} or shares
    base, compared = comparable(facts, list(specific.values()), "touchpoint")
    figures: tuple[Figure, ...]
    if len(compared) == 1:
        (row,) = compared
        text = t("touchpoints.single", base=base, touchpoint=row.label, share=full(facts, row.negative))
        figures = (row.negative,)
    else:
        most, counts = extreme(facts, [_mentions(facts, key, row) for key, row in specific.items()], "mentions")
        worst, negatives = _most(facts, "worst", [at(facts, row.label, row.negative) for row in compared])
        best, positives = _most(facts, "best", [at(facts, row.label, row.positive) for row in compared])
        text = t("touchpoints.intro", most=most, base=base, worst=worst, best=best)
        figures = (*counts, *negatives, *positives)
    if len(specific) < len(shares):
        text = t("sentences", first=text, second=t("touchpoints.overall", name=shares["overall"].label))
    return [Paragraph(text, figures=figures)]


def _mentions(facts: Facts, touchpoint: str, row: Shares) -> tuple[str, Figure]:
    t = facts.texts
    count = facts.metric_count("n_feedback", dimension="touchpoint", segment=touchpoint)
    return t("with_detail", text=row.label, detail=t.noun("comments", count.value)), count


def _most(facts: Facts, kind: str, items: list[tuple[str, Figure]]) -> tuple[str, tuple[Figure, ...]]:
    """Which touchpoint has the highest share; a share of nothing at all is no highest one."""
    words, figures = extreme(facts, items, "touchpoint")
    if figures[0].value == 0:
        return facts.texts(f"touchpoints.{kind}.none"), figures
    return facts.texts(f"touchpoints.{kind}", list=words), figures


def _changes(facts: Facts) -> list[Block]:
    """The cells that most clearly got worse and better, with their weekly lines."""
    t = facts.texts
    heading = Heading("changes", t("touchpoints.change"))
    known = [row for row in facts.actions if row["trend"] is not None]
    kinds: tuple[Direction, ...] = ("worse", "better")
    chosen = [(kind, row) for kind in kinds for row in _named(movers(known, kind), kind)]
    if not chosen:
        dated = facts.column("fact_feedback", "occurred_date")
        reason = "unchanged" if known else "no_change" if dated else "no_dates"
        return [heading, Paragraph(t(f"touchpoints.{reason}"))]
    texts = [_say(facts, row) for _, row in chosen]
    lines = [line for kind, row in chosen if (line := _line(facts, kind, row)) is not None]
    blocks: list[Block] = [heading, *texts]
    if lines:
        blocks.append(trend_chart(facts, lines, anchor="changes", title=t("touchpoints.change.chart")))
    if len(known) > len(chosen):
        blocks.append(Paragraph(t("touchpoints.change.many", n=len(known)), tone="note"))
    return blocks


def _named(rows: list[Row], kind: Direction) -> list[Row]:
    """The changes to name: those beyond chance, or else the clearest one."""
    return [row for row in rows if certainty(row, kind) > 0][:MAX_CHANGES] or rows[:1]


def _say(facts: Facts, row: Row) -> Paragraph:
    t = facts.texts
    found = change(facts, row)
    assert found is not None  # chosen for having a trend
    figure, verdict = found
    name = facts.cell(row["stage"], row["touchpoint"])
    text = t("touchpoints.change.text", cell=name, change=full(facts, figure, points=True), verdict=verdict)
    return Paragraph(text, figures=(figure,))


def _line(facts: Facts, kind: Direction, row: Row) -> TrendPanel | None:
    label = facts.texts(f"touchpoints.change.{kind}", cell=facts.cell(row["stage"], row["touchpoint"]))
    segment = f"{row['stage']}/{row['touchpoint']}"
    return panel(facts, label, "negative_share", dimension="stage_touchpoint", segment=segment)
