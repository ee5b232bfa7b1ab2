"""Predicted units against gold: unit F1, and for each label accuracy, macro-F1 and end-to-end F1.

A predicted and a gold unit match when their character spans overlap with an intersection over union of at
least 0.5, best overlaps first, each unit at most once. Accuracy and macro-F1 are over matched units
(macro-F1: gold classes with at least five of them); end-to-end F1 counts a unit only if its span matches
and its label is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from models.labels import HEADS

MIN_IOU = 0.5
MIN_SUPPORT = 5


class SpanLike(Protocol):
    """Anything with character offsets."""

    @property
    def start(self) -> int:
        """First character."""

    @property
    def end(self) -> int:
        """One past the last character."""


class Answer(NamedTuple):
    """A predicted unit with plain label ids."""

    start: int
    end: int
    sentiment: str
    stage: str
    touchpoint: str
    intent: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What one text adds to every figure: unit counts, and per head the (gold, predicted) labels of matched
    units.
    """

    gold: int
    predicted: int
    pairs: dict[str, list[tuple[str, str]]]


def iou(a: SpanLike, b: SpanLike) -> float:
    """Intersection over union of two spans, 0 where they do not touch."""
    shared = max(0, min(a.end, b.end) - max(a.start, b.start))
    union = max(a.end, b.end) - min(a.start, b.start)
    return shared / union if union else 0.0


def match(gold: Sequence[SpanLike], predicted: Sequence[SpanLike]) -> list[tuple[int, int]]:
    """Index pairs (gold, predicted) that match, best overlap first."""
    found = sorted(((iou(g, p), i, j) for i, g in enumerate(gold) for j, p in enumerate(predicted)), reverse=True)
    pairs: list[tuple[int, int]] = []
    used_gold: set[int] = set()
    used_predicted: set[int] = set()
    for overlap, i, j in found:
        if overlap < MIN_IOU:
            break
        if i not in used_gold and j not in used_predicted:
            used_gold.add(i)
            used_predicted.add(j)
            pairs.append((i, j))
    return pairs


def same_span(text: str, gold: Sequence[SpanLike], predicted: Sequence[SpanLike]) -> int:
    """How many units have the same boundaries in both, punctuation and spaces at their ends aside."""
    return len(_cores(text, gold) & _cores(text, predicted))


def _cores(text: str, units: Sequence[SpanLike]) -> set[tuple[int, int]]:
    found = set()
    for unit in units:
        inside = [n for n in range(unit.start, unit.end) if text[n].isalnum()]
        found.add((inside[0], inside[-1] + 1) if inside else (unit.start, unit.end))
    return found


def tally(gold: Sequence[SpanLike], predicted: Sequence[SpanLike]) -> Tally:
    """Compare one text's units; both sides need the attributes of `Answer`."""
    pairs = match(gold, predicted)
    labels = {head: [(getattr(gold[i], head), getattr(predicted[j], head)) for i, j in pairs] for head in HEADS}
    return Tally(len(gold), len(predicted), labels)


def unit_f1(tallies: Sequence[Tally]) -> float:
    """F1 of the spans."""
    matched = sum(len(t.pairs[HEADS[0]]) for t in tallies)
    return 2 * matched / max(1, sum(t.gold + t.predicted for t in tallies))


def accuracy(tallies: Sequence[Tally], head: str) -> float:
    """Share of matched units with the right label."""
    pairs = [pair for t in tallies for pair in t.pairs[head]]
    return sum(g == p for g, p in pairs) / max(1, len(pairs))


def end_to_end_f1(tallies: Sequence[Tally], head: str) -> float:
    """F1 of units whose span matches and whose label is right."""
    hits = sum(g == p for t in tallies for g, p in t.pairs[head])
    return 2 * hits / max(1, sum(t.gold + t.predicted for t in tallies))


def macro_f1(tallies: Sequence[Tally], head: str) -> float:
    """Mean F1 over the gold classes with at least `MIN_SUPPORT` matched units; NaN when there is none."""
    both: Counter[str] = Counter()
    gold: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for t in tallies:
        for g, p in t.pairs[head]:
            gold[g] += 1
            predicted[p] += 1
            both[g] += g == p
    scores = [2 * both[c] / (n + predicted[c]) for c, n in gold.items() if n >= MIN_SUPPORT]
    return sum(scores) / len(scores) if scores else float("nan")
