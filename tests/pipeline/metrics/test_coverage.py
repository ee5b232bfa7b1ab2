from __future__ import annotations

import pytest

from pipeline.metrics import coverage

REPEATS = 1500
# Monte-Carlo error at 95 % of 1500 repeats is 1.1 points; four of its standard errors below nominal is a defect.
LEAST = 0.95 - 4 * (0.95 * 0.05 / REPEATS) ** 0.5


@pytest.mark.parametrize("name", ["half negative, alike", "few negative", "long texts"])
def test_intervals_hold_the_truth_as_often_as_they_say(name: str) -> None:
    world = next(world for world in coverage.WORLDS if world.name == name)
    found = coverage.measure(world, respondents=60, repeats=REPEATS, seed=7)
    assert all(LEAST <= one.held <= 0.985 for one in found.values()), found
    assert all(one.given == 1 for one in found.values())


def test_the_naive_interval_does_not() -> None:
    """Guards the simulation itself: with likeness inside respondents, counting units as independent must fail."""
    world = next(world for world in coverage.WORLDS if world.name == "long texts")
    naive = coverage.measure(world, respondents=60, repeats=REPEATS, seed=7)["negative share"].naive
    assert naive is not None
    assert naive < 0.8


def test_mean_scores() -> None:
    found = coverage.measure_scores((0.08, 0.04, 0.08, 0.2, 0.6), respondents=40, repeats=REPEATS, seed=7)
    assert LEAST <= found.held <= 0.985


def test_table_is_markdown() -> None:
    lines = list(coverage.table(repeats=20, seed=1, sizes=(10,)))
    rows = [line for line in lines if line.startswith("| ") and "respondents" not in line]
    assert len(rows) == len(coverage.WORLDS) + 3
