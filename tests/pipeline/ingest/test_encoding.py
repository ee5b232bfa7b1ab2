"""Encodings: recognised by mark or content, overridden by option, bad rows set aside."""

from __future__ import annotations

import io
import random

import pytest

from pipeline.errors import InputError
from pipeline.ingest.encoding import detect

SIMPLIFIED = [
    "送货很快，包装也好",
    "客服一直不回复，差评！",
    "还行吧",
    "味道不错送餐太慢了",
    "APP闪退三次",
    "“品牌”名不副实……",
    "靠谱",
]
TRADITIONAL = ["送貨很快，包裝也好", "客服一直不回覆，差評！", "還可以", "味道不錯", "價格太貴了", "門市人員態度親切"]
ENGLISH = ["The café doesn’t open on Sundays", "It’s £5 – too much", "“Great” they said…", "naïve staff, cliché food"]


def _detected(text: str, encoding: str) -> str:
    return detect(io.BytesIO(text.encode(encoding)), where="a.csv").encoding


@pytest.mark.parametrize("text", SIMPLIFIED)
@pytest.mark.parametrize("header", ["编号,内容", "id,text"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk"])
def test_a_single_simplified_row_is_enough(header, text, encoding):
    wanted = {"gbk": "gb18030"}.get(encoding, encoding)
    assert _detected(f"{header}\n1,{text}\n", encoding) == wanted


@pytest.mark.parametrize("text", TRADITIONAL)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "big5", "gb18030"])
def test_a_single_traditional_row_is_enough(text, encoding):
    wanted = {"big5": "big5hkscs"}.get(encoding, encoding)
    assert _detected(f"編號,內容\n1,{text}\n", encoding) == wanted


@pytest.mark.parametrize("text", ENGLISH)
def test_western_typography(text):
    assert _detected(f"id,text\n1,{text}\n", "cp1252") == "cp1252"


def test_emoji_and_rare_characters_in_gb18030():
    assert _detected("id,text\n1,太好吃了😋😋\n2,𠮷野家不错\n", "gb18030") == "gb18030"


def test_plain_ascii_is_utf8():
    assert _detected("id,text\n1,fine\n", "ascii") == "utf-8"


def test_nul_bytes_do_not_make_utf16():
    assert _detected("id,text\n1,fi\x00ne\n2,go\x00od\n3,\x00\x00\n", "utf-8") == "utf-8"


def test_the_rows_of_a_gbk_file_come_out_right(write, read):
    result = read(write("a.csv", "编号,评论内容\n1,客服态度好\n2,退款慢\n", encoding="gbk"))
    assert result.texts == ["客服态度好", "退款慢"]
    assert result.survey.plans[0].table.info.encoding_found_by == "content"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_undecodable_rows_are_set_aside(write, read, encoding):
    rows = [f"{n},这一行没有问题 {n}".encode(encoding) for n in range(1, 6)]
    rows[2] = b"3," + "坏".encode(encoding)[:-1] + b"\xff\xff bad"
    result = read(write("a.csv", b"id,text\n" + b"\n".join(rows) + b"\n"))
    assert [feedback.external_id for feedback in result.feedbacks] == ["1", "2", "4", "5"]
    assert result.reasons == [(4, "undecodable")]
    assert encoding in result.quarantined[0].detail


def test_undecodable_lines_of_json(write, read):
    result = read(
        write("a.jsonl", '{"text": "好"}\n{"text": "'.encode() + b"\xff\xfe" + '"}\n{"text": "行"}\n'.encode())
    )
    assert result.texts == ["好", "行"]
    assert result.reasons == [(2, "undecodable")]


def test_the_option_wins(write, read):
    path = write("a.csv", "編號,內容\n1,還可以\n", encoding="big5")
    assert read(path, encoding="big5").texts == ["還可以"]
    assert read(path, encoding="big5").survey.plans[0].table.info.encoding_found_by == "option"


def test_an_unknown_option_names_the_remedy(write, read):
    with pytest.raises(InputError, match="unknown encoding") as caught:
        read(write("a.csv", "id,text\n1,a\n"), encoding="gb-nonsense")
    assert "--encoding" in str(caught.value)


def test_korean_is_not_read_as_chinese():
    text = "배송이 빨라서 좋았어요. 고객 센터 응대가 너무 느리고 불친절했습니다."
    try:
        assert _detected(f"id,text\n1,{text}\n", "euc_kr") not in ("gb18030", "big5hkscs")
    except InputError as error:
        assert "--encoding" in str(error)


def test_what_is_no_language_is_not_guessed():
    generator = random.Random(7)
    noise = bytes(generator.randrange(128, 256) for _ in range(1000))
    with pytest.raises(InputError, match="encoding is not recognised"):
        detect(io.BytesIO(b"id,text\n1," + noise), where="a.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_declared_encoding_that_does_not_fit_is_named(write, read, name, encoding):
    text = {"a.csv": "编号,评论内容\n1,很好\n", "a.jsonl": '{"编号": 1, "评论内容": "很好"}\n'}[name]
    with pytest.raises(InputError, match=f"a.*: the file is not in the encoding {encoding}:") as caught:
        read(write(name, text, encoding="gb18030"), encoding=encoding)
    assert "--encoding" in str(caught.value)


def test_a_broken_byte_in_a_header_that_is_recognised_costs_nothing(write, read):
    content = "id,text,r\xe9gion\n1,café,x\n2,déjà vu,y\n".encode().replace("é".encode(), b"\xe9", 1)
    assert len(read(write("a.csv", content)).feedbacks) == 2
