"""Feedback without labels, to be labelled by a model (`models.soft`).

Nothing near a text that measures may be learned from in any way: neither the dev and test texts themselves nor a
near-duplicate of one, nor the share of the public sets that `models.public` measures on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import regex

from models.gold import NOT_IN_SHIPPED_WEIGHTS, GoldText, split_part
from models.jsonl import files_of, records

SHINGLE = 6
NEAR = 0.4
"""Jaccard index of shingles, or for texts that are not very short the share of their shingles, above which a text is
near another.
"""
_SHORT = 30
_SHORTEST = 4
_IGNORED = regex.compile(r"[\s\p{P}\p{S}]+")


class HeldOut:
    """Finds texts near any of `texts`, by shingles of `SHINGLE` characters without case, spaces and punctuation."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._holders: dict[str, list[int]] = defaultdict(list)
        self._sizes: list[int] = []
        for text in texts:
            shingles = _shingles(text)
            for shingle in shingles:
                self._holders[shingle].append(len(self._sizes))
            self._sizes.append(len(shingles))

    def is_near(self, text: str) -> bool:
        """Whether `text` is near one of the texts."""
        shingles = _shingles(text)
        shared = Counter(n for shingle in shingles for n in self._holders.get(shingle, ()))
        return any(
            count / (len(shingles) + self._sizes[n] - count) > NEAR
            or (len(text) > _SHORT and count / len(shingles) > NEAR)
            for n, count in shared.most_common(5)
        )


def _shingles(text: str) -> set[str]:
    plain = _IGNORED.sub("", text.lower())
    return {plain[n : n + SHINGLE] for n in range(max(1, len(plain) - SHINGLE + 1))}


def read_unlabelled(directory: Path, gold: Sequence[GoldText]) -> list[str]:
    """The distinct texts of all .jsonl and .jsonl.gz files of `directory` (`id`, `source`, `text`), without sources
    that may not shape shipped weights, the test share by id (`models.gold.split_part`), very short ones, and those near
    a dev or test text of `gold`.

    Raises `GoldError` for files that cannot be read, and for a directory without any.
    """
    held_out = HeldOut(g.text for g in gold if g.part != "train")
    seen: set[str] = set()
    found = []
    for path in files_of(directory):
        for _, record in records(path):
            key, source, text = (str(record.get(name) or "") for name in ("id", "source", "text"))
            if source in NOT_IN_SHIPPED_WEIGHTS or split_part(key) == "test" or len(text) < _SHORTEST or text in seen:
                continue
            seen.add(text)
            if not held_out.is_near(text):
                found.append(text)
    return found
