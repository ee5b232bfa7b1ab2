"""Intervals and tests for scores, by resampling feedbacks: the units of one feedback are not independent of one
another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import permutation_test

from models.scoring import MIN_SUPPORT, Tally

Counts = NDArray[np.float64]
Statistic = Callable[[Counts], Counts]
"""Maps sums of columns (samples, k) to values (samples,)."""

RESAMPLES = 2000
SWAPS = 4000
_BLOCK = 100  # resamples at a time: bounds memory
_SEED = 20250901


class Estimate(NamedTuple):
    """A figure with its 95 % percentile interval."""

    value: float
    low: float
    high: float


def show(e: Estimate, *, sign: bool = False) -> str:
    """An estimate with its interval; a dash where it is undefined."""
    form = "+.3f" if sign else ".3f"
    return "-" if np.isnan(e.value) else f"{e.value:{form}} ({e.low:{form}} to {e.high:{form}})"


def estimate(columns: Counts, statistic: Statistic) -> Estimate:
    """`statistic` of the summed `columns` (texts, k), with its interval over resampled texts.

    Resamples in which the statistic is undefined (NaN) do not count.
    """
    rng = np.random.default_rng(_SEED)
    texts = len(columns)
    value = float(statistic(columns.sum(axis=0)[None, :])[0])
    found = []
    for _ in range(RESAMPLES // _BLOCK):
        # Multinomial weights are the same as drawing texts with replacement.
        weights = rng.multinomial(texts, np.full(texts, 1 / texts), size=_BLOCK).astype(np.float64)
        found.append(statistic(weights @ columns))
    values = np.concatenate(found)
    defined = values[~np.isnan(values)]
    low, high = np.percentile(defined, [2.5, 97.5]) if len(defined) else (np.nan, np.nan)
    return Estimate(value, float(low), float(high))


def difference(ours: Counts, theirs: Counts, statistic: Statistic) -> Estimate:
    """`statistic` of `ours` less that of `theirs`, columns of the same texts, with a paired interval."""
    width = ours.shape[1]
    return estimate(np.hstack([ours, theirs]), lambda sums: statistic(sums[:, :width]) - statistic(sums[:, width:]))


def chance_of(ours: Counts, theirs: Counts, statistic: Statistic) -> float:
    """p of a difference as large as the one found if it made no difference which of two systems answered which text:
    a paired randomisation test (Noreen 1989), texts swapped between them at random, two-sided. Few texts that differ
    give no small p, however they differ.
    """
    differ = (ours != theirs).any(axis=1)
    if differ.sum() < 2:
        return 1.0
    same, rows = ours[~differ].sum(axis=0), np.concatenate([ours[differ], theirs[differ]])

    def gap(a: NDArray[np.intp], b: NDArray[np.intp], axis: int) -> Counts:
        sums = [same + rows[which].sum(axis=axis - 1) for which in (a, b)]
        values = [statistic(s.reshape(-1, rows.shape[1])).reshape(s.shape[:-1]) for s in sums]
        return values[0] - values[1]

    texts = np.arange(differ.sum())
    found = permutation_test(
        (texts, texts + len(texts)),
        gap,
        permutation_type="samples",
        vectorized=True,
        n_resamples=SWAPS,
        batch=_BLOCK,
        rng=np.random.default_rng(_SEED),
    )
    return float(found.pvalue)


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


def macro_classes(tallies: Sequence[Tally], head: str) -> list[str]:
    """The classes with at least `MIN_SUPPORT` matched gold units."""
    counts = Counter(g for t in tallies for g, _ in t.pairs[head])
    return sorted(label for label, n in counts.items() if n >= MIN_SUPPORT)


def macro_columns(tallies: Sequence[Tally], head: str, classes: Sequence[str] | None = None) -> Counts:
    """(texts, 3 c): hits, gold plus predicted, and gold units of each of `classes` (default: `macro_classes`)."""
    chosen = macro_classes(tallies, head) if classes is None else classes
    rows = []
    for t in tallies:
        mine = t.pairs[head]
        hits = [sum(g == c == p for g, p in mine) for c in chosen]
        totals = [sum((g == c) + (p == c) for g, p in mine) for c in chosen]
        rows.append(hits + totals + [sum(g == c for g, _ in mine) for c in chosen])
    return np.array(rows, dtype=np.float64)


def macro(sums: Counts) -> Counts:
    """Mean of the classes' F1, from `macro_columns`, over the classes that the sample has; NaN without any."""
    hits, totals, gold = np.split(sums, 3, axis=1)
    there = gold > 0
    scores = np.where(there, 2 * hits / np.maximum(1, totals), 0).sum(axis=1)
    classes = there.sum(axis=1)
    result: Counts = np.where(classes > 0, scores / np.maximum(1, classes), np.nan)
    return result
