"""Phone numbers of people: mainland, Hong Kong, Macau, Taiwan, international.

Numbers that only an organisation can hold stay: 400 and 800 numbers, short codes such as 10086, 12345 or 95588, and
other countries' toll-free, shared-cost and premium numbers. They identify nobody, and which hotline a customer rang is
part of the feedback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import phonenumbers
from phonenumbers import PhoneNumberType

from pipeline.privacy.recognizers.base import LINK, Span, digits_of
from pipeline.privacy.recognizers.documents import is_date
from pipeline.privacy.views import isolate

_SEPARATOR: Final = r"[ ._·\n-]{1,3}"
_BEFORE: Final = r"(?<![0-9])(?<![0-9]\.)"
_AFTER: Final = r"(?![0-9])(?!\.[0-9]{1,2}(?![0-9]))"
_CHINA: Final = r"\(?(?:\+|00)\s?86\)?[ ._·-]{0,2}"
_MOBILE: Final = re.compile(
    rf"{_BEFORE}(?:(?:{_CHINA}|\(?86\)?[ -]{{0,2}})?(?:1[3-9][0-9]{{9}}|1[3-9][0-9](?:{_SEPARATOR}[0-9]{{4}}){{2}}"
    rf"|1[3-9][0-9]{_SEPARATOR}[0-9]{{8}}|1[3-9][0-9]{{5}}{_SEPARATOR}[0-9]{{4}}|1[ ._-][3-9](?:[ ._-][0-9]){{9}})"
    rf"|{_CHINA}1[3-9](?:[ ._·-]?[0-9]){{9}}){_AFTER}"
)
"""3-4-4, 3-8, 7-4, no or all separators; after +86 any grouping. 4-4-3 alone reads like three prices."""

_LANDLINE: Final = re.compile(
    rf"{_BEFORE}(?<![0-9][-/])(?:{_CHINA}\(?0?|[(（]?0)(?P<area>10|2[0-9]|[3-9][0-9]{{2}})"
    r"(?P<gap>[)）]\s?-?|\s?-{1,2}\s?|\s|)(?P<local>[1-9][0-9]{2,3}[ -]?[0-9]{4})(?:-[0-9]{1,5}"
    r"|\s?(?:转|轉|分机|分機|ext\.?)\s?[0-9]{2,5})?" + _AFTER
)
_GREATER_CHINA: Final = re.compile(
    rf"{_BEFORE}[(（]?(?:\+|00)?(?P<code>852|853|886)[)）]?[ -]{{0,3}}(?P<local>[0-9](?:[ -]?[0-9]){{7,9}}){_AFTER}"
)
_ABROAD: Final = re.compile(rf"{_BEFORE}00 ?[1-9][0-9]{{0,2}}[ -]?\(?[0-9](?:[ ().-]{{0,2}}[0-9]){{5,11}}{_AFTER}")
_NORTH_AMERICA: Final = re.compile(
    rf"{_BEFORE}(?<![0-9][-/])(?:1[ .-])?(?:\([2-9][0-9]{{2}}\)[ -]{{0,3}}|[2-9][0-9]{{2}}[ .-])"
    rf"[2-9][0-9]{{2}}[ .-][0-9]{{4}}"
    rf"{_AFTER}(?!-[0-9])"
)
_TRUNK: Final = re.compile(
    rf"{_BEFORE}(?<![0-9]-)\(?0[1-9][0-9]{{0,3}}\)?(?:[ -]?[0-9]{{3,8}}){{1,3}}{_AFTER}(?!-[0-9])"
)
_TEN: Final = re.compile(rf"{_BEFORE}(?<![A-Za-z/=_#-])[6-9][0-9]{{4}} ?[0-9]{{5}}{_AFTER}")
_UNITED_KINGDOM: Final = re.compile(
    rf"{_BEFORE}(?<![0-9]-)\(?0[127][0-9]{{3}}\)?[ -][0-9]{{3}}[ -]?[0-9]{{3}}{_AFTER}(?!-[0-9])"
)
"""Also the ranges set aside for fiction, which are valid nowhere: 01632 960123, 07700 900123."""

_STARTS_WITH_DATE: Final = re.compile(
    r"(?:19|20)[0-9]{2}[ .-]?(?:0?[1-9]|1[0-2])[ .-]?(?:[012]?[0-9]|3[01])(?![0-9]{4})"
)
_WORDS: Final = (
    r"手机|手機|电话|電話|座机|座機|固话|固話|来电|來電|致电|致電|拨打|撥打|打给|打俾|联系方式|聯絡|(?<![a-z])(?:tel(?:ephone)?s?|phones?"
    r"|(?:call|text|ring|reach|contact|dial|message|whatsapp)(?:ed|ing)?(?:\s+(?:me|us|him|her|back|from|number))?"
    r"|mob(?:ile)?|cell(?:phone)?|whatsapp|hp|fax)(?![a-z])"
)
_NAMED: Final = re.compile(
    rf"(?:{_WORDS}){LINK}{_BEFORE}(?P<v>\+?[0-9(](?:[ .()-]{{0,2}}[0-9]){{6,14}}){_AFTER}(?![-:][0-9])", re.IGNORECASE
)
_OTHER_NUMBER: Final = re.compile(
    r"(?:订单|訂單|运单|單號|单号|流水|工单|编号|代码|代碼|order|claim|ticket|invoice|tracking|ref(?:erence)?|case|policy|account"
    r"|booking|confirmation|(?<![a-z])id|\$|¥|￥|rs\.?)[^0-9\n]{0,14}$",
    re.IGNORECASE,
)
_OF_ORGANISATIONS: Final = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.UAN,
    }
)
_HOTLINE_FORM: Final = re.compile(r"[48]00[ .-]?[0-9]{3}[ .-]?[0-9]{4}")

_ORDER: Final = re.compile(
    r"(?<![a-z])orders?(?:\s*(?:id|no|numbers?)(?![a-z]))?(?:\s*(?:is|was)(?![a-z]))?[\s.:;#(]*$", re.IGNORECASE
)


def find_mainland_mobiles(folded: str) -> Iterator[Span]:
    """Eleven digits 13x-19x in the groupings people write, with or without +86. Not tied to allocated prefixes, which
    grow faster than libraries. An English "order" right before a hyphenated one makes it an order number.
    """
    for match in _MOBILE.finditer(folded):
        if not ("-" in match[0] and _ORDER.search(folded[max(0, match.start() - 30) : match.start()])):
            yield match.span()


class PhoneFinder:
    """Finds phone numbers; `regions` are ISO countries whose national formats count besides the mainland's."""

    def __init__(self, regions: Sequence[str]) -> None:
        self._regions = tuple(regions)

    def __call__(self, folded: str) -> Iterator[Span]:
        """All phone numbers of people."""
        finds = (find_mainland_mobiles, _find_landlines, _find_international, self._find_national, _find_named)
        for find in finds:
            for span in find(folded):
                yield _without_open_bracket(folded, span)

    def _find_national(self, folded: str) -> Iterator[Span]:
        """National formats that are unmistakable by form: (415) 555-2671, 020 7946 0958, 0912-345-678."""
        if "US" in self._regions or "CA" in self._regions:
            for match in _not_hotlines(_NORTH_AMERICA, folded):
                if "(" in match[0] or "-" in match[0] or "." in match[0] or _kind_of(match[0], "US") == "person":
                    yield match.span()
        for match in _not_hotlines(_TRUNK, folded):
            if 9 <= len(digits_of(match[0])) <= 12 and self._is_valid(match[0]):
                yield match.span()
        if "GB" in self._regions:
            for match in _UNITED_KINGDOM.finditer(folded):
                yield match.span()
        if "IN" in self._regions:
            for match in _not_hotlines(_TEN, folded):
                before = folded[max(0, match.start() - 30) : match.start()]
                ruled_out = _after_chinese(before) or _OTHER_NUMBER.search(before) or _is_round(match[0])
                if not ruled_out and _kind_of(match[0], "IN") == "person":
                    yield match.span()

    def _is_valid(self, value: str) -> bool:
        return any(_kind_of(value, region) == "person" for region in self._regions)


