"""Rows set aside as people see them: every row once, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, InputError, StoreError
from pipeline.quarantine import COLUMNS, EXAMPLES, choose, export, groups
from pipeline.records import QUARANTINE_REASONS, QUARANTINE_REMEDIES
from pipeline.spreadsheet import STARTS, harmless

ROW = st.tuples(
    st.sampled_from(["", "shop"]),
    st.sampled_from(["a.csv", "b.csv"]),
    st.integers(0, 9),
    st.sampled_from(sorted(QUARANTINE_REASONS)),
)


def frame(rows: list[tuple[str, str, int, str]], preview: str = "x") -> pd.DataFrame:
    """Rows as `rows_aside` gives them."""
    made = [
        {
            **dict.fromkeys(COLUMNS, "x"),
            "source": source,
            "file": file,
            "row": row,
            "reason": reason,
            "preview": preview,
        }
        for source, file, row, reason in rows
    ]
    return pd.DataFrame(made, columns=list(COLUMNS)).astype({"row": "int64"})


@given(rows=st.lists(ROW, max_size=30))
def test_groups_count_every_row_once(rows):
    found = groups(frame(rows))
    assert sum(group.count for group in found) == len(rows)
    assert len({(group.source, group.file, group.reason) for group in found}) == len(found)
    for group in found:
        mine = [
            row
            for source, file, row, reason in rows
            if (source, file, reason) == (group.source, group.file, group.reason)
        ]
        assert [example["row"] for example in group.examples] == mine[:EXAMPLES]


def test_every_reason_has_a_remedy_in_both_languages():
    assert QUARANTINE_REMEDIES.keys() == QUARANTINE_REASONS.keys()
    assert all(english and chinese for english, chinese in QUARANTINE_REMEDIES.values())


def test_a_reason_that_there_is_not():
    with pytest.raises(ConfigError, match="bad_date"):
        choose(frame([]), reason="bad_dates", file=None)


@given(texts=st.lists(st.text(st.sampled_from("=+-@\t\r＝a1 '")), min_size=1))
def test_no_text_is_a_formula_and_no_other_text_changes(texts):
    made = harmless(pd.DataFrame({"text": texts, "n": range(len(texts))}).astype({"text": "str"}))
    for before, after in zip(texts, made["text"], strict=True):
        assert not after.startswith(STARTS)
        assert after == (f"'{before}" if before.startswith(STARTS) else before)
    assert made["n"].tolist() == list(range(len(texts)))


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1"])
def test_an_export_holds_no_formula_except_for_programs(tmp_path: Path, start: str):
    rows = frame([("shop", "a.csv", 2, "bad_date")], preview=start)
    for name in ("a.csv", "a.xlsx", "a.jsonl"):
        export(rows, tmp_path / name)
    (line,) = csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8-sig")))
    assert line["preview"] == f"'{start}"
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    cell = sheet.cell(2, COLUMNS.index("preview") + 1)
    assert (cell.value, cell.data_type) == (f"'{start}", "s")
    assert pd.read_json(tmp_path / "a.jsonl", lines=True, dtype=False)["preview"].tolist() == [start]


def test_an_export_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(InputError, match="jsonl"):
        export(frame([]), tmp_path / "a.pdf")
    with pytest.raises(StoreError, match="folder that exists"):
        export(frame([]), tmp_path / "no" / "a.csv")
