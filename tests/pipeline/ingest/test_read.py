"""From files to feedbacks: what a row becomes, keys, several verbatims, files that cannot be read."""

from __future__ import annotations

import errno
import io
import json
import os
from collections import Counter
from itertools import product

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config import Config, Input
from pipeline.errors import InputError, UnavailableError
from pipeline.ingest.discover import discover
from pipeline.ingest.opening import cannot_read
from pipeline.ingest.read import read_feedback
from pipeline.privacy.masker import Masker
from pipeline.records import QUARANTINE_REASONS


def test_a_row_in_full(write, read):
    text = (
        "编号,评论,时间,渠道,产品,城市,客户编号,更新时间,备用\n"
        "A-1,  打13812345678没人接 ,2026-10-01 09:30,热线,空调,上海,C7,2026-10-02,x\n"
    )
    (feedback,) = read(write("a.csv", text), columns={"attributes": ["备用"]}, name="export").feedbacks
    assert feedback.text == "  打[PHONE]没人接 "
    assert (feedback.external_id, feedback.source, feedback.language) == ("A-1", "export", "zh")
    assert (feedback.channel, feedback.product, feedback.region) == ("热线", "空调", "上海")
    assert feedback.occurred_at.isoformat() == "2026-10-01T09:30:00+08:00"
    assert feedback.updated_at.isoformat() == "2026-10-02T00:00:00+08:00"
    assert feedback.attributes == {"备用": "x"}
    assert feedback.customer is not None
    assert "C7" not in feedback.customer
    assert len(feedback.key) == 32
    assert (feedback.origin.file, feedback.origin.row) == ("a.csv", 2)


def test_personal_data_is_masked_wherever_it_stands(write, read):
    text = "id,text,channel,product,region,客户\n" + ",".join(["13812345678"] * 6) + "\n"
    (feedback,) = read(write("a.csv", text), columns={"attributes": []}).feedbacks
    assert "13812345678" not in repr(feedback)
    assert feedback.external_id == "[PHONE]"


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [
        ("shop-75b13812345678", "shop-75b13812345678"),
        ("13812345678-a0b1-4c2d-8e3f-13812345678a", "[PHONE]-a0b1-4c2d-8e3f-13812345678a"),
        ("13812345-0138-4123-8138-138123456780", "13812345-0138-4123-8138-138123456780"),
        ("user13812345678", "user[PHONE]"),
        ("13812345678", "[PHONE]"),
    ],
)
def test_hashes_in_ids_are_not_taken_for_phone_numbers(write, read, given_id, kept):
    assert read(write("a.csv", f"id,text\n{given_id},fine\n")).feedbacks[0].external_id == kept


def test_personal_data_is_masked_in_what_is_set_aside(write, read):
    bad = ["1,好 13812345678,13812345678", "2,……13812345678,2026-10-01", ",问 13812345678,2026-10-01"]
    text = "\n".join(["id,text,time", *bad, "4,好,2026-10-01", ""])
    result = read(write("a.csv", text + "5,好,2026-10-01\n6,好,2026-10-01\n"))
    assert [row.reason for row in result.quarantined] == ["bad_date", "missing_id"]
    assert "13812345678" not in repr(result.quarantined)
    assert "[PHONE]" in result.quarantined[0].preview


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty_text"),
        ("   ", "empty_text"),
        ("NULL", "empty_text"),
        ("nan", "empty_text"),
        ("......", "not_text"),
        ("？？！", "not_text"),
        ("👍", None),
        ("★★★★★", None),
        ("5", None),
        ("无", None),
        ("好" * 20_000, None),
        ("好" * 20_001, "too_long"),
    ],
)
def test_texts_that_say_nothing(write, read, text, reason):
    result = read(write("a.csv", f"id,text\n1,{text}\n2,ok\n"))
    assert result.reasons == ([] if reason is None else [(2, reason)])
    assert len(result.feedbacks) + len(result.quarantined) == 2


