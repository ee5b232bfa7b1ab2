"""Section 5: what to measure, where it stands now, when to look again (8.1 and 8.3, our interpretation)."""

from __future__ import annotations

import math
from datetime import date, timedelta
from statistics import NormalDist

from pipeline.report.content import Cell, Column, Figure, Paragraph, Section, Table
from pipeline.report.facts import Facts, Row
from pipeline.report.sections.actions import anchor, shown_actions
from pipeline.report.sections.phrases import bullets, cell

HALF_WIDTH = 0.10
"""The follow-up is due when the negative share is known to plus or minus this much again."""
MIN_WEEKS, MAX_WEEKS = 4, 26


def section(facts: Facts, number: int) -> Section:
    """Measures and follow-up."""
    t = facts.texts
    shown = shown_actions(facts)
    title, basis = t("follow.title"), t("basis.several", clauses=t.joined(["8.1", "8.3"]))
    if not shown:
        return Section("follow-up", number, title, basis, (Paragraph(t("follow.none")),))
    blocks = (
        Paragraph(t("follow.intro")),
        _table(facts, shown),
        Paragraph(t("follow.rule", minimum=MIN_WEEKS), tone="note"),
        bullets(*((t(f"follow.method.{name}"), ()) for name in ("same", "interval", "mix", "record"))),
    )
    return Section("follow-up", number, title, basis, blocks)


def needed_comments(share: float, confidence: float) -> int:
    """Comments needed to estimate a share to plus or minus `HALF_WIDTH` (normal approximation, at least 30).

    The share is kept within 0.1..0.9: a share of exactly 0 or 1 would need none.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    kept = min(max(share, 0.1), 0.9)
    return max(30, math.ceil(kept * (1 - kept) * (z / HALF_WIDTH) ** 2))


def _table(facts: Facts, rows: list[Row]) -> Table:
    t = facts.texts
    days: list[date] = facts.column("fact_feedback", "occurred_date")
    lines = []
    for row in rows:
        share = facts.action_figure(row, "negative_share", "share", bounds="negative_share")
        name = facts.cell(row["stage"], row["touchpoint"])
        measure = Cell(t("follow.measure", cell=name), link=anchor(row))
        lines.append((measure, cell(share, facts), Cell(_when(facts, row, share, days))))
    columns = (
        Column(t("column.measure")),
        Column(t("column.baseline"), numeric=True),
        Column(t("column.look_again")),
    )
    return Table("baselines", t("follow.table"), columns, tuple(lines))


def _when(facts: Facts, row: Row, share: Figure, days: list[date]) -> str:
    t = facts.texts
    needed = needed_comments(share.value, facts.config.metrics.confidence)
    comments = t.value(needed, "count")
    if not days:
        return t("follow.after_n", n=comments)
    covered = (max(days) - min(days)).days + 1
    dated_share = len(days) / facts.count("fact_feedback", "feedback_key").value
    weeks = max(MIN_WEEKS, math.ceil(needed / (row["n_feedback"] * dated_share / covered) / 7))
    if weeks > MAX_WEEKS:
        return t("follow.too_rare", n=comments, weeks=MAX_WEEKS)
    day = max(days) + timedelta(weeks=weeks)
    if facts.published is not None and day <= facts.published:  # old data: the rate may hold, the day is past
        return t("follow.after_weeks_only", n=comments, weeks=weeks)
    return t("follow.after_weeks", n=comments, weeks=weeks, day=t.day(day))
