"""Section 3: what customers say about each touchpoint, and what changed (7.3, our interpretation)."""

from __future__ import annotations

from pipeline.report.content import Block, Heading, Paragraph, Section, Shares, TrendPanel
from pipeline.report.facts import Facts, Row
from pipeline.report.sections.journey import panel, trend_chart
from pipeline.report.sections.phrases import (
    Direction,
    certainty,
    change,
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
    firm = {key: row for key, row in specific.items() if not row.net.small} or specific
    if len(firm) == 1:
        (row,) = firm.values()
        text = t("touchpoints.single", touchpoint=row.label, share=full(facts, row.negative))
        return [Paragraph(text, figures=(row.negative,))]
    most = next(iter(specific))  # segments come with the most comments first
    count = facts.metric_count("n_feedback", dimension="touchpoint", segment=most)
    worst = max(firm.values(), key=lambda row: row.negative.value)
    best = max(firm.values(), key=lambda row: row.positive.value)
    text = t(
        "touchpoints.intro",
        most=specific[most].label,
        most_n=t.noun("comments", count.value),
        worst=worst.label,
        worst_share=full(facts, worst.negative),
        best=best.label,
        best_share=full(facts, best.positive),
    )
    return [Paragraph(text, figures=(count, worst.negative, best.positive))]


def _changes(facts: Facts) -> list[Block]:
    """The cells that most clearly got worse and better, with their weekly lines."""
    t = facts.texts
    heading = Heading("changes", t("touchpoints.change"))
    known = [row for row in facts.actions if row["trend"] is not None]
    kinds: tuple[Direction, ...] = ("worse", "better")
    chosen = [(kind, row) for kind in kinds for row in _named(movers(known, kind), kind)]
    if not chosen:
        return [heading, Paragraph(t("touchpoints.no_change"))]
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
