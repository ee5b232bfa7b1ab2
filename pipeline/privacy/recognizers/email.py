"""E-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from pipeline.privacy.recognizers.base import Span

if TYPE_CHECKING:
    from tldextract import TLDExtract

_EMAIL: Final = re.compile(
    r"(?P<local>[A-Za-z0-9_][A-Za-z0-9._%+'-]{0,127})@"
    r"(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z]{2,24})(?![A-Za-z]))"
)
_PROVIDER_ONLY: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z0-9][A-Za-z0-9._-]{3,40}@(?:qq|163|126|139|gmail)(?![A-Za-z0-9]|\.[A-Za-z])"
)
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})"
_OPEN, _CLOSE = r"[\[({<（【] ?", r" ?[\])}>）】]"
_DOT: Final = rf"(?:\s?{_OPEN}(?:dot|\.|点|點){_CLOSE}\s?| ?\. ?|点|點)"
_LOCAL: Final = r"(?<![A-Za-z0-9._%+-])(?P<local>[A-Za-z0-9_][A-Za-z0-9._%+-]{0,63})"
_LAST: Final = r"(?P<last>[A-Za-z]{2,24})(?![A-Za-z])"
_AT: Final = re.compile(rf"{_OPEN}(?:at|@){_CLOSE}|艾特|圈[aA]", re.IGNORECASE)
_DISGUISED: Final = re.compile(
    rf"{_LOCAL}\s?(?:{_OPEN}(?:at|@){_CLOSE}|艾特|圈[aA])\s?(?:{_LABEL}{_DOT}){{1,4}}{_LAST}", re.IGNORECASE
)
"""jane (at) example.com, jane[at]example[dot]com, jane艾特163点com"""

_SPELT: Final = re.compile(rf"{_LOCAL} (?P<at>at|AT) (?:{_LABEL}(?: (?:dot|DOT) )){{1,4}}{_LAST}")
_SPACED: Final = re.compile(rf"{_LOCAL}(?P<gap> ?@ ?)(?:{_LABEL}(?P<dot> ?\. ?)){{1,4}}{_LAST}")
_MAIL_WORD: Final = re.compile(
    r"(?:邮[箱件]|郵[箱件]|信箱|电邮|電郵|e-?mail(?: me| address)?|(?<![a-z])(?:mail"
    r"|reply|write|contact|send|sent)(?: me| it)?)"
    r"(?:是|为|為|is|to|at|\s|[:：=(（]){0,5}$",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(rf'"[^"@\s]{{1,64}}"@(?:{_LABEL}\.){{1,4}}[A-Za-z]{{2,24}}(?![A-Za-z])')


def find_emails(folded: str) -> Iterator[Span]:
    """Addresses, without a following sentence that lacks its space: of `a@b.com.Please` the address is `a@b.com`."""
    for match in _EMAIL.finditer(folded):
        yield match.start(), match.start("domain") + len(_trim(match["domain"]))
    for pattern in (_PROVIDER_ONLY, _QUOTED):
        for match in pattern.finditer(folded):
            yield match.span()
    yield from _find_disguised(folded)


def _find_disguised(folded: str) -> Iterator[Span]:
    """Addresses written so that robots do not read them. Spelt out or with spaces they need a word in front, capitals
    or a form that no sentence has: "bought @ amazon.com" and "look at me dot com" are none.
    """
    if _AT.search(folded):
        for match in _DISGUISED.finditer(folded):
            if is_top_level(match["last"].lower()):
                yield match.span()
    spelt = " dot " in folded or " DOT " in folded
    spaced = "@" in folded and any(each in folded for each in (" @", "@ ", " .", ". "))
    for pattern in (*([_SPELT] if spelt else ()), *([_SPACED] if spaced else ())):
        for match in pattern.finditer(folded):
            if not is_top_level(match["last"].lower()):
                continue
            marked = (
                match["at"] == "AT"
                if pattern is _SPELT
                else len(match["dot"]) > 1 or re.search("[0-9._]", match["local"])
            )
            if marked or _MAIL_WORD.search(folded[max(0, match.start() - 24) : match.start()]):
                yield match.span()


def _trim(domain: str) -> str:
    labels = domain.split(".")
    while len(labels) > 2:
        last, before = labels[-1], labels[-2]
        starts_sentence = last[0].isupper() and before.islower()
        if is_top_level(last.lower()) and not (starts_sentence and is_top_level(before)):
            break
        labels.pop()
    return ".".join(labels)


@cache
def is_top_level(label: str) -> bool:
    """Whether `label` is a top-level domain, by the list that ships with tldextract."""
    return bool(_extractor()(f"example.{label}").suffix)


@cache
def _extractor() -> TLDExtract:
    """tldextract bound to its bundled list: its default fetches a list from the network and caches it in the home."""
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)
