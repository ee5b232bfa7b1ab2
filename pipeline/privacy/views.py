"""Views of a text that recognisers read. All have the text's length, so that offsets carry over.

Chinese is written without spaces, and to regular expressions a Chinese character is a word character: the usual word
boundary never falls between 电话 and a number. Our own patterns therefore look around for digits and Latin letters;
recognisers of libraries get the isolated view.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from typing import Final

_SENTENCE_MARKS: Final = frozenset("，；！（）")
"""Full-width marks that end a value in Chinese text but may be part of a URL once they are half-width: not folded."""

_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\u2500"
_SPACES: Final = (
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    "\u200b\u200c\u200d\u2060\ufeff"
)


@cache
def _fold_table() -> dict[int, str]:
    """Made at first use: looking through all of Unicode for digits takes a tenth of a second."""
    table = {0xFF01 + i: chr(0x21 + i) for i in range(94) if chr(0xFF01 + i) not in _SENTENCE_MARKS}
    table |= {ord(dash): "-" for dash in _DASHES} | {ord(space): " " for space in _SPACES}
    for code in range(0x80, sys.maxunicode + 1):
        digit = unicodedata.decimal(chr(code), None)
        if digit is not None:
            table[code] = str(digit)
    return table


_MASK: Final = re.compile(r"\[[A-Z][A-Z_]{1,15}\]")
_BLANK: Final = "\ue000"
_WORDS_OUTSIDE_LATIN: Final = re.compile(r"[^\x00-\x7f]")


def fold(text: str) -> str:
    """`text` with full-width forms, other scripts' digits, odd dashes and odd spaces as ASCII. Same length."""
    return text if text.isascii() else text.translate(_fold_table())


def hide_masks(text: str) -> str:
    """`text` with every mask token such as `[NAME]` blanked out, so that nothing is found in it. Same length."""
    return _MASK.sub(lambda match: _BLANK * len(match[0]), text) if "[" in text else text


def isolate(folded: str) -> str:
    """`folded` with everything outside ASCII replaced by `|`, where a word boundary falls. Same length.

    Not by a space: that would join the numbers of "9月11日256元" to one.
    """
    return folded if folded.isascii() else _WORDS_OUTSIDE_LATIN.sub("|", folded)
