"""Made-up texts, aspects and units of public sets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from models.gold import split_part
from models.labels import GENERIC, HEADS
from models.public.reading import Aspect, PublicText
from models.units import UnitPrediction, make_prediction

TEXT = "菜很新鲜，上菜却慢得离谱"
DISH, SPEED = (0, 5), (5, 12)


def unit(span: tuple[int, int], sentiment: str, touchpoint: str = "product", *, sure: float = 0.8) -> UnitPrediction:
    """A unit whose sentiment has the probability `sure`, the other two share the rest."""
    chosen = dict(zip(HEADS, (sentiment, "usage", touchpoint, "statement"), strict=True))
    chances = {
        head: [sure if i == chosen[head] else (1 - sure) / (len(GENERIC.ids(head)) - 1) for i in GENERIC.ids(head)]
        for head in HEADS
    }
    return make_prediction(*span, chances, GENERIC)


def text(
    *aspects: Aspect, sentiment: str | None = None, reason: str | None = None, touchpoint: str | None = None
) -> PublicText:
    return PublicText("set-1", TEXT, sentiment, reason, touchpoint, aspects)


def aspect(
    polarity: str, words: str | None, touchpoint: str | None = None, *, category: str | None = "c", segment=None
) -> Aspect:
    return Aspect(polarity, category, touchpoint, words, segment)


def some_ids(name: str, count: int, part: str = "test") -> list[str]:
    """The first ids of set `name` that fall into `part`."""
    found = [f"{name}-{name[:4]}{n}" for n in range(60 * count + 60) if split_part(f"{name}-{name[:4]}{n}") == part]
    return found[:count]


def write(path: Path, records: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path
