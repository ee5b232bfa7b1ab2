"""Answers of the model to the labels of a set, and the places where aspects stand."""

from __future__ import annotations

import pytest

from models.labels import GENERIC, HEADS
from models.public.pairs import NOTHING, Topics, place, placed_pairs, three_way, topics, two_way, unit_at
from models.units import UnitPrediction, make_prediction

from .samples import DISH, SPEED, TEXT, aspect, text, unit


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ([], NOTHING),
        ([unit(DISH, "positive")], "positive"),
        # .8 - .1 for, .1 - .8 against, .3 - .4 more against: -.1
        ([unit(DISH, "positive"), unit(SPEED, "negative"), unit(SPEED, "negative", sure=0.4)], "negative"),
        ([unit(DISH, "positive"), unit(SPEED, "negative")], NOTHING),
        # one sure unit outweighs two that hardly lean: .7 against 2 times .4 - .3
        ([unit(DISH, "positive"), *[unit(SPEED, "negative", sure=0.4)] * 2], "positive"),
        ([unit(DISH, "neutral")], NOTHING),
    ],
)
def test_two_classes_are_the_sign_of_the_summed_lean(units: list[UnitPrediction], expected: str) -> None:
    assert two_way(units, GENERIC) == expected


def leaning(positive: float, neutral: float, negative: float) -> UnitPrediction:
    chances = {head: [1.0 / len(GENERIC.ids(head))] * len(GENERIC.ids(head)) for head in HEADS}
    return make_prediction(0, 5, {**chances, "sentiment": [positive, neutral, negative]}, GENERIC)


def test_two_classes_hear_neutral_units_and_three_do_not() -> None:
    """A neutral unit that leans to negative by .3, and a positive one by .1."""
    units = [leaning(0.1, 0.5, 0.4), leaning(0.4, 0.3, 0.3)]
    assert [u.sentiment.id for u in units] == ["neutral", "positive"]
    assert two_way(units, GENERIC) == "negative"
    assert three_way(units, GENERIC) == "positive"


def test_float_noise_breaks_no_tie() -> None:
    units = [leaning(0.1, 0.9, 0.0), leaning(0.2, 0.8, 0.0), leaning(0.0, 0.7, 0.3)]
    assert 0.1 + 0.2 - 0.3 != 0
    assert two_way(units, GENERIC) == NOTHING


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ([], "neutral"),
        ([unit(DISH, "neutral")], "neutral"),
        ([unit(DISH, "neutral"), unit(SPEED, "negative")], "negative"),
        ([unit(DISH, "positive"), unit(SPEED, "negative", sure=0.6)], "positive"),
        ([unit(DISH, "positive"), unit(SPEED, "negative")], "neutral"),
    ],
)
def test_three_classes(units: list[UnitPrediction], expected: str) -> None:
    assert three_way(units, GENERIC) == expected


@pytest.mark.parametrize(
    ("words", "segment", "expected"),
    [
        ("上菜", None, (5, 7)),
        ("菜", None, None),  # twice
        ("菜", "菜很新鲜", (0, 1)),  # once in its sentence
        ("菜", "上菜", (6, 7)),
        ("汤", None, None),
        (None, None, None),
        ("菜", "汤", None),  # the sentence is not there
    ],
)
def test_place(words: str | None, segment: str | None, expected: tuple[int, int] | None) -> None:
    assert place(TEXT, aspect("positive", words, segment=segment)) == expected


def test_words_that_overlap_themselves_are_not_there_just_once() -> None:
    assert place("哈哈哈", aspect("positive", "哈哈")) is None


def test_the_unit_that_covers_most_of_a_place() -> None:
    dish, speed = unit(DISH, "positive"), unit(SPEED, "negative")
    assert unit_at([dish, speed], (4, 7)) is speed
    assert unit_at([dish, speed], (3, 7)) is dish  # two characters each: the first
    assert unit_at([dish], (5, 7)) is None  # touches, shares nothing
    assert unit_at([], (0, 1)) is None


def test_a_place_counts_once_and_only_with_one_label() -> None:
    given = text(
        aspect("positive", "新鲜", "product"),
        aspect("positive", "新鲜", "product"),
        aspect("positive", "上菜", "fulfilment"),
        aspect("negative", "上菜", "fulfilment"),
        aspect("negative", "离谱", None),
        aspect("negative", "菜", "product"),
        aspect("negative", None, "product"),
    )
    units = [unit(DISH, "negative", "pricing")]

    def label(found: UnitPrediction | None) -> str:
        return found.sentiment.id if found else "none"

    assert placed_pairs(given, units, lambda a: a.polarity, label) == (
        [("positive", "negative"), ("negative", "none")],
        3,  # 上菜 twice, 菜 once
    )
    assert placed_pairs(given, units, lambda a: a.touchpoint, label) == (
        [("product", "negative"), ("fulfilment", "none")],
        2,  # 离谱 has no touchpoint, 菜 no place
    )


def test_a_place_with_a_category_that_is_left_out_is_left_out() -> None:
    for order in (1, -1):
        given = [aspect("positive", "新鲜", "product"), aspect("positive", "新鲜", None)][::order]
        assert placed_pairs(text(*given), [], lambda a: a.touchpoint, lambda u: "none") == ([], 2)


def test_touchpoints_that_a_text_judges() -> None:
    units = [unit(DISH, "positive"), unit(SPEED, "negative", "fulfilment"), unit(SPEED, "neutral", "pricing")]
    judged = text(aspect("positive", None, "product"), aspect("neutral", None, "premises"))
    found = frozenset({"product", "fulfilment"})
    assert topics(judged, units) == (Topics(frozenset({"product"}), found), 0)
    blamed = text(reason="late", touchpoint="fulfilment")
    assert topics(blamed, units) == (Topics(frozenset({"fulfilment"}), frozenset({"fulfilment"})), 0)


def test_texts_that_judge_what_has_no_touchpoint_are_left_out() -> None:
    assert topics(text(aspect("positive", None, "product"), aspect("negative", None, None)), []) == (None, 1)
    assert topics(text(reason="other"), []) == (None, 1)
    # A neutral mention, an aspect without a category, no aspect at all: nothing is judged, nothing left out.
    mention = text(aspect("neutral", None, None), aspect("positive", "新鲜", None, category=None))
    assert topics(mention, []) == (None, 0)
    assert topics(text(), []) == (None, 0)
