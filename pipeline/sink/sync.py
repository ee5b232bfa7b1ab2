"""A snapshot's tables into PostgreSQL, in one transaction that touches only the rows that differ.

Rows are copied into temporary tables and compared there. Nothing is truncated or made anew, so readers are never kept
waiting, and see the state of before until the transaction ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.errors import StoreError
from pipeline.progress import Advance
from pipeline.sink.address import Address
from pipeline.sink.connection import Connection, exclusive
from pipeline.sink.schema import facts, remember, require_version
from pipeline.store import snapshot
from pipeline.tables import TABLES, TableContract
from pipeline.tables.sql import quoted_names

_ROWS = 2000
"""Rows held as Python objects at a time."""

_TYPES = {
    "string": "text",
    "integer": "int8",
    "number": "float8",
    "boolean": "bool",
    "date": "date",
    "timestamp": "timestamptz",
}


@dataclass(slots=True)
class Changes:
    """Rows that were touched."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


def bring_to(
    connection: Connection, address: Address, folder: Path, *, replace: bool = False, advance: Advance = lambda _: None
) -> Changes:
    """Bring all tables to the state of the snapshot in `folder`; all of them or, whatever happens, none.

    `advance` is told of every table. Raises StoreError where the schema holds a run that the snapshot's own history
    does not know: another store's, or a later one. With `replace` that is not looked at.
    """
    changes = Changes()
    with exclusive(connection, address):
        _require_history(connection, address, folder, replace=replace)
        for contract in TABLES.values():
            _stage(connection, contract, folder)
            _apply(connection, contract, changes)
            advance(1)
        remember(connection, "run_id", folder.name)
    return changes


def _require_history(connection: Connection, address: Address, folder: Path, *, replace: bool) -> None:
    known = facts(connection, address.schema)
    require_version(address, known["tables"])  # again: since `prepare` somebody else may have had the lock
    run_id = known.get("run_id")
    history = snapshot.load(folder, ["dim_run"])["dim_run"]["run_id"]
    if run_id is not None and not replace and run_id not in set(history):
        raise StoreError(
            f"the tables here are of run {run_id}, which the snapshot {folder.name} knows nothing of: they belong to"
            " another store, or to a later state of this one",
            where=address.place,
            remedy="name another sink.postgres.schema_name; or, to put this store's tables in their place,"
            " cxi publish --replace",
        )


def _stage(connection: Connection, contract: TableContract, folder: Path) -> None:
    """Copy a table of the snapshot into a temporary one, `staged`, that goes with the transaction."""
    frame = snapshot.load(folder, [contract.name])[contract.name]
    table = pa.Table.from_pandas(frame, schema=contract.arrow, preserve_index=False)
    columns = quoted_names(contract.columns)
    connection.execute("DROP TABLE IF EXISTS pg_temp.staged")
    connection.execute(
        f"CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT {columns} FROM {contract.name} WITH NO DATA"
    )
    with connection.cursor() as cursor, cursor.copy("COPY pg_temp.staged FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types([_TYPES[item.metadata["kind"]] for item in contract.columns.values()])
        for batch in table.to_batches(max_chunksize=_ROWS):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                copy.write_row(row)
    connection.execute("ANALYZE pg_temp.staged")  # the planner knows nothing of temporary tables by itself


def _apply(connection: Connection, contract: TableContract, changes: Changes) -> None:
    """Make the table equal to `staged`.

    Not INSERT ... ON CONFLICT, which locks, and so writes, also the rows that stay as they are. No other writer can
    come between: `exclusive`.
    """
    name, key = contract.name, contract.key
    same = f"({quoted_names(key, of='t')}) = ({quoted_names(key, of='s')})"
    values = [column for column in contract.columns if column not in key]

    def run(statement: str) -> int:
        return connection.execute(statement).rowcount

    changes.deleted += run(f"DELETE FROM {name} AS t WHERE NOT EXISTS (SELECT FROM pg_temp.staged AS s WHERE {same})")
    if values:
        assigned = ", ".join(f'"{column}" = s."{column}"' for column in values)
        changes.updated += run(
            f"UPDATE {name} AS t SET {assigned} FROM pg_temp.staged AS s WHERE {same}"
            f" AND ({quoted_names(values, of='t')}) IS DISTINCT FROM ({quoted_names(values, of='s')})"
        )
    columns = quoted_names(contract.columns)
    changes.inserted += run(
        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM pg_temp.staged AS s"
        f" WHERE NOT EXISTS (SELECT FROM {name} AS t WHERE {same})"
    )
