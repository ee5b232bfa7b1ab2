"""Labelled feedback: reading, checking, and the one rule that splits it into train, dev and test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from models.errors import GoldError
from models.jsonl import files_of, records
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

    Raises `GoldError` naming file and line for broken JSON, a key that is missing or of the wrong type, another
    language than zh and en, a label outside `labels`, units that overlap, leave the text or quote another text than
    lies at their offsets, and an id that another feedback has.
    """
    files = files_of(path) if path.is_dir() else [path]
    found: dict[str, GoldText] = {}
    places: dict[str, str] = {}
    for file in files:
        for number, record in records(file):
            where = f"{file}, line {number}"
            text = _parse(where, record, labels)
            if text.id in found:
                raise GoldError(f"{where}: id {text.id!r} is that of {places[text.id]}; every feedback counts once")
            found[text.id], places[text.id] = text, where
    return list(found.values())


def usable_texts(own: Path | None, annotated: Path | None) -> list[GoldText]:
    """All labelled feedbacks, of every part, whose licence lets them shape shipped weights."""
    gold = read_gold(own) if own else []
    gold += [g for g in read_gold(annotated) if g.source not in NOT_IN_SHIPPED_WEIGHTS] if annotated else []
    return gold


def _whole(value: str) -> str:
    value.encode("utf-8")  # half an emoji, as JSON can hold it, is a ValueError
    return value


_Text = Annotated[str, AfterValidator(_whole)]


class _Unit(BaseModel):
    model_config = ConfigDict(strict=True)

    start: int
    end: int
    sentiment: str
    stage: str
    touchpoint: str
    intent: str
    text: str | None = None


class _Record(BaseModel):
    model_config = ConfigDict(strict=True)

    id: _Text
    lang: Literal["zh", "en"]
    text: _Text
    units: list[_Unit]
    source: _Text = "unknown"
    domain: _Text | None = None
    selected_by: _Text = "unknown"
    group: _Text | None = None
    part: Part | None = None


def _parse(where: str, record: dict[str, Any], labels: LabelSet) -> GoldText:
    try:
        found = _Record.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]  # the input may be feedback
        raise GoldError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    group = found.group or found.id
    units = sorted(found.units, key=lambda unit: (unit.start, unit.end))
    _check_units(where, found.text, units, labels)
    return GoldText(
        id=found.id,
        lang=found.lang,
        source=found.source,
        domain=found.domain or "",
        selected_by=found.selected_by,
        group=group,
        text=found.text,
        units=tuple(GoldUnit(unit.start, unit.end, *(getattr(unit, head) for head in HEADS)) for unit in units),
        part=found.part or split_part(group),
    )


def _check_units(where: str, text: str, units: list[_Unit], labels: LabelSet) -> None:
    reached = 0
    for unit in units:
        if not reached <= unit.start < unit.end <= len(text):
            raise GoldError(f"{where}: unit {unit.start}-{unit.end} overlaps another or leaves the text")
        if unit.text not in (None, text[unit.start : unit.end]):
            raise GoldError(
                f"{where}: unit {unit.start}-{unit.end} quotes something else than lies there; offsets count "
                "characters as Python does, an emoji as one"
            )
        reached = unit.end
        for head in HEADS:
            if getattr(unit, head) not in labels.ids(head):
                raise GoldError(f"{where}: {head} {getattr(unit, head)!r} is not in label set {labels.taxonomy!r}")
