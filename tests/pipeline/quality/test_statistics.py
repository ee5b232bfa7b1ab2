"""The tests behind the checks keep their false-alarm rates, and find what is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline.quality.statistics import mean_shift, share, stability, volume_drop

RATE = 0.02


def alarms(draw, *, periods: int = 12, times: int = 1500, rate: float = RATE) -> float:
    found = 0
    for _ in range(times):
        counts = draw(periods + 1)
        found += volume_drop(counts[:-1], int(counts[-1]), false_alarm=rate).found
    return found / times


@pytest.mark.parametrize("mean", [3, 20, 400])
def test_chance_alone_alarms_no_oftener_than_stated(mean):
    rng = np.random.default_rng(7)
    assert alarms(lambda n: rng.poisson(mean, n)) <= RATE + 0.008


@pytest.mark.parametrize("size", [3, 10])
@pytest.mark.parametrize("mean", [20, 400])
def test_a_source_that_scatters_more_than_chance_keeps_the_rate_too(mean, size):
    rng = np.random.default_rng(11)
    draw = lambda n: rng.negative_binomial(size, size / (size + mean), n)  # noqa: E731
    assert alarms(draw) <= RATE + 0.012
    # The exact test for chance alone would not: its alarms are what the second one is for.
    chance = 0
    for _ in range(300):
        counts = draw(13)
        chance += stats.binom.cdf(counts[-1], counts.sum(), 1 / 13) <= RATE
    assert chance / 300 > 3 * RATE


@pytest.mark.parametrize(("mean", "left"), [(30, 0.2), (400, 0.6)])
def test_a_real_drop_is_found(mean, left):
    rng = np.random.default_rng(3)
    found = [
        volume_drop(rng.poisson(mean, 12), int(rng.poisson(mean * left)), false_alarm=0.001).found for _ in range(200)
    ]
    assert np.mean(found) > 0.9


def test_where_nothing_at_all_could_be_chance_there_is_no_limit():
    drop = volume_drop(np.array([1, 0, 2, 0, 1, 1]), 0, false_alarm=0.001)
    assert drop.limit is None
    assert not drop.found
    assert not volume_drop(np.zeros(6, dtype=np.int64), 0, false_alarm=0.001).found


@given(st.lists(st.integers(0, 300), min_size=6, max_size=12), st.integers(0, 300), st.integers(0, 300))
def test_less_feedback_is_never_less_of_a_drop(history, one, other):
    counts = np.array(history, dtype=np.int64)
    low, high = (volume_drop(counts, each, false_alarm=0.01).found for each in sorted((one, other)))
    assert low or not high


def test_limits_of_a_share_are_the_exact_ones():
    exact = stats.binomtest(7, 40).proportion_ci(0.95, method="exact")
    found = share(7 / 40, 40, false_alarm=0.025)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    assert share(0.0, 10, false_alarm=0.01).low == 0
    assert share(1.0, 10, false_alarm=0.01).high == 1


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.15, 0.05), (0.9, 0.1, 0.0, 0.0)])
def test_an_unchanged_mix_has_an_index_of_no_shift(shares):
    rng = np.random.default_rng(5)
    above = 0
    for _ in range(1500):
        history, current = rng.multinomial(2000, shares), rng.multinomial(150, shares)
        bounds = stability(history, current, (2000, 150), false_alarm=RATE)
        above += bounds.low > 0
        assert bounds.low <= bounds.value
    assert above / 1500 <= RATE + 0.01


def test_the_interval_of_the_index_holds_a_real_shift():
    rng = np.random.default_rng(6)
    first, second = np.array([0.6, 0.3, 0.1]), np.array([0.3, 0.5, 0.2])
    true = float(((second - first) * np.log(second / first)).sum())
    inside = 0
    for _ in range(300):
        bounds = stability(rng.multinomial(3000, first), rng.multinomial(400, second), (3000, 400), false_alarm=0.025)
        inside += bounds.low <= true <= bounds.high
    assert 0.9 <= inside / 300 <= 0.995


def test_one_category_cannot_shift():
    assert stability(np.array([5.0, 0]), np.array([9.0, 0]), (5, 9), false_alarm=0.01).value == 0


def test_a_shift_of_means_has_welchs_interval():
    rng = np.random.default_rng(8)
    one, other = rng.normal(0.5, 0.1, 200), rng.normal(0.7, 0.2, 50)
    found = mean_shift(one, other, false_alarm=0.025)
    assert found.low < found.value < found.high
    exact = stats.ttest_ind(other, one, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    same = mean_shift(np.ones(5), np.ones(3), false_alarm=0.025)
    assert (same.value, same.low, same.high) == (0, 0, 0)
