"""The content of a report: every number stands in a table, whatever the data; and it says the right things."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.config import Config
from pipeline.errors import ReportError
from pipeline.privacy.kinds import KINDS
from pipeline.report.build import build
from pipeline.report.content import Figure, Paragraph, RankChart, ReportContent, Source, Week, figures_of
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


def words(part: object) -> list[str]:
    """Every text of a part of the content."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, tuple):
        return [text for item in part for text in words(item)]
    if is_dataclass(part) and not isinstance(part, Source):
        return [text for field in fields(part) for text in words(getattr(part, field.name))]
    return []


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
    assert basis["follow-up"].startswith("Organised to support clauses 8.1 and 8.3 of")
    assert basis["touchpoints"] == "Organised to support clause 7.3 of GB/T 42509-2023 (our interpretation)."
    assert "7.4" in basis["actions"]


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
    assert first.quotes[0].about == "22 Sep 2026 · hotline"
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
    assert content.subtitle in ("no comments yet", "暂无反馈")
    assert not re.search("date|日期", " ".join(words(section(content, "scope").blocks[:1])))


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


@pytest.mark.parametrize("language", ["zh", "en"])
def test_opinions_the_model_is_not_sure_of_are_counted_in_the_scope(language: str):
    tables = shop()
    unclear = int(tables["fact_opinion_unit"]["low_confidence"].sum())
    said = " ".join(words(section(built(tables, language), "scope")))
    told = "not sure of" if language == "en" else "没有把握"
    assert unclear > 1
    assert told in said
    assert str(unclear) in said[said.index(told) :][:40]


def test_an_unknown_label_keeps_its_id():
    content = built(published([comment(Said("x", "negative", "onboarding", "robot")) for _ in range(3)]))
    assert "robot (onboarding stage)" in str(section(content, "actions").blocks)


def test_the_share_of_respondents_is_said_of_respondents_in_chinese():
    content = built(shop(), "zh")
    why = section(content, "actions").blocks[-1].items[0].why.text
    for text in (texts(content), why):
        assert "8 条反馈在此表达不满，涉及 33% 的受访者；" in text
        assert "占受访者" not in text


def told(number: int, sentiment: str, stage: str, touchpoint: str, **fields: Any) -> list[Any]:
    return [comment(Said("x", sentiment, stage, touchpoint), **fields) for _ in range(number)]


def reading(comments: list[Any], name: str, language: Any = "en", small_n: int = 30) -> str:
    """The first sentences of a section; its figures stand in the tables."""
    tables = published(comments, small_n=small_n)
    content = built(tables, language)
    check_figures(content, tables)
    return str(section(content, name).blocks[0].text)


def test_stages_with_an_interval_are_compared_before_those_without():
    comments = [
        *told(1, "negative", "awareness", "digital"),
        *told(4, "negative", "delivery", "fulfilment"),
        *told(4, "positive", "usage", "product"),
    ]
    text = reading(comments, "journey")
    assert text.startswith(
        "Among the journey stages with enough respondents for an interval, net sentiment is lowest for"
    )
    assert "lowest for Delivery, at −100 (" in text
    assert "Awareness" not in text
    assert reading(comments, "journey", "zh").startswith("在样本足以估计区间的旅程阶段中，净情感最低的是交付 −100（")


def test_stages_with_enough_respondents_are_named_as_the_ones_compared():
    comments = [
        *told(6, "negative", "delivery", "fulfilment"),
        *told(6, "positive", "usage", "product"),
        *told(4, "negative", "purchase", "digital"),
        *told(1, "neutral", "unspecified", "overall"),
    ]
    text = reading(comments, "journey", small_n=5)
    # This configuration says 30; the tables decide what is few.
    assert text.startswith(
        "Among the journey stages with at least 30 respondents, net sentiment is lowest for Delivery"
    )
    assert text.endswith("Opinions that name no stage are not part of this comparison.")
    assert reading(comments, "journey", "zh", small_n=5).endswith("未指明阶段的观点不参与这一比较。")


def test_no_stage_is_called_lowest_alone_where_several_are():
    comments = [
        *told(4, "negative", "delivery", "fulfilment"),
        *told(4, "negative", "support", "fulfilment"),
        *told(4, "positive", "usage", "product"),
    ]
    text = reading(comments, "journey")
    assert re.search(r"lowest for Delivery, at −100 \(.*\) and [^;]+, at −100 \(.*\); it is highest for Usage", text)
    assert re.search(r"最低的是交付 −100（.*）、[^，]+ −100（.*），最高的是使用", reading(comments, "journey", "zh"))


