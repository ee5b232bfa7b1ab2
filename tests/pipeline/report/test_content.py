"""The content of a report: every number stands in a table, whatever the data; and it says the right things."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.config import Config
from pipeline.errors import ReportError
from pipeline.report.build import build
from pipeline.report.content import Figure, Paragraph, ReportContent, Source, Week, figures_of
from pipeline.report.facts import Facts
from pipeline.report.sections.follow_up import needed_comments
from pipeline.report.sections.phrases import movers, step_week
from pipeline.taxonomy import load_taxonomy

from .stories import day_of, late, shop
from .tables import Said, Tables, comment, published

TAXONOMY = load_taxonomy()
CONFIG = Config()
LANGUAGES = ("zh", "en")
STAGES, TOUCHPOINTS = TAXONOMY.ids("stage"), TAXONOMY.ids("touchpoint")


def built(tables: Tables, language: Any = "en", config: Config = CONFIG) -> ReportContent:
    return build(tables, config=config, taxonomy=TAXONOMY, language=language)


def looked_up(source: Source, tables: Tables) -> tuple[float, dict[str, Any]]:
    """The number a source points to, by a query of its own, and the row if it is a single one."""
    frame = tables[source.table]
    for column, value in source.where:
        frame = frame[frame[column] == value]
    match source.how:
        case "count":
            return len(frame), {}
        case "sum":
            return float(frame[source.column].sum()), {}
        case "json":
            return json.loads(frame[source.column].item())[source.key], {}
        case "value":
            assert len(frame) == 1
            return float(frame[source.column].item()), dict(frame.iloc[0])
        case other:
            raise AssertionError(other)


def check_figures(content: ReportContent, tables: Tables) -> int:
    figures = list(figures_of(content))
    for figure in figures:
        value, row = looked_up(figure.source, tables)
        assert figure.value == pytest.approx(value)
        if figure.low is not None:
            ends = (
                ("ci_low", "ci_high")
                if figure.source.table == "fact_metric_period"
                else (
                    f"{figure.source.column}_low",
                    f"{figure.source.column}_high",
                )
            )
            assert (figure.low, figure.high) == pytest.approx(tuple(float(row[end]) for end in ends))
        if figure.n is not None:
            assert figure.n == row["n_feedback"]
            assert f"{figure.n:,}" in figure.detail
            assert figure.small == row["small_n"]
    return len(figures)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_of_a_full_report_stands_in_a_table(language: str):
    tables = shop()
    assert check_figures(built(tables, language), tables) > 100


said = st.builds(
    Said,
    text=st.text(max_size=12),
    sentiment=st.sampled_from(TAXONOMY.ids("sentiment")),
    stage=st.sampled_from(STAGES),
    touchpoint=st.sampled_from(TOUCHPOINTS),
)
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
"""Without shrinking: an example takes a second, and the failing call says enough."""
any_comment = st.builds(
    lambda parts, language, day, channel, nps: comment(
        *(parts if language != "other" else ()), language=language, day=day, channel=channel, nps=nps
    ),
    st.lists(said, max_size=3),
    st.sampled_from(("zh", "en", "mixed", "other")),
    st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 25)),
    st.none() | st.sampled_from(("app", "热线", "x" * 60)),
    st.none() | st.integers(0, 10),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=PHASES)
@given(st.lists(any_comment, max_size=8), st.sampled_from(LANGUAGES))
def test_any_data_gives_a_report_whose_numbers_stand_in_the_tables(comments: list[Any], language: str):
    tables = published(comments, small_n=4)
    content = built(tables, language)
    check_figures(content, tables)
    assert content.summary
    assert [section.number for section in content.sections] == [1, 2, 3, 4, 5, 6]
    assert all(section.blocks for section in content.sections)


def texts(content: ReportContent) -> str:
    return " ".join(item.text for item in content.summary)


def section(content: ReportContent, name: str) -> Any:
    return next(part for part in content.sections if part.id == name)


def test_the_summary_says_what_is_worst_for_how_many_and_what_changed_since_when():
    content = built(shop())
    said_ = {item.kind: item.text for item in content.summary}
    start = "Fulfilment & logistics (Delivery stage): criticised in 8 comments, by 33% of respondents"
    assert said_["urgent"].startswith(start)
    assert "Fulfilment & logistics (Delivery stage)" in said_["worse"]
    assert "higher in the second half of the period than in the first, by 100 points" in said_["worse"]
    assert said_["worse"].endswith("By week, the clearest step up comes with the week of 21 Sep 2026.")
    assert "Website & app (Purchase stage)" in said_["better"]
    assert "by 100 points" in said_["better"]
    assert said_["good"].startswith("Product or core service: 100%")


def test_numbers_come_with_interval_and_n():
    content = built(shop(), "zh")
    overall = content.summary[0].text
    negative = Facts(shop(), config=CONFIG, taxonomy=TAXONOMY, language="zh").metric("negative_share")
    assert negative is not None
    assert f"{negative.text}（{negative.detail}）为负面" in overall
    assert negative.detail.endswith("n = 22")


def test_clauses_are_named_as_our_interpretation():
    basis = {part.id: part.basis for part in built(shop()).sections}
    assert basis["touchpoints"] == "Organised to support clause 7.3 of GB/T 42509-2023 (our interpretation)."
    assert "7.4" in basis["actions"]
    assert "8.1 and 8.3" in basis["follow-up"]


def test_actions_show_rank_score_owner_and_quotes():
    content = built(shop())
    actions = section(content, "actions").blocks[-1].items
    assert [action.rank.value for action in actions] == [1, 2]
    first = actions[0]
    assert first.owner == "Head of operations"
    assert [name for name, _ in first.parts] == ["Score", "Reach", "Severity", "Reliability", "Weight"]
    assert first.formula == "score = 100 × weight × reach × severity × reliability"
    assert [quote.feedback_id for quote in first.quotes[:2]] == ["B-0", "B-1"]
    assert len(first.quotes[2].feedback_id) == 32, "without an id of the source the key names the feedback"
    assert first.quotes[0].about == "22 Sep 2026, hotline"
    assert [quote.lang for quote in first.quotes] == ["en", "en", "zh"]


def test_a_quote_stands_within_its_comment():
    content = built(shop())
    actions = section(content, "actions").blocks[-1].items
    quote = next(quote for action in actions for quote in action.quotes if quote.after)
    assert (quote.before, quote.text, quote.after) == ("", "App crashes when I pay.", " The kettle boils fast.")


def test_a_quote_that_is_empty_or_not_in_its_comment_stands_alone():
    tables = shop()
    tables["fact_action_evidence"]["text"] = ["", "elsewhere", *tables["fact_action_evidence"]["text"][2:]]
    quotes = section(built(tables), "actions").blocks[-1].items[0].quotes
    assert [(quote.before, quote.text, quote.after) for quote in quotes[:2]] == [("", "", ""), ("", "elsewhere", "")]


def test_configured_exponents_and_number_of_actions_are_shown():
    config = Config.model_validate({"priority": {"reach": 0.5}, "report": {"actions": 1, "organisation": "Acme"}})
    content = built(shop(), config=config)
    actions = section(content, "actions").blocks[-1].items
    assert len(actions) == 1
    assert "reach^0.5" in actions[0].formula
    assert content.title == "Acme: customer feedback insight report"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_feedback_gives_a_sensible_report(language: str):
    content = built(published([]), language)
    assert len(content.summary) == 1
    assert content.summary[0].text in ("There are no comments to report on yet.", "没有可用的反馈，本报告暂无结论。")
    assert [key.figure.value for key in content.key_figures] == [0, 0]


def test_one_undated_comment_gives_hints_and_no_ranking():
    content = built(published([comment(Said("too slow", "negative", "delivery", "fulfilment"))], min_feedback=5))
    said_ = texts(content)
    assert "100% (20" not in said_, "three comments at least are needed for an interval here"
    assert "With only 1 comment, read all figures as hints." in said_
    assert "The comments carry no dates" in said_
    assert "so nothing is ranked" in said_
    watch = section(content, "actions").blocks[-1]
    assert watch.rows[0][0].text == "Fulfilment & logistics (Delivery stage)"
    assert section(content, "follow-up").blocks == (
        Paragraph("No action is ranked, so there is no baseline to follow up."),
    )


def test_comments_in_other_languages_only():
    content = built(published([comment(language="other", text="สวัสดี"), comment(language="other", text="ขอบคุณ")]))
    assert "No opinion could be classified in 2 comments" in texts(content)
    assert "but not classified: 2 comments." in str(section(content, "scope").blocks)


def test_an_unknown_label_keeps_its_id():
    content = built(published([comment(Said("x", "negative", "onboarding", "robot")) for _ in range(3)]))
    assert "robot (onboarding stage)" in str(section(content, "actions").blocks)


def test_many_unusable_rows_are_said_in_the_summary():
    rows = [{"file": "a.csv", "row": row, "reason": "empty_text"} for row in range(3)]
    content = built(published([late(0, "late")], quarantine=rows))
    assert "Of the 4 rows read in the latest run, 3 could not be used" in texts(content)


@pytest.mark.parametrize("missing", ["fact_feedback", "dim_run", "quarantine"])
def test_a_missing_table_is_named(missing: str):
    tables = shop()
    del tables[missing]
    with pytest.raises(ReportError, match=missing):
        built(tables)


def test_a_missing_column_is_named():
    tables = shop()
    tables["fact_feedback"] = tables["fact_feedback"].drop(columns="occurred_date")
    with pytest.raises(ReportError, match="occurred_date"):
        built(tables)


def week(number: int, value: float | None, *, complete: bool = True, n: int = 10) -> Week:
    figure = None if value is None else Figure(value, "", Source("t", "c"), n=n)
    return Week(date(2026, 9, 7) + timedelta(weeks=number), "", figure, complete)


def test_the_step_is_where_two_levels_part():
    weeks = [
        week(0, 0.7, n=3),
        week(1, 0.2),
        week(2, 0.1, n=2),
        week(3, 0.3),
        week(4, 0.95),
        week(5, 0.75),
        week(6, 0.6),
    ]
    assert step_week(weeks, up=True) == date(2026, 10, 5)
    assert step_week(weeks, up=False) is None or step_week(weeks, up=False) != date(2026, 10, 5)


def test_a_step_skips_partial_weeks_and_weeks_without_data():
    weeks = [week(0, 0.2), week(1, 0.2), week(2, None), week(3, 0.8), week(4, 0.9), week(5, 0.0, complete=False)]
    assert step_week(weeks, up=True) == date(2026, 9, 28)
    assert step_week(weeks, up=False) is None


def test_a_step_needs_two_weeks_on_each_side_and_a_difference():
    assert step_week([week(0, 0.2), week(1, 0.9), week(2, 0.9)], up=True) is None
    assert step_week([week(0, 0.5), week(1, 0.5), week(2, 0.5), week(3, 0.5)], up=True) is None


def trend(low: float, value: float, high: float, *, small: bool = False) -> dict[str, Any]:
    return {"trend": value, "trend_low": low, "trend_high": high, "small_n": small}


def test_the_clearest_change_comes_first_not_the_largest():
    firm, large, small = trend(0.1, 0.2, 0.3), trend(-0.3, 0.6, 0.9), trend(0.4, 0.7, 0.9, small=True)
    assert movers([large, small, firm], "worse") == [firm, large, small]
    assert movers([large, small, firm], "better") == []
    unsure, sure = trend(-0.9, -0.5, 0.1), trend(-0.4, -0.2, -0.1)
    assert movers([unsure, sure], "better") == [sure, unsure]


def test_comments_needed_for_ten_points():
    assert needed_comments(0.5, 0.95) == 97
    assert needed_comments(0.3, 0.95) == 81
    assert needed_comments(0.0, 0.95) == needed_comments(0.1, 0.95) == 35
    assert needed_comments(1.0, 0.8) == 30


def test_weeks_without_data_have_no_figure():
    tables = published([late(0, "a"), late(1, "b"), late(21, "c")])
    facts = Facts(tables, config=CONFIG, taxonomy=TAXONOMY, language="en")
    weeks = facts.weeks("negative_share")
    assert [found.start for found in weeks] == [day_of(0), day_of(7), day_of(14), day_of(21)]
    assert [found.figure is not None for found in weeks] == [True, False, False, True]


def test_nulls_of_every_kind_are_none():
    tables = shop()
    tables["fact_feedback"]["channel"] = pd.array([pd.NA] * len(tables["fact_feedback"]), dtype="string")
    tables["fact_feedback"]["occurred_date"] = pd.NaT
    content = built(tables)
    assert "undated" in content.subtitle
