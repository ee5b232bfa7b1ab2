"""Rows of a database table or query, streamed. Values come as the driver gives them; nothing is guessed from types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipeline import watermarks
from pipeline.config import Input, Sql
from pipeline.errors import InputError
from pipeline.ingest.database import connected, database_url, definition, failed, open_engine, plainly
from pipeline.ingest.discover import InputFile
from pipeline.ingest.names import distinct
from pipeline.ingest.table import RawRow, TableInfo
from pipeline.records import QuarantinedRow
from pipeline.watermarks import Moment, Watermark

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Result, Select

_BATCH = 1000
_LISTED = 20


@dataclass
class SqlTable:
    """Rows at or above a watermark, or all; numbered from 1 as they come.

    `since` None reads all. After `rows` has come to its end, `newest` says how far the source has been read.
    """

    file: InputFile
    info: TableInfo
    sql: Sql
    where: str
    engine: Engine = field(repr=False)
    definition: str
    since: Moment | None = None
    newest: Watermark | None = None

    def rows(self) -> Iterator[RawRow | QuarantinedRow]:
        """Rows with native values. Memory holds one batch."""
        highest, place = self.since, self._watermark_place()
        with _connection(self.engine, self.sql, self.where) as connection:
            result = _execute(connection, _rows(self.sql, self.since), self.where)
            batches = result.partitions(_BATCH)
            number = 0
            while batch := plainly(lambda: next(batches, None), lambda error: failed(error, self.where)):
                for values in batch:
                    number += 1
                    if place is not None:
                        highest = self._higher(highest, values[place])
                    yield RawRow(number, dict(zip(self.info.columns, map(_readable, values), strict=True)))
        if highest is not None:
            self.newest = Watermark(self.definition, watermarks.write(highest))

    def _watermark_place(self) -> int | None:
        return None if self.sql.watermark is None else self.info.columns.index(self.sql.watermark)

    def _higher(self, known: Moment | None, value: object) -> Moment | None:
        """The newer of two. Raises InputError where the column's values have no order, or none that can be kept."""
        if value is None:
            return known
        if isinstance(value, str | int | float | Decimal | date) and not isinstance(value, bool):
            try:
                return value if known is None or value > known else known  # type: ignore[operator]
            except (TypeError, ArithmeticError):
                pass  # text beside numbers, or times with and without a zone
        raise InputError(
            "the watermark column must hold times, dates, numbers or text, and only one of these",
            where=f"{self.where}.watermark",
            value=self.sql.watermark,
            remedy="name a column such as updated_at, or leave watermark out to read all rows every time",
        )


def open_sql(file: InputFile, options: Input, known: Watermark | None, settings: Sequence[str]) -> SqlTable:
    """Connect, and find the columns. `known` says how far the source has been read before; with other `settings`
    (`row_settings`) than now, it is read from its start.

    Raises ConfigError for a missing or unusable URL, UnavailableError where the database cannot be reached, InputError
    where it has no such table or column, or refuses the query.
    """
    sql = options.sql
    assert sql is not None
    where = f"source {options.name}: sql"
    url = database_url(sql, where=where)
    engine = open_engine(url, where=where)
    with _connection(engine, sql, where) as connection:
        if sql.table is not None:
            _require_table(connection, sql.table, where)
        result = _execute(connection, _rows(sql, None), where)
        columns = tuple(
            distinct(
                str(name)
                for name in result.keys()  # noqa: SIM118 - a result is no mapping
            )
        )
        result.close()
    if sql.watermark is not None and sql.watermark not in columns:
        raise InputError(
            f"there is no such column; columns seen: {', '.join(columns[:_LISTED])}",
            where=f"{where}.watermark",
            value=sql.watermark,
            remedy="name a column of the table or the query, as it is written there",
        )
    meant = definition(sql, url, settings)
    since = watermarks.read(known.value) if sql.watermark and known and known.definition == meant else None
    return SqlTable(file, TableInfo(columns), sql, where, engine, meant, since)


def _readable(value: object) -> object:
    """Bytes as text, for drivers that give text columns so; other values as they are."""
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | bytearray | memoryview) else value


@contextmanager
def _connection(engine: Engine, sql: Sql, where: str) -> Iterator[Connection]:
    with connected(
        engine, where=f"{where}.{'url_env' if sql.url_env else 'url_block'}", variable=sql.url_env
    ) as opened:
        yield opened


def _execute(connection: Connection, query: Any, where: str) -> Result[Any]:
    """The rows of a query, which the server hands over batch by batch."""
    streamed = connection.execution_options(stream_results=True, yield_per=_BATCH)
    return plainly(lambda: streamed.execute(query), lambda error: failed(error, where))


def _rows(sql: Sql, since: Moment | None) -> Any:
    """The query: as given where all is read, else around it one for rows at or above `since`, and for those without a
    value, of which nobody can tell whether they have changed.
    """
    from sqlalchemy import bindparam, column, or_, select, text

    if sql.table is None and since is None:
        return _as_written(sql.query or "")
    rows: Select[Any] = select(text("*")).select_from(_source(sql))
    if since is None or sql.watermark is None:
        return rows
    moment: Any = column(sql.watermark)
    return rows.where(or_(moment >= bindparam("since", since), moment.is_(None)))


def _source(sql: Sql) -> Any:
    from sqlalchemy import table
    from sqlalchemy.sql.elements import TextClause

    if sql.table is not None:
        schema, _, name = sql.table.rpartition(".")
        return table(name, schema=schema or None)
    inner: TextClause = _as_written(f"\n{sql.query}\n")
    return inner.columns().subquery("feedback_source")


def _as_written(query: str) -> Any:
    """The text as it stands: a colon in it names no parameter."""
    from sqlalchemy import text

    return text(query.replace(":", r"\:"))


def _require_table(connection: Connection, name: str, where: str) -> None:
    from sqlalchemy import inspect

    schema, _, bare = name.rpartition(".")
    inspector = plainly(lambda: inspect(connection), lambda error: failed(error, where))

    def seen() -> list[str]:
        return [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]

    if plainly(lambda: inspector.has_table(bare, schema or None), lambda error: failed(error, where)):
        return
    known = plainly(seen, lambda error: failed(error, where))
    raise InputError(
        f"there is no such table; tables seen: {', '.join(sorted(known)[:_LISTED]) or 'none'}",
        where=f"{where}.table",
        value=name,
        remedy="correct the name (schema.table where it is not in the default schema), or the rights of the user",
    )
