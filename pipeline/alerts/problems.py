"""From a run, its failure or its absence to problems, in words that hold no value from the data."""

from __future__ import annotations

import math
import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.alerts.lifecycle import NOT_DELIVERED, RUN_FAILED, RUN_OVERDUE, Problem
from pipeline.errors import ConfigError, StoreError
from pipeline.quality.checks import is_forgetting

if TYPE_CHECKING:
    import pandas as pd

_PACKAGES = ("pipeline", "models", "flows")
_WITH_PLACE = (ConfigError, StoreError)
"""Errors whose `where` is a key or a path of ours; those of input may name columns, and a file without a header has
feedback there."""


def of_quality(quality: pd.DataFrame) -> tuple[list[Problem], set[str]]:
    """From fact_quality: what is in alert, and the ids of what is fine."""
    problems = [
        Problem(row["check_id"], (row["message_zh"], row["message_en"]), _level(row))
        for row in quality[quality["state"] == "alert"].to_dict("records")
    ]
    return problems, set(quality.loc[quality["state"] == "ok", "check_id"])


def _level(row: Mapping[Any, Any]) -> int:
    """1 beyond the limit, one more each time it is twice as far: only that counts as worse."""
    value, limit = row["value"], row["threshold"]
    if limit is None or value is None or math.isnan(limit) or math.isnan(value) or limit <= 0:
        return 1
    if row["check"] == "volume_drop":
        return 2 if value == 0 else 1
    return 1 + max(0, math.floor(math.log2(max(abs(value) / limit, 1))))


def of_failure(error: BaseException, *, code: int) -> Problem:
    """A run that failed: class of the error, exit code and place in the program (for settings also key or path)."""
    name, place = type(error).__name__, place_of(error)
    where = _where(error)
    return Problem(
        RUN_FAILED,
        (
            f"运行失败：{name}（退出码 {code}），位置 {place}{where}。详情见运行日志；读者仍可读上一次的快照。",
            f"A run failed: {name} (exit code {code}) at {place}{where}. Its log says more;"
            " readers keep the last snapshot.",
        ),
    )


def of_delivery(error: BaseException) -> Problem:
    """A run whose snapshot is published and current, but not in PostgreSQL."""
    name, where = type(error).__name__, _where(error)
    return Problem(
        NOT_DELIVERED,
        (
            f"新快照已发布，但 PostgreSQL 没有更新（{name}{where}），那里的看板仍是较早的数据。原因见运行日志；"
            "排除后，下一次运行或 `cxi publish` 会补上。",
            f"The new snapshot is published, but PostgreSQL is behind ({name}{where}): dashboards there show an earlier"
            " state. The run's log says why; once that is mended, the next run or `cxi publish` brings it up to date.",
        ),
    )


def _where(error: BaseException) -> str:
    return f", {error.where}" if isinstance(error, _WITH_PLACE) and error.where else ""


def of_crash(name: str) -> Problem:
    """A flow run that ended without an exception of ours: killed, out of memory, its machine gone."""
    return Problem(
        RUN_FAILED,
        (f"运行中断：{name}。读者仍可读上一次的快照。", f"A run crashed: {name}. Readers keep the last snapshot."),
    )


def place_of(error: BaseException) -> str:
    """The innermost function of this program in the traceback: "pipeline.ingest.plan:plan_file"."""
    found = "?"
    for frame in traceback.extract_tb(error.__traceback__):
        parts = Path(frame.filename).with_suffix("").parts
        start = max((index for index, part in enumerate(parts[:-1]) if part in _PACKAGES), default=None)
        if start is not None:
            found = f"{'.'.join(_from_package(parts))}:{frame.name}"
    return found


def _from_package(parts: tuple[str, ...]) -> tuple[str, ...]:
    first = next(index for index, part in enumerate(parts) if part in _PACKAGES and index > 0)
    return parts[first:]


def of_absence(runs: pd.DataFrame, *, hours: float, now: datetime) -> Problem | None:
    """From dim_run: whether the last published run (`cxi forget` is none) is older than `hours`; None if it is not."""
    real = [row for row in runs.to_dict("records") if not is_forgetting({str(key): row[key] for key in row})]
    if not real:
        return Problem(RUN_OVERDUE, ("还没有任何一次运行发布过结果。", "No run has published anything yet."))
    last = real[-1]["published_at"]
    age = (now - last).total_seconds() / 3600
    if age <= hours:
        return None
    level = 1 + max(0, math.floor(math.log2(age / hours))) if hours > 0 else 1
    return Problem(
        RUN_OVERDUE,
        (
            f"上一次发布是在 {last:%Y-%m-%d %H:%M} UTC，已过 {age:.0f} 小时（限 {hours:g} 小时）。",
            f"The last run was published at {last:%Y-%m-%d %H:%M} UTC, {age:.0f} hours ago (limit {hours:g}).",
        ),
        level,
    )
