"""The report's words and number formats, in Chinese and English. The words stand in `texts.yaml`, nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from pipeline.report.content import ReportLanguage

Unit = Literal["share", "net", "points", "gap", "score", "rank", "nps", "priority", "factor", "count"]

_MINUS = "\N{MINUS SIGN}"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def load_texts() -> Mapping[str, Mapping[str, str]]:
    """Every text: key -> language -> words with `{placeholders}`."""
    raw = (files("pipeline.report") / "texts.yaml").read_text(encoding="utf-8")
    texts: dict[str, dict[str, str]] = yaml.safe_load(raw)
    return texts


class Texts:
    """The words of one language: `texts("key", name=value)`."""

    def __init__(self, language: ReportLanguage) -> None:
        self.language: ReportLanguage = language
        self._texts = load_texts()

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key` with its placeholders filled; KeyError for an unknown key or a missing placeholder."""
        return self._texts[key][self.language].format(**values)

    def has(self, key: str) -> bool:
        """Whether there is a text of that key (for words that depend on data, such as kinds of masks)."""
        return key in self._texts

    def noun(self, key: str, number: float, **values: object) -> str:
        """`key.one` for 1, else `key.many`, with `{n}` filled: "1 comment", "212 comments"."""
        return self(f"{key}.one" if number == 1 else f"{key}.many", n=self.value(number, "count"), **values)

    def value(self, value: float, unit: Unit) -> str:
        """A number in words: 0.38 share -> 38%, -0.24 net -> -24, 0.18 points -> +18, 4.183 score -> 4.2."""
        return _FORMATS[unit](value)

    def interval(self, low: float, high: float, unit: Unit) -> str:
        """An interval: 31-45% with an en dash; signed numbers are joined by a word ("-31 to -17")."""
        ends = self.value(low, unit), self.value(high, unit)
        if unit in ("net", "points", "gap", "nps") or any(end.startswith(("<", ">")) for end in ends):
            return self("interval.words", low=ends[0], high=ends[1])
        return f"{ends[0].removesuffix('%')}\N{EN DASH}{ends[1]}"

    def detail(self, low: float | None, high: float | None, n: int | None, unit: Unit) -> str:
        """What stands behind a value: its interval and n, as far as there are any."""
        span = None if low is None or high is None else self.interval(low, high, unit)
        if n is None:
            return span or ""
        count = self.value(n, "count")
        return self("detail.n", n=count) if span is None else self("detail.full", interval=span, n=count)

    def day(self, day: date) -> str:
        """A date: 28 Sep 2026, 2026年9月28日."""
        return self("date.day", year=day.year, month=day.month, month_name=_MONTHS[day.month - 1], day=day.day)

    def short_day(self, day: date) -> str:
        """A date within the year, for axes: 28 Sep, 9/28."""
        return self("date.short", month=day.month, month_name=_MONTHS[day.month - 1], day=day.day)

    def listed(self, items: list[str]) -> str:
        """Items as a plain list: "app 3, hotline 2"."""
        return self("list.separator").join(items)

    def joined(self, items: list[str]) -> str:
        """Items as a part of a sentence: "channel, product and language"."""
        *first, last = items
        return self("list.last").join((self.listed(first), last)) if first else last


def _percent(value: float) -> str:
    if 0 < value < 0.005:
        return "<1%"
    if 0.995 <= value < 1:
        return ">99%"
    return f"{value * 100:.0f}%"


def _signed(value: float) -> str:
    rounded = round(value)
    if rounded == 0:
        return "0"
    return f"+{rounded}" if rounded > 0 else f"{_MINUS}{-rounded}"


def _decimal(value: float) -> str:
    return f"{value:.1f}".replace("-", _MINUS)


def _count(value: float) -> str:
    return f"{round(value):,}"


_FORMATS: dict[Unit, Callable[[float], str]] = {
    "share": _percent,
    "net": lambda value: _signed(value * 100),
    "points": lambda value: _signed(value * 100),
    "gap": lambda value: f"{value * 100:.0f}",
    "nps": _signed,
    "score": _decimal,
    "priority": _decimal,
    "factor": lambda value: f"{value:.2f}",
    "rank": _count,
    "count": _count,
}
