"""The private DuckDB file: its tables, its version, and how it is opened."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.errors import StoreError
from pipeline.store import layout

STORE_VERSION = 1
"""Version of the private tables: a newer store is refused; an older one, once there is any, is migrated."""

MEMORY_LIMIT = "512MB"
"""DuckDB spills to `work/` beyond this; the model needs most of a run's 2 GB."""

# No primary keys: DuckDB checks them too eagerly when a transaction deletes and re-inserts a key, and keeps
# the whole index in memory. `commit` checks uniqueness instead.
_TABLES = (
    "CREATE TABLE meta (name VARCHAR NOT NULL, value VARCHAR NOT NULL)",
    f"CREATE TABLE feedback ({layout.ddl(list(layout.FEEDBACK))})",
    "CREATE TABLE analysis (key VARCHAR NOT NULL, content_hash VARCHAR NOT NULL, analysis_key VARCHAR NOT NULL)",
    f"CREATE TABLE unit (key VARCHAR NOT NULL, {layout.ddl(list(layout.UNIT))})",
    f"CREATE TABLE quarantine ({layout.ddl(list(layout.QUARANTINE))}, occurrence BIGINT NOT NULL)",
)


def connect(path: Path | str, *, scratch: Path) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file (or `:memory:`) with bounded memory, UTC, and no downloading of extensions."""
    connection = duckdb.connect(
        str(path),
        config={
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(scratch / "duckdb"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def open_database(path: Path, *, scratch: Path, key_check: str) -> duckdb.DuckDBPyConnection:
    """Open the store, or make it. `key_check` is a keyed hash that tells whether the key is the store's own.

    Raises StoreError for a file that is no store, a store of a newer version, or one made with another key.
    """
    if not path.exists():
        _create(path, scratch=scratch, key_check=key_check)
    try:
        connection = connect(path, scratch=scratch)
    except duckdb.IOException as error:
        if "not a valid DuckDB" not in str(error):
            raise
        raise StoreError(
            "this file is not a DuckDB database",
            where=str(path),
            remedy="restore it from a backup, or move it away to start a new store",
        ) from error
    try:
        _check(connection, path, key_check=key_check)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: Path, *, scratch: Path, key_check: str) -> None:
    """Make the file under another name, because a run killed here would leave one that cannot be opened."""
    temporary = path.with_name(f".{path.name}.new")
    connection = connect(temporary, scratch=scratch)
    try:
        for statement in _TABLES:
            connection.execute(statement)
        facts = [("version", str(STORE_VERSION)), ("key_check", key_check)]
        connection.executemany("INSERT INTO meta VALUES (?, ?)", facts)
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    temporary.replace(path)


def _check(connection: duckdb.DuckDBPyConnection, path: Path, *, key_check: str) -> None:
    try:
        facts = dict(connection.execute("SELECT name, value FROM meta").fetchall())
        version = int(facts["version"])
    except (duckdb.CatalogException, KeyError, ValueError) as error:
        raise StoreError(
            "this database is not a cx-insight store", where=str(path), remedy="choose another --out"
        ) from error
    if version > STORE_VERSION:
        raise StoreError(
            f"this store was made by a newer cx-insight, which knows store version {version}",
            where=str(path),
            remedy="upgrade cx-insight, or choose another --out",
        )
    if facts.get("key_check") != key_check:
        raise StoreError(
            "the hash key is not this store's own: every feedback would be taken for a new one",
            where=str(path),
            remedy="put the key back (store/hash.key, or the variable), or choose another --out",
        )
