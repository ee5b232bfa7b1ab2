"""Order, tracking, transaction and booking numbers: named as such, or in a carrier's own form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from pipeline.privacy.recognizers.base import LINK, Span, digits_of
from pipeline.privacy.recognizers.documents import is_date

_CODE: Final = r"(?=(?:[A-Z-]*[0-9]){4})[A-Z0-9](?:-?[A-Z0-9]){4,39}(?![A-Z0-9]|-[0-9])"
_DIGITS: Final = r"[0-9](?:[ -]?[0-9]){7,31}(?![0-9A-Z-]|\.[0-9])"
_NAMED: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:(?:订单|訂單|运单|運單|快递|快遞|物流|包裹|退货|退貨|退款|换货|售后|流水|交易|支付|保|预订|預訂|预约|票|面|发货|定)单?(?:编[号號]|編[号號]|[号號])|单[号號]|單[号號])"
        rf"{LINK}(?P<v>{_CODE}|{_DIGITS})",
        rf"(?<![a-z])(?:orders?|tracking|shipment|parcel|package|waybill|booking|reservation|transaction|confirmation|consignment)"
        rf"\s*(?:(?:id|no|num(?:ber)?|code|ref(?:erence)?)(?![a-z])\.?|#)(?:\s*(?:is|was)(?![a-z])|[\s:#=(-]){{0,5}}(?P<v>{_CODE}|{_DIGITS})",
    )
)
_BESIDE: Final = re.compile(
    r"(?:订单|訂單|快递|快遞|运单|運單|包裹|邮政|邮件|(?<![a-z])(?:orders?|tracking|shipment|parcel|package|waybill|consignment)(?![a-z]))"
    r"\s*:?\s*(?P<v>(?=(?:[A-Z-]{0,4}[0-9]){8})(?:[A-Z]{0,4}[0-9]{8,32}(?:[A-Z]{2})?|[0-9]{2,8}(?:-[0-9]{1,8}){1,4}))(?![0-9A-Z-]|\.[0-9]|\s*[元块塊个個人万萬])",
    re.IGNORECASE,
)
"""Without 号 or number behind the word only eight digits or more count: "order 100 units" names no order."""

_REFERENCE: Final = re.compile(
    r"(?i:booking|reservation|confirmation|pnr|订座|预订|預訂|订票)\s*(?i:code|ref(?:erence)?|no|number|编号|码|號|号)?(?:\s*(?i:is|was)(?![a-z])|[\s:#是为]){0,4}"
    r"(?P<v>(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{6})(?![A-Za-z0-9])"
)
_CARRIER: Final = re.compile(
    r"(?<![A-Za-z0-9])(?P<v>(?i:sf)[0-9]{12,15}|(?i:yt|jt|yd|jtd|dpk|zto|sto|best|ems)[0-9]{12,15}|(?i:jd)[A-Za-z]{0,3}[0-9]{11,15}"
    r"|(?i:1z)(?=[0-9A-Za-z]*[0-9])[0-9A-Za-z]{16}|TBA[0-9]{12}|[A-Z]{2}[0-9]{9}(?:CN|HK|TW|MO|GB|US|JP|KR|SG|AU|DE|FR|CA|NL))(?![A-Za-z0-9])"
)
"""SF Express and others of the mainland, UPS, Amazon, the post offices' S10."""


def find_carrier_numbers(folded: str) -> Iterator[Span]:
    """Tracking numbers that are unmistakable by form."""
    for match in _CARRIER.finditer(folded):
        yield match.span("v")


class OrderFinder:
    """Finds order and tracking numbers; `patterns` are an organisation's own forms, regular expressions."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._own = tuple(re.compile(pattern) for pattern in patterns)

    def __call__(self, folded: str) -> Iterator[Span]:
        """Numbers that a word names, and those in the organisation's own forms."""
        for pattern in (*_NAMED, _BESIDE, _REFERENCE):
            for match in pattern.finditer(folded):
                dated = match["v"][0].isdigit() and is_date(digits_of(match["v"]))
                if not dated and "xx" not in match["v"].lower():  # 2210xxxx is masked already
                    yield match.span("v")
        for pattern in self._own:
            for match in pattern.finditer(folded):
                if match.end() > match.start():
                    yield match.span()
