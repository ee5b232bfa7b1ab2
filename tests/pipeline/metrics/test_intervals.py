from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline.metrics import intervals
from pipeline.metrics.clusters import Clusters, Ratio, correlation, ratio

Answers = list[list[int]]
ANSWERS = st.lists(st.lists(st.integers(-1, 1), min_size=1, max_size=5), min_size=5, max_size=40)


def _clusters(answers: Answers) -> tuple[Clusters, np.ndarray]:
    who = np.repeat(np.arange(len(answers)), [len(said) for said in answers])
    return Clusters.of(np.zeros(who.size, dtype=np.int64), who, 1), np.concatenate([np.array(said) for said in answers])


def _shares(answers: Answers) -> tuple[Ratio, Ratio, np.ndarray]:
    clusters, said = _clusters(answers)
    plus, minus = said == 1, said == -1
    return ratio(clusters, plus), ratio(clusters, minus), correlation(clusters, (plus, None), (minus, None))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.95]))
def test_wilson_agrees_with_scipy(counts: tuple[int, int], confidence: float) -> None:
    hits, n = counts
    low, high = intervals.wilson(np.array([hits / n]), np.array([float(n)]), confidence=confidence)
    theirs = stats.binomtest(hits, n).proportion_ci(confidence_level=confidence, method="wilson")
    assert (low[0], high[0]) == (pytest.approx(theirs.low, abs=1e-9), pytest.approx(theirs.high, abs=1e-9))


def test_many_single_answers_give_plain_wilson() -> None:
    answers = [[-1]] * 300 + [[1]] * 700
    estimate = intervals.share(_shares(answers)[1], confidence=0.95)
    plain = intervals.wilson(np.array([0.3]), np.array([1000.0]), confidence=0.95)
    assert estimate.low[0] == pytest.approx(plain[0][0], abs=2e-4)
    assert estimate.high[0] == pytest.approx(plain[1][0], abs=2e-4)


@pytest.mark.parametrize("times", [2, 10])
def test_repeating_oneself_is_no_evidence(times: int) -> None:
    """Respondents who say everything ten times must not make the interval ten times surer."""
    once = [[-1]] * 12 + [[1]] * 18
    again = [said * times for said in once]
    narrow, same = (intervals.share(_shares(answers)[1], confidence=0.95) for answers in (once, again))
    assert same.low[0] == pytest.approx(narrow.low[0], abs=0.01)
    assert same.high[0] == pytest.approx(narrow.high[0], abs=0.01)


def test_all_alike_counts_respondents_not_units() -> None:
    estimate = intervals.share(_shares([[-1] * 50] * 6)[1], confidence=0.95)
    assert estimate.high[0] == 1.0
    assert estimate.low[0] < 0.61, "six respondents, however much they write, leave room for doubt"


def test_no_interval_from_a_handful() -> None:
    few = intervals.share(_shares([[-1, 1]] * (intervals.MIN_RESPONDENTS - 1))[1], confidence=0.95)
    assert few.value[0] == 0.5
    assert np.isnan(few.low[0])
    assert np.isnan(few.high[0])
    assert not np.isnan(intervals.share(_shares([[-1, 1]] * intervals.MIN_RESPONDENTS)[1], confidence=0.95).low[0])


def test_difference_is_newcombes_method_10() -> None:
    """One answer of three per respondent: the formula with Wilson's limits and the multinomial correlation."""
    answers = [[1]] * 600 + [[0]] * 200 + [[-1]] * 200
    good, bad, rho = _shares(answers)
    net = intervals.difference(good, bad, rho, confidence=0.95)
    (l1, l2), (u1, u2) = intervals.wilson(np.array([0.6, 0.2]), np.array([1000.0, 1000.0]), confidence=0.95)
    phi = -np.sqrt(0.6 * 0.2 / (0.4 * 0.8))
    low = 0.4 - np.sqrt((0.6 - l1) ** 2 + (u2 - 0.2) ** 2 - 2 * phi * (0.6 - l1) * (u2 - 0.2))
    high = 0.4 + np.sqrt((u1 - 0.6) ** 2 + (0.2 - l2) ** 2 - 2 * phi * (u1 - 0.6) * (0.2 - l2))
    assert rho[0] == pytest.approx(phi)
    assert (net.low[0], net.high[0]) == (pytest.approx(low, abs=2e-4), pytest.approx(high, abs=2e-4))


def test_net_sentiment_of_unanimous_complaint_touches_the_end() -> None:
    good, bad, rho = _shares([[-1]] * 20)
    net = intervals.difference(good, bad, rho, confidence=0.95)
    assert net.value[0] == net.low[0] == -1
    assert -0.8 < net.high[0] < -0.5


@given(ANSWERS)
def test_limits_hold_the_estimate_and_stay_inside(answers: Answers) -> None:
    good, bad, rho = _shares(answers)
    for found in (intervals.share(good, confidence=0.95), intervals.share(bad, confidence=0.95)):
        assert 0 <= found.low[0] <= found.value[0] <= found.high[0] <= 1
    net = intervals.difference(good, bad, rho, confidence=0.95)
    assert -1 <= net.low[0] <= net.value[0] + 1e-12
    assert net.value[0] - 1e-12 <= net.high[0] <= 1


@given(ANSWERS)
def test_more_confidence_is_wider(answers: Answers) -> None:
    bad = _shares(answers)[1]
    sure, surer = (intervals.share(bad, confidence=level) for level in (0.8, 0.99))
    assert surer.low[0] <= sure.low[0] + 1e-12
    assert surer.high[0] >= sure.high[0] - 1e-12


def test_equal_scores_do_not_feign_certainty() -> None:
    fours = np.full(20, 0.75)
    mean = intervals.bounded_mean(
        ratio(Clusters.of(np.zeros(20, dtype=np.int64), np.arange(20), 1), fours), confidence=0.95
    )
    assert mean.low[0] < 0.6
    assert mean.high[0] > 0.85