def test_the_limit_is_configurable(write, read):
    assert read(write("a.csv", "id,text\n1,12345\n2,123456\n"), max_chars=5).reasons == [(3, "too_long")]


def test_text_without_letters_is_in_the_language_of_its_file(write, read):
    assert [f.language for f in read(write("a.csv", "text\n很好\n👍\n5\n")).feedbacks] == ["zh", "zh", "zh"]
    assert [f.language for f in read(write("b.csv", "text\ngood\nfine\n👍\n")).feedbacks] == ["en", "en", "en"]
    assert [f.language for f in read(write("c.csv", "text\nดีมาก\nช้ามาก\n👍\n")).feedbacks] == ["other"] * 3


def test_several_verbatims(write, read):
    text = "编号,Q1,Q2,渠道\n1,快,慢,App\n2,,只有这个,App\n3,,,App\n4,......,贵,App\n"
    result = read(write("a.csv", text), columns={"text": ["Q1", "Q2"]})
    assert [(f.external_id, f.question, f.text) for f in result.feedbacks] == [
        ("1", "Q1", "快"),
        ("1", "Q2", "慢"),
        ("2", "Q2", "只有这个"),
        ("4", "Q2", "贵"),
    ]
    assert len(set(result.keys)) == 4
    assert [row.reason for row in result.quarantined] == ["empty_text", "not_text"]
    assert [row.column for row in result.quarantined] == [None, "Q1"]
    first, second, third, _ = result.feedbacks
    assert first.respondent == second.respondent != third.respondent


def test_rows_of_one_customer_are_one_respondent(write, read):
    text = "id,text,user_id\n1,a b,u1\n2,c d,u1\n3,e f,u2\n4,g h,匿名用户\n5,i j,匿名用户\n6,k l,\n"
    feedbacks = read(write("a.csv", text)).feedbacks
    respondents = [feedback.respondent for feedback in feedbacks]
    assert respondents[0] == respondents[1]
    assert len(set(respondents)) == 5
    assert [feedback.customer is None for feedback in feedbacks] == [False, False, False, True, True, True]


def test_the_source_column_and_the_name_of_the_input(write, read):
    result = read(write("a.csv", "id,text,source\n1,good,shop\n1,good,\n"), name="export")
    assert [feedback.source for feedback in result.feedbacks] == ["shop", "export"]
    assert len(set(result.keys)) == 2


def test_a_question_column_tells_answers_of_one_id_apart(write, read):
    result = read(write("a.jsonl", '{"id":1,"question":"Why?","text":"slow"}\n{"id":1,"question":"Else?","text":"no"}'))
    assert [feedback.question for feedback in result.feedbacks] == ["Why?", "Else?"]
    assert len(set(result.keys)) == 2


# identity


def test_equal_rows_without_id_stay_apart(write, read):
    result = read(write("a.csv", "评论,渠道\n" + "很好,App\n" * 500))
    assert len(set(result.keys)) == 500
    assert len({feedback.respondent for feedback in result.feedbacks}) == 500
    assert len({feedback.content_hash for feedback in result.feedbacks}) == 1


def test_keys_do_not_depend_on_name_place_or_later_rows(write, read):
    rows = "很好,App\n慢,门店\n很好,App\n"
    before = read(write("a.csv", f"评论,渠道\n{rows}"))
    after = read(write("renamed.csv", f"客户反馈\n\n评论,渠道\n{rows}贵,App\n很好,App\n"))
    assert after.keys[:3] == before.keys


def test_keys_do_not_depend_on_the_format_or_the_column_names(write, read):
    csv = read(write("a.csv", "评论,星级,时间\n很好,5,2026-10-01\n"))
    jsonl = read(write("a.jsonl", json.dumps({"created_at": "2026-10-01", "stars": 5.0, "text": "很好"})))
    assert csv.keys == jsonl.keys


