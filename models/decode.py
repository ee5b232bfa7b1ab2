"""Clause scores to opinion units, by dynamic programming over all segmentations of a text.

A segmentation is scored by the link log-odds of every pair of neighbours it keeps together, plus
`label_weight` times the log-probability of the best label of each head, pooled over each segment. Segments
whose best sentiment is "no feedback content" give no unit. The link score is needed beside the labels:
neighbours with equal labels are often two units (a title and its repetition), so equal labels alone must
not join them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.labels import HEADS

Array = NDArray[np.float64]
_NEVER = -1e9  # below every sum of log-probabilities


@dataclass(frozen=True, slots=True)
class DecodeSettings:
    """Chosen on the dev part; stored with the weights."""

    label_weight: float = 0.6
    link_bias: float = -0.5
    """Added to every link score: below zero it splits more."""
    max_clauses: int = 48
    """Longest unit in clauses; bounds the work on very long texts."""


class Segment(NamedTuple):
    """Clauses `first` to `last` (exclusive) that make one unit."""

    first: int
    last: int


def log_softmax(scores: Array) -> Array:
    """Row-wise log-probabilities of raw scores (n, classes)."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def find_units(labels: Mapping[str, Array], link: Array, settings: DecodeSettings) -> list[Segment]:
    """The best segmentation of n clauses, without the segments that have no feedback content.

    `labels[head]` (n, classes) are log-probabilities, sentiment with the last class "no content"; `link` (n
    - 1,) are log-odds that clause k and k + 1 belong to one unit.
    """
    count = len(labels["sentiment"])
    if not count:
        return []
    sums = _cumulative(labels)
    links = np.concatenate([[0.0], np.cumsum(link + settings.link_bias)])  # links[k]: all pairs up to clause k
    best = np.zeros(count + 1)
    start_of = np.zeros(count + 1, dtype=int)
    for last in range(1, count + 1):
        lowest = max(0, last - settings.max_clauses)
        pooled = (sums[last] - sums[lowest:last]).max(axis=2).sum(axis=1)
        kept = links[last - 1] - links[lowest:last]
        scores = best[lowest:last] + kept + settings.label_weight * pooled
        start_of[last] = lowest + int(scores.argmax())
        best[last] = scores[start_of[last] - lowest]
    segments, last = [], count
    while last > 0:
        segments.append(Segment(int(start_of[last]), last))
        last = int(start_of[last])
    sentiment = sums[:, HEADS.index("sentiment")]
    nothing = labels["sentiment"].shape[1] - 1
    return [s for s in reversed(segments) if int((sentiment[s.last] - sentiment[s.first]).argmax()) != nothing]


def _cumulative(labels: Mapping[str, Array]) -> Array:
    """(n + 1, heads, classes of the largest head): entry k is the sum of the first k rows of each head; what a smaller
    head has not is far below every sum.
    """
    count = len(labels["sentiment"])
    rows = np.full((count + 1, len(HEADS), max(labels[head].shape[1] for head in HEADS)), _NEVER)
    for n, head in enumerate(HEADS):
        rows[1:, n, : labels[head].shape[1]] = labels[head]
    rows[0] = 0
    return np.cumsum(rows, axis=0)


def unit_probabilities(
    labels: Mapping[str, Array], segments: Sequence[Segment], temperatures: Mapping[str, float]
) -> dict[str, Array]:
    """Calibrated probabilities (units, classes) of each head; sentiment without its "no content" class.

    The clauses' log-probabilities are averaged, not added: clauses of one unit repeat one another, so
    adding would count the same evidence several times.
    """
    firsts, lasts = (np.array([s[end] for s in segments], dtype=int) for end in (0, 1))
    out = {}
    for head in HEADS:
        rows = labels[head][:, :-1] if head == "sentiment" else labels[head]
        sums = np.vstack([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
        mean = (sums[lasts] - sums[firsts]) / (lasts - firsts)[:, None]
        out[head] = np.exp(log_softmax(mean / temperatures[head]))
    return out
