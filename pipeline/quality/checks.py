"""The checks of a run. Each alerts only on evidence, and says that it cannot tell where there is too little of it.

A share or shift alerts when the end of its interval that lies towards "all is well" is beyond the limit; what each
interval is worth is said in `statistics.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
import pandas as pd

from pipeline import tables as contracts
from pipeline.certainty import certainty
from pipeline.config import Config, Quality
from pipeline.metrics.clusters import Bools, Clusters, Floats, Ints, ratio
from pipeline.metrics.intervals import effective_size
from pipeline.metrics.scores import answers
from pipeline.quality import statistics
from pipeline.quality.messages import NAMES, words
from pipeline.quality.statistics import Bounds
from pipeline.quality.view import View, view

State = Literal["ok", "alert", "cannot_tell"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; the columns of fact_quality."""

    check: str
    state: State
    n: int
    message: tuple[str, str]
    source: str | None = None
    bounds: Bounds | None = None
    value: float | None = None
    threshold: float | None = None
    first: date | None = None
    last: date | None = None

    def row(self) -> dict[str, object]:
        """The row of fact_quality."""
        value = self.bounds.value if self.bounds else self.value
        return {
            "check_id": self.check if self.source is None else f"{self.check}:{self.source}",
            "check": self.check,
            "source": self.source,
            "state": self.state,
            "value": value,
            "low": self.bounds.low if self.bounds else None,
            "high": self.bounds.high if self.bounds else None,
            "n": self.n,
            "threshold": self.threshold,
            "period_start": self.first,
            "period_end": self.last,
            "message_zh": self.message[0],
            "message_en": self.message[1],
        }


def judge(
    tables: Mapping[str, pd.DataFrame],
    earlier: pd.DataFrame,
    run: Mapping[str, Any],
    *,
    config: Config,
    today: date | None = None,
) -> pd.DataFrame:
    """`fact_quality` for a run: `tables` has fact_feedback and fact_opinion_unit with all that is stored, `earlier` is
    dim_run before the run, `run` the run's own row. `today`: its local day, by default now.
    """
    today = today or datetime.now(config.zone).date()
    limits = config.quality
    seen = view(tables["fact_feedback"], tables["fact_opinion_unit"], limits=limits, today=today)
    found = [
        *_silence(earlier, run, len(tables["fact_feedback"]), config=config, today=today),
        *_set_aside(run, limits),
        *_shares(seen),
        *_score_shift(seen),
        *(finding for source in seen.largest() for finding in _per_source(seen, source)),
    ]
    rows = pd.DataFrame([finding.row() for finding in found], columns=list(contracts.contract("fact_quality").columns))
    return contracts.check("fact_quality", rows)


def is_forgetting(run: Mapping[str, Any]) -> bool:
    """Whether a row of dim_run was made by `cxi forget`, which reads nothing."""
    return bool(run["rows"] > 0 and run["rows"] == run["forgotten"] and run["input_digests"] == "{}")


def _silence(
    earlier: pd.DataFrame, run: Mapping[str, Any], stored: int, *, config: Config, today: date
) -> Iterator[Finding]:
    """Days since a run took in anything new, whatever the feedback's own dates."""
    limit = config.quality.silent_days
    if limit is None:
        return
    if not stored:
        yield Finding("silence", "alert", 0, words("silence.empty"), threshold=limit)
        return
    last = None
    for row in earlier.to_dict("records"):
        if row["new"] + row["updated"] and not is_forgetting({str(name): value for name, value in row.items()}):
            last = (row["published_at"].astimezone(config.zone).date(), int(row["new"] + row["updated"]))
    if run["new"] + run["updated"]:
        last = (today, int(run["new"] + run["updated"]))
    if last is None:
        yield Finding("silence", "cannot_tell", 0, words("silence.cannot_tell"), threshold=limit)
        return
    days, n = (today - last[0]).days, last[1]
    state: State = "alert" if days > limit else "ok"
    text = words(f"silence.{state}", value=days, limit=limit, n=n)
    yield Finding("silence", state, n, text, value=days, threshold=limit)


def _set_aside(run: Mapping[str, Any], limits: Quality) -> Iterator[Finding]:
    limit, n = limits.set_aside, int(run["rows"] - run["forgotten"])
    if limit is None:
        return
    if n == 0:
        text = words("set_aside.cannot_tell", n=n, limit=limit)
        yield Finding("set_aside", "cannot_tell", n, text, threshold=limit)
        return
    bounds = statistics.share(run["quarantined"] / n, n, false_alarm=limits.false_alarm)
    state = _over(bounds, limit, n, limits)
    text = words(f"set_aside.{state}", n=n, value=bounds.value, limit=limit)
    yield Finding("set_aside", state, n, text, bounds=bounds, threshold=limit)


def _shares(seen: View) -> Iterator[Finding]:
    """Feedback without a unit, and units the model is not sure of, in the period judged."""
    sample, limits = seen.sample, seen.limits
    silent = sample.feedback["n_units"].to_numpy() == 0
    unsure = sample.units["low_confidence"].to_numpy(dtype=np.bool_)
    recent = seen.current
    for name, limit, hits, who in (
        ("unclassified", limits.unclassified, silent[recent], sample.respondent[recent]),
        ("low_confidence", limits.low_confidence, unsure[recent[sample.owner]], sample.speaker[recent[sample.owner]]),
    ):
        if limit is None:
            continue
        n = len(np.unique(who))
        bounds = _clustered(hits, who, limits) if n else None
        state = _over(bounds, limit, n, limits) if bounds else "cannot_tell"
        key = "share.cannot_tell" if state == "cannot_tell" else f"{name}.{state}"
        text = words(key, n=n, value=bounds.value if bounds else 0.0, limit=limit, period=seen.period)
        yield Finding(name, state, n, text, None, bounds, None, limit, seen.first, seen.last)


