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


def find_emails(folded: str) -> Iterator[Span]:
    """Addresses, without a following sentence that lacks its space: of `a@b.com.Please` the address is `a@b.com`."""
    for match in _EMAIL.finditer(folded):
        yield match.start(), match.start("domain") + len(_trim(match["domain"]))
    for match in _PROVIDER_ONLY.finditer(folded):
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
