"""The checks on small made tables: what alerts, what is fine, what cannot be told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.config import Config
from pipeline.quality.checks import is_forgetting, judge
from pipeline.tables import TABLES

TODAY = date(2026, 11, 2)
LAST = TODAY - timedelta(days=1)
RUN = {"rows": 1000, "quarantined": 4, "forgotten": 0, "new": 10, "updated": 0, "input_digests": '{"a": "b"}'}


def feedbacks(per_day: int, days: int, *, source: str = "app", end: date = LAST, **fields: Any) -> pd.DataFrame:
    """The same number of feedbacks on each of the last days, each of a customer of its own."""
    rows = [
        {"occurred_date": end - timedelta(days=age), "source": source} for age in range(days) for _ in range(per_day)
    ]
    frame = pd.DataFrame(rows).assign(language="zh", n_units=1, rating=4.0, rating_low=1.0, rating_high=5.0)
    return frame.assign(**fields)


def tables(*parts: pd.DataFrame, certainty: Any = 0.9) -> dict[str, pd.DataFrame]:
    frame = pd.concat(parts, ignore_index=True)
    frame["feedback_key"] = [f"{number:08d}" for number in range(len(frame))]
    if "respondent_key" not in frame:
        frame["respondent_key"] = frame["feedback_key"]
    for name in TABLES["fact_feedback"].columns:
        if name not in frame:
            frame[name] = None
    said = frame[frame["n_units"] > 0]
    units = pd.DataFrame({"feedback_key": said["feedback_key"], "unit_index": 0, "low_confidence": False})
    scores = {"sentiment_score": certainty, "stage_score": 1.0, "touchpoint_score": 1.0}
    return {"fact_feedback": frame, "fact_opinion_unit": units.assign(**scores).reset_index(drop=True)}


def judged(made: dict[str, pd.DataFrame], *, run: Any = RUN, earlier: Any = (), today: date = TODAY, **limits: Any):
    runs = pd.DataFrame(list(earlier), columns=[*RUN, "published_at"])
    config = Config.model_validate({"quality": limits})
    found = judge(made, runs, run, config=config, today=today)
    return found.set_index("check_id")


def state(found: pd.DataFrame) -> dict[str, str]:
    return dict(found["state"])


def test_steady_feedback_is_fine_and_says_so_in_both_languages():
    found = judged(tables(feedbacks(30, 84)))
    assert set(found["state"]) == {"ok"}
    assert found.loc["volume_drop:app", "n"] == 30 * 84
    assert "210 条" in found.loc["volume_drop:app", "message_zh"]
    assert "210 feedbacks in 2026-10-26 to 2026-11-01" in found.loc["volume_drop:app", "message_en"]


def test_a_source_that_falls_silent_alerts_while_the_other_goes_on():
    found = judged(tables(feedbacks(30, 84), feedbacks(20, 70, source="shop", end=LAST - timedelta(days=7))))
    assert found.loc["volume_drop:shop", "state"] == "alert"
    assert found.loc["volume_drop:shop", "value"] == 0
    assert found.loc["volume_drop:app", "state"] == "ok"


def test_a_small_but_certain_drop_is_no_alert():
    made = tables(feedbacks(500, 77, end=LAST - timedelta(days=7)), feedbacks(430, 7))
    assert state(judged(made))["volume_drop:app"] == "ok"
    assert state(judged(made, volume_drop=0.1))["volume_drop:app"] == "alert"


@pytest.mark.parametrize(("per_day", "days"), [(30, 27), (0, 0)])
def test_a_short_history_cannot_tell(per_day, days):
    made = tables(feedbacks(per_day, days), feedbacks(1, 3))
    assert state(judged(made))["volume_drop:app"] == "cannot_tell"


def test_days_that_are_still_to_come_in_are_not_judged():
    made = tables(feedbacks(30, 70, end=LAST - timedelta(days=7)), feedbacks(30, 90, source="fast"))
    assert state(judged(made))["volume_drop:app"] == "alert"
    assert state(judged(made, late_days=7))["volume_drop:app"] == "ok"


def test_today_is_not_over_and_dates_in_the_future_count_for_nothing():
    partial = feedbacks(1, 1, end=TODAY)
    future = feedbacks(30, 20, end=TODAY + timedelta(days=300))
    found = judged(tables(feedbacks(30, 84), partial, future))
    assert found.loc["volume_drop:app", "state"] == "ok"
    assert found.loc["volume_drop:app", "period_end"] == LAST


def test_without_dates_shares_are_of_all_feedback_and_changes_cannot_be_told():
    found = judged(tables(feedbacks(30, 10, occurred_date=None, n_units=0)))
    assert found.loc["unclassified", "state"] == "alert"
    assert found.loc["unclassified", "period_start"] is None or pd.isna(found.loc["unclassified", "period_start"])
    assert {found.loc[name, "state"] for name in ("volume_drop:app", "language_shift:app")} == {"cannot_tell"}


def test_the_share_set_aside_needs_evidence():
    made = tables(feedbacks(30, 84))

    def of(rows: int, aside: int) -> str:
        return state(judged(made, run={**RUN, "rows": rows, "quarantined": aside}))["set_aside"]

    assert [of(1000, 10), of(1000, 100), of(6, 6), of(6, 1), of(1000, 52)] == [
        *("ok", "alert", "alert", "cannot_tell", "ok")
    ]
    assert state(judged(made, run={**RUN, "rows": 0, "quarantined": 0}))["set_aside"] == "cannot_tell"


def test_units_of_one_talkative_customer_are_no_evidence():
    made = tables(feedbacks(60, 7))
    unsure = {**made, "fact_opinion_unit": made["fact_opinion_unit"].assign(low_confidence=True)}
    assert state(judged(unsure))["low_confidence"] == "alert"
    one = {**unsure, "fact_feedback": made["fact_feedback"].assign(respondent_key="x")}
    found = judged(one)
    assert (found.loc["low_confidence", "state"], found.loc["low_confidence", "n"]) == ("cannot_tell", 1)


def test_a_change_of_language_of_one_source():
    before = feedbacks(20, 77, end=LAST - timedelta(days=7))
    made = tables(before, feedbacks(20, 7, language="en"), feedbacks(20, 84, source="shop"))
    found = judged(made)
    assert found.loc["language_shift:app", "state"] == "alert"
    assert found.loc["language_shift:app", "low"] > 0.25
    assert found.loc["language_shift:shop", "state"] == "ok"
    few = judged(tables(before, feedbacks(2, 7, language="en")))
    assert few.loc["language_shift:app", "state"] == "cannot_tell"
    assert "small n, 14 respondents" in few.loc["language_shift:app", "message_en"]


def test_a_shift_of_ratings_either_way_and_of_probabilities():
    rng = np.random.default_rng(1)
    before = feedbacks(20, 77, end=LAST - timedelta(days=7))
    before["rating"] = rng.integers(2, 5, len(before)).astype(float)
    for new in (1.0, 5.0):
        found = judged(tables(before, feedbacks(20, 7, rating=new)))
        assert found.loc["rating_shift:app", "state"] == "alert"
    # The same answers on another declared scale are no shift.
    same = judged(
        tables(feedbacks(20, 77, end=LAST - timedelta(days=7)), feedbacks(20, 7, rating=7.0, rating_high=9.0))
    )
    assert same.loc["rating_shift:app", "state"] == "ok"
    sure = [0.9] * (20 * 77) + [0.6] * (20 * 7)
    found = judged(tables(before, feedbacks(20, 7), certainty=sure))
    assert found.loc["score_shift", "state"] == "alert"
    assert found.loc["score_shift", "value"] == pytest.approx(-0.3)


def run_of(day: int, **numbers: int) -> dict[str, Any]:
    return {**RUN, "new": 0, **numbers, "published_at": datetime(2026, 10, day, 18, 30, tzinfo=UTC)}


def test_silence_counts_days_since_a_run_took_something_in():
    made = tables(feedbacks(30, 84))
    idle = {**RUN, "new": 0}
    forgot = {**run_of(31, rows=5, forgotten=5), "new": 5, "input_digests": "{}"}
    found = judged(made, run=idle, earlier=[run_of(28, new=7), run_of(30), forgot])
    assert (found.loc["silence", "state"], found.loc["silence", "value"]) == ("alert", 5)
    assert state(judged(made, run=idle, earlier=[run_of(30, updated=1)]))["silence"] == "ok"
    assert state(judged(made, run=RUN, earlier=[run_of(1, new=7)]))["silence"] == "ok"
    assert state(judged(made, run=idle))["silence"] == "cannot_tell"


def test_nothing_at_all_alerts():
    empty = {name: pd.DataFrame(columns=list(TABLES[name].columns)) for name in ("fact_feedback", "fact_opinion_unit")}
    found = judged(empty, run={**RUN, "rows": 0, "quarantined": 0, "new": 0})
    assert found.loc["silence", "state"] == "alert"
    assert set(found["state"]) == {"alert", "cannot_tell"}


def test_null_turns_a_check_off_and_only_the_largest_sources_are_judged():
    made = tables(feedbacks(30, 84), *(feedbacks(1, 5, source=f"s{number}") for number in range(5)))
    found = judged(made, sources=2, set_aside=None, silent_days=None, language_shift=None, rating_shift=None)
    assert set(found["check"]) == {"volume_drop", "unclassified", "low_confidence", "score_shift"}
    assert set(found["source"].dropna()) == {"app", "s0"}


def test_a_forgetting_is_no_run():
    assert is_forgetting({"rows": 3, "forgotten": 3, "input_digests": "{}"})
    assert not is_forgetting({"rows": 3, "forgotten": 3, "input_digests": '{"a.csv": "0"}'})
    assert not is_forgetting({"rows": 0, "forgotten": 0, "input_digests": "{}"})
