"""Batches of texts of similar length, so that little is padding."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def make_batches(
    items: Sequence[Item], width: Callable[[Item], int], *, tokens: int, texts: int, seed: int
) -> list[list[Item]]:
    """At most `texts` items and `tokens` padded positions each, shuffled by `seed`; an item that is wider than `tokens`
    gets a batch of its own.
    """
    rng = random.Random(seed)
    order = sorted(items, key=lambda item: width(item) * (1 + 0.15 * rng.random()))
    batches: list[list[Item]] = []
    widest = 0
    for item in order:
        reach = max(widest, width(item))
        if not batches or len(batches[-1]) == texts or (len(batches[-1]) + 1) * reach > tokens:
            batches.append([])
            reach = width(item)
        batches[-1].append(item)
        widest = reach
    rng.shuffle(batches)
    return batches
