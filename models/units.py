"""What a model returns: opinion units with a label, its probability, and the whole distribution per head."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from models.labels import HEADS, LabelSet

Progress = Callable[[int], None]
"""Called with the number of texts finished since the last call; the calls add up to the number of texts."""


class Label(NamedTuple):
    """A label id and its probability."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class UnitPrediction:
    """One opinion unit: characters `start` to `end` of the text it was found in (Python indices)."""

    start: int
    end: int
    sentiment: Label
    stage: Label
    touchpoint: Label
    intent: Label
    probabilities: Mapping[str, tuple[float, ...]]
    """Per head the probability of every label, in the order of the label set."""


class UnitModel(Protocol):
    """Anything that finds opinion units in texts."""

    @property
    def model_id(self) -> str:
        """Name and content hash: equal ids are the same weights, whatever engine computes with them."""

    @property
    def labels(self) -> LabelSet:
        """The ids this model can give."""

    def predict(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[list[UnitPrediction]]:
        """The units of each text, in text order, never overlapping. Any string is allowed."""


def make_prediction(
    start: int, end: int, probabilities: Mapping[str, Sequence[float]], labels: LabelSet
) -> UnitPrediction:
    """A unit whose labels are the most probable ones.

    Probabilities keep four decimals: far more than they are good for, and few enough that the float noise
    between different batches does not show.
    """
    rounded = {head: tuple(round(float(p), 4) for p in probabilities[head]) for head in HEADS}
    chosen = {}
    for head, values in rounded.items():
        best = max(range(len(values)), key=values.__getitem__)
        chosen[head] = Label(labels.ids(head)[best], values[best])
    return UnitPrediction(start, end, **chosen, probabilities=rounded)