def test_keys_without_id_do_not_depend_on_settings(write, read):
    path = write("a.csv", "text,date,score\nfine,03/04/2026,4\n")
    plain = read(path)
    settled = read(path, day_first=True, scales={"rating": {"low": 1, "high": 5}}, timezone="UTC")
    assert plain.keys == settled.keys
    assert plain.feedbacks[0].content_hash != settled.feedbacks[0].content_hash


def test_the_same_id_keeps_its_key_when_the_content_changes(write, read):
    old = read(write("a.csv", "id,text,channel\n1,good,web\n"))
    new = read(write("a.csv", "id,text,channel\n1,good,app\n"))
    later = read(write("a.csv", "id,text,channel,updated_at\n1,good,app,2026-10-05\n"))
    assert old.keys == new.keys == later.keys
    assert old.feedbacks[0].content_hash != new.feedbacks[0].content_hash == later.feedbacks[0].content_hash


def test_every_other_mapped_column_is_part_of_the_content(write, read):
    base = {
        "id": "1",
        "text": "ok",
        "channel": "a",
        "product": "b",
        "region": "c",
        "stars": 4,
        "time": "2026-10-01",
        "user_id": "u",
    }
    changed = [
        base,
        *(
            base | {name: value}
            for name, value in (("text", "no"), ("channel", "x"), ("product", "x"), ("region", "x"))
        ),
    ]
    changed += [base | {"stars": 5}, base | {"time": "2026-10-02"}, base | {"user_id": "v"}]
    result = read(write("a.jsonl", "\n".join(map(json.dumps, changed))))
    assert len({feedback.content_hash for feedback in result.feedbacks}) == len(changed)
    assert len(set(result.keys)) == 1


def test_occurrences_run_over_all_files_of_a_source(write, read):
    one, two = write("a.csv", "text\nfine\n"), write("b.csv", "text\nfine\n")
    assert len(set(read([one, two]).keys)) == 2
    assert read(one).keys == read(two).keys


# files


def test_a_named_file_that_cannot_be_read_stops_before_the_first_row(write, read):
    good = write("a.csv", "id,text\n1,fine\n")
    with pytest.raises(InputError, match=r"b\.csv"):
        read([good, write("b.csv", "")])


def test_a_found_file_that_cannot_be_read_is_set_aside(write, read, tmp_path):
    write("in/a.csv", "id,text\n1,fine\n")
    write("in/b.csv", "")
    write("in/c.csv", "x,y\n1,2\n")
    write("in/d.pdf", "x")
    result = read(tmp_path / "in")
    assert result.texts == ["fine"]
    assert [(row.origin.file, row.origin.row, row.reason) for row in result.quarantined] == [
        ("b.csv", 0, "unreadable_file"),
        ("c.csv", 0, "unreadable_file"),
    ]
    assert [path.name for path in result.survey.ignored] == ["d.pdf"]


def test_a_directory_where_nothing_can_be_read(write, read, tmp_path):
    write("in/a.csv", "")
    write("in/b.xlsx", "nonsense")
    with pytest.raises(InputError, match="none of 2 files can be read"):
        read(tmp_path / "in")


def test_a_file_without_header_does_not_show_its_feedback(write, read):
    with pytest.raises(InputError) as caught:
        read(write("a.txt", "我的电话是13812345678，请尽快回电处理退款问题\n第二条反馈\n"))
    assert "13812345678" not in str(caught.value)


def test_files_of_one_name_in_two_sources_are_told_apart(write, masker, hasher):
    sources = [Input(name=name, paths=[write(f"{name}/a.csv", "text\nfine\n")]) for name in ("shop", "app")]
    items = list(read_feedback(sources, config=Config(), masker=masker, hasher=hasher).items())
    assert [(item.source, item.origin.file) for item in items] == [("shop", "shop/a.csv"), ("app", "app/a.csv")]


