"""Labelled feedback: reading, checking, and the one rule that splits it into train, dev and test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from models.errors import GoldError
from models.jsonl import records
from models.labels import GENERIC, HEADS, LabelSet

Part = Literal["train", "dev", "test"]

OWN = Path(__file__).parent / "data" / "own"
"""The project's own labelled feedback. In the repository, not in the wheel."""

NOT_IN_SHIPPED_WEIGHTS = frozenset(
    {
        "twitter_us_airline",
        "datafiniti_hotel",
        "telecom_nps_verbatims",
        "app_review_types",
        "app_review_sentences",
    }
)
"""Sources whose licence forbids commercial use or is copyleft: they measure, they never train shipped
weights.
"""


class GoldUnit(NamedTuple):
    """One labelled opinion unit: characters `start` to `end` of its text."""

    start: int
    end: int
    sentiment: str
    stage: str
    touchpoint: str
    intent: str


@dataclass(frozen=True, slots=True)
class GoldText:
    """One labelled feedback; no units means no feedback content."""

    id: str
    lang: str
    source: str
    domain: str
    """Industry; empty where it is not said."""
    selected_by: str
    group: str
    text: str
    units: tuple[GoldUnit, ...]
    part: Part
    """Where this feedback belongs: as its file says, or by `split_part`."""


def split_part(key: str) -> Part:
    """Train (70 %), dev (15 %) or test (15 %) by a hash of `key`, so the same key is always in the same part.

    The key is the id, or the `group` where there is one: contrast twins share it and stay together. The
    hash is the first eight bytes of SHA-256 of the key's UTF-8, as a big-endian number, modulo 100: below
    70, below 85, the rest.
    """
    bucket = int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest()[:8], "big") % 100
    return "train" if bucket < 70 else "dev" if bucket < 85 else "test"


def read_gold(path: Path, *, labels: LabelSet = GENERIC) -> list[GoldText]:
    """All labelled feedbacks of a JSONL file (plain or .gz), or of all such files of a directory, in file order.

    Raises `GoldError` naming file and line for broken JSON, a missing key, a label outside `labels`, or
    offsets that are out of order, overlap or leave the text.
    """
    files = sorted(path.glob("*.jsonl*")) if path.is_dir() else [path]
    if not files:
        raise GoldError(f"{path}: no .jsonl or .jsonl.gz file in this directory")
    return [_parse(f"{file}, line {number}", record, labels) for file in files for number, record in records(file)]


def usable_texts(own: Path | None, annotated: Path | None) -> list[GoldText]:
    """All labelled feedbacks, of every part, whose licence lets them shape shipped weights."""
    gold = read_gold(own) if own else []
    gold += [g for g in read_gold(annotated) if g.source not in NOT_IN_SHIPPED_WEIGHTS] if annotated else []
    return gold


def _parse(where: str, record: dict[str, Any], labels: LabelSet) -> GoldText:
    try:
        units = sorted(GoldUnit(u["start"], u["end"], *(u[head] for head in HEADS)) for u in record["units"])
        group = record.get("group") or record["id"]
        text = GoldText(
            id=record["id"],
            lang=record["lang"],
            source=record.get("source", "unknown"),
            domain=record.get("domain", ""),
            selected_by=record.get("selected_by", "unknown"),
            group=group,
            text=record["text"],
            units=tuple(units),
            part=record.get("part") or split_part(group),
        )
    except (KeyError, TypeError) as error:
        raise GoldError(f"{where}: {error} is missing or of the wrong type") from error
    if text.part not in get_args(Part):
        raise GoldError(f"{where}: part {text.part!r} is none of {', '.join(get_args(Part))}")
    _check_units(where, text, labels)
    return text


def _check_units(where: str, text: GoldText, labels: LabelSet) -> None:
    reached = 0
    for unit in text.units:
        if not reached <= unit.start < unit.end <= len(text.text):
            raise GoldError(f"{where}: unit {unit.start}-{unit.end} overlaps another or leaves the text")
        reached = unit.end
        for head in HEADS:
            if getattr(unit, head) not in labels.ids(head):
                raise GoldError(f"{where}: {head} {getattr(unit, head)!r} is not in label set {labels.taxonomy!r}")
