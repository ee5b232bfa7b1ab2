"""What feedback says about each stage x touchpoint cell: reach, severity, reliability. Formulas:
docs/insight.md.

Everything is a sum over respondents, so that a bootstrap over respondents only has to weight the same sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.certainty import certainty
from pipeline.metrics import intervals
from pipeline.metrics.clusters import Bools, Clusters, Floats, Ints
from pipeline.metrics.sample import Sample
from pipeline.metrics.segments import segments

Side = Literal["negative", "positive"]


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over respondents, [..., cells] each; leading dimensions are bootstrap replicates.

    `speaking`: respondents with a unit of the wanted side here; `mass`, `against`: probability of that side
    and of the opposite one, summed over all units here; `units`: units of that side; `certainty`: their
    summed probability that sentiment, stage and touchpoint are all right.
    """

    speaking: Floats
    mass: Floats
    against: Floats
    units: Floats
    certainty: Floats


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a score, each in 0..1, [..., cells]."""

    reach: Floats
    reach_low: Floats
    reach_high: Floats
    severity: Floats
    reliability: Floats


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells that units speak of. `frame`: stage, touchpoint; `code`: [units] -> cell; `hit`: [units] is
    of `side`.

    `respondents`: how many respondents have a classified feedback, the base of every reach. `table`: sparse
    [respondents, 5 * cells], the terms of `Sums`.
    """

    side: Side
    sample: Sample
    frame: pd.DataFrame
    code: Ints
    hit: Bools
    respondents: int
    table: sparse.csr_array

    @property
    def size(self) -> int:
        """How many cells there are."""
        return len(self.frame)

    def sums(self, weights: Floats | None = None) -> Sums:
        """The sums, with each respondent counted as often as `weights` ([..., respondents]) says (default:
        once).
        """
        ones = np.ones(self.table.shape[0]) if weights is None else weights
        stacked = np.asarray(ones @ self.table).reshape(*ones.shape[:-1], 5, self.size)
        return Sums(*(stacked[..., term, :] for term in range(5)))


def observe(sample: Sample, side: Side) -> Cells:
    """Sort the units of classified feedbacks into cells, seen from one side."""
    cut = segments("stage_touchpoint", sample)
    classified = sample.feedback["classified"].to_numpy(dtype=np.bool_)
    _, present = np.unique(sample.respondent[classified], return_inverse=True)
    number = np.full(len(sample.feedback), -1, dtype=np.int64)
    number[classified] = present
    who = number[sample.owner]
    respondents = int(present.max()) + 1 if present.size else 0
    hit = sample.is_(side)
    inside = who >= 0
    terms = _terms(sample.units[inside], hit[inside], side)
    pairs = Clusters.of(cut.code[inside], who[inside], len(cut.frame))
    summed = [pairs.per_pair(term) for term in terms]
    summed.insert(0, (summed[2] > 0).astype(np.float64))
    column = np.concatenate([pairs.group + term * len(cut.frame) for term in range(5)])
    table = sparse.csr_array(
        (np.concatenate(summed), (np.tile(pairs.respondent, 5), column)),
        shape=(respondents, 5 * len(cut.frame)),
    )
    table.eliminate_zeros()
    return Cells(side, sample, cut.frame[["stage", "touchpoint"]], cut.code, hit & inside, respondents, table)


def parts(sums: Sums, respondents: int, *, confidence: float) -> Parts:
    """Reach, severity and reliability; cells that nobody complains about (or praises) have 0 for all."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = sums.speaking / respondents
        low, high = intervals.wilson(reach, np.full_like(reach, respondents), confidence=confidence)
        severity = np.nan_to_num(sums.mass / (sums.mass + sums.against))
        reliability = np.nan_to_num(low / reach * sums.certainty / sums.units)
    spoken = sums.speaking > 0
    return Parts(reach, low, high, np.where(spoken, severity, 0.0), np.where(spoken, reliability, 0.0))


def counts(cells: Cells) -> pd.DataFrame:
    """n_feedback, n_respondents, n_units of each cell, and how many of each are of its side (n_side_...):
    [cells].
    """
    found = {"n_units": np.bincount(cells.code, minlength=cells.size)}
    found["n_side_units"] = np.bincount(cells.code[cells.hit], minlength=cells.size)
    for name, whose in (("feedback", cells.sample.owner), ("respondents", cells.sample.speaker)):
        for prefix, kept in (("n_", np.ones_like(cells.hit)), ("n_side_", cells.hit)):
            pairs = Clusters.of(cells.code[kept], whose[kept], cells.size)
            found[prefix + name] = np.bincount(pairs.group, minlength=cells.size)
    return pd.DataFrame(found)


def order(values: Floats, ties: Floats) -> Ints:
    """Positions from best to worst: by `values`, then by `ties`, both falling, then as they stand."""
    return np.lexsort((np.arange(values.size), -ties, -values)).astype(np.int64)


def _terms(units: pd.DataFrame, hit: Bools, side: Side) -> list[Floats]:
    """Per unit: probability of the side and of the opposite one, whether it is of the side, and certainty if
    so.
    """
    other: Side = "positive" if side == "negative" else "negative"
    return [probability(units, side), probability(units, other), hit.astype(np.float64), certainty(units) * hit]


def probability(units: pd.DataFrame, sentiment: str) -> Floats:
    """[units]: the model's probability of a sentiment; where it gives only that of its label, 0 for the
    others.
    """
    given = units[f"p_{sentiment}"].to_numpy(dtype=np.float64, na_value=np.nan)
    labelled = np.where(units["sentiment"] == sentiment, units["sentiment_score"].to_numpy(dtype=np.float64), 0.0)
    return np.where(np.isnan(given), labelled, given)
