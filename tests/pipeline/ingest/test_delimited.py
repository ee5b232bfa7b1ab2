"""CSV and its relatives: separators, quotes, ragged rows, titles above the header."""

from __future__ import annotations

import gzip

import pytest

from pipeline.errors import InputError
from pipeline.ingest.readers.delimited import records


@pytest.mark.parametrize("sep", [",", "\t", ";", "|"])
def test_separator_is_found(write, read, sep):
    rows = [["编号", "内容", "渠道"], ["1", "送餐很慢, 汤洒了; 差评", "外卖"], ["2", "不错", "门店"]]
    text = "\n".join(sep.join(f'"{cell}"' for cell in row) for row in rows)
    result = read(write("a.csv", text))
    assert result.texts == ["送餐很慢, 汤洒了; 差评", "不错"]
    assert [feedback.channel for feedback in result.feedbacks] == ["外卖", "门店"]
    assert result.survey.plans[0].table.info.sep == sep


def test_separator_can_be_given(write, read):
    result = read(write("a.csv", "id^text\n1^fine, thanks\n"), sep="^")
    assert result.texts == ["fine, thanks"]


def test_a_single_column_keeps_its_commas(write, read):
    result = read(write("a.csv", "评论\n好吃,就是慢\n一般般;还行\n"))
    assert result.texts == ["好吃,就是慢", "一般般;还行"]
    assert result.survey.plans[0].table.info.sep is None


def test_line_breaks_and_doubled_quotes_inside_quotes(write, read):
    result = read(write("a.csv", 'id,text\n1,"第一行\n第二行 ""引用"""\r\n2,好\n'))
    assert result.texts == ['第一行\n第二行 "引用"', "好"]
    assert [feedback.origin.row for feedback in result.feedbacks] == [2, 3]


@pytest.mark.parametrize(
    ("broken", "kept"),
    [
        ('3,"it broke,4\n4,"fine, really",5\n', ["1", "2", "4", "5"]),  # closes inside the next row's quotes
        ('3,"it broke,4\n4,fine,5\n', ["1", "2", "4", "5"]),  # never closes
        ('3,"he said "no" to me",4\n4,fine,5\n', ["1", "2", "4", "5"]),  # goes on after the quote
        ('3,"it broke,4\n4,"",5\n', ["1", "2", "5"]),  # the neighbour is empty, and counted as that
    ],
)
def test_a_broken_quote_costs_its_own_row(write, read, broken, kept):
    result = read(write("a.csv", f"id,text,rating(1-5)\n1,good,5\n2,okay,3\n{broken}5,last one,2\n"))
    assert [feedback.external_id for feedback in result.feedbacks] == kept
    assert result.reasons[0] == (4, "malformed_row")
    assert len(result.feedbacks) + len(result.quarantined) == 5


def test_a_stray_quote_that_closes_later_does_not_swallow_sound_rows():
    lines = ['1,"stray,x\n', "2,sound,y\n", '3,other"\n', "4,last,z\n"]
    assert list(records(iter(lines), ",", 3)) == [None, ["2", "sound", "y"], ["3", 'other"'], ["4", "last", "z"]]


def test_ragged_rows(write, read):
    text = "id,text,channel\n1,fine,web\n2,too few\n3,one,too,many\n4,trailing blanks,web,,\n5,fine too,app\n"
    result = read(write("a.csv", text))
    assert result.texts == ["fine", "trailing blanks", "fine too"]
    assert result.reasons == [(3, "malformed_row"), (4, "malformed_row")]
    assert [row.detail for row in result.quarantined] == [
        "2 cells where the header has 3",
        "4 cells where the header has 3",
    ]
    assert all(row.preview == "" for row in result.quarantined)


def test_blank_lines_are_no_rows_but_count(write, read):
    result = read(write("a.csv", "id,text\n\n1,fine\n\n2,good\n\n"))
    assert [feedback.origin.row for feedback in result.feedbacks] == [3, 5]
    assert result.quarantined == []


def test_titles_above_the_header(write, read):
    result = read(write("a.csv", "客户反馈导出,,\n导出时间：2026-10-01,,\n编号,评论内容,渠道\n1,发货快,App\n"))
    assert result.texts == ["发货快"]
    assert result.feedbacks[0].origin.row == 4
    assert result.notes == ["a.csv: the header is row 3; what stands above it is not read"]


def test_compressed(write, read):
    assert read(write("a.csv.gz", gzip.compress("id,text\n1,很好\n".encode()))).texts == ["很好"]


def test_truncated_compression_is_an_input_error(write, read):
    whole = gzip.compress(("id,text\n" + "\n".join(f"{n},很好 {n}" for n in range(1000))).encode())
    with pytest.raises(InputError, match="gzip compression is broken"):
        read(write("a.csv.gz", whole[:-200]))


def test_tsv_with_loose_quotes(write, read):
    result = read(write("a.tsv", 'id\ttext\n1\tthe 5" screen is small\n2\tok then\n'))
    assert result.texts == ['the 5" screen is small', "ok then"]


def test_nul_bytes_and_a_huge_cell(write, read):
    huge = "好" * 3_500_000  # over 10 MB
    result = read(write("a.csv", f"id,text\n1,一\x00二\n2,{huge}\n3,还行\n"))
    assert result.texts == ["一\ufffd二", "还行"]
    assert result.reasons == [(3, "too_long")]
    assert result.quarantined[0].detail == "3,500,000 characters, 20,000 allowed"
    assert len(result.quarantined[0].preview) == 80


def test_a_huge_quoted_cell_of_many_lines(write, read):
    huge = "一行又一行\n" * 300_000
    result = read(write("a.csv", f'id,text\n1,"{huge}"\n2,还行\n'))
    assert result.texts == ["还行"]
    assert result.reasons == [(2, "too_long")]


def test_header_only_is_no_rows_and_a_note(write, read):
    result = read(write("a.csv", "id,text\n"))
    assert result.feedbacks == result.quarantined == []
    assert result.notes == ["a.csv: the file has a header but no rows"]


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "  \n"])
def test_an_empty_file_is_an_error(write, read, content):
    with pytest.raises(InputError, match="the file is empty") as caught:
        read(write("a.csv", content))
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04" + bytes(range(256)) * 4, "ZIP archive or an Excel workbook"),
        (b"%PDF-1.7\n" + bytes(range(256)), "a PDF"),
        (bytes(range(256)) * 40, "control bytes"),
        (gzip.compress(b"id,text\n1,fine\n"), "a gzip file"),
    ],
)
def test_binary_content_named_csv(write, read, content, message):
    with pytest.raises(InputError, match=message):
        read(write("a.csv", content))
