"""The whole job, in order: ingest, reconcile, analyse, commit, publish. Reads forward; every step is one function.

`run` calls the steps in plain Python; `flows/insights.py` calls the same steps as Prefect tasks. Steps hand each other
paths of files under `<out>/work`, so that a step can be retried or moved to another process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from pipeline import report, sink
from pipeline.analyse import analyse, analysis_key, open_model
from pipeline.config import Config, Input
from pipeline.errors import CxiError, StoreError, UndeliveredError
from pipeline.ingest.inbox import put_away
from pipeline.insight import evidence, priority, strengths
from pipeline.insight.playbook import load_playbook
from pipeline.metrics import periods
from pipeline.privacy.policy import load_policy
from pipeline.progress import Advance, Progress, Silent
from pipeline.quality.checks import judge
from pipeline.sources import cover
from pipeline.staging import Ingested, stage
from pipeline.store import facts, partitions, snapshot
from pipeline.store.finished import Remaining
from pipeline.store.store import Balance, Reconciled, Store
from pipeline.taxonomy import load_taxonomy
from pipeline.window import Window


@dataclass(slots=True)
class Analysed:
    """What the model did: files of units, and how much of it in how many seconds.

    `files` also hold the units of `resumed` feedbacks, which a killed run had analysed.
    """

    files: list[Path] = field(default_factory=list)
    feedbacks: int = 0
    units: int = 0
    seconds: float = 0.0
    resumed: int = 0

    def add(self, other: Analysed) -> None:
        """Add what another partition gave."""
        self.files += other.files
        self.feedbacks += other.feedbacks
        self.units += other.units
        self.seconds += other.seconds
        self.resumed += other.resumed


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did, for people and for alerts. `tables` is the published snapshot's own; `undelivered` says why
    PostgreSQL is not at its state, None where it is or none is configured.
    """

    balance: Balance
    notes: tuple[str, ...]
    analysed: Analysed
    out: Path
    snapshot: Path
    tables: dict[str, pd.DataFrame] = field(repr=False)
    undelivered: CxiError | None = None

    def require_delivered(self) -> None:
        """Raise UndeliveredError where PostgreSQL is behind. Call it when alerts and people know the rest."""
        error = self.undelivered
        if error is not None:
            raise UndeliveredError(error.message, where=error.where, value=error.value, remedy=error.remedy) from error


def run(
    config: Config,
    sources: Sequence[Input],
    out: Path,
    *,
    window: Window | None = None,
    progress: Progress | None = None,
    reanalyse: bool = False,
) -> RunResult:
    """Run the whole job and publish a snapshot under `out`.

    Only new and changed files are read, and only new and changed feedbacks analysed; with `reanalyse`, all of them.
    Raises InputError, ConfigError, StoreError or ModelError; whatever happens, readers keep the last complete snapshot.
    A sink that cannot be reached costs no published run: the result says so (`RunResult.require_delivered`).
    """
    window, progress = window or Window(), progress or Silent()
    check_config(config)
    with Store.open(out) as store:
        ingested = ingest(config, sources, store, progress=progress)
        key = current_key(config)
        reconciled = reconcile(config, store, ingested, key=key, reanalyse=reanalyse)
        analysed = analyse_all(config, store, reconciled.pending, key=key, progress=progress)
        commit(store, ingested, reconciled, analysed, key=key, complete=cover(sources, config))
        folder = publish(config, store, ingested, reconciled.balance, window=window, progress=progress)
        notes = ingested.notes + clear_up(config, store) + clear_inboxes(config, ingested)
        undelivered = None
        try:
            sink.deliver(config.sink, store.out, progress=progress)
        except CxiError as error:
            undelivered = error
    return RunResult(reconciled.balance, notes, analysed, store.out, folder, snapshot.load(folder), undelivered)


