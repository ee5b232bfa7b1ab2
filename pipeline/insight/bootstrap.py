"""How far ranks and scores would move with other respondents: a bootstrap that draws whole respondents.

Drawing respondents, with all they said, keeps the dependence of their units (Davison & Hinkley 1997, 3.8;
Field & Welsh 2007). The interval of a rank is that of its bootstrap distribution (Goldstein & Spiegelhalter
1996): how sure the place of one cell is, not a set that holds the whole ranking at once (Mogstad, Romano,
Shaikh & Wilhelm 2024).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.metrics.clusters import Floats, Ints

DRAWS_AT_ONCE = 4_000_000
"""Weights held in memory at a time: 32 MB."""


def weights(respondents: int, *, repeats: int, seed: int) -> Iterator[Floats]:
    """How often each respondent is drawn: blocks of [some replicates, respondents], `repeats` rows in all."""
    rng = np.random.default_rng(seed)
    block = max(1, DRAWS_AT_ONCE // max(respondents, 1))
    for start in range(0, repeats, block):
        drawn = np.empty((min(block, repeats - start), respondents))
        for row in drawn:
            row[:] = np.bincount(rng.integers(0, respondents, size=respondents), minlength=respondents)
        yield drawn


def ranks(scores: Floats) -> Ints:
    """Rank (1 = highest) within each replicate of [replicates, cells]; ties keep the order of the columns."""
    falling = np.argsort(-scores, axis=1, kind="stable")
    return (np.argsort(falling, axis=1, kind="stable") + 1).astype(np.int64)


def rank_limits(scores: Floats, point: Ints, *, confidence: float) -> tuple[Ints, Ints]:
    """Best and worst rank of each cell, from replicates [replicates, cells]; they always hold the rank
    itself.
    """
    tail = (1 - confidence) / 2
    found = np.quantile(ranks(scores), [tail, 1 - tail], axis=0, method="inverted_cdf").astype(np.int64)
    return np.minimum(found[0], point), np.maximum(found[1], point)
