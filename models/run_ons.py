"""Further cuts in stretches without punctuation, where the reader has to find the clauses alone.

"味道不错送餐太慢了包装也破了" and "food great waited an hour never again" hold several opinions and no sign that parts
them. Where a text has no punctuation inside, or a stretch of it is very long, nearly every word border at which a
clause could end is offered as a cut; the model, trained on texts whose punctuation was taken away
(`models.augment`), joins what belongs together. Ordinary punctuated texts keep their clauses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import regex

from models import clause_words as words

_HAN = regex.compile(r"\p{Han}")

ALONE = 6
"""Words from which a text that is one stretch is treated as a run-on; its pieces between other cuts are cut further
from `ALONE_PIECE` words.
"""
ALONE_PIECE = 4
AMONG_OTHERS = 26
"""The same for a stretch between punctuation."""
AMONG_OTHERS_PIECE = 8


class Word(NamedTuple):
    """A word of the text and where it starts."""

    text: str
    start: int


def run_on_cuts(stretches: list[list[Word]], cuts: set[int], tag: Callable[[str], str | None]) -> set[int]:
    """Character offsets of further cuts; `stretches` are the words between punctuation, in order, and `cuts` where the
    text is cut already.

    `tag` gives the part of speech of a Chinese word in jieba's terms, None where it is not known.
    """
    spoken = [s for s in stretches if s]
    alone = len(spoken) == 1
    least, least_piece = (ALONE, ALONE_PIECE) if alone else (AMONG_OTHERS, AMONG_OTHERS_PIECE)
    found: set[int] = set()
    for stretch in spoken:
        for piece in _pieces(stretch, cuts) if len(stretch) >= least else []:
            if len(piece) >= least_piece:
                found.update(piece[n].start for n in _borders(piece, tag, apart=1 if alone else 2))
    return found


def _pieces(stretch: list[Word], cuts: set[int]) -> list[list[Word]]:
    pieces: list[list[Word]] = [[]]
    for word in stretch:
        if word.start in cuts:
            pieces.append([])
        pieces[-1].append(word)
    return pieces


def _borders(stretch: list[Word], tag: Callable[[str], str | None], *, apart: int) -> set[int]:
    """Indices of words to cut before: the likely ones first, then others at least `apart` words from any."""
    found: dict[bool, list[int]] = {True: [], False: []}
    for n in range(1, len(stretch)):
        before, word = stretch[n - 1].text, stretch[n].text
        if stretch[n].start - stretch[n - 1].start - len(before) > 1:  # a sign stands between them: $5
            continue
        chinese = _HAN.match(word) or _HAN.match(before)
        likely = _zh_parts(before, word, tag) if chinese else _en_parts(before, word)
        if likely is not None:
            found[likely].append(n)
    chosen: set[int] = {0, len(stretch)}
    for likely, candidates in found.items():
        for n in candidates:
            distance = 2 if likely else apart
            if chosen.isdisjoint(range(n - distance + 1, n + distance)):
                chosen.add(n)
    return chosen - {0, len(stretch)}


def _zh_parts(before: str, word: str, tag: Callable[[str], str | None]) -> bool | None:
    """Whether a Chinese clause may end with `before` and another start with `word`, and if so, whether it likely does.

    Likely: something that completes a predicate (adjective, idiom, measure, particle), then something that can be
    a subject or a verb. Possible: a noun, a number or a longer word of any kind, then something that can be a subject.
    """
    if word in words.ZH_ATTACHES or word in words.ZH_FINAL or before in words.ZH_OPEN_ENDED:
        return None
    ending, opening = tag(before) or "n", tag(word) or "n"
    if before in words.ZH_FINAL or ending.startswith(("a", "i", "l", "z", "q", "y", "b", "ns")):
        return True if opening.startswith(words.ZH_SUBJECT) else None
    possible = opening.startswith(words.ZH_SUBJECT) and (ending.startswith(("n", "m")) or len(before) > 1)
    return False if possible else None


def _en_parts(before: str, word: str) -> bool | None:
    """Whether an English clause may end with `before` and another start with `word`, and if so, whether it likely
    does: before an article or the like.
    """
    behind, ahead = before.lower(), word.lower()
    if not (behind[-1].isalnum() and ahead[0].isalnum()):
        return None
    if behind in words.EN_OPEN_ENDED or ahead in words.EN_LEANS_BACK:
        return None
    return ahead in words.EN_ARTICLES
