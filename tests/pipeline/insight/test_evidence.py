from __future__ import annotations

import pandas as pd
import pytest

from pipeline.insight import evidence
from pipeline.tables import TABLES

LATE = ("delivery", "fulfilment")
TASTY = ("usage", "product")
SLOW = [
    "the parcel came a week late and nobody told me",
    "my parcel was a week late, no message at all",
    "parcel five days late and the courier never called",
    "parcel was late again, third time this month",
]
WRONG = ["they sent the wrong colour and size", "wrong item in the box, I ordered a lamp"]
ZH = ["快递晚了一个星期才到，也没人通知", "快递又晚到三天，打电话没人接", "发错货了，我买的是蓝色"]


def _priority(*cells: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stage": [c[0] for c in cells],
            "touchpoint": [c[1] for c in cells],
            "rank": pd.array([1] * len(cells), "Int64"),
        }
    )


def _choose(made, *, count: int = 4, cells=(LATE,)) -> pd.DataFrame:
    return evidence.choose(made.feedback, made.units, _priority(*cells), count=count)


@pytest.fixture
def made(story):
    made = story()
    for number, text in enumerate([*SLOW, *WRONG]):
        made.say(f"en{number}", "negative", LATE, text)
    for number, text in enumerate(ZH):
        made.say(f"zh{number}", "negative", LATE, text, language="zh")
    made.say("glad", "positive", LATE, "parcel came early, thank you")
    made.say("other", "negative", TASTY, "the soup was cold and salty")
    return made


def test_both_languages_and_only_complaints_of_the_cell(made) -> None:
    quotes = _choose(made)
    assert len(quotes) == 4
    assert set(quotes["language"]) == {"zh", "en"}
    assert set(quotes["text"]) <= {*SLOW, *WRONG, *ZH}
    assert quotes["evidence_rank"].tolist() == [1, 2, 3, 4]


def test_representative_first_then_different(made) -> None:
    texts = _choose(made, count=6)["text"].tolist()
    first_english = next(text for text in texts if text in SLOW + WRONG)
    assert first_english in SLOW, "most complaints are about late parcels"
    assert set(texts) & set(WRONG), "but not all quotes say the same"


def test_one_quote_per_respondent(story) -> None:
    made = story()
    for text in SLOW:
        made.say("same", "negative", LATE, text)
    assert len(_choose(made)) == 1


def test_no_near_duplicates(story) -> None:
    made = story()
    for number in range(5):
        made.say(f"r{number}", "negative", LATE, "The parcel came a week LATE" + "!" * number)
        made.say(f"s{number}", "negative", LATE, "快递晚了一个星期" + "。" * number, language="zh")
    quotes = _choose(made)
    assert len(quotes) == 2
    assert set(quotes["language"]) == {"zh", "en"}


def test_quotes_can_be_read_at_a_glance(story) -> None:
    made = story()
    for number, text in enumerate(SLOW[:3]):
        made.say(f"r{number}", "negative", LATE, text)
    made.say("short", "negative", LATE, "late")
    made.say("long", "negative", LATE, "the parcel was late " * 40)
    assert set(_choose(made)["text"]) == set(SLOW[:3])


def test_better_an_odd_quote_than_none(story) -> None:
    made = story().say("short", "negative", LATE, "late").say("mask", "negative", LATE, "[PHONE] [ORDER_ID]")
    assert _choose(made)["text"].tolist() == ["late"]


def test_same_quotes_in_any_order_of_rows(made) -> None:
    mixed = evidence.choose(
        made.feedback.sample(frac=1, random_state=1),
        made.units.sample(frac=1, random_state=2),
        _priority(LATE),
        count=4,
    )
    pd.testing.assert_frame_equal(_choose(made), mixed)


def test_unranked_cells_have_no_evidence(made) -> None:
    table = _priority(LATE, TASTY)
    table.loc[1, "rank"] = pd.NA
    quotes = evidence.choose(made.feedback, made.units, table, count=4)
    assert set(quotes["stage"]) == {"delivery"}


def test_count_bounds_and_one_language(story) -> None:
    made = story()
    for number, text in enumerate(ZH):
        made.say(f"zh{number}", "negative", LATE, text, language="zh")
    assert len(_choose(made, count=1)) == 1
    assert len(_choose(made, count=10)) == 3


@pytest.mark.parametrize(
    ("occurring", "count", "expected"),
    [
        ({"zh": 90, "en": 10}, 4, {"zh": 3, "en": 1}),
        ({"zh": 50, "en": 50}, 4, {"zh": 2, "en": 2}),
        ({"zh": 50, "en": 40, "mixed": 1}, 4, {"zh": 2, "en": 1, "mixed": 1}),
        ({"zh": 9, "en": 1}, 1, {"zh": 1}),
    ],
)
def test_languages_share_the_places(occurring, count: int, expected) -> None:
    from collections import Counter

    assert evidence._shares_of(Counter(occurring), count) == expected


def test_plain_text_for_comparing() -> None:
    assert evidence.plain("Ｌate!!  [PHONE] 晚了，😡") == "late 晚了"


def test_meets_the_contract(made) -> None:
    TABLES["fact_action_evidence"].check(_choose(made))
    TABLES["fact_action_evidence"].check(_choose(made, cells=()))
