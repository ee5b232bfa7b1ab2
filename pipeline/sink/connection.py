"""A connection to PostgreSQL, tried a few times; whatever the driver says becomes a StoreError without secrets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from pipeline.errors import StoreError
from pipeline.sink.address import Address

Connection = psycopg.Connection[tuple[Any, ...]]

RETRY_DELAYS: tuple[float, ...] = (1, 3)
"""Seconds between the tries to connect."""

PATIENCE = "60s"
"""How long a delivery waits for another one, or for a lock of somebody else's."""

_OPTIONS: dict[str, Any] = {
    "application_name": "cx-insight",
    "connect_timeout": 10,
    # A server that is gone without a word is noticed after a minute, not after the two hours of the system's default.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_QUOTING = ("22", "23")
"""Classes of SQLSTATE (data, integrity) whose messages may quote a value, which may be feedback text."""


@contextmanager
def connected(address: Address) -> Iterator[Connection]:
    """An open connection in autocommit mode. Raises StoreError, also for what the driver raises inside the block."""
    try:
        with _connect(address) as connection:
            _require_unicode(connection, address)
            yield connection
    except psycopg.Error as error:
        raise refusal(address, _reason(error, address)) from None  # its own words are not masked


@contextmanager
def exclusive(connection: Connection, address: Address) -> Iterator[None]:
    """A transaction in the schema that no other delivery to it runs beside. Readers are not concerned.

    The lock belongs to the transaction, so that a pooler in front of the server does no harm, and a killed client's
    goes with it.
    """
    with connection.transaction():
        connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        connection.execute(sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(address.schema)))
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('cx-insight'), hashtext(%s))", [address.schema])
        yield


def _connect(address: Address) -> Connection:
    given = conninfo_to_dict(address.conninfo)
    options = {name: value for name, value in _OPTIONS.items() if name not in given} | {"client_encoding": "UTF8"}

    def once() -> Connection:
        return psycopg.connect(address.conninfo, autocommit=True, prepare_threshold=None, **options)

    for delay in RETRY_DELAYS:
        try:
            return once()
        except psycopg.OperationalError:
            time.sleep(delay)
    return once()


def _require_unicode(connection: Connection, address: Address) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise refusal(address, f"the database's encoding is {encoding}, which cannot hold every text; it must be UTF8")


def _reason(error: psycopg.Error, address: Address) -> str:
    if error.sqlstate is None and not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return type(error).__name__  # the driver's own complaint about a value
    if (error.sqlstate or "").startswith(_QUOTING):
        return f"SQLSTATE {error.sqlstate}" + (f" in {error.diag.table_name}" if error.diag.table_name else "")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return f"another delivery, or somebody else's lock on a table, did not end within {PATIENCE}"
    return address.masked(error.diag.message_primary or str(error))


def refusal(address: Address, reason: str) -> StoreError:
    """The error for a database that was left as it was."""
    return StoreError(
        f"the tables here were left as they were: {reason}",
        where=address.place,
        remedy="mend it; the snapshot itself is published, and the next run (even with nothing new) or `cxi publish`"
        " brings PostgreSQL up to date",
    )
