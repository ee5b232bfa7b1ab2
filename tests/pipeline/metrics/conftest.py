"""Hand-made fact frames: one call per feedback, columns as in docs/tables.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pandas as pd
import pytest

SCALES = ("rating", "csat", "ces")
Unit = tuple[str, str, str]


class Frames:
    """Collects feedbacks; `feedback` and `units` give the two frames."""

    def __init__(self) -> None:
        self._feedback: list[dict[str, Any]] = []
        self._units: list[dict[str, Any]] = []

    def add(self, respondent: str, units: Sequence[Unit] = (), *, day: date | None = None, **more: Any) -> Frames:
        """One feedback of `respondent` with units (sentiment, stage, touchpoint); `more` sets further columns."""
        key = f"f{len(self._feedback):05d}"
        row = dict.fromkeys(("external_id", "question", "channel", "product", "region", "nps", "ces_higher_is_better"))
        row |= dict.fromkeys([*SCALES, *(f"{name}_{end}" for name in SCALES for end in ("low", "high"))])
        row |= {"feedback_key": key, "respondent_key": respondent, "source": "files", "language": "en"}
        row |= {"occurred_date": day, "occurred_at": pd.Timestamp(day, tz="UTC") if day else pd.NaT}
        row |= {"classified": True, "n_units": len(units)} | more
        self._feedback.append(row)
        for index, (sentiment, stage, touchpoint) in enumerate(units):
            unit = {"feedback_key": key, "unit_index": index, "text": f"{key} {index}"}
            unit |= {"sentiment": sentiment, "stage": stage, "touchpoint": touchpoint}
            unit |= {f"{head}_score": 0.9 for head in ("sentiment", "stage", "touchpoint")} | {"low_confidence": False}
            self._units.append(unit | {f"p_{name}": None for name in ("positive", "negative", "neutral")})
        return self

    @property
    def feedback(self) -> pd.DataFrame:
        frame = pd.DataFrame(self._feedback, columns=None if self._feedback else list(_EMPTY_FEEDBACK))
        numbers = ["nps", *SCALES, *(f"{name}_{end}" for name in SCALES for end in ("low", "high"))]
        texts = ["external_id", "question", "channel", "product", "region", "source", "language"]
        types = dict.fromkeys(numbers, "float64") | dict.fromkeys(texts, "str") | {"classified": "bool"}
        frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True)
        return frame.astype(types | {"ces_higher_is_better": "boolean"})

    @property
    def units(self) -> pd.DataFrame:
        frame = pd.DataFrame(self._units, columns=None if self._units else list(_EMPTY_UNITS))
        numbers = {f"p_{name}": "float64" for name in ("positive", "negative", "neutral")}
        return frame.astype(numbers | {"low_confidence": "bool"})


_EMPTY_FEEDBACK = tuple(Frames().add("r")._feedback[0])
_EMPTY_UNITS = tuple(Frames().add("r", [("neutral", "usage", "product")])._units[0])


@pytest.fixture
def frames() -> Callable[[], Frames]:
    return Frames


@pytest.fixture(scope="session")
def frames_factory() -> Callable[[], Frames]:
    """The same for Hypothesis, which wants fixtures that outlive one example."""
    return Frames
