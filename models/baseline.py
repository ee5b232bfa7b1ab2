"""The baseline every label has to beat: TF-IDF of words and characters with logistic regression, per
language.

It reads the text of a unit only, and is asked about the same predicted units as the model it is compared
with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.errors import GoldError
from models.gold import GoldText
from models.labels import HEADS
from models.scoring import Answer, SpanLike

_PENALTIES = (1e-5, 3e-5, 1e-4)  # strength of the L2 penalty, chosen on the dev part
_FEATURES = 20_000  # most frequent words, and as many character n-grams: more cost time and gain nothing


class Baseline:
    """One language's vectoriser and four classifiers. Raises `GoldError` when there is no unit to learn
    from.
    """

    def __init__(self, lang: str, train: Sequence[GoldText], dev: Sequence[GoldText]) -> None:
        self._features = _features(lang)
        texts, labels = _units([g for g in train if g.lang == lang])
        dev_texts, dev_labels = _units([g for g in dev if g.lang == lang])
        if not texts or not dev_texts:
            raise GoldError(f"the baseline learns from {lang} units of the train part and the dev part; give both")
        seen = self._features.fit_transform(texts)
        unseen = self._features.transform(dev_texts)
        self._classifiers = {head: _best_classifier(seen, labels[head], unseen, dev_labels[head]) for head in HEADS}

    def label(self, text: str, spans: Sequence[SpanLike]) -> list[Answer]:
        """The labels of the given spans of `text`."""
        if not spans:
            return []
        rows = self._features.transform([text[s.start : s.end] for s in spans])
        columns = [self._classifiers[head].predict(rows) for head in HEADS]
        return [Answer(s.start, s.end, *(str(c[n]) for c in columns)) for n, s in enumerate(spans)]


def _features(lang: str) -> Any:
    """Words and word pairs (jieba's for Chinese) beside character n-grams, each with sublinear TF-IDF
    weights.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    common = {"sublinear_tf": True, "min_df": 2, "max_features": _FEATURES}
    if lang == "zh":
        words = TfidfVectorizer(tokenizer=_chinese_words, token_pattern=None, ngram_range=(1, 2), **common)
        return make_union(words, TfidfVectorizer(analyzer="char", ngram_range=(1, 3), **common))
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", **common)
    return make_union(words, TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **common))


def _chinese_words(text: str) -> list[str]:
    import jieba

    return [word for word in jieba.cut(text) if word.strip()]


def _units(gold: Sequence[GoldText]) -> tuple[list[str], dict[str, list[str]]]:
    units = [(g.text[u.start : u.end], u) for g in gold for u in g.units]
    return [text for text, _ in units], {head: [getattr(u, head) for _, u in units] for head in HEADS}


def _best_classifier(seen: Any, labels: Sequence[str], unseen: Any, dev_labels: Sequence[str]) -> Any:
    from sklearn.linear_model import SGDClassifier

    # Logistic regression by gradient descent: as good here as the batch solvers, in a twentieth of the time.
    common = {"loss": "log_loss", "max_iter": 50, "random_state": 0}
    fitted = [SGDClassifier(alpha=penalty, **common).fit(seen, labels) for penalty in _PENALTIES]
    return max(fitted, key=lambda model: model.score(unseen, dev_labels))
