"""Scores against hand-made units. Expected figures come from an independent scorer, run once on the same
units.
"""

import math

import pytest

from models.scoring import Answer, Tally, accuracy, end_to_end_f1, iou, macro_f1, match, tally, unit_f1


def unit(start: int, end: int, sentiment: str = "positive", touchpoint: str = "product") -> Answer:
    intent = {"positive": "praise", "negative": "complaint"}.get(sentiment, "question")
    return Answer(start, end, sentiment, "usage", touchpoint, intent)


GOLD = [
    [unit(0, 10), unit(10, 30, "negative", "fulfilment")],
    [unit(0, 8, "neutral", "support")],
    [],
    *[[unit(0, 5), unit(6, 12, "negative", "pricing")] for _ in range(6)],
]
PREDICTED = [
    [unit(0, 12), unit(12, 30, "positive", "fulfilment")],
    [unit(0, 4, "neutral", "support"), unit(4, 8, "neutral", "support")],
    [unit(0, 3)],
    *[[unit(0, 5, touchpoint="pricing" if n < 2 else "product"), unit(6, 12, "negative", "pricing")] for n in range(5)],
    [unit(0, 12)],
]


@pytest.fixture
def tallies() -> list[Tally]:
    return [tally(g, p) for g, p in zip(GOLD, PREDICTED, strict=True)]


def test_overlap() -> None:
    assert iou(unit(0, 10), unit(5, 15)) == pytest.approx(1 / 3)
    assert iou(unit(0, 10), unit(10, 15)) == 0


def test_best_overlap_is_matched_first_and_each_unit_once() -> None:
    assert match([unit(0, 10), unit(4, 10)], [unit(4, 10)]) == [(1, 0)]


def test_half_is_a_match() -> None:
    assert match([unit(0, 8)], [unit(0, 4)]) == [(0, 0)]
    assert match([unit(0, 8)], [unit(0, 3)]) == []


def test_figures(tallies: list[Tally]) -> None:
    assert unit_f1(tallies) == pytest.approx(0.9032258065)
    assert accuracy(tallies, "sentiment") == pytest.approx(0.8571428571)
    assert accuracy(tallies, "touchpoint") == pytest.approx(0.7857142857)
    assert end_to_end_f1(tallies, "touchpoint") == pytest.approx(0.7096774194)
    assert macro_f1(tallies, "sentiment") == pytest.approx(0.8452380952)
    assert macro_f1(tallies, "touchpoint") == pytest.approx(0.7482517483)


def test_nothing_to_score() -> None:
    assert unit_f1([]) == 0
    assert math.isnan(macro_f1([], "stage"))
