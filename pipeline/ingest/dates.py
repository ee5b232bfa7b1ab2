"""Dates in the forms that zh and en exports use.

What one cell leaves open (03/04/2026) is settled by its column, or that cell gives no time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from pipeline.ingest.cells import is_missing, to_text

Order = Literal["mdy", "dmy", "ymd"]
_CLOCK = (
    r"(?:[\sT,，]*(?P<half>上午|下午|早上|晚上|中午|凌晨|清晨|傍晚|晚间)?\s*(?P<hour>\d{1,2})\s*[:：时點点]\s*(?P<minute>\d{1,2})?\s*分?"
    r"(?:\s*[:：]?\s*(?P<second>\d{1,2})(?:[.,]\d+)?\s*秒?)?\s*(?P<ampm>[ap]\.?m\.?)?\s*(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2})?)?"
)
_WEEKDAY = r"(?:\s*[(（]?\s*(?:周|星期|礼拜|禮拜|週)[一二三四五六日天]\s*[)）]?)?"
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})\s*[-/.年]\s*(?P<month>\d{{1,2}})(?:\s*[-/.月]\s*(?P<day>\d{{1,2}})\s*[日号號]?)?\s*月?{_WEEKDAY}{_CLOCK}",
    re.I,
)
_NUMERIC = re.compile(rf"(?P<a>\d{{1,2}})\s*[-/.]\s*(?P<b>\d{{1,2}})\s*[-/.]\s*(?P<c>\d{{4}}|\d{{2}}){_CLOCK}", re.I)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_MONTH = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY_NAME = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_ENGLISH = (
    re.compile(rf"{_DAY_NAME}{_MONTH}\s+{_DAY},?\s+(?P<year>\d{{4}}){_CLOCK}", re.I),
    re.compile(rf"{_DAY_NAME}{_DAY}(?:\s+of)?[\s-]+{_MONTH}[\s,-]+(?P<year>\d{{4}}){_CLOCK}", re.I),
    re.compile(rf"{_MONTH}[\s,-]+(?P<year>\d{{4}})", re.I),
)
_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ZONE_NAME = re.compile(r"\b(?!AM\b|PM\b|UTC\b|GMT\b)[A-Z]{3,5}\b")
_EXCEL_EPOCH = datetime(1899, 12, 30)
_NUMBERS = "numbers"
_NO_SUCH_DAY = "a day or time that does not exist"
_EARLIEST = 1990
"""Feedback is not older. Years before it and after the next are what systems write for "no date" (1900-01-01,
2099-12-31).
"""


class UndatedError(ValueError):
    """A cell that holds no date. The message says why, without quoting the cell."""


class _AmbiguousError(UndatedError):
    """A cell that is one date day first and another month first."""


@dataclass(frozen=True, slots=True)
class DateRule:
    """How the dates of a column are read.

    `order` is the order of day, month and year in all-number dates: given, settled by the column, or None
    where the column does not settle it. Then `ambiguous` cells, of which `example` is the first, can be read as
    more than one date and give no time. `undecided` says why the whole column gives none, if so. `kinds` counts
    the forms seen.
    """

    zone: ZoneInfo
    time_format: str | None = None
    order: Order | None = None
    undecided: str | None = None
    ambiguous: int = 0
    example: str = ""
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def unreadable(self) -> int:
        """Cells that hold no date."""
        return self.kinds.get("unreadable", 0)

    @property
    def dates(self) -> int:
        """Cells that hold a date."""
        return sum(self.kinds.values()) - self.unreadable

    def read(self, value: object) -> datetime | None:
        """The time with its zone; None where the cell is empty, can be read as more than one date, or its column
        is undecided.

        Raises UndatedError.
        """
        if self.undecided is not None or _is_empty(value):
            return None
        try:
            return _placed(_read(value, self.order, self.time_format)[0], self.zone)
        except _AmbiguousError:
            return None


class DateSurvey:
    """Reads a whole column and settles its `DateRule`."""

    def __init__(self, zone: ZoneInfo, *, time_format: str | None, day_first: bool | None) -> None:
        self._zone = zone
        self._format = time_format
        self._given: Order | None = None if day_first is None else ("dmy" if day_first else "mdy")
        self._possible: set[Order] = {"mdy", "dmy", "ymd"}
        self._kinds: Counter[str] = Counter()
        self._ambiguous = 0
        self._example = ""

    def add(self, value: object) -> None:
        """Take one cell into account."""
        if _is_empty(value):
            return
        numeric = None if self._format else _NUMERIC.fullmatch(to_text(value).strip())
        if numeric is not None:
            self._possible &= _readings(numeric).keys() or self._possible
        try:
            moment, kind = _read(value, None, self._format)
            _placed(moment, self._zone)
            self._kinds[kind] += 1
        except _AmbiguousError:
            self._kinds[_NUMBERS] += 1
            self._ambiguous += 1
            self._example = self._example or to_text(value).strip()
        except UndatedError:
            self._kinds["unreadable"] += 1

    def rule(self) -> DateRule:
        """The rule for the column."""
        order = self._given
        if order is None and len(self._possible) == 1:
            order = next(iter(self._possible))
        mostly_none = self._kinds["unreadable"] * 2 > self._kinds.total()
        return DateRule(
            self._zone,
            self._format,
            order,
            undecided="most of its cells are not dates" if mostly_none else None,
            ambiguous=self._ambiguous if order is None else 0,
            example=self._example if order is None else "",
            kinds=dict(self._kinds),
        )


def _is_empty(value: object) -> bool:
    return is_missing(to_text(value).strip())


def _read(value: object, order: Order | None, time_format: str | None) -> tuple[datetime, str]:
    """The moment (naive unless the cell gives a zone) and the form it was written in. Raises UndatedError."""
    if isinstance(value, datetime):
        return value, "date cell"
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day), "date cell"
    if isinstance(value, time | timedelta):
        raise UndatedError("a time of day without a date")
    return _parse(to_text(value).strip(), order, time_format)


def _placed(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment with a zone. Raises UndatedError where its year cannot be one of feedback."""
    latest = datetime.now(zone).year + 1
    if not _EARLIEST <= moment.year <= latest:
        raise UndatedError(f"its year is not one of feedback ({_EARLIEST} to {latest})")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _readings(numeric: re.Match[str]) -> dict[Order, date]:
    """The dates that three numbers make, by the order in which they make them."""
    a, b, c = int(numeric["a"]), int(numeric["b"]), int(numeric["c"])
    parts: dict[Order, tuple[int, int, int]] = {"mdy": (_full_year(c), a, b), "dmy": (_full_year(c), b, a)}
    if len(numeric["c"]) == 2:
        parts["ymd"] = (_full_year(a), b, c)
    return {order: found for order, part in parts.items() if (found := _date(*part)) is not None}


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _full_year(year: int) -> int:
    return year if year >= 100 else 2000 + year if year < 70 else 1900 + year


