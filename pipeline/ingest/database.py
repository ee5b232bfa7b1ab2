"""Connections that can only read, and failures told without what they hold: messages of databases quote URLs, queries
and rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from pipeline.config import Sql
from pipeline.credentials import from_block, from_environment
from pipeline.errors import ConfigError, InputError, UnavailableError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

T = TypeVar("T")

_READ_ONLY = {
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}
"""What makes a new connection read-only. PostgreSQL and Oracle are told so transaction by transaction."""


def definition(sql: Sql, url: URL, settings: Sequence[str]) -> str:
    """A hash of what is read and how (`row_settings`): another database, query, column, mapping, time zone or privacy
    policy is another one; another password is not.
    """
    place = (url.get_backend_name(), url.host, url.port, url.database)
    return hashlib.sha256(repr((*place, sql.query, sql.table, sql.watermark, *settings)).encode()).hexdigest()[:32]


def database_url(sql: Sql, *, where: str) -> URL:
    """The URL that the source names. Raises ConfigError, without quoting it, where it is missing or is no URL."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    key, name = ("url_env", sql.url_env) if sql.url_env else ("url_block", sql.url_block)
    place = f"{where}.{key}"
    text = from_environment(sql.url_env, where=place) if sql.url_env else from_block(sql.url_block or "", where=place)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None:
        raise ConfigError(
            "it does not hold a database URL",
            where=place,
            value=name,
            remedy="write it like postgresql+psycopg://user:password@host:5432/database",
        )
    # The driver that is installed with this program's extra, whatever the SQLAlchemy version takes for the default.
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def open_engine(url: URL, *, where: str) -> Engine:
    """An engine whose connections only read. Raises ConfigError where the database's driver is not installed."""
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError
    from sqlalchemy.pool import NullPool

    options: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True}
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:") and not url.query:
        options["creator"] = _sqlite(str(url.database))
    problem = ""
    try:
        engine = create_engine(url, **options)
    except ImportError as error:
        problem = f"its driver is not installed ({error.name})"
    except (ArgumentError, TypeError) as error:  # NoSuchModuleError is one of the first
        problem = f"no database is known by this kind of URL ({type(error).__name__})"
    if problem:
        remedy = "install the database's driver beside cx-insight; for PostgreSQL psycopg, named postgresql+psycopg://"
        raise ConfigError(problem, where=where, value=url.drivername, remedy=remedy)
    statement = _READ_ONLY.get(engine.dialect.name)
    if statement is not None:

        @event.listens_for(engine, "connect")
        def _read_only(connection: Any, _: Any) -> None:
            cursor = connection.cursor()
            cursor.execute(statement)
            cursor.close()

    return engine


@contextmanager
def connected(engine: Engine, *, where: str, variable: str | None) -> Iterator[Connection]:
    """A connection inside a transaction that only reads. Raises UnavailableError where there is none to be had."""
    connection = plainly(engine.connect, lambda error: _unreachable(error, where, variable))
    try:
        if engine.dialect.name in ("postgresql", "oracle"):
            from sqlalchemy import text

            plainly(lambda: connection.execute(text("SET TRANSACTION READ ONLY")), lambda error: failed(error, where))
        yield connection
    finally:
        connection.close()


def plainly(call: Callable[[], T], tell: Callable[[Exception], InputError]) -> T:
    """What `call` gives. Raises what `tell` makes of a database's error, which itself goes nowhere: not into a log, not
    into a traceback.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return call()
    except (
        SQLAlchemyError,
        ValueError,
        OverflowError,
    ) as error:  # drivers raise the latter for values Python cannot hold
        problem = tell(error)
    raise problem


def failed(error: Exception, where: str) -> InputError:
    """The error for a query that the database refused or broke off."""
    return InputError(
        f"the database refused the query or broke it off ({_kind(error)})",
        where=where,
        remedy="try the query with the database's own client, as the same user; the rights to read are all it takes",
    )


def _unreachable(error: Exception, where: str, variable: str | None) -> InputError:
    return UnavailableError(
        f"cannot connect to the database ({_kind(error)})",
        where=where,
        value=variable,
        remedy="check that it is up, and host, port, database, user and password in the URL",
    )


def _kind(error: Exception) -> str:
    """The kind of an error: its class, and its SQLSTATE where there is one (docs of the database list them)."""
    original = getattr(error, "orig", None) or error
    state = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    name = type(original).__name__
    return f"{name}, {state}" if state else name


def _sqlite(path: str) -> Callable[[], Any]:
    """Connects to a file that exists, and cannot write to it."""
    import sqlite3

    return lambda: sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False)