def check_config(config: Config) -> None:
    """Find what is wrong with the configuration or the model before the work, not after it.

    Raises ConfigError, ModelError.
    """
    taxonomy = load_taxonomy(config.taxonomy)
    taxonomy.require("stage", config.priority.stage_weights, where="priority.stage_weights")
    taxonomy.require("touchpoint", config.priority.touchpoint_weights, where="priority.touchpoint_weights")
    load_playbook(config.playbook, taxonomy)
    load_policy(config.privacy)
    sink.check(config.sink)
    open_model(config.model, taxonomy)


def ingest(config: Config, sources: Sequence[Input], store: Store, *, progress: Progress) -> Ingested:
    """Read, map, mask and identify every row of new and changed files and of databases; write partitions. No table is
    touched.
    """
    return stage(config, sources, store, progress=progress)


def clear_inboxes(config: Config, ingested: Ingested) -> tuple[str, ...]:
    """Move the files of inboxes away, once they are stored. Returns notes on those that could not be moved."""
    return put_away(ingested.arrivals, day=datetime.now(config.zone).date())


def current_key(config: Config) -> str:
    """The key of results under the configured model and taxonomy: units under it need not be made again."""
    taxonomy = load_taxonomy(config.taxonomy)
    return analysis_key(open_model(config.model, taxonomy).model_id, taxonomy)


def reconcile(config: Config, store: Store, ingested: Ingested, *, key: str, reanalyse: bool = False) -> Reconciled:
    """Decide what is new, updated, unchanged, repeated or in conflict, and what has to be analysed."""
    return store.reconcile(
        ingested.staged.feedback,
        ingested.staged.quarantine,
        analysis_key=key,
        partition_rows=config.partition_rows,
        drop_repeated_texts=config.drop_repeated_texts,
        forgotten=ingested.staged.forgotten,
        reanalyse=reanalyse,
        watermarks=ingested.watermarks,
        partial=ingested.partial,
    )


def analyse_all(config: Config, store: Store, pending: Sequence[Path], *, key: str, progress: Progress) -> Analysed:
    """Analyse every pending partition, one after the other, from where a killed run stopped."""
    remaining = resume(config, store, pending, key=key)
    done = Analysed(remaining.units, resumed=remaining.feedbacks)
    if not remaining.pending:
        return done
    with progress.step("analyse", sum(pq.read_metadata(path).num_rows for path in remaining.pending)) as advance:
        for path in remaining.pending:
            done.add(analyse_partition(config, path, store.finished.target(path, key), advance=advance))
    return done


def resume(config: Config, store: Store, pending: Sequence[Path], *, key: str) -> Remaining:
    """What is left to analyse after what a killed run had finished."""
    return store.finished.remaining(
        pending, store.work / "resumed", analysis_key=key, partition_rows=config.partition_rows
    )


def analyse_partition(config: Config, path: Path, target: Path, *, advance: Advance | None = None) -> Analysed:
    """Analyse one partition and write its units to `target`. Safe to repeat: the file appears whole or not at all."""
    started = time.monotonic()
    feedbacks = partitions.read_feedback(path)
    analyse(feedbacks, open_model(config.model, load_taxonomy(config.taxonomy)), progress=advance)
    partitions.write_units(feedbacks, target)
    units = sum(len(feedback.units) for feedback in feedbacks)
    return Analysed([target], len(feedbacks), units, time.monotonic() - started)


def commit(
    store: Store, ingested: Ingested, reconciled: Reconciled, analysed: Analysed, *, key: str, complete: bool
) -> None:
    """Put the run into the store, in one transaction, and remove what was kept for a run that is killed before it.

    `complete` says that the run has read all that is configured, so that what was kept of other files is of no use.
    """
    store.commit(reconciled, analysed.files, analysis_key=key)
    store.finished.clear()
    store.readings.retain(ingested.readings, others=not complete)


def publish(
    config: Config, store: Store, ingested: Ingested, balance: Balance, *, window: Window, progress: Progress
) -> Path:
    """Make every table and the report from the store's state, and swap the new snapshot in. Returns its folder."""

    def run_row(tables: Mapping[str, pd.DataFrame]) -> dict[str, object]:
        return _run_row(config, ingested, balance, window) | contents(store, tables)

    return publish_tables(config, store, run_row, window=window, progress=progress)


