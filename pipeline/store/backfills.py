"""Which partitions of a backfill are done, and how often one was tried."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from pipeline.store.database import transaction


def tried(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[bool, int]]:
    """Digest of a partition -> whether it is done, and how many tries have failed."""
    rows = connection.execute("SELECT digest, done, failures FROM backfill").fetchall()
    return {digest: (done, failures) for digest, done, failures in rows}


def record(connection: duckdb.DuckDBPyConnection, name: str, digest: str, *, done: bool) -> None:
    """Say that a partition is done, or that a try has failed."""
    _, failures = tried(connection).get(digest, (False, 0))
    with transaction(connection):
        connection.execute("DELETE FROM backfill WHERE digest = ?", [digest])
        connection.execute(
            "INSERT INTO backfill VALUES (?, ?, ?, ?, ?)",
            [name, digest, done, failures + (not done), datetime.now(UTC)],
        )