@lru_cache(maxsize=50_000)
def _parse(text: str, order: Order | None, time_format: str | None) -> tuple[datetime, str]:
    """The moment (naive unless the text gives a zone) and the form it was written in."""
    if time_format is not None:
        try:
            return datetime.strptime(text, time_format), f"format {time_format}"
        except ValueError as error:
            raise UndatedError(f"not in the format {time_format}") from error
    if len(text) > 64:
        raise UndatedError("not a date")
    for parse in (_iso, _number, _year_first, _all_numbers(order), _english, _anything_else):
        found = parse(text)
        if found is not None:
            return found
    raise UndatedError("not a date in a form that is recognised")


def _iso(text: str) -> tuple[datetime, str] | None:
    if not (text[:4].isdigit() and text[4:5] == "-"):
        return None
    try:
        return datetime.fromisoformat(text), "ISO 8601"
    except ValueError:
        return None


def _number(text: str) -> tuple[datetime, str] | None:
    """Whole-number dates, told apart by their size, which do not overlap between 1954 and 2100; Excel's may
    have a fraction.
    """
    if not _PLAIN_NUMBER.fullmatch(text) or (number := float(text)) < 20_000:
        return None
    if number < 80_000:
        return _EXCEL_EPOCH + timedelta(seconds=round(number * 86_400)), "Excel serial number"
    if number == int(number) and 19_000_101 <= number <= 21_001_231:
        return _compact(str(int(number)), "%Y%m%d")
    if number == int(number) and 19_000_101_000_000 <= number <= 21_001_231_235_959:
        return _compact(str(int(number)), "%Y%m%d%H%M%S")
    for low, high, divisor, unit in ((1e8, 4.2e9, 1, "seconds"), (1e11, 4.2e12, 1000, "milliseconds")):
        if low <= number <= high:
            return datetime.fromtimestamp(number / divisor, UTC), f"Unix time in {unit}"
    raise UndatedError("a number that is no date")


