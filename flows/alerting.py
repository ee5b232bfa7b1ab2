"""After a run, its failure or its absence: remember alerts in the store and tell people. Never fails what called it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.notifying import Say, addresses, send
from pipeline.alerts import problems as found
from pipeline.alerts.lifecycle import NOT_DELIVERED, OF_RUNS, RUN_OVERDUE, Alert, Problem, observe, told
from pipeline.config import Config
from pipeline.errors import StoreError, exit_code
from pipeline.run import RunResult
from pipeline.store import snapshot
from pipeline.store.store import DATABASE, Store


def after_run(config: Config, result: RunResult, *, say: Say) -> list[Alert]:
    """Open and close alerts by the checks of a published run, and by whether PostgreSQL has it. Returns those that are
    not closed.
    """
    quality = result.tables["fact_quality"]
    problems, fine = found.of_quality(quality)
    over = {*fine, *OF_RUNS}
    if result.undelivered is not None:
        problems.append(found.of_delivery(result.undelivered))
        over.remove(NOT_DELIVERED)
    return _settle(config, result.out, problems, over, judged=set(quality["check_id"]), say=say)


def after_delivery(config: Config, out: Path, *, say: Say) -> None:
    """Close the alert that PostgreSQL is behind: it was brought up to date by another command than a run."""
    _settle(config, out, [], {NOT_DELIVERED}, say=say)


def after_failure(config: Config, out: Path | None, error: BaseException, *, code: int, say: Say) -> None:
    """Alert that a run failed, if anybody is to be told. `out` is None where the run did not get so far as to know."""
    if addresses(config):
        _settle(config, out, [found.of_failure(error, code=code)], (), say=say)


def after_crash(config: Config, out: Path | None, name: str, *, say: Say) -> None:
    """Alert that a flow run ended without an exception of its own."""
    if addresses(config):
        _settle(config, out, [found.of_crash(name)], (), say=say)


@contextmanager
def alert_on_failure(config: Config, out: Path | None, *, say: Say) -> Iterator[None]:
    """Alert when what is inside fails, and let the failure pass. An interruption by the user is none."""
    try:
        yield
    except Exception as error:
        after_failure(config, out, error, code=exit_code(error), say=say)
        raise


def overdue(config: Config, out: Path, *, hours: float, say: Say) -> Problem | None:
    """Alert if the last published run is older than `hours`; what is wrong, None if nothing is.

    Raises StoreError where there is no store.
    """
    if not (out / "store").is_dir():
        raise StoreError("there is no store here", where=str(out), remedy="name the --out of your runs")
    problem = found.of_absence(snapshot.runs(out), hours=hours, now=datetime.now(UTC))
    if problem is None:
        _settle(config, out, [], {RUN_OVERDUE}, say=say)
    else:
        _settle(config, out, [problem], (), say=say)
    return problem


def _settle(
    config: Config,
    out: Path | None,
    problems: Sequence[Problem],
    over: Collection[str],
    *,
    say: Say,
    judged: Collection[str] | None = None,
) -> list[Alert]:
    """Bring the alerts of the store up to date and tell what is due. Returns those that are not closed.

    With `judged`, alerts about data that are not among these checks are over: nobody checks that any more. Where the
    store cannot be used, people are told all the same, and each time: nothing remembers it.
    """
    try:
        alerts = _remember(config, out, problems, over, judged)
    except Exception as error:  # telling comes first, whatever is wrong with the store
        say(f"alerts: cannot be kept in the store ({type(error).__name__})")
        alerts = None
    if alerts is None or out is None:
        now = datetime.now(UTC)
        fresh = [Alert(each.id, "open", each.message, each.level, now, now, due="opened") for each in problems]
        if fresh:
            send(config, fresh, say=say)
        return fresh
    due = [alert for alert in alerts.values() if alert.due is not None]
    if due and send(config, due, say=say):
        try:
            _mark_told(out, due)
        except Exception as error:
            say(f"alerts: cannot be kept in the store ({type(error).__name__}); they may be sent again")
    return [alert for alert in alerts.values() if alert.state != "closed"]


def _remember(
    config: Config,
    out: Path | None,
    problems: Sequence[Problem],
    over: Collection[str],
    judged: Collection[str] | None,
) -> dict[str, Alert] | None:
    if out is None or not (out.expanduser() / "store" / DATABASE).is_file():
        return None
    with Store.open(out) as store:
        known = store.alerts()
        unwatched = {name for name in known if name not in OF_RUNS and name not in judged} if judged is not None else ()
        alerts = observe(
            known,
            problems,
            {*over, *unwatched},
            now=datetime.now(UTC),
            cooldown=timedelta(hours=config.alerts.cooldown_hours),
        )
        if alerts != known:
            store.put_alerts(alerts.values())
    return alerts


def _mark_told(out: Path, due: Sequence[Alert]) -> None:
    """The store was free while the notification went out: another run may have changed an alert, which is then due."""
    with Store.open(out) as store:
        alerts = store.alerts()
        for alert in due:
            if alerts.get(alert.id) == alert:
                alerts[alert.id] = told(alert, now=datetime.now(UTC))
        store.put_alerts(alerts.values())
