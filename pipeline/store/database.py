"""The private DuckDB file: its tables, its version, and how it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.errors import StoreError
from pipeline.store import layout

STORE_VERSION = 3
"""Version of the private tables: a newer store is refused, an older one is migrated when it is opened."""

MEMORY_LIMIT = "512MB"
"""DuckDB spills to `work/` beyond this; the model needs most of a run's 2 GB."""

TOMBSTONE = (
    "CREATE TABLE tombstone (kind VARCHAR NOT NULL, hash VARCHAR NOT NULL, forgotten_at TIMESTAMPTZ NOT NULL,"
    " feedbacks BIGINT NOT NULL, quarantined BIGINT NOT NULL, snapshot BIGINT NOT NULL, done BOOLEAN NOT NULL)"
)
"""What was forgotten (see `forgetting.py`): `hash` names a row or a customer (`kind`); removed `feedbacks` and rows set
aside (`quarantined`) are counted. `snapshot` is the number of the snapshot that was current then, 0 without one; `done`
says that the file and the snapshots hold nothing of it any more."""

ALERT = (
    "CREATE TABLE alert (id VARCHAR NOT NULL, state VARCHAR NOT NULL, message_zh VARCHAR NOT NULL,"
    " message_en VARCHAR NOT NULL, level BIGINT NOT NULL, first_seen TIMESTAMPTZ NOT NULL,"
    " last_seen TIMESTAMPTZ NOT NULL, count BIGINT NOT NULL, due VARCHAR, told_at TIMESTAMPTZ,"
    " told_level BIGINT NOT NULL)"
)
"""Alerts (see `pipeline.alerts.lifecycle`)."""

BACKFILL = (
    "CREATE TABLE backfill (name VARCHAR NOT NULL, digest VARCHAR NOT NULL, done BOOLEAN NOT NULL,"
    " failures BIGINT NOT NULL, tried_at TIMESTAMPTZ NOT NULL)"
)
"""Partitions of `cxi backfill`: `digest` stands for their files."""
WATERMARK = "CREATE TABLE watermark (source VARCHAR NOT NULL, definition VARCHAR NOT NULL, value VARCHAR NOT NULL)"
"""How far the databases of sources have been read (see `pipeline.watermarks`)."""

# No primary keys: DuckDB checks them too eagerly when a transaction deletes and re-inserts a key, and keeps
# the whole index in memory. `commit` checks uniqueness instead.
# `occurrence` in quarantine is the order in which one run read the rows that have a problem in common.
_TABLES = (
    "CREATE TABLE meta (name VARCHAR NOT NULL, value VARCHAR NOT NULL)",
    f"CREATE TABLE feedback ({layout.ddl(list(layout.FEEDBACK))})",
    "CREATE TABLE analysis (key VARCHAR NOT NULL, content_hash VARCHAR NOT NULL, analysis_key VARCHAR NOT NULL)",
    f"CREATE TABLE unit (key VARCHAR NOT NULL, {layout.ddl(list(layout.UNIT))})",
    f"CREATE TABLE quarantine ({layout.ddl(list(layout.QUARANTINE))}, occurrence BIGINT NOT NULL)",
    TOMBSTONE,
    ALERT,
    BACKFILL,
    WATERMARK,
)

_MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE feedback ADD COLUMN identity VARCHAR",
        # A row's own hash stands in `key` unless it has a question, and in `respondent` unless it has a customer; with
        # both it stays unknown, and `forget` finds such a feedback by the id itself.
        "UPDATE feedback SET identity = CASE WHEN question IS NULL THEN key ELSE respondent END"
        " WHERE external_id IS NOT NULL AND (question IS NULL OR customer IS NULL)",
        "ALTER TABLE quarantine ADD COLUMN identity VARCHAR",
        "ALTER TABLE quarantine ADD COLUMN customer VARCHAR",
        "UPDATE quarantine SET identity = ''",
        TOMBSTONE,
    ),
    2: (ALERT, BACKFILL, WATERMARK),
}
"""Version -> the statements that make the next version of it."""


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
        _migrate(connection, _check(connection, path, key_check=key_check))
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


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that is executed inside, or nothing."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # a broken connection has no transaction left; the first error is the one to show
            connection.execute("ROLLBACK")
        raise


@contextmanager
def visible(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> Iterator[None]:
    """Let SQL see an Arrow table as `chunk`."""
    connection.register("chunk", table)
    try:
        yield
    finally:
        connection.unregister("chunk")


def _migrate(connection: duckdb.DuckDBPyConnection, version: int) -> None:
    if version == STORE_VERSION:
        return
    with transaction(connection):
        for step in range(version, STORE_VERSION):
            for statement in _MIGRATIONS[step]:
                connection.execute(statement)
        connection.execute("UPDATE meta SET value = ? WHERE name = 'version'", [str(STORE_VERSION)])


def _check(connection: duckdb.DuckDBPyConnection, path: Path, *, key_check: str) -> int:
    """The version of the store in this file."""
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
    return version
