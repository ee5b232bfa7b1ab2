"""Challenge sets: short texts that test one skill each (negation, sarcasm, run-ons, ...), Chinese and English.

They ship in `models/data/challenge`, one JSONL file per language, and are never trained on. A case passes when every
unit it names is found as a unit of its own with the sentiment, and the touchpoint where one is given, that it must
have. Where exactly the unit begins and ends is left to the other figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import GoldError
from models.jsonl import files_of, records
from models.units import UnitModel, UnitPrediction

CHALLENGE = Path(__file__).parent / "data" / "challenge"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a stretch of a case's text must be found as."""

    start: int
    end: int
    sentiment: str
    touchpoint: str | None = None


@dataclass(frozen=True, slots=True)
class ChallengeCase:
    """One text that tests one skill."""

    category: str
    lang: str
    text: str
    units: tuple[Expected, ...]


def read_challenge(directory: Path = CHALLENGE) -> list[ChallengeCase]:
    """All cases, in file order. Raises `GoldError` naming file and line for a case that is not one, and for a directory
    without any file.
    """
    return [_parse(f"{path}, line {n}", record) for path in files_of(directory) for n, record in records(path)]


def _parse(where: str, record: dict[str, Any]) -> ChallengeCase:
    try:
        units = tuple(Expected(**unit) for unit in record["units"])
        return ChallengeCase(record["category"], record["lang"], record["text"], units)
    except (KeyError, TypeError) as error:
        raise GoldError(f"{where}: not a challenge case: {error}") from error


def run_challenge(model: UnitModel, cases: Sequence[ChallengeCase]) -> list[bool]:
    """Whether each case passes."""
    predicted = model.predict([case.text for case in cases])
    return [passes(case, units) for case, units in zip(cases, predicted, strict=True)]


def passes(case: ChallengeCase, predicted: Sequence[UnitPrediction]) -> bool:
    """Whether `predicted` holds every unit of `case`: each a different one, rightly labelled."""
    found = [max(range(len(predicted)), key=lambda n: _shared(u, predicted[n]), default=-1) for u in case.units]
    return len(set(found)) == len(found) and all(
        n >= 0 and _shared(unit, predicted[n]) > 0 and _right(unit, predicted[n])
        for unit, n in zip(case.units, found, strict=True)
    )


def _shared(unit: Expected, predicted: UnitPrediction) -> int:
    return min(unit.end, predicted.end) - max(unit.start, predicted.start)


def _right(unit: Expected, predicted: UnitPrediction) -> bool:
    return predicted.sentiment.id == unit.sentiment and unit.touchpoint in (None, predicted.touchpoint.id)
