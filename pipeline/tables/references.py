"""What holds between tables: references to other tables' keys, and labels to the taxonomy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from pipeline.errors import ContractError
from pipeline.tables.contract import TableContract


def check_references(tables: Mapping[str, pd.DataFrame], contracts: Mapping[str, TableContract]) -> None:
    """Raise ContractError naming the first value that is missing from the table it refers to.

    `tables` are checked frames; references to tables that are not among them are passed over.
    """
    for name, frame in tables.items():
        for columns, where, known in _expected(contracts[name], tables):
            present = pd.MultiIndex.from_frame(frame[list(columns)].dropna())
            strange = present[~present.isin(known)]
            if len(strange):
                raise ContractError(
                    f"not in {where}",
                    where=f"{name}.({', '.join(columns)})",
                    value=strange[0],
                    remedy="docs/tables.md says which table holds the values of which",
                )


def _expected(
    contract: TableContract, tables: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[tuple[str, ...], str, pd.MultiIndex]]:
    for columns, target in contract.references.items():
        if target in tables:
            yield columns, target, pd.MultiIndex.from_frame(tables[target][list(columns)])
    if "dim_taxonomy" not in tables:
        return
    labels = tables["dim_taxonomy"]
    for column, declared in contract.columns.items():
        head = declared.metadata["label_of"]
        if head is not None:
            known = labels.loc[labels["head"] == head, ["label"]]
            yield (column,), f"dim_taxonomy ({head})", pd.MultiIndex.from_frame(known)
