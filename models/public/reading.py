"""The public sets: their texts with the labels that they have, and the touchpoints of their categories."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from models.annotations import read_annotations
from models.errors import GoldError, ModelError
from models.gold import read_gold, split_part
from models.jsonl import records
from models.labels import GENERIC, LabelSet

TOUCHPOINTS = Path(__file__).parents[1] / "data" / "public.yaml"
MOST = 2000
"""Texts measured of one set at most."""

PLACED_CATEGORIES = ("acos_restaurant", "acos_laptop", "zhijiang_cosmetics")
"""Sets that say where in the text the words of a category stand."""
TEXT_CATEGORIES = ("mams_restaurant", "asap_sample", "twitter_us_airline")
"""Sets that do not."""

POLAR = ("positive", "negative")
POLARITIES = ("positive", "neutral", "negative")

Touchpoints = Mapping[str, str | None]
"""Touchpoint by category or pattern of categories, first match first; None where no single one fits."""


class Aspect(NamedTuple):
    """An opinion as a set labels it."""

    polarity: str
    category: str | None
    touchpoint: str | None
    """What `category` stands for; None where it is left out."""
    words: str | None
    """The aspect term, or the opinion words where there is no term."""
    segment: str | None
    """The part of the text that `words` stand in, where the set says so."""


@dataclass(frozen=True, slots=True)
class PublicText:
    """One text with the labels of its set."""

    id: str
    text: str
    sentiment: str | None
    reason: str | None
    touchpoint: str | None
    """What `reason` stands for; None where it is left out."""
    aspects: tuple[Aspect, ...]


@dataclass(frozen=True, slots=True)
class PublicSet:
    """The texts of one set that are measured, and how many there were on the way."""

    texts: tuple[PublicText, ...]
    total: int
    in_test: int
    """In the test share."""
    known: int
    """In the test share, but annotated by this project for training or for choices."""


def read_touchpoints(path: Path = TOUCHPOINTS, *, labels: LabelSet = GENERIC) -> dict[str, Touchpoints]:
    """The touchpoints of each set's categories. Raises `ModelError` naming file and line for what is no YAML of the
    right form and for a touchpoint that is not in `labels`, and naming the file for a set without an entry.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    found: dict[str, Touchpoints] = {
        name: {pattern: _touchpoint(path, value, labels) for pattern, value in _entries(path, categories)}
        for name, categories in _entries(path, root)
    }
    if missing := {*PLACED_CATEGORIES, *TEXT_CATEGORIES} - found.keys():
        raise ModelError(f"{path}: no categories for {', '.join(sorted(missing))}")
    return found


def _entries(path: Path, node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise ModelError(f"{path}, line {_line(node)}: names with values are expected here")
    return [(str(key.value), value) for key, value in node.value]


def _touchpoint(path: Path, node: yaml.Node, labels: LabelSet) -> str | None:
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if node.value not in labels.touchpoint:
        where = f"{path}, line {_line(node)}"
        raise ModelError(f"{where}: touchpoint {node.value!r} is not in label set {labels.taxonomy!r}")
    return str(node.value)


def _line(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node is not None and node.start_mark else 1


def known_texts(annotated: Sequence[Path]) -> frozenset[str]:
    """Keys of all texts with our labels that models may learn from or be tuned on: the train and dev parts of the gold
    files given, and `models/data/annotations`. The test part of the gold files is as new to them as any other text.
    """
    learned = {gold.id for path in annotated for gold in read_gold(path) if gold.part != "test"}
    ids = learned | read_annotations().keys()
    return frozenset(text_key(i) for i in ids)


def text_key(text_id: str) -> str:
    """What an id says about its text: ids are the name of a set, a dash and a hash of the normalised text, so the same
    text in two sets has the same key.
    """
    return text_id.rpartition("-")[2]


def read_set(directory: Path, name: str, touchpoints: Touchpoints, known: frozenset[str]) -> PublicSet | None:
    """The texts of set `name` to be measured, smallest SHA-256 of the id first; None where the set has no file.

    Raises `GoldError` naming file and line for a line that is not what the package says, and for a category that is not
    in `touchpoints` (of a set that has any).
    """
    path = next((p for p in (directory / f"{name}.jsonl", directory / f"{name}.jsonl.gz") if p.exists()), None)
    if path is None:
        return None
    texts = [_parse(f"{path}, line {number}", record, touchpoints) for number, record in records(path)]
    in_test = [text for text in texts if split_part(text.id) == "test"]
    unknown = [text for text in in_test if text_key(text.id) not in known]
    ordered = sorted(unknown, key=lambda text: hashlib.sha256(text.id.encode("utf-8")).digest())
    return PublicSet(tuple(ordered[:MOST]), len(texts), len(in_test), len(in_test) - len(unknown))


def _parse(where: str, record: dict[str, Any], touchpoints: Touchpoints) -> PublicText:
    try:
        reason = _word(record, "reason") if touchpoints else None
        return PublicText(
            id=_required(record, "id"),
            text=_required(record, "text"),
            sentiment=_one_of(record, "sentiment", (*POLARITIES, "mixed", None)),
            reason=reason,
            touchpoint=_find(reason, touchpoints),
            aspects=tuple(_aspect(aspect, touchpoints) for aspect in record.get("aspects") or ()),
        )
    except (TypeError, ValueError) as error:
        raise GoldError(f"{where}: {error}") from error


def _aspect(record: Any, touchpoints: Touchpoints) -> Aspect:
    polarity = _one_of(record, "polarity", POLARITIES)
    category = _word(record, "category")
    words = _word(record, "term") or _word(record, "opinion")
    return Aspect(str(polarity), category, _find(category, touchpoints), words, _word(record, "segment"))


def _find(category: str | None, touchpoints: Touchpoints) -> str | None:
    if category is None or not touchpoints:
        return None
    for pattern, touchpoint in touchpoints.items():
        if fnmatchcase(category, pattern):
            return touchpoint
    raise ValueError(f"category {category!r} has no touchpoint, nor null, in {TOUCHPOINTS.name}")


def _required(record: Any, key: str) -> str:
    found = _word(record, key)
    if found is None:
        raise ValueError(f"{key} is missing")
    return found


def _word(record: Any, key: str) -> str | None:
    if not isinstance(record, dict):
        raise TypeError(f"an object with {key} is expected, not {type(record).__name__}")
    found = record.get(key)
    if found is not None and not isinstance(found, str):
        raise TypeError(f"{key} is not a text")
    return found or None


def _one_of(record: Any, key: str, allowed: tuple[str | None, ...]) -> str | None:
    found = _word(record, key)
    if found not in allowed:
        raise ValueError(f"{key} {found!r} is none of {', '.join(filter(None, allowed))}")
    return found
