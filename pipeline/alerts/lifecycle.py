"""The life of an alert, as pure functions: opened, seen again, worse, acknowledged, closed.

People are told when it opens, when it gets worse, when the cooldown has passed and nobody has acknowledged it, and when
it closes. What is to be told stays `due` until it has been delivered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

AlertState = Literal["open", "acknowledged", "closed"]
Due = Literal["opened", "worse", "reminder", "closed"]

RUN_FAILED = "run_failed"
RUN_OVERDUE = "run_overdue"
NOT_DELIVERED = "not_delivered"
OF_RUNS = frozenset({RUN_FAILED, RUN_OVERDUE, NOT_DELIVERED})
"""Alerts about runs; all others are about data, and their ids are those of fact_quality."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong now. `level` rises when it gets worse; `message` (Chinese, English) has counts and labels
    only.
    """

    id: str
    message: tuple[str, str]
    level: int = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """A problem over time. `count`: how often it was seen since it opened; `told_at`, `told_level`: the last
    notification that was delivered; `due`: what has still to be told, None if nothing.
    """

    id: str
    state: AlertState
    message: tuple[str, str]
    level: int
    first_seen: datetime
    last_seen: datetime
    count: int = 1
    due: Due | None = None
    told_at: datetime | None = None
    told_level: int = 0


def observe(
    known: Mapping[str, Alert],
    problems: Sequence[Problem],
    over: Collection[str],
    *,
    now: datetime,
    cooldown: timedelta,
) -> dict[str, Alert]:
    """The alerts after a look at the world: `problems` are there, those with an id in `over` are not any more, and of
    others nothing is known (they stay as they are).
    """
    found = dict(known)
    for problem in problems:
        alert = found.get(problem.id)
        if alert is None or alert.state == "closed":
            found[problem.id] = Alert(problem.id, "open", problem.message, problem.level, now, now, due="opened")
        else:
            found[problem.id] = _again(alert, problem, now=now, cooldown=cooldown)
    for name in set(over) & set(known):
        alert = known[name]
        if alert.state != "closed":
            found[name] = replace(alert, state="closed", due="closed")
    return found


def _again(alert: Alert, problem: Problem, *, now: datetime, cooldown: timedelta) -> Alert:
    seen = replace(alert, message=problem.message, level=problem.level, last_seen=now, count=alert.count + 1)
    if alert.due is not None:
        return seen  # has not been told yet: that comes first, with the newest words
    if problem.level > alert.told_level:
        return replace(seen, state="open", due="worse")
    if alert.state == "open" and alert.told_at is not None and now - alert.told_at >= cooldown:
        return replace(seen, due="reminder")
    return seen


def acknowledge(alert: Alert) -> Alert:
    """Somebody takes care of it: no more reminders, but word when it gets worse or closes."""
    if alert.state == "closed":
        return alert
    return replace(alert, state="acknowledged", due=None if alert.due == "reminder" else alert.due)


def told(alert: Alert, *, now: datetime) -> Alert:
    """What was due has been delivered."""
    return replace(alert, due=None, told_at=now, told_level=alert.level)
