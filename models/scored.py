"""What an encoder pass gives per window of text, whatever computes it: torch (the reference) or ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from models.decode import Array
from models.encode import Window
from models.labels import HEADS, LabelSet


class Scored(NamedTuple):
    """Scores of n clauses: log-probabilities per head (n, classes) and link log-odds (n - 1,)."""

    labels: dict[str, Array]
    link: Array

    @classmethod
    def empty(cls, labels: LabelSet) -> Scored:
        """Scores of no clause at all."""
        sizes = {head: labels.classes(head) for head in HEADS}
        return cls({head: np.zeros((0, size)) for head, size in sizes.items()}, np.zeros(0))


class Scorer(Protocol):
    """Computes scores; safe to call from several threads at a time."""

    @property
    def name(self) -> str:
        """What computes, for people: "onnx int8, cpu"."""

    @property
    def workers(self) -> int:
        """How many batches may be computed at a time."""

    @property
    def batch_tokens(self) -> int:
        """How many tokens, padding included, are best computed together."""

    @property
    def pads(self) -> bool:
        """Whether windows of different length can be computed together."""

    def score(self, windows: Sequence[Window]) -> list[Scored]:
        """The scores of each window; all have the same length unless the scorer `pads`.

        A window's scores do not depend on the others beyond float noise.
        """


def split_by_window(windows: Sequence[Window], labels: dict[str, Array], link: Array) -> list[Scored]:
    """Rows of all clauses (N, classes) and links of all neighbouring pairs (P,), window after window, taken apart."""
    found, clause, pair = [], 0, 0
    for window in windows:
        rows = {head: labels[head][clause : clause + window.size] for head in HEADS}
        found.append(Scored(rows, link[pair : pair + window.size - 1]))
        clause += window.size
        pair += window.size - 1
    return found
