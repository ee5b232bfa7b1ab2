"""Section 4: the prioritised optimisation actions with all that speaks for them (7.4, our interpretation)."""

from __future__ import annotations

from dataclasses import replace

from pipeline.report.content import (
    Action,
    Actions,
    Block,
    Cell,
    Column,
    Figure,
    Paragraph,
    Quote,
    RankChart,
    RankRow,
    Section,
    Table,
)
from pipeline.report.facts import Facts, Row
from pipeline.report.sections.phrases import cell, change, confidence, full

WATCHED = 10
"""Parts with too few complaints to rank that get a line of a table each; the others are named in a sentence."""
LANGUAGE_TAGS = {"zh": "zh", "en": "en"}


def section(facts: Facts, number: int) -> Section:
    """Prioritised optimisation actions."""
    t = facts.texts
    shown = shown_actions(facts)
    ranked = len(facts.ranked)
    unranked = [row for row in facts.actions if row["rank"] is None and row["n_negative_feedback"] > 0]
    minimum = facts.config.priority.min_feedback
    blocks: list[Block] = []
    if shown:
        blocks.append(_intro(facts))
        if ranked > 1:
            blocks.append(_chart(facts, shown))
        blocks.append(_overview(facts, shown))
        if ranked > len(shown):
            blocks.append(Paragraph(t("actions.shown", ranked=ranked, shown=len(shown)), tone="note"))
        blocks.append(_actions(facts, shown))
        if unranked:
            blocks.append(Paragraph(t.noun("actions.unranked", len(unranked), minimum=minimum)))
    else:
        blocks.append(Paragraph(t("actions.none", minimum=minimum)))
    blocks += _watch(facts, unranked)
    return Section("actions", number, t("actions.title"), t("basis", clause="7.4"), tuple(blocks))


def shown_actions(facts: Facts) -> list[Row]:
    """The ranked rows of fact_action_priority that the report shows, in order."""
    return facts.ranked[: facts.config.report.actions]


def anchor(row: Row) -> str:
    """The id of an action within the report."""
    return f"action-{row['stage']}-{row['touchpoint']}"


def _intro(facts: Facts) -> Paragraph:
    t = facts.texts
    kind = "order" if len(facts.ranked) > 1 else "one"
    first = t(f"actions.intro.{kind}", minimum=facts.config.priority.min_feedback)
    return Paragraph(t("sentences", first=first, second=t("actions.intro.playbook")))


def _chart(facts: Facts, rows: list[Row]) -> RankChart:
    t = facts.texts
    bars = tuple(_bar(facts, row) for row in rows)
    items = [t("alt.item", name=bar.label, value=bar.value) for bar in bars]
    alt = t("actions.chart.alt", list=t("alt.separator").join(items))
    return RankChart("ranking", t("actions.chart"), alt, bars, t("actions.chart.axis"))


def _bar(facts: Facts, row: Row) -> RankRow:
    rank, few = facts.rank(row), bool(row["small_n"])
    value = full(facts, replace(rank, small=few))
    return RankRow(facts.cell(row["stage"], row["touchpoint"]), rank, _score(facts, row), few, value)


def _score(facts: Facts, row: Row) -> Figure:
    return facts.action_figure(row, "score", "priority", n="")


def _overview(facts: Facts, rows: list[Row]) -> Table:
    t = facts.texts
    owner = f"owner_{t.language}"
    lines = tuple(
        (
            Cell(facts.cell(row["stage"], row["touchpoint"]), link=anchor(row)),
            cell(facts.rank(row), facts),
            cell(_score(facts, row), facts),
            cell(facts.action_figure(row, "n_negative_feedback", "count", n=""), facts),
            cell(facts.action_figure(row, "negative_share", "share", bounds="negative_share"), facts),
            Cell(str(row[owner])),
        )
        for row in rows
    )
    columns = (
        Column(t("column.where")),
        Column(t("column.rank"), numeric=True),
        Column(t("column.score"), numeric=True, minor=True),
        Column(t("column.negative_comments"), numeric=True),
        Column(t("metric.negative_share"), numeric=True),
        Column(t("column.owner"), minor=True),
    )
    return Table("overview", t("actions.table"), columns, lines)


def _watch(facts: Facts, rows: list[Row]) -> list[Block]:
    """All parts with complaints that are too few to rank, by name: a single complaint may weigh a lot."""
    if not rows:
        return []
    listed, rest = rows[:WATCHED], rows[WATCHED:]
    return [_watch_table(facts, listed), *([_watch_rest(facts, rest)] if rest else [])]


def _watch_rest(facts: Facts, rows: list[Row]) -> Paragraph:
    t = facts.texts
    counts = [facts.action_figure(row, "n_negative_feedback", "count", n="") for row in rows]
    names = [facts.cell(row["stage"], row["touchpoint"]) for row in rows]
    items = [t("alt.item", name=name, value=count.text) for name, count in zip(names, counts, strict=True)]
    text = t("actions.watch.rest", list=t("alt.separator").join(items))
    return Paragraph(text, figures=tuple(counts))


