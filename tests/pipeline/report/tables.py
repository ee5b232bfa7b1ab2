"""Small published tables made by hand: every column the report reads, with simple stand-ins for the estimates.

The report only shows what stands in the tables, so their figures need to be well-formed, not exact.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from pipeline.tables import TABLES

Tables = dict[str, pd.DataFrame]
Row = dict[str, Any]

FEEDBACK, UNIT, METRIC, PRIORITY, EVIDENCE, RUN, QUALITY, QUARANTINE = (
    list(TABLES[name].columns)
    for name in (
        *("fact_feedback", "fact_opinion_unit", "fact_metric_period", "fact_action_priority", "fact_action_evidence"),
        *("dim_run", "fact_quality", "quarantine"),
    )
)


@dataclass(frozen=True)
class Said:
    """One opinion: its words and its labels."""

    text: str
    sentiment: str
    stage: str
    touchpoint: str


def comment(*said: Said, language: str = "en", day: date | None = None, **fields: Any) -> Row:
    """A comment that says these things one after the other; `fields` are columns of fact_feedback."""
    return {"said": said, "language": language, "day": day, **fields}


def published(
    comments: Sequence[Row],
    *,
    small_n: int = 30,
    min_feedback: int = 2,
    quarantine: Sequence[Row] = (),
    masked: dict[str, int] | None = None,
    scores_refused: dict[str, int] | None = None,
    duplicates: int = 0,
    since: date | None = None,
    until: date | None = None,
) -> Tables:
    """The published tables for these comments."""
    feedback, units = _facts(comments)
    priority = _priority(feedback, units, min_feedback=min_feedback, small_n=small_n)
    quarantined = pd.DataFrame(list(quarantine), columns=QUARANTINE)
    run = {
        "run_id": "20261102T020000Z-0001",
        "published_at": pd.Timestamp(datetime(2026, 11, 2, 2, 0, tzinfo=UTC)),
        "config_hash": "0123456789abcdef",
        "model_id": "cx-test-model",
        "taxonomy": "generic",
        "taxonomy_version": "1.0",
        "code_version": "0.1.0",
        "analysis_key": "fedcba9876543210",
        "schema_version": "1.0",
        "timezone": "Asia/Shanghai",
        "since": since,
        "until": until,
        "input_digests": "{}",
        "rows": len(feedback) + duplicates + len(quarantined),
        "new": len(feedback),
        "updated": 0,
        "unchanged": 0,
        "duplicates": duplicates,
        "forgotten": 0,
        "quarantined": len(quarantined),
        "scores_refused": json.dumps(scores_refused or {}),
        "n_feedback": len(feedback),
        "n_units": len(units),
        "languages": json.dumps(feedback["language"].value_counts().to_dict()),
        "masked": json.dumps(masked or {}),
    }
    return {
        "fact_feedback": feedback,
        "fact_opinion_unit": units,
        "fact_metric_period": _metrics(feedback, units, small_n=small_n),
        "fact_action_priority": priority,
        "fact_action_evidence": _evidence(feedback, units, priority),
        "fact_quality": pd.DataFrame(columns=QUALITY),
        "dim_run": pd.DataFrame([run], columns=RUN),
        "quarantine": quarantined,
    }


def _facts(comments: Sequence[Row]) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, units = [], []
    for number, item in enumerate(comments):
        key = f"{number:032x}"
        text = " ".join(said.text for said in item["said"])
        start = 0
        for index, said in enumerate(item["said"]):
            unit = {
                "feedback_key": key,
                "unit_index": index,
                "start": start,
                "end": start + len(said.text),
                "text": said.text,
                "sentiment": said.sentiment,
                "sentiment_score": 0.9,
                "stage": said.stage,
                "stage_score": 0.9,
                "touchpoint": said.touchpoint,
                "touchpoint_score": 0.9,
                "intent": "statement",
                "intent_score": 0.9,
                "low_confidence": len(units) % 3 == 2,
            }
            units.append(unit)
            start += len(said.text) + 1
        row = {
            "feedback_key": key,
            "source": "survey",
            "respondent_key": key,
            "text": text,
            "occurred_date": item["day"],
            "n_units": len(item["said"]),
            "classified": item["language"] != "other",
            "masked_count": 0,
        }
        rows.append({**row, **{name: value for name, value in item.items() if name in FEEDBACK}})
    return pd.DataFrame(rows, columns=FEEDBACK), pd.DataFrame(units, columns=UNIT)


def _wilson(hits: float, n: float) -> tuple[float, float]:
    z = 1.96
    middle, half = hits + z * z / 2, z * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return max(0.0, (middle - half) / (n + z * z)), min(1.0, (middle + half) / (n + z * z))


def _metrics(feedback: pd.DataFrame, units: pd.DataFrame, *, small_n: int) -> pd.DataFrame:
    joined = units.merge(feedback.drop(columns=["text", "sentiment"]), on="feedback_key")
    joined["stage_touchpoint"] = joined["stage"] + "/" + joined["touchpoint"]
    joined["total"] = "all"
    days = feedback["occurred_date"].dropna()
    first, last = (days.min(), days.max()) if len(days) else (None, None)
    dimensions = [
        "total",
        "stage",
        "touchpoint",
        "stage_touchpoint",
        "channel",
        "product",
        "region",
        "source",
        "language",
        "question",
    ]
    rows: list[Row] = []
    for dimension in dimensions:
        for segment, part in joined.dropna(subset=[dimension]).groupby(dimension):
            stage = part["stage"].iloc[0] if dimension.startswith("stage") else None
            touchpoint = part["touchpoint"].iloc[0] if dimension.endswith("touchpoint") else None
            names = {"dimension": dimension, "segment": segment, "stage": stage, "touchpoint": touchpoint}
            whole = {"period_type": "all", "period": "all", "period_start": first, "period_end": last}
            rows += _shares(part, {**names, **whole, "period_complete": True}, small_n)
            dated = part.dropna(subset=["occurred_date"])
            for monday, week in dated.groupby(dated["occurred_date"].map(_monday)):
                end = monday + timedelta(days=6)
                span = {"period_type": "week", "period": f"{monday:%G-W%V}", "period_start": monday, "period_end": end}
                rows += _shares(week, {**names, **span, "period_complete": first <= monday and end <= last}, small_n)
    whole = {"period_type": "all", "period": "all", "period_start": first, "period_end": last, "period_complete": True}
    for metric, column in (("nps", "nps"), ("rating_mean", "rating"), ("ces", "ces"), ("csat", "csat")):
        rows += _score(feedback, column, {"dimension": "total", "segment": "all", "metric": metric, **whole}, small_n)
    return pd.DataFrame(rows, columns=METRIC)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _shares(part: pd.DataFrame, names: Row, small_n: int) -> list[Row]:
    n, comments = len(part), part["feedback_key"].nunique()
    counts = {name: int((part["sentiment"] == name).sum()) for name in ("positive", "neutral", "negative")}
    hits_of = {f"{name}_share": hits for name, hits in counts.items()}
    hits_of["low_confidence_share"] = int(part["low_confidence"].sum())
    size = {"n_feedback": comments, "n_respondents": comments, "n_units": n, "small_n": comments < small_n}
    rows = []
    for metric, hits in hits_of.items():
        low, high = _wilson(hits, n) if comments >= 3 else (None, None)
        rows.append({**names, "metric": metric, "value": hits / n, "ci_low": low, "ci_high": high, **size})
    net = (counts["positive"] - counts["negative"]) / n
    half = 1.5 / math.sqrt(n)
    low, high = (max(-1.0, net - half), min(1.0, net + half)) if comments >= 3 else (None, None)
    rows.append({**names, "metric": "net_sentiment", "value": net, "ci_low": low, "ci_high": high, **size})
    return rows


def _score(feedback: pd.DataFrame, column: str, names: Row, small_n: int) -> list[Row]:
    given = feedback[column].dropna().astype(float)
    if given.empty:
        return []
    calculate: dict[str, Callable[[], float]] = {
        "nps": lambda: 100 * float((given >= 9).mean() - (given <= 6).mean()),
        "csat": lambda: float((given >= feedback["csat_high"].dropna().max() - 1).mean()),
    }
    value = calculate.get(column, lambda: float(given.mean()))()
    span = {"nps": 20.0, "csat": 0.1}.get(column, 0.3)
    size = {"n_feedback": len(given), "n_respondents": len(given), "n_units": 0, "small_n": len(given) < small_n}
    low, high = value - span, value + span
    if column == "csat":
        low, high = max(0.0, low), min(1.0, high)
    return [{**names, "value": value, "ci_low": low, "ci_high": high, **size}]


def _priority(feedback: pd.DataFrame, units: pd.DataFrame, *, min_feedback: int, small_n: int) -> pd.DataFrame:
    rows = []
    joined = units.merge(feedback[["feedback_key", "occurred_date"]], on="feedback_key")
    for (stage, touchpoint), part in joined.groupby(["stage", "touchpoint"]):
        negative = part[part["sentiment"] == "negative"]
        n, bad = len(part), len(negative)
        comments, complaining = part["feedback_key"].nunique(), negative["feedback_key"].nunique()
        net = (int((part["sentiment"] == "positive").sum()) - bad) / n
        low, high = _wilson(bad, n)
        reach, severity, reliability = complaining / len(feedback), bad / n, 0.9 if bad else 0.0
        row = {
            "stage": stage,
            "touchpoint": touchpoint,
            "score": 100 * reach * severity * reliability,
            "reach": reach,
            "severity": severity,
            "reliability": reliability,
            "weight": 1.0,
            "n_feedback": comments,
            "n_units": n,
            "n_negative_feedback": complaining,
            "n_negative_units": bad,
            "negative_share": bad / n,
            "negative_share_low": low,
            "negative_share_high": high,
            "net_sentiment": net,
            "net_sentiment_low": max(-1.0, net - 1 / math.sqrt(n)),
            "net_sentiment_high": min(1.0, net + 1 / math.sqrt(n)),
            "action_id": touchpoint,
            "owner_role": "owner",
            "action_zh": f"检查{touchpoint}环节,先处理最常见的三个问题。",
            "action_en": f"Walk through {touchpoint} and mend the three commonest faults first.",
            "owner_zh": "运营负责人",
            "owner_en": "Head of operations",
            "small_n": comments < small_n,
            **_trend(part),
        }
        rows.append(row)
    frame = pd.DataFrame(rows, columns=PRIORITY)
    ranked = frame[frame["n_negative_feedback"] >= min_feedback].sort_values(
        ["score", "stage"], ascending=[False, True]
    )
    for column in ("rank", "rank_low", "rank_high"):
        frame[column] = pd.Series(pd.NA, index=frame.index, dtype="Int64")
    for rank, index in enumerate(ranked.index, start=1):
        frame.loc[index, ["rank", "rank_low", "rank_high"]] = [rank, max(1, rank - 1), min(len(ranked), rank + 1)]
    return frame


def _trend(part: pd.DataFrame) -> Row:
    dated = part.dropna(subset=["occurred_date"])
    nothing = {"trend": None, "trend_low": None, "trend_high": None}
    if dated["occurred_date"].nunique() < 2:
        return nothing
    middle = dated["occurred_date"].min() + (dated["occurred_date"].max() - dated["occurred_date"].min()) / 2
    halves = [half["sentiment"].eq("negative") for _, half in dated.groupby(dated["occurred_date"] > middle)]
    if len(halves) < 2 or min(map(len, halves)) < 3:
        return nothing
    early, late = halves
    value = float(late.mean() - early.mean())
    half = 0.9 * math.sqrt(1 / len(early) + 1 / len(late))
    return {"trend": value, "trend_low": max(-1.0, value - half), "trend_high": min(1.0, value + half)}


def _evidence(feedback: pd.DataFrame, units: pd.DataFrame, priority: pd.DataFrame) -> pd.DataFrame:
    rows = []
    by_key = feedback.set_index("feedback_key")
    for row in priority[priority["rank"].notna()].itertuples():
        here = (
            (units["stage"] == row.stage) & (units["touchpoint"] == row.touchpoint) & (units["sentiment"] == "negative")
        )
        bad = units[here]
        for rank, unit in enumerate(bad.iloc[sorted({0, 1, len(bad) - 1})].itertuples(), start=1):
            whole = by_key.loc[unit.feedback_key]
            found = {
                "stage": row.stage,
                "touchpoint": row.touchpoint,
                "evidence_rank": rank,
                "feedback_key": unit.feedback_key,
                "unit_index": unit.unit_index,
                "text": unit.text,
                "context": whole["text"],
                "sentiment_score": unit.sentiment_score,
            }
            rows.append(found | {name: whole[name] for name in ("external_id", "occurred_date", "channel", "language")})
    return pd.DataFrame(rows, columns=EVIDENCE)
