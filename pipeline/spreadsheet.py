"""Tables that people open in a spreadsheet: no cell of them is ever a formula.

A customer can write `=HYPERLINK(...)`, and Excel would run it. In a workbook such a text is written as a text, but
copied or saved as CSV it becomes a formula again; so it gets an apostrophe in front, in workbooks and in CSV files
(OWASP: CSV injection). Files for programs (JSON Lines, Parquet) keep every text as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a cell must not start with. The full-width signs are formulas to an East Asian Excel."""


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before every text that a spreadsheet could take for a formula. Numbers stay."""
    return frame.assign(
        **{
            str(name): frame[name].map(_cell, na_action="ignore")
            for name in frame.columns
            if pd.api.types.is_string_dtype(frame[name].dtype)
        }
    )


def write_sheet(path: Path, frame: pd.DataFrame, name: str) -> None:
    """Write a workbook of one sheet, its header frozen. Raises OSError."""
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
    with path.open("wb") as file, pd.ExcelWriter(file, engine="xlsxwriter", engine_kwargs=options) as workbook:
        harmless(frame).to_excel(workbook, index=False, sheet_name=name, freeze_panes=(1, 0))


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS) else value