def test_many_stages_of_equal_rank_are_counted():
    low = [told(3, "negative", stage, "digital") for stage in ("awareness", "purchase", "delivery", "support")]
    comments = [*(item for part in low for item in part), *told(3, "positive", "usage", "product")]
    assert "lowest for 4 stages, at −100 each; it is highest for Usage" in reading(comments, "journey")
    assert "净情感最低的是 4 个阶段，均为 −100，最高的是使用" in reading(comments, "journey", "zh")


def test_equal_stages_are_called_the_same_and_a_single_one_the_only_one():
    comments = [*told(3, "negative", "delivery", "fulfilment"), *told(3, "negative", "usage", "product")]
    assert "net sentiment is the same everywhere: Delivery, at −100" in reading(comments, "journey")
    assert "净情感并列的是交付 −100" in reading(comments, "journey", "zh")
    assert "there is only Delivery to judge by" in reading(comments[:3], "journey")


def test_no_touchpoint_is_called_the_most_alone_where_several_are():
    comments = [
        *told(4, "negative", "delivery", "fulfilment"),
        *told(4, "negative", "usage", "product"),
        *told(9, "positive", "usage", "overall"),
    ]
    text = reading(comments, "touchpoints")
    assert re.search(r"^Most spoken of: [^()]+ \(4 comments\) and [^()]+ \(4 comments\)\. Among the touchpoints", text)
    assert re.search(
        r"highest for [^,]+, at 100% \([^)]*\) and [^,]+, at 100% \([^)]*\); no opinion is positive\.", text
    )
    assert text.endswith("“Overall” is no touchpoint of its own and is not compared.")
    chinese = reading(comments, "touchpoints", "zh")
    assert re.search("^提及最多的触点：[^、]+（4 条反馈）、[^、]+（4 条反馈）。", chinese)
    assert "；没有正面观点。“整体”不是具体触点" in chinese


@pytest.mark.parametrize(
    ("language", "told_week", "about"),
    [
        ("en", r"comments about this part: some 4 weeks at the rate so far", "around"),
        ("zh", r"条提及该环节的反馈之后；按此前的反馈量约需 4 周", "前后"),
    ],
)
def test_no_day_to_look_again_before_the_day_of_publication(language: str, told_week: str, about: str):
    def cells(first: int) -> str:
        comments = [late(first + number % 5, "late") for number in range(40)]
        return str(section(built(published(comments), language), "follow-up").blocks[1].rows[0][2].text)

    old, new = cells(0), cells(60)
    assert re.search(f"{told_week}$", old), "the run was published on 2 November; the day would be 9 October"
    assert re.search(told_week, new)
    assert about in new


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_single_ranked_action_claims_no_order(language: str):
    tables = published(told(4, "negative", "delivery", "fulfilment"))
    content = built(tables, language)
    check_figures(content, tables)
    actions = section(content, "actions")
    said_ = " ".join(words(actions))
    assert not re.search(r"(?<!\d)1–1(?!\d)|throughout|drawn again|区间内不变|重新抽样", said_)
    assert not [block for block in actions.blocks if isinstance(block, RankChart)]
    assert re.search("Only one part of the journey has 5 or more|只有一个环节达到 5 位", said_)


def segments_note(comments: list[Any], language: Any) -> str:
    blocks = section(built(published(comments), language), "journey").blocks
    place = next(index for index, block in enumerate(blocks) if getattr(block, "id", "") == "segments")
    return str(blocks[place + 1].text)


def test_the_note_on_groups_names_what_is_compared():
    regions = [late(0, "late", region="north"), late(0, "late", region="south")]
    assert segments_note(regions, "en").startswith("The groups by region can hold different customers")
    assert segments_note(regions, "zh").startswith("按地区划分的各组，客户构成可能不同，因此组间差异未必来自地区本身。")


def test_the_note_on_questions_claims_no_different_customers():
    asked = [late(0, "late", question="Why?"), late(0, "late", question="What else?")]
    english, chinese = segments_note(asked, "en"), segments_note(asked, "zh")
    assert "may have been answered by the same customers" in english
    assert "different customers" not in english
    assert "可能由同一批客户回答" in chinese
    assert "客户构成" not in chinese


@pytest.mark.parametrize(("number", "said_"), [(11, "1 smaller group is not shown."), (12, "2 smaller groups are not")])
def test_groups_left_out_are_counted_without_a_table_name(number: int, said_: str):
    content = built(published([late(0, "late", product=f"p{index:02}") for index in range(number)]))
    assert said_ in " ".join(words(section(content, "journey")))
    assert "fact_" not in " ".join(words(content))


