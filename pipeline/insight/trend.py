"""Does a cell get worse? The later half of the time covered against the earlier half, with an interval.

The halves are calendar halves, not halves of the data. Two differences: of the negative share among a cell's
units (how it is spoken of), and of its reach (how many speak of it so); a breakdown may show in either. Both:
MOVER (intervals.difference) with the correlation that respondents heard in both halves bring. An interval
that holds 0 means: cannot tell.
"""

from __future__ import annotations

import numpy as np

from pipeline.insight.cells import Cells
from pipeline.metrics import intervals
from pipeline.metrics.clusters import Bools, Clusters, Floats, Ratio, correlation, from_sums, ratio
from pipeline.metrics.intervals import Estimate

MIN_RESPONDENTS = 10
"""In each half; with fewer the simulated interval of a change holds the truth less often than it says."""


def halves(cells: Cells) -> tuple[Bools, Bools] | None:
    """[feedbacks] of the earlier and of the later half; None if dates are missing or all the same."""
    day = cells.sample.day
    known = ~np.isnat(day)
    if not known.any() or day[known].min() == day[known].max():
        return None
    number = day.astype("datetime64[D]").astype(np.int64)
    first, last = number[known].min(), number[known].max()
    late = number >= first + (last - first) // 2 + 1
    return known & ~late, known & late


def of_share(cells: Cells, *, confidence: float) -> Estimate:
    """Later minus earlier share of the units here that are of the cells' side: [cells], NaN where it cannot
    be told.
    """
    split = halves(cells)
    if split is None:
        return _unknown(cells)
    early, late = (half[cells.sample.owner] for half in split)
    clusters = Clusters.of(cells.code, cells.sample.speaker, cells.size)
    rho = correlation(clusters, (cells.hit, late), (cells.hit, early))
    after, before = ratio(clusters, cells.hit, late), ratio(clusters, cells.hit, early)
    return _where_known(intervals.difference(after, before, rho, confidence=confidence), before, after)


def of_reach(cells: Cells, *, confidence: float) -> Estimate:
    """Later minus earlier share of respondents who speak so of the cell: [cells], NaN where it cannot be
    told.
    """
    split = halves(cells)
    if split is None:
        return _unknown(cells)
    classified = cells.sample.feedback["classified"].to_numpy(dtype=np.bool_)
    respondent = cells.sample.respondent
    present = [np.bincount(respondent[half & classified], minlength=cells.sample.n_respondents) > 0 for half in split]
    pairs = Clusters.of(cells.code[cells.hit], cells.sample.speaker[cells.hit], cells.size)
    speaking = [pairs.per_pair(half[cells.sample.owner[cells.hit]]) > 0 for half in split]
    before, after = (
        _reach(pairs.per_group(spoke), float(there.sum())) for spoke, there in zip(speaking, present, strict=True)
    )
    rho = _overlap(pairs, speaking, present, before, after)
    return _where_known(intervals.difference(after, before, rho, confidence=confidence), before, after)


def _reach(speaking: Floats, respondents: float) -> Ratio:
    n = np.full_like(speaking, respondents)
    return from_sums(hits=speaking, n=n, yy=speaking, ym=speaking, mm=n, respondents=n)


def _overlap(pairs: Clusters, speaking: list[Bools], present: list[Bools], before: Ratio, after: Ratio) -> Floats:
    """Correlation of the two reaches through respondents heard in both halves: [cells]."""
    there = [present[half][pairs.respondent] for half in (0, 1)]
    both = pairs.per_group(speaking[0] & speaking[1])
    crossed = pairs.per_group(speaking[0] & there[1]), pairs.per_group(there[0] & speaking[1])
    shared = float((present[0] & present[1]).sum())
    p, q = before.value, after.value
    covariance = both - q * crossed[0] - p * crossed[1] + p * q * shared
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = covariance / np.sqrt(before.n * p * (1 - p) * after.n * q * (1 - q))
    return np.clip(np.where(np.isfinite(rho), rho, np.nan), -1, 1)


def _where_known(found: Estimate, before: Ratio, after: Ratio) -> Estimate:
    """A difference without a trustworthy interval is not shown at all: it invites reading."""
    known = (before.respondents >= MIN_RESPONDENTS) & (after.respondents >= MIN_RESPONDENTS)
    return Estimate(*(np.where(known, x, np.nan) for x in (found.value, found.low, found.high)))


def _unknown(cells: Cells) -> Estimate:
    nothing = np.full(cells.size, np.nan)
    return Estimate(nothing, nothing, nothing)
