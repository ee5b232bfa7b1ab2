"""Web addresses that carry tokens or user data. Others stay: a product page's says what the feedback is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pipeline.privacy.recognizers.base import Span
from pipeline.privacy.recognizers.documents import find_ids
from pipeline.privacy.recognizers.email import find_emails
from pipeline.privacy.recognizers.finance import find_cards
from pipeline.privacy.recognizers.phone import find_mainland_mobiles

_URL_CHAR: Final = r"[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]"
_URL: Final = re.compile(
    rf"(?:(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{{1,15}}://|(?<![A-Za-z0-9@.-])www\.)(?:{_URL_CHAR})+"
    rf"|(?<![A-Za-z0-9@./-])(?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}\.){{1,4}}[A-Za-z]{{2,24}}(?::[0-9]{{2,5}})?[/?]{_URL_CHAR}*"
)
_TELLING: Final = frozenset(
    {
        *("auth", "authkey", "bearer", "cookie", "credential", "csrf", "jwt", "otp", "pass", "pin", "pwd", "ticket"),
        *("accesskey", "apikey", "code", "sid", "sig", "sign", "invitecode"),
        *("account", "certno", "idcard", "idno", "mail", "msisdn", "nickname", "realname", "tel", "uid", "unionid"),
        *("customer", "customerid", "member", "memberid", "passport", "user", "username", "wechat", "wxid"),
    }
)
_TELLING_PARTS: Final = (
    "token",
    "secret",
    "passw",
    "session",
    "signature",
    "openid",
    "phone",
    "mobile",
    "email",
    "userid",
)
_SECRET: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}|[0-9a-fA-F]{32,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[A-Za-z0-9]*[0-9][A-Za-z]*[0-9])(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{20,}"
)
_CLOSERS: Final = ".,;:!?'*~-"


def find_urls(folded: str) -> Iterator[Span]:
    """URLs with one of: a login before the host; a telling parameter with a value (token, phone, uid...) in query or
    fragment; a value or path segment that looks like a secret (JWT, UUID, 32 hexadecimal digits, 20 mixed letters and
    digits); an e-mail address, mobile number, identity number or card number anywhere.
    """
    for match in _URL.finditer(folded):
        url = _without_sentence_end(match[0])
        if _is_telling(url):
            yield match.start(), match.start() + len(url)


def _without_sentence_end(url: str) -> str:
    url = url.rstrip(_CLOSERS)
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(_CLOSERS)
    return url


def _is_telling(url: str) -> bool:
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
    except ValueError:  # such as an unclosed [ of an IPv6 host: not something we can read, so not something to trust
        return True
    if "@" in parts.netloc:
        return True
    return _has_telling_parameter(parts) or _has_secret(parts) or _has_personal_value(unquote(url))


def _has_telling_parameter(parts: SplitResult) -> bool:
    fragment = parts.fragment.split("?", 1)[-1]  # single-page apps keep a path and query of their own there
    for name, value in parse_qsl(f"{parts.query}&{fragment}"):
        plain = re.sub(r"[^a-z0-9]", "", name.lower())
        if value and (plain in _TELLING or any(part in plain for part in _TELLING_PARTS)):
            return True
    return False


def _has_secret(parts: SplitResult) -> bool:
    return any(
        _SECRET.fullmatch(piece) for piece in re.split(r"[/?&=#.;,:]", f"{parts.path}?{parts.query}#{parts.fragment}")
    )


def _has_personal_value(url: str) -> bool:
    finders = (find_emails, find_mainland_mobiles, find_ids, find_cards)
    return any(True for find in finders for _ in find(url))
