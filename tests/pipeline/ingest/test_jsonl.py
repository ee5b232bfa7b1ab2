"""JSON Lines and JSON arrays."""

from __future__ import annotations

import gzip
import json

import pytest

from pipeline.errors import InputError


def test_lines(write, read):
    lines = [{"id": 1, "text": "好"}, {"id": 2, "text": "fine", "channel": "app"}]
    result = read(write("a.jsonl", "\n".join(json.dumps(line) for line in lines)))
    assert result.texts == ["好", "fine"]
    assert [feedback.external_id for feedback in result.feedbacks] == ["1", "2"]
    assert result.feedbacks[1].channel == "app"


def test_bad_lines_cost_themselves(write, read):
    lines = ['{"text": "good"}', '{"text": "cut off', "[1, 2]", '"a string"', "", '{"text": "fine"}', "[" * 100_000]
    result = read(write("a.jsonl", "\n".join(lines)))
    assert result.texts == ["good", "fine"]
    assert result.reasons == [(2, "malformed_row"), (3, "malformed_row"), (4, "malformed_row"), (7, "malformed_row")]
    assert all(row.preview == "" and "cut off" not in row.detail for row in result.quarantined)


def test_lone_surrogates_and_nul_become_replacement_characters(write, read):
    content = r'{"text": "a\ud83db\u0000c 😋 \ud83d\ude0b"}'
    (feedback,) = read(write("a.jsonl", content)).feedbacks
    assert feedback.text == "a\ufffdb\ufffdc 😋 😋"


def test_text_that_is_no_text(write, read):
    result = read(write("a.jsonl", '{"text": {"a": 1}}\n{"text": 5}\n{"text": null}\n{"n": 4}\n{"text": ["x"]}'))
    assert result.texts == ["5"]
    assert result.reasons == [(1, "not_text"), (3, "empty_text"), (4, "empty_text"), (5, "not_text")]


def test_a_key_that_appears_late_is_a_column(write, read):
    lines = ['{"text": "好"}'] * 3000 + ['{"text": "差", "product": "空调"}']
    assert read(write("a.jsonl", "\n".join(lines))).feedbacks[-1].product == "空调"


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_array(write, read, name, indent):
    items = [{"text": f"第 {n} 条, [x] {{y}}", "n": n} for n in range(3000)]
    result = read(write(name, json.dumps(items, indent=indent, ensure_ascii=False)))
    assert result.texts == [item["text"] for item in items]
    assert result.feedbacks[2].origin.row == 3


def test_an_array_with_other_elements_and_a_huge_one(write, read):
    content = '[{"text": "good"}, 12345, {"text": "' + "x" * 3_000_000 + '"}, null, {"text": "fine"}]'
    result = read(write("a.json", content))
    assert result.texts == ["good", "fine"]
    assert result.reasons == [(2, "malformed_row"), (3, "too_long"), (4, "malformed_row")]


@pytest.mark.parametrize("content", ['[{"text": "good"}, {"text": "cu', '[{"text": "good"} nonsense]', "[{]"])
def test_a_broken_array_is_an_error(write, read, content):
    with pytest.raises(InputError, match="breaks off or is not valid after element"):
        read(write("a.json", content))


def test_lines_in_a_file_named_json(write, read):
    assert read(write("a.json", '{"text": "good"}\n{"text": "fine"}\n')).texts == ["good", "fine"]


def test_no_json_at_all(write, read):
    with pytest.raises(InputError, match="no JSON object found"):
        read(write("a.jsonl", "id,text\n1,good\n"))


def test_an_empty_array(write, read):
    with pytest.raises(InputError, match="no JSON object found"):
        read(write("a.json", "[]"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_encodings(write, read, encoding):
    assert read(write("a.jsonl", '{"text": "退款太慢"}\n{"text": "好"}\n', encoding=encoding)).texts == [
        "退款太慢",
        "好",
    ]


def test_compressed(write, read):
    assert read(write("a.jsonl.gz", gzip.compress('{"text": "好"}'.encode()))).texts == ["好"]


def test_line_separators_inside_strings_do_not_split(write, read):
    assert read(write("a.jsonl", '{"text": "a\u2028b\u0085c"}\n')).texts == ["a\u2028b\u0085c"]
