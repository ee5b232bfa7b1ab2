"""The output tables' contract: declared once with pandera, checked on write, documented by itself.

`TABLES` holds every published table. `check` holds a frame to its contract, `check_all` also what holds
between tables; `arrow_schema` is what Parquet files carry; `describe` is `cxi tables`; `python -m
pipeline.tables` prints docs/tables.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.errors import ContractError
from pipeline.tables import dimensions, facts, insight, quality
from pipeline.tables.contract import SCHEMA_VERSION, TableContract
from pipeline.tables.document import text
from pipeline.tables.references import check_references

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "SCHEMA_VERSION",
    "TABLES",
    "TableContract",
    "arrow_schema",
    "check",
    "check_all",
    "contract",
    "describe",
]

TABLES: dict[str, TableContract] = {
    table.name: table
    for table in (
        facts.FEEDBACK,
        facts.OPINION_UNIT,
        insight.METRIC_PERIOD,
        insight.ACTION_PRIORITY,
        insight.ACTION_EVIDENCE,
        insight.STRENGTH,
        quality.QUALITY,
        dimensions.TAXONOMY,
        dimensions.DATE,
        dimensions.RUN,
        dimensions.QUARANTINE,
    )
}
"""Name -> contract of every published table."""


def contract(name: str) -> TableContract:
    """The contract of a table. Raises ContractError for a name that is none."""
    if name not in TABLES:
        raise ContractError("no such table", where=name, remedy=f"tables: {', '.join(TABLES)}")
    return TABLES[name]


def check(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` in the canonical form of table `name` (see `TableContract.check`).

    Raises ContractError naming table, column and value for a frame that breaks the contract.
    """
    return contract(name).check(frame)


def check_all(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """All tables in canonical form, and their references to each other checked. Raises ContractError."""
    checked = {name: check(name, frame) for name, frame in tables.items()}
    check_references(checked, TABLES)
    return checked


def arrow_schema(name: str) -> pa.Schema:
    """The Arrow schema of a table, with meanings as field metadata."""
    return contract(name).arrow


def describe() -> str:
    """All tables as plain text for a terminal."""
    return text(TABLES)
