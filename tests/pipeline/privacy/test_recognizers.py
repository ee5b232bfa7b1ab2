"""Rules that deserve a case of their own; the breadth is in tests/golden/privacy."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from stdnum import luhn
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from pipeline.privacy.kinds import KINDS
from pipeline.privacy.masker import Masker
from pipeline.privacy.recognizers import build_recognizers
from pipeline.privacy.recognizers.base import count_digits
from pipeline.privacy.recognizers.documents import find_ids, is_date
from pipeline.privacy.recognizers.email import find_emails, is_top_level
from pipeline.privacy.recognizers.finance import find_cards, find_ibans
from pipeline.privacy.recognizers.url import find_urls


@pytest.fixture(scope="module")
def masker() -> Masker:
    return Masker()


def found(find: object, text: str) -> list[str]:
    return [text[start:end] for start, end in find(text)]  # type: ignore[operator]


def test_a_wrong_check_digit_is_no_resident_id_unless_named() -> None:
    body = "44030819900101001"
    right = ric.calc_check_digit(body)
    for digit in "0123456789X":
        text = f"号码{body}{digit}"
        assert found(find_ids, text) == ([body + digit] if digit == right else [])
        assert found(find_ids, f"身份证号{body}{digit}") != []


@pytest.mark.parametrize("body", ["44030820900101001", "44030819901301001", "99030819900101001"])
def test_a_future_birth_a_thirteenth_month_and_an_unknown_province_are_no_id(body: str) -> None:
    try:
        digit = ric.calc_check_digit(body)
    except ValidationError:
        digit = "0"
    assert found(find_ids, f"{body}{digit}") == []


@pytest.mark.parametrize(
    ("prefix", "length"), [("4", 16), ("62", 19), ("62", 16), ("52", 16), ("37", 15), ("3530", 16)]
)
def test_luhn_decides_about_cards(prefix: str, length: int) -> None:
    body = prefix + "".join(random.Random(length).choices("0123456789", k=length - len(prefix) - 1))
    right = luhn.calc_check_digit(body)
    for digit in "0123456789":
        assert found(find_cards, f"付款{body}{digit}失败") == ([body + digit] if digit == right else [])


@pytest.mark.parametrize("value", ["0000000000000000", "1234567890123452", "9780306406157", "4222222222222"])
def test_luhn_alone_makes_no_card(value: str) -> None:
    assert luhn.is_valid(value) or value.startswith("978")
    assert found(find_cards, value) == []


def test_an_iban_ends_where_its_country_says() -> None:
    assert found(find_ibans, "to NO93 8601 1117 947 and more") == ["NO93 8601 1117 947"]
    assert found(find_ibans, "NO9386011117947 1234") == ["NO9386011117947"]
    assert found(find_ibans, "NO9386011117948") == []
    assert found(find_ibans, "XNO9386011117947") == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@example.com.Please", "a@example.com"),
        ("a@example.com.thanks", "a@example.com"),
        ("a@example.co.uk.", "a@example.co.uk"),
        ("a@mail.example.con", "a@mail.example.con"[:-4]),
        ("a@gmial.con", "a@gmial.con"),
        ("a@EXAMPLE.COM", "a@EXAMPLE.COM"),
        ("a@qq.com13800138000", "a@qq.com"),
    ],
)
def test_where_an_address_ends(text: str, address: str) -> None:
    assert found(find_emails, text) == [address]


def test_top_level_domains_come_from_the_bundled_list() -> None:
    assert is_top_level("museum")
    assert not is_top_level("please")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?token=x1",
        "https://example.com/a?lang=zh&accessToken=x1",
        "https://example.com/#/me?userId=12",
        "https://example.com/a#access_token=x1",
        "http://name:pw@example.com/",
        "https://example.com/s/0123456789abcdef0123456789abcdef",
        "https://example.com/s/3f2504e0-4f89-11d3-9a0c-0305e82c3301/x",
        "https://example.com/s/A1b2C3d4E5f6G7h8I9j0K",
        "https://example.com/u/13800138000",
        "https://example.com/u/jane%40example.com",
        "weixin://dl/chat?openid=oX12ab",
        "www.example.com/?sid=1",
        "example.com/pay?sign=ab12",
    ],
)
def test_telling_urls(url: str) -> None:
    assert found(find_urls, f"看（{url}）、谢谢") == [url]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "https://example.com/a?token=",
        "https://example.com/item/100012043978.html?spm=a1.b2&page=2",
        "https://example.com/iphone-15-pro-max-256gb-natural-titanium-new",
        "http://t.co/dWEse7Xidr",
        "www.example.com/?q=wifi",
        "https://example.com/?key=%E6%89%8B%E6%9C%BA",
    ],
)
def test_ordinary_urls(url: str) -> None:
    assert found(find_urls, f"看{url} 谢谢") == []


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("20231012", True),
        ("12102023", True),
        ("20231301", False),
        ("18991012", False),
        ("2023101", False),
        ("AB231012", False),
    ],
)
def test_is_date(digits: str, expected: bool) -> None:
    assert is_date(digits) is expected


@pytest.mark.parametrize(
    "region", ["US", "GB", "FR", "DE", "JP", "KR", "SG", "HK", "MO", "TW", "AE", "BR", "RU", "ZA", "AU"]
)
@pytest.mark.parametrize("style", [phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.E164])
def test_numbers_with_a_country_code_are_found_everywhere(masker: Masker, region: str, style: int) -> None:
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert example is not None
    number = phonenumbers.format_number(example, style)
    assert masker.mask(f"请拨{number}找我").text == "请拨[PHONE]找我"
    assert masker.mask(f"ring {number}, please").text == "ring [PHONE], please"


@pytest.mark.parametrize("prefix", [f"1{second}{third}" for second in "3456789" for third in "0123456789"])
def test_every_mainland_mobile_prefix(masker: Masker, prefix: str) -> None:
    assert masker.mask(f"手机{prefix}13572468谢谢").text == "手机[PHONE]谢谢"


@pytest.mark.parametrize("context", ["", "电话", "call "])
@pytest.mark.parametrize("number", ["10086", "12345", "95588", "12306", "4001234567", "400-123-4567", "8008208820"])
def test_hotlines_stay(masker: Masker, context: str, number: str) -> None:
    assert masker.mask(context + number).text == context + number


def test_each_kind_has_a_recogniser() -> None:
    assert {each.kind for each in build_recognizers(("US",))} == set(KINDS) - {"IP"}


def test_only_ascii_digits_are_counted() -> None:
    assert count_digits("a1b２٣4") == 2
