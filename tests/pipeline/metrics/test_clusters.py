from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metrics.clusters import Clusters, correlation, from_sums, ratio

# Three respondents: 1 of 2 units negative, 3 of 3, 0 of 1.
GROUP = np.zeros(6, dtype=np.int64)
WHO = np.array([0, 0, 1, 1, 1, 2])
NEGATIVE = np.array([True, False, True, True, True, False])


def test_ratio_by_hand() -> None:
    found = ratio(Clusters.of(GROUP, WHO, 1), NEGATIVE)
    # p = 4/6; residuals 1 - 2p = -1/3, 3 - 3p = 1, 0 - p = -2/3; v = 3/2 * (1/9 + 1 + 4/9) / 36
    assert found.value[0] == pytest.approx(4 / 6)
    assert found.variance[0] == pytest.approx(1.5 * (14 / 9) / 36)
    assert (found.n[0], found.respondents[0]) == (6, 3)
    assert found.kish[0] == pytest.approx(36 / (4 + 9 + 1))


def test_one_unit_each_is_the_textbook_variance() -> None:
    hits = np.array([1, 0, 1, 1, 0, 0, 0, 1, 1, 1], dtype=bool)
    found = ratio(Clusters.of(np.zeros(10, dtype=np.int64), np.arange(10), 1), hits)
    assert found.variance[0] == pytest.approx(hits.var(ddof=1) / 10)
    assert found.kish[0] == 10


def test_groups_do_not_mix_and_empty_groups_have_no_value() -> None:
    found = ratio(Clusters.of(np.array([0, 0, 2]), np.array([5, 6, 5]), 3), np.array([True, False, True]))
    assert found.value.tolist()[0::2] == [0.5, 1.0]
    assert np.isnan(found.value[1])
    assert found.respondents.tolist() == [2, 0, 1]
    assert np.isnan(found.variance[2]), "one respondent says nothing about scatter"


def test_among_restricts_hits_and_base() -> None:
    late = np.array([True, True, True, False, False, False])
    found = ratio(Clusters.of(GROUP, WHO, 1), NEGATIVE, late)
    assert (found.value[0], found.n[0], found.respondents[0]) == (pytest.approx(2 / 3), 3, 2)


def test_correlation_by_hand() -> None:
    clusters = Clusters.of(np.zeros(4, dtype=np.int64), np.arange(4), 1)
    plus = np.array([True, True, False, False])
    assert correlation(clusters, (plus, None), (~plus, None))[0] == pytest.approx(-1)
    assert correlation(clusters, (plus, None), (plus, None))[0] == pytest.approx(1)
    nobody = np.zeros(4, dtype=bool)
    assert np.isnan(correlation(clusters, (plus, None), (nobody, None))[0]), "a share of 0 does not vary"


def test_find_returns_where_pairs_stand() -> None:
    clusters = Clusters.of(np.array([1, 0, 1]), np.array([2, 7, 0]), 2)
    where = clusters.find(np.array([1, 0]), np.array([2, 7]))
    assert clusters.group[where].tolist() == [1, 0]
    assert clusters.respondent[where].tolist() == [2, 7]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.booleans()), min_size=1, max_size=60))
def test_sums_give_the_same_as_listing(observations: list[tuple[int, int, bool]]) -> None:
    group, who, hit = (np.array(column) for column in zip(*observations, strict=True))
    clusters = Clusters.of(group, who, 4)
    listed = ratio(clusters, hit)
    for index in range(4):
        here = group == index
        m = np.bincount(who[here], minlength=6).astype(float)
        y = np.bincount(who[here], weights=hit[here], minlength=6)
        if not m.sum():
            assert np.isnan(listed.value[index])
            continue
        again = from_sums(
            hits=np.array([y.sum()]),
            n=np.array([m.sum()]),
            yy=np.array([(y * y).sum()]),
            ym=np.array([(y * m).sum()]),
            mm=np.array([(m * m).sum()]),
            respondents=np.array([(m > 0).sum()], dtype=float),
        )
        direct = ((y - y.sum() / m.sum() * m) ** 2).sum() / m.sum() ** 2
        g = (m > 0).sum()
        assert again.value[0] == listed.value[index]
        if g > 1:
            assert listed.variance[index] == pytest.approx(g / (g - 1) * direct, abs=1e-12)
