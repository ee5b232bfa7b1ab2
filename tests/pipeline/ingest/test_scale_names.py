"""Scales in column names: read where they are unmistakable, else not."""

from __future__ import annotations

import pytest

from pipeline.ingest.columns import matches
from pipeline.ingest.scale_names import read_name


@pytest.mark.parametrize(
    ("column", "field", "low", "high", "better"),
    [
        ("评分(1-5)", "rating", 1, 5, True),
        ("评分（1～10）", "rating", 1, 10, True),
        ("rating_1_5", "rating", 1, 5, True),
        ("Rating (1 to 5)", "rating", 1, 5, True),
        ("rating out of 5", "rating", None, 5, True),
        ("score/10", "rating", None, 10, True),
        ("评分（满分10分）", "rating", None, 10, True),
        ("五分制评分", "rating", None, 5, True),
        ("百分制评分", "rating", 0, 100, True),
        ("5-point rating", "rating", None, 5, True),
        ("stars", "rating", 1, 5, True),
        ("Star Rating", "rating", 1, 5, True),
        ("星级", "rating", 1, 5, True),
        ("满意度(1-5)", "csat", 1, 5, True),
        ("csat_1_7", "csat", 1, 7, True),
        ("满意度（1=非常满意，5=非常不满意）", "csat", 1, 5, False),
        ("满意度(1非常不满意-5非常满意)", "csat", 1, 5, True),
        ("csat (1 = very dissatisfied, 5 = very satisfied)", "csat", 1, 5, True),
        ("ces_1_easy_7_hard", "ces", 1, 7, False),
        ("ces_1_hard_7_easy", "ces", 1, 7, True),
        ("CES (1 very difficult – 7 very easy)", "ces", 1, 7, True),
        ("费力度（1=非常容易，5=非常困难）", "ces", 1, 5, False),
        ("轻松度(1-5)", "ces", 1, 5, True),
        ("difficulty 1-7", "ces", 1, 7, False),
    ],
)
def test_scales_that_are_stated(column, field, low, high, better):
    scale = read_name(column, field)[1]
    assert (scale.low, scale.high, scale.higher_is_better) == (low, high, better)
    assert matches(column, field) is not None


@pytest.mark.parametrize(
    ("column", "field"),
    [("rating", "rating"), ("评分", "rating"), ("csat", "csat"), ("满意度", "csat"), ("score_2024_05", "rating")],
)
def test_scales_that_are_not_stated(column, field):
    assert read_name(column, field)[1].high is None


@pytest.mark.parametrize("column", ["ces", "ces(1-7)", "费力度(1-5)", "customer_effort_score 1-7"])
def test_the_direction_of_effort_is_not_guessed(column):
    assert read_name(column, "ces")[1].higher_is_better is None


@pytest.mark.parametrize("column", ["Q1_5 rating", "rating_count", "1-5月评分人数", "评分2"])
def test_other_columns_do_not_become_scores(column):
    assert matches(column, "rating") is None
