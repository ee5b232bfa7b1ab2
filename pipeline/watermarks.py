"""How far a database has been read: the newest value of a column that grows with every change of a row."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

Moment = str | int | float | Decimal | datetime | date
"""What a watermark column may hold."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a source has been read. `definition` (a hash) says of what, and how: another database, query, column,
    mapping or privacy policy starts again. `value` is the newest one seen, as JSON.
    """

    definition: str
    value: str


def write(value: Moment) -> str:
    """The value as JSON, with its type."""
    if isinstance(value, datetime | date):
        return json.dumps([type(value).__name__, value.isoformat()])
    if isinstance(value, Decimal):
        return json.dumps(["Decimal", str(value)])
    return json.dumps([type(value).__name__, value])


def read(text: str) -> Moment:
    """The value that `write` wrote, exactly."""
    kind, value = json.loads(text)
    readers: dict[str, Callable[[str], Moment]] = {
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "Decimal": Decimal,
    }
    found: Moment = readers[kind](value) if kind in readers else value
    return found
