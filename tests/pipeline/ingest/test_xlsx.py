"""Workbooks: titles above the header, sheets, native values, damage."""

from __future__ import annotations

import io
from datetime import datetime, time

import openpyxl
import pytest

from pipeline.errors import InputError
from pipeline.records import Score


@pytest.fixture
def workbook(write):
    def _workbook(sheets: dict[str, list[list[object]]], *, merge: str | None = None, name: str = "a.xlsx"):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
            if merge:
                sheet.merge_cells(merge)
        target = io.BytesIO()
        book.save(target)
        return write(name, target.getvalue())

    return _workbook


def test_merged_titles_above_the_header(workbook, read):
    rows = [
        ["客户反馈"],
        ["导出日期", "2026-10-08"],
        [],
        ["编号", "评论内容", "评论时间", "星级"],
        [1001.0, "安装师傅很专业", datetime(2026, 10, 1, 9, 30), 5],
        ["1002", "等了三天", "2026-10-02", "1"],
    ]
    result = read(workbook({"Sheet1": rows}, merge="A1:D1"))
    assert result.texts == ["安装师傅很专业", "等了三天"]
    assert [feedback.external_id for feedback in result.feedbacks] == ["1001", "1002"]
    assert [feedback.rating for feedback in result.feedbacks] == [Score(5, 1, 5), Score(1, 1, 5)]
    assert result.feedbacks[0].occurred_at.isoformat() == "2026-10-01T09:30:00+08:00"
    assert (result.feedbacks[0].origin.row, result.feedbacks[0].origin.sheet) == (5, "Sheet1")
    assert "the header is row 4" in result.notes[0]


def test_the_name_of_a_sheet_is_masked(workbook, read):
    result = read(workbook({"13812345678的表": [["编号", "内容"], [1, "好"], [2, "……"]]}))
    assert result.feedbacks[0].origin.sheet == "[PHONE]的表"
    assert result.quarantined[0].origin.sheet == "[PHONE]的表"


def test_sheets_of_a_found_file_are_masked_in_what_is_set_aside(workbook, write, read):
    table = [["编号", "内容"], [1, "好"]]
    path = workbook({"13812345678": table, "13912345678": table}, name="in/a.xlsx")
    write("in/b.csv", "text\nfine\n")
    (row,) = read(path.parent).quarantined
    assert row.detail == "more than one sheet has a text column: [PHONE], [PHONE]"


def test_times_without_a_date_are_no_dates(workbook, read):
    rows = [["编号", "内容", "时间"], [1, "好", datetime(2026, 10, 1)], [2, "差", time(9, 30)], [3, "贵", "2026-10-02"]]
    result = read(workbook({"数据": rows}))
    assert result.reasons == [(3, "bad_date")]
    assert "a time of day without a date" in result.quarantined[0].detail


def test_the_only_sheet_with_a_text_column_is_read(workbook, read):
    sheets = {"说明": [["本表说明"], ["仅供内部使用"]], "数据": [["编号", "反馈内容"], [1, "不错"]]}
    assert read(workbook(sheets)).texts == ["不错"]


def test_two_sheets_with_text_need_a_choice(workbook, read):
    path = workbook({"九月": [["编号", "内容"], [1, "好"]], "十月": [["编号", "内容"], [1, "差"]]})
    with pytest.raises(InputError, match="more than one sheet has a text column: 九月, 十月") as caught:
        read(path)
    assert "--sheet" in str(caught.value)
    assert read(path, sheet="十月").texts == ["差"]


def test_an_unknown_sheet(workbook, read):
    with pytest.raises(InputError, match="no such sheet; sheets seen: 数据"):
        read(workbook({"数据": [["内容"], ["好"]]}), sheet="Sheet1")


def test_no_sheet_with_text(workbook, read):
    with pytest.raises(InputError, match="no sheet has a text column: a, b"):
        read(workbook({"a": [["x", "y"]], "b": [["z", "w"]]}))


def test_blank_rows_and_blank_texts(workbook, read):
    rows = [["id", "text"], [1, "good"], [None, None], [3, None], [4, "fine"]]
    result = read(workbook({"s": rows}))
    assert result.texts == ["good", "fine"]
    assert result.reasons == [(4, "empty_text")]
    assert result.feedbacks[1].origin.row == 5


def test_a_number_as_text_and_a_date_in_the_text_column(workbook, read):
    rows = [["id", "text"], [1, 5.0], [2, 3.25], [3, datetime(2026, 10, 1)], [4, True]]
    assert read(workbook({"s": rows})).texts == ["5", "3.25", "2026-10-01", "true"]


def test_header_only(workbook, read):
    result = read(workbook({"s": [["id", "text"]]}))
    assert result.feedbacks == []
    assert "has a header but no rows" in result.notes[0]


def test_an_empty_workbook(workbook, read):
    with pytest.raises(InputError, match="the workbook is empty"):
        read(workbook({"s": []}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,text\n1,fine\n", "not an Excel workbook, or a damaged one"),
        (b"PK\x03\x04" + b"\x00" * 100, "not an Excel workbook, or a damaged one"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "password-protected"),
        (b"", "the file is empty"),
    ],
)
def test_what_is_no_workbook(write, read, content, message):
    with pytest.raises(InputError, match=message):
        read(write("a.xlsx", content))


@pytest.mark.parametrize(
    ("offset", "value"), [(6, 70), (8, 1)], ids=["a later version of zip", "members with a password"]
)
def test_a_damaged_header(workbook, write, read, offset, value):
    content = bytearray(workbook({"s": [["id", "text"], [1, "很好"]]}).read_bytes())
    place = content.find(b"PK\x01\x02")
    while place >= 0:
        content[place + offset] = value
        place = content.find(b"PK\x01\x02", place + 1)
    with pytest.raises(InputError, match="damaged"):
        read(write("b.xlsx", bytes(content)))


def test_a_truncated_workbook(workbook, write, read):
    whole = workbook({"s": [["id", "text"], *([n, f"text {n}"] for n in range(500))]}).read_bytes()
    with pytest.raises(InputError, match="damaged"):
        read(write("b.xlsx", whole[: len(whole) // 2]))
