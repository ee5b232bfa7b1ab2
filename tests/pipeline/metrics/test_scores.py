from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from pipeline.metrics.sample import take
from pipeline.metrics.scores import Answers, answers


def _answers(metric, made):
    return answers(metric, take(made.feedback, made.units))


def test_ces_is_turned_so_that_higher_is_easier(frames) -> None:
    hard = {"ces": 6, "ces_low": 1, "ces_high": 7, "ces_higher_is_better": False}
    made = frames().add("a", **hard).add("b", **hard | {"ces_higher_is_better": True})
    found = _answers("ces", made)
    assert found.points().tolist() == pytest.approx([2.0, 6.0])
    assert found.common_scale() == (1.0, 7.0)


def test_ces_without_direction_is_not_guessed(frames) -> None:
    made = frames().add("a", ces=6, ces_low=1, ces_high=7)
    assert _answers("ces", made).row.size == 0


def test_several_scales_meet_on_0_to_100(frames) -> None:
    made = frames().add("a", rating=5, rating_low=1, rating_high=5).add("b", rating=5, rating_low=0, rating_high=10)
    found = _answers("rating_mean", made)
    assert found.common_scale() == (0.0, 100.0)
    assert found.unit.tolist() == [1.0, 0.5]


def test_a_survey_row_counts_once_however_many_answers_it_has(frames) -> None:
    made = frames()
    for question in ("q1", "q2", "q3"):
        made.add("a", question=question, nps=3, external_id="r1")
    made.add("a", question="q1", nps=9, external_id="r2")  # the same customer's next survey
    made.add("b", nps=3).add("b", nps=3)  # two feedbacks that are no survey answers
    assert sorted(_answers("nps", made).points().tolist()) == [3, 3, 3, 9]


def test_same_customer_on_another_day_is_another_row(frames) -> None:
    made = frames().add("a", question="q1", nps=3, day=date(2026, 10, 1))
    made.add("a", question="q1", nps=3, day=date(2026, 11, 1))
    assert _answers("nps", made).row.size == 2


@pytest.mark.parametrize(
    ("low", "high", "value", "expected"),
    [
        (1, 5, 4, True),
        (1, 5, 3, False),
        (1, 7, 6, True),
        (1, 7, 5, False),
        (0, 10, 9, True),
        (0, 10, 8, False),
        (1, 3, 3, True),
        (1, 3, 2, False),
        (0, 100, 75, True),
        (0, 100, 74, False),
    ],
)
def test_top_two_boxes(low: float, high: float, value: float, expected: bool) -> None:
    unit = np.array([(value - low) / (high - low)])
    one = Answers(np.array([0]), unit, np.array([float(low)]), np.array([float(high)]))
    assert one.top_two().tolist() == [expected]
