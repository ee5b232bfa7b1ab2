"""The facts for `cxi check`."""

from __future__ import annotations

import pytest

from pipeline.config import Config, Input
from pipeline.errors import InputError
from pipeline.ingest.check import check
from pipeline.privacy.masker import Masker


@pytest.fixture
def look(masker):
    def _look(*paths, **options):
        source = Input.model_validate({"paths": list(paths), **options})
        return check([source], config=Config(timezone="Asia/Shanghai"), masker=masker)

    return _look


def test_a_table_in_full(write, look):
    rows = [
        "1,电话13812345678没人接,2026/10/1 9:30,5,热线,x",
        "2,The app is slow and crashes,2026/10/3 9:30,1,App,x",
        "3,......,2026/10/2,3,App,x",
        "4,贵,2026/13/2,3,App,x",
        "1,电话13812345678没人接,2026/10/1 9:30,5,热线,x",
    ]
    found = look(
        write("a.csv", "编号;评论;时间;评分(1-5);渠道;备用\n".replace(";", ",") + "\n".join(rows), encoding="gbk")
    )
    (facts,) = found.files
    assert (facts.file, facts.format, facts.encoding, facts.sep, facts.header_row) == (
        "a.csv",
        "csv",
        "gb18030",
        ",",
        1,
    )
    assert [(use.column, use.field) for use in facts.columns] == [
        ("编号", "id"),
        ("评论", "text"),
        ("时间", "time"),
        ("评分(1-5)", "rating"),
        ("渠道", "channel"),
        ("备用", None),
    ]
    assert (facts.rows, facts.feedbacks, facts.repeated) == (5, 3, 1)
    assert facts.languages == {"zh": 2, "en": 1}
    assert {reason: refusals.count for reason, refusals in facts.quarantined.items()} == {"not_text": 1, "bad_date": 1}
    (dates,) = facts.dates
    assert (str(dates.first), str(dates.last)) == ("2026-10-01 09:30:00+08:00", "2026-10-03 09:30:00+08:00")
    assert dates.forms == {"year first": 4, "unreadable": 1}
    (scores,) = facts.scores
    assert (scores.scale_from, scores.scales) == ("column name", {(1, 5, True): 3})
    assert facts.identified_by == "id column 编号"
    assert facts.previews[0].text == "电话[PHONE]没人接"
    assert facts.previews[0].facts["rating"] == "5 (1-5)"
    assert "13812345678" not in repr(found)
    assert (found.feedbacks, found.quarantined) == (3, 2)


def test_examples_and_previews_are_few(write, look):
    (facts,) = look(write("a.csv", "text\n" + "。。。\n" * 10 + "好\n" * 10)).files
    assert facts.quarantined["not_text"].count == 10
    assert len(facts.quarantined["not_text"].examples) == 3
    assert len(facts.previews) == 3
    assert facts.identified_by == "all mapped columns (no id column)"


def test_long_texts_are_shortened(write, look):
    (facts,) = look(write("a.csv", f"text\n{'很长的一段话' * 100}\n")).files
    assert len(facts.previews[0].text) == 80


def test_a_directory_with_other_and_broken_files(write, look, tmp_path):
    write("in/a.csv", "text\n好\n")
    write("in/b.csv", "")
    write("in/c.md", "x")
    found = look(tmp_path / "in")
    assert [facts.file for facts in found.files] == ["a.csv"]
    assert [(row.origin.file, row.detail) for row in found.unreadable] == [("b.csv", "the file is empty")]
    assert found.ignored == ["c.md"]


def test_names_are_masked(write, look, tmp_path):
    header = "编号,评论,日期（13812345678）,评分(1-5)（13812345678）,问13812345678,问13912345678"
    write("in/隐私_13812345678.csv", header + "\n1,好,03/04/2026,5,x,y\n2,,03/04/2026,5,x,y\n3,差,32/13/2026,5,x,y\n")
    write("in/隐私_13912345678.csv", "text\nfine\n")
    write("in/13812345678.csv", "13812345678,x\n1,2\n")
    write("in/13812345678.md", "x")
    found = look(tmp_path / "in", columns={"attributes": []})
    assert [facts.file for facts in found.files] == ["隐私_[PHONE].csv", "隐私_[PHONE].csv (2)"]
    assert [facts.feedbacks for facts in found.files] == [1, 1]
    assert [row.origin.file for row in found.unreadable] == ["[PHONE].csv"]
    assert found.ignored == ["[PHONE].md"]
    assert [use.column for use in found.files[0].columns][-2:] == ["问[PHONE]", "问[PHONE] (2)"]
    assert found.files[0].dates[0].column == "日期（[PHONE]）"
    assert "12345678" not in repr(found)


def test_masked_values_are_counted_by_kind(write):
    path = write("a.csv", "text\n请打13812345678或 13912345678\nmail me at zhang.san@example.com\n好\n")
    (facts,) = check([Input(paths=[path])], config=Config(), masker=Masker()).files
    assert facts.masked == {"PHONE": 2, "EMAIL": 1}


def test_repeated_keys_are_told_apart_by_content(write, look):
    (facts,) = look(write("a.csv", "编号,评论\n1,好\n1,好\n1,差\n2,慢\n")).files
    assert (facts.feedbacks, facts.repeated, facts.changed) == (4, 2, 1)


def test_notes_are_passed_on(write, look):
    (facts,) = look(write("a.csv", "text,评分\n好,5\n")).files
    assert "its scale is not declared" in facts.notes[0]
    assert facts.scores[0].refused is not None


def test_errors_are_the_same_as_in_a_run(write, look):
    with pytest.raises(InputError, match="no text column recognised"):
        look(write("a.csv", "x,y\n1,2\n"))