def test_names_are_masked_where_they_are_stored(write, read):
    text = "编号,评论,日期,问13812345678,问13912345678\n1,好,2026-10-01,甲,乙\n2,行,2026-10-02,,\n3,可,1900-01-01,,\n"
    paths = [write(f"隐私_{phone}.csv", text) for phone in ("13812345678", "13912345678")]
    result = read(paths, columns={"attributes": ["问13812345678", "问13912345678"]})
    first = result.feedbacks[0]
    assert first.attributes == {"问[PHONE]": "甲", "问[PHONE] (2)": "乙"}
    assert [feedback.origin.file for feedback in result.feedbacks[::2]] == ["隐私_[PHONE].csv", "隐私_[PHONE].csv (2)"]
    assert [row.origin.file for row in result.quarantined] == ["隐私_[PHONE].csv", "隐私_[PHONE].csv (2)"]
    assert [plan.file.label for plan in result.survey.plans] == ["隐私_[PHONE].csv", "隐私_[PHONE].csv (2)"]


def test_column_names_are_masked_in_notes_and_in_what_is_set_aside(write, read):
    name = "日期（13812345678）"
    result = read(write("a.csv", f"id,text,{name}\n1,good,2026-10\n2,fine,2026-11\n3,slow,soon\n"))
    assert [row.column for row in result.quarantined] == ["日期（[PHONE]）"]
    assert "“日期（[PHONE]）” gives months" in result.notes[0]


def test_questions_that_are_equal_once_masked_stay_apart(write, read):
    columns = ["Call 13812345678?", "Call 13912345678?"]
    result = read(write("a.csv", f"id,{','.join(columns)}\n1,good,bad\n"), columns={"text": columns})
    assert [feedback.question for feedback in result.feedbacks] == ["Call [PHONE]?", "Call [PHONE]? (2)"]


def test_names_that_cannot_be_stored_are_mended(write, read):
    line = '{"text": "好", "等级\\ud83d": "A"}'
    (feedback,) = read(write("a.jsonl", line), columns={"attributes": ["等级\ud83d"]}).feedbacks
    assert feedback.attributes == {"等级\ufffd": "A"}


def test_all_rows_in_another_language_are_kept(write, read):
    result = read(write("a.csv", "id,text\n1,สินค้าดีมาก ส่งเร็ว\n2,บริการแย่มาก\n"))
    assert [feedback.language for feedback in result.feedbacks] == ["other", "other"]
    assert result.quarantined == []


def test_progress_counts_every_row(write, masker, hasher):
    path = write("a.csv", "id,text\n" + "".join(f"{n},text {n}\n" for n in range(1234)) + "x\n")
    steps: list[int] = []
    source = Input(paths=[path])
    reading = read_feedback([source], config=Config(), masker=masker, hasher=hasher)
    assert reading.survey.rows == 1235
    assert steps == []
    assert len(list(reading.items(steps.append))) == 1235
    assert sum(steps) == 1235


def test_every_reason_is_known(write, read):
    bad = ["1,,,", "2,。。,,", ",no id,,", "4,date,31 foo,", "5,score,,9", "6"]
    good = ["7,fine,2026-10-01,5", "8,fine,2026-10-02,4"]
    text = "\n".join(["id,text,time,stars", *bad, *good])
    result = read(write("a.csv", text), max_chars=30)
    reasons = {row.reason for row in result.quarantined}
    assert result.texts == ["score", "fine", "fine"]
    assert reasons == {"empty_text", "not_text", "missing_id", "bad_date", "malformed_row"}
    assert reasons <= set(QUARANTINE_REASONS)


# properties

