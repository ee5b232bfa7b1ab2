"""What holds for every text: built from the pieces that real ones are made of, and from any characters at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.privacy.evaluate import read_cases
from pipeline.privacy.kinds import KINDS, mask_token
from pipeline.privacy.masker import MaskedText, Masker

GOLDEN = Path(__file__).parents[2] / "golden" / "privacy"
VALUES = sorted(
    {
        case.text[start:end]
        for path in GOLDEN.glob("*.txt")
        for case in read_cases(path)
        for _, start, end in case.values
    }
)
CUES = [
    *(
        "电话",
        "手机号",
        "微信",
        "加我微信",
        "vx:",
        "QQ号",
        "支付宝账号",
        "身份证号",
        "护照",
        "卡号",
        "车牌",
        "版本",
        "IP地址",
        "订单号",
        "先生",
        "女士",
        "姓名：",
        "我叫",
        "地址：",
        "路",
        "号",
        "栋",
    ),
    *("call me at", "passport no.", "license plate", "card ", "wechat id: ", "bank account ", "iban ", "version v"),
    *("https://example.com/?token=", "www.", "@", "://", "京A", "粤B", "省略", "谢谢", " and ", "ok"),
    *(
        "Mr ",
        "Regards,\n",
        "my name is ",
        "order no. ",
        " (at) ",
        " dot com",
        "一三八零零",
        "幺",
        "——",
        " Street",
        "Flat 3, ",
    ),
]
GLUE = [*"-，,.。：:/()（）[]+01x·\n", "", " ", "  ", "86"]
MASKS = ["[PHONE]", "[NAME]", "[EMAIL]", "[ID", "PHONE]", "[ADDRESS]"]

pieces = st.one_of(
    st.sampled_from(VALUES),
    st.sampled_from(CUES),
    st.sampled_from(GLUE),
    st.sampled_from(MASKS),
    st.text(alphabet="0123456789", max_size=20),
    st.text(alphabet="0123456789 -.()+:abcdefxAZ_@/?=&", max_size=24),
    st.text(max_size=6),
)
texts = st.lists(pieces, max_size=8).map("".join)
every_text = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(scope="module")
def masker() -> Masker:
    return Masker()


@pytest.fixture(scope="module")
def unfiltered() -> Masker:
    return Masker(prefilter=False)


@every_text
@given(text=texts)
def test_masking_a_masked_text_changes_nothing(masker: Masker, text: str) -> None:
    masked = masker.mask(text)
    assert masker.mask(masked.text) == MaskedText(masked.text)


@every_text
@given(text=texts)
def test_the_prefilter_changes_no_result(masker: Masker, unfiltered: Masker, text: str) -> None:
    assert masker.mask(text) == unfiltered.mask(text)


@every_text
@given(text=texts)
def test_only_the_masked_stretches_change(masker: Masker, text: str) -> None:
    masked = masker.mask(text)
    rebuilt, done, original_done = "", 0, 0
    for span in masked.spans:
        assert masked.text[span.start : span.end] == mask_token(span.kind)
        assert masked.text[done : span.start] == text[original_done : span.original_start]
        assert span.original_start < span.original_end
        rebuilt += masked.text[done : span.start] + text[span.original_start : span.original_end]
        done, original_done = span.end, span.original_end
    assert rebuilt + masked.text[done:] == text


@every_text
@given(text=texts)
def test_counts_add_up(masker: Masker, text: str) -> None:
    masked = masker.mask(text)
    assert sum(masked.counts.values()) == len(masked.spans)
    assert set(masked.counts) <= set(KINDS)
    for kind in KINDS:
        token = mask_token(kind)
        assert masked.text.count(token) >= masked.counts.get(kind, 0)
        assert masked.text.count(token) <= masked.counts.get(kind, 0) + text.count("[") + text.count("]")


@every_text
@given(text=texts, data=st.data())
def test_every_span_maps_to_the_original(masker: Masker, text: str, data: st.DataObject) -> None:
    masked = masker.mask(text)
    start = data.draw(st.integers(0, len(masked.text)))
    end = data.draw(st.integers(start, len(masked.text)))
    low, high = masked.to_original(start, end)
    assert 0 <= low <= high <= len(text)
    touched = [span for span in masked.spans if span.start < end and start < span.end]
    for span in touched:
        assert low <= span.original_start
        assert span.original_end <= high
    if not touched and not any(span.start < start < span.end for span in masked.spans):
        assert text[low:high] == masked.text[start:end]
    assert masked.to_original(0, len(masked.text)) == (0, len(text))


@every_text
@given(text=texts, cut=st.integers(0, 200))
def test_neighbouring_spans_map_to_neighbouring_stretches(masker: Masker, text: str, cut: int) -> None:
    masked = masker.mask(text)
    cut = min(cut, len(masked.text))
    if any(span.start < cut < span.end for span in masked.spans):
        return
    assert masked.to_original(0, cut)[1] == masked.to_original(cut, len(masked.text))[0]


@every_text
@given(text=texts)
def test_masks_in_the_input_are_left_alone(masker: Masker, text: str) -> None:
    masked = masker.mask(text)
    for match in re.finditer(r"\[(?:PHONE|NAME|EMAIL|ADDRESS)\]", text):
        assert not any(span.original_start < match.end() and match.start() < span.original_end for span in masked.spans)


@pytest.mark.parametrize(
    "text",
    [
        "1" * 20_000,
        "1 " * 10_000,
        "a@" * 10_000,
        "a" * 20_000 + "@",
        "微信" * 10_000,
        "微信号:" * 5_000,
        "电话 no no no no " * 1_200,
        "电话" + "::" * 9_000,
        "00" * 10_000,
        "GB82" * 5_000,
        "https://" * 2_500,
        "a.b/" * 5_000,
        "(((((" * 4_000,
        "1.1." * 5_000,
        "a:" * 10_000,
        "+1" * 10_000,
        "\ud800\x00138" * 4_000,
        "张" * 20_000 + "先生",
        "张先生" * 6_000,
        "姓名：" * 6_000 + "张伟",
        "——张" * 6_000,
        "一" * 20_000,
        "一 -" * 7_000,
        "路1号" * 6_000,
        "花园1栋" * 5_000,
        "里" * 19_000 + "1号",
        "12 Aa " * 3_000 + "Street",
        "Flat 3, " * 2_500,
        "12 Main Street, Aa Bb, " * 900,
        "a at a dot " * 1_800 + "com",
        "a . " * 5_000 + "@",
        "a @ a . " * 2_500,
        "Mr A. de Aa " * 1_600,
        "Regards,\n" * 2_000,
        "\n- Aa " * 3_000,
        "订单号" * 6_000,
        "order no. " * 2_000,
        "my order 1-" * 1_800,
        "加我微信号" * 4_000,
        "QQ群1 " * 4_000,
    ],
    ids=lambda text: text[:8].encode("unicode_escape").decode(),
)
def test_twenty_thousand_hostile_characters_come_to_an_end(masker: Masker, text: str) -> None:
    assert masker.mask(masker.mask(text).text).spans == ()
