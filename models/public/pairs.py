"""The model's answers next to the labels of a set: of a text, at the place of an aspect, of the touchpoints judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from models.labels import LabelSet
from models.public.reading import POLAR, Aspect, PublicText
from models.units import UnitPrediction

NOTHING = "nothing"
"""The answer of a model that found no unit, or none that leans either way."""

Pair = tuple[str, str]
"""(gold, predicted) label."""


class Topics(NamedTuple):
    """The touchpoints that one text must be found to judge, and those that it was found to judge."""

    gold: frozenset[str]
    found: frozenset[str]


def two_way(units: Sequence[UnitPrediction], labels: LabelSet) -> str:
    """Positive or negative, by the sign of the summed differences of the two probabilities over all units."""
    lean = _lean(units, labels)
    return "positive" if lean > 0 else "negative" if lean < 0 else NOTHING


def three_way(units: Sequence[UnitPrediction], labels: LabelSet) -> str:
    """Neutral without a polar unit, or where the polar ones cancel out; else the side with more probability in them."""
    answer = two_way([unit for unit in units if unit.sentiment.id in POLAR], labels)
    return "neutral" if answer == NOTHING else answer


def _lean(units: Sequence[UnitPrediction], labels: LabelSet) -> float:
    positive, negative = (labels.ids("sentiment").index(side) for side in POLAR)
    chances = [unit.probabilities["sentiment"] for unit in units]
    # Probabilities have four decimals: without rounding, float noise would break ties.
    return round(sum(c[positive] - c[negative] for c in chances), 4)


def place(text: str, aspect: Aspect) -> tuple[int, int] | None:
    """Characters of `text` that an aspect's words take; None where it has none, or they are not there just once."""
    if aspect.words is None:
        return None
    around = aspect.segment or text
    start, offset = _once(text, around), _once(around, aspect.words)
    return None if start is None or offset is None else (start + offset, start + offset + len(aspect.words))


def _once(text: str, part: str) -> int | None:
    first = text.find(part)
    return first if 0 <= first == text.rfind(part) else None


def unit_at(units: Sequence[UnitPrediction], span: tuple[int, int]) -> UnitPrediction | None:
    """The unit that shares most characters with `span`, the first of equals; None where none shares any."""

    def shared(unit: UnitPrediction) -> int:
        return min(unit.end, span[1]) - max(unit.start, span[0])

    best = max(units, key=shared, default=None)
    return best if best is not None and shared(best) > 0 else None


def placed_pairs(
    text: PublicText,
    units: Sequence[UnitPrediction],
    gold: Callable[[Aspect], str | None],
    answer: Callable[[UnitPrediction | None], str],
) -> tuple[list[Pair], int]:
    """A pair for each place of an aspect with one `gold` label, and how many aspects with words are left out: those
    without a place, without a label, or at a place with more than one label.
    """
    labels: dict[tuple[int, int] | None, list[str | None]] = defaultdict(list)
    for aspect in text.aspects:
        if aspect.words is not None:
            labels[place(text.text, aspect)].append(gold(aspect))
    pairs, left_out = [], 0
    for span, given in labels.items():
        if span is None or given[0] is None or len(set(given)) > 1:
            left_out += len(given)
        else:
            pairs.append((given[0], answer(unit_at(units, span))))
    return pairs, left_out


def topics(text: PublicText, units: Sequence[UnitPrediction]) -> tuple[Topics | None, int]:
    """The touchpoints of a text as a whole, where its set judges any, and 1 if one that is judged is left out.

    A reason stands for a negative judgement; of categories those count that are not neutral, for a neutral one may be
    no more than a mention. The model's touchpoints are those of its units of such polarities.
    """
    sides = POLAR if text.reason is None else ("negative",)
    if text.reason is None:
        judged = [a.touchpoint for a in text.aspects if a.category is not None and a.polarity in POLAR]
    else:
        judged = [text.touchpoint]
    if not judged or None in judged:
        return None, int(None in judged)
    found = frozenset(unit.touchpoint.id for unit in units if unit.sentiment.id in sides)
    return Topics(frozenset(filter(None, judged)), found), 0
