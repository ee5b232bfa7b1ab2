"""Every reader of JSON lines says which line is wrong, and which file cannot be read."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from models.errors import GoldError
from models.jsonl import records

LINES = '{"id": "a", "text": "好"}\n\n \n{"id": "b"}\n'


def test_objects_come_with_the_number_of_their_line(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz"
    plain.write_text(LINES, encoding="utf-8")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(records(plain)) == list(records(packed)) == [(1, {"id": "a", "text": "好"}), (4, {"id": "b"})]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON: "),
        ('{"id": "a"} {}', "not JSON: "),
        ("9" * 5000, "not JSON: "),
        ("[1]", "an object is expected, not list"),
        ("null", "an object is expected, not NoneType"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(LINES + line + "\n", encoding="utf-8")
    with pytest.raises(GoldError) as caught:
        list(records(path))
    assert str(caught.value).startswith(f"{path}, line 5: {message}")


PACKED = gzip.compress(LINES.encode() * 50)


@pytest.mark.parametrize(
    "content",
    [
        PACKED[:-12],
        PACKED[:10] + b"\xff" * 20,
        b"{}\n",
        gzip.compress(b"\xe9\n"),
    ],
    ids=["cut short", "overwritten", "not compressed", "not UTF-8"],
)
def test_damaged_files_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(GoldError) as caught:
        list(records(path))
    assert str(caught.value).startswith(f"{path}: cannot be read: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"none\.jsonl: cannot be read"):
        list(records(tmp_path / "none.jsonl"))
