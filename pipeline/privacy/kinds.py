"""The kinds of personal data that are masked, with their names for reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Kind = Literal[
    "URL",
    "EMAIL",
    "PASSPORT",
    "ID",
    "USCC",
    "CARD",
    "IBAN",
    "PLATE",
    "PHONE",
    "IP",
    "ACCOUNT",
    "ORDER",
    "ADDRESS",
    "NAME",
]


@dataclass(frozen=True, slots=True)
class KindInfo:
    """A kind's names (`zh`, `en`) and, in `scope`, what counts as one."""

    zh: str
    en: str
    scope: str


KINDS: Final[dict[Kind, KindInfo]] = {
    "URL": KindInfo(
        "含令牌或用户数据的链接",
        "URL carrying tokens or user data",
        "a web address with a login, a telling parameter, a secret-like value or other personal data inside",
    ),
    "EMAIL": KindInfo("电子邮箱", "e-mail address", "any address; `123456@qq` without its domain ending too"),
    "PASSPORT": KindInfo(
        "护照号",
        "passport number",
        "mainland forms (E/G + 8 digits, EA-EZ + 7 digits); any number named as a passport's",
    ),
    "ID": KindInfo(
        "身份证号",
        "identity number",
        "mainland resident id with a right check digit; any identity number that is named as one",
    ),
    "USCC": KindInfo(
        "个体工商户统一社会信用代码",
        "sole trader's credit code",
        (
            "unified social credit code of a sole trader (92...) with a right check character;"
            " a firm's is public and stays"
        ),
    ),
    "CARD": KindInfo(
        "银行卡或账户号",
        "bank card or account number",
        "12-19 digits that pass Luhn with an issuer's prefix and length, or are named as a card or account number",
    ),
    "IBAN": KindInfo("国际银行账号", "IBAN", "right check digits and the country's length and structure"),
    "PLATE": KindInfo(
        "车牌号", "licence plate", "mainland plates including new-energy ones; others where they are named as plates"
    ),
    "PHONE": KindInfo(
        "电话号码",
        "phone number",
        "mobile and landline, mainland, Hong Kong, Macau, Taiwan, international; not hotlines of organisations",
    ),
    "IP": KindInfo("IP 地址", "IP address", "IPv4 and IPv6; not version numbers"),
    "ACCOUNT": KindInfo(
        "社交或支付账号", "messenger or payment account", "WeChat, QQ, Alipay and similar ids named as such"
    ),
    "ORDER": KindInfo(
        "订单或运单号",
        "order or tracking number",
        "named as one, or in a carrier's own form; further forms by `order_patterns` in the policy",
    ),
    "ADDRESS": KindInfo(
        "地址", "postal address", "down to a house number, building or room; a city, district or street alone stays"
    ),
    "NAME": KindInfo(
        "姓名",
        "person's name",
        "beside a form of address (张先生, Mr Smith), after 姓名 or `my name is`, in a signature",
    ),
}
"""Every kind, most specific first: of two finds of the same length the earlier kind wins."""

if set(KINDS) != set(get_args(Kind)):  # pragma: no cover - a slip while editing, caught at import
    raise RuntimeError("KINDS and Kind list different kinds")


def mask_token(kind: Kind, tag: str = "") -> str:
    """The text that stands for a masked value: `[PHONE]`, with a tag `[PHONE:3f9a1c07]`."""
    return f"[{kind}:{tag}]" if tag else f"[{kind}]"
