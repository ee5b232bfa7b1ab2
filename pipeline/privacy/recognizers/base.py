"""What a recogniser is, and the patterns that several of them share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pipeline.privacy.kinds import Kind

Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]
"""Takes a folded text (see `views`), yields start and end of every value; finds may overlap."""

LINK: Final = (
    r"(?:字?[号號][码碼]?|是|为|為|改成|写的|填的|登记的|[:=#,，(（【「\"'~、\s-]"
    r"|(?:n(?:os?|um(?:bers?)?)\.?|was|is|are|at|on|to)(?![a-z])){0,8}?"
)
"""What may stand between a word that names a value and the value: 身份证[号码：]..., passport [number is] ..."""

_DIGIT: Final = re.compile("[0-9]")


@dataclass(frozen=True, slots=True)
class Recognizer:
    """A finder of one kind with a cheap necessary condition, so that most texts never reach it.

    `min_digits`: digits that every value and what names it hold together; `words`: substrings of the case-folded text,
    one of which occurs; `needs`: patterns each of which matches somewhere. All must hold for every text in which `find`
    finds something.
    """

    kind: Kind
    find: Finder
    min_digits: int = 0
    words: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    _needs: tuple[re.Pattern[str], ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_needs", tuple(map(re.compile, self.needs)))

    def may_find(self, folded: str, caseless: str, digits: int) -> bool:
        """False only if `find` cannot find anything in `folded`, which holds `digits` ASCII digits; `caseless` is
        `folded.casefold()`.
        """
        return (
            digits >= self.min_digits
            and (not self.words or any(map(caseless.__contains__, self.words)))
            and all(pattern.search(folded) for pattern in self._needs)
        )


def count_digits(folded: str) -> int:
    """Number of ASCII digits."""
    return len(_DIGIT.findall(folded))


def digits_of(value: str) -> str:
    """The ASCII digits of a value, without its separators."""
    return "".join(_DIGIT.findall(value))


def named(words: str, value: str) -> re.Pattern[str]:
    """A pattern for a value (group `v`) that directly follows one of the words naming it. Case does not matter."""
    return re.compile(rf"(?:{words}){LINK}(?P<v>{value})", re.IGNORECASE)


def values(pattern: re.Pattern[str], folded: str) -> Iterator[tuple[Span, str]]:
    """Span and text of the group `v` of every match."""
    for match in pattern.finditer(folded):
        yield match.span("v"), match["v"]
