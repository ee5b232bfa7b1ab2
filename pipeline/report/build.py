"""From the tables of a snapshot to the content of a report, forward: facts, summary, sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.config import Config
from pipeline.report.content import ReportContent, ReportLanguage
from pipeline.report.facts import Facts
from pipeline.report.sections import actions, follow_up, journey, method, scope, touchpoints
from pipeline.report.sections.summary import key_figures, summary
from pipeline.taxonomy import Taxonomy

if TYPE_CHECKING:
    import pandas as pd

SECTIONS = (scope, journey, touchpoints, actions, follow_up, method)
"""In the report's order. Laid out to support GB/T 42509-2023, 7.3, 7.4, 8.1 and 8.3 (our interpretation)."""


def build(
    tables: Mapping[str, pd.DataFrame], *, config: Config, taxonomy: Taxonomy, language: ReportLanguage
) -> ReportContent:
    """The report on the tables of one snapshot (docs/tables.md), in one language.

    Any amount of data gives a report: without comments, dates or scores it says so. Raises ReportError where a table or
    column is missing.
    """
    facts = Facts(tables, config=config, taxonomy=taxonomy, language=language)
    t = facts.texts
    organisation = config.report.organisation
    sections = tuple(module.section(facts, number) for number, module in enumerate(SECTIONS, start=1))
    return ReportContent(
        language=language,
        title=t("title.of", organisation=organisation) if organisation else t("title"),
        subtitle=_subtitle(facts),
        summary_title=t("summary.title"),
        summary=summary(facts),
        key_figures=key_figures(facts),
        contents_word=t("contents"),
        small_word=t("small"),
        skip_word=t("skip"),
        sections=sections,
        footer=_footer(facts),
    )


def _subtitle(facts: Facts) -> str:
    t = facts.texts
    number = facts.count("fact_feedback", "feedback_key").value
    days = facts.column("fact_feedback", "occurred_date")
    if not number:
        return t("subtitle.empty")
    comments = t.noun("comments", number)
    if not days:
        return t("subtitle.undated", comments=comments)
    return t("subtitle.dated", start=t.day(min(days)), end=t.day(max(days)), comments=comments)


def _footer(facts: Facts) -> str:
    t = facts.texts
    if facts.run is None:
        return t("footer.no_run")
    published = f"{facts.run['published_at']:%Y-%m-%d %H:%M}"
    return t("footer", version=facts.run["code_version"], run=facts.run["run_id"], published=published)
