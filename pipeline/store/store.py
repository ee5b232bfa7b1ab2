"""The working store of one output directory: private to `cxi`, changed by one transaction a run.

Under the output directory:

store/store.duckdb   current feedbacks, their units, the quarantine, tombstones of what was forgotten, alerts,
                     backfills, watermarks
store/read/          what was read of each input file, masked (`pipeline.store.readings`)
store/finished/      units of the partitions that a killed run had finished (`pipeline.store.finished`)
store/hash.key       the key of all hashes, unless the environment gives one
store/lock           held while a run is on (lock.json says by whom)
work/                scratch of the run; emptied when a run starts and removed when it ends
published/           snapshots, all that readers see (`pipeline.store.snapshot`)
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from pipeline.alerts.lifecycle import Alert
from pipeline.privacy.keys import KeyedHasher, load_key
from pipeline.store import alerts, backfills, forgetting, layout, snapshot
from pipeline.store.commit import commit
from pipeline.store.database import open_database
from pipeline.store.files import make_empty, remove, require_gone, require_space, size_of, storage_errors
from pipeline.store.finished import Finished
from pipeline.store.forgetting import Holdings, Target, Unfinished
from pipeline.store.lock import run_lock
from pipeline.store.readings import Readings
from pipeline.store.reconcile import Balance, Reconciled, reconcile
from pipeline.store.scope import Scope
from pipeline.store.tombstones import Tombstones
from pipeline.watermarks import Watermark

__all__ = ["Balance", "Reconciled", "Store"]

DATABASE = "store.duckdb"
_KEY_CHECK = "cx-insight store"

_FEEDBACK = """
SELECT
  f.key AS feedback_key, f.external_id, f.source, f.respondent AS respondent_key, f.customer AS customer_key,
  f.question, f.text, f.language, f.occurred_at, f.channel, f.product, f.region,
  f.rating, f.rating_low, f.rating_high, f.nps, f.csat, f.csat_low, f.csat_high,
  f.ces, f.ces_low, f.ces_high, f.ces_higher_is_better,
  coalesce(u.n_units, 0) AS n_units,
  coalesce(u.n_positive, 0) AS n_positive,
  coalesce(u.n_negative, 0) AS n_negative,
  a.key IS NOT NULL AS classified, f.masked_count, f.attributes
FROM feedback AS f
LEFT JOIN analysis AS a USING (key)
LEFT JOIN (
  SELECT key, count(*) AS n_units, count(*) FILTER (sentiment = 'positive') AS n_positive,
         count(*) FILTER (sentiment = 'negative') AS n_negative
  FROM unit GROUP BY key
) AS u USING (key)
ORDER BY f.key
"""

_UNITS = """
SELECT
  u.key AS feedback_key, u."index" AS unit_index, u."start", u."end",
  substring(f.text, u."start" + 1, u."end" - u."start") AS text,
  u.sentiment, u.sentiment_score, u.p_positive, u.p_negative, u.p_neutral,
  u.stage, u.stage_score, u.touchpoint, u.touchpoint_score, u.intent, u.intent_score
FROM unit AS u JOIN feedback AS f USING (key)
ORDER BY u.key, u."index"
"""

_OWNER = ("identity", "customer")
_SHOWN = ", ".join(f'"{name}"' for name in layout.QUARANTINE.names if name not in _OWNER)
_PROBLEM = 'file, sheet, "row", "column", reason'
# Counted here, over all rows: each run numbers its own only, and of a database read in part, rows of several runs stay.
_QUARANTINE = f"""
SELECT
  {_SHOWN}, row_number() OVER (PARTITION BY {_PROBLEM} ORDER BY quarantine.occurrence, detail, preview) AS occurrence
