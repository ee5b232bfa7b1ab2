from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.config import Config, Metrics
from pipeline.metrics import periods
from pipeline.tables import TABLES

CONFIG = Config()
LATE = ("negative", "delivery", "fulfilment")
RUDE = ("negative", "support", "support")
TASTY = ("positive", "usage", "product")
PLAIN = ("neutral", "usage", "product")


def _compute(made, config: Config = CONFIG) -> pd.DataFrame:
    return periods.compute(made.feedback, made.units, config=config)


def _one(table: pd.DataFrame, metric: str, segment: str = "all", dimension: str = "total", period: str = "all"):
    found = table.query("metric == @metric and segment == @segment and dimension == @dimension and period == @period")
    assert len(found) == 1, (metric, segment, dimension, period, len(found))
    return found.iloc[0]


@pytest.fixture
def made(frames):
    made = frames()
    for number in range(10):
        made.add(f"late{number}", [LATE, TASTY], day=date(2026, 10, 1), channel="app", nps=2)
    for number in range(20):
        made.add(f"glad{number}", [TASTY], day=date(2026, 10, 12), channel="shop", nps=10)
    made.add("mute", day=date(2026, 10, 12), channel="shop")
    return made


def test_shares_by_hand(made) -> None:
    table = _compute(made)
    negative = _one(table, "negative_share")
    assert negative["value"] == pytest.approx(10 / 40)
    assert (negative["n_units"], negative["n_feedback"], negative["n_respondents"]) == (40, 30, 30)
    assert negative["ci_low"] < 10 / 40 < negative["ci_high"]
    assert _one(table, "positive_share")["value"] == pytest.approx(30 / 40)
    assert _one(table, "net_sentiment")["value"] == pytest.approx(20 / 40)
    assert _one(table, "negative_share", "delivery", "stage")["value"] == 1
    assert _one(table, "positive_share", "app", "channel")["value"] == 0.5


def test_reach_is_of_all_classified_feedback(made) -> None:
    table = _compute(made)
    for dimension, segment in (("total", "all"), ("stage", "delivery"), ("stage_touchpoint", "delivery/fulfilment")):
        found = _one(table, "feedback_share_negative", segment, dimension)
        assert found["value"] == pytest.approx(10 / 31), dimension
        assert found["n_feedback"] == 31
    assert _one(table, "feedback_share_negative", "usage", "stage")["value"] == 0
    assert _one(table, "feedback_share_negative", "app", "channel")["value"] == 1


def test_nps_by_hand(made) -> None:
    nps = _one(_compute(made), "nps")
    assert nps["value"] == pytest.approx(100 * (20 - 10) / 30)
    assert (nps["n_feedback"], nps["n_units"], nps["interval_method"]) == (30, 0, "mover_cluster")
    assert -100 <= nps["ci_low"] < nps["value"] < nps["ci_high"] <= 100


def test_weeks_and_their_edges(made) -> None:
    table = _compute(made)
    first = _one(table, "negative_share", period="2026-W40")
    assert first["value"] == pytest.approx(0.5)
    assert (first["period_start"], first["period_end"]) == (date(2026, 9, 28), date(2026, 10, 4))
    assert not first["period_complete"]
    assert table.query("period_type == 'week'")["period"].unique().tolist() == ["2026-W40", "2026-W42"]
    assert _one(table, "feedback_share_negative", "delivery", "stage", "2026-W40")["value"] == 1


def test_small_and_tiny(frames) -> None:
    made = frames()
    for number in range(4):
        made.add(f"r{number}", [LATE] * 9)
    found = _one(_compute(made), "negative_share")
    assert found["value"] == 1
    assert np.isnan(found["ci_low"])
    assert pd.isna(found["interval_method"])
    assert found["small_n"], "36 units of four respondents are four voices"


def test_one_loud_respondent_does_not_look_like_many(frames) -> None:
    made = frames()
    for number in range(30):
        made.add(f"r{number}", [TASTY])
    calm = _one(_compute(made), "negative_share")
    for _ in range(30):
        made.add("loud", [LATE])
    loud = _one(_compute(made), "negative_share")
    assert calm["value"] == 0
    assert loud["value"] == 0.5
    assert loud["ci_high"] - loud["ci_low"] > 0.6


def test_csat_and_ratings(frames) -> None:
    made = frames()
    for score in (5, 5, 4, 3, 1):
        made.add(
            f"r{score}{len(made._feedback)}",
            csat=score,
            csat_low=1,
            csat_high=5,
            rating=score,
            rating_low=1,
            rating_high=5,
        )
    table = _compute(made)
    assert _one(table, "csat")["value"] == pytest.approx(3 / 5)
    rating = _one(table, "rating_mean")
    assert rating["value"] == pytest.approx(18 / 5)
    assert 1 <= rating["ci_low"] < 18 / 5 < rating["ci_high"] <= 5
    assert not len(table.query("metric == 'negative_share'")), "no units, no shares"


def test_scores_are_not_cut_by_what_is_spoken_of_or_asked(made) -> None:
    table = _compute(made)
    assert set(table.query("metric == 'nps'")["dimension"]) == {"total", "channel", "language", "source"}


def test_small_channels_are_not_cut_by_week(made) -> None:
    assert not len(_compute(made).query("dimension == 'channel' and period_type == 'week'"))
    config = Config(metrics=Metrics(small_n=15))
    assert set(_compute(made, config).query("dimension == 'channel' and period_type == 'week'")["segment"]) == {"shop"}


