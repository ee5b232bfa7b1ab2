"""The tests behind the checks. Each keeps a false-alarm rate: how often it speaks up although nothing has changed.

Volume: two tests that must both speak. The exact conditional test of Poisson counts (Przyborowski & Wilenski 1940:
given the sum, a count of one of k + 1 equal periods is binomial) guards against chance; Student's prediction interval
on square roots (Anscombe 1948) against a source that scatters more than chance. Shares: the exact interval of Clopper
& Pearson on the effective sample size (Korn & Graubard 1998). Mixes: population stability index, whose scaled value is
chi-square for large samples (Yurdakul 2018), non-central where there is a shift. Means: Welch's interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from pipeline.metrics.clusters import NOTHING, Floats, Ints

_SPREAD = 0.5
"""Standard deviation of the square root of a Poisson count: no source is steadier than chance."""
_SMOOTHING = 0.5
"""Added to every cell of a mix, so that an empty one does not make the index infinite (Jeffreys)."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """An estimate with limits, each of which is wrong with at most the false-alarm rate."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Drop:
    """A count against its history: `ratio` to the mean of the history; `limit`: the ratio from which down it is too low
    to be chance, None where even no feedback at all could be chance.
    """

    ratio: float
    limit: float | None
    expected: float

    @property
    def found(self) -> bool:
        """Whether the count is too low to be chance."""
        return self.limit is not None and self.ratio <= self.limit


def volume_drop(history: Ints, current: int, *, false_alarm: float) -> Drop:
    """Whether `current` is too low after `history` ([periods], at least two, of equal length)."""
    expected = float(history.mean())
    if expected == 0:
        return Drop(1.0, None, expected)
    counts = np.arange(int(np.ceil(expected)) + 1)
    unlikely = np.maximum(_by_chance(counts, history), _by_scatter(counts, history)) <= false_alarm
    # Both rise with the count, so the unlikely counts are the lowest ones.
    limit = float(counts[unlikely].max()) / expected if unlikely.any() else None
    return Drop(current / expected, limit, expected)


def _by_chance(counts: Ints, history: Ints) -> Floats:
    """P(no more than `counts`) for Poisson counts of one mean, given the sum: [counts]."""
    found: Floats = stats.binom.cdf(counts, counts + history.sum(), 1 / (history.size + 1))
    return found


def _by_scatter(counts: Ints, history: Ints) -> Floats:
    """P(no more than `counts`) as the history scatters, on square roots: [counts]."""
    roots = np.sqrt(history + 3 / 8)
    spread = max(float(roots.std(ddof=1)), _SPREAD) * np.sqrt(1 + 1 / history.size)
    found: Floats = stats.t.cdf((np.sqrt(counts + 3 / 8) - roots.mean()) / spread, history.size - 1)
    return found


def share(value: float, n: float, *, false_alarm: float) -> Bounds:
    """Exact limits of a share of `n` > 0 observations (an effective number need not be whole)."""
    hits = value * n
    low = float(stats.beta.ppf(false_alarm, hits, n - hits + 1)) if hits > 0 else 0.0
    high = float(stats.beta.isf(false_alarm, hits + 1, n - hits)) if hits < n else 1.0
    return Bounds(value, low, high)


def stability(history: Floats, current: Floats, sizes: tuple[float, float], *, false_alarm: float) -> Bounds:
    """Population stability index between two mixes: counts per category, [categories] each, of which one is above 0.

    `sizes` are the effective numbers of observations of both. Below 0.1 a mix is taken to be the same, above 0.25 to be
    another (a rule of thumb of credit scoring).
    """
    present = (history + current) > 0
    degrees = int(present.sum()) - 1
    if degrees == 0:
        return Bounds(0.0, 0.0, 0.0)
    first, second = (
        (counts[present] / counts.sum() * size + _SMOOTHING) / (size + _SMOOTHING * (degrees + 1))
        for counts, size in zip((history, current), sizes, strict=True)
    )
    value = float(((second - first) * np.log(second / first)).sum())
    unit = 1 / sizes[0] + 1 / sizes[1]
    low, high = (_noncentrality(value / unit, degrees, tail) for tail in (1 - false_alarm, false_alarm))
    return Bounds(value, low * unit, high * unit)


def _noncentrality(observed: float, degrees: int, tail: float) -> float:
    """The non-centrality under which a chi-square is at most `observed` with probability `tail`; 0 if there is none."""
    if stats.chi2.cdf(observed, degrees) <= tail:
        return 0.0
    top = 4 * observed + 100.0
    found: float = optimize.brentq(lambda shift: stats.ncx2.cdf(observed, degrees, shift) - tail, 1e-9, top)
    return found


def mean_shift(history: Floats, current: Floats, *, false_alarm: float) -> Bounds:
    """Mean of `current` minus mean of `history`, at least two independent values each (Welch)."""
    value = float(current.mean() - history.mean())
    parts = [float(values.var(ddof=1)) / values.size for values in (history, current)]
    if sum(parts) < NOTHING:
        return Bounds(value, value, value)
    weights = (part**2 / (values.size - 1) for part, values in zip(parts, (history, current), strict=True))
    reach = float(stats.t.isf(false_alarm, sum(parts) ** 2 / sum(weights)) * np.sqrt(sum(parts)))
    return Bounds(value, value - reach, value + reach)
