"""Identity numbers, passports, licence plates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from pipeline.privacy.recognizers.base import Span, digits_of, named, values

_RESIDENT_ID: Final = re.compile(r"(?<![0-9])(?P<v>[1-9](?:[ .-]?[0-9]){16}[ .-]?[0-9Xx])(?![0-9])")
_PROVINCE: Final = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_ID_WORDS: Final = (
    r"身[份分][证證]|证件|證件|居[民住][证證]|居留[证證]|通行[证證]|台胞[证證]|回[乡鄉][证證]|[驾駕][驶駛]?[证證照]|军官[证證]|社保[卡号]|社会保障号"
    r"|(?:national|identity|resident|personal|chinese)\s*id(?:entity|entification)?|(?<![a-z])(?:ssn|social\s*security|hkid)(?![a-z])"
    r"|id\s*card|identity\s*card|(?<![a-z])(?:my|his|her)\s+id(?=\s*(?:number|no))"
    r"|(?<![a-z])id\s*(?=num(?:ber)?(?![a-z])|no[.: ])"
    r"|(?:home\s*return|re-?entry|travel|exit-entry|mainland\s*travel)\s*permit"
)
_NAMED_ID: Final = named(
    _ID_WORDS + r"(?:\s*card)?",
    r"(?:[0-9]{6}\.[0-9]{8}\.[0-9]{3}[0-9X]|[A-Z]{0,2}[0-9](?:[ -]?[0-9]){5,16}[ -]?(?:[0-9]"
    r"|X(?![a-z]))?(?:\([0-9A]\))?)"
    r"(?![0-9]|\.[0-9])",
)
_NAMED_LICENCE: Final = named(
    r"driv(?:ing|er['’]?s?)\s*licen[cs]e(?!\s*plate)", r"(?=(?:[A-Z]*[0-9]){4})[A-Z0-9](?:-?[A-Z0-9]){6,17}(?![A-Z0-9])"
)

_CN_PASSPORT: Final = re.compile(
    r"(?<![A-Za-z0-9-])(?P<v>[EeGg][0-9]{8}|[Ee][A-HJ-NP-Za-hj-np-z][0-9]{7}|[DSPdsp][Ee][0-9]{7})(?![A-Za-z0-9-])"
)
_NAMED_PASSPORT: Final = named(
    r"护照|護照|passports?", r"(?:(?=(?:[A-Z]{0,3}[0-9]){4})[A-Z0-9]{6,10}|[A-Z]{1,2} [0-9]{4} ?[0-9]{3,4})(?![A-Z0-9])"
)

PROVINCE_SIGNS: Final = "京津沪滬渝冀豫云雲辽遼黑湘皖鲁魯新苏蘇浙赣贛鄂桂甘晋晉蒙陕陝吉闽閩贵貴粤粵青藏川宁寧琼瓊"
_CN_PLATE: Final = re.compile(
    rf"(?P<v>[{PROVINCE_SIGNS}][A-HJ-NP-Za-hj-np-z][ ·•・.-]?"
    r"(?P<tail>[DABCEFGHJKdabcefghjk][A-HJ-NP-Za-hj-np-z0-9][0-9]{4}|[0-9]{5}[DABCEFGHJKdabcefghjk]"
    r"|[A-HJ-NP-Za-hj-np-z0-9]{4}[A-HJ-NP-Za-hj-np-z0-9挂掛学學警港澳领領]))(?![A-Za-z0-9])"
)
_NAMED_PLATE: Final = named(
    r"车牌|車牌|licen[cs]e\s*plates?|number\s*plates?|(?<![a-z])(?:car\s+)?plates?(?=\s*(?:no|number|is|:|#))"
    r"|(?:car|vehicle)\s*registration",
    r"(?=[^0-9\n]{0,6}[0-9])(?:[\u4e00-\u9fff]?[A-Z][ ·•.-]?[A-Z0-9]{5,6}|[A-Z0-9]{2,4}[ -]?[A-Z0-9]{2,4})(?![A-Z0-9])",
)
_MY_PLATE: Final = re.compile(
    r"(?<![a-z])(?:my|his|her|their|our)\s+(?:car\s+)?plate\s+(?=[A-Z0-9]*[A-Z])(?P<v>(?=(?:[A-Z]*[0-9]){3})[A-Z0-9]{5,8})(?![A-Z0-9])"
    r"|(?<![a-z])(?:registration|reg|vehicle|car)\s*(?:no\.?|num(?:ber)?)(?:\s*is)?[\s:#]{1,3}"
    r"(?P<w>[A-Z]{2}[ -]?[0-9]{1,2}[ -]?[A-Z]{1,3}[ -]?[0-9]{4}|[A-Z]{2}[0-9]{2}[ -]?[A-Z]{3})(?![A-Z0-9])",
    re.IGNORECASE,
)
_CROSS_BORDER: Final = re.compile(r"(?P<v>[粤粵][Zz][ ·•・.-]?(?=[A-Za-z]{0,3}[0-9])[A-HJ-NP-Za-hj-np-z0-9]{4}[港澳])")
_MIN_PLATE_DIGITS: Final = 3
"""GA 36 allows at most two letters among the five characters after the area letter, so three are digits."""


def find_ids(folded: str) -> Iterator[Span]:
    """Resident ids with a right check digit (GB 11643), and numbers that a word such as 身份证 names."""
    for span, value in values(_RESIDENT_ID, folded):
        if _is_resident_id(value):
            yield span
    for span, value in values(_NAMED_ID, folded):
        if not is_date(digits_of(value)):
            yield span
    for span, _ in values(_NAMED_LICENCE, folded):
        yield span


def _is_resident_id(value: str) -> bool:
    """Province, birth date and check digit are right. Counties are not checked: they are dissolved and renamed."""
    compact = re.sub("[ .-]", "", value).upper()
    if not _PROVINCE.match(compact):
        return False
    try:
        born = ric.get_birth_date(compact)
        return bool(born <= date.today() and ric.calc_check_digit(compact) == compact[-1])
    except ValidationError:
        return False


def find_passports(folded: str) -> Iterator[Span]:
    """Mainland passport numbers, unless their digits are a date, and whatever a word names as a passport's number."""
    for span, value in values(_CN_PASSPORT, folded):
        if not is_date(digits_of(value)):
            yield span
    for span, value in values(_NAMED_PASSPORT, folded):
        if not is_date(value):
            yield span


def is_date(digits: str) -> bool:
    """Whether eight digits read as a day of 1900-2099, year first or last, as in order numbers and file names."""
    if len(digits) != 8 or not digits.isascii() or not digits.isdigit():
        return False
    for year, month, day in ((0, 4, 6), (4, 2, 0), (4, 0, 2)):
        try:
            found = date(int(digits[year : year + 4]), int(digits[month : month + 2]), int(digits[day : day + 2]))
        except ValueError:
            continue
        if 1900 <= found.year < 2100:
            return True
    return False


def find_plates(folded: str) -> Iterator[Span]:
    """Mainland plates (GA 36-2018, new-energy ones included), and what a word names as a plate."""
    for match in _CN_PLATE.finditer(folded):
        if len(digits_of(match["tail"])) >= _MIN_PLATE_DIGITS:
            yield match.span("v")
    for pattern in (_NAMED_PLATE, _CROSS_BORDER):
        for span, _ in values(pattern, folded):
            yield span
    for match in _MY_PLATE.finditer(folded):
        yield match.span("v" if match["v"] else "w")
