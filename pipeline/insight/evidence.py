"""`fact_action_evidence`: for each ranked cell a few quotes that are representative and differ from one
another.

Representative: near the centre of what is said in the cell (cosine to the mean TF-IDF vector of its units,
per language, times how sure the model is). Different: maximal marginal relevance (Carbonell & Goldstein
1998). Character n-grams serve Chinese and English alike. At most one quote per respondent; both languages
where both occur.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.insight.cells import Side
from pipeline.metrics.clusters import Bools, Floats

COLUMNS = (
    *("stage", "touchpoint", "evidence_rank", "feedback_key", "unit_index", "external_id", "occurred_date"),
    *("channel", "text", "context", "language", "sentiment_score"),
)
BALANCE = 0.7
"""Weight of being representative against being different (lambda of maximal marginal relevance)."""
ALIKE = 0.8
"""Cosine above which two quotes say the same in the same words."""
AT_MOST = 400
"""Candidates looked at per cell; where there are more, those with the smallest keys: a keyed hash, so a
random sample.
"""
FEW = 3
"""With fewer respondents who can be quoted readably, all are looked at."""
READABLE = {"zh": (6, 90), "mixed": (8, 160), "en": (20, 220)}
"""Characters of a quote that says something and can be read at a glance; others are second choice."""


def choose(
    feedback: pd.DataFrame,
    units: pd.DataFrame,
    priority: pd.DataFrame,
    *,
    count: int,
    side: Side = "negative",
) -> pd.DataFrame:
    """At most `count` quotes for each cell that `priority` (or strengths) ranks, from the two fact frames.

    The same input gives the same quotes. A cell has fewer where fewer respondents say something different.
    """
    ranked = priority.loc[priority["rank"].notna(), ["stage", "touchpoint"]]
    wanted = units[units["sentiment"] == side].merge(ranked, on=["stage", "touchpoint"])
    known = feedback.rename(columns={"text": "context"})
    fields = [
        "feedback_key",
        "respondent_key",
        "external_id",
        "occurred_date",
        "channel",
        "context",
        "language",
    ]
    quotes = wanted.merge(known[fields], on="feedback_key").sort_values(["feedback_key", "unit_index"])
    parts = []
    for _, found in quotes.groupby(["stage", "touchpoint"], sort=True):
        candidates = _candidates(found)
        picked = candidates.iloc[_pick(candidates, count)]
        parts.append(picked.assign(evidence_rank=range(1, len(picked) + 1)))
    if not parts:
        return quotes.assign(evidence_rank=pd.Series(dtype="int64"))[list(COLUMNS)].reset_index(drop=True)
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def _candidates(found: pd.DataFrame) -> pd.DataFrame:
    """Distinct, readable quotes; the unreadable only where a cell has hardly any other."""
    said = zip(found["text"], found["language"], strict=True)
    readable = found[[_readable(text, language) for text, language in said]]
    kept = (readable if readable["respondent_key"].nunique() >= FEW else found).head(AT_MOST)
    kept = kept.assign(plain=[plain(text) for text in kept["text"]])
    return kept[kept["plain"] != ""].drop_duplicates("plain")


def plain(text: str) -> str:
    """What is left for comparing: one form of each character, lower case, letters and digits only, masks
    gone.
    """
    folded = unicodedata.normalize("NFKC", re.sub(r"\[[A-Z_]+\]", " ", text)).casefold()
    return re.sub(r"[\W_]+", " ", folded).strip()


def _readable(text: str, language: str) -> bool:
    low, high = READABLE.get(language, READABLE["en"])
    return low <= len(text.strip()) <= high


@dataclass(frozen=True, slots=True)
class _Space:
    """Candidates as vectors: `relevance` [n] in 0..1, `likeness` [n, n] cosine."""

    relevance: Floats
    likeness: Floats


def _pick(candidates: pd.DataFrame, count: int) -> list[int]:
    """Positions of the chosen candidates, best first."""
    space = _vectors(candidates)
    language = candidates["language"].to_numpy(dtype=object)
    respondent = candidates["respondent_key"].to_numpy(dtype=object)
    quota = _shares_of(Counter(language.tolist()), count)
    open_: Bools = np.ones(len(candidates), dtype=np.bool_)
    chosen: list[int] = []
    while len(chosen) < count and open_.any():
        allowed = open_ & np.array([quota[name] > 0 for name in language])
        if not allowed.any():
            allowed = open_
        nearest = space.likeness[:, chosen].max(axis=1) if chosen else np.zeros(len(candidates))
        merit = BALANCE * space.relevance - (1 - BALANCE) * nearest
        best = int(np.argmax(np.where(allowed, merit, -np.inf)))
        chosen.append(best)
        quota[language[best]] -= 1
        open_ &= (respondent != respondent[best]) & (space.likeness[:, best] < ALIKE)
        open_[best] = False
    return chosen


def _shares_of(occurring: Counter[str], count: int) -> Counter[str]:
    """How many quotes each language gets: at least one each as far as they go, the rest by number
    (D'Hondt).
    """
    names = sorted(occurring, key=lambda name: (-occurring[name], name))
    quota = Counter(dict.fromkeys(names[:count], 1))
    while quota.total() < count:
        quota[max(names, key=lambda name: occurring[name] / (quota[name] + 1))] += 1
    return quota


def _vectors(candidates: pd.DataFrame) -> _Space:
    english = (candidates["language"] == "en").to_numpy(dtype=np.bool_)
    sure = candidates["sentiment_score"].to_numpy(dtype=np.float64)
    relevance, likeness = np.zeros(len(candidates)), np.zeros((len(candidates), len(candidates)))
    for rows, by_words in ((np.flatnonzero(~english), False), (np.flatnonzero(english), True)):
        if rows.size:
            vectors = _tfidf(candidates["plain"].iloc[rows].tolist(), by_words=by_words)
            centre = np.asarray(vectors.mean(axis=0)).ravel()
            near = np.asarray(vectors @ centre)
            relevance[rows] = near / max(near.max(), 1e-12)
            likeness[np.ix_(rows, rows)] = (vectors @ vectors.T).toarray()
    return _Space(relevance * sure, likeness)


def _tfidf(texts: list[str], *, by_words: bool) -> Any:
    """TF-IDF over character n-grams, inside words for English: sparse [texts, n-grams].

    N-grams in more than a quarter of the texts are left out: they are the language, not the matter.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    form: dict[str, Any] = (
        {"analyzer": "char_wb", "ngram_range": (3, 5)} if by_words else {"analyzer": "char", "ngram_range": (1, 3)}
    )
    common = max(2, len(texts) // 4)
    return TfidfVectorizer(**form, max_df=common, sublinear_tf=True, dtype=np.float32).fit_transform(texts)
