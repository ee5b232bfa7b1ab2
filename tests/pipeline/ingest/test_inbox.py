"""A watched directory: what is taken, what is left, and where it goes afterwards. Nothing is ever overwritten."""

from __future__ import annotations

import os
import time
from datetime import date
from types import SimpleNamespace

import pytest

from pipeline.config import Config, Input
from pipeline.errors import InputError
from pipeline.ingest.inbox import discover_inbox, kept_files, put_away
from pipeline.ingest.read import read_feedback

DAY = date(2026, 11, 26)
NOW = time.time()


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def deliver(inbox, name, content="id,text\n1,good\n", *, age=3600.0):
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    os.utime(path, (NOW - age, NOW - age))
    return path


def names(discovery):
    return [file.label for file in discovery.files]


def tree(inbox):
    return sorted(str(path.relative_to(inbox)) for path in inbox.rglob("*") if path.is_file())


@pytest.fixture
def taken(inbox, masker, hasher):
    """Read the inbox to its end, and put its files away. Returns the reading and the notes."""

    def take(change=lambda: None):
        reading = read_feedback([Input(inbox=inbox)], config=Config(), masker=masker, hasher=hasher)
        items = list(reading.items())
        change()
        return reading, items, put_away(reading.arrivals, day=DAY)

    return take


def test_an_empty_inbox_is_normal(inbox, taken):
    reading, items, notes = taken()
    assert (reading.survey.rows, items, notes) == (0, [], ())


def test_a_missing_inbox_is_an_error(tmp_path):
    with pytest.raises(InputError, match="there is no such inbox"):
        discover_inbox(tmp_path / "none", settle_seconds=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="not a directory"):
        discover_inbox(tmp_path / "file", settle_seconds=0)


def test_what_is_still_being_written_is_left(inbox, monkeypatch):
    for name in (
        "a.csv",
        "b.csv.part",
        "c.tmp",
        "d.csv.crdownload",
        ".e.csv",
        "notes.docx",
        "archive/f.csv",
        "failed/g.csv",
    ):
        deliver(inbox, name)
    seen = deliver(inbox, "tomorrow.csv", age=-86_400).stat().st_ctime  # a clock that runs ahead: this machine's counts
    now = seen + 30
    monkeypatch.setattr("pipeline.ingest.inbox.time", SimpleNamespace(time=lambda: now))
    deliver(inbox, "young.csv", age=NOW - now + 59)
    deliver(inbox, "old.csv", age=NOW - now + 61)
    found = discover_inbox(inbox, settle_seconds=60)
    assert names(found) == ["a.csv", "old.csv"]
    assert [path.name for path in found.ignored] == ["notes.docx"]
    (note,) = found.notes
    assert note.startswith("b.csv.part, c.tmp, d.csv.crdownload, tomorrow.csv, young.csv left for the next run")
    assert names(discover_inbox(inbox, settle_seconds=0)) == ["a.csv", "old.csv", "tomorrow.csv", "young.csv"]


def test_read_files_go_to_the_archive_and_broken_ones_to_failed_with_a_reason(inbox, taken):
    deliver(inbox, "good.csv")
    deliver(inbox, "sub/more.jsonl", '{"id": 2, "text": "slow"}\n')
    deliver(inbox, "13812345678.csv", "我的电话13812345678很慢,another\n这是反馈,太差\n")
    deliver(inbox, "broken.xlsx", "no workbook")
    _, items, notes = taken()
    assert notes == ()
    assert [item.reason for item in items if hasattr(item, "reason")] == ["unreadable_file"] * 2
    assert tree(inbox) == [
        "archive/2026-11-26/good.csv",
        "archive/2026-11-26/sub/more.jsonl",
        "failed/2026-11-26/13812345678.csv",
        "failed/2026-11-26/13812345678.csv.reason.txt",
        "failed/2026-11-26/broken.xlsx",
        "failed/2026-11-26/broken.xlsx.reason.txt",
    ]
    reason = (inbox / "failed/2026-11-26/13812345678.csv.reason.txt").read_text(encoding="utf-8")
    assert reason.startswith("no text column recognised\nremedy: ")
    assert "很慢" not in reason  # a file without header has feedback in its first row
    assert kept_files(inbox) == [inbox / name for name in tree(inbox) if not name.endswith(".reason.txt")]


def test_a_name_delivered_twice_keeps_its_label_and_overwrites_nothing(inbox, taken):
    for content in ("id,text\n1,good\n", "id,text\n2,bad\n", "id,text\n3,slow\n"):
        deliver(inbox, "a.csv.gz" if "3" in content else "a.csv", content)
        if "3" in content:
            (inbox / "a.csv.gz").rename(inbox / "a.csv")
        _, (item,), _ = taken()
        assert item.origin.file == "a.csv"
    day = inbox / "archive" / DAY.isoformat()
    found = {path.name: path.read_text() for path in day.iterdir()}
    assert found == {
        "a.csv": "id,text\n1,good\n",
        "a (2).csv": "id,text\n2,bad\n",
        "a (3).csv": "id,text\n3,slow\n",
    }


def test_a_second_failure_of_a_name_keeps_both_reasons(inbox, taken):
    for content in ("one", "two"):
        deliver(inbox, "a.xlsx", content)
        taken()
    day = inbox / "failed" / DAY.isoformat()
    assert (day / "a.xlsx").read_text() == "one"
    assert (day / "a (2).xlsx").read_text() == "two"
    assert (day / "a (2).xlsx.reason.txt").exists()


def test_killed_while_moving(inbox, taken, monkeypatch):
    """The name in the archive is taken with an empty file first: a kill before the move leaves both."""
    deliver(inbox, "a.csv")

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("pathlib.Path.replace", die)
        taken()
    assert tree(inbox) == ["a.csv", "archive/2026-11-26/a.csv"]
    _, (item,), notes = taken()
    assert (item.external_id, notes) == ("1", ())
    assert (inbox / "archive/2026-11-26/a (2).csv").read_text() == "id,text\n1,good\n"


def test_a_file_that_has_grown_meanwhile_stays(inbox, taken):
    path = deliver(inbox, "a.csv")
    _, _, (note,) = taken(lambda: path.write_text("id,text\n1,good\n2,more\n"))
    assert "changed while it was read" in note
    assert tree(inbox) == ["a.csv"]


def test_a_file_that_has_gone_meanwhile_is_said(inbox, taken):
    path = deliver(inbox, "a.csv")
    _, _, (note,) = taken(path.unlink)
    assert "gone from the inbox" in note


def test_a_place_that_cannot_be_moved_to_is_said_and_nothing_is_lost(inbox, taken):
    deliver(inbox, "a.csv")
    (inbox / "archive").write_text("in the way")
    os.utime(inbox / "archive", (NOW, NOW))
    _, _, (note,) = taken()
    assert "cannot be moved" in note
    assert (inbox / "a.csv").read_text() == "id,text\n1,good\n"
