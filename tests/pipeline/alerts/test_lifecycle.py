"""When people are told of an alert, and when they are left in peace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts.lifecycle import Alert, Problem, acknowledge, observe, told

NIGHT = datetime(2026, 11, 1, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def problem(level: int = 1) -> Problem:
    return Problem("silence", ("中", "en"), level)


def look(alerts: dict[str, Alert], *problems: Problem, now: datetime = NIGHT, over=(), days: float = 2):
    return observe(alerts, problems, over, now=now, cooldown=timedelta(days=days))


def deliver(alerts: dict[str, Alert], now: datetime) -> tuple[dict[str, Alert], list[str]]:
    due = [alert.due for alert in alerts.values() if alert.due]
    return {name: told(alert, now=now) if alert.due else alert for name, alert in alerts.items()}, due


def test_the_same_problem_is_told_once_until_the_cooldown_has_passed():
    alerts: dict[str, Alert] = {}
    history = []
    for night in range(6):
        now = NIGHT + night * DAY
        alerts, due = deliver(look(alerts, problem(), now=now), now)
        history.append(due)
    assert history == [["opened"], [], ["reminder"], [], ["reminder"], []]
    assert alerts["silence"].count == 6
    assert alerts["silence"].first_seen == NIGHT


def test_worse_is_told_at_once_and_better_is_not():
    alerts, _ = deliver(look({}, problem(2)), NIGHT)
    assert look(alerts, problem(1))["silence"].due is None
    assert look(alerts, problem(3))["silence"].due == "worse"


def test_closing_is_told_once_and_what_opens_again_begins_anew():
    alerts, _ = deliver(look({}, problem()), NIGHT)
    alerts = look(alerts, over=["silence", "unheard of"])
    assert (alerts["silence"].state, alerts["silence"].due) == ("closed", "closed")
    alerts, _ = deliver(alerts, NIGHT)
    assert look(alerts, over=["silence"]) == alerts
    again = look(alerts, problem(), now=NIGHT + DAY)["silence"]
    assert (again.state, again.due, again.count, again.first_seen) == ("open", "opened", 1, NIGHT + DAY)


def test_what_nobody_knows_about_stays_as_it_is():
    alerts, _ = deliver(look({}, problem()), NIGHT)
    assert look(alerts, now=NIGHT + 9 * DAY) == alerts


def test_what_could_not_be_delivered_stays_due_with_the_newest_words():
    alerts = look({}, problem())
    alerts = look(alerts, Problem("silence", ("新", "new"), 3), now=NIGHT + DAY)
    assert alerts["silence"].due == "opened"
    assert alerts["silence"].message == ("新", "new")
    # Delivered at the level it has by then: that is no worsening later.
    alerts, _ = deliver(alerts, NIGHT + DAY)
    assert look(alerts, problem(3))["silence"].due is None


def test_an_acknowledged_alert_is_quiet_until_it_gets_worse_or_is_over():
    alerts, _ = deliver(look({}, problem()), NIGHT)
    alerts = {"silence": acknowledge(alerts["silence"])}
    later = look(alerts, problem(), now=NIGHT + 9 * DAY)
    assert (later["silence"].state, later["silence"].due) == ("acknowledged", None)
    worse = look(alerts, problem(2))["silence"]
    assert (worse.state, worse.due) == ("open", "worse")
    assert look(alerts, over=["silence"])["silence"].due == "closed"
    closed = {"silence": Alert("silence", "closed", ("", ""), 1, NIGHT, NIGHT)}
    assert acknowledge(closed["silence"]).state == "closed"


@given(st.lists(st.sampled_from(["there", "worse", "over", "unknown"]), max_size=20), st.booleans())
def test_openings_and_closings_alternate_however_the_nights_go(nights, works):
    alerts: dict[str, Alert] = {}
    said = []
    for number, night in enumerate(nights):
        now = NIGHT + number * DAY
        problems = [problem(number + 1 if night == "worse" else 1)] if night in ("there", "worse") else []
        alerts = look(alerts, *problems, now=now, over=["silence"] if night == "over" else ())
        if works:
            alerts, due = deliver(alerts, now)
            said += due
    ends = [word for word in said if word in ("opened", "closed")]
    assert ends == ["opened", "closed"] * (len(ends) // 2) + ["opened"] * (len(ends) % 2)
