"""Hand-made fact frames for insight: complaints and praise about cells, with texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from pipeline.insight.playbook import Playbook, load_playbook
from pipeline.taxonomy import Taxonomy, load_taxonomy

Cell = tuple[str, str]


class Story:
    """Collects feedbacks of one unit each."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def say(
        self,
        who: str,
        sentiment: str,
        cell: Cell,
        text: str = "",
        *,
        language: str = "en",
        day: date | None = None,
        score: float = 0.9,
    ) -> Story:
        """`who` says `text` with one sentiment about one cell."""
        key = f"k{len(self._rows):05d}"
        row = {"feedback_key": key, "respondent_key": who, "external_id": f"id-{key}", "channel": "app"}
        row |= {"language": language, "occurred_date": day, "text": text or f"text {key}", "classified": True}
        row |= {"sentiment": sentiment, "stage": cell[0], "touchpoint": cell[1], "sentiment_score": score}
        self._rows.append(row)
        return self

    def many(self, count: int, sentiment: str, cell: Cell, *, prefix: str = "r", **more: Any) -> Story:
        """`count` respondents of their own say the same."""
        for _ in range(count):
            self.say(f"{prefix}{len(self._rows)}", sentiment, cell, **more)
        return self

    @property
    def feedback(self) -> pd.DataFrame:
        names = ["feedback_key", "respondent_key", "external_id", "channel", "language", "occurred_date", "text"]
        return pd.DataFrame(self._rows, columns=[*names, "classified"]).astype({"classified": "bool"})

    @property
    def units(self) -> pd.DataFrame:
        names = ["feedback_key", "text", "sentiment", "stage", "touchpoint", "sentiment_score"]
        frame = pd.DataFrame(self._rows, columns=names).astype(dict.fromkeys(names[:-1], "str"))
        frame["unit_index"], frame["low_confidence"] = 0, False
        frame["stage_score"], frame["touchpoint_score"] = 0.8, 1.0
        for name in ("positive", "negative", "neutral"):
            frame[f"p_{name}"] = pd.Series(index=frame.index, dtype="float64")
        return frame


@pytest.fixture
def story() -> Callable[[], Story]:
    return Story


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return load_taxonomy()


@pytest.fixture(scope="session")
def playbook(taxonomy: Taxonomy) -> Playbook:
    return load_playbook(None, taxonomy)
