"""Cutting the data: periods (all, month, ISO week) and the segments of each dimension."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.metrics.clusters import Bools, Ints
from pipeline.metrics.sample import Days, Sample, codes

PeriodType = Literal["all", "month", "week"]
PERIOD_TYPES: tuple[PeriodType, ...] = ("all", "month", "week")
UNIT_DIMENSIONS = ("stage", "touchpoint", "stage_touchpoint")
FEEDBACK_DIMENSIONS = ("channel", "product", "region", "source", "language", "question")
DIMENSIONS = ("total", *UNIT_DIMENSIONS, *FEEDBACK_DIMENSIONS)
PERIOD_DIMENSIONS = ("total", *UNIT_DIMENSIONS, "channel", "product")
"""Dimensions that are also cut by month and week; the others only over the whole time, to bound the table."""


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of one type. `frame`: period, period_start, period_end, period_complete; `code`:
    [feedbacks], -1 = none.
    """

    kind: PeriodType
    frame: pd.DataFrame
    code: Ints


@dataclass(frozen=True, slots=True)
class Segments:
    """The segments of a dimension. `frame`: segment, stage, touchpoint; `code`: [units], or [feedbacks] if
    `by_feedback`.
    """

    dimension: str
    frame: pd.DataFrame
    code: Ints
    by_feedback: bool

    def only(self, wanted: Bools) -> Segments:
        """Keep the `wanted` ones ([segments]); the others' observations get no segment."""
        renumbered = np.append(np.where(wanted, np.cumsum(wanted) - 1, -1), -1)
        return Segments(
            self.dimension, self.frame[wanted].reset_index(drop=True), renumbered[self.code], self.by_feedback
        )


def periods(kind: PeriodType, day: Days) -> Periods:
    """Cut days into calendar periods; days without a date belong only to `all`.

    `period_complete` is false for the first and the last period if the data begin or end inside it.
    """
    known = day[~np.isnat(day)]
    first, last = (known.min(), known.max()) if known.size else (np.datetime64("NaT"),) * 2
    if kind == "all":
        return Periods(
            kind,
            _period_frame(["all"], np.array([first]), np.array([last]), np.array([True])),
            np.zeros(day.size, np.int64),
        )
    start_of_day = _starts(kind, day)
    starts = np.unique(start_of_day[~np.isnat(day)])
    code = np.where(np.isnat(day), -1, np.searchsorted(starts, start_of_day)).astype(np.int64)
    ends = _ends(kind, starts)
    complete = (starts >= first) & (ends <= last)
    return Periods(kind, _period_frame(_names(kind, starts), starts, ends, complete), code)


def segments(dimension: str, sample: Sample) -> Segments:
    """The segments of a dimension; a null (no channel given) belongs to none."""
    if dimension == "total":
        return Segments(dimension, _segment_frame(["all"]), np.zeros(len(sample.feedback), np.int64), True)
    if dimension in FEEDBACK_DIMENSIONS:
        code, names = codes(sample.feedback[dimension])
        return Segments(dimension, _segment_frame(names), code, True)
    if dimension == "stage_touchpoint":
        code, names = codes(sample.units["stage"].str.cat(sample.units["touchpoint"], sep="/"))
        parts = [name.split("/", 1) for name in names]
        frame = _segment_frame(names, stage=[stage for stage, _ in parts], touchpoint=[point for _, point in parts])
        return Segments(dimension, frame, code, False)
    code, names = codes(sample.units[dimension])
    return Segments(dimension, _segment_frame(names, **{dimension: names}), code, False)


def plan() -> Iterator[tuple[PeriodType, str]]:
    """Every (period type, dimension) that is computed."""
    for kind in PERIOD_TYPES:
        for dimension in DIMENSIONS if kind == "all" else PERIOD_DIMENSIONS:
            yield kind, dimension


def _starts(kind: PeriodType, day: Days) -> Days:
    if kind == "month":
        return day.astype("datetime64[M]").astype("datetime64[D]")
    since_epoch = day.astype("datetime64[D]").astype(np.int64)
    monday = since_epoch - (since_epoch + 3) % 7  # 1970-01-01 was a Thursday
    return np.where(np.isnat(day), day, monday.astype("datetime64[D]"))


def _ends(kind: PeriodType, starts: Days) -> Days:
    if kind == "week":
        return (starts.astype(np.int64) + 6).astype("datetime64[D]")
    following = (starts.astype("datetime64[M]").astype(np.int64) + 1).astype("datetime64[M]")
    return (following.astype("datetime64[D]").astype(np.int64) - 1).astype("datetime64[D]")


def _names(kind: PeriodType, starts: Days) -> list[str]:
    dates = pd.DatetimeIndex(starts)
    if kind == "month":
        return [f"{date:%Y-%m}" for date in dates]
    calendar = dates.isocalendar()
    return [f"{year}-W{week:02d}" for year, week in zip(calendar["year"], calendar["week"], strict=True)]


def _period_frame(names: list[str], starts: Days, ends: Days, complete: Bools) -> pd.DataFrame:
    def dates(days: Days) -> list[object]:
        return [None if np.isnat(day) else day.astype("datetime64[D]").item() for day in days]

    return pd.DataFrame(
        {
            "period": pd.Series(names, dtype="str"),
            "period_start": pd.Series(dates(starts), dtype="object"),
            "period_end": pd.Series(dates(ends), dtype="object"),
            "period_complete": complete,
        }
    )


def _segment_frame(
    names: list[str], *, stage: Sequence[str] | None = None, touchpoint: Sequence[str] | None = None
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment": pd.Series(names, dtype="str"),
            "stage": pd.Series(stage, index=range(len(names)), dtype="str"),
            "touchpoint": pd.Series(touchpoint, index=range(len(names)), dtype="str"),
        }
    )
