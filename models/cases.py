"""Labelled feedbacks beside what a model says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.gold import GoldText
from models.labels import HEADS, LANGS
from models.scoring import Answer, Tally, same_span, tally
from models.units import UnitModel, UnitPrediction


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled feedback, what a model says about it, and how they compare."""

    gold: GoldText
    predicted: list[UnitPrediction]
    tally: Tally
    exact: int
    """Units whose boundaries are right but for punctuation and spaces at their ends."""


def answer(unit: UnitPrediction) -> Answer:
    """A prediction with plain label ids."""
    return Answer(unit.start, unit.end, *(getattr(unit, head).id for head in HEADS))


def run(model: UnitModel, gold: Sequence[GoldText], *, progress: Callable[[int], None] | None = None) -> list[Case]:
    """Run `model` over `gold`, in order."""
    predictions = model.predict([g.text for g in gold], progress=progress)
    return [_case(text, units) for text, units in zip(gold, predictions, strict=True)]


def _case(gold: GoldText, predicted: list[UnitPrediction]) -> Case:
    ours = [answer(unit) for unit in predicted]
    return Case(gold, predicted, tally(gold.units, ours), same_span(gold.text, gold.units, ours))


def by_language(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The cases of each language that has any."""
    found = {lang: [c for c in cases if c.gold.lang == lang] for lang in LANGS}
    return {lang: mine for lang, mine in found.items() if mine}


def tallies(cases: Sequence[Case]) -> dict[str, list[Tally]]:
    """What `models.measure.comparison` compares: the tallies of each language."""
    return {lang: [c.tally for c in mine] for lang, mine in by_language(cases).items()}
