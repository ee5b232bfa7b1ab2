from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.config import Config, Metrics, Priority
from pipeline.errors import ConfigError
from pipeline.insight import priority
from pipeline.tables import TABLES

LATE = ("delivery", "fulfilment")
RUDE = ("support", "support")
TASTY = ("usage", "product")
CONFIG = Config(metrics=Metrics(bootstrap=200))
START = date(2026, 8, 3)


@pytest.fixture
def rank(taxonomy, playbook):
    def run(story, config: Config = CONFIG) -> pd.DataFrame:
        """`story`: a Story, or its two frames."""
        feedback, units = story if isinstance(story, tuple) else (story.feedback, story.units)
        table = priority.rank(feedback, units, config=config, taxonomy=taxonomy, playbook=playbook)
        return table.set_index(["stage", "touchpoint"])

    return run


def _config(**settings) -> Config:
    return Config(metrics=Metrics(bootstrap=200), priority=Priority(**settings))


def test_score_by_hand(story, rank) -> None:
    found = rank(story().many(20, "negative", LATE).many(5, "positive", LATE).many(75, "positive", TASTY)).loc[LATE]
    reach = 20 / 100
    low = stats.binomtest(20, 100).proportion_ci(method="wilson").low
    # Without p_* columns each unit gives its label's probability: .9 each.
    severity = 20 * 0.9 / (20 * 0.9 + 5 * 0.9)
    reliability = low / reach * (0.9 * 0.8 * 1.0)
    assert found["reach"] == pytest.approx(reach)
    assert found["severity"] == pytest.approx(severity)
    assert found["reliability"] == pytest.approx(reliability)
    assert found["score"] == pytest.approx(100 * reach * severity * reliability)
    assert (found["rank"], found["n_negative_feedback"], found["n_units"], found["n_feedback"]) == (1, 20, 25, 25)
    assert found["negative_share"] == pytest.approx(0.8)
    assert found["net_sentiment"] == pytest.approx(-0.6)
    assert found["negative_share_low"] < 0.8 < found["negative_share_high"]


def test_given_probabilities_are_used(story, rank) -> None:
    made = story().many(10, "negative", LATE).many(10, "positive", TASTY)
    units = made.units
    units["p_negative"] = np.where(units["sentiment"] == "negative", 0.6, 0.1)
    units["p_positive"] = np.where(units["sentiment"] == "negative", 0.3, 0.8)
    units["p_neutral"] = 0.1
    table = rank((made.feedback, units))
    assert table.loc[LATE, "severity"] == pytest.approx(0.6 / 0.9)


def test_one_customer_who_complains_all_day_is_one_customer(story, rank) -> None:
    made = story().many(10, "negative", RUDE).many(50, "positive", TASTY)
    for _ in range(40):
        made.say("loud", "negative", LATE)
    table = rank(made)
    assert table.loc[RUDE, "rank"] == 1
    assert pd.isna(table.loc[LATE, "rank"]), "40 complaints, one complainant: below min_feedback"
    assert table.loc[LATE, "n_negative_feedback"] == 40
    assert table.loc[LATE, "score"] < table.loc[RUDE, "score"]


def test_cells_below_min_feedback_are_kept_unranked(story, rank) -> None:
    made = story().many(4, "negative", LATE).many(6, "negative", RUDE).many(30, "positive", TASTY)
    table = rank(made)
    assert pd.isna(table.loc[LATE, ["rank", "rank_low", "rank_high"]]).all()
    assert table.loc[LATE, "reach"] == pytest.approx(4 / 40)
    assert table.loc[RUDE, "rank"] == 1
    assert rank(made, _config(min_feedback=1))["rank"].dropna().tolist() == [2, 1]
    assert pd.isna(table.loc[TASTY, "rank"])
    assert table.loc[TASTY, "score"] == 0


def test_exponents(story, rank) -> None:
    made = story().many(30, "negative", LATE).many(30, "positive", LATE).many(10, "negative", RUDE)
    assert rank(made).loc[LATE, "rank"] == 1
    by_severity = rank(made, _config(reach=0, reliability=0))
    assert by_severity.loc[RUDE, "rank"] == 1
    assert by_severity.loc[RUDE, "score"] == pytest.approx(100)


