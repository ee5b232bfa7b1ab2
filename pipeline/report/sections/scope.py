"""Section 1: what was read, what was set aside, what was masked, and how to read the figures."""

from __future__ import annotations

from collections import Counter

from pipeline.records import QUARANTINE_REASONS
from pipeline.report.content import Block, Bullets, Cell, Column, Figure, Paragraph, Section, Table
from pipeline.report.facts import Facts
from pipeline.report.sections.phrases import cell, confidence, full

BALANCE = ("rows", "new", "updated", "unchanged", "duplicates", "forgotten", "quarantined")
LANGUAGES = ("zh", "en", "mixed", "other")


def section(facts: Facts, number: int) -> Section:
    """Scope and data."""
    t = facts.texts
    blocks: list[Block] = [Bullets((*_counts(facts), *_window(facts), *_period(facts), *_spread(facts)))]
    blocks.append(
        Paragraph(t("scope.reading", confidence=confidence(facts), small_n=facts.config.metrics.small_n), tone="note")
    )
    blocks.extend(_quality(facts))
    if facts.run is not None:
        blocks.append(_balance(facts))
    blocks.extend(_quarantine(facts))
    blocks.extend(_refused(facts))
    blocks.extend(_masked(facts))
    return Section("scope", number, t("scope.title"), "", tuple(blocks))


def _counts(facts: Facts) -> list[Paragraph]:
    t = facts.texts
    comments = facts.count("fact_feedback", "feedback_key")
    opinions = facts.count("fact_opinion_unit", "unit_index")
    text = t("scope.counts", comments=t.noun("comments", comments.value), opinions=t.noun("opinions", opinions.value))
    found = [Paragraph(text, figures=(comments, opinions))]
    silent = facts.count("fact_feedback", "feedback_key", n_units=0, classified=True)
    if silent.value:
        text = t("scope.no_opinion", comments=t.noun("comments", silent.value))
        found.append(Paragraph(text, figures=(silent,)))
    return found + _unclear(facts)


def _unclear(facts: Facts) -> list[Paragraph]:
    """Opinions whose labels the model is not sure of."""
    t = facts.texts
    unclear = facts.count("fact_opinion_unit", "unit_index", low_confidence=True)
    share = facts.metric("low_confidence_share")
    if share is None:
        return []
    text = t("scope.unclear", unclear=t.noun("opinions", unclear.value), share=full(facts, share))
    return [Paragraph(text, figures=(unclear, share))]


def _window(facts: Facts) -> list[Paragraph]:
    """The days the run was limited to, if it was: dim_run.since and dim_run.until."""
    t = facts.texts
    run = facts.run or {}
    days = {name: t.day(run[name]) for name in ("since", "until") if run.get(name) is not None}
    if not days:
        return []
    key = "both" if len(days) == 2 else next(iter(days))
    return [Paragraph(t(f"scope.window.{key}", rows=t("scope.window.rows"), **days))]


def _period(facts: Facts) -> list[Paragraph]:
    t = facts.texts
    days = facts.column("fact_feedback", "occurred_date")
    number = int(facts.count("fact_feedback", "feedback_key").value)
    if not days:
        return [Paragraph(t("scope.undated"))] if number else []
    partial = any(not week.complete for week in facts.weeks("negative_share"))
    text = t(
        "scope.period",
        start=t.day(min(days)),
        end=t.day(max(days)),
        timezone=facts.run["timezone"] if facts.run else facts.config.timezone,
        weeks=t("scope.period.partial") if partial else "",
    )
    undated = number - len(days)
    if undated:
        text = t("sentences", first=text, second=t("scope.partly_dated", undated=t.noun("comments", undated)))
    return [Paragraph(text)]


def _spread(facts: Facts) -> list[Paragraph]:
    """The languages and the sources with their counts."""
    t = facts.texts
    found = []
    languages = [(code, facts.count("fact_feedback", "feedback_key", language=code)) for code in LANGUAGES]
    items = [(t(f"language.{code}"), figure) for code, figure in languages if figure.value]
    if items:
        found.append(_listing(facts, "scope.languages", items))
    other = languages[-1][1]
    if other.value:
        found.append(Paragraph(t("scope.other", comments=t.noun("comments", other.value)), figures=(other,)))
    sources = Counter(facts.column("fact_feedback", "source")).most_common()
    counted = [(name, facts.count("fact_feedback", "feedback_key", source=name)) for name, _ in sources]
    if counted:
        found.append(_listing(facts, "scope.sources", counted))
    return found


def _listing(facts: Facts, key: str, items: list[tuple[str, Figure]]) -> Paragraph:
    t = facts.texts
    words = [t("alt.item", name=name, value=figure.text) for name, figure in items]
    return Paragraph(t(key, list=t.listed(words)), figures=tuple(figure for _, figure in items))


def _quality(facts: Facts) -> list[Block]:
    """The checks of the data that alert, in their own words."""
    t = facts.texts
    alerts = facts.count("fact_quality", "check_id", state="alert")
    if not alerts.value:
        return []
    said = [row[f"message_{t.language}"] for row in facts.rows("fact_quality") if row["state"] == "alert"]
    heading = Paragraph(t("scope.quality", checks=t.noun("checks", alerts.value)), tone="warning", figures=(alerts,))
    return [heading, Bullets(tuple(Paragraph(text) for text in said))]


def _balance(facts: Facts) -> Table:
    """Rows read = new + updated + unchanged + duplicates + forgotten + set aside."""
    t = facts.texts
    figures = [(t(f"balance.{name}"), facts.run_count(name)) for name in BALANCE]
    columns = tuple(Column(name, numeric=True) for name, _ in figures)
    rows = (tuple(cell(figure, facts) for _, figure in figures),)
    return Table("balance", t("scope.balance"), columns, rows)


def _quarantine(facts: Facts) -> list[Block]:
    t = facts.texts
    counts = Counter(facts.column("quarantine", "reason")).most_common()
    if not counts:
        return []
    rows = []
    for reason, _ in counts:
        english, chinese = QUARANTINE_REASONS.get(reason, (reason, reason))
        figure = facts.count("quarantine", "reason", reason=reason)
        rows.append((Cell(chinese if t.language == "zh" else english), cell(figure, facts)))
    columns = (Column(t("column.reason")), Column(t("column.rows"), numeric=True))
    return [Table("quarantine", t("scope.quarantine"), columns, tuple(rows))]


def _refused(facts: Facts) -> list[Block]:
    """Score cells that the latest run left empty, by file and column."""
    t = facts.texts
    counts = facts.run_json("scores_refused") if facts.run is not None else {}
    if not counts:
        return []
    rows = tuple((Cell(place), cell(figure, facts)) for place, figure in counts.items())
    columns = (Column(t("column.place")), Column(t("column.values"), numeric=True))
    return [Table("refused", t("scope.refused"), columns, rows)]


def _masked(facts: Facts) -> list[Block]:
    t = facts.texts
    counts = facts.run_json("masked") if facts.run is not None else {}
    found = {kind: figure for kind, figure in counts.items() if figure.value}
    if not found:
        return [Paragraph(t("scope.masked.none"))]
    rows = []
    for kind, figure in found.items():
        key = f"mask.{kind.lower()}"
        rows.append((Cell(t(key) if t.has(key) else kind), cell(figure, facts)))
    columns = (Column(t("column.kind")), Column(t("column.count"), numeric=True))
    return [Table("masked", t("scope.masked"), columns, tuple(rows))]
