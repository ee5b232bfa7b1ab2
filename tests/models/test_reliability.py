"""Calibration and coverage of hand-made cases."""

import numpy as np
import pytest

from models.cases import Case, run
from models.gold import GoldText, GoldUnit
from models.labels import GENERIC, HEADS
from models.reliability import calibration, calibration_error, certainties, coverage, expected_error
from models.units import UnitPrediction, make_prediction

TEXT = "味道不错，但是送餐太慢。"
GOOD = ("positive", "usage", "product", "praise")
LATE = ("negative", "delivery", "fulfilment", "complaint")
GOLD = GoldText("g", "zh", "own", "", "own", "g", TEXT, (GoldUnit(0, 5, *GOOD), GoldUnit(5, 12, *LATE)), "test")


def unit(start: int, end: int, *labels: str, score: float = 0.9) -> UnitPrediction:
    """Every label with probability `score`."""
    heads = zip(HEADS, labels, strict=True)
    return make_prediction(
        start, end, {h: [score if i == label else 0 for i in GENERIC.ids(h)] for h, label in heads}, GENERIC
    )


def case(*units: UnitPrediction) -> Case:
    class Fixed:
        model_id, labels = "fixed-1", GENERIC

        def predict(self, texts, *, progress=None):
            return [list(units) for _ in texts]

    (made,) = run(Fixed(), [GOLD])
    return made


FOUND = unit(0, 4, *GOOD)
MISLED = unit(5, 12, "negative", "delivery", "product", "complaint")
LOST = unit(2, 4, *GOOD)  # matches no gold unit


@pytest.mark.parametrize(("score", "error"), [(0.95, 0.05), (0.25, 0.75)])
def test_error_of_labels_that_are_all_right(score: float, error: float) -> None:
    sure = case(unit(0, 5, *GOOD, score=score), unit(5, 12, *LATE, score=score))
    assert calibration_error([sure], "stage").value == pytest.approx(error)


def test_error_over_two_bins_is_weighted_by_their_size() -> None:
    mixed = case(unit(0, 5, *GOOD, score=0.25), unit(5, 12, *LATE, score=0.75))
    assert calibration_error([mixed], "stage").value == pytest.approx((0.75 + 0.25) / 2)


def test_error_has_an_interval_over_feedbacks() -> None:
    """Right in half of the feedbacks, sure by three quarters."""
    right, wrong = case(unit(0, 5, *GOOD, score=0.75)), case(unit(0, 5, *LATE, score=0.75))
    found = calibration_error([right, wrong] * 20, "stage")
    assert found.value == pytest.approx(0.25)
    assert found.low < 0.15
    assert found.high > 0.35


def test_error_of_nothing_is_not_0() -> None:
    row = calibration({"all": [case()]}).splitlines()[2]
    assert row == "| all | sentiment | 0 | - | - | - | - |"


def test_expected_error_is_that_of_calibrated_labels() -> None:
    """n equal probabilities p: the mean of |x / n - p| for x of Binomial(n, p), about sqrt(2 p (1 - p) / (pi n))."""
    assert expected_error(np.full(400, 0.8)) == pytest.approx((2 * 0.8 * 0.2 / (np.pi * 400)) ** 0.5, rel=0.08)
    assert expected_error(np.ones(50)) == 0


def row(cases: list[Case], threshold: str) -> str:
    (found,) = [line for line in coverage({"all": cases}).splitlines() if f"| {threshold} |" in line]
    return found


def test_both_units_are_flagged_where_their_certainty_is_below() -> None:
    """FOUND is right with .9 ** 3; MISLED has a wrong touchpoint and the same certainty."""
    some = case(FOUND, MISLED)
    sure, wrong, matched = certainties(some)
    assert sure == pytest.approx([0.9**3] * 2)
    assert (wrong.tolist(), matched.tolist()) == ([False, True], [True, True])
    half, nothing = "0.500 (0.500 to 0.500)", "0.000 (0.000 to 0.000)"
    assert row([some] * 3, "0.50").endswith(f"| 6 | {nothing} | {half} | - | {half} |")
    assert row([some] * 3, "0.80").endswith(f"| 6 | 1.000 (1.000 to 1.000) | - | {half} | - |")


def test_units_that_match_nothing_count_for_a_reader() -> None:
    some = case(LOST, MISLED)
    assert certainties(some)[2].tolist() == [False, True]
    assert row([some], "0.50").endswith("| 1.000 (1.000 to 1.000) | - | 1.000 (1.000 to 1.000) |")


def test_a_resample_without_flagged_units_is_not_one_without_errors() -> None:
    """Three feedbacks of a hundred have a flagged unit, and all of those are wrong."""
    doubtful = case(unit(5, 12, "negative", "delivery", "product", "complaint", score=0.6))
    assert row([case(FOUND)] * 97 + [doubtful] * 3, "0.50").split(" | ")[5] == "1.000 (1.000 to 1.000)"
