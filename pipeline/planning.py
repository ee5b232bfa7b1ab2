"""`cxi run --plan`: what a run would read and analyse, and why, without doing it.

Files of inboxes stay where they are, and how far databases were read stays as it is stored.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.config import Config, Input
from pipeline.progress import Progress
from pipeline.records import CLASSIFIED
from pipeline.run import check_config, current_key, reconcile, resume
from pipeline.staging import Ingested, stage
from pipeline.store import partitions, snapshot
from pipeline.store.reconcile import Balance, Reconciled
from pipeline.store.store import DATABASE, Store

_LANGUAGES = pa.array(sorted(CLASSIFIED), pa.string())

FileState = Literal["new", "changed", "read differently", "unchanged", "read every time"]


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run would do.

    `files`: label -> whether it would be read and why ("read differently": the same bytes, but other settings, privacy
    policy, hash key or version of this program, something was forgotten since, or what was read of it is not kept any
    more; "read every time": databases, of which only what has changed may be read, standard input, and objects without
    a sure version). Feedbacks to analyse: `fresh` are new or changed, `again`
    are known and have no results of this model and taxonomy (with `--reanalyse`: all known); `resumed` of them were
    analysed by a run that did not finish and need no model.
    """

    files: dict[str, FileState]
    balance: Balance
    fresh: int
    again: int
    resumed: int
    notes: tuple[str, ...]


def plan_run(config: Config, sources: Sequence[Input], out: Path, *, reanalyse: bool, progress: Progress) -> RunPlan:
    """Read what is new or changed and compare it with the store, which stays as it is.

    Raises what `pipeline.run.run` raises before it analyses.
    """
    check_config(config)
    with _existing(out) as store:
        ingested = stage(config, sources, store, progress=progress, keep=False)
        key = current_key(config)
        reconciled = reconcile(config, store, ingested, key=key, reanalyse=reanalyse)
        remaining = resume(config, store, reconciled.pending, key=key)
        fresh = _fresh(reconciled)
        pending = sum(pq.read_metadata(path).num_rows for path in reconciled.pending)
        return RunPlan(
            _states(ingested, _known_digests(out)),
            reconciled.balance,
            fresh,
            pending - fresh,
            remaining.feedbacks,
            ingested.notes,
        )


@contextmanager
def _existing(out: Path) -> Iterator[Store]:
    """The store under `out`; where there is none, an empty one elsewhere, so that a plan makes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        there = (out.expanduser() / "store" / DATABASE).is_file()
        with Store.open(out if there else Path(folder)) as store:
            yield store


def _fresh(reconciled: Reconciled) -> int:
    """New and changed feedbacks in a language that is analysed."""
    return sum(
        pc.sum(pc.is_in(partitions.read_table(path, columns=["language"])["language"], _LANGUAGES)).as_py() or 0
        for path in reconciled.changes
    )


def _states(ingested: Ingested, before: Mapping[str, str]) -> dict[str, FileState]:
    states = {label: _state(label, digest, ingested, before) for label, digest in ingested.digests.items()}
    return states | dict.fromkeys(ingested.always, "read every time")


def _state(label: str, digest: str, ingested: Ingested, before: Mapping[str, str]) -> FileState:
    if label in ingested.known:
        return "unchanged"
    if label not in before:
        return "new"
    return "read differently" if before[label] == digest else "changed"


def _known_digests(out: Path) -> dict[str, str]:
    """Label -> SHA-256 of a file when a run last read it. Of all runs: one over other paths does not name it, and
    `cxi forget` and `cxi quarantine retry` name none.
    """
    digests: dict[str, str] = {}
    for row in snapshot.runs(out.expanduser())["input_digests"]:
        digests |= json.loads(row)
    return digests