def _clustered(hits: Bools, respondent: Ints, limits: Quality) -> Bounds:
    """A share of observations that come in respondents."""
    estimate = ratio(Clusters.of(np.zeros_like(respondent), respondent, 1), hits)
    size = effective_size(estimate, confidence=1 - 2 * limits.false_alarm, at_most_n=True)
    return statistics.share(float(estimate.value[0]), float(size[0]), false_alarm=limits.false_alarm)


def _over(bounds: Bounds, limit: float, n: int, limits: Quality) -> State:
    if bounds.low > limit:
        return "alert"
    return "ok" if n >= limits.min_n else "cannot_tell"


def _per_source(seen: View, source: int) -> Iterator[Finding]:
    yield from _volume(seen, source)
    yield from _languages(seen, source)
    yield from _ratings(seen, source)


def _volume(seen: View, source: int) -> Iterator[Finding]:
    limits, name = seen.limits, seen.sources[source]
    if limits.volume_drop is None:
        return
    history, current = seen.counts(source)
    n = int(history.sum()) + current
    drop = None
    if len(history) >= limits.min_history:
        drop = statistics.volume_drop(history, current, false_alarm=limits.false_alarm)
    if drop is None or drop.limit is None:
        text = words("volume_drop.cannot_tell", source=name, periods=len(history), needed=limits.min_history)
        yield Finding("volume_drop", "cannot_tell", n, text, name, first=seen.first, last=seen.last)
        return
    threshold = min(drop.limit, 1 - limits.volume_drop)
    state: State = "alert" if drop.ratio <= threshold else "ok"
    text = words(
        f"volume_drop.{state}",
        source=name,
        current=current,
        expected=drop.expected,
        floor=int(threshold * drop.expected + 1e-9),
        period=seen.period,
    )
    yield Finding("volume_drop", state, n, text, name, None, drop.ratio, threshold, seen.first, seen.last)


def _languages(seen: View, source: int) -> Iterator[Finding]:
    limits, sample = seen.limits, seen.sample
    if limits.language_shift is None:
        return
    code, names = pd.factorize(sample.feedback["language"], sort=True)
    parts = [(seen.source == source) & part for part in (seen.before, seen.current)]
    counts = [np.bincount(code[part], minlength=len(names)).astype(np.float64) for part in parts]

    def bounds() -> Bounds:
        sizes = _kish(sample.respondent[parts[0]]), _kish(sample.respondent[parts[1]])
        return statistics.stability(counts[0], counts[1], sizes, false_alarm=limits.false_alarm)

    who = [len(np.unique(sample.respondent[part])) for part in parts]
    yield _shift("language_shift", seen, limits.language_shift, who, bounds, seen.sources[source])


def _kish(respondent: Ints) -> float:
    """How many feedbacks there would be if each respondent's were all alike."""
    per_respondent = np.unique(respondent, return_counts=True)[1].astype(np.float64)
    return float(per_respondent.sum() ** 2 / (per_respondent**2).sum())


def _score_shift(seen: View) -> Iterator[Finding]:
    limit, sample = seen.limits.score_shift, seen.sample
    if limit is not None:
        sure = certainty(sample.units)
        yield _mean_shift("score_shift", seen, limit, sure, sample.speaker, seen.age[sample.owner])


def _ratings(seen: View, source: int) -> Iterator[Finding]:
    limit, sample = seen.limits.rating_shift, seen.sample
    if limit is None:
        return
    given = answers("rating_mean", sample)
    mine = seen.source[given.row] == source
    row = given.row[mine]
    if row.size:
        name = seen.sources[source]
        yield _mean_shift("rating_shift", seen, limit, given.unit[mine], sample.respondent[row], seen.age[row], name)


def _mean_shift(
    check: str, seen: View, limit: float, values: Floats, who: Ints, age: Ints, source: str | None = None
) -> Finding:
    """Change of a mean over respondents: `values`, `who` gave them, `age` in periods, [observations] each."""
    before, current = (_means(values[part], who[part]) for part in (age > 0, age == 0))

    def bounds() -> Bounds:
        return statistics.mean_shift(before, current, false_alarm=seen.limits.false_alarm)

    return _shift(check, seen, limit, [before.size, current.size], bounds, source)


def _means(values: Floats, who: Ints) -> Floats:
    """[respondents]: mean of each one's values."""
    _, place, count = np.unique(who, return_inverse=True, return_counts=True)
    found: Floats = np.bincount(place, values, minlength=count.size) / count
    return found


def _shift(
    check: str, seen: View, limit: float, n: list[int], bounds: Callable[[], Bounds], source: str | None
) -> Finding:
    """A change from before to now, with numbers of respondents [before, now]."""
    if min(n) < seen.limits.min_n:
        chinese, english = NAMES[check]
        if source is not None:
            chinese, english = f"{chinese}（来源“{source}”）", f"{english} (source “{source}”)"
        text = words("shift.cannot_tell", name_zh=chinese, name_en=english, n=n[1], before=n[0], period=seen.period)
        return Finding(check, "cannot_tell", n[1], text, source, None, None, limit, seen.first, seen.last)
    found = bounds()
    state: State = "alert" if found.low > limit or found.high < -limit else "ok"
    text = words(f"{check}.{state}", source=source, value=found.value, limit=limit, period=seen.period)
    return Finding(check, state, n[1], text, source, found, None, limit, seen.first, seen.last)