_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffe\uffff")
_TEXTS = st.lists(st.text(_CHARACTERS, min_size=1, max_size=30).map(lambda text: f"好{text}e"), min_size=1, max_size=8)
_quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_quick
@given(
    texts=_TEXTS,
    layout=st.sampled_from(list(product([",", "\t", ";"], ["utf-8", "utf-8-sig", "utf-16", "gb18030"]))),
    breaks=st.lists(st.sampled_from(["", "\n", '"', "\r\n", ",", ";", "\t"]), min_size=8, max_size=8),
)
def test_csv_gives_back_the_texts(write, read, texts, layout, breaks):
    sep, encoding = layout
    texts = [f"{text}{middle}末" for text, middle in zip(texts, breaks, strict=False)]
    quoted = [f'{n}{sep}"{text.replace(chr(34), chr(34) * 2)}"' for n, text in enumerate(texts)]
    path = write("a.csv", "\n".join([f"编号{sep}评论内容", *quoted]), encoding=encoding)
    assert read(path, encoding=None if encoding != "gb18030" else "gb18030").texts == texts


@_quick
@given(texts=_TEXTS)
def test_jsonl_and_xlsx_give_back_the_texts_and_the_same_keys(write, read, texts):
    lines = "\n".join(json.dumps({"text": text}) for text in texts)
    jsonl = read(write("a.jsonl", lines))
    book = openpyxl.Workbook()
    book.active.append(["反馈内容"])
    for row, text in enumerate(texts, start=2):
        book.active.cell(row, 1, text)
    target = io.BytesIO()
    book.save(target)
    xlsx = read(write("a.xlsx", target.getvalue()))
    assert jsonl.texts == texts
    assert xlsx.texts == texts
    assert jsonl.keys == xlsx.keys


@_quick
@given(
    rows=st.lists(st.sampled_from(["很好,App", "很好,门店", "慢,App", "......,App", ",App"]), max_size=12),
    grown=st.integers(0, 12),
)
def test_a_grown_file_keeps_its_keys_and_loses_no_row(write, read, rows, grown):
    before = read(write("a.csv", "\n".join(["评论,渠道", *rows[:grown]])))
    after = read(write("b.csv", "\n".join(["评论,渠道", *rows])))
    assert after.keys[: len(before.keys)] == before.keys
    assert len(set(after.keys)) == len(after.keys)
    assert len(after.feedbacks) + len(after.quarantined) == len(rows) == after.survey.rows


@_quick
@given(content=st.text(st.sampled_from('ab,"\n\r\t好;'), max_size=120).map(lambda body: f"id,text,channel\n{body}"))
def test_whatever_the_quotes_every_record_is_accounted_for(write, read, content):
    path = write("a.csv", content)
    result = read(path, sep=",")
    assert len(result.feedbacks) + len(result.quarantined) == result.survey.rows
    places = Counter(item.origin.row for item in [*result.feedbacks, *result.quarantined])
    assert all(count == 1 for count in places.values())


def test_with_the_real_masker(write, hasher):
    rows = [
        "1,邮箱zhang.san@example.com联系我，电话13812345678,热线 13912345678",
        "2,13612345678……,App",
        "3,。。。,App",
    ]
    text = "\n".join(["编号,评论,渠道", *rows])
    source = Input(paths=[write("a.csv", text)])
    items = list(read_feedback([source], config=Config(), masker=Masker(), hasher=hasher).items())
    first, second, third = items
    assert first.text == "邮箱[EMAIL]联系我，电话[PHONE]"
    assert first.channel == "热线 [PHONE]"
    assert first.masked.to_original(2, 9) == (2, 23)
    assert second.text == "[PHONE]……"
    assert third.reason == "not_text"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        *((number, UnavailableError) for number in (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN)),
        *((number, UnavailableError) for number in (errno.ENETUNREACH, errno.ECONNRESET, errno.EAGAIN)),
        *((number, InputError) for number in (errno.EACCES, errno.ENOENT)),
    ],
)
def test_a_share_that_is_away_is_no_broken_file(write, number, kind):
    file = discover([write("a.csv", "评论\n很好\n")]).files[0]
    assert type(cannot_read(file, OSError(number, os.strerror(number)))) is kind