def test_weights_only_lower_and_keep_the_scale(story, rank) -> None:
    made = story().many(12, "negative", LATE).many(10, "negative", RUDE)
    table = rank(made, _config(stage_weights={"support": 2.0}))
    assert table.loc[RUDE, "rank"] == 1
    assert (table.loc[RUDE, "weight"], table.loc[LATE, "weight"]) == (1.0, 0.5)
    silenced = rank(made, _config(touchpoint_weights={"fulfilment": 0}))
    assert silenced.loc[LATE, "score"] == 0
    assert table["score"].between(0, 100).all()


@pytest.mark.parametrize("key", ["stage_weights", "touchpoint_weights"])
def test_weight_of_an_unknown_label(story, rank, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rank(story().many(5, "negative", LATE), _config(**{key: {"warp": 1.0}}))
    assert caught.value.where == f"priority.{key}"


def test_rank_intervals(story, rank) -> None:
    made = story().many(60, "negative", LATE).many(11, "negative", RUDE).many(10, "negative", TASTY)
    table = rank(made)
    assert table.loc[LATE, ["rank", "rank_low", "rank_high"]].tolist() == [1, 1, 1]
    for cell in (RUDE, TASTY):
        assert table.loc[cell, ["rank_low", "rank_high"]].tolist() == [2, 3], "11 against 10 is a toss-up"
    ranked = table.dropna(subset=["rank"])
    assert ((ranked["rank_low"] <= ranked["rank"]) & (ranked["rank"] <= ranked["rank_high"])).all()


def test_same_input_same_output_in_any_order(story, rank) -> None:
    made = story().many(12, "negative", LATE).many(11, "negative", RUDE).many(30, "positive", TASTY)
    again = rank((made.feedback, made.units.sample(frac=1, random_state=3)))
    pd.testing.assert_frame_equal(rank(made), again)
    other = rank(made, Config(metrics=Metrics(bootstrap=200, seed=1)))
    pd.testing.assert_series_equal(rank(made)["score"], other["score"])


def test_unclassified_feedback_is_not_in_the_base(story, rank) -> None:
    made = story().many(10, "negative", LATE)
    silent = made.feedback.assign(classified=False).replace({"respondent_key": r"^r"}, "thai", regex=True)
    silent["feedback_key"] = "x" + silent["feedback_key"]
    table = rank((pd.concat([made.feedback, silent]), made.units))
    assert table["reach"].tolist() == [1.0]


def test_trend_sees_what_gets_worse_and_says_when_it_cannot_tell(story, rank) -> None:
    made = story()
    for day in range(60):
        when = START + timedelta(days=day)
        made.many(2, "negative" if day >= 30 else "positive", LATE, day=when)
        made.many(2, "negative" if day % 2 else "positive", RUDE, day=when)
    table = rank(made)
    assert table.loc[LATE, "trend"] == pytest.approx(1)
    assert table.loc[LATE, "trend_low"] > 0.8
    assert table.loc[RUDE, "trend_low"] < 0 < table.loc[RUDE, "trend_high"]
    assert table.loc[LATE, "reach_trend_low"] > 0.3


def test_trend_needs_dates_and_voices(story, rank) -> None:
    undated = rank(story().many(40, "negative", LATE))
    one_day = rank(story().many(40, "negative", LATE, day=START))
    few = story().many(9, "negative", LATE, day=START).many(60, "negative", LATE, day=START + timedelta(days=20))
    for table in (undated, one_day, rank(few)):
        assert table.loc[LATE, ["trend", "trend_low", "trend_high"]].isna().all()


def test_actions_come_from_the_playbook(story, rank, playbook) -> None:
    found = rank(story().many(6, "negative", LATE)).loc[LATE]
    action = playbook.action_for(*LATE)
    assert (found["action_id"], found["owner_role"]) == (action.id, action.owner)
    assert found["action_zh"] == action.said("zh")
    assert found["owner_en"] == playbook.owner(action.owner).en


def test_small_n_counts_respondents(story, rank) -> None:
    made = story().many(31, "negative", LATE)
    for _ in range(40):
        made.say("loud", "negative", RUDE)
    table = rank(made)
    assert not table.loc[LATE, "small_n"]
    assert table.loc[RUDE, "small_n"]


@pytest.mark.parametrize("count", [0, 1, 40])
def test_meets_the_contract(story, rank, count: int) -> None:
    table = rank(story().many(count, "negative", LATE)).reset_index()
    TABLES["fact_action_priority"].check(table)
    assert list(table.columns) == list(priority.COLUMNS)
