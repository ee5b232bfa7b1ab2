"""Chinese names of persons beside a form of address, after a word that announces a name, and in signatures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.recognizers.base import Span
from pipeline.privacy.recognizers.lexicon import (
    COMMON_SURNAMES,
    COMPOUND_SURNAMES,
    SURNAMES,
    is_no_name,
    is_time,
    is_word,
)

_CHINESE: Final = "\u4e00-\u9fff"
TITLES: Final = (
    "先生|女士|小姐|太太|夫人|师傅|師傅|经理|經理|老师|老師|医生|醫生|医师|醫師|大夫"
    "|护士|護士|主任|教授|律师|律師|店长|店長|阿姨|大姐|大哥|同学|同學|警官"
)
_SHOP: Final = (
    r"(?!姐|[\u4e00-\u9fff]{0,2}(?:面馆|饭馆|菜馆|茶馆|小吃|珠宝|火锅|蛋糕|烘焙|美容"
    r"|料理|私房菜|专柜|旗舰店|专卖店|药房|方便面|泡面|牛肉面|矿泉水|矿物质水|[冰红紅绿綠]?[红紅绿綠]茶|饮料|牌))"
)
"""宋小姐珠宝 and 康师傅方便面 are firms."""

_TITLE: Final = re.compile(rf"(?:班主任|{TITLES}){_SHOP}")
_NOT_GIVEN: Final = (
    "的是了在我你您他她它们們和与與有个個位这這那哪就都也很不没沒给給让讓请請找被把对對向跟说說叫问問"
    "到去来來要会會能为為从從及或吗呢吧啊先电姓名"
)
"""Characters that are next to never part of a given name but stand around names all the time."""

_SURNAME: Final = rf"(?:{COMPOUND_SURNAMES}|[{SURNAMES}])"
_GIVEN: Final = rf"[{_CHINESE}]"
_ANNOUNCED: Final = re.compile(
    r"(?:姓名|联系人|聯絡人|聯繫人|收件人|收货人|收貨人|寄件人|发件人|投诉人|投訴人|申请人|申請人|持卡人|当事人|机主|(?:車主|车主)(?!管)|(?<![用账帐])(?:户名|戶名)|署名|(?:客户|顾客|乘客|患者|旅客)(?=\s*:))"
    r"(?:[是为為叫:\s-]{0,4})"
    rf"(?P<v>{_SURNAME}[{_CHINESE}]{{1,3}})"
)
_SELF: Final = re.compile(
    rf"(?:我叫|我的名字[是叫]|我名叫|(?<!日)本人(?=[^,，。\s]{{2,4}}[,，。;；\s]))(?P<v>{_SURNAME}[{_CHINESE}]{{1,3}})"
)
_SIGNED: Final = re.compile(
    rf"(?:--|敬礼\s*\n|敬禮\s*\n|敬上[:\s]|此致\s*\n|\n\s*-)\s*(?P<v>{_SURNAME}[{_CHINESE}]{{1,2}})[ \t]*(?=\n|$)"
)


_ALONE: Final = "高何方金白安文易万常程成关任童计席"
"""Surnames that are words too, and names without a given name only at a boundary."""

_BOUNDARY: Final = re.compile(
    rf"(?:^|[^{_CHINESE}]|[的是叫找给給请請谢謝见見向跟问]|客服|联系|你好|您好|这位|那位|销售|尊敬)$"
)


def find_chinese_names(folded: str) -> Iterator[Span]:
    """The name without the form of address: of 张先生 the span is 张. Staff's names count as well as customers'."""
    for title in _TITLE.finditer(folded):
        start = _before_title(folded, title.start())
        if start is not None:
            yield start, title.start()
    for pattern in (_ANNOUNCED, _SELF):
        for match in pattern.finditer(folded):
            end = _end_of_name(folded, match.start("v"), match.end("v"))
            if end is not None:
                yield match.start("v"), end
    for match in _SIGNED.finditer(folded):
        if _surname_length(match["v"]) == 2 or _is_name(match["v"], at_boundary=True):
            yield match.span("v")


def _before_title(folded: str, end: int) -> int | None:
    """Where the name that ends at `end` begins: of several readings the longest that is no word; None if none is."""
    for length in (4, 3, 2, 1):
        start = end - length
        if start >= 0 and _reads_as_name(folded, start, end):
            return start
    return None


def _reads_as_name(folded: str, start: int, end: int) -> bool:
    """Whether surname and given name, or a surname alone, stand in front of a form of address at `end`."""
    name = folded[start:end]
    surname = _surname_length(name)
    given = name[surname:]
    if not surname or len(given) > 2 or not all("\u4e00" <= each <= "\u9fff" for each in given):
        return False
    if _continues_word(folded, start) or any(each in _NOT_GIVEN for each in given):
        return False
    at_boundary = _at_boundary(folded, start)
    if surname == 1 and name[0] not in COMMON_SURNAMES and not (at_boundary and (given or name in _ALONE)):
        return False
    if surname == 1 and name[0] not in COMMON_SURNAMES and given in COMMON_SURNAMES:  # the 和李 of 和李经理
        return not given
    if surname == 1 and name[0] not in COMMON_SURNAMES and len(given) == 2 and is_no_name(given):  # 连安装师傅
        return False
    return not given or surname == 2 or _is_name(name, at_boundary=at_boundary)


def _surname_length(name: str) -> int:
    if re.match(COMPOUND_SURNAMES, name):
        return 2
    return 1 if name[:1] and name[0] in SURNAMES else 0


def _is_name(name: str, *, at_boundary: bool) -> bool:
    """Whether a surname and a given name of one or two characters read as a name: not 周末, 高端, 金牌, and of three
    characters not a word and one more (周末班), unless they stand by themselves and the word is no time (王国强).
    """
    if is_no_name(name):
        return False
    if len(name) == 2 or not is_no_name(name[:2]):
        return True
    return at_boundary and name[0] in COMMON_SURNAMES and not is_time(name[:2]) and name[2] not in "周节日班"


def _continues_word(folded: str, start: int) -> bool:
    """Whether the character at `start` ends a word: the 史 of 历史老师, the 谢 of 感谢李女士."""
    return any(start >= back and is_word(folded[start - back : start + 1]) for back in (1, 2))


def _at_boundary(folded: str, start: int) -> bool:
    """Whether something that is no part of a word stands in front, or a word after which people are named."""
    return _BOUNDARY.search(folded, max(0, start - 4), start) is not None


def _end_of_name(folded: str, start: int, end: int) -> int | None:
    """Where an announced name ends: at a title, before a function word or a word that begins with its last sign."""
    surname = _surname_length(folded[start:end])
    title = _TITLE.search(folded, start + 1, end + 2)
    longest = min(end, start + surname + 2, title.start() if title else end)
    for stop in range(longest, start + surname, -1):
        name = folded[start:stop]
        if any(each in _NOT_GIVEN for each in name[surname:]):
            continue
        closed = not re.match(r"[\u4e00-\u9fff]", folded[stop : stop + 1])
        splits_word = not closed and stop - start > surname + 1 and is_word(folded[stop - 1 : stop + 1])
        if not splits_word and (surname == 2 or _is_name(name, at_boundary=closed)):
            return stop
    return None
