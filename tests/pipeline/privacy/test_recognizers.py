"""Rules that deserve a case of their own; the breadth is in tests/golden/privacy."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from stdnum import luhn

from pipeline.privacy.kinds import KINDS
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import PrivacyPolicy
from pipeline.privacy.recognizers import build_recognizers
from pipeline.privacy.recognizers.base import count_digits
from pipeline.privacy.recognizers.documents import find_ids, is_date
from pipeline.privacy.recognizers.email import find_emails, is_top_level
from pipeline.privacy.recognizers.finance import find_cards, find_ibans, find_sole_traders
from pipeline.privacy.recognizers.url import find_urls
from pipeline.privacy.views import read_numerals


@pytest.fixture(scope="module")
def masker() -> Masker:
    return Masker()


def found(find: object, text: str) -> list[str]:
    return [text[start:end] for start, end in find(text)]  # type: ignore[operator]


def check_digit(body: str) -> str:
    """Of a resident id, by GB 11643 and not by the library that the recogniser asks."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(each) * weight for each, weight in zip(body, weights, strict=True)) % 11]


def test_the_check_digit_of_the_standards_own_examples() -> None:
    assert check_digit("11010519491231002") == "X"
    assert found(find_ids, "11010519491231002X") == ["11010519491231002X"]
    assert found(find_ids, "440524188001010014") == ["440524188001010014"]


def test_a_wrong_check_digit_is_no_resident_id_unless_named() -> None:
    body = "44030819900101001"
    right = check_digit(body)
    for digit in "0123456789X":
        text = f"号码{body}{digit}"
        assert found(find_ids, text) == ([body + digit] if digit == right else [])
        assert found(find_ids, f"身份证号{body}{digit}") != []


@pytest.mark.parametrize("body", ["44030820900101001", "44030819901301001", "99030819900101001"])
def test_a_future_birth_a_thirteenth_month_and_an_unknown_province_are_no_id(body: str) -> None:
    assert found(find_ids, f"{body}{check_digit(body)}") == []


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一三八零零一三八零零零", "13800138000"),
        ("幺三八 零零幺三 八零零零", "138 0013 8000"),
        ("打一三八零零一三八零零零一次", "打13800138000一次"),
        ("138零零一三八零零零", "13800138000"),
        ("二零二三年一月", "二零二三年一月"),
        ("一三八", "一三八"),
        ("1234567一", "1234567一"),
    ],
)
def test_numbers_spelt_digit_by_digit(text: str, expected: str) -> None:
    assert read_numerals(text) == expected
    assert len(read_numerals(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("感谢李女士", "感谢[NAME]女士"),
        ("历史老师", "历史老师"),
        ("王国强先生", "[NAME]先生"),
        ("周末女士专场", "周末女士专场"),
        ("姓名：王国强", "姓名：[NAME]"),
        ("我叫王小明今年三十", "我叫[NAME]今年三十"),
        ("小姐姐", "小姐姐"),
        ("和李经理说了", "和[NAME]经理说了"),
        ("Mr. Bean and Mr. Brown", "Mr. Bean and Mr. [NAME]"),
        ("Mr Smith Please call", "Mr [NAME] Please call"),
        ("Thanks,\nwill do", "Thanks,\nwill do"),
    ],
)
def test_where_names_begin_and_end(masker: Masker, text: str, masked: str) -> None:
    assert masker.mask(text).text == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我住在阳光花园3栋2单元501，没电", "我住在[ADDRESS]，没电"),
        ("青岛市市南区香港中路12号", "[ADDRESS]"),
        ("我知道12号发货", "我知道12号发货"),
        ("在商城12号买的", "在商城12号买的"),
        ("快递放在幸福小区12号楼楼下了", "快递放在[ADDRESS]楼下了"),
        ("at 12 Main Street, Springfield", "at [ADDRESS], Springfield"),
        ("at 12 Main Street, Springfield, IL 62704 now", "at [ADDRESS] now"),
    ],
)
def test_where_addresses_begin_and_end(masker: Masker, text: str, masked: str) -> None:
    assert masker.mask(text).text == masked


def test_a_firms_credit_code_stays() -> None:
    assert found(find_sole_traders, "91110000600037341L") == []


def test_own_order_numbers_need_no_word() -> None:
    own = Masker(PrivacyPolicy(order_patterns=("CX-[A-Z]{4}",)))
    assert own.mask("CX-ABCD坏了").text == "[ORDER]坏了"
    assert Masker().mask("CX-ABCD坏了").text == "CX-ABCD坏了"


def test_each_kind_has_a_recogniser() -> None:
    assert {each.kind for each in build_recognizers(("US",))} == set(KINDS) - {"IP"}


def test_only_ascii_digits_are_counted() -> None:
    assert count_digits("a1b２٣4") == 2
