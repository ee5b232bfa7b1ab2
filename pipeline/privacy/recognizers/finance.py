"""Bank cards and accounts, IBAN, credit codes of sole traders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stdnum import iban, luhn
from stdnum.cn import uscc

from pipeline.privacy.recognizers.base import Span, digits_of, named, values

_CARD_FORM: Final = re.compile(
    r"(?<![0-9])(?<![0-9][.-])"
    r"(?P<v>[0-9]{14,19}|[0-9]{4}(?:[ -]{1,2}[0-9]{4}){3}(?:[ -]{1,2}[0-9]{1,4})?|[0-9]{4}(?:\.[0-9]{4"
    r"}){3}(?:\.[0-9]{1,4})?"
    r"|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}|[0-9]{6}[ -][0-9]{10,13})(?![0-9])(?!\.[0-9])"
)

_ISSUERS: Final = tuple(
    (re.compile(prefix), lengths)
    for prefix, lengths in (
        (r"4", {16, 19}),  # Visa, and mainland banks' own numbers on it
        (r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)", {16}),  # Mastercard
        (r"3[47]", {15}),  # American Express
        (r"62|81", {16, 17, 18, 19}),  # UnionPay
        (r"35(?:2[89]|[3-8])", {16, 17, 18, 19}),  # JCB
        (r"30[0-5]|36|3[89]", {14, 16, 19}),  # Diners Club
        (r"6(?:011|4[4-9]|5)", {16, 17, 18, 19}),  # Discover
        (r"5[06-8]|6(?:0|1|3|7|8)", {16, 17, 18, 19}),  # Maestro, RuPay, older mainland debit cards
        (r"9(?:00|40|5[589]|6|84)", {16, 17, 18, 19}),  # mainland debit cards from before UnionPay's 62
    )
)
"""Issuer prefixes (ISO/IEC 7812) with the lengths in use. 13-digit Visa is extinct and looks like a barcode."""

_NAMED_CARD: Final = named(
    r"卡号|卡號|银行卡|銀行卡|信用卡|储蓄卡|借记卡|银行账[号户]|银行帐[号户]|銀行帳[號戶]|收款账[号户]|转账[到至]"
    r"|card\s*(?:no|number|num|#)|(?:credit|debit|bank)\s*card|(?<![a-z])card(?=\s*[0-9])",
    r"[0-9](?:[ -]?[0-9]){11,18}(?![ -]?[0-9])",
)
_NAMED_ACCOUNT: Final = named(
    (
        r"(?:bank|account|acct|a/c)\s*(?:(?<=bank)\s*(?:account|acct|a/c)|(?:no|num(?:ber)?)(?![a-z])\.?"
        r"|#)|(?:银行|对公|收款)[账帐][号户]|sort\s*code\s*[0-9-]{6,8}[ ,]*(?:account|acct)"
    ),
    r"[0-9](?:[ -]?[0-9]){7,18}(?![ -]?[0-9])",
)
_OTHER_NUMBER: Final = re.compile(
    r"(?:订单|訂單|运单|運單|快递|快遞|单号|單號|流水|工单|order|tracking|invoice|waybill|imei|serial)[^0-9]{0,14}$",
    re.IGNORECASE,
)
_SOLE_TRADER: Final = re.compile(
    r"(?<![A-Za-z0-9])92[ -]?[0-9]{6}(?:[ -]?[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]){10}(?![A-Za-z0-9])"
)
_IBAN_START: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9])")
_IBAN_REACH: Final = re.compile(r"[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){10,30}")


def find_cards(folded: str) -> Iterator[Span]:
    """Numbers with the form, issuer and check digit of a card, and 12-19 digits (8-19) named as a card (an account)."""
    for span, value in values(_CARD_FORM, folded):
        digits = digits_of(value)
        named_otherwise = _OTHER_NUMBER.search(folded[max(0, span[0] - 24) : span[0]])
        if not named_otherwise and _has_issuer(digits) and luhn.is_valid(digits):
            yield span
    for pattern in (_NAMED_CARD, _NAMED_ACCOUNT):
        for span, _ in values(pattern, folded):
            yield span


def _has_issuer(digits: str) -> bool:
    return any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in _ISSUERS)


def find_sole_traders(folded: str) -> Iterator[Span]:
    """Unified social credit codes (GB 32100) that begin with 92, a sole trader's, with a right check character: such a
    code leads to a person. A firm's is public.
    """
    for match in _SOLE_TRADER.finditer(folded):
        if uscc.is_valid(match[0].replace("-", "").replace(" ", "").upper()):
            yield match.span()


def find_ibans(folded: str) -> Iterator[Span]:
    """IBANs (ISO 13616): the longest stretch from each candidate start with its country's form and right check digits.
    A bank's own check digits inside do not matter: a slip there still leads to a person.
    """
    for start in _IBAN_START.finditer(folded):
        reach = _IBAN_REACH.match(folded, start.start())
        if reach is None:
            continue
        for end in range(reach.end(), start.start() + 14, -1):
            inside_word = end < len(folded) and folded[end].isascii() and folded[end].isalnum()
            if not inside_word and folded[end - 1].isalnum() and _is_iban(folded[start.start() : end]):
                yield start.start(), end
                break


def _is_iban(value: str) -> bool:
    compact = value.replace(" ", "").replace("-", "").upper()
    return bool(15 <= len(compact) <= 34 and iban.is_valid(compact, check_country=False))
