"""Gold units to what the network is trained on: labels per clause, links per pair, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from models.clauses import Span
from models.gold import GoldUnit
from models.labels import HEADS, LabelSet

NOTHING = -1  # a clause that belongs to no unit


class Targets(NamedTuple):
    """Per clause: the index of its unit in the text's units, or `NOTHING`; per unit: the class of each of
    `HEADS`.
    """

    unit_of: tuple[int, ...]
    labels: tuple[tuple[int, ...], ...]


def make_targets(clauses: Sequence[Span], units: Sequence[GoldUnit], labels: LabelSet) -> Targets:
    """Each clause goes to the unit that covers most of it, if that is at least half of its characters."""
    classes = tuple(tuple(labels.ids(head).index(getattr(unit, head)) for head in HEADS) for unit in units)
    return Targets(tuple(_owner(clause, units) for clause in clauses), classes)


def _owner(clause: Span, units: Sequence[GoldUnit]) -> int:
    shared = [min(clause.end, u.end) - max(clause.start, u.start) for u in units]
    best = max(range(len(units)), key=shared.__getitem__, default=NOTHING)
    return best if best != NOTHING and 2 * shared[best] >= clause.end - clause.start else NOTHING