FROM quarantine
ORDER BY {_PROBLEM}, quarantine.occurrence, detail, preview
"""


class Store:
    """An opened store; `with Store.open(out) as store` holds its lock until the block ends.

    `hasher` makes the keys of all feedbacks; `work` is the folder for the run's own files.
    """

    def __init__(self, out: Path, connection: duckdb.DuckDBPyConnection, hasher: KeyedHasher) -> None:
        self.out = out
        self.work = out / "work"
        self.hasher = hasher
        self.readings = Readings(out / "store" / "read")
        self.finished = Finished(out / "store" / "finished")
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, out: Path) -> Iterator[Store]:
        """Open the store under `out`, making it where there is none, for one run.

        Raises StoreError where `out` cannot be used, another run holds it, its key is missing, or its database or key
        is not this version's.
        """
        out = out.expanduser().absolute()
        folder, work = out / "store", out / "work"
        with ExitStack() as held:
            with storage_errors(out):
                folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(run_lock(folder))
                make_empty(work)
                held.callback(shutil.rmtree, work, ignore_errors=True)
                for draft in folder.glob(".*"):  # half-made files of a killed run
                    draft.unlink()
                in_use = (folder / DATABASE).exists()
                hasher = KeyedHasher(load_key(folder / "hash.key", os.environ, in_use=in_use))
                store = cls(out, _connect(out, hasher), hasher)
                held.callback(store._close)
            yield store

    def require_space(self, new: int) -> None:
        """Raise StoreError where the disk is too full for a run that reads `new` bytes of input.

        It writes them masked (staged, kept and stored), a snapshot as large as the last one, and grows the database.
        """
        with storage_errors(self.out):
            last = size_of(snapshot.current(self.out)) if snapshot.number(self.out) else 0
            require_space(self.out, 3 * new + last + size_of(self.out / "store" / DATABASE) // 2)

    def reconcile(
        self,
        staged: Sequence[Path],
        quarantine: Path,
        *,
        analysis_key: str,
        partition_rows: int = 5000,
        drop_repeated_texts: bool = False,
        forgotten: int = 0,
        reanalyse: bool = False,
        scope: Scope | None = None,
        watermarks: Mapping[str, Watermark] | None = None,
        partial: frozenset[str] = frozenset(),
    ) -> Reconciled:
        """Decide what of the staged feedback is new, updated, unchanged, repeated or in conflict.

        The store stays as it is.

        `staged` and `quarantine` come from `partitions.write_feedback`, in reading order.
        `drop_repeated_texts` also counts new feedbacks as duplicates whose masked text their source already
        has. `forgotten` rows were read and not staged. With `reanalyse` every feedback is analysed again. `scope` says
        what of its files is staged (a retry). `watermarks` (by source) are kept with the run, so that only what is
        stored counts as read; of the files `partial` only what has changed was read. See `reconcile.py` for the rules.
        Raises StoreError if the row balance does not hold or the disk fails.
        """
        with storage_errors(self.out):
            reconciled = reconcile(
                self._connection,
                staged,
                quarantine,
                self.work / "reconciled",
                analysis_key=analysis_key,
                partition_rows=partition_rows,
                drop_repeated_texts=drop_repeated_texts,
                forgotten=forgotten,
                reanalyse=reanalyse,
                scope=scope,
                partial=partial,
            )
        return replace(reconciled, watermarks=watermarks or {})

    def commit(self, reconciled: Reconciled, units: Sequence[Path], *, analysis_key: str) -> None:
        """Store feedbacks, the units of every pending one (`partitions.write_units`) and the quarantine.

        One transaction: after a failure or a kill the store is as before. Raises StoreError where units are
        missing.
        """
        with storage_errors(self.out):
            commit(self._connection, reconciled, units, analysis_key=analysis_key)
            self._connection.execute("CHECKPOINT")

    def feedback_frame(self) -> pd.DataFrame:
        """All current feedbacks by key, with the numbers of their units and whether they were analysed."""
        return self._frame(_FEEDBACK)

    def units_frame(self) -> pd.DataFrame:
        """All opinion units by feedback key and index, with their text."""
        return self._frame(_UNITS)

    def quarantine_frame(self) -> pd.DataFrame:
        """The rows set aside by the latest run over each file."""
        return self._frame(_QUARANTINE)

    def sources_of_files(self) -> dict[str, list[str]]:
        """File with rows set aside -> names of the sources of the feedbacks that were read from it."""
        with storage_errors(self.out):
            rows = self._connection.execute(
                "SELECT file, list(DISTINCT source ORDER BY source) FROM feedback"
                " WHERE file IN (SELECT file FROM quarantine) GROUP BY file"
            ).fetchall()
        return dict(rows)

    def masked_counts(self) -> dict[str, int]:
        """Kind of personal data -> pieces masked in all current feedbacks."""
        with storage_errors(self.out):
            rows = self._connection.execute(
                "SELECT masked_kinds, count(*) FROM feedback WHERE masked_count > 0 GROUP BY masked_kinds"
            ).fetchall()
        total: Counter[str] = Counter()
        for kinds, count in rows:
            for kind, pieces in json.loads(kinds).items():
                total[kind] += pieces * count
        return dict(sorted(total.items()))

    def tombstones(self) -> Tombstones:
        """What was forgotten and must not come back."""
        with storage_errors(self.out):
            return forgetting.known(self._connection)

    def watermarks(self) -> dict[str, Watermark]:
        """Name of a source -> how far its database has been read."""
        with storage_errors(self.out):
            rows = self._connection.execute("SELECT source, definition, value FROM watermark").fetchall()
        return {source: Watermark(definition, value) for source, definition, value in rows}

    def sources(self) -> list[str]:
        """Names of the sources of all current feedbacks, as stored (masked)."""
        with storage_errors(self.out):
            rows = self._connection.execute("SELECT DISTINCT source FROM feedback ORDER BY source").fetchall()
        return [name for (name,) in rows]

    def holdings(self, targets: Sequence[Target]) -> Holdings:
        """What is stored of the targets."""
        with storage_errors(self.out):
            return forgetting.holdings(self._connection, targets, self.hasher)

    def remove(self, targets: Sequence[Target], *, snapshot: int) -> None:
        """Delete all of the targets and leave tombstones, in one transaction. Traces stay until `rewrite`.

        `snapshot` is the number of the current snapshot, 0 without one.
        """
        with storage_errors(self.out):
            forgetting.remove(self._connection, targets, self.hasher, snapshot=snapshot)

    def unfinished(self) -> Unfinished | None:
        """What was removed and may still leave traces in the file or in snapshots."""
        with storage_errors(self.out):
            return forgetting.unfinished(self._connection)

    def rewrite(self) -> None:
        """Make the database file anew from the rows it holds: deleted ones stay in a file's bytes otherwise.

        What was kept of earlier readings goes with them. Needs room for a second file. The new one takes the old
        one's place in one step. Raises StoreError also where some of it cannot be removed.
        """
        for folder in (self.readings.folder, self.finished.folder):
            remove(folder)
        path = self.out / "store" / DATABASE
        draft = path.with_name(f".{DATABASE}.new")
        with storage_errors(self.out):
            forgetting.copy_live(self._connection, draft)
            self._connection.close()  # the last connection: its log is merged and removed
            try:
                forgetting.swap(draft, path)
            finally:
                self._connection = _connect(self.out, self.hasher)
        require_gone((self.readings.folder, self.finished.folder))

    def finish(self) -> None:
        """Say that nothing of what was removed is left in the file or in snapshots."""
        with storage_errors(self.out):
            forgetting.finish(self._connection)
            self._connection.execute("CHECKPOINT")

    def alerts(self) -> dict[str, Alert]:
        """All alerts by id, closed ones too."""
        with storage_errors(self.out):
            return alerts.read(self._connection)

    def put_alerts(self, changed: Iterable[Alert]) -> None:
        """Put all alerts in the place of those that were there."""
        with storage_errors(self.out):
            alerts.write(self._connection, changed)

    def backfills(self) -> dict[str, tuple[bool, int]]:
        """Digest of a partition -> whether it is done, and how many tries have failed."""
        with storage_errors(self.out):
            return backfills.tried(self._connection)

    def record_backfill(self, name: str, digest: str, *, done: bool) -> None:
        """Say that a partition of a backfill is done, or that a try has failed."""
        with storage_errors(self.out):
            backfills.record(self._connection, name, digest, done=done)

    def _close(self) -> None:
        self._connection.close()

    def _frame(self, query: str) -> pd.DataFrame:
        with storage_errors(self.out):
            table = self._connection.sql(query).to_arrow_table()
        frame: pd.DataFrame = table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get, self_destruct=True)
        return frame


def _connect(out: Path, hasher: KeyedHasher) -> duckdb.DuckDBPyConnection:
    path = out / "store" / DATABASE
    return open_database(path, scratch=out / "work", key_check=hasher.hexdigest(_KEY_CHECK))