def test_unclassified_feedback_is_no_base_but_keeps_its_score(frames) -> None:
    made = frames()
    for number in range(6):
        made.add(f"r{number}", [LATE], nps=0)
        made.add(f"thai{number}", classified=False, language="other", nps=10)
    table = _compute(made)
    assert _one(table, "feedback_share_negative")["n_feedback"] == 6
    assert _one(table, "nps")["value"] == 0
    assert _one(table, "nps", "other", "language")["value"] == 100


def test_nothing_gives_an_empty_table(frames) -> None:
    empty = _compute(frames())
    assert len(empty) == 0
    assert list(empty.columns) == list(periods.COLUMNS)
    TABLES["fact_metric_period"].check(empty)
    assert len(_compute(frames().add("mute"))) > 0, "one classified feedback is a base for complaints"


def test_meets_the_contract_and_is_sorted(made) -> None:
    table = _compute(made)
    checked = TABLES["fact_metric_period"].check(table)
    assert len(checked) == len(table)
    assert table[periods.KEY].apply(tuple, axis=1).is_monotonic_increasing


def test_units_without_their_feedback_are_left_out(made) -> None:
    window = made.feedback[made.feedback["channel"] == "app"]
    table = periods.compute(window, made.units, config=CONFIG)
    assert _one(table, "negative_share")["n_units"] == 20


SAID = st.lists(st.sampled_from([LATE, RUDE, TASTY, PLAIN]), max_size=4)
DATASETS = st.lists(st.tuples(st.integers(0, 7), SAID, st.integers(0, 40)), min_size=1, max_size=40)


def _build(frames, dataset):
    made = frames()
    for who, said, offset in dataset:
        made.add(f"r{who}", said, day=date(2026, 9, 20) + timedelta(days=offset), channel="app" if who % 2 else "web")
    return made


def test_share_of_units_the_model_is_not_sure_of(frames) -> None:
    made = frames()
    for who in range(8):
        made.add(f"r{who}", [("negative", "usage", "product"), ("positive", "delivery", "staff")])
    units = made.units
    units["low_confidence"] = [index == 0 and who < 2 for who in range(8) for index in range(2)]
    table = periods.compute(made.feedback, units, config=CONFIG)
    total, usage = _one(table, "low_confidence_share"), _one(table, "low_confidence_share", "usage", "stage")
    assert (total["value"], total["n_units"]) == (2 / 16, 16)
    assert (usage["value"], usage["n_units"]) == (2 / 8, 8)
    assert usage["ci_low"] < usage["value"] < usage["ci_high"]


@given(dataset=DATASETS)
@settings(max_examples=12, deadline=None)
def test_invariants(frames_factory, dataset) -> None:
    table = _compute(_build(frames_factory, dataset), Config(metrics=Metrics(small_n=2)))
    assume(len(table) > 0 and "negative_share" in set(table["metric"]))
    keys = ["period_type", "period", "dimension", "segment"]
    shares = table[table["metric"].isin(["positive_share", "neutral_share", "negative_share"])]
    assert np.allclose(shares.groupby(keys)["value"].sum(), 1)
    wide = shares.pivot_table(index=keys, columns="metric", values="value")
    net = table[table["metric"] == "net_sentiment"].set_index(keys)["value"]
    assert np.allclose(net.reindex(wide.index), wide["positive_share"] - wide["negative_share"])
    total = {
        kind: table.query("dimension == 'total' and metric == 'negative_share' and period_type == @kind")[
            "n_units"
        ].sum()
        for kind in ("all", "month", "week")
    }
    assert len(set(total.values())) == 1
    known = table.dropna(subset=["ci_low"])
    assert ((known["ci_low"] <= known["value"] + 1e-9) & (known["value"] <= known["ci_high"] + 1e-9)).all()
    assert (table["n_respondents"] <= table["n_feedback"]).all()


@given(dataset=DATASETS, seed=st.integers(0, 99))
@settings(max_examples=5, deadline=None)
def test_order_of_rows_does_not_matter(frames_factory, dataset, seed: int) -> None:
    made = _build(frames_factory, dataset)
    mixed = periods.compute(
        made.feedback.sample(frac=1, random_state=seed), made.units.sample(frac=1, random_state=seed), config=CONFIG
    )
    pd.testing.assert_frame_equal(_compute(made), mixed)


@given(dataset=DATASETS)
@settings(max_examples=8, deadline=None)
def test_reach_agrees_with_listing_every_feedback(frames_factory, dataset) -> None:
    """The sums behind feedback_share_negative of stages against the plain definition, variance included."""
    from pipeline.metrics import intervals
    from pipeline.metrics.clusters import Clusters, ratio

    made = _build(frames_factory, dataset)
    feedback, units = made.feedback, made.units
    table = _compute(made)
    who = pd.factorize(feedback["respondent_key"])[0]
    base = Clusters.of(np.zeros(len(feedback), dtype=np.int64), who, 1)
    for stage in units["stage"].unique():
        angry = units[(units["stage"] == stage) & (units["sentiment"] == "negative")]["feedback_key"]
        plain = ratio(base, feedback["feedback_key"].isin(angry).to_numpy())
        expected = intervals.share(plain, confidence=0.95)
        found = _one(table, "feedback_share_negative", stage, "stage")
        assert found["value"] == pytest.approx(plain.value[0])
        assert found["ci_low"] == pytest.approx(expected.low[0], nan_ok=True)
        assert found["ci_high"] == pytest.approx(expected.high[0], nan_ok=True)
