"""Facts from the store's state: local dates, the sentiment of whole feedbacks, dates and labels."""

import json
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from pipeline import tables
from pipeline.store import facts
from pipeline.store.store import Store
from pipeline.taxonomy import load_taxonomy


@pytest.fixture
def build(runs, tmp_path):
    def made(items, timezone="UTC"):
        with Store.open(tmp_path) as store:
            runs.run(store, items)
            return facts.build(store, timezone=timezone, taxonomy=load_taxonomy(), low_confidence=0.35)

    return made


def test_a_feedback_and_its_units(runs, build):
    found = build([runs.feedback(1)], "Asia/Shanghai")
    row = found["fact_feedback"].iloc[0].to_dict()
    assert row["feedback_key"] == runs.feedback(1).key
    assert row["respondent_key"] == runs.feedback(1).respondent
    assert row["occurred_at"] == datetime(2026, 9, 30, 20, 1, tzinfo=UTC)
    assert row["occurred_date"] == date(2026, 10, 1)
    assert (row["rating"], row["rating_low"], row["rating_high"]) == (4, 1, 5)
    assert (row["ces"], row["ces_higher_is_better"]) == (2, False)
    assert json.loads(row["attributes"]) == {"b": "2", "店": "中山"}
    assert (row["n_units"], row["classified"], row["masked_count"]) == (2, True, 0)
    units = found["fact_opinion_unit"]
    assert "".join(units["text"]) == row["text"]
    assert units["unit_index"].tolist() == [0, 1]
    assert units["p_negative"].isna().tolist() == [True, False]


@pytest.mark.parametrize(("threshold", "flagged"), [(0.0, [False, False]), (1.0, [True, True])])
def test_units_the_model_is_not_sure_of_are_flagged(runs, tmp_path, threshold, flagged):
    with Store.open(tmp_path) as store:
        runs.run(store, [runs.feedback(1)])
        found = facts.build(store, timezone="UTC", taxonomy=load_taxonomy(), low_confidence=threshold)
    assert found["fact_opinion_unit"]["low_confidence"].tolist() == flagged


def test_certainty_is_of_all_three_labels(runs, tmp_path):
    with Store.open(tmp_path) as store:
        runs.run(store, [runs.feedback(1)])
        stored = store.units_frame().assign(sentiment_score=[0.9, 0.9], stage_score=[0.9, 0.9])
    found = facts.unit_table(stored.assign(touchpoint_score=[0.9, 0.4]), low_confidence=0.5)
    assert found["low_confidence"].tolist() == [False, True]
    found = facts.unit_table(stored.assign(touchpoint_score=[0.9, 0.4], intent_score=[0.1, 1.0]), low_confidence=0.3)
    assert found["low_confidence"].tolist() == [False, False]


def test_unit_texts_are_cut_as_python_cuts_them(runs, build):
    text = "𠮷野家👍🏽很好e\u0301 [PHONE] 差"
    found = build([runs.feedback(1, text=text)])
    units = found["fact_opinion_unit"]
    assert units["text"].tolist() == [text[start:end] for start, end in zip(units["start"], units["end"], strict=True)]


@pytest.mark.parametrize(
    ("timezone", "day"),
    [("UTC", date(2026, 9, 30)), ("Asia/Shanghai", date(2026, 10, 1)), ("America/New_York", date(2026, 9, 30))],
)
def test_dates_are_local(runs, build, timezone, day):
    assert build([runs.feedback(0)], timezone)["fact_feedback"]["occurred_date"].tolist() == [day]


def test_feedback_without_a_time_has_no_date(runs, build):
    found = build([runs.feedback(4)])
    assert found["fact_feedback"]["occurred_date"].isna().all()
    assert len(found["dim_date"]) == 0


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 0, 0), None),
        ((2, 0, 0), "neutral"),
        ((3, 1, 0), "positive"),
        ((3, 0, 2), "negative"),
        ((2, 1, 1), "mixed"),
    ],
)
def test_the_sentiment_of_a_whole_feedback(counts, expected):
    frame = pd.DataFrame([counts], columns=["n_units", "n_positive", "n_negative"])
    found = facts.overall_sentiment(frame).iloc[0]
    assert found == expected or (expected is None and pd.isna(found))


def test_dates_cover_whole_years_but_only_those_with_feedback():
    days = pd.Series([date(2026, 10, 1), date(1900, 1, 1), None], dtype="date32[pyarrow]")
    found = facts.date_table(days)
    assert len(found) == 365 + 365
    new_year = found[found["date"] == date(2026, 1, 1)].iloc[0]
    assert (new_year["iso_year"], new_year["week"], new_year["month"]) == (2026, "2026-W01", "2026-01")
    assert new_year["weekday"] == 4
    last = found.iloc[-1]
    assert (last["date"], last["iso_year"], last["week"]) == (date(2026, 12, 31), 2026, "2026-W53")


def test_labels_are_named_in_order():
    found = facts.taxonomy_table(load_taxonomy())
    stages = found[found["head"] == "stage"].sort_values("position")
    assert stages["label"].tolist() == list(load_taxonomy().ids("stage"))
    assert stages["name_zh"].iloc[0] == "认知"


def test_an_empty_store_gives_empty_tables_of_the_right_types(build):
    found = build([])
    assert len(found["fact_feedback"]) == len(found["fact_opinion_unit"]) == len(found["quarantine"]) == 0
    full = tables.TABLES["fact_feedback"]
    assert found["fact_feedback"].dtypes.to_dict() == full.check(found["fact_feedback"]).dtypes.to_dict()


def test_the_same_input_gives_the_same_facts_in_another_store_and_in_any_order(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("CXI_HASH_KEY", "one secret for both stores")
    items = [runs.feedback(number) for number in range(15)]
    seen = []
    for name, order in (("a", items), ("b", items[::-1])):
        with Store.open(tmp_path / name) as store:
            runs.run(store, order, rows=4)
            seen.append(runs.tables(store))
    for name, frame in seen[0].items():
        pd.testing.assert_frame_equal(frame, seen[1][name])
