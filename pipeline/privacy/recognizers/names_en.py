"""Names in English text: after Mr, Ms, Dr..., after `my name is`, and in signatures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.privacy.recognizers.base import Span

_WORD: Final = r"(?:[A-Z]['’][A-Z][a-z]+|Ma?c[A-Z][a-z]+|[A-Z][a-z]+(?:-[A-Z][a-z]+)?)"
_PARTICLE: Final = r"(?:(?:de|van|von|der|den|da|di|del|la|le|bin|al|el|dos)[ -]){0,2}"
_NAME: Final = rf"(?:[A-Z]\.[ ]?){{0,2}}{_PARTICLE}{_WORD}(?: (?:[A-Z]\. )?{_PARTICLE}{_WORD}){{0,2}}"
_TITLED: Final = re.compile(
    rf"(?<![A-Za-z])(?:M(?:r|rs|s|x)|Miss|Dr|Prof(?:essor)?|Doctor)\b\.?[ ]+(?P<v>{_NAME})"
    r"|(?<![A-Za-z])(?:MR|MRS|MS|DR|MISS)\b\.?[ ]+(?P<upper>[A-Z]{2,}(?:-[A-Z]{2,})?)(?![a-z])"
    r"|(?<![A-Za-z])(?:mr|mrs)\b\.?[ ]+(?P<lower>[a-z]{3,}(?:-[a-z]{3,})?)(?![A-Za-z])"
)
_ANNOUNCED: Final = re.compile(
    r"(?:(?<![A-Za-z])(?:[Mm]y (?:full |last |first )?name(?:'s|’s| is)|(?:[Tt]his"
    r" is|I am|I'm)(?= [A-Z][a-z]+(?: [A-Z][a-z]+)? speaking)"
    r"|(?:(?:[Cc]ustomer|[Pp]assenger|[Gg]uest|[Ff]ull|[Cc]ontact|[Cc]ardholder|[Pp]atient)(?:'s)?["
    r" ])?[Nn]ame(?: is)?[ ]?:|[Pp]assenger[ ]?:|[Cc]ustomer[ ]?:"
    rf"|[Ss]igned(?: by|[ ]?[:,])|[Rr]ecipient[ ]?:|[Aa]ttn[.:]))[ ]+(?=[A-Z])(?P<v>{_NAME})"
)
_SIGNED: Final = re.compile(
    rf"(?:(?:(?<![A-Za-z])(?:(?:[Bb]est|[Kk]ind|[Ww]arm|[Ww]ith)(?:est)? )?[Rr]egards"
    rf"|[Ss]incerely(?: yours)?|[Yy]ours (?:truly|sincerely|faithfully)|[Rr]espectfully)[,.]?\s+"
    rf"|(?:(?<![A-Za-z])(?:[Tt]hanks|[Tt]hank you|[Mm]any thanks|[Cc]heers|[Bb]est|[Ll]ove"
    rf"|[Bb]est wishes))[,.!]?[ ]*\n\s*"
    r"|\n\s*-{1,2}[ ]*(?=[^\n]+\s*\Z))"  # in the last line: others begin the items of a list
    rf"(?=[A-Z])(?P<v>{_NAME})[ ]*\.?[ ]*(?=\n|$)"
)
_BRANDS: Final = frozenset(
    {
        *(
            "bean",
            "coffee",
            "pepper",
            "martens",
            "muscle",
            "kipling",
            "clean",
            "potato",
            "oetker",
            "scholl",
            "fields",
            "doubtfire",
            "men",
        ),
        *(
            "porter",
            "kitty",
            "doner",
            "right",
            "big",
            "bubble",
            "beast",
            "robot",
            "incredible",
            "world",
            "universe",
            "office",
            "excel",
            "word",
        ),
        *(
            "teams",
            "dre",
            "seuss",
            "who",
            "strange",
            "price",
            "jones'",
            "whippy",
            "softee",
            "tire",
            "lube",
            "rooter",
            "state",
        ),
    }
)
"""What follows Mr, Mrs or Dr in names of products, shops and films."""

_NO_NAME: Final = frozenset(
    {
        *(
            "the",
            "and",
            "or",
            "i",
            "a",
            "an",
            "it",
            "this",
            "that",
            "is",
            "was",
            "are",
            "were",
            "be",
            "been",
            "has",
            "had",
            "have",
            "do",
            "does",
            "did",
            "not",
            "no",
            "yes",
            "but",
        ),
        *(
            "so",
            "if",
            "when",
            "then",
            "who",
            "what",
            "why",
            "how",
            "please",
            "thanks",
            "thank",
            "from",
            "for",
            "with",
            "without",
            "at",
            "in",
            "on",
            "by",
            "to",
            "of",
            "my",
        ),
        *(
            "your",
            "his",
            "her",
            "our",
            "their",
            "you",
            "we",
            "he",
            "she",
            "they",
            "me",
            "us",
            "him",
            "them",
            "would",
            "should",
            "could",
            "will",
            "can",
            "may",
            "might",
        ),
        *(
            "must",
            "very",
            "great",
            "good",
            "bad",
            "best",
            "all",
            "any",
            "every",
            "never",
            "always",
            "also",
            "just",
            "only",
            "hi",
            "hello",
            "dear",
            "sir",
            "madam",
        ),
        *(
            "customer",
            "service",
            "team",
            "support",
            "staff",
            "manager",
            "everyone",
            "nobody",
            "unknown",
            "none",
            "name",
            "said",
            "told",
            "came",
        ),
        *("went", "called", "asked", "somebody", "someone", "whoever", "whatever", "right", "wrong", "there", "here"),
    }
)


def find_english_names(folded: str) -> Iterator[Span]:
    """The name without its form of address: of Mr Smith the span is Smith. Brands such as Mr. Coffee stay."""
    for match in _TITLED.finditer(folded):
        group = next(name for name in ("v", "upper", "lower") if match[name])
        yield from _trimmed(match, group)
    for pattern in (_ANNOUNCED, _SIGNED):
        for match in pattern.finditer(folded):
            yield from _trimmed(match, "v")


def _trimmed(match: re.Match[str], group: str) -> Iterator[Span]:
    """The match without the words at its end that are none of a name; nothing if the first one is not."""
    start = match.start(group)
    kept = 0
    for index, word in enumerate(re.finditer(r"\S+", match[group])):
        plain = word[0].lower().strip(".'’")
        if plain in _NO_NAME or (index == 0 and plain in _BRANDS):
            break
        kept = word.end()
    if kept:
        yield start, start + kept
