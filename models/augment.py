"""Rewritten copies of training texts: what people type in a hurry, with the labels of the careful original.

Real feedback without punctuation, with typing errors or in capitals is rare in any sample, and the labels of such a
text are those of the same text typed with care. So a share of the training texts is added once more, rewritten;
the units move along with the characters.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import regex

from models import clause_words as words
from models.clauses import whole_stretches
from models.gold import GoldText, GoldUnit

Rewrite = Callable[[str, random.Random], list[str]]
"""One string per character of the text: itself, another, or none."""

_WORD = regex.compile(r"[A-Za-z]{4,}")
_LATIN = regex.compile(r"[!-~]")
_DROPPED = regex.compile(f"[{regex.escape(''.join(sorted(words.BREAK - {'*'})))}]+")


def rewritten(gold: Sequence[GoldText], *, share: float, seed: int) -> list[GoldText]:
    """Copies of about `share` of `gold`, each rewritten in one way; of half of them the punctuation is gone."""
    rng = random.Random(seed)
    ways: list[Rewrite] = [unpunctuated, unpunctuated, mistyped, shouted]
    chosen = [text for text in gold if rng.random() < share]
    copies = [apply(text, rng.choice(ways), rng) for text in chosen]
    return [copy for text, copy in zip(chosen, copies, strict=True) if copy.text != text.text]


def apply(text: GoldText, rewrite: Rewrite, rng: random.Random) -> GoldText:
    """`text` rewritten, its units at the same words; a unit that loses all its characters is left out."""
    pieces = rewrite(text.text, rng)
    starts = [0]
    for piece in pieces:
        starts.append(starts[-1] + len(piece))
    out = "".join(pieces)
    units = []
    for unit in text.units:
        start, end = starts[unit.start], starts[unit.end]
        body = out[start:end]
        start += len(body) - len(body.lstrip())
        end -= len(body) - len(body.rstrip())
        if start < end:
            units.append(GoldUnit(start, end, unit.sentiment, unit.stage, unit.touchpoint, unit.intent))
    return replace(text, id=f"{text.id}-rewritten", text=out, units=tuple(units))


def unpunctuated(text: str, rng: random.Random) -> list[str]:
    """Without commas, stops and the like (numbers and addresses stay whole), mostly in lower case."""
    whole = {n for stretch in whole_stretches(text) for n in range(stretch.start, stretch.end)}
    lower = rng.random() < 0.7
    pieces = [" " if ch in "\r\n" else ch.lower() if lower and len(ch.lower()) == 1 else ch for ch in text]
    for run in _DROPPED.finditer(text):
        gone = [n for n in range(*run.span()) if n not in whole]
        for n in gone:
            pieces[n] = ""
        if gone and run.start() and _LATIN.match(text, run.start() - 1) and _LATIN.match(text, run.end()):
            pieces[gone[0]] = " "  # where two Latin words would run together
    return pieces


def mistyped(text: str, rng: random.Random) -> list[str]:
    """One English word in twelve with two letters swapped, one missing or one doubled."""
    pieces = list(text)
    for word in _WORD.finditer(text):
        if rng.random() < 1 / 12:
            n = rng.randrange(word.start() + 1, word.end() - 1)
            way = rng.randrange(3)
            if way == 0:
                pieces[n], pieces[n + 1] = pieces[n + 1], pieces[n]
            else:
                pieces[n] = pieces[n] * (2 * (way - 1))
    return pieces


def shouted(text: str, rng: random.Random) -> list[str]:
    """In capitals, or all in lower case."""
    upper = rng.random() < 0.5
    return [c if len(c) == 1 else ch for ch in text for c in [ch.upper() if upper else ch.lower()]]
