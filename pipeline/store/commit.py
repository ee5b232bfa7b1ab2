"""Put a reconciled run into the store: one transaction, checked before it is committed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.errors import StoreError
from pipeline.records import CLASSIFIED
from pipeline.store import layout
from pipeline.store.database import transaction, visible
from pipeline.store.partitions import read_table
from pipeline.store.reconcile import Reconciled
from pipeline.store.scope import places_table

_UNITS = ", ".join(f'unit."{field.name}"' for field in layout.UNIT)
_LANGUAGES = ", ".join(f"'{language}'" for language in CLASSIFIED)

_QUARANTINE = layout.names(layout.QUARANTINE)
_KNOWN = ", ".join(f'"{name}"' for name in ("file", "column", "reason", "detail", "preview", "customer"))
"""What is known of a row set aside without an id, besides where it stood."""
_ALIKE = " AND ".join(f"stored.{name} IS NOT DISTINCT FROM read.{name}" for name in _KNOWN.split(", "))

_STORE_ASIDE = f"""
INSERT INTO quarantine ({_QUARANTINE}, occurrence)
WITH stored AS (
  SELECT {_KNOWN}, count(*) AS n FROM quarantine
  WHERE identity IS NULL AND list_contains($partial::VARCHAR[], file) GROUP BY ALL
), read AS (
  SELECT *, row_number() OVER (PARTITION BY identity, {_KNOWN} ORDER BY place) AS nth FROM chunk
)
SELECT {_QUARANTINE}, row_number() OVER (PARTITION BY file, sheet, "row", "column", reason ORDER BY place)
FROM read
WHERE identity IS NOT NULL OR NOT EXISTS (
  SELECT 1 FROM stored WHERE n >= nth AND {_ALIKE}
)
"""

_CHECKS = {
    "a feedback is stored twice": "SELECT count(*) - count(DISTINCT key) FROM feedback",
    "a feedback was analysed twice": "SELECT count(*) - count(DISTINCT key) FROM analysis",
    "units are of another version of their feedback": (
        "SELECT count(*) FROM analysis AS a WHERE NOT EXISTS"
        " (SELECT 1 FROM feedback AS f WHERE f.key = a.key AND f.content_hash = a.content_hash)"
    ),
    "feedbacks were not analysed": (
        f"SELECT count(*) FROM feedback AS f WHERE f.language IN ({_LANGUAGES}) AND NOT EXISTS"
        " (SELECT 1 FROM analysis AS a WHERE a.key = f.key AND a.analysis_key = $analysis_key)"
    ),
    "units reach beyond their feedback's text": (
        "SELECT count(*) FROM unit AS u LEFT JOIN feedback AS f USING (key) WHERE f.key IS NULL"
        ' OR u."start" < 0 OR u."start" >= u."end" OR u."end" > length(f.text)'
    ),
}
"""What must hold before a commit: the query counts what breaks it."""


def commit(
    connection: duckdb.DuckDBPyConnection, reconciled: Reconciled, units: Sequence[Path], *, analysis_key: str
) -> None:
    """Apply `reconciled` and the units of its pending feedbacks. Applying the same again changes nothing.

    Raises StoreError, with the store as it was, where units are missing, are of other feedbacks or break an
    invariant.
    """
    with transaction(connection):
        _store_changes(connection, reconciled)
        _store_units(connection, units, analysis_key)
        _store_quarantine(connection, reconciled)
        _store_watermarks(connection, reconciled)
        for problem, query in _CHECKS.items():
            params = {"analysis_key": analysis_key} if "$" in query else None
            count = connection.execute(query, params).fetchall()[0][0]
            if count:
                raise StoreError(
                    f"nothing was stored: {problem}", value=count, remedy="this is a defect; please report it"
                )


def _store_changes(connection: duckdb.DuckDBPyConnection, reconciled: Reconciled) -> None:
    connection.execute("CREATE OR REPLACE TEMP TABLE changed (key VARCHAR)")
    for path in reconciled.changes:
        with visible(connection, read_table(path).select(["key"])):
            connection.execute("INSERT INTO changed SELECT key FROM chunk")
    for table in ("feedback", "analysis", "unit"):
        connection.execute(f"DELETE FROM {table} WHERE key IN (SELECT key FROM changed)")
    columns = layout.names(layout.FEEDBACK)
    for path in reconciled.changes:
        with visible(connection, read_table(path)):
            connection.execute(f"INSERT INTO feedback ({columns}) SELECT {columns} FROM chunk")
    with visible(connection, read_table(reconciled.touched)):
        connection.execute("UPDATE feedback SET updated_at = c.updated_at FROM chunk AS c WHERE feedback.key = c.key")


def _store_units(connection: duckdb.DuckDBPyConnection, units: Sequence[Path], analysis_key: str) -> None:
    for path in units:
        with visible(connection, read_table(path)):
            for table in ("analysis", "unit"):
                connection.execute(f"DELETE FROM {table} WHERE key IN (SELECT key FROM chunk)")
            connection.execute("INSERT INTO analysis SELECT key, content_hash, ? FROM chunk", [analysis_key])
            connection.execute(
                f"INSERT INTO unit SELECT key, {_UNITS} FROM (SELECT key, unnest(units) AS unit FROM chunk)"
            )


def _store_quarantine(connection: duckdb.DuckDBPyConnection, reconciled: Reconciled) -> None:
    """The rows set aside by this run stand in for those of earlier runs over the same files (a retry: places). Of a
    source that is read in part only those go whose id has been read again. Without an id nobody can tell: of those that
    are alike in all that is known of them, as many as were read again are taken for the same, and the stored ones stay.
    """
    whole = sorted(set(reconciled.files) - reconciled.partial)
    with visible(connection, pa.table({"file": pa.array(whole, pa.string())})):
        connection.execute("DELETE FROM quarantine WHERE file IN (SELECT file FROM chunk)")
    if reconciled.places:
        with visible(connection, places_table(reconciled.places)):
            connection.execute(
                'DELETE FROM quarantine WHERE (file, sheet, "row") IN (SELECT (file, sheet, "row") FROM chunk)'
            )
    with visible(connection, read_table(reconciled.read_again)):
        connection.execute("DELETE FROM quarantine WHERE (file, identity) IN (SELECT (file, identity) FROM chunk)")
    table = read_table(reconciled.quarantine)
    with visible(connection, table.append_column("place", pa.array(range(table.num_rows), pa.int64()))):
        connection.execute(_STORE_ASIDE, {"partial": sorted(reconciled.partial)})


def _store_watermarks(connection: duckdb.DuckDBPyConnection, reconciled: Reconciled) -> None:
    for source, mark in reconciled.watermarks.items():
        connection.execute("DELETE FROM watermark WHERE source = ?", [source])
        connection.execute("INSERT INTO watermark VALUES (?, ?, ?)", [source, mark.definition, mark.value])
