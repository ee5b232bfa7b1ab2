"""Columns: recognised in zh and en, configured, ambiguous, missing."""

from __future__ import annotations

import pytest

from pipeline.config import Columns
from pipeline.errors import InputError
from pipeline.ingest.columns import matches, resolve
from pipeline.ingest.names import known_names, match, normalise


def _resolve(*columns: str, **chosen):
    return resolve(columns, Columns(**chosen), where="a.csv")


def test_names_differ_only_in_what_is_not_compared():
    assert normalise("Review_Text") == normalise("review text") == normalise("ＲＥＶＩＥＷ－ＴＥＸＴ")
    assert match("3、您的意见？", "text") is None
    assert match("Q3. 意见与建议（选填）*", "text") == match("意见与建议", "text")


def test_no_name_stands_for_two_fields():
    seen: dict[str, str] = {}
    for field, groups in known_names().items():
        for name in (name for group in groups for name in group):
            assert seen.setdefault(normalise(name), field) == field, name


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        (
            ("ID", "Review Text", "Created At", "Channel", "Store", "NPS Score", "User ID"),
            {
                "id": "ID",
                "time": "Created At",
                "channel": "Channel",
                "region": "Store",
                "nps": "NPS Score",
                "customer": "User ID",
            },
        ),
        (
            ("工单号", "投诉内容", "受理时间", "渠道", "产品名称", "所在城市", "手机号", "满意度(1-5)"),
            {
                "id": "工单号",
                "time": "受理时间",
                "channel": "渠道",
                "product": "产品名称",
                "region": "所在城市",
                "customer": "手机号",
            }
            | {"csat": "满意度(1-5)"},
        ),
        (("評論編號", "評論內容", "評論時間", "星級"), {"id": "評論編號", "time": "評論時間", "rating": "星級"}),
        (
            (
                "id",
                "text",
                "lang",
                "source",
                "domain",
                "rating",
                "rating_max",
                "created_at",
                "channel",
                "reason",
                "product",
            ),
            {"id": "id", "time": "created_at", "source": "source", "rating": "rating", "rating_max": "rating_max"}
            | {"channel": "channel", "product": "product"},
        ),
    ],
)
def test_tables_as_they_are_exported(columns, wanted):
    mapping = _resolve(*columns)
    assert mapping.fields == wanted
    assert len(mapping.texts) == 1


def test_running_and_order_numbers_are_no_ids():
    assert "id" not in _resolve("序号", "订单号", "内容").fields
    assert "id" not in _resolve("no", "order_id", "index", "text").fields


def test_remarks_count_only_where_no_better_name_stands():
    assert _resolve("评论", "备注").texts == ("评论",)
    assert _resolve("编号", "备注").texts == ("备注",)


def test_two_text_columns_are_an_error_that_names_them():
    with pytest.raises(InputError) as caught:
        _resolve("id", "content", "comment", "评分")
    assert "content, comment" in str(caught.value) or "comment, content" in str(caught.value)
    assert "--text" in str(caught.value)
    assert "columns seen: id, content, comment, 评分" in str(caught.value)
    assert caught.value.exit_code == 3


def test_no_text_column_is_an_error_even_with_one_candidate():
    with pytest.raises(InputError, match=r"no text column recognised; columns seen: id, 说说您的感受") as caught:
        _resolve("id", "说说您的感受")
    assert "input.columns.text" in str(caught.value)


def test_configured_columns():
    mapping = _resolve("Q1", "您为什么这样打分？", "评论", text=["Q1", "您为什么这样打分？"], customer="评论")
    assert mapping.texts == ("Q1", "您为什么这样打分？")
    assert mapping.fields == {"customer": "评论"}


def test_a_configured_column_is_not_taken_by_another_field():
    assert _resolve("time", "date", "text", updated="time").fields == {"updated": "time", "time": "date"}


def test_a_configured_column_that_is_not_there():
    with pytest.raises(InputError, match=r"configured nps column.*columns seen: text, q7") as caught:
        _resolve("text", "q7", nps="Q8")
    assert "input.columns.nps" in str(caught.value)


def test_configured_names_are_compared_like_the_others():
    assert _resolve("Overall  NPS", "text", nps="overall_nps").fields["nps"] == "Overall  NPS"


def test_the_first_known_name_is_used_and_the_rest_reported():
    mapping = _resolve("text", "date", "created_at")
    assert mapping.fields["time"] == "created_at"
    assert mapping.others == {"time": ("date",)}


def test_messages_do_not_show_what_a_first_row_of_data_holds():
    columns = ("13812345678", "x" * 500, *(f"c{n}" for n in range(60)))
    with pytest.raises(InputError) as caught:
        resolve(columns, Columns(), where="a.csv", show=lambda text: text.replace("13812345678", "[PHONE]"))
    assert "13812345678" not in str(caught.value)
    assert "[PHONE]" in str(caught.value)
    assert "and 32 more" in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_very_long_cell_is_no_name():
    assert matches("评论" * 10_000_000, "rating") is None
