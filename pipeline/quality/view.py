"""The published tables as the checks see them: the period that is judged, and those before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipeline.config import Quality
from pipeline.metrics.clusters import Bools, Ints
from pipeline.metrics.sample import Sample, codes, take

_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class View:
    """Feedbacks with their age in periods.

    `age`: [feedbacks] 0 in the period judged, 1 in the one before it and so on, -1 where neither (no date, too new, too
    old). `source`: [feedbacks] -> source, whose names are `sources`. `first`, `last`: the days judged, None where no
    feedback has a date; then every feedback has age 0.
    """

    sample: Sample
    age: Ints
    source: Ints
    sources: list[str]
    first: date | None
    last: date | None
    limits: Quality

    @property
    def current(self) -> Bools:
        """[feedbacks]: is in the period judged."""
        return np.asarray(self.age == 0, dtype=np.bool_)

    @property
    def before(self) -> Bools:
        """[feedbacks]: is in a period before it."""
        return np.asarray(self.age > 0, dtype=np.bool_)

    @property
    def period(self) -> tuple[str, str]:
        """The days judged in words: (Chinese, English)."""
        if self.first is None or self.last is None:
            return "全部时期", "all time"
        return f"{self.first} 至 {self.last}", f"{self.first} to {self.last}"

    def largest(self) -> list[int]:
        """Numbers of the largest sources, by all that is judged or compared with."""
        sizes = np.bincount(self.source[self.age >= 0], minlength=len(self.sources))
        order = sorted(range(len(self.sources)), key=lambda number: (-sizes[number], self.sources[number]))
        return sorted(order[: self.limits.sources])

    def counts(self, source: int) -> tuple[Ints, int]:
        """Feedbacks of a source per period before, newest first (whole ones since it began), and now."""
        mine = self.source == source
        days = self.sample.day[mine]
        days = days[~np.isnat(days)]
        if self.last is None or not days.size:
            return np.zeros(0, dtype=np.int64), int((mine & self.current).sum())
        since_first = (np.datetime64(self.last) - days.min()).astype(int) + 1
        whole = min(max(since_first // self.limits.period_days - 1, 0), self.limits.history)
        age = self.age[mine]
        found = np.bincount(age[(age >= 0) & (age <= whole)], minlength=whole + 1)
        return found[1:].astype(np.int64), int(found[0])


def view(feedback: pd.DataFrame, units: pd.DataFrame, *, limits: Quality, today: date) -> View:
    """See fact_feedback and fact_opinion_unit as of `today`: the last day judged is the last with feedback, and before
    today, which is not over.
    """
    sample = take(feedback, units)
    source, names = codes(sample.feedback["source"])
    days = sample.day.astype(np.int64)
    known = ~np.isnat(sample.day) & (sample.day <= np.datetime64(today))
    if np.isnat(sample.day).all():
        return View(sample, np.zeros(len(days), dtype=np.int64), source, names, None, None, limits)
    newest = days[known].max(initial=_NEVER)
    end = min(int(newest), _number(today) - 1) - limits.late_days if newest != _NEVER else _number(today) - 1
    age = np.where(known & (days <= end), (end - days) // limits.period_days, -1)
    age = np.where(age <= limits.history, age, -1)
    last = date(1970, 1, 1) + timedelta(days=end)
    return View(sample, age, source, names, last - timedelta(days=limits.period_days - 1), last, limits)


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
