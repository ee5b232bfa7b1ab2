from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from pipeline.metrics.sample import take
from pipeline.metrics.segments import PERIOD_DIMENSIONS, periods, plan, segments


def _days(*days: str) -> np.ndarray:
    return np.array(days, dtype="datetime64[D]")


@pytest.mark.parametrize(
    ("day", "week", "monday"),
    [
        ("2026-10-01", "2026-W40", date(2026, 9, 28)),
        ("2027-01-03", "2026-W53", date(2026, 12, 28)),  # a Sunday of the old ISO year
        ("2024-12-30", "2025-W01", date(2024, 12, 30)),  # a Monday of the new one
        ("1969-12-29", "1970-W01", date(1969, 12, 29)),
    ],
)
def test_iso_weeks_at_the_turn_of_the_year(day: str, week: str, monday: date) -> None:
    found = periods("week", _days(day)).frame.iloc[0]
    assert (found["period"], found["period_start"]) == (week, monday)
    assert (found["period_end"] - monday).days == 6


def test_months_have_their_own_length() -> None:
    found = periods("month", _days("2028-02-10", "2028-04-30", "2027-12-01")).frame
    assert found["period"].tolist() == ["2027-12", "2028-02", "2028-04"]
    assert found["period_end"].tolist() == [date(2027, 12, 31), date(2028, 2, 29), date(2028, 4, 30)]


def test_only_edges_can_be_incomplete() -> None:
    days = _days("2026-09-30", "2026-10-07", "2026-10-25")  # Wed, Wed two weeks on, Sunday
    weeks = periods("week", days).frame
    assert weeks["period_complete"].tolist() == [False, True, True]
    months = periods("month", days).frame
    assert months["period_complete"].tolist() == [False, False]


def test_undated_feedback_is_only_in_all() -> None:
    days = _days("2026-10-01", "NaT")
    assert periods("week", days).code.tolist() == [0, -1]
    whole = periods("all", days)
    assert whole.code.tolist() == [0, 0]
    assert whole.frame.iloc[0].tolist() == ["all", date(2026, 10, 1), date(2026, 10, 1), True]


def test_no_dates_at_all() -> None:
    days = _days("NaT", "NaT")
    assert len(periods("month", days).frame) == 0
    assert periods("all", days).frame["period_start"].tolist() == [None]


def test_cells_carry_their_labels(frames) -> None:
    made = frames().add("a", [("negative", "delivery", "fulfilment"), ("positive", "usage", "product")])
    cells = segments("stage_touchpoint", take(made.feedback, made.units))
    assert cells.frame.values.tolist() == [
        ["delivery/fulfilment", "delivery", "fulfilment"],
        ["usage/product", "usage", "product"],
    ]
    assert not cells.by_feedback


def test_null_belongs_to_no_segment_and_only_renumbers(frames) -> None:
    made = frames().add("a", channel="app").add("b").add("c", channel="chat").add("d", channel="web")
    channels = segments("channel", take(made.feedback, made.units))
    assert channels.code.tolist() == [0, -1, 1, 2]
    kept = channels.only(np.array([True, False, True]))
    assert kept.frame["segment"].tolist() == ["app", "web"]
    assert kept.code.tolist() == [0, -1, -1, 1]


def test_plan_bounds_the_table() -> None:
    cuts = list(plan())
    assert len(cuts) == len(set(cuts))
    assert {dimension for kind, dimension in cuts if kind == "week"} == set(PERIOD_DIMENSIONS)
