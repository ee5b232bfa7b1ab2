"""The working store of one output directory: private to `cxi`, changed by one transaction a run.

Under the output directory:

store/store.duckdb   current feedbacks, their units, the quarantine
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
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from pipeline.privacy.keys import KeyedHasher, load_key
from pipeline.store.commit import commit
from pipeline.store.database import open_database
from pipeline.store.files import make_empty, storage_errors
from pipeline.store.lock import run_lock
from pipeline.store.reconcile import Balance, Reconciled, reconcile

__all__ = ["Balance", "Reconciled", "Store"]

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

_QUARANTINE = 'SELECT * FROM quarantine ORDER BY file, sheet, "row", "column", reason, occurrence'


class Store:
    """An opened store; `with Store.open(out) as store` holds its lock until the block ends.

    `hasher` makes the keys of all feedbacks; `work` is the folder for the run's own files.
    """

    def __init__(self, out: Path, connection: duckdb.DuckDBPyConnection, hasher: KeyedHasher) -> None:
        self.out = out
        self.work = out / "work"
        self.hasher = hasher
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, out: Path) -> Iterator[Store]:
        """Open the store under `out`, making it where there is none, for one run.

        Raises StoreError where `out` cannot be used, another run holds it, or its database or key is not this
        version's.
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
                hasher = KeyedHasher(load_key(folder / "hash.key", os.environ))
                key_check = hasher.hexdigest(_KEY_CHECK)
                connection = open_database(folder / "store.duckdb", scratch=work, key_check=key_check)
                held.callback(connection.close)
            yield cls(out, connection, hasher)

    def reconcile(
        self,
        staged: Sequence[Path],
        quarantine: Path,
        *,
        analysis_key: str,
        partition_rows: int = 2000,
        drop_repeated_texts: bool = False,
    ) -> Reconciled:
        """Decide what of the staged feedback is new, updated, unchanged, repeated or in conflict.

        The store stays as it is.

        `staged` and `quarantine` come from `partitions.write_feedback`, in reading order.
        `drop_repeated_texts` also counts new feedbacks as duplicates whose masked text their source already
        has. See `reconcile.py` for the rules. Raises StoreError if the row balance does not hold or the disk
        fails.
        """
        with storage_errors(self.out):
            return reconcile(
                self._connection,
                staged,
                quarantine,
                self.work / "reconciled",
                analysis_key=analysis_key,
                partition_rows=partition_rows,
                drop_repeated_texts=drop_repeated_texts,
            )

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

    def _frame(self, query: str) -> pd.DataFrame:
        with storage_errors(self.out):
            table = self._connection.sql(query).to_arrow_table()
        frame: pd.DataFrame = table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get, self_destruct=True)
        return frame