def _find_named(folded: str) -> Iterator[Span]:
    """Numbers that a word such as 电话 or call names: seven or eight digits of a local one, up to fifteen of others."""
    for match in _NAMED.finditer(folded):
        value = match["v"]
        digits = digits_of(value)
        local = len(digits) in (7, 8) and "(" not in value and digits[0] not in "01" and not is_date(digits)
        if local or (len(digits) > 8 and not _is_hotline(value) and not _STARTS_WITH_DATE.match(value)):
            yield match.span("v")


def _not_hotlines(pattern: re.Pattern[str], folded: str) -> Iterator[re.Match[str]]:
    return (match for match in pattern.finditer(folded) if not _is_hotline(match[0]))


def _find_landlines(folded: str) -> Iterator[Span]:
    for match in _not_hotlines(_LANDLINE, folded):
        separated = bool(match["gap"]) or match[0].startswith(("(", "（", "+"))
        long_enough = len(digits_of(match["area"] + match["local"])) >= 10
        if (separated and long_enough) or _kind_of(f"0{match['area']}{match['local']}", "CN") == "person":
            yield match.span()


def _find_international(folded: str) -> Iterator[Span]:
    for match in _GREATER_CHINA.finditer(folded):
        if _kind_of(f"+{match['code']}{digits_of(match['local'])}", None) == "person":
            yield match.span()
    for match in _ABROAD.finditer(folded):
        if _kind_of(match[0], "CN") == "person":
            yield match.span()
    if "+" in folded:
        for found in phonenumbers.PhoneNumberMatcher(isolate(folded), None, leniency=phonenumbers.Leniency.POSSIBLE):
            if _kind_of(found.raw_string, None) != "organisation" and len(digits_of(found.raw_string)) >= 9:
                yield found.start, found.end


def _without_open_bracket(folded: str, span: Span) -> Span:
    """`(08067466734)` is a number in brackets, `(080) 67466734` a bracket in a number."""
    start, end = span
    value = folded[start:end]
    if value[0] in "(（" and not any(close in value for close in ")）"):
        start += len(value) - len(value[1:].lstrip())
    return start, end


def _is_hotline(value: str) -> bool:
    """A mainland, North American or British hotline. The second's 888 and 877 also begin Indian mobile numbers: only
    with the separators that show how it is meant, as in 888-681-5716, do they count.
    """
    digits = digits_of(value)
    if _HOTLINE_FORM.match(value):
        return True
    american = len(digits) < len(value) or digits.startswith("1")
    return digits.startswith("0800") or (american and _kind_of(value, "US") == "organisation")


def _kind_of(value: str, region: str | None) -> Literal["person", "organisation", "invalid"]:
    """Who can hold `value`, dialled in `region`; None asks for a country code with +."""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return "invalid"
    if not phonenumbers.is_valid_number(number):
        return "invalid"
    return "organisation" if phonenumbers.number_type(number) in _OF_ORGANISATIONS else "person"


def _is_round(value: str) -> bool:
    """Two prices side by side, or one key held down: 65000 95000, 6666666666."""
    digits = digits_of(value)
    return len(set(digits)) == 1 or (digits[3:5] == "00" and digits.endswith("00"))


def _after_chinese(before: str) -> bool:
    stripped = before.rstrip(" :：,，-#(（")
    return bool(stripped) and not stripped[-1].isascii()
