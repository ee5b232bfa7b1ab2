"""Masking: personal data out, before a text is stored, logged, reported or seen by the model."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

from models.imports import light_spacy, without
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.kinds import KINDS, Kind, mask_token
from pipeline.privacy.policy import PrivacyPolicy
from pipeline.privacy.recognizers import build_recognizers
from pipeline.privacy.recognizers.base import Recognizer, count_digits
from pipeline.privacy.views import fold, hide_masks, read_numerals

if TYPE_CHECKING:
    from pipeline.privacy.engine import Engine

_RANK: Final = {kind: rank for rank, kind in enumerate(KINDS)}
_TAGGED: Final = re.compile(r"\[([A-Z][A-Z_]{1,15}):[0-9a-f]{8}\]")
_AS_WRITTEN: Final = frozenset({"EMAIL", "URL", "IP", "ACCOUNT"})
"""Kinds in whose values marks mean something; in others (phone, card) they only separate."""

Find = tuple[Kind, int, int]


@dataclass(frozen=True, slots=True)
class MaskSpan:
    """One mask: [start, end) in the masked text stands for [original_start, original_end) of the original."""

    kind: Kind
    start: int
    end: int
    original_start: int
    original_end: int


@dataclass(frozen=True, slots=True, repr=False)
class MaskedText:
    """A text without personal data and where its masks are, in order. The original is not kept.

    Masks that the text came with, such as `[NAME]`, are ordinary characters: they are in `text`, not in `spans`.
    """

    text: str
    spans: tuple[MaskSpan, ...] = ()

    def __repr__(self) -> str:
        return f"MaskedText({len(self.text)} characters, masked {self.counts})"

    @property
    def counts(self) -> dict[str, int]:
        """Kind -> number of masks, kinds that occur only, in the order of `KINDS`."""
        found = Counter(span.kind for span in self.spans)
        return {kind: found[kind] for kind in KINDS if kind in found}

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text behind [start, end) of the masked text.

        A span that shares a character with a mask, or is empty inside one, covers the mask's whole original stretch.
        ValueError unless 0 <= start <= end <= len(text).
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"not a span of {len(self.text)} characters: {start}, {end}")
        first, last = self._mask_at(start), self._mask_at(end)
        low = first.original_start if first and start < first.end else self._shift(first, start)
        high = last.original_end if last and last.start < end <= last.end else self._shift(last, end)
        return low, max(low, high)

    def _mask_at(self, position: int) -> MaskSpan | None:
        """The last mask that starts at or before `position`."""
        index = bisect_right(self.spans, position, key=lambda span: span.start)
        return self.spans[index - 1] if index else None

    @staticmethod
    def _shift(mask: MaskSpan | None, position: int) -> int:
        if mask is None:
            return position
        if position == mask.start:
            return mask.original_start
        return mask.original_end + position - mask.end


class Masker:
    """Masks texts by a policy (default: everything). Deterministic, safe to share between threads.

    `hasher` makes the placeholders of kinds that the policy hashes; without one its key is random, so that equal values
    have equal placeholders from this masker only. `prefilter` False sends every text through every recogniser: same
    result, slower; tests compare the two.
    """

    def __init__(
        self, policy: PrivacyPolicy | None = None, *, hasher: KeyedHasher | None = None, prefilter: bool = True
    ) -> None:
        self.policy = policy or PrivacyPolicy()
        self._hasher = hasher or KeyedHasher(os.urandom(32))
        self._prefilter = prefilter
        self._recognizers = (*build_recognizers(self.policy.phone_regions, self.policy.order_patterns), _IP)

    def mask(self, text: str) -> MaskedText:
        """`text` with every value of the policy's kinds replaced by its token, such as `[PHONE]` (`[PHONE:3f9a1c07]`
        where the policy says hash).

        Repeated until nothing is left to mask, so that masking the result again changes nothing: a mask can end a run
        of digits that until then was too long to be anything.
        """
        masked = MaskedText(text)
        while finds := self._finds(masked.text):
            masked = _replace(masked, finds)
        return masked

    def mask_many(self, texts: Sequence[str]) -> list[MaskedText]:
        """`mask` for each text, in order."""
        return [self.mask(text) for text in texts]

    def _finds(self, text: str) -> list[tuple[Find, str]]:
        """What to mask with which token, not overlapping, in order."""
        view = read_numerals(fold(hide_masks(text)))
        kinds = self._possible_kinds(view)
        if not kinds:
            return []
        chosen = _without_overlaps(self._engine.find(view, kinds))
        return [
            (find, self._token(find[0], view[find[1] : find[2]])) for find in chosen if find[0] in self.policy.masked
        ]

    def _token(self, kind: Kind, value: str) -> str:
        if kind not in self.policy.hashed:
            return mask_token(kind)
        return mask_token(kind, self._hasher.hexdigest("mask", kind, _canonical(kind, value))[:8])

    def _possible_kinds(self, view: str) -> list[Kind]:
        if not self._prefilter:
            return list(KINDS)
        digits, caseless = count_digits(view), view.casefold()
        return [each.kind for each in self._recognizers if each.may_find(view, caseless, digits)]

    @cached_property
    def _engine(self) -> Engine:
        # Presidio offers transformers to others, and brings spaCy, which imports torch: both take seconds to load.
        with without("transformers"), light_spacy():
            from pipeline.privacy.engine import Engine

        return Engine([each for each in self._recognizers if each is not _IP])


_IP: Final = Recognizer("IP", lambda _: iter(()), min_digits=1, needs=(r"[0-9](?:\.[0-9]{1,3}){3}|:[0-9A-Fa-f]{0,4}:",))


def _canonical(kind: Kind, value: str) -> str:
    """A value as it is compared: case, white space, separators and the mainland's country code do not count."""
    value = "".join(value.casefold().split())
    if kind not in _AS_WRITTEN:
        value = "".join(each for each in value if each.isalnum())
    return re.sub(r"^(?:00)?86(?=1[0-9]{10}$)", "", value) if kind == "PHONE" else value


