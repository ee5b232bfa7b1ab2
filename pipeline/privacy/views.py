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


_MASK: Final = re.compile(r"\[[A-Z][A-Z_]{1,15}(?::[0-9a-f]{8})?\]")
_BLANK: Final = "\ue000"
_WORDS_OUTSIDE_LATIN: Final = re.compile(r"[^\x00-\x7f]")


def fold(text: str) -> str:
    """`text` with full-width forms, other scripts' digits, odd dashes and odd spaces as ASCII. Same length."""
    return text if text.isascii() else text.translate(_fold_table())


_NUMERALS: Final = {
    ord(sign): str(digit)
    for digit, signs in enumerate(
        ("零〇", "一壹幺", "二贰貳", "三叁參叄", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
    )
    for sign in signs
}
_SIGNS: Final = "".join(map(chr, _NUMERALS))
_SPELT: Final = re.compile(rf"(?=[0-9 -]*[{_SIGNS}])[{_SIGNS}0-9](?:[ -]?[{_SIGNS}0-9]){{6,40}}")
_ONE_MORE_TIME: Final = re.compile(r"[一二三两](?=[次下个個直遍起点點])")


def read_numerals(folded: str) -> str:
    """`folded` with numbers spelt digit by digit (一三八零零..., 幺三九...) as ASCII digits. Same length.

    Only runs of seven digits or more of which three are Chinese: years, ages and 一二三 stay words.
    """
    if folded.isascii():
        return folded
    return _SPELT.sub(lambda match: _read(match[0], folded[match.end() : match.end() + 1]), folded)


def _read(run: str, after: str) -> str:
    if sum(ord(each) in _NUMERALS for each in run) < 3:
        return run
    last = "" if not _ONE_MORE_TIME.match(run[-1] + after) else run[-1]
    return run[: len(run) - len(last)].translate(_NUMERALS) + last


def hide_masks(text: str) -> str:
    """`text` with every mask token, such as `[NAME]` or `[PHONE:3f9a1c07]`, blanked out: nothing is found in it then.
    Same length.
    """
    return _MASK.sub(lambda match: _BLANK * len(match[0]), text) if "[" in text else text


def isolate(folded: str) -> str:
    """`folded` with everything outside ASCII replaced by `|`, where a word boundary falls. Same length.

    Not by a space: that would join the numbers of "9月11日256元" to one.
    """
    return folded if folded.isascii() else _WORDS_OUTSIDE_LATIN.sub("|", folded)
