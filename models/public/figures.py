"""What is measured of which sets, and the figures with their intervals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from models import bootstrap
from models.bootstrap import Estimate, estimate
from models.labels import LabelSet
from models.public.pairs import NOTHING, Pair, Topics, placed_pairs, three_way, topics, two_way
from models.public.reading import PLACED_CATEGORIES, POLAR, POLARITIES, TEXT_CATEGORIES, Aspect, PublicSet, PublicText
from models.scoring import MIN_SUPPORT, Tally
from models.units import UnitModel, UnitPrediction

Answered = Sequence[tuple[PublicText, list[UnitPrediction]]]
"""Texts of one set with the units that the model found."""


class Figures(NamedTuple):
    """What a model scores on one set; `macro` is None where it cannot be said."""

    texts: int
    n: int
    left_out: int
    largest: float
    """Share of the most frequent gold class."""
    accuracy: Estimate
    macro: Estimate | None


def run_sets(model: UnitModel, sets: Mapping[str, PublicSet | None]) -> dict[str, Answered]:
    """What the model finds in the texts of each set that is there."""
    return {
        name: list(zip(public.texts, model.predict([text.text for text in public.texts]), strict=True))
        for name, public in sets.items()
        if public is not None
    }


def pair_figures(answered: Sequence[Sequence[Pair]], *, left_out: int) -> Figures | None:
    """Accuracy and macro-F1 over pairs, given text by text; None without any."""
    tallies = [Tally(len(pairs), len(pairs), {"label": list(pairs)}) for pairs in answered if pairs]
    if not tallies:
        return None
    return Figures(
        *_sizes([[gold for gold, _ in tally.pairs["label"]] for tally in tallies], left_out),
        accuracy=estimate(bootstrap.accuracy_columns(tallies, "label"), bootstrap.ratio),
        macro=_if_any(estimate(bootstrap.macro_columns(tallies, "label"), bootstrap.macro)),
    )


def topic_figures(answered: Sequence[Topics], *, left_out: int, complete: bool) -> Figures | None:
    """The share of gold touchpoints that is found, and macro-F1 over those of at least `MIN_SUPPORT` texts where the
    gold ones are `complete`, so that a further one is wrong; None without any text.
    """
    if not answered:
        return None
    texts, n, left_out, largest = _sizes([sorted(gold) for gold, _ in answered], left_out)
    hits = np.array([(len(gold & found), len(gold)) for gold, found in answered], dtype=np.float64)
    macro = _if_any(estimate(_topic_columns(answered), bootstrap.macro)) if complete else None
    return Figures(texts, n, left_out, largest, accuracy=estimate(hits, bootstrap.ratio), macro=macro)


def _topic_columns(answered: Sequence[Topics]) -> bootstrap.Counts:
    counts = Counter(touchpoint for gold, _ in answered for touchpoint in gold)
    classes = sorted(c for c, n in counts.items() if n >= MIN_SUPPORT)
    rows = [
        [float(c in gold & found) for c in classes]
        + [float(c in gold) + (c in found) for c in classes]
        + [float(c in gold) for c in classes]
        for gold, found in answered
    ]
    return np.array(rows, dtype=np.float64)


def _sizes(gold: Sequence[Sequence[str]], left_out: int) -> tuple[int, int, int, float]:
    counts = Counter(label for labels in gold for label in labels)
    return len(gold), counts.total(), left_out, max(counts.values()) / counts.total()


def _if_any(found: Estimate) -> Estimate | None:
    return None if math.isnan(found.value) else found


def document_polarity(answered: Answered, labels: LabelSet, *, neutral: bool) -> Figures | None:
    """Polarity of whole texts: three classes with `neutral`, else two."""
    classes, answer = (POLARITIES, three_way) if neutral else (POLAR, two_way)
    pairs = [[(str(t.sentiment), answer(units, labels))] for t, units in answered if t.sentiment in classes]
    return pair_figures(pairs, left_out=len(answered) - len(pairs))


def aspect_polarity(answered: Answered) -> Figures | None:
    """Polarity of the unit at each aspect's place; no unit counts as neutral."""
    return _placed(answered, lambda a: a.polarity, lambda unit: unit.sentiment.id if unit else "neutral")


def aspect_touchpoint(answered: Answered) -> Figures | None:
    """Touchpoint of the unit at each aspect's place; no unit counts as wrong."""
    return _placed(answered, lambda a: a.touchpoint, lambda unit: unit.touchpoint.id if unit else NOTHING)


def _placed(
    answered: Answered, gold: Callable[[Aspect], str | None], answer: Callable[[UnitPrediction | None], str]
) -> Figures | None:
    found = [placed_pairs(text, units, gold, answer) for text, units in answered]
    return pair_figures([pairs for pairs, _ in found], left_out=sum(n for _, n in found))


def document_touchpoints(answered: Answered) -> Figures | None:
    """Touchpoints of whole texts; a set of reasons names one a text, so a further one need not be wrong."""
    found = [topics(text, units) for text, units in answered]
    complete = all(text.reason is None for text, _ in answered)
    return topic_figures([t for t, _ in found if t], left_out=sum(n for _, n in found), complete=complete)


class Measure(NamedTuple):
    """One thing that is measured: what the document says about it, of which sets, and how."""

    title: str
    note: str
    sets: tuple[str, ...]
    run: Callable[[Answered, LabelSet], Figures | None]


MEASURES = (
    Measure(
        "Polarity of a text, two classes",
        "The sign of p(positive) - p(negative), summed over the units; a text without a unit counts as wrong. "
        "Left out: texts without one of the two labels.",
        ("chnsenticorp_hotel", "waimai_10k", "online_shopping_10_cats"),
        lambda answered, labels: document_polarity(answered, labels, neutral=False),
    ),
    Measure(
        "Polarity of a text, three classes",
        "Neutral where no unit is positive or negative; else the side with more probability in those units (neutral if "
        "both have the same). Left out: texts without one of the three labels.",
        ("twitter_us_airline",),
        lambda answered, labels: document_polarity(answered, labels, neutral=True),
    ),
    Measure(
        "Polarity of an aspect, three classes",
        "Of the unit that covers most of the aspect term (of the opinion words where there is no term); no unit there "
        "counts as neutral. n counts places. Left out: aspects whose words are not in the text just once, or with two "
        "polarities at one place. Aspects without words are not counted.",
        ("mams_restaurant", *PLACED_CATEGORIES),
        lambda answered, _: aspect_polarity(answered),
    ),
    Measure(
        "Category of an aspect as a touchpoint, at its place",
        "Of the same unit; no unit there counts as wrong. Left out: aspects whose words are not in the text just once, "
        "of categories without a single touchpoint, or with two touchpoints at one place.",
        PLACED_CATEGORIES,
        lambda answered, _: aspect_touchpoint(answered),
    ),
    Measure(
        "Categories of a text as touchpoints",
        "For sets that do not say where a category stands. n counts the touchpoints that texts judge: of categories "
        "that are not neutral, or of the reason of a negative text. Accuracy is the share that is among the "
        "touchpoints of the units that are not neutral (with a reason: that are negative). Macro-F1 also counts those "
        "found too much; it needs sets that name all categories, not only a main reason. Left out: texts that judge a "
        "category without a single touchpoint.",
        TEXT_CATEGORIES,
        lambda answered, _: document_touchpoints(answered),
    ),
)
SETS = tuple(dict.fromkeys(name for measure in MEASURES for name in measure.sets))