def plain_tokens(text: str) -> MaskedText:
    """`text` as if nothing in it were hashed: `[PHONE]` for `[PHONE:3f9a1c07]`, with the way back as its spans.

    For the model, which has learnt such tokens only.
    """
    pieces: list[str] = []
    spans: list[MaskSpan] = []
    done = length = 0
    for match in _TAGGED.finditer(text):
        token = f"[{match[1]}]"
        pieces += (text[done : match.start()], token)
        length += match.start() - done
        spans.append(MaskSpan(cast(Kind, match[1]), length, length + len(token), *match.span()))
        length += len(token)
        done = match.end()
    return MaskedText("".join((*pieces, text[done:])), tuple(spans))


def _without_overlaps(finds: list[Find]) -> list[Find]:
    """Of overlapping finds the longest stays; of equally long ones the more specific kind, then the first.

    n log n, and the length of the text: a find is no longer than those chosen before it, so one that overlaps any of
    them has its first or its last character inside.
    """
    taken = bytearray(max((end for _, _, end in finds), default=0))
    chosen: list[Find] = []
    for find in sorted(set(finds), key=lambda each: (each[1] - each[2], _RANK[each[0]], each[1])):
        _, start, end = find
        if not taken[start] and not taken[end - 1]:
            chosen.append(find)
            taken[start:end] = b"\x01" * (end - start)
    return sorted(chosen, key=lambda each: each[1])


def _replace(masked: MaskedText, finds: list[tuple[Find, str]]) -> MaskedText:
    """`masked` with `finds` (positions in its text, in order, touching no mask) replaced by their tokens."""
    pieces: list[str] = []
    new: list[tuple[int, int, MaskSpan]] = []
    done = shift = 0
    for (kind, start, end), token in finds:
        original = masked.to_original(start, end)
        pieces += (masked.text[done:start], token)
        new.append(
            (start, len(token) - (end - start), MaskSpan(kind, start + shift, start + shift + len(token), *original))
        )
        shift += len(token) - (end - start)
        done = end
    pieces.append(masked.text[done:])
    old = [_moved(span, sum(by for start, by, _ in new if start < span.start)) for span in masked.spans]
    spans = sorted((*old, *(span for _, _, span in new)), key=lambda span: span.start)
    return MaskedText("".join(pieces), tuple(spans))


def _moved(span: MaskSpan, by: int) -> MaskSpan:
    return MaskSpan(span.kind, span.start + by, span.end + by, span.original_start, span.original_end)
