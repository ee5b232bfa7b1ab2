"""Confidence intervals for shares, bounded means and differences of shares from clustered data.

Shares and bounded means: Wilson's score interval (Wilson 1927) on the effective sample size (Korn & Graubard
1998; compared with others by Franco, Little, Louis & Slud 2019). Differences, net
sentiment and NPS among them: MOVER, the method of variance estimates recovery (Newcombe 1998, method 10; Zou
& Donner 2008), which joins two such intervals and their correlation. Measured coverage: docs/insight.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipeline.metrics.clusters import Floats, Ratio

MIN_RESPONDENTS = 5
"""With fewer respondents no interval is given: the scatter between them is not known well enough."""

WILSON = "wilson_cluster"
MOVER = "mover_cluster"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Values with limits, [groups] each; limits are NaN where there are too few respondents to say."""

    value: Floats
    low: Floats
    high: Floats


def wilson(value: Floats, n: Floats, *, confidence: float) -> tuple[Floats, Floats]:
    """Wilson's limits for shares `value` of (possibly fractional) sample sizes `n` > 0."""
    z2 = stats.norm.isf((1 - confidence) / 2) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (value + z2 / (2 * n)) / (1 + z2 / n)
        reach = np.sqrt(z2 * value * (1 - value) / n + z2**2 / (4 * n**2)) / (1 + z2 / n)
    # At 0 and 1 the limit is exact; rounding would leave it at 1e-17.
    low = np.where(value <= 0, 0.0, np.clip(centre - reach, 0, 1))
    high = np.where(value >= 1, 1.0, np.clip(centre + reach, 0, 1))
    return np.where(np.isnan(centre), np.nan, low), np.where(np.isnan(centre), np.nan, high)


def effective_size(estimate: Ratio, *, confidence: float, at_most_n: bool) -> Floats:
    """The size of a simple random sample as informative as the clustered one: [groups].

    n / design effect = p(1-p) / v, shrunk by (z/t)^2 because v itself is estimated from few respondents.
    Where v says nothing (every respondent alike), Kish's size: one vote per respondent. `at_most_n`: a design
    effect below 1 is taken for chance; right for shares, while means of graded scores scatter less than 0/1
    answers and may exceed n.
    """
    spread = estimate.value * (1 - estimate.value)
    known = (estimate.variance > 0) & (spread > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(known, spread / estimate.variance, estimate.kish)
    if at_most_n:
        size = np.minimum(size, estimate.n)
    tail = (1 - confidence) / 2
    freedom = np.maximum(estimate.kish - 1, 1.0)
    return np.asarray(size * (stats.norm.isf(tail) / stats.t.isf(tail, freedom)) ** 2)


def share(estimate: Ratio, *, confidence: float) -> Estimate:
    """Interval of a share (hits are 0/1)."""
    return _bounded(estimate, confidence=confidence, at_most_n=True)


def bounded_mean(estimate: Ratio, *, confidence: float) -> Estimate:
    """Interval of the mean of scores rescaled to 0..1."""
    return _bounded(estimate, confidence=confidence, at_most_n=False)


def difference(first: Ratio, second: Ratio, correlation: Floats, *, confidence: float) -> Estimate:
    """Interval of first - second, two shares whose estimates are correlated (NaN = unknown): MOVER."""
    one, two = share(first, confidence=confidence), share(second, confidence=confidence)
    # Undefined means that one share is exactly 0 or 1. Where the two exhaust everything they move against
    # each other.
    opposed = np.abs(first.value - second.value) >= 1
    rho = np.where(np.isnan(correlation), np.where(opposed, -1.0, 0.0), correlation)
    down_one, up_one = one.value - one.low, one.high - one.value
    down_two, up_two = two.value - two.low, two.high - two.value
    value = first.value - second.value
    low = value - np.sqrt(np.maximum(down_one**2 + up_two**2 - 2 * rho * down_one * up_two, 0))
    high = value + np.sqrt(np.maximum(up_one**2 + down_two**2 - 2 * rho * up_one * down_two, 0))
    return Estimate(value, np.clip(low, -1, 1), np.clip(high, -1, 1))


def _bounded(estimate: Ratio, *, confidence: float, at_most_n: bool) -> Estimate:
    size = effective_size(estimate, confidence=confidence, at_most_n=at_most_n)
    low, high = wilson(estimate.value, size, confidence=confidence)
    enough = estimate.respondents >= MIN_RESPONDENTS
    return Estimate(estimate.value, np.where(enough, low, np.nan), np.where(enough, high, np.nan))