@pytest.mark.parametrize(
    ("since", "until", "english", "chinese"),
    [
        (
            day_of(0),
            day_of(9),
            "from 7 Sep 2026 to 16 Sep 2026, both days included",
            "2026年9月7日至2026年9月16日（含首尾两日）",
        ),
        (day_of(0), None, "from 7 Sep 2026 on", "2026年9月7日及以后"),
        (None, day_of(9), "up to and including 16 Sep 2026", "2026年9月16日及以前"),
    ],
)
def test_the_window_of_the_run_is_said(since: Any, until: Any, english: str, chinese: str):
    tables = published([late(0, "late")], since=since, until=until)
    in_english, in_chinese = (" ".join(words(section(built(tables, name), "scope"))) for name in ("en", "zh"))
    assert f"The report holds only comments {english}; comments without a date are not in it." in in_english
    assert f"本报告只含 {chinese}的反馈，没有日期的反馈不在其中。" in in_chinese


def test_an_open_window_is_not_said():
    tables = published([late(0, "late")])
    assert "holds only" not in " ".join(words(built(tables)))
    tables["dim_run"] = tables["dim_run"].drop(columns=["since", "until"])
    assert built(tables).sections, "snapshots of earlier versions have no window"


def test_rows_set_aside_are_said_to_be_of_earlier_runs_too():
    captions = {name: " ".join(words(section(built(shop(), name), "scope"))) for name in ("en", "zh")}
    assert "Rows set aside in the latest and earlier runs, and why" in captions["en"]
    assert "最近一次及以前的运行中被隔离的行及原因" in captions["zh"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_with_too_few_complaints_is_named_with_its_number(language: str):
    places = [(stage, touchpoint) for stage in ("purchase", "usage") for touchpoint in TOUCHPOINTS[:6]]
    few = [part for place in places for part in told(1, "negative", *place)]
    tables = published([*told(5, "negative", "delivery", "fulfilment"), *few, *told(2, "positive", "usage", "product")])
    content = built(tables, language)
    check_figures(content, tables)
    *_, note, watch, rest = section(content, "actions").blocks
    assert re.search("^12 more parts of the journey have fewer than 5 respondents|^另有 12 个环节", note.text)
    assert len(watch.rows) == 10
    assert len(rest.figures) == 2
    facts = Facts(tables, config=CONFIG, taxonomy=TAXONOMY, language=language)
    for place in places:
        assert facts.cell(*place) in " ".join(words((watch, rest)))


@pytest.mark.parametrize(
    ("comments", "english", "chinese"),
    [
        (
            [late(0, "late")],
            "No part of the journey has enough comments in each half",
            "没有环节在前后两半期各有足够的反馈",
        ),
        (
            told(1, "negative", "delivery", "fulfilment"),
            "The comments carry no dates, so the halves",
            "反馈没有日期，因此无法",
        ),
        (
            [late(day, "late") for day in (0, 0, 0, 9, 9, 9)],
            "the negative share is the same in both",
            "前后两半期的负面占比相同",
        ),
    ],
)
def test_why_no_change_is_shown(comments: list[Any], english: str, chinese: str):
    tables = published(comments)
    for language, said_ in (("en", english), ("zh", chinese)):
        assert said_ in " ".join(words(section(built(tables, language), "touchpoints")))


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


def test_scores_left_empty_are_counted_by_place():
    tables = published([late(0, "late")], scores_refused={"a.csv: NPS": 3})
    in_english, in_chinese = (section(built(tables, name), "scope") for name in ("en", "zh"))
    assert "Scores left empty because they are not on their scale (the comments are kept)" in words(in_english)
    assert "因不在量表内而留空的分值（反馈本身保留）" in words(in_chinese)
    assert "a.csv: NPS" in words(in_english)
    assert "Scores left empty" not in " ".join(words(section(built(published([late(0, "late")]), "en"), "scope")))


def test_every_kind_of_masked_data_has_a_name_in_both_languages():
    tables = published([late(0, "late")], masked=dict.fromkeys(KINDS, 2))
    for language in ("en", "zh"):
        said_ = words(section(built(tables, language), "scope"))
        assert not set(KINDS) & set(said_)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_check_in_alert_is_said_in_the_scope_and_others_are_not(language):
    def finding(name: str, state: str) -> dict[str, Any]:
        words = {"message_zh": f"{name}：中文", "message_en": f"{name}: English"}
        return {"check_id": name, "check": name, "state": state, "n": 9, **words}

    quality = [finding("silence", "ok"), finding("set_aside", "alert"), finding("score_shift", "cannot_tell")]
    tables = shop()
    content = built({**tables, "fact_quality": pd.DataFrame(quality)}, language)
    scope = next(section for section in content.sections if section.id == "scope")
    texts = [block.text for block in scope.blocks if isinstance(block, Paragraph) and block.tone == "warning"]
    assert len(texts) == 1
    assert "1" in texts[0]
    said = str(scope)
    assert ("set_aside：中文" if language == "zh" else "set_aside: English") in said
    assert "silence" not in said
    assert "score_shift" not in said
    fine = str(built({**tables, "fact_quality": pd.DataFrame(quality[:1])}, language))
    assert "fact_quality" not in fine
