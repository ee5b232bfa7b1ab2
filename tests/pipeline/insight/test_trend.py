from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from pipeline.insight import trend
from pipeline.insight.cells import observe
from pipeline.metrics.sample import take

LATE = ("delivery", "fulfilment")
TASTY = ("usage", "product")
START = date(2026, 8, 3)


def _observe(made):
    return observe(take(made.feedback, made.units), "negative")


@pytest.mark.parametrize(("span", "early"), [(2, 1), (7, 4), (8, 4)])
def test_halves_are_calendar_halves(story, span: int, early: int) -> None:
    made = story()
    for day in range(span):
        made.many(day + 1, "negative", LATE, day=START + timedelta(days=day))
    before, after = trend.halves(_observe(made))
    assert before.sum() == sum(range(1, early + 1))
    assert (before ^ after).all()


def test_reach_sees_a_surge_that_the_share_cannot(story) -> None:
    """All who speak of returns complain, before and after; but five times as many do."""
    made = story()
    for day in range(40):
        when = START + timedelta(days=day)
        made.many(5 if day >= 20 else 1, "negative", LATE, day=when)
        made.many(5, "positive", TASTY, day=when)
    cells = _observe(made)
    share, reach = trend.of_share(cells, confidence=0.95), trend.of_reach(cells, confidence=0.95)
    late = cells.frame["stage"].tolist().index("delivery")
    assert share.value[late] == 0
    assert reach.value[late] == pytest.approx(100 / 200 - 20 / 120)
    assert 0 < reach.low[late] < reach.value[late] < reach.high[late]


def test_respondents_heard_in_both_halves_narrow_the_change(story) -> None:
    """The same people saying the same in both halves tell more about change than different people would."""
    same, different = story(), story()
    for number in range(60):
        said = "negative" if number % 2 else "positive"
        for half, day in enumerate((START, START + timedelta(days=20))):
            same.say(f"r{number}", said, LATE, day=day)
            different.say(f"r{number}-{half}", said, LATE, day=day)
    for measure in (trend.of_share, trend.of_reach):
        paired, apart = (measure(_observe(made), confidence=0.95) for made in (same, different))
        assert paired.value[0] == apart.value[0] == 0
        assert paired.high[0] - paired.low[0] < 0.5 * (apart.high[0] - apart.low[0])


def test_false_alarms_are_as_rare_as_stated(story) -> None:
    """Nothing changes; at 95 % the interval of the change should leave out 0 about once in twenty."""
    rng = np.random.default_rng(5)
    alarms, runs = 0, 80
    for _ in range(runs):
        made = story()
        for number in range(60):
            day = START + timedelta(days=int(rng.integers(0, 40)))
            made.say(f"r{number}", "negative" if rng.random() < 0.4 else "positive", LATE, day=day)
        found = trend.of_share(_observe(made), confidence=0.95)
        alarms += bool(found.low[0] > 0 or found.high[0] < 0)
    assert alarms <= runs * 0.05 + 4 * (runs * 0.05 * 0.95) ** 0.5
