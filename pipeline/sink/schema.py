"""The PostgreSQL schema made from the table contracts, and kept in step with them.

`cxi_meta` says which version of the tables the schema has (`tables`) and which run was delivered last (`run_id`).
Within a major version tables and columns are only added, so a schema of an earlier minor version gets what it lacks.
"""

from __future__ import annotations

from psycopg import sql

from pipeline.errors import StoreError
from pipeline.sink.address import Address
from pipeline.sink.connection import Connection, exclusive
from pipeline.tables import SCHEMA_VERSION, TABLES, TableContract
from pipeline.tables.sql import (
    NAME,
    column_sql,
    comments_sql,
    table_sql,
    view_columns,
    view_comments_sql,
    view_sql,
)

META = "cxi_meta"
MIGRATION_PATIENCE = "5s"
"""Changing a table waits for its readers, and new readers wait behind it: rather try again in the next run."""

_META_SQL = (
    f"CREATE TABLE {META} (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    f"COMMENT ON TABLE {META} IS 'what cx-insight has delivered here: version of the tables, id of the run"
    " / cx-insight 交付情况：表结构版本、运行标识'",
)


def prepare(connection: Connection, address: Address) -> None:
    """Make the schema, its tables and its view, or add what a later minor version of the tables has.

    A short transaction of its own: it is the only one that may keep readers waiting, and mostly it has nothing to do.
    Raises StoreError for a schema of a newer version, of another major version, or with tables that are not ours.
    """
    schema = address.schema
    with exclusive(connection, address):
        known = facts(connection, schema)
        found = _columns(connection, schema)
        _require_known(address, known.get("tables"), found)
        statements = _lacking(found) if known.get("tables") == SCHEMA_VERSION else _all_lacking(found)
        if not statements:
            return
        if not _exists(connection, schema):
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        connection.execute(f"SET LOCAL lock_timeout = '{MIGRATION_PATIENCE}'")
        for statement in statements:
            connection.execute(statement)
        remember(connection, "tables", SCHEMA_VERSION)


def facts(connection: Connection, schema: str) -> dict[str, str]:
    """What `cxi_meta` says; nothing where the schema has not been made yet."""
    table = sql.Identifier(schema, META)
    [(there,)] = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table.as_string(connection)]).fetchall()
    if not there:
        return {}
    return dict(connection.execute(sql.SQL("SELECT name, value FROM {}").format(table)).fetchall())


def remember(connection: Connection, name: str, value: str) -> None:
    """Put a fact into `cxi_meta`, within `exclusive`; one that stands there already is left alone."""
    done = connection.execute(f"UPDATE {META} SET value = %s WHERE name = %s AND value <> %s", [value, name, value])
    if done.rowcount == 0:
        connection.execute(
            f"INSERT INTO {META} SELECT %s, %s WHERE NOT EXISTS (SELECT FROM {META} WHERE name = %s)",
            [name, value, name],
        )


def require_version(address: Address, version: str) -> None:
    """Raise StoreError for tables of a version that this one cannot write."""
    ours, theirs = _numbers(SCHEMA_VERSION), _numbers(version)
    if theirs > ours:
        raise StoreError(
            f"the tables here are of version {version}, made by a newer cx-insight; this one knows {SCHEMA_VERSION}",
            where=address.place,
            remedy="upgrade cx-insight, or name another sink.postgres.schema_name",
        )
    if theirs[0] < ours[0]:
        raise StoreError(
            f"the tables here are of version {version}; those of this cx-insight are {SCHEMA_VERSION}, which changes"
            " columns that dashboards may use",
            where=address.place,
            remedy="name another sink.postgres.schema_name, move the dashboards there, and drop this schema",
        )


def _require_known(address: Address, version: str | None, found: dict[str, list[str]]) -> None:
    if version is not None:
        require_version(address, version)
        return
    taken = [name for name in (*TABLES, NAME, META) if name in found]
    if taken:
        raise StoreError(
            f"this schema has a {taken[0]} that cx-insight has not made",
            where=address.place,
            remedy="name another sink.postgres.schema_name",
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _exists(connection: Connection, schema: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]).fetchall())


def _columns(connection: Connection, schema: str) -> dict[str, list[str]]:
    """Table or view -> its columns, in order."""
    rows = connection.execute(
        "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid"
        " WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped"
        " GROUP BY c.relname",
        [schema],
    ).fetchall()
    return dict(rows)


def _all_lacking(found: dict[str, list[str]]) -> list[str]:
    """`_lacking`, and the meanings of everything anew, for a new version may say them in other words."""
    made = [] if META in found else list(_META_SQL)
    comments = [statement for name in TABLES if name in found for statement in comments_sql(TABLES[name])]
    return [*made, *_lacking(found), *comments]


def _lacking(found: dict[str, list[str]]) -> list[str]:
    """The statements that make what the contracts declare and the schema does not have."""
    statements: list[str] = []
    for name, contract in TABLES.items():
        statements += _added(contract, found[name]) if name in found else table_sql(contract)
    if set(view_columns()) - set(found.get(NAME, [])):
        statements += [view_sql(order=found.get(NAME, [])), *view_comments_sql()]
    return statements


def _added(contract: TableContract, present: list[str]) -> list[str]:
    """The statements that add the columns a table lacks; its rows get the declared value of `before`."""
    statements: list[str] = []
    for name, item in contract.columns.items():
        if name in present:
            continue
        before = item.metadata["before"]
        value = "" if before is None else f" DEFAULT {sql.Literal(before).as_string()}"
        required = "" if item.nullable else " NOT NULL"
        statements.append(f"ALTER TABLE {contract.name} ADD COLUMN {column_sql(name, item)}{required}{value}")
        if value:
            statements.append(f'ALTER TABLE {contract.name} ALTER COLUMN "{name}" DROP DEFAULT')
    return [*statements, *(comments_sql(contract) if statements else [])]
