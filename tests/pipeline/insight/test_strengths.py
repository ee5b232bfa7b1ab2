from __future__ import annotations

import pandas as pd
import pytest

from pipeline.config import Config
from pipeline.insight import evidence, strengths
from pipeline.tables import TABLES

TASTY = ("usage", "product")
KIND = ("usage", "staff")
LATE = ("delivery", "fulfilment")


def test_praise_is_ranked_by_reach_favour_and_reliability(story) -> None:
    made = story().many(30, "positive", TASTY).many(12, "positive", KIND).many(40, "negative", LATE)
    made.many(18, "negative", KIND).many(2, "positive", LATE)
    table = strengths.rank(made.feedback, made.units, config=Config()).set_index(["stage", "touchpoint"])
    assert table["rank"].dropna().to_dict() == {TASTY: 1, KIND: 2}
    assert table.loc[KIND, "favour"] == pytest.approx(12 / 30)
    assert table.loc[TASTY, "reach"] == pytest.approx(30 / 102)
    assert table.loc[TASTY, "reach_low"] < 30 / 102 < table.loc[TASTY, "reach_high"]
    assert table.loc[LATE, "n_positive_respondents"] == 2
    assert table.loc[TASTY, "positive_share"] == 1


def test_evidence_of_praise(story) -> None:
    made = (
        story()
        .many(6, "positive", TASTY, text="the soup was lovely")
        .many(6, "negative", TASTY, text="the soup was cold")
    )
    table = strengths.rank(made.feedback, made.units, config=Config())
    quotes = evidence.choose(made.feedback, made.units, table, count=3, side="positive")
    assert quotes["text"].tolist() == ["the soup was lovely"]


def test_nothing(story) -> None:
    table = strengths.rank(story().feedback, story().units, config=Config())
    assert isinstance(table, pd.DataFrame)
    assert len(table) == 0
    assert list(table.columns) == list(strengths.COLUMNS)


def test_meets_the_contract(story) -> None:
    made = story().many(8, "positive", TASTY).many(2, "positive", KIND)
    TABLES["fact_strength"].check(strengths.rank(made.feedback, made.units, config=Config()))
