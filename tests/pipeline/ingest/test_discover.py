"""Discovery: files, directories, standard input, and what is not read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.ingest import places
from pipeline.ingest.discover import discover, distinct_labels


def test_directories_are_searched_in_name_order(write, tmp_path):
    for name in (
        "b/2.csv",
        "b/10.jsonl.gz",
        "a.xlsx",
        "z.PARQUET",
        "notes.docx",
        ".hidden.csv",
        ".git/x.csv",
        "~$a.xlsx",
    ):
        write(name, "x")
    found = discover([tmp_path])
    assert [(item.place.name, item.format, item.named) for item in found.files] == [
        ("a.xlsx", "xlsx", False),
        ("10.jsonl.gz", "jsonl", False),
        ("2.csv", "csv", False),
        ("z.PARQUET", "parquet", False),
    ]
    assert [path.name for path in found.ignored] == ["notes.docx"]


def test_a_file_given_twice_is_read_once_and_counts_as_named(write, tmp_path):
    path = write("a.csv", "x")
    (item,) = discover([tmp_path, path, path]).files
    assert item.named


def test_a_files_name_depends_on_no_other_file(write, tmp_path):
    write("2025/1/a.csv", "x")
    assert [item.label for item in discover([tmp_path]).files] == ["2025/1/a.csv"]
    later = write("2026/1/a.csv", "x")
    assert [item.label for item in discover([tmp_path]).files] == ["2025/1/a.csv", "2026/1/a.csv"]
    assert [item.label for item in discover([later], roots=[tmp_path]).files] == ["2026/1/a.csv"]
    assert [item.label for item in discover([later]).files] == ["a.csv"]


def test_files_of_one_name_in_two_places_are_told_apart(write, tmp_path):
    places = [write("app/a.csv", "x").parent, write("care/a.csv", "x").parent]
    assert [item.label for item in distinct_labels(discover(places).files)] == ["app/a.csv", "care/a.csv"]


def test_a_missing_path(tmp_path):
    with pytest.raises(InputError, match="no such file") as caught:
        discover([tmp_path / "none.csv"])
    assert caught.value.exit_code == 3


def test_a_directory_without_readable_files(write, tmp_path):
    write("a.docx", "x")
    with pytest.raises(InputError, match=r"holds no file that is read, only 1 \.docx"):
        discover([tmp_path])


@pytest.mark.parametrize(
    ("name", "advice"), [("a.xls", "save it as .xlsx"), ("a.zip", "unpack it"), ("a.docx", ".jsonl")]
)
def test_other_kinds_named_explicitly(write, name, advice):
    with pytest.raises(InputError, match="not read") as caught:
        discover([write(name, "x")])
    assert advice in str(caught.value)


def test_nothing_given():
    with pytest.raises(InputError, match="no input given"):
        discover([])


def test_standard_input(monkeypatch, read):
    class Stdin:
        buffer = io.BytesIO('{"text": "好", "id": 1}\n{"text": "差", "id": 2}\n'.encode())

    places._standard_input.cache_clear()
    monkeypatch.setattr("sys.stdin", Stdin)
    result = read(Path("-"))
    assert result.texts == ["好", "差"]
    assert result.feedbacks[0].origin.file == "stdin"
    places._standard_input.cache_clear()


def test_empty_standard_input(monkeypatch, read):
    class Stdin:
        buffer = io.BytesIO(b"")

    places._standard_input.cache_clear()
    monkeypatch.setattr("sys.stdin", Stdin)
    with pytest.raises(InputError, match="stdin: the file is empty"):
        read(Path("-"))
    places._standard_input.cache_clear()
