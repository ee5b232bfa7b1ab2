"""What a report says of comparisons, groups and order, and what it must not claim."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipeline.report.content import RankChart

from .reading import LANGUAGES, TAXONOMY, built, check_figures, reading, section, told, words
from .stories import late
from .tables import published

STAGES, TOUCHPOINTS = TAXONOMY.ids("stage"), TAXONOMY.ids("touchpoint")


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
