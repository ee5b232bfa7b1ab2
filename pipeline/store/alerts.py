"""Alerts in the private store: read and written as a whole, for there are few."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

import duckdb

from pipeline.alerts.lifecycle import Alert
from pipeline.store.database import transaction

_COLUMNS = [field.name for field in fields(Alert) if field.name != "message"]
_NAMES = ", ".join([*_COLUMNS, "message_zh", "message_en"])


def read(connection: duckdb.DuckDBPyConnection) -> dict[str, Alert]:
    """All alerts by id."""
    rows = connection.execute(f"SELECT {_NAMES} FROM alert ORDER BY first_seen, id").fetchall()
    found = [Alert(**dict(zip(_COLUMNS, row[:-2], strict=True)), message=(row[-2], row[-1])) for row in rows]
    return {alert.id: alert for alert in found}


def write(connection: duckdb.DuckDBPyConnection, alerts: Iterable[Alert]) -> None:
    """Put these in the place of all that were there."""
    with transaction(connection):
        connection.execute("DELETE FROM alert")
        for alert in alerts:
            values = [*(getattr(alert, name) for name in _COLUMNS), *alert.message]
            connection.execute(f"INSERT INTO alert ({_NAMES}) VALUES ({', '.join('?' * len(values))})", values)