def _watch_table(facts: Facts, rows: list[Row]) -> Table:
    t = facts.texts
    lines = tuple(
        (
            Cell(facts.cell(row["stage"], row["touchpoint"])),
            cell(facts.action_figure(row, "n_negative_feedback", "count", n=""), facts),
            cell(facts.action_figure(row, "negative_share", "share", bounds="negative_share"), facts),
        )
        for row in rows
    )
    columns = (
        Column(t("column.where")),
        Column(t("column.negative_comments"), numeric=True),
        Column(t("metric.negative_share"), numeric=True),
    )
    return Table("watch", t("actions.watch"), columns, lines)


def _actions(facts: Facts, rows: list[Row]) -> Actions:
    t = facts.texts
    evidence: dict[tuple[str, str], list[Row]] = {}
    for quote in sorted(facts.rows("fact_action_evidence"), key=lambda row: int(row["evidence_rank"])):
        evidence.setdefault((quote["stage"], quote["touchpoint"]), []).append(quote)
    return Actions(
        tuple(_action(facts, row, evidence.get((row["stage"], row["touchpoint"]), [])) for row in rows),
        todo_word=t("actions.word.todo"),
        owner_word=t("actions.word.owner"),
        score_word=t("actions.word.score"),
        id_word=t("actions.word.id"),
    )


def _action(facts: Facts, row: Row, evidence: list[Row]) -> Action:
    t = facts.texts
    rank = facts.rank(row)
    found = change(facts, row)
    trend = None
    if found is not None:
        text = t("actions.trend", change=full(facts, found[0], points=True), verdict=found[1])
        trend = Paragraph(text, figures=(found[0],))
    quotes = tuple(_quote(facts, item) for item in evidence)
    return Action(
        id=anchor(row),
        rank=rank,
        rank_word=t("actions.word.rank", rank=rank.text),
        title=facts.cell(row["stage"], row["touchpoint"]),
        action=str(row[f"action_{t.language}"]),
        owner=str(row[f"owner_{t.language}"]),
        why=_why(facts, row, rank),
        trend=trend,
        parts=_parts(facts, row),
        formula=_formula(facts),
        quotes=quotes,
        evidence_word=t.noun("actions.word.evidence", len(quotes)) if quotes else t("actions.no_evidence"),
        small=bool(row["small_n"]),
    )


def _why(facts: Facts, row: Row, rank: Figure) -> Paragraph:
    t = facts.texts
    negative = facts.action_figure(row, "n_negative_feedback", "count", n="")
    reach = facts.action_figure(row, "reach", "share", n="")
    units = facts.action_figure(row, "n_units", "count", n="")
    share = facts.action_figure(row, "negative_share", "share", bounds="negative_share")
    net = facts.action_figure(row, "net_sentiment", "net", bounds="net_sentiment")
    text = t(
        "actions.why",
        negative=t.noun("comments", negative.value),
        reach=reach.text,
        opinions=t.noun("opinions", units.value),
        share=full(facts, share),
        net=full(facts, net),
        rank=_rank_words(facts, rank),
    ).rstrip()
    return Paragraph(text, figures=(negative, reach, units, share, net, rank))


def _rank_words(facts: Facts, rank: Figure) -> str:
    t = facts.texts
    if rank.low is None or rank.high is None:
        return ""
    if rank.low == rank.high:
        return t("actions.why.rank_firm", confidence=confidence(facts))
    ends = {"low": t.value(rank.low, "rank"), "high": t.value(rank.high, "rank")}
    return t("actions.why.rank", confidence=confidence(facts), **ends)


def _parts(facts: Facts, row: Row) -> tuple[tuple[str, Figure], ...]:
    t = facts.texts
    parts = [(t("actions.part.score"), _score(facts, row))]
    for name in ("reach", "severity", "reliability", "weight"):
        parts.append((t(f"actions.part.{name}"), facts.action_figure(row, name, "factor", n="")))
    return tuple(parts)


def _formula(facts: Facts) -> str:
    priority = facts.config.priority
    exponents = {"reach": priority.reach, "severity": priority.severity, "reliability": priority.reliability}
    shown = {name: "" if value == 1 else f"^{value:g}" for name, value in exponents.items()}
    return facts.texts("actions.formula", **shown)


def _quote(facts: Facts, row: Row) -> Quote:
    t = facts.texts
    text, context = str(row["text"]), str(row["context"])
    before, found, after = context.partition(text) if text else ("", "", "")
    about = [t.day(row["occurred_date"])] if row["occurred_date"] else []
    about += [str(row["channel"])] if row["channel"] else []
    return Quote(
        text=text,
        before=before if found else "",
        after=after,
        feedback_id=str(row["external_id"] or row["feedback_key"]),
        about=" · ".join(about),
        lang=LANGUAGE_TAGS.get(row["language"], ""),
    )
