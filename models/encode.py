"""Texts to network input: tokens, which clause each token belongs to, and windows for texts beyond 512
positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import regex

from models.clauses import Span, has_chinese, split_clauses
from models.errors import ModelBrokenError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_TOKENS = 512  # positions of the encoder, the two special tokens included
OVERLAP = 96  # tokens that neighbouring windows share, so that clauses are read with context on both sides
_SURROGATE = regex.compile(r"\p{Cs}")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one text that fits the encoder.

    `ids` has one token id per position, special tokens included; `clause` gives for each position the
    clause it belongs to, counted within the window, -1 for special tokens. `first` is the index of the
    window's first clause in the text and `size` how many it holds.
    """

    ids: tuple[int, ...]
    clause: tuple[int, ...]
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text ready for the network: its language, its clauses and the windows that cover them in order."""

    lang: str
    """zh where there is a Chinese character, else en."""
    clauses: tuple[Span, ...]
    windows: tuple[Window, ...]


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a model directory, without padding or truncation. Raises `ModelBrokenError`."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ModelBrokenError(f"{path}: not a tokenizer.json that the tokenizers library reads: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def encode(texts: Sequence[str], tokenizer: Tokenizer) -> list[Encoded]:
    """Clauses, tokens and windows of each text. A text without a clause or token has no windows."""
    readable = [_SURROGATE.sub("\ufffd", text) for text in texts]
    found = tokenizer.encode_batch(readable, add_special_tokens=False)
    bos, eos = special_ids(tokenizer)
    out = []
    for text, tokens in zip(texts, found, strict=True):
        clauses = split_clauses(text)
        groups = _tokens_by_clause(clauses, tokens.ids, tokens.offsets)
        out.append(Encoded("zh" if has_chinese(text) else "en", tuple(clauses), tuple(_windows(groups, bos, eos))))
    return out


def special_ids(tokenizer: Tokenizer) -> tuple[int, int]:
    """Ids of the tokens that open and close an input. Raises `ModelBrokenError` when the tokenizer has
    none.
    """
    for opening, closing in (("<s>", "</s>"), ("[CLS]", "[SEP]")):
        bos, eos = tokenizer.token_to_id(opening), tokenizer.token_to_id(closing)
        if bos is not None and eos is not None:
            return bos, eos
    raise ModelBrokenError("tokenizer has neither <s> </s> nor [CLS] [SEP]: not a tokenizer of a BERT-like encoder")


def mask_id(tokenizer: Tokenizer) -> int | None:
    """Id of the token that stands for a hidden one, if the tokenizer has it."""
    found = (tokenizer.token_to_id(token) for token in ("<mask>", "[MASK]"))
    return next((token for token in found if token is not None), None)


def _tokens_by_clause(
    clauses: Sequence[Span], ids: Sequence[int], offsets: Sequence[tuple[int, int]]
) -> list[list[int]]:
    """Token ids per clause: a token belongs to the clause of its last character; a clause without gets its
    neighbour's.

    Empty when the text has no token at all.
    """
    if not ids or not clauses:
        return []
    groups: list[list[int]] = [[] for _ in clauses]
    at = 0
    for token, (_, end) in zip(ids, offsets, strict=True):
        while at + 1 < len(clauses) and clauses[at + 1].start < end:
            at += 1
        groups[at].append(token)
    spare = next((g for g in groups if g), [])
    for n, group in enumerate(groups):
        if not group:
            groups[n] = list(spare[-1:])
        spare = groups[n]
    return groups


def _windows(groups: Sequence[Sequence[int]], bos: int, eos: int) -> list[Window]:
    """Windows of at most `MAX_TOKENS` positions, cut between clauses, overlapping by about `OVERLAP` tokens; by less,
    or not at all, before a clause that needs most of a window. One that is longer than a window keeps its first tokens.
    """
    room = MAX_TOKENS - 2
    sizes = [min(len(g), room) for g in groups]
    windows, first = [], 0
    while first < len(groups):
        last, used = first, 0
        while last < len(groups) and used + sizes[last] <= room:
            used += sizes[last]
            last += 1
        windows.append(_window(groups, first, last, bos, eos))
        if last == len(groups):
            break
        back, shared = last, 0
        overlap = min(OVERLAP, room - sizes[last])  # so that the next window holds clause `last`
        while back - 1 > first and shared + sizes[back - 1] <= overlap:
            back -= 1
            shared += sizes[back]
        first = back
    return windows


def _window(groups: Sequence[Sequence[int]], first: int, last: int, bos: int, eos: int) -> Window:
    ids, clause = [bos], [-1]
    for n in range(first, last):
        kept = groups[n][: MAX_TOKENS - 2]
        ids.extend(kept)
        clause.extend([n - first] * len(kept))
    return Window((*ids, eos), (*clause, -1), first, last - first)
