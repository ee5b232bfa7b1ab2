from __future__ import annotations

import logging
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.kinds import KINDS
from pipeline.privacy.masker import Find, MaskedText, Masker, MaskSpan, _without_overlaps, plain_tokens
from pipeline.privacy.policy import PrivacyPolicy


@pytest.fixture(scope="module")
def masker() -> Masker:
    return Masker()


def test_neighbouring_text_survives(masker: Masker) -> None:
    assert masker.mask("邮箱zhang.san@example.com联系我").text == "邮箱[EMAIL]联系我"
    assert masker.mask("电话13800138000谢谢").text == "电话[PHONE]谢谢"


def test_spans_index_both_texts(masker: Masker) -> None:
    masked = masker.mask("电话13800138000，邮箱a@example.com。")
    assert masked.text == "电话[PHONE]，邮箱[EMAIL]。"
    assert masked.spans == (MaskSpan("PHONE", 2, 9, 2, 13), MaskSpan("EMAIL", 12, 19, 16, 29))
    assert masked.counts == {"EMAIL": 1, "PHONE": 1}


def test_a_span_that_touches_a_mask_covers_what_it_stands_for(masker: Masker) -> None:
    masked = masker.mask("电话13800138000谢谢")  # 电话[PHONE]谢谢
    assert masked.to_original(0, 2) == (0, 2)
    assert masked.to_original(2, 9) == (2, 13)
    assert masked.to_original(0, 3) == (0, 13)
    assert masked.to_original(5, 6) == (2, 13)
    assert masked.to_original(8, 11) == (2, 15)
    assert masked.to_original(9, 11) == (13, 15)
    assert masked.to_original(2, 2) == (2, 2)
    assert masked.to_original(9, 9) == (13, 13)
    assert masked.to_original(4, 4) == (2, 13)
    assert masked.to_original(11, 11) == (15, 15)


def test_masks_side_by_side(masker: Masker) -> None:
    masked = masker.mask("a@example.com13800138000")
    assert masked.text == "[EMAIL][PHONE]"
    assert masked.to_original(0, 7) == (0, 13)
    assert masked.to_original(7, 14) == (13, 24)
    assert masked.to_original(6, 8) == (0, 24)
    assert masked.to_original(7, 7) == (13, 13)


@pytest.mark.parametrize("span", [(-1, 0), (3, 2), (0, 12)])
def test_a_span_outside_the_text_is_refused(masker: Masker, span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not a span of 11 characters"):
        masker.mask("电话13800138000谢谢").to_original(*span)


def test_neither_repr_nor_attributes_hold_the_original(masker: Masker) -> None:
    masked = masker.mask("电话13800138000谢谢")
    assert repr(masked) == "MaskedText(11 characters, masked {'PHONE': 1})"
    assert not any("1380" in repr(getattr(masked, name)) for name in MaskedText.__slots__)
    with pytest.raises(AttributeError):
        masked.text = "x"  # type: ignore[misc]


def test_masks_in_the_input_are_kept_and_not_counted(masker: Masker) -> None:
    masked = masker.mask("[NAME]先生电话[PHONE]，邮箱[EMAIL]")
    assert masked == MaskedText("[NAME]先生电话[PHONE]，邮箱[EMAIL]")
    assert masked.counts == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("QQ邮箱 123456@qq.com", "QQ邮箱 [EMAIL]"),  # longer than the QQ number in it
        ("微信13800138000", "微信[PHONE]"),  # as long, but more specific than an account
        ("https://example.com/?phone=13800138000", "[URL]"),
        ("身份证11010519491231002X", "身份证[ID]"),  # not a card number of 17 digits
        ("护照E12345678", "护照[PASSPORT]"),
    ],
)
def test_of_overlapping_finds_the_longest_then_the_most_specific_stays(
    masker: Masker, text: str, expected: str
) -> None:
    assert masker.mask(text).text == expected


def test_what_only_a_mask_uncovers_is_masked_too(masker: Masker) -> None:
    masked = masker.mask("川A12345D18611112222")  # a plate ends before a letter or digit, so the phone goes first
    assert masked.text == "[PLATE][PHONE]"
    assert masked.spans == (MaskSpan("PLATE", 0, 7, 0, 8), MaskSpan("PHONE", 7, 14, 8, 19))


def test_mask_many_is_mask_for_each(masker: Masker) -> None:
    texts = ["电话13800138000", "很好", "", "a@example.com"]
    assert masker.mask_many(texts) == [masker.mask(text) for text in texts]
    assert masker.mask_many([]) == []


def test_a_kept_kind_stays_and_is_not_masked_as_something_else() -> None:
    masker = Masker(PrivacyPolicy(kinds={"PHONE": "keep"}))
    assert masker.mask("微信13800138000，邮箱a@example.com").text == "微信13800138000，邮箱[EMAIL]"


def test_every_kind_can_be_kept() -> None:
    text = "电话13800138000，a@example.com，身份证11010519491231002X"
    assert Masker(PrivacyPolicy(kinds=dict.fromkeys(KINDS, "keep"))).mask(text) == MaskedText(text)


