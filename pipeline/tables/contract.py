"""What a table contract is, and how a frame is held to it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pandera.errors
import pandera.pandas as pa_schema
import pyarrow as pa

from pipeline.errors import ContractError

# Importing pandera sets this for the sake of pyspark; it makes Arrow read every time as if it were UTC.
os.environ.pop("PYARROW_IGNORE_TIMEZONE", None)

SCHEMA_VERSION = "1.2"
"""Version of all published tables: within a major version columns and tables are only added."""

Null = tuple[str, str]
"""What a missing value means: (English, Chinese)."""

_ARROW = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_DTYPES: dict[str, tuple[Any, Any]] = {  # (never null, may be null)
    "string": ("str", "str"),
    "integer": ("int64", "Int64"),
    "number": ("float64", "float64"),
    "boolean": ("bool", "boolean"),
    "date": (pd.ArrowDtype(pa.date32()),) * 2,
    "timestamp": (pd.DatetimeTZDtype("us", "UTC"),) * 2,
}
_UNFIT = (pa.ArrowException, TypeError, ValueError, OverflowError)
_REMEDY = "docs/tables.md says what this table holds"


def column(
    kind: str,
    meaning: str,
    zh: str,
    *,
    null: Null | None = None,
    values: Sequence[str] | None = None,
    low: float | None = None,
    high: float | None = None,
    private: bool = False,
    label_of: str | None = None,
    before: float | str | bool | None = None,
) -> pa_schema.Column:
    """Declare one column.

    `kind` is a key of the type table above; `null` says what a missing value means (None: never missing);
    `values`, `low`, `high` (inclusive) bound it; `private` keeps its values out of error messages; `label_of`
    names the taxonomy head whose label ids it holds; `before` is its value in rows of snapshots that were published
    before the column was added (a column that may be null needs none).
    """
    checks = []
    if values is not None:
        checks.append(pa_schema.Check.isin(list(values)))
    if low is not None:
        checks.append(pa_schema.Check.ge(low))
    if high is not None:
        checks.append(pa_schema.Check.le(high))
    return pa_schema.Column(
        _DTYPES[kind][null is not None],
        checks,
        nullable=null is not None,
        description=meaning,
        metadata={
            "kind": kind,
            "zh": zh,
            "null": null,
            "private": private,
            "label_of": label_of,
            "values": values,
            "before": before,
        },
    )


@dataclass(frozen=True)
class TableContract:
    """One published table: what a row is, what identifies it, and every column's type and meaning.

    `references` maps columns to the table that must hold the same values under the same column names.
    """

    name: str
    title: str
    title_zh: str
    grain: str
    grain_zh: str
    key: tuple[str, ...]
    columns: Mapping[str, pa_schema.Column]
    references: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    @cached_property
    def schema(self) -> pa_schema.DataFrameSchema:
        """The pandera schema: all columns, in order, no others."""
        return pa_schema.DataFrameSchema(
            dict(self.columns),
            strict=True,
            ordered=True,
            name=self.name,
            title=self.title,
            description=self.grain,
            metadata={"grain_zh": self.grain_zh, "key": self.key, "schema_version": SCHEMA_VERSION},
        )

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, as written to Parquet: types, nullability and meanings."""
        return pa.schema(
            [
                pa.field(
                    name,
                    _ARROW[item.metadata["kind"]],
                    nullable=item.nullable,
                    metadata={"meaning": item.description, "zh": item.metadata["zh"]},
                )
                for name, item in self.columns.items()
            ],
            metadata={
                "table": self.name,
                "schema_version": SCHEMA_VERSION,
                "primary_key": ",".join(self.key),
            },
        )

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`frame` in canonical form: declared column order and dtypes, sorted by primary key, index 0..n-1.

        Dtypes: str, int64 or Int64, float64, bool or boolean, date32[pyarrow] (elements are `datetime.date`),
        datetime64[us, UTC]. Raises ContractError naming table, column and value.
        """
        self._check_columns(frame)
        typed = pd.DataFrame({name: self._typed(name, frame[name]) for name in self.columns}, copy=False)
        self._check_values(typed)
        repeated = typed.duplicated(list(self.key))
        if repeated.any():
            row = typed[list(self.key)][repeated].iloc[0]
            raise ContractError(
                "two rows share a primary key",
                where=f"{self.name}.({', '.join(self.key)})",
                value=tuple(_plain(value) for value in row),
                remedy=_REMEDY,
            )
        return typed.sort_values(list(self.key), kind="stable", ignore_index=True)

    def typed(self, table: pa.Table) -> pd.DataFrame:
        """An Arrow table as a frame of canonical dtypes.

        Tables of an earlier minor version have fewer columns: what is lacking takes its declared value of `before`, or
        is null. Raises ContractError for a lacking column that has neither.
        """
        absent = {name: self._before(name, table.num_rows) for name in self.columns if name not in table.column_names}
        return pd.DataFrame(
            {name: self._to_pandas(name, absent[name] if name in absent else table[name]) for name in self.columns},
            copy=False,
        )

    def _before(self, name: str, rows: int) -> pa.ChunkedArray:
        """A column of rows that were written before it existed."""
        declared, kind = self.columns[name], self.arrow.field(name).type
        value = declared.metadata["before"]
        if value is None and not declared.nullable:
            raise ContractError("column missing", where=f"{self.name}.{name}", remedy=_REMEDY)
        return pa.chunked_array([pa.repeat(pa.scalar(value, kind), rows)])

    def _check_columns(self, frame: pd.DataFrame) -> None:
        for problem, names in (
            ("column missing", [name for name in self.columns if name not in frame.columns]),
            ("column not in the contract", [str(name) for name in frame.columns if name not in self.columns]),
        ):
            if names:
                raise ContractError(problem, where=f"{self.name}.{names[0]}", remedy=_REMEDY)

    def _typed(self, name: str, series: pd.Series[Any]) -> pd.Series[Any]:
        declared = self.columns[name]
        kind, private = declared.metadata["kind"], declared.metadata["private"]
        if kind == "timestamp":
            if _has_naive_time(series):
                raise ContractError("times must carry a time zone", where=f"{self.name}.{name}", remedy=_REMEDY)
            series = pd.to_datetime(series, utc=True) if series.dtype == object else series
        try:
            if _is_other_kind(series, kind):
                raise TypeError(series.dtype)
            values = pa.chunked_array([pa.array(series, type=_ARROW[kind], from_pandas=True)])
        except _UNFIT as error:
            raise ContractError(
                f"not of type {kind}",
                where=f"{self.name}.{name}",
                value=None if private else _first_unfit(series, _ARROW[kind]),
                remedy=_REMEDY,
            ) from (None if private else error)  # Arrow's own message quotes the value
        if values.null_count and not declared.nullable:
            raise ContractError("missing value in a column that has none", where=f"{self.name}.{name}", remedy=_REMEDY)
        return self._to_pandas(name, values)

    def _to_pandas(self, name: str, values: pa.ChunkedArray) -> pd.Series[Any]:
        dtype = self.columns[name].dtype.type
        if isinstance(dtype, pd.api.extensions.ExtensionDtype) and hasattr(dtype, "__from_arrow__"):
            return pd.Series(dtype.__from_arrow__(values), name=name)
        return pd.Series(values.to_pandas(), name=name).astype(dtype)

    def _check_values(self, typed: pd.DataFrame) -> None:
        bounded = [name for name, item in self.columns.items() if item.checks]
        try:  # types and missing values are settled; only columns with checks are left to see
            self.schema.select_columns(bounded).validate(typed[bounded], lazy=True)
        except pandera.errors.SchemaErrors as error:
            first = error.failure_cases.iloc[0]
            name = str(first["column"])
            private = name in self.columns and self.columns[name].metadata["private"]
            raise ContractError(
                f"breaks {first['check']}",
                where=f"{self.name}.{name}",
                value=None if private else _plain(first["failure_case"]),
                remedy=_REMEDY,
            ) from (None if private else error)


def _has_naive_time(series: pd.Series[Any]) -> bool:
    if series.dtype == object:
        return any(isinstance(value, datetime) and value.tzinfo is None for value in series.dropna())
    return pd.api.types.is_datetime64_dtype(series.dtype)


def _is_other_kind(series: pd.Series[Any], kind: str) -> bool:
    """Whether Arrow would take numbers for booleans or times, or booleans for numbers, without a word."""
    flags = pd.api.types.is_bool_dtype(series.dtype)
    numbers = pd.api.types.is_numeric_dtype(series.dtype) and not flags
    return bool(
        ((numbers and kind in ("boolean", "timestamp")) or (flags and kind in ("integer", "number")))
        and series.notna().any()
    )


def _first_unfit(series: pd.Series[Any], kind: pa.DataType) -> object:
    """The first value that Arrow cannot take as `kind`; only asked for once the whole column has failed."""
    present = series.dropna()
    for row in range(len(present)):
        try:
            pa.array(present.iloc[row : row + 1], type=kind, from_pandas=True)
        except _UNFIT:
            return _plain(present.iloc[row])
    return _plain(present.iloc[0])


def _plain(value: Any) -> object:
    """A value as people write it: 54, not np.int64(54)."""
    return value.item() if isinstance(value, np.generic) else value
