"""Cells as text: what a value of any format looks like as a string, and which values mean that nothing was
given.
"""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime, time
from decimal import Decimal

_BLANK = frozenset({"", "nan", "nat", "null", "#n/a", "\\n", "<na>"})
_MISSING = _BLANK | {
    "na",
    "n/a",
    "none",
    "-",
    "--",
    "—",
    "/",
    "\\",
    "无",
    "未填",
    "未填写",
    "(空)",
    "（空）",
    "(跳过)",
    "空",
    "無",
}
_ANONYMOUS = frozenset(
    {
        "匿名",
        "匿名用户",
        "匿名用戶",
        "匿名客户",
        "游客",
        "未知",
        "anonymous",
        "guest",
        "unknown",
        "a google user",
        "n/a user",
    }
)
_REPLACED = re.compile("[\x00\ud800-\udfff]")
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


def to_text(value: object) -> str:
    """The value as text: numbers without a needless `.0`, dates in ISO form, lists and objects as JSON, None
    as "".
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, date | time):
        return _moment(value)
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return str(value)


def _number(value: float | Decimal) -> str:
    number = float(value)
    if math.isnan(number):
        return ""
    return str(int(value)) if math.isfinite(number) and value == int(value) and abs(number) < 1e18 else str(value)


def _moment(value: date | time) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None and value.time() == time():
        return value.date().isoformat()
    return value.isoformat(sep=" ")


def clean(text: str) -> str:
    """NUL and lone surrogates as U+FFFD, one for one, so that offsets into the given text hold."""
    return _REPLACED.sub("\ufffd", text)


def is_undecodable(text: str) -> bool:
    """Whether text decoded with `surrogateescape` holds bytes that were not in the encoding."""
    return _ESCAPED_BYTE.search(text) is not None


def is_blank(text: str) -> bool:
    """Whether a verbatim is empty: white space, or what databases and spreadsheets write for "no value"."""
    return (len(text) < 64 and text.strip().lower() in _BLANK) or not text.strip()


def is_missing(text: str) -> bool:
    """Whether a cell other than the verbatim gives no value: blank, "n/a", "-", "无" and the like."""
    return (len(text) < 64 and text.strip().lower() in _MISSING) or not text.strip()


def as_given(text: str) -> str:
    """A cell other than the verbatim as it counts: without white space around it, "" where it gives no value."""
    return "" if is_missing(text) else text.strip()


def is_anonymous(text: str) -> bool:
    """Whether a customer column says only that the customer is unknown: such rows are not one respondent."""
    return text.strip().lower() in _ANONYMOUS