HASHING = PrivacyPolicy(kinds={"PHONE": "hash", "EMAIL": "hash"})


def test_equal_values_have_equal_placeholders_under_one_key_only() -> None:
    one, other = (Masker(HASHING, hasher=KeyedHasher(key * 16)) for key in (b"a", b"b"))
    texts = ["电话13800138000", "+86 138-0013-8000打不通", "电话１３８００１３８０００", "电话13900139000"]
    tokens = [re.findall(r"\[PHONE:[0-9a-f]{8}\]", one.mask(text).text) for text in texts]
    assert [len(found) for found in tokens] == [1, 1, 1, 1]
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]
    assert one.mask(texts[0]) == Masker(HASHING, hasher=KeyedHasher(b"a" * 16)).mask(texts[0])
    assert one.mask(texts[0]).text != other.mask(texts[0]).text
    assert one.mask("A@Example.com").text == one.mask("a@example.com").text
    assert Masker(HASHING).mask(texts[0]).text != Masker(HASHING).mask(texts[0]).text  # a random key each


def test_a_hashed_placeholder_is_a_mask_like_any_other() -> None:
    masker = Masker(HASHING, hasher=KeyedHasher(b"a" * 16))
    masked = masker.mask("订座13800138000，身份证11010519491231002X")
    assert masked.counts == {"PHONE": 1, "ID": 1}
    assert masked.text.endswith("[ID]")
    assert masker.mask(masked.text) == MaskedText(masked.text)
    assert masked.to_original(2, 18) == (2, 13)


def test_the_model_sees_plain_tokens_and_spans_lead_back() -> None:
    text = "电[PHONE:3f9a1c07]打[NAME]不[EMAIL:00000000]"
    plain = plain_tokens(text)
    assert plain.text == "电[PHONE]打[NAME]不[EMAIL]"
    assert [text[slice(*plain.to_original(*span))] for span in ((0, 1), (1, 8), (8, 16), (16, 23))] == [
        "电",
        "[PHONE:3f9a1c07]",
        "打[NAME]不",
        "[EMAIL:00000000]"[:16],
    ]
    assert plain.to_original(0, len(plain.text)) == (0, len(text))
    assert plain_tokens("送餐[PHONE]慢") == MaskedText("送餐[PHONE]慢")


def _pairwise(finds: list[Find]) -> list[Find]:
    """What is chosen of overlapping finds, said plainly: quadratic."""
    chosen: list[Find] = []
    for find in sorted(set(finds), key=lambda each: (each[1] - each[2], list(KINDS).index(each[0]), each[1])):
        if all(find[2] <= other[1] or other[2] <= find[1] for other in chosen):
            chosen.append(find)
    return sorted(chosen, key=lambda each: each[1])


_FINDS = st.lists(
    st.tuples(st.sampled_from(list(KINDS)), st.integers(0, 60), st.integers(1, 30)).map(
        lambda each: (each[0], each[1], each[1] + each[2])
    ),
    max_size=30,
)


@given(finds=_FINDS)
def test_overlaps_are_resolved_as_pair_by_pair(finds: list[Find]) -> None:
    assert _without_overlaps(finds) == _pairwise(finds)


def test_phone_regions_decide_about_national_formats_only() -> None:
    masker = Masker(PrivacyPolicy(phone_regions=()))
    assert masker.mask("(415) 555-2671, +1 415 555 2671, 13800138000").text == "(415) 555-2671, [PHONE], [PHONE]"


def test_no_value_is_logged(masker: Masker, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        Masker(prefilter=False).mask("电话13800138000，IBAN GB82WEST12345698765432, XX99 1234 ABCD 5678, a@example.com")
    assert not [
        record for record in caplog.records if "1380013" in record.getMessage() or "1234" in record.getMessage()
    ]


OFFLINE = """
import os, socket, sys
def refuse(*args, **kwargs):
    os.write(2, b"network touched")
    os._exit(3)
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
from pipeline.privacy.masker import Masker
texts = ["邮箱zhang.san@example.com.Please", "https://user:pw@shop.example.museum/?token=1",
         "192.168.1.77 13800138000 GB82WEST12345698765432"]
masked = [each.text for each in Masker(prefilter=False).mask_many(texts)]
assert masked == ["邮箱[EMAIL].Please", "[URL]", "[IP] [PHONE] [IBAN]"], masked
assert "presidio_analyzer" in sys.modules and "transformers" not in sys.modules
"""


def test_nothing_contacts_the_network() -> None:
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", OFFLINE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


LATE = """
import sys
from pipeline.privacy.masker import Masker
masker = Masker()
masker.mask_many(["很好，下次再来", "Great service, 5 stars", "用了3天，满意"])
assert not {"presidio_analyzer", "torch", "spacy", "transformers"} & set(sys.modules), "loaded for nothing"
"""


def test_presidio_is_loaded_by_the_first_text_that_needs_it() -> None:
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", LATE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
