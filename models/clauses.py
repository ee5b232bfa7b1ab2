"""Cut a feedback into clauses, on purpose too finely, with exact character offsets.

A clause is the smallest stretch the model may call an opinion unit; `models.decode` joins neighbours again.
So a cut too many costs little, and a cut too few can never be mended.

These rules belong to the weights: a model is trained on exactly the clauses they give. Change a rule, raise
`RULES_VERSION`, train again. That is why they live in `models` and not in `pipeline`.

How: everything that must stay whole (numbers, URLs, e-mail addresses, masks such as ``[PHONE]``,
abbreviations) is replaced by a run of letters of the same length, runs of emoji and dots by a run of full
stops; a blank spaCy pipeline (jieba words where the text has Chinese characters) then gives tokens whose
offsets hold for the original text too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import regex

from models import clause_words as words
from models.imports import light_spacy
from models.run_ons import Word, run_on_cuts

if TYPE_CHECKING:
    from spacy.language import Language

RULES_VERSION = "2"
_BUILDING = Lock()


class Span(NamedTuple):
    """Half-open range of characters (Python string indices)."""

    start: int
    end: int


_LINE_END = regex.compile(r"[\n\r\u2028\u2029\x85]")
_HAN = regex.compile(r"\p{Han}")
# Each alternative is a stretch that is never cut. Possessive quantifiers and the conditions on where a match may start
# keep the search linear on absurd texts (20,000 letters or digits in a row).
_WHOLE = regex.compile(
    r"""
      \[[A-Z][A-Z_]*(?:[ _-]?\d+)?\]                                # a mask: [PHONE]
    | (?:https?://|ftp://|www\.)[A-Za-z0-9\-._~:/?\#@!$&*+,;=%]+[A-Za-z0-9/]   # a URL with scheme or www
    | (?<![A-Za-z0-9_.+%-])[A-Za-z0-9_.+%-]++@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+      # an e-mail address
    | (?<![A-Za-z0-9.-])(?:[A-Za-z0-9-]++\.)+(?:com|cn|net|org|io|edu|gov|co|uk|app|hk|tw)(?![A-Za-z])
          (?:/[A-Za-z0-9\-._~/?\#=&%]*[A-Za-z0-9/])?                # an address without scheme
    | (?:(?<![A-Za-z])[vV](?=\p{Nd})|(?<![A-Za-z\p{Nd}])|(?<=[A-Za-z]\p{Nd}))
          \p{Nd}++(?:[.,:/\uff0e\uff1a\uff0f\-]\p{Nd}++)+%?         # 1,299.00  3.5  12:30  v9.3.1
    | (?<!\w)\.\p{Nd}+                                               # .5
    | (?<![A-Za-z])(?:[A-Za-z]\.){2,}                                # e.g.  U.S.  a.m.
    | \b(?:Mr|Mrs|Ms|Dr|St|vs|approx)\.(?=\s)                        # Mr. Smith
    """,
    regex.VERBOSE,
)
_EMOJI = (
    r"[\p{Emoji_Presentation}\p{Extended_Pictographic}"
    r"\u200d\ufe0f\u20e3\U0001F3FB-\U0001F3FF\U0001F1E6-\U0001F1FF]"
)
_STOPS = regex.compile(rf"{_EMOJI}+(?:\s*{_EMOJI}+)*|\.{{2,}}|…+|⋯+")
# spaCy stores strings as UTF-8, which has no lone surrogates; controls other than line breaks carry nothing.
_UNPRINTABLE = regex.compile(r"[\p{Cs}\p{Co}\p{Cn}\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_GLUED_STOP = regex.compile(r"(?<=[A-Za-z)]{2})[.!?,;]+(?=[A-Z][a-z' ])")
_LIST_MARK = regex.compile(r"[\u2460-\u2473]|(?<=\s)[0-9]{1,2}[)\uff09\u3001.](?![0-9])")
# spaCy's tokenizer peels punctuation off one by one, in quadratic time: the inside of absurd runs is hidden from it.
_LONG_RUN = regex.compile(r"[^\w\s]{41,}")
_ALL_HAN = regex.compile(r"\p{Han}{4}")  # what must follow a run-on cut for it to be worth it


def split_clauses(text: str) -> list[Span]:
    """Clauses of `text` in order: never overlapping, no space at either end, together covering all that is
    not space.

    Never raises: any string is allowed, also empty, without words, or with lone surrogates.
    """
    plain = _flatten(text)
    if not plain.strip():
        return _strip(text, [Span(0, len(text))])
    tokens = _tokens(plain)
    cuts = _line_cuts(plain) | _token_cuts(plain, tokens)
    cuts |= run_on_cuts(_stretches(plain, tokens), cuts, _tag)
    cuts -= _inside_whole(text)
    edges = [0, *sorted(c for c in cuts if 0 < c < len(text)), len(text)]
    pieces = [Span(a, b) for a, b in pairwise(edges)]
    return _join_wordless(plain, _strip(text, pieces))


def _inside_whole(text: str) -> set[int]:
    """Offsets inside what is never cut: all but the first character of each stretch."""
    found = (m for pattern in (_WHOLE, _STOPS) for m in pattern.finditer(text))
    return {offset for m in found for offset in range(m.start() + 1, m.end())}


def whole_stretches(text: str) -> Iterator[Span]:
    """Numbers, addresses, masks and abbreviations: punctuation in them is part of them."""
    return (Span(m.start(), m.end()) for m in _WHOLE.finditer(text))


def _flatten(text: str) -> str:
    """`text` with whole stretches as letters, emoji and dots as full stops: the same length, so the same
    offsets.
    """
    flat: str = _UNPRINTABLE.sub("X", text)
    flat = _WHOLE.sub(lambda m: "X" * len(m[0]), flat)
    return _STOPS.sub(lambda m: "。" * len(m[0]), flat)


def _stretches(plain: str, tokens: list[tuple[str, int]]) -> list[list[Word]]:
    """The words between punctuation and line breaks."""
    stretches: list[list[Word]] = [[]]
    end = 0
    for word, start in tokens:
        if _breaks(word) or word[0] in words.OPEN or (start > end and _LINE_END.search(plain, end, start)):
            stretches.append([])
        if _is_wordy(word):
            stretches[-1].append(Word(word, start))
        end = start + len(word)
    return stretches


def _line_cuts(plain: str) -> set[int]:
    return {m.end() for m in _LINE_END.finditer(plain)}


def has_chinese(text: str) -> bool:
    """Whether a Chinese character is in `text`."""
    return bool(_HAN.search(text))


def _tokens(plain: str) -> list[tuple[str, int]]:
    """Words of `plain` and where each starts."""
    tokenize = _tokenizer("zh" if has_chinese(plain) else "en")
    readable = _LONG_RUN.sub(lambda m: m[0][:20] + " " * (len(m[0]) - 40) + m[0][-20:], plain)
    return [(t.text, t.idx) for t in tokenize(readable) if not t.is_space]


def _token_cuts(plain: str, tokens: list[tuple[str, int]]) -> set[int]:
    """Cuts at punctuation runs, connectives, spaces between Chinese characters, and in run-ons of both
    languages.
    """
    chinese = has_chinese(plain)
    cuts = {m.end() for m in _GLUED_STOP.finditer(plain)} | {m.start() for m in _LIST_MARK.finditer(plain)}
    run_end = 0
    for n, (word, start) in enumerate(tokens):
        end = start + len(word)
        if _breaks(word):
            run_end = _run_end(plain, end) if end > run_end else run_end
            cuts.add(run_end)
        elif word[0] in words.OPEN or _connects(tokens, n):
            cuts.add(start)
        elif word in words.ZH_CONNECTIVES:
            leans = n > 0 and tokens[n - 1][0] in words.ZH_LEANS
            cuts.add(tokens[n - 1][1] if leans else start)
        elif word == "-" and plain[max(0, start - 1) : end + 1] == " - ":
            cuts.add(end)
        elif _starts_run_on(tokens, n):
            cuts.add(start)
        if chinese and (_spaced_han(plain, end) or _ends_run_on(plain, tokens, n)):
            cuts.add(end)
    return cuts


def _breaks(word: str) -> bool:
    return not _is_wordy(word) and any(ch in words.BREAK for ch in word)


def _is_wordy(word: str) -> bool:
    return word.isalnum() or any(ch.isalnum() for ch in word)


def _run_end(plain: str, end: int) -> int:
    """The end of the punctuation run that reaches `end`, with the closing quotes and brackets that follow
    it.
    """
    while end < len(plain) and (plain[end] in words.BREAK or plain[end] in words.CLOSE):
        end += 1
    return end


def _connects(tokens: list[tuple[str, int]], n: int) -> bool:
    """Whether word `n` is the first of one or more English connectives ("and then" is cut once)."""
    before = tokens[n - 1][0].lower() if n else ""
    return tokens[n][0].lower() in words.EN_CONNECTIVES and before not in words.EN_CONNECTIVES


def _starts_run_on(tokens: list[tuple[str, int]], n: int) -> bool:
    """Whether an English clause may start with word `n` though no punctuation stands before it.

    Two cues: a subject pronoun or a capital behind a lower-case word that wants no
    complement.
    """
    word, before = tokens[n][0], tokens[n - 1][0] if n else ""
    if not before.isascii() or not before.isalpha() or not before.islower() or before in words.EN_WANTS_MORE:
        return False
    return word.lower() in words.EN_SUBJECTS or (word.isascii() and word.istitle() and len(word) > 1)


def _spaced_han(plain: str, end: int) -> bool:
    """Whether only blanks stand between the Chinese characters before and behind `end`."""
    if not plain[end : end + 1].isspace():
        return False
    rest = plain[end : end + 8]
    gap = len(rest) - len(rest.lstrip(" \t\u3000\xa0"))
    return 0 < gap < len(rest) and bool(_HAN.match(rest[gap])) and bool(_HAN.match(plain[end - 1]))


def _ends_run_on(plain: str, tokens: list[tuple[str, int]], n: int) -> bool:
    """Whether a Chinese clause may end with word `n` though no punctuation follows.

    Two cues: a sentence-final particle with a new subject behind it (送餐太慢了|包装也破了), and a complete
    adjectival predicate, that is an adjective after a noun or a degree word, with no attributive or
    complement behind it (味道不错|送餐太慢). An adjective directly before its noun (是个好东西) is no
    predicate: a measure word or verb precedes.
    """
    if n + 1 >= len(tokens) or n == 0:
        return False
    word, start = tokens[n]
    following, next_start = tokens[n + 1]
    end = start + len(word)
    if next_start != end or following in words.ZH_ATTACHES or not _ALL_HAN.match(plain, end):
        return False
    if word in words.ZH_FINAL:
        return not (_tag(following) or "n").startswith(("m", "q"))  # a count or measure: an object
    if not _is_adjective(word) or not (_tag(following) or "n").startswith(words.ZH_SUBJECT):
        return False
    before = tokens[n - 1][0]
    if before in words.ZH_DEGREE or word[0] in "很太挺蛮不超最":
        return True
    return len(word) > 1 and bool(_HAN.match(before)) and (_tag(before) or "n").startswith("n")


def _is_adjective(word: str) -> bool:
    return len(word) <= 3 and word not in words.ZH_DEGREE and _tag(word) in {"a", "z"}


def _tag(word: str) -> str | None:
    """Part of speech of `word` in jieba's dictionary; None where it has no entry."""
    return _word_tags().get(word)


def _join_wordless(plain: str, pieces: list[Span]) -> list[Span]:
    """Give pieces of punctuation only to the piece before them (the first one to the piece behind)."""
    joined: list[Span] = []
    leading = True  # no word yet
    for piece in pieces:
        wordless = not _is_wordy(plain[piece.start : piece.end])
        if joined and (wordless or leading):
            joined[-1] = Span(joined[-1].start, piece.end)
        else:
            joined.append(piece)
        leading = leading and wordless
    return joined


def _strip(text: str, pieces: list[Span]) -> list[Span]:
    out = []
    for start, end in pieces:
        piece = text[start:end]
        left = len(piece) - len(piece.lstrip())
        right = len(piece.rstrip())
        if right > left:
            out.append(Span(start + left, start + right))
    return out


def _tokenizer(lang: str) -> Language:
    with _BUILDING:  # what is switched off meanwhile is the whole process's
        return _build_tokenizer(lang)


@lru_cache(maxsize=2)
def _build_tokenizer(lang: str) -> Language:
    with light_spacy():
        import spacy

    with _without_plugins():
        if lang == "en":
            nlp = spacy.blank("en")
        else:
            _quiet_jieba()
            nlp = spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": "jieba"}}})
    nlp.max_length = 10**8
    return nlp


@contextmanager
def _without_plugins() -> Iterator[None]:
    """Keep spaCy from importing the components that other packages offer: a blank pipeline has none, and Presidio's
    brings Presidio and transformers along (6 seconds, 300 MB).
    """
    from spacy.util import registry

    offered = getattr(registry, "_entry_point_factories", None)
    if offered is None:  # another version of spaCy: only slower
        yield
        return
    before, offered.entry_points = offered.entry_points, False
    try:
        yield
    finally:
        offered.entry_points = before


@lru_cache(maxsize=1)
def _word_tags() -> dict[str, str]:
    """Word to part of speech, from jieba's dictionary (lines of word, frequency, tag).

    Read here because importing `jieba.posseg` takes seconds for a tagger that is not needed.
    """
    import jieba

    with jieba.get_dict_file() as lines:
        entries = [line.decode("utf-8").split() for line in lines]
    return {entry[0]: entry[2] for entry in entries if len(entry) == 3}


def _quiet_jieba() -> None:
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
