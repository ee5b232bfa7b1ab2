"""A model of word lists and rules, Chinese and English. Only ever an explicit choice: it is far weaker than
the network.

For trying the pipeline without weights, and as a floor in comparisons. Scores are shares of list hits,
smoothed; they say how one-sided the hits were and are not calibrated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import regex

from models.clauses import RULES_VERSION, Span, split_clauses
from models.labels import GENERIC, LabelSet
from models.units import Progress, UnitPrediction, make_prediction

_NEGATION_REACH = 12  # characters before a hit in which a negation turns it round
_INTENT_OF = {"positive": "praise", "negative": "complaint", "neutral": "statement"}
_SMOOTHING = 0.1
_WORD = regex.compile(r"[\p{L}\p{N}]")

Hits = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Clause:
    """A clause with its hits per label of each head."""

    span: Span
    sentiment: Hits
    touchpoint: Hits
    stage: Hits
    intent: Hits

    @property
    def empty(self) -> bool:
        return not (self.sentiment or self.touchpoint or self.intent)

    @property
    def topic(self) -> tuple[str, str]:
        return _top(self.sentiment, "neutral"), _top(self.touchpoint, "overall")


class LexiconModel:
    """Rules over `models/lexicon.json`: hits per clause, neighbours with the same polarity and touchpoint
    joined.
    """

    @property
    def model_id(self) -> str:
        """Name and a hash of word lists and clause rules."""
        return f"lexicon-{hashlib.sha256((RULES_VERSION + _raw()).encode('utf-8')).hexdigest()[:12]}"

    @property
    def labels(self) -> LabelSet:
        """The generic label set; the word lists know no other."""
        return GENERIC

    def predict(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[list[UnitPrediction]]:
        """The units of each text, in text order."""
        results = []
        for text in texts:
            clauses = [_read(text, span) for span in split_clauses(text)]
            results.append([_unit(group) for group in _join(clauses)])
            if progress is not None:
                progress(1)
        return results


def _read(text: str, span: Span) -> _Clause:
    part, lists = text[span.start : span.end], _lists()
    return _Clause(
        span,
        sentiment=_polarity(part),
        touchpoint=_count(part, lists["touchpoint"]),
        stage=_count(part, lists["stage"]),
        intent=_count(part, lists["intent"]),
    )


def _join(clauses: Iterable[_Clause]) -> list[list[_Clause]]:
    """Groups of neighbours about one thing; clauses without a hit follow the group before them, or are
    dropped.
    """
    groups: list[list[_Clause]] = []
    for clause in clauses:
        if groups and (clause.empty or _merged(groups[-1]).topic == clause.topic):
            groups[-1].append(clause)
        elif not clause.empty:
            groups.append([clause])
    return groups


def _merged(group: Sequence[_Clause]) -> _Clause:
    def total(head: str) -> Hits:
        sums: Hits = {}
        for clause in group:
            for label, hits in getattr(clause, head).items():
                sums[label] = sums.get(label, 0.0) + hits
        return sums

    span = Span(group[0].span.start, group[-1].span.end)
    return _Clause(span, total("sentiment"), total("touchpoint"), total("stage"), total("intent"))


def _unit(group: Sequence[_Clause]) -> UnitPrediction:
    whole = _merged(group)
    sentiment = whole.sentiment or {"neutral": 1.0}
    touchpoint = whole.touchpoint or {"overall": 1.0}
    usual: str = _data()["stage_of_touchpoint"][_top(touchpoint, "overall")]
    stage = {**whole.stage, usual: whole.stage.get(usual, 0.0) + 0.5}
    intent = whole.intent or {_INTENT_OF[_top(sentiment, "neutral")]: 1.0}
    hits = {"sentiment": sentiment, "touchpoint": touchpoint, "stage": stage, "intent": intent}
    probabilities = {head: _shares(found, GENERIC.ids(head)) for head, found in hits.items()}
    return make_prediction(whole.span.start, whole.span.end, probabilities, GENERIC)


def _polarity(part: str) -> Hits:
    hits: Hits = {}
    for label, pattern in _lists()["sentiment"].items():
        for found in pattern.finditer(part):
            before = part[max(0, found.start() - _NEGATION_REACH) : found.start()]
            turned = bool(_negations().search(before))
            seen = {"positive": "negative", "negative": "positive"}[label] if turned else label
            hits[seen] = hits.get(seen, 0.0) + 1.0
    return hits


def _count(part: str, patterns: Mapping[str, regex.Pattern[str]]) -> Hits:
    found = {label: float(len(pattern.findall(part))) for label, pattern in patterns.items()}
    return {label: n for label, n in found.items() if n}


def _top(hits: Hits, default: str) -> str:
    return max(hits, key=hits.__getitem__) if hits else default


def _shares(hits: Hits, ids: Sequence[str]) -> list[float]:
    total = sum(hits.values()) + _SMOOTHING * len(ids)
    return [(hits.get(i, 0.0) + _SMOOTHING) / total for i in ids]


@lru_cache(maxsize=1)
def _raw() -> str:
    return (files("models") / "lexicon.json").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_raw())
    return data


@lru_cache(maxsize=1)
def _lists() -> dict[str, dict[str, regex.Pattern[str]]]:
    heads = ("sentiment", "touchpoint", "stage", "intent")
    return {head: {label: _pattern(words) for label, words in _data()[head].items()} for head in heads}


@lru_cache(maxsize=1)
def _negations() -> regex.Pattern[str]:
    words = _data()["negation"]
    chinese = "|".join(regex.escape(w) for w in sorted(words["zh"], key=len, reverse=True))
    english = "|".join(regex.escape(w) for w in words["en"])
    # A Chinese negation stands at the word it turns, an English one up to a few words before it.
    return regex.compile(rf"(?:{chinese})(?:太|很|够|怎么|是很)?$|\b(?:{english})\b[^,.;!?]*$", regex.IGNORECASE)


def _pattern(words: Mapping[str, Sequence[str]]) -> regex.Pattern[str]:
    """Longest words first, so that 不满意 is found before 满意; English words whole, Chinese ones
    anywhere.
    """
    ordered = sorted({*words["zh"], *words["en"]}, key=lambda w: (-len(w), w))
    return regex.compile("|".join(_whole_word(w) for w in ordered), regex.IGNORECASE)


def _whole_word(word: str) -> str:
    escaped = regex.escape(word)
    return rf"(?<![A-Za-z]){escaped}(?![A-Za-z])" if word.isascii() and _WORD.match(word) else escaped
