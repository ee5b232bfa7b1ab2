"""The summary: what is worst and for how many, what changed since when, what goes well, what to mind."""

from __future__ import annotations

from pipeline.report.content import Figure, KeyFigure, SummaryItem, SummaryKind
from pipeline.report.facts import Facts, Row
from pipeline.report.sections.phrases import Direction, certainty, confidence, full, movers, size, step_week

MAX_CHANGES = 3
"""Changes named each way."""
SCORES = ("nps", "csat", "ces", "rating_mean")


def summary(facts: Facts) -> tuple[SummaryItem, ...]:
    """At most six sentences, each made from figures of the tables."""
    t = facts.texts
    comments = facts.count("fact_feedback", "feedback_key")
    if comments.value == 0:
        return (_item(facts, "scope", t("summary.empty"), (comments,)), *_quarantine(facts))
    total = facts.metric("negative_share")
    if total is None:
        text = t("summary.unclassified", comments=t.noun("comments", comments.value))
        return (_item(facts, "scope", text, (comments,)), *_quarantine(facts))
    return (
        *_overall(facts, comments, total),
        *_urgent(facts),
        *_changes(facts),
        *_going_well(facts),
        *_cautions(facts, comments),
    )


def key_figures(facts: Facts) -> tuple[KeyFigure, ...]:
    """The headline numbers: comments, opinions, shares, net sentiment and the scores that are given."""
    t = facts.texts
    found = [
        KeyFigure(t("column.comments"), facts.count("fact_feedback", "feedback_key")),
        KeyFigure(t("column.opinions"), facts.count("fact_opinion_unit", "unit_index")),
    ]
    for metric in ("negative_share", "net_sentiment", *SCORES):
        figure = facts.metric(metric)
        if figure is not None:
            key = "key.negative_share" if metric == "negative_share" else f"metric.{metric}"
            scaled = metric in ("ces", "rating_mean")
            label = t("key.scaled", name=t(key), scale=scale_of(facts, metric)) if scaled else t(key)
            found.append(KeyFigure(label, figure))
    return tuple(found)


def _item(facts: Facts, kind: SummaryKind, text: str, figures: tuple[Figure, ...], label: str = "") -> SummaryItem:
    return SummaryItem(kind, facts.texts(f"summary.{label or kind}.label"), text, figures)


def _overall(facts: Facts, comments: Figure, negative: Figure) -> tuple[SummaryItem, ...]:
    t = facts.texts
    opinions = facts.count("fact_opinion_unit", "unit_index")
    positive, net = facts.metric("positive_share"), facts.metric("net_sentiment")
    if positive is None or net is None:
        return ()
    text = t(
        "summary.scope",
        comments=t.noun("comments", comments.value),
        opinions=t.noun("opinions", opinions.value),
        negative=full(facts, negative),
        positive=full(facts, positive),
        net=full(facts, net),
    )
    return (_item(facts, "scope", text, (comments, opinions, negative, positive, net)),)


def _urgent(facts: Facts) -> tuple[SummaryItem, ...]:
    t = facts.texts
    if not facts.ranked:
        text = t("summary.nothing_ranked", minimum=facts.config.priority.min_feedback)
        return (_item(facts, "urgent", text, ()),)
    row = facts.ranked[0]
    negative = facts.action_figure(row, "n_negative_feedback", "count", n="")
    reach = facts.action_figure(row, "reach", "share", n="")
    share = facts.action_figure(row, "negative_share", "share", bounds="negative_share")
    rank = facts.rank(row)
    text = t(
        "summary.urgent",
        cell=_cell(facts, row),
        comments=t.noun("comments", negative.value),
        reach=reach.text,
        share=full(facts, share),
    )
    if rank.low is not None and rank.high is not None and rank.high > rank.low:
        ends = {"low": t.value(rank.low, "rank"), "high": t.value(rank.high, "rank")}
        text = t("sentences", first=text, second=t("summary.urgent.uncertain", confidence=confidence(facts), **ends))
    return (_item(facts, "urgent", text, (negative, reach, share, rank)),)


