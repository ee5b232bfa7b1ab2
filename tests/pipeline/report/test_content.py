"""The content of a report: every number stands in a table, whatever the data; and it says the right things."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.config import Config
from pipeline.errors import ReportError
from pipeline.privacy.kinds import KINDS
from pipeline.report.content import Paragraph
from pipeline.report.facts import Facts

from .reading import CONFIG, LANGUAGES, TAXONOMY, built, check_figures, section, texts, told, words
from .stories import day_of, late, shop
from .tables import Said, comment, published

STAGES, TOUCHPOINTS = TAXONOMY.ids("stage"), TAXONOMY.ids("touchpoint")


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