def complete_forgetting(store: Store) -> None:
    """Remove what `cxi forget` may have left when it was killed: deleted rows in the file, and older snapshots.

    Call it after a snapshot has been published that is made without them. Raises StoreError where some of it cannot be
    removed; it is not finished then.
    """
    if store.unfinished() is not None:
        store.rewrite()
        snapshot.keep_current(store.out)
        store.finish()


def clear_up(
    config: Config, store: Store, *, complete: Callable[[Store], None] = complete_forgetting
) -> tuple[str, ...]:
    """Remove what is over once a snapshot has been published; `complete` removes what was forgotten. Returns notes on
    what could not be removed: the new snapshot is the current one, so that fails no run, and the next one tries again.
    """
    notes: list[str] = []
    try:
        complete(store)
    except StoreError as error:
        what = f"{error.where}: {error.message}" if error.where else error.message
        notes.append(f"an earlier cxi forget is not finished, the next run or cxi forget tries again: {what}")
    with suppress(StoreError):
        left = snapshot.left_over(store.out, keep=config.keep_snapshots)
        notes += (f"{folder}: could not be removed; the next run tries again" for folder in left)
    return tuple(notes)


def publish_tables(
    config: Config,
    store: Store,
    run_row: Callable[[Mapping[str, pd.DataFrame]], dict[str, object]],
    *,
    window: Window,
    progress: Progress,
) -> Path:
    """`publish`, with the row of dim_run made from the tables by `run_row`."""
    taxonomy = load_taxonomy(config.taxonomy)
    with progress.step("figures and report", 4) as advance:
        tables = facts.build(
            store, timezone=config.timezone, taxonomy=taxonomy, low_confidence=config.model.low_confidence
        )
        tables["fact_quality"] = judge(tables, snapshot.runs(store.out), run_row(tables), config=config)
        feedback, units = window.select(tables["fact_feedback"], tables["fact_opinion_unit"])
        advance(1)
        playbook = load_playbook(config.playbook, taxonomy)
        ranked = priority.rank(feedback, units, config=config, taxonomy=taxonomy, playbook=playbook)
        tables |= {
            "fact_feedback": feedback,
            "fact_opinion_unit": units,
            "fact_metric_period": periods.compute(feedback, units, config=config),
            "fact_action_priority": ranked,
            "fact_action_evidence": evidence.choose(feedback, units, ranked, count=config.report.evidence),
            "fact_strength": strengths.rank(feedback, units, config=config),
        }
        advance(1)

        def add_report(folder: Path) -> None:
            advance(1)
            report.write(snapshot.load(folder), config=config, taxonomy=taxonomy, folder=folder)

        folder = snapshot.publish(store.out, tables, run=run_row(tables), keep=config.keep_snapshots, extra=add_report)
        advance(1)
    return folder


def contents(store: Store, tables: Mapping[str, pd.DataFrame]) -> dict[str, object]:
    """What a row of dim_run says about the tables it is published with."""
    languages = tables["fact_feedback"]["language"].value_counts()
    return {
        "n_feedback": len(tables["fact_feedback"]),
        "n_units": len(tables["fact_opinion_unit"]),
        "languages": json.dumps({str(name): int(count) for name, count in languages.items()}),
        "masked": json.dumps(store.masked_counts()),
    }


def _run_row(config: Config, ingested: Ingested, balance: Balance, window: Window) -> dict[str, object]:
    taxonomy = load_taxonomy(config.taxonomy)
    model_id = open_model(config.model, taxonomy).model_id
    return {
        "config_hash": config.digest(),
        "model_id": model_id,
        "taxonomy": taxonomy.name,
        "taxonomy_version": taxonomy.version,
        "code_version": version("cx-insight"),
        "analysis_key": analysis_key(model_id, taxonomy),
        "timezone": config.timezone,
        "since": window.since,
        "until": window.until,
        "input_digests": json.dumps(ingested.digests, ensure_ascii=False),
        "scores_refused": json.dumps(ingested.scores_refused, ensure_ascii=False),
        **asdict(balance),
    }
