"""Ratio estimates from clustered data: the units of one respondent are not independent of each other.

A share of units is a ratio of two sums over respondents, p = sum(y_i) / sum(m_i), with y_i hits among m_i
units of respondent i. Its variance is linearised over respondents (Taylor; Woodruff 1971, Korn & Graubard
1999, ch. 2): v = G/(G-1) * sum((y_i - p m_i)^2) / sum(m_i)^2. Everything here works from sums of squares and
products per group, so that respondents without a hit need not be listed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NOTHING = 1e-12
"""Below this a variance is a rounding error of zero: the sums are counts, so real ones are far larger."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """Observations sorted into groups, and within each group into respondents.

    `pair`: [observations] -> (group, respondent) pair; `group`: [pairs] -> group, `respondent`: [pairs] ->
    respondent.
    """

    n_groups: int
    pair: Ints
    group: Ints
    respondent: Ints

    @classmethod
    def of(cls, group: Ints, respondent: Ints, n_groups: int) -> Clusters:
        """Sort observations by `group` (0..n_groups-1) and `respondent` (any integers from 0)."""
        width = int(respondent.max()) + 1 if respondent.size else 1
        pairs, pair = np.unique(group.astype(np.int64) * width + respondent, return_inverse=True)
        return cls(n_groups, pair.astype(np.int64), pairs // width, pairs % width)

    def per_pair(self, values: Floats | Bools | None = None) -> Floats:
        """Sum `values` (default: count observations) within each pair: [pairs]."""
        weights = None if values is None else values.astype(np.float64)
        return np.bincount(self.pair, weights, minlength=self.group.size).astype(np.float64)

    def per_group(self, per_pair: Floats | Bools) -> Floats:
        """Sum pair values within each group: [groups]."""
        summed = np.bincount(self.group, per_pair.astype(np.float64), minlength=self.n_groups)
        return summed.astype(np.float64)

    def find(self, group: Ints, respondent: Ints) -> Ints:
        """Where the pairs (group, respondent) stand; all of them must be there."""
        width = int(max(self.respondent.max(initial=0), respondent.max(initial=0))) + 1
        return np.searchsorted(self.group * width + self.respondent, group * width + respondent).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Ratio:
    """Estimates of one ratio for many groups; every array is [groups].

    `value` is NaN where `n` is 0. `variance` is the linearised cluster variance, NaN for fewer than two
    respondents. `kish` = (sum m)^2 / sum m^2: how many observations there would be if each respondent's all
    said the same.
    """

    value: Floats
    variance: Floats
    n: Floats
    respondents: Floats
    kish: Floats


def from_sums(*, hits: Floats, n: Floats, yy: Floats, ym: Floats, mm: Floats, respondents: Floats) -> Ratio:
    """A Ratio from sums over respondents: of hits y, observations m, y*y, y*m and m*m; all [groups]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = hits / n
        scatter = (yy - 2 * value * ym + value**2 * mm) / n**2
        scatter = np.where(scatter < NOTHING / np.maximum(n, 1), 0.0, scatter)
        variance = np.where(respondents > 1, respondents / (respondents - 1) * scatter, np.nan)
        return Ratio(value, variance, n, respondents, n**2 / mm)


def ratio(clusters: Clusters, hits: Floats | Bools, among: Bools | None = None) -> Ratio:
    """The mean of `hits` ([observations], 0/1 or any number) per group, over the observations `among`
    (default: all).
    """
    m = clusters.per_pair(among)
    y = clusters.per_pair(hits if among is None else hits * among)
    total = clusters.per_group
    return from_sums(
        hits=total(y), n=total(m), yy=total(y * y), ym=total(y * m), mm=total(m * m), respondents=total(m > 0)
    )


def correlation(
    clusters: Clusters,
    first: tuple[Floats | Bools, Bools | None],
    second: tuple[Floats | Bools, Bools | None],
) -> Floats:
    """Correlation over respondents of two ratio estimates, each given as (hits, among): [groups], NaN where
    undefined.
    """
    errors = []
    for hits, among in (first, second):
        m = clusters.per_pair(among)
        y = clusters.per_pair(hits if among is None else hits * among)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = clusters.per_group(y) / clusters.per_group(m)
        errors.append(y - np.nan_to_num(value)[clusters.group] * m)
    one, two = errors
    scale = clusters.per_group(one * one) * clusters.per_group(two * two)
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = np.where(scale > NOTHING, clusters.per_group(one * two) / np.sqrt(scale), np.nan)
    return np.clip(raw, -1.0, 1.0)
