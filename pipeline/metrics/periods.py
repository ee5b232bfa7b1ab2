"""`fact_metric_period`: every figure per period and segment, with n and an interval clustered by respondent.

Formulas, sources and worked examples: docs/insight.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.config import Config
from pipeline.metrics import intervals
from pipeline.metrics.clusters import Bools, Clusters, Floats, Ints, Ratio, correlation, from_sums, ratio
from pipeline.metrics.intervals import Estimate
from pipeline.metrics.sample import Sample, take
from pipeline.metrics.scores import SCORE_METRICS, Answers, ScoreMetric, answers
from pipeline.metrics.segments import PERIOD_TYPES, Periods, Segments, periods, plan, segments

NAMES = ("period_type", "period", "dimension", "segment", "stage", "touchpoint", "metric", "interval_method")
NUMBERS = ("value", "ci_low", "ci_high")
COUNTS = ("n_feedback", "n_respondents", "n_units")
COLUMNS = (
    *("period_type", "period", "period_start", "period_end", "period_complete", "dimension", "segment"),
    *("stage", "touchpoint", "metric", *NUMBERS, "interval_method", *COUNTS, "small_n"),
)
KEY = ["period_type", "period", "dimension", "segment", "metric"]


def compute(feedback: pd.DataFrame, units: pd.DataFrame, *, config: Config) -> pd.DataFrame:
    """Figures per period and segment from the frames fact_feedback and fact_opinion_unit.

    Shares are in 0..1, net sentiment in -1..1, NPS in -100..100, CSAT in 0..1 (top two boxes); CES (higher is
    easier) and rating means are on the scale given, or on 0..100 where several scales meet. A figure without
    observations has no row; with fewer than `intervals.MIN_RESPONDENTS` respondents it has no interval.
    """
    sample = take(feedback, units)
    given = {metric: answers(metric, sample) for metric in SCORE_METRICS}
    cuts = {kind: periods(kind, sample.day) for kind in PERIOD_TYPES}
    tables = [
        _Cut(sample, cuts[kind], _worth_cutting(segments(dimension, sample), sample, kind, config), config)
        for kind, dimension in plan()
    ]
    frame = pd.concat([cut.table(given) for cut in tables], ignore_index=True)
    return _typed(frame).sort_values(KEY, ignore_index=True)


def _worth_cutting(found: Segments, sample: Sample, kind: str, config: Config) -> Segments:
    """By month and week only channels and products with enough respondents overall: a shop has thousands of
    products.
    """
    if kind == "all" or found.dimension not in ("channel", "product"):
        return found
    known = found.code >= 0
    who = Clusters.of(found.code[known], sample.respondent[known], len(found.frame))
    return found.only(who.per_group(np.ones(who.group.size)) >= config.metrics.small_n)


@dataclass(frozen=True, slots=True)
class _Figures:
    """One metric for some groups: `group` [rows], and the columns of the table that hold figures, [rows] each."""

    group: Ints
    columns: dict[str, npt.NDArray[Any]]


class _Cut:
    """One dimension cut by one type of period: group = period * n_segments + segment."""

    def __init__(self, sample: Sample, when: Periods, what: Segments, config: Config) -> None:
        self.sample, self.when, self.what = sample, when, what
        self.confidence = config.metrics.confidence
        self.small_n = config.metrics.small_n
        self.n_groups = len(when.frame) * len(what.frame)

    def table(self, given: dict[ScoreMetric, Answers]) -> pd.DataFrame:
        """All figures of this cut, with the names of their periods and segments."""
        figures = list(self._figures(given)) if self.n_groups else []
        group = np.concatenate([figure.group for figure in figures] or [np.zeros(0, dtype=np.int64)])
        columns = {
            name: np.concatenate([figure.columns[name] for figure in figures] or [np.zeros(0)])
            for name in ("metric", *NUMBERS, "interval_method", *COUNTS, "small_n")
        }
        width = max(len(self.what.frame), 1)
        period = self.when.frame.iloc[group // width].reset_index(drop=True)
        segment = self.what.frame.iloc[group % width].reset_index(drop=True)
        return pd.concat([period, segment, pd.DataFrame(columns)], axis=1).assign(
            period_type=self.when.kind, dimension=self.what.dimension
        )

    def _figures(self, given: dict[ScoreMetric, Answers]) -> Iterator[_Figures]:
        yield from self._of_units()
        yield self._complaining()
        if self.what.by_feedback and self.what.dimension != "question":
            for metric, found in given.items():
                yield self._score(metric, found)

    def _of_units(self) -> Iterator[_Figures]:
        """Shares among the units: of the sentiments, of those the model is not sure of, and net sentiment."""
        group = self._group(self.sample.owner)
        here = group >= 0
        clusters = Clusters.of(group[here], self.sample.speaker[here], self.n_groups)
        hits = {f"{name}_share": self.sample.is_(name)[here] for name in ("positive", "neutral", "negative")}
        unclear = np.asarray(self.sample.units["low_confidence"], dtype=np.bool_)[here]
        shares = {name: ratio(clusters, hit) for name, hit in (hits | {"low_confidence_share": unclear}).items()}
        spoken = Clusters.of(group[here], self.sample.owner[here], self.n_groups)
        n_feedback = spoken.per_group(np.ones(spoken.group.size))
        for name, found in shares.items():
            estimate = intervals.share(found, confidence=self.confidence)
            yield self._keep(name, estimate, found, n_feedback=n_feedback, n_units=found.n)
        good, bad = shares["positive_share"], shares["negative_share"]
        rho = correlation(clusters, (hits["positive_share"], None), (hits["negative_share"], None))
        net = intervals.difference(good, bad, rho, confidence=self.confidence)
        yield self._keep("net_sentiment", net, bad, method=intervals.MOVER, n_feedback=n_feedback, n_units=bad.n)

    def _complaining(self) -> _Figures:
        """Share of classified feedbacks with a negative unit here: of the segment's feedbacks where feedbacks
        are
        cut (channel), else of all the period's, whether or not they speak of the segment (stage).
        """
        classified = self.sample.feedback["classified"].to_numpy(dtype=np.bool_)
        group = self._group(self.sample.owner)
        here = (group >= 0) & classified[self.sample.owner]
        n_units = np.bincount(group[here], minlength=self.n_groups).astype(np.float64)
        here &= self.sample.is_("negative")
        complaints = Clusters.of(group[here], self.sample.owner[here], self.n_groups)
        found = self._among(complaints.group, complaints.respondent, np.flatnonzero(classified))
        estimate = intervals.share(found, confidence=self.confidence)
        spoken = np.ones(self.n_groups, dtype=np.bool_) if self.what.by_feedback else n_units > 0
        return self._keep("feedback_share_negative", estimate, found, n_feedback=found.n, n_units=n_units, where=spoken)

    def _among(self, group: Ints, row: Ints, base: Ints) -> Ratio:
        """Share of the feedbacks `base` that are hits; a hit is a (group, feedback `row`) pair.

        Built from sums, because listing every feedback once per stage and touchpoint would take too long.
        """
        if self.what.by_feedback:
            width, base_group = 1, self._group(base)
        else:
            width, base_group = len(self.what.frame), self.when.code[base]
        base, base_group = base[base_group >= 0], base_group[base_group >= 0]
        whole = Clusters.of(base_group, self.sample.respondent[base], self.n_groups // width)
        m = whole.per_pair()
        parent = np.arange(self.n_groups) // width
        n, mm, respondents = (whole.per_group(x)[parent] for x in (m, m * m, np.ones(m.size)))
        hit = Clusters.of(group, self.sample.respondent[row], self.n_groups)
        y = hit.per_pair()
        own_m = m[whole.find(hit.group // width, hit.respondent)]
        hits, yy, ym = (hit.per_group(x) for x in (y, y * y, y * own_m))
        return from_sums(hits=hits, n=n, yy=yy, ym=ym, mm=mm, respondents=respondents)

    def _score(self, metric: ScoreMetric, found: Answers) -> _Figures:
        group = self._group(found.row)
        here = group >= 0
        clusters = Clusters.of(group[here], self.sample.respondent[found.row[here]], self.n_groups)
        method = intervals.WILSON
        if metric == "nps":
            promoter, detractor = (found.points() >= 9)[here], (found.points() <= 6)[here]
            counted = ratio(clusters, promoter)
            rho = correlation(clusters, (promoter, None), (detractor, None))
            net = intervals.difference(counted, ratio(clusters, detractor), rho, confidence=self.confidence)
            estimate, method = _scaled(net, 0, 100), intervals.MOVER
        elif metric == "csat":
            counted = ratio(clusters, found.top_two()[here])
            estimate = intervals.share(counted, confidence=self.confidence)
        else:
            counted = ratio(clusters, found.unit[here])
            mean = intervals.bounded_mean(counted, confidence=self.confidence)
            estimate = _scaled(mean, *found.common_scale())
        return self._keep(metric, estimate, counted, method=method, n_feedback=counted.n)

    def _group(self, rows: Ints) -> Ints:
        """The group of feedback rows, or of units given their feedback rows; -1 = none."""
        period = self.when.code[rows]
        segment = self.what.code[rows] if self.what.by_feedback else self.what.code
        return np.where((period >= 0) & (segment >= 0), period * len(self.what.frame) + segment, -1)

    def _keep(
        self,
        metric: str,
        estimate: Estimate,
        base: Ratio,
        *,
        n_feedback: Floats,
        n_units: Floats | None = None,
        method: str = intervals.WILSON,
        where: Bools | None = None,
    ) -> _Figures:
        """The figures of the groups (`where`) that have observations."""
        kept = np.flatnonzero((base.n > 0) if where is None else (base.n > 0) & where)
        columns = {
            "metric": np.full(kept.size, metric, dtype=object),
            "value": estimate.value[kept],
            "ci_low": estimate.low[kept],
            "ci_high": estimate.high[kept],
            "interval_method": np.where(np.isnan(estimate.low[kept]), np.array(None), np.array(method)),
            "n_feedback": n_feedback[kept],
            "n_respondents": base.respondents[kept],
            "n_units": np.zeros(kept.size) if n_units is None else n_units[kept],
            "small_n": base.respondents[kept] < self.small_n,
        }
        return _Figures(kept.astype(np.int64), columns)


def _scaled(estimate: Estimate, low: float, high: float) -> Estimate:
    """From 0..1 (or a difference of two such, with low = 0) to a scale."""
    value, bottom, top = (low + x * (high - low) for x in (estimate.value, estimate.low, estimate.high))
    return Estimate(value, bottom, top)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    types = dict.fromkeys(NAMES, "str") | dict.fromkeys(NUMBERS, "float64") | dict.fromkeys(COUNTS, "int64")
    return frame.astype(types | {"small_n": "bool", "period_complete": "bool"})[list(COLUMNS)]
