"""Scores given by customers: NPS, CSAT, CES, ratings, each once per answered row, brought to 0..1.

A survey row with several verbatims gives several feedbacks that repeat its scores; a score is counted once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.metrics.clusters import Bools, Floats, Ints
from pipeline.metrics.sample import Sample

ScoreMetric = Literal["nps", "csat", "ces", "rating_mean"]
SCORE_METRICS: tuple[ScoreMetric, ...] = ("nps", "csat", "ces", "rating_mean")
TOP_TWO = 0.75
"""Where the top two of five boxes begin on a scale brought to 0..1, for scales without few whole steps."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Scores of one kind. `row`: [answers] -> feedback; `unit`: [answers] value in 0..1, higher is better;
    `low`, `high`: [answers] ends of the scale each was given on.
    """

    row: Ints
    unit: Floats
    low: Floats
    high: Floats

    def common_scale(self) -> tuple[float, float]:
        """The scale all answers share, or (0, 100) where they come on several."""
        scales = set(zip(self.low.tolist(), self.high.tolist(), strict=True))
        return scales.pop() if len(scales) == 1 else (0.0, 100.0)

    def points(self) -> Floats:
        """Values on the scale each was given on, turned so that higher is better."""
        return self.low + self.unit * (self.high - self.low)

    def top_two(self) -> Bools:
        """In the top two boxes: the two highest whole steps of a scale of 5 to 11 points; the highest step of
        a shorter scale; the top quarter of a longer one.
        """
        span, points = self.high - self.low, self.points()
        steps = np.where(span >= 4, self.high - 1, self.high)
        return np.where(span <= 10, points >= steps - 1e-9, self.unit >= TOP_TWO - 1e-9)


def answers(metric: ScoreMetric, sample: Sample) -> Answers:
    """The answers of one kind; those without a scale or, for CES, without a direction are left out."""
    name = "rating" if metric == "rating_mean" else metric
    frame = pd.DataFrame({"value": sample.feedback[name].astype("float64")})
    if metric == "nps":
        frame["low"], frame["high"] = 0.0, 10.0
    else:
        frame["low"] = sample.feedback[f"{name}_low"].astype("float64")
        frame["high"] = sample.feedback[f"{name}_high"].astype("float64")
    usable = frame.notna().all(axis=1) & (frame["low"] < frame["high"])
    if metric == "ces":
        usable &= sample.feedback["ces_higher_is_better"].notna()
    frame = frame[usable & ~_repeated(frame, sample.feedback)]
    unit = ((frame["value"] - frame["low"]) / (frame["high"] - frame["low"])).clip(0, 1).to_numpy(dtype=np.float64)
    row = frame.index.to_numpy(dtype=np.int64)
    if metric == "ces":
        ease = sample.feedback["ces_higher_is_better"].astype("boolean").iloc[row].to_numpy(dtype=np.bool_)
        unit = np.where(ease, unit, 1 - unit)
    return Answers(row, unit, frame["low"].to_numpy(dtype=np.float64), frame["high"].to_numpy(dtype=np.float64))


def _repeated(scores: pd.DataFrame, feedback: pd.DataFrame) -> pd.Series:
    """Whether a survey answer repeats the score of an earlier answer of the same row."""
    same_row = feedback[["source", "respondent_key", "external_id", "occurred_at"]].join(scores)
    return feedback["question"].notna() & same_row.where(feedback["question"].notna()).duplicated()
