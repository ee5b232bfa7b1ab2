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
from pipeline import run as steps
from pipeline.config import Config, Input
from pipeline.errors import CxiError, StoreError, exit_code
from pipeline.progress import Silent
from pipeline.run import Analysed, Ingested, RunResult
from pipeline.store import snapshot
from pipeline.store.store import Balance, Reconciled, Store
from pipeline.window import Window

RETRY_DELAYS = [2, 10, 30]


def _may_pass(_: object, __: TaskRun, state: State[Any]) -> bool:
    """Retry what another try can mend: I/O. A wrong key in a file stays wrong."""
    try:
        state.result()
    except (OSError, StoreError):
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
def reconcile_task(config: Config, store: Store, ingested: Ingested, key: str) -> Reconciled:
    """Decide what is new, updated, unchanged, repeated or in conflict."""
    return steps.reconcile(config, store, ingested, key=key)


@task(
    name="analyse",
    task_run_name="analyse {path.stem}",
    tags=["model"],
    cache_policy=NO_CACHE,
    persist_result=False,
    **_IO,
)
def analyse_task(config: Config, path: Path) -> Analysed:
    """One partition through the model. The number at a time is a limit on the tag `model`, set on the server."""
    return steps.analyse_partition(config, path)


@task(name="commit", cache_policy=NO_CACHE, persist_result=False, **_IO)
def commit_task(store: Store, reconciled: Reconciled, units: Sequence[Path], key: str) -> None:
    """Put the run into the store, in one transaction."""
    store.commit(reconciled, units, analysis_key=key)


@task(name="publish", cache_policy=NO_CACHE, persist_result=False, **_IO)
def publish_task(config: Config, store: Store, ingested: Ingested, balance: Balance, window: Window) -> Path:
    """Make tables and report, and swap the new snapshot in."""
    return steps.publish(config, store, ingested, balance, window=window, progress=Silent())


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
    result = _run(config, parameters.sources(config), parameters.target(config), window)
    logger = get_run_logger()
    publish_summary(result, after_run(config, result, say=logger.warning) if parameters.alerts else [])
    logger.info("published %s: %s", result.snapshot.name, result.balance)
    return result


def _run(config: Config, sources: Sequence[Input], out: Path, window: Window) -> RunResult:
    """`pipeline.run.run` with every step as a task."""
    steps.check_config(config)
    with Store.open(out) as store:
        ingested = ingest_task(config, sources, store)
        key = steps.current_key(config)
        reconciled = reconcile_task(config, store, ingested, key)
        analysed = Analysed()
        for path in reconciled.pending:
            analysed.add(analyse_task(config, path))
        commit_task(store, reconciled, analysed.files, key)
        folder = publish_task(config, store, ingested, reconciled.balance, window)
    return RunResult(reconciled.balance, ingested.notes, analysed, store.out, folder, snapshot.load(folder))
