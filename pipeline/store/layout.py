"""The columns that carry feedbacks, units and quarantined rows through Parquet files and the store."""

from __future__ import annotations

import pyarrow as pa

SCORES = ("rating", "nps", "csat", "ces")
LABELS = ("sentiment", "stage", "touchpoint", "intent")
SENTIMENTS = ("positive", "negative", "neutral")

_TEXT, _TIME, _NUMBER = pa.string(), pa.timestamp("us", tz="UTC"), pa.float64()


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


FEEDBACK = pa.schema(
    [
        *(_required(name, _TEXT) for name in ("key", "content_hash", "respondent", "source", "file")),
        _required("row", pa.int64()),
        ("sheet", _TEXT),
        *(_required(name, _TEXT) for name in ("text", "language", "masks")),
        ("masked_kinds", _TEXT),
        _required("masked_count", pa.int64()),
        *((name, _TEXT) for name in ("external_id", "customer", "question")),
        ("occurred_at", _TIME),
        ("updated_at", _TIME),
        *((name, _TEXT) for name in ("channel", "product", "region", "attributes")),
        *((f"{score}{part}", _NUMBER) for score in SCORES for part in ("", "_low", "_high")),
        *((f"{score}_higher_is_better", pa.bool_()) for score in SCORES),
        ("identity", _TEXT),
    ]
)
"""A feedback without its units. `masks` (where), `masked_kinds` (kind -> how many) and `attributes`: JSON."""

UNIT = pa.struct(
    [
        _required("index", pa.int64()),
        _required("start", pa.int64()),
        _required("end", pa.int64()),
        *(field for label in LABELS for field in (_required(label, _TEXT), _required(f"{label}_score", _NUMBER))),
        *((f"p_{sentiment}", _NUMBER) for sentiment in SENTIMENTS),
    ]
)
"""An opinion unit; its text is that of the feedback between `start` and `end`."""

ANALYSED = pa.schema(
    [
        _required("key", _TEXT),
        _required("content_hash", _TEXT),
        _required("units", pa.list_(pa.field("unit", UNIT))),
    ]
)
"""An analysed feedback: which version of it, and its units (none is a result too)."""

QUARANTINE = pa.schema(
    [
        _required("file", _TEXT),
        _required("sheet", _TEXT),
        _required("row", pa.int64()),
        _required("column", _TEXT),
        _required("reason", _TEXT),
        _required("detail", _TEXT),
        _required("preview", _TEXT),
        ("identity", _TEXT),
        ("customer", _TEXT),
    ]
)
"""A row set aside; `sheet` and `column` are empty where there is none. `identity` is empty in rows of before it was
recorded: such a row may be anybody's."""

_SQL = {
    _TEXT: "VARCHAR",
    _TIME: "TIMESTAMPTZ",
    _NUMBER: "DOUBLE",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
}


def ddl(fields: list[pa.Field]) -> str:
    """Column definitions of a DuckDB table with these fields."""
    return ", ".join(f'"{item.name}" {_SQL[item.type]}{"" if item.nullable else " NOT NULL"}' for item in fields)


def names(schema: pa.Schema) -> str:
    """Quoted column names, for a SELECT or INSERT."""
    return ", ".join(f'"{name}"' for name in schema.names)