def _compact(digits: str, form: str) -> tuple[datetime, str]:
    try:
        return datetime.strptime(digits, form), "digits (YYYYMMDD)"
    except ValueError as error:
        raise UndatedError("a number that is no date") from error


def _year_first(text: str) -> tuple[datetime, str] | None:
    found = _YEAR_FIRST.fullmatch(text)
    if found is None:
        return None
    if found["day"] is None:
        return _built(found, int(found["year"]), int(found["month"]), 1), "month (read as its first day)"
    kind = "Chinese (年月日)" if "年" in text else "year first"
    return _built(found, int(found["year"]), int(found["month"]), int(found["day"])), kind


def _all_numbers(order: Order | None) -> Callable[[str], tuple[datetime, str] | None]:
    def parse(text: str) -> tuple[datetime, str] | None:
        found = _NUMERIC.fullmatch(text)
        if found is None:
            return None
        possible = {day for each, day in _readings(found).items() if order in (None, each)}
        if not possible:
            raise UndatedError(_NO_SUCH_DAY)
        if len(possible) > 1:
            raise _AmbiguousError("day and month cannot be told apart")
        day = possible.pop()
        return _built(found, day.year, day.month, day.day), _NUMBERS

    return parse


def _english(text: str) -> tuple[datetime, str] | None:
    for pattern in _ENGLISH:
        found = pattern.fullmatch(text)
        if found is not None:
            groups = found.groupdict()
            day = int(groups["day"]) if groups.get("day") else 1
            kind = "English (month by name)" if groups.get("day") else "month (read as its first day)"
            return _built(found, int(found["year"]), _MONTHS[found["name"].lower()], day), kind
    return None


def _built(found: re.Match[str], year: int, month: int, day: int) -> datetime:
    groups = found.groupdict()
    try:
        moment = datetime(year, month, day)
        if groups.get("hour") is None:
            return moment
        hour, minute, second = (int(groups[part] or 0) for part in ("hour", "minute", "second"))
        if hour == 24 and minute == second == 0:
            moment, hour = moment + timedelta(days=1), 0
        moment = moment.replace(hour=_on_24h(hour, groups), minute=minute, second=second)
    except ValueError as error:
        raise UndatedError(_NO_SUCH_DAY) from error
    return _with_zone(moment, groups["zone"])


def _on_24h(hour: int, groups: dict[str, str | None]) -> int:
    half = groups["half"] or ""
    afternoon = half in ("下午", "晚上", "傍晚", "晚间") or (groups["ampm"] or "").lower().startswith("p")
    morning = half in ("上午", "早上", "凌晨", "清晨") or (groups["ampm"] or "").lower().startswith("a")
    if afternoon or (half == "中午" and hour < 11):
        return hour + 12 if hour < 12 else hour
    return 0 if morning and hour == 12 else hour


def _with_zone(moment: datetime, zone: str | None) -> datetime:
    if zone is None:
        return moment
    if not zone.startswith(("+", "-")):
        return moment.replace(tzinfo=UTC)
    return datetime.fromisoformat(f"{moment.isoformat()}{zone}")


def _anything_else(text: str) -> tuple[datetime, str] | None:
    """What dateparser reads as a full, absolute date.

    Relative ones ("3 天前") would change with the day of the run.
    """
    if not any(character.isdigit() for character in text):
        return None
    if _ZONE_NAME.search(text):
        raise UndatedError("its time zone is an abbreviation, and those are ambiguous (CST)")
    import dateparser

    parts = ["year", "month", "day"]
    moment = dateparser.parse(
        text,
        languages=["en", "zh"],
        settings={"PARSERS": ["absolute-time"], "REQUIRE_PARTS": parts, "STRICT_PARSING": True},
    )
    return None if moment is None else (moment, "other")
