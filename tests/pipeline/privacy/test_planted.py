"""Values made by rule, in the forms people write, planted between ordinary words: each is masked whole and alone."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from pipeline.privacy.kinds import Kind, mask_token
from pipeline.privacy.masker import Masker

WORDS = [
    *("物流太慢", "客服态度很好", "已经等了三天", "希望尽快处理", "质量不错", "总共花了299元", "下次还来", "包装破损"),
    *("great service", "never again", "it took 3 days", "the app crashed", "refund please", "5 stars", "too expensive"),
]
RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
SPELT = "零一二三四五六七八九"
Make = Callable[[random.Random], tuple[str, str]]
"""Draws what stands in front of a value, and the value."""


def digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choices("0123456789", k=count))


def grouped(value: str, *sizes: int, by: str) -> str:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(value[start : start + size])
        start += size
    assert start == len(value)
    return by.join(pieces)


def wide(value: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if each.isdigit() else each for each in value)


def mobile(draw: random.Random) -> tuple[str, str]:
    value = f"1{draw.choice('3456789')}{digits(draw, 9)}"
    form = draw.randrange(6)
    if form == 0:
        return "", value
    if form == 1:
        return "", grouped(value, 3, 4, 4, by=draw.choice(" -._·"))
    if form == 2:
        return draw.choice(["", "手机"]), wide(value)
    if form == 3:
        return "电话", "".join(SPELT[int(each)] for each in value)
    if form == 4:
        return "", "".join("幺" if each == "1" else SPELT[int(each)] for each in value)
    return "", f"+86 {value}"


def resident_id(draw: random.Random) -> tuple[str, str]:
    """The check digit of GB 11643, reckoned here and not by the library that the recogniser asks."""
    body = f"{draw.choice(['110101', '310115', '440305', '650102'])}{draw.randint(1950, 2005)}"
    body += f"{draw.randint(1, 12):02}{draw.randint(1, 28):02}{draw.randint(0, 999):03}"
    value = body + "10X98765432"[sum(int(each) * by for each, by in zip(body, RESIDENT_WEIGHTS, strict=True)) % 11]
    return "", draw.choice([value, value.lower(), wide(value), grouped(value, 6, 8, 4, by=draw.choice(" -."))])


def card(draw: random.Random) -> tuple[str, str]:
    prefix, length = draw.choice([("622202", 19), ("6217", 16), ("4", 16), ("53", 16)])
    body = prefix + digits(draw, length - len(prefix) - 1)
    value = body + luhn.calc_check_digit(body)
    sizes = (4, 4, 4, 4, 3) if length == 19 else (4, 4, 4, 4)
    return draw.choice(["", "卡号"]), draw.choice([value, wide(value), grouped(value, *sizes, by=draw.choice(" -."))])


def sole_trader(draw: random.Random) -> tuple[str, str]:
    body = "92440300MA" + "".join(draw.choices(CREDIT_SIGNS, k=7))
    check = sum(CREDIT_SIGNS.index(each) * pow(3, place, 31) for place, each in enumerate(body)) % 31
    return draw.choice(["", "信用代码"]), body + CREDIT_SIGNS[(31 - check) % 31]


def german_iban(draw: random.Random) -> tuple[str, str]:
    body = digits(draw, 18)
    value = "DE" + mod_97_10.calc_check_digits(f"{body}DE") + body
    return "", draw.choice([value, grouped(value, 4, 4, 4, 4, 4, 2, by=" ")])


def plate(draw: random.Random) -> tuple[str, str]:
    front = draw.choice("京沪粤浙苏川鲁") + draw.choice("ABCDEF")
    back = draw.choice(
        [digits(draw, 5), f"D{digits(draw, 5)}", f"{digits(draw, 5)}F", f"{digits(draw, 2)}K{digits(draw, 2)}"]
    )
    return draw.choice(["", "车牌"]), front + draw.choice(["", "·", " "]) + back


def email(draw: random.Random) -> tuple[str, str]:
    name = draw.choice(["zhang.san", "li_si88", "jane", "a-b"])
    return "", name + draw.choice(
        ["@example.com", "＠example.com", "(at)example.com", "[at]example[dot]com", " (at) example.org"]
    )


def account(draw: random.Random) -> tuple[str, str]:
    cue = draw.choice(["加我微信", "微信号：", "vx:", "加微", "薇信", "加v", "wx号", "WeChat ID: "])
    return cue, f"{draw.choice(['lily', 'tom', 'momo'])}_{digits(draw, 4)}"


def qq(draw: random.Random) -> tuple[str, str]:
    return draw.choice(["QQ", "QQ号：", "扣扣", "QQ群", "加群"]), str(draw.randint(100_000, 9_999_999_999))


def order(draw: random.Random) -> tuple[str, str]:
    if draw.random() < 0.3:
        return "", f"SF{digits(draw, 13)}"
    return draw.choice(["订单号", "订单编号：", "快递单号 ", "order no. ", "Order #"]), f"8{digits(draw, 14)}"


def ip(draw: random.Random) -> tuple[str, str]:
    return "", f"{draw.randint(100, 223)}.{draw.randint(10, 255)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}"


def url(draw: random.Random) -> tuple[str, str]:
    return "", f"https://example.com/{draw.choice(['a', 'pay'])}?token={digits(draw, 8)}ab"


def passport(draw: random.Random) -> tuple[str, str]:
    return draw.choice(["护照", "passport no. "]), f"E9{digits(draw, 7)}"


def address(draw: random.Random) -> tuple[str, str]:
    number = draw.randint(1, 999)
    return draw.choice(
        [
            ("地址：", f"杭州市西湖区文三路{number}号"),
            ("住在", f"阳光花园{number}栋2单元501"),
            ("", f"上海市浦东新区张江镇碧波路{number}号4号楼201室"),
            ("", f"{number} Main Street"),
            ("deliver to ", f"Flat 3, {number} Oxford Road, Manchester M1 5QA"),
        ]
    )


def name(draw: random.Random) -> tuple[str, str]:
    surname, given = draw.choice("王李张刘陈杨赵黄周吴"), draw.choice(["伟", "芳", "秀英", "志强", "晓婷"])
    return draw.choice([("姓名：", surname + given), ("我叫", surname + given), ("my name is ", "John Smith")])


MAKERS: dict[Make, Kind] = {
    mobile: "PHONE",
    resident_id: "ID",
    card: "CARD",
    sole_trader: "USCC",
    german_iban: "IBAN",
    plate: "PLATE",
    email: "EMAIL",
    account: "ACCOUNT",
    qq: "ACCOUNT",
    order: "ORDER",
    ip: "IP",
    url: "URL",
    passport: "PASSPORT",
    address: "ADDRESS",
    name: "NAME",
}


@pytest.fixture(scope="module")
def masker() -> Masker:
    return Masker()


@settings(max_examples=500, deadline=None)
@given(
    makers=st.lists(st.sampled_from(list(MAKERS)), min_size=1, max_size=4),
    words=st.lists(st.sampled_from(WORDS), min_size=5, max_size=5),
    comma=st.sampled_from(["，", "。", ", ", "；", "！\n"]),
    seed=st.integers(0, 2**32),
)
def test_planted_values_are_masked_whole_and_nothing_else(
    masker: Masker, makers: list[Make], words: list[str], comma: str, seed: int
) -> None:
    draw = random.Random(seed)
    text, expected, planted = words[0], words[0], []
    for make, word in zip(makers, words[1:], strict=False):
        cue, value = make(draw)
        planted.append((MAKERS[make], len(text) + len(comma + cue), value))
        text += comma + cue + value + comma + word
        expected += comma + cue + mask_token(MAKERS[make]) + comma + word
    masked = masker.mask(text)
    assert masked.text == expected
    for span, (kind, start, value) in zip(masked.spans, planted, strict=True):
        assert (span.kind, span.original_start, span.original_end) == (kind, start, start + len(value))
        assert masked.to_original(span.start, span.end) == (start, start + len(value))
    assert masker.mask(masked.text).spans == ()


@pytest.mark.parametrize("make", list(MAKERS), ids=lambda make: make.__name__)
def test_each_form_directly_between_chinese_characters(masker: Masker, make: Make) -> None:
    """Where no space or mark sets the value off, nothing of the words around it goes."""
    for seed in range(40):
        cue, value = make(random.Random(seed))
        masked = masker.mask(f"退款{cue}{value}，")
        assert masked.text == f"退款{cue}{mask_token(MAKERS[make])}，", (cue, value)
