"""The `insights` flow: the steps of `pipeline.run` as Prefect tasks, for scheduled and ad-hoc runs.

A task is a step or a partition, never a row; tasks hand each other paths. Retries cover what can pass by itself (disk,
memory, a lost worker); configuration, input and contract errors fail at once, with the message `cxi run` would show.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import Flow, flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State, TaskRun

from flows.alerting import after_crash, after_failure, after_run
from flows.artifacts import ArtifactProgress, publish_summary
from flows.parameters import InsightsParameters
from flows.terminal import delivery_line
from pipeline import run as steps
from pipeline import sink
from pipeline.config import Config, Input
from pipeline.errors import CxiError, StoreError, UnavailableError, UndeliveredError, exit_code
from pipeline.progress import Silent
from pipeline.run import Analysed, RunResult
from pipeline.sources import cover
from pipeline.staging import Ingested
from pipeline.store import snapshot
from pipeline.store.store import Balance, Reconciled, Store
from pipeline.window import Window

RETRY_DELAYS = [2, 10, 30]


def _may_pass(_: object, __: TaskRun, state: State[Any]) -> bool:
    """Retry what another try can mend: I/O. A wrong key in a file stays wrong."""
    try:
        state.result()
    except (OSError, StoreError, UnavailableError):
        return True
    except Exception:
        return False
    return False


_IO: dict[str, Any] = {
    "retries": len(RETRY_DELAYS),
    "retry_delay_seconds": RETRY_DELAYS,
    "retry_condition_fn": _may_pass,
}


@task(name="ingest", cache_policy=NO_CACHE, persist_result=False, **_IO)
def ingest_task(config: Config, sources: Sequence[Input], store: Store) -> Ingested:
    """Read, map, mask and identify every row; write partitions."""
    return steps.ingest(config, sources, store, progress=ArtifactProgress())


@task(name="reconcile", cache_policy=NO_CACHE, persist_result=False, **_IO)
def reconcile_task(config: Config, store: Store, ingested: Ingested, key: str, reanalyse: bool) -> Reconciled:
    """Decide what is new, updated, unchanged, repeated or in conflict."""
    return steps.reconcile(config, store, ingested, key=key, reanalyse=reanalyse)


@task(
    name="analyse",
    task_run_name="analyse {path.stem}",
    tags=["model"],
    cache_policy=NO_CACHE,
    persist_result=False,
    **_IO,
)
def analyse_task(config: Config, path: Path, target: Path) -> Analysed:
    """One partition through the model. The number at a time is a limit on the tag `model`, set on the server."""
    return steps.analyse_partition(config, path, target)


@task(name="commit", cache_policy=NO_CACHE, persist_result=False, **_IO)
def commit_task(
    store: Store, ingested: Ingested, reconciled: Reconciled, analysed: Analysed, key: str, complete: bool
) -> None:
    """Put the run into the store, in one transaction."""
    steps.commit(store, ingested, reconciled, analysed, key=key, complete=complete)


@task(name="publish", cache_policy=NO_CACHE, persist_result=False, **_IO)
def publish_task(config: Config, store: Store, ingested: Ingested, balance: Balance, window: Window) -> Path:
    """Make tables and report, and swap the new snapshot in."""
    return steps.publish(config, store, ingested, balance, window=window, progress=Silent())


@task(name="complete forgetting", cache_policy=NO_CACHE, persist_result=False, **_IO)
def complete_forgetting_task(store: Store) -> None:
    """Finish a `cxi forget` that was killed. Not a part of `publish`: its retry would publish a second snapshot."""
    steps.complete_forgetting(store)


@task(name="deliver", cache_policy=NO_CACHE, persist_result=False, **_IO)
def deliver_task(config: Config, out: Path) -> None:
    """Bring the sink to the state of the published snapshot; nothing where none is configured."""
    done = sink.deliver(config.sink, out, progress=Silent())
    if done is not None:
        get_run_logger().info(delivery_line(done))


def alert_failed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001
    """Hook: alert that a flow run failed. Runs where the flow ran; docs/operations.md says what covers its loss."""
    parameters, say = _asked(flow_run), logging.getLogger("prefect.flow_runs").warning
    if parameters is not None and not parameters.alerts:
        return
    config, out = _settings(parameters)
    try:
        error = state.result(raise_on_failure=False)
    except Exception as lost:  # a result that was kept elsewhere and cannot be read
        error = lost
    if isinstance(error, UndeliveredError):
        return  # the run went on to its end, and has told
    if isinstance(error, Exception):
        after_failure(config, out, error, code=exit_code(error), say=say)
    else:
        after_crash(config, out, state.name or "Failed", say=say)


def alert_crashed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001
    """Hook: alert that a flow run crashed."""
    parameters, say = _asked(flow_run), logging.getLogger("prefect.flow_runs").warning
    if parameters is None or parameters.alerts:
        config, out = _settings(parameters)
        after_crash(config, out, state.name or "Crashed", say=say)


def _asked(flow_run: FlowRun) -> InsightsParameters | None:
    """The run's parameters; None where they are not valid, which is why it failed."""
    try:
        return InsightsParameters.model_validate(flow_run.parameters["parameters"])
    except (KeyError, ValueError):
        return None


def _settings(parameters: InsightsParameters | None) -> tuple[Config, Path | None]:
    """Configuration and output folder, as far as they can be known."""
    config = Config()
    try:
        if parameters is not None:
            config = parameters.configuration()
            return config, parameters.target(config)
    except CxiError:
        pass
    return config, None


@flow(name="insights", persist_result=False, on_failure=[alert_failed], on_crashed=[alert_crashed])
def insights(parameters: InsightsParameters) -> RunResult:
    """Feedback files to a published snapshot with tables and a report."""
    config = parameters.configuration()
    window = Window(parameters.since, parameters.until)
    result = _run(
        config,
        parameters.sources(config),
        parameters.target(config),
        window,
        reanalyse=parameters.reanalyse,
        partial=parameters.partial,
    )
    logger = get_run_logger()
    publish_summary(result, after_run(config, result, say=logger.warning) if parameters.alerts else [])
    logger.info("published %s: %s", result.snapshot.name, result.balance)
    result.require_delivered()
    return result


def _run(
    config: Config, sources: Sequence[Input], out: Path, window: Window, *, reanalyse: bool, partial: bool
) -> RunResult:
    """`pipeline.run.run` with every step as a task."""
    steps.check_config(config)
    with Store.open(out) as store:
        ingested = ingest_task(config, sources, store)
        key = steps.current_key(config)
        reconciled = reconcile_task(config, store, ingested, key, reanalyse)
        remaining = steps.resume(config, store, reconciled.pending, key=key)
        analysed = Analysed(remaining.units, resumed=remaining.feedbacks)
        for path in remaining.pending:
            analysed.add(analyse_task(config, path, store.finished.target(path, key)))
        commit_task(store, ingested, reconciled, analysed, key, cover(sources, config) and not partial)
        folder = publish_task(config, store, ingested, reconciled.balance, window)
        notes = ingested.notes + steps.clear_up(config, store, complete=complete_forgetting_task)
        notes += steps.clear_inboxes(config, ingested)
        undelivered = None
        try:
            deliver_task(config, store.out)
        except CxiError as error:
            undelivered = error
    return RunResult(reconciled.balance, notes, analysed, store.out, folder, snapshot.load(folder), undelivered)
