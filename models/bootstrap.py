"""Intervals for scores, by resampling feedbacks: the units of one feedback are not independent of one
another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.scoring import MIN_SUPPORT, Tally

Counts = NDArray[np.float64]

RESAMPLES = 2000
_SEED = 20250901


class Estimate(NamedTuple):
    """A figure with its 95 % percentile interval."""

    value: float
    low: float
    high: float


def estimate(columns: Counts, statistic: Callable[[Counts], Counts]) -> Estimate:
    """`statistic` of the summed `columns` (texts, k), with its interval over resampled texts.

    `statistic` maps sums (samples, k) to values (samples,). The resamples depend on the number of texts
    only, so a difference of two systems on the same texts may be put into one statistic and is then a
    paired comparison.
    """
    rng = np.random.default_rng(_SEED)
    texts = len(columns)
    value = float(statistic(columns.sum(axis=0)[None, :])[0])
    # Multinomial weights are the same as drawing texts with replacement.
    weights = rng.multinomial(texts, np.full(texts, 1 / texts), size=RESAMPLES).astype(np.float64)
    low, high = np.percentile(statistic(weights @ columns), [2.5, 97.5])
    return Estimate(value, float(low), float(high))


def f1_columns(tallies: Sequence[Tally], head: str | None) -> Counts:
    """(texts, 2): hits and gold plus predicted units; hits are matches, or right labels of `head`."""
    rows = []
    for t in tallies:
        pairs = t.pairs[head or "sentiment"]
        hits = len(pairs) if head is None else sum(g == p for g, p in pairs)
        rows.append((hits, t.gold + t.predicted))
    return np.array(rows, dtype=np.float64)


def f1(sums: Counts) -> Counts:
    """2 hits / (gold + predicted), from `f1_columns`."""
    result: Counts = 2 * sums[:, 0] / np.maximum(1, sums[:, 1])
    return result


def accuracy_columns(tallies: Sequence[Tally], head: str) -> Counts:
    """(texts, 2): right labels and matched units."""
    rows = [(sum(g == p for g, p in t.pairs[head]), len(t.pairs[head])) for t in tallies]
    return np.array(rows, dtype=np.float64)


def ratio(sums: Counts) -> Counts:
    """First column over second."""
    result: Counts = sums[:, 0] / np.maximum(1, sums[:, 1])
    return result


def macro_columns(tallies: Sequence[Tally], head: str) -> Counts:
    """(texts, 2 c): hits and gold plus predicted of each class with at least `MIN_SUPPORT` matched gold
    units.
    """
    pairs = [pair for t in tallies for pair in t.pairs[head]]
    classes = sorted({g for g, _ in pairs if sum(g == other for other, _ in pairs) >= MIN_SUPPORT})
    rows = []
    for t in tallies:
        mine = t.pairs[head]
        hits = [sum(g == c == p for g, p in mine) for c in classes]
        totals = [sum((g == c) + (p == c) for g, p in mine) for c in classes]
        rows.append(hits + totals)
    return np.array(rows, dtype=np.float64)


def macro(sums: Counts) -> Counts:
    """Mean of the classes' F1, from `macro_columns`; a class that a resample misses counts as 0."""
    half = sums.shape[1] // 2
    if not half:
        return np.full(len(sums), np.nan)
    result: Counts = (2 * sums[:, :half] / np.maximum(1, sums[:, half:])).mean(axis=1)
    return result