def _changes(facts: Facts) -> tuple[SummaryItem, ...]:
    """The clearest changes each way among the cells with enough comments, if their intervals exclude no change."""
    known = [row for row in facts.actions if row["trend"] is not None and not row["small_n"]]
    if not known:
        return ()
    kinds: tuple[Direction, ...] = ("worse", "better")
    found = [(kind, [row for row in movers(known, kind) if certainty(row, kind) > 0]) for kind in kinds]
    items = [_change(facts, rows, kind) for kind, rows in found if rows]
    return tuple(items) or (_item(facts, "scope", facts.texts("summary.steady"), (), label="steady"),)


def _change(facts: Facts, rows: list[Row], kind: Direction) -> SummaryItem:
    t = facts.texts
    row, others = rows[0], rows[1:MAX_CHANGES]
    figures = [facts.action_figure(row, "trend", "points", bounds="trend") for row in (row, *others)]
    segment = f"{row['stage']}/{row['touchpoint']}"
    weeks = facts.weeks("negative_share", dimension="stage_touchpoint", segment=segment)
    start = step_week(weeks, up=kind == "worse")
    text = t(f"summary.{kind}", cell=_cell(facts, row), points=size(facts, figures[0]))
    if start is not None:
        text = t("sentences", first=text, second=t(f"summary.{kind}.since", week=t.day(start)))
    if others:
        items = [
            t("summary.also.item", cell=_cell(facts, other), points=size(facts, figure))
            for other, figure in zip(others, figures[1:], strict=True)
        ]
        text = t("sentences", first=text, second=t("summary.also", list=t("alt.separator").join(items)))
    return _item(facts, kind, text, tuple(figures))


def _cell(facts: Facts, row: Row) -> str:
    return facts.cell(row["stage"], row["touchpoint"])


def _going_well(facts: Facts) -> tuple[SummaryItem, ...]:
    t = facts.texts
    best: tuple[str, Figure] | None = None
    for touchpoint in facts.segments("touchpoint"):
        net = facts.metric("net_sentiment", dimension="touchpoint", segment=touchpoint)
        sure = net is not None and not net.small and net.low is not None and net.low > 0
        if net is not None and sure and touchpoint != "overall" and (best is None or net.value > best[1].value):
            best = touchpoint, net
    if best is None:
        return ()
    touchpoint, net = best
    share = facts.metric("positive_share", dimension="touchpoint", segment=touchpoint)
    if share is None:
        return ()
    name = facts.name("touchpoint", touchpoint)
    text = t("summary.good", touchpoint=name, share=full(facts, share), net=full(facts, net))
    return (_item(facts, "good", text, (share, net)),)


def _cautions(facts: Facts, comments: Figure) -> tuple[SummaryItem, ...]:
    t = facts.texts
    items = []
    if comments.value < facts.config.metrics.small_n:
        text = t("summary.caution.small", comments=t.noun("comments", comments.value))
        items.append(_item(facts, "caution", text, (comments,)))
    dated = len(facts.column("fact_feedback", "occurred_date"))
    if dated == 0:
        items.append(_item(facts, "caution", t("summary.caution.undated"), ()))
    return (*items, *_quarantine(facts))


def _quarantine(facts: Facts) -> tuple[SummaryItem, ...]:
    """Said in the summary only where it matters: at least one row in ten was unusable."""
    t = facts.texts
    if facts.run is None:
        return ()
    rows, quarantined = facts.run_count("rows"), facts.run_count("quarantined")
    if quarantined.value == 0 or quarantined.value * 10 < rows.value:
        return ()
    text = t("summary.caution.quarantine", rows=t.noun("rows", rows.value), quarantined=quarantined.text)
    return (_item(facts, "caution", text, (rows, quarantined)),)


def scale_of(facts: Facts, metric: str) -> str:
    """What a score's values mean: its ends, and for CES its direction (metrics turn it so that higher is easier)."""
    t = facts.texts
    if metric in ("nps", "csat"):
        return t(f"scale.{metric}")
    name = "rating" if metric == "rating_mean" else metric
    lows, highs = facts.column("fact_feedback", f"{name}_low"), facts.column("fact_feedback", f"{name}_high")
    scales = set(zip(lows, highs, strict=True))
    low, high = scales.pop() if len(scales) == 1 else (0.0, 100.0)
    key = "scale.ces" if metric == "ces" else "scale.range"
    return t(key, low=f"{low:g}", high=f"{high:g}")
