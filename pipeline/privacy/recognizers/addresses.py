"""Postal addresses down to a house number, a building or a room. A city, a district or a street alone stays: it says
where something happened, not who wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.recognizers.base import Span

_CHINESE: Final = "\u4e00-\u9fff"
_NUMBER: Final = r"(?:[0-9]{1,5}[A-Za-z]?(?:[-/][0-9]{1,4})?|[一二三四五六七八九十百零〇甲乙丙]{1,5}|[A-Za-z])"
_ROAD: Final = (
    r"(?:路|街|大道|胡同|弄(?!一弄)|巷|村|[里裡](?=[0-9]+[弄號号])|(?<![知频頻渠通味街报報难難人轨軌跑赛賽])道)"
    r"(?:[东東西南北中]?[一二三四五六七八九十]?段|[东西南北]?[一二三四五]?区)?"
)
_ESTATE: Final = (
    r"(?:小区|小區|社区|社區|花园|花園|家园|公寓|大厦|大廈|广场|廣場|新村|新城|名城|小城|城|苑|府|寓|庭|园|園|邸|墅|湾|灣|轩|軒|阁|閣|村|里|居|坊|庄|院|宿舍|中心|大楼|大樓)"
    r"(?:[一二三四五六七八九十0-9]{1,3}[期区區]|[东東西南北中][区區])?"
)
_BLOCK: Final = r"(?:[号號][楼樓](?![梯盘层])|栋(?!别)|棟|幢|座(?![位机椅谈])|单元|單元|[门門](?=[0-9]))"
_BODY: Final = rf"[{_CHINESE}A-Za-z0-9·]"
_NOT_A_HOUSE: Final = (
    r"(?![线線口柜櫃窗桌厅廳机機馆店位门門车車台台桥球员員]|出口|登机|选手|航站|上午"
    r"|下午|晚|早|中午|[下发發]单|发货|到货|左右|之前|之后|以)"
)
_ANCHOR: Final = re.compile(
    rf"(?:{_ROAD}(?P<house>{_NUMBER}(?:[巷弄]{_NUMBER}){{0,2}}[号號弄](?:院|附[0-9]{{1,3}}号?|之[0-9]{{1,3}})?){_NOT_A_HOUSE}"
    rf"|{_ESTATE}(?P<block>{_NUMBER}{_BLOCK}))"
)
_MORE: Final = re.compile(
    rf"[,，]?[ ]?(?:(?:[{_CHINESE}A-Za-z]{{1,10}}?{_ESTATE}[ ]?)?(?:{_NUMBER}(?:{_BLOCK}"
    rf"|室|房(?!间)|[层層](?!楼)|[楼樓](?![梯下上道盘])|F(?![a-z])|[号號](?=$|[^{_CHINESE}]))"
    rf"|[号號]?附[0-9]{{1,3}}号)"
    rf"|(?:(?<=[栋棟幢座元楼樓层層室号號门門])|(?<=[0-9A-Z]-))[0-9]{{2,4}}(?![0-9]|[元块个年月天分次%])(?:[室房])?)"
)
_PROVINCES: Final = (
    "北京|上海|天津|重庆|重慶|河北|山西|辽宁|遼寧|吉林|黑龙江|黑龍江|江苏|江蘇|浙江|安徽|福建|江西|山东|山東|河南|湖北|湖南|广东|廣東|海南|四川|贵州|貴州|云南|雲南|陕西|陝西"
    "|甘肃|甘肅|青海|台湾|台灣|臺灣|内蒙古|内蒙|广西|廣西|西藏|宁夏|新疆|香港|澳门|澳門"
)
_START: Final = re.compile(rf"(?:{_PROVINCES})(?!路|街|大道|[东西南北中]路)")
_LEAD_IN: Final = re.compile(
    r"地址|住址|位于|位於|住在|家在|[住在到至往寄送发派是的了我你您他她们這这那很没沒就被把给給跟]|改成|改为|从|離|离|去|找|还有|還有|以及|靠近|路过|位置"
)
"""What stands in front of an address in running text and is not part of one."""

_LONGEST: Final = 40


def find_addresses(folded: str) -> Iterator[Span]:
    """Chinese and English addresses; overlapping finds are possible."""
    yield from _find_chinese(folded)
    yield from find_english_addresses(folded)


def _find_chinese(folded: str) -> Iterator[Span]:
    done = 0
    for match in _ANCHOR.finditer(folded):
        if match.start() < done:
            continue
        start = _start_of(folded, max(done, match.start() - _LONGEST), match.start())
        if start is None:
            continue
        done = match.end()
        while (more := _MORE.match(folded, done)) and more.end() > done:
            done = more.end()
        yield start, done


def _start_of(folded: str, low: int, anchor: int) -> int | None:
    """Where the address whose road or estate is named up to `anchor` begins; None if no name stands there."""
    lead = re.search(rf"{_BODY}*$", folded[low:anchor])
    begin = low + (lead.start() if lead else 0)
    region = _START.search(folded, begin, anchor + 2)  # to see that 香港 is part of 香港中路
    if region is not None and region.end() <= anchor:
        return region.start()
    for cut in _LEAD_IN.finditer(folded, begin, anchor):
        begin = cut.end()
    name = folded[begin:anchor]
    return (
        begin
        if re.search(rf"[{_CHINESE}]", name) and not re.fullmatch(r"[一二两三四五六七八九十几那这每整条個个]+", name)
        else None
    )


_SUFFIX: Final = (
    "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Crescent|Close|Parkway|Pkwy|Highway"
    "|Hwy|Gardens|Mews|Quay|Walk|Way|Row|Hill"
)
_PART: Final = (
    r"(?:(?:Flat|Unit|Apt|Apartment|Room|Rm|Suite|Ste|Block|Blk|Building|Bldg|Tower"
    r"|Floor|House)\.?[ ]?#?(?=[A-Z0-9-]{0,3}[0-9]|[A-Z]\b)[A-Z0-9-]{1,6}|[0-9]{1,3}/F"
    r"|[0-9]{1,3}(?:st|nd|rd|th) [Ff]loor)"
)
_HOUSE: Final = r"(?:No\.?[ ]?)?[0-9]{1,5}[A-Za-z]?(?:-[0-9]{1,5})?"
_CAPITAL: Final = r"(?:[A-Z][A-Za-z'’.]*|[0-9]{1,3}(?:st|nd|rd|th))"
_POSTCODE: Final = (
    r"(?:[A-Z]{2} [0-9]{5}(?:-[0-9]{4})?|(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT) [0-9]{4}"
    r"|[A-Z]{2} [A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2})(?![A-Za-z0-9"
    r"])"
)
_TAIL: Final = (
    rf"(?:,? (?:{_PART}|#[ ]?[0-9A-Z-]{{1,6}}))*(?:,(?: [A-Z][A-Za-z]+){{1,2}} District)?"
    rf"(?:(?:,?(?: [A-Z][A-Za-z]+){{1,3}}){{0,2}},? {_POSTCODE})?"
)
_ENGLISH: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![A-Za-z0-9.])(?:{_PART},? ){{0,4}}{_HOUSE},?(?: {_CAPITAL}){{1,4}}? (?:{_SUFFIX})(?![A-Za-z])"
        rf"(?:\.(?=[ ,]|$))?(?: (?:NW|NE|SW|SE|[NSEW])(?![A-Za-z]))?{_TAIL}",
        (
            rf"(?<![A-Za-z0-9.])(?:{_PART},? ){{0,4}}{_HOUSE},? (?:(?i:rue|calle|rua|avenida"
            rf"|avenue|chemin)|Via)(?: (?:de|du|des|la|le|del|della|da))*(?: {_CAPITAL}){{1,3}}{_TAIL}"
        ),
        (
            rf"(?<![A-Za-z0-9.])(?:{_PART},? ){{2,5}}(?:{_CAPITAL} ){{1,3}}(?:Gardens?|Court"
            rf"|Building|Estate|Mansions?|House|Centre|Center|Plaza|Towers?)(?![A-Za-z])"
        ),
        r"(?<![A-Za-z0-9])(?:P\.? ?O\.?|[Pp]ost [Oo]ffice) ?[Bb](?:ox|OX) ?[0-9]{1,6}(?![0-9])",
    )
)
_NAMED_LOWER: Final = re.compile(
    r"(?:live at|living at|address(?: is)?|deliver(?:ed|y)? to|sent? to|ship(?:ped)? to|left (?:it )?at)\s*:?\s*"
    rf"(?P<v>[0-9]{{1,5}}[a-z]?(?: [a-z0-9'.]+){{1,4}}? (?:{_SUFFIX})(?![a-z])(?:,?"
    rf" (?:apt|unit|suite|flat|#)\.? ?[0-9a-z-]{{1,5}})?)",
    re.IGNORECASE,
)


def find_english_addresses(folded: str) -> Iterator[Span]:
    """House number and a capitalised street name (in any case after "live at", "deliver to"...), with units in front
    and behind, and with the town if a postcode follows; towers of an estate; post-office boxes.
    """
    for pattern in _ENGLISH:
        for match in pattern.finditer(folded):
            yield match.span()
    for match in _NAMED_LOWER.finditer(folded):
        yield match.span("v")
