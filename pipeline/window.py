"""The days a snapshot and its report cover."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Window:
    """First and last local day to publish, both inclusive; None: open. The store keeps everything."""

    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        """Raises ConfigError when no day can lie inside."""
        if self.since and self.until and self.since > self.until:
            raise ConfigError(
                "ends before it begins", where="since, until", value=f"{self.since} to {self.until}", remedy="swap them"
            )

    @property
    def is_open(self) -> bool:
        """Whether everything is published."""
        return self.since is None and self.until is None

    def select(self, feedback: pd.DataFrame, units: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The rows of fact_feedback that occurred in the window, and their units. Feedback without a date is in an open
        window only.
        """
        if self.is_open:
            return feedback, units
        day = feedback["occurred_date"]
        inside = day.notna()
        if self.since is not None:
            inside &= day >= self.since
        if self.until is not None:
            inside &= day <= self.until
        kept = feedback[inside.fillna(False).astype(bool)]
        return kept.reset_index(drop=True), units[units["feedback_key"].isin(kept["feedback_key"])].reset_index(
            drop=True
        )
