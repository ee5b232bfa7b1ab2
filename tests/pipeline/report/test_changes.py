"""Since when something changed, and what is called a change."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pipeline.report.content import Figure, Source, Week
from pipeline.report.sections.follow_up import needed_comments
from pipeline.report.sections.phrases import movers, step_week

from .reading import TAXONOMY

STAGES, TOUCHPOINTS = TAXONOMY.ids("stage"), TAXONOMY.ids("touchpoint")


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
