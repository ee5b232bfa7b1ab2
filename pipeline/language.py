"""Which language a feedback is written in: zh, en, mixed (both) or other.

Scripts decide where they can: Han is Chinese unless kana stand among it, Thai or Cyrillic is `other`. Latin
letters need words: everyday English against everyday words of other languages first, py3langid for what is
left. A short text without evidence is English, because calling an English text `other` loses it, while the
reverse is only counted in the wrong place.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

    from pipeline.records import Language

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff〇]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\uff66-\uff9d]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]")
_WORD = re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]+(?:['’][a-z]+)*")
_NO_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\w+|[@#]\w+|\[[A-Z_]+(?::[0-9a-f]{8})?\]")
_CONTENT_MARKS = re.compile("[\u20e3\u2122\u3299\u3297]")

_LANGID_LANGUAGES = "en fr de es pt it nl ms id tl vi pl tr sv da no fi cs ro hu sw so af ca"
# How sure py3langid must be that a text is not English: with one everyday word of another language, and without.
_SUPPORTED, _UNSUPPORTED = 0.4, 0.7


def detect(text: str, *, default: Language = "zh") -> Language:
    """The language of a text; `default` for one without letters (emoji, numbers): the main language of its
    file.
    """
    plain = _NO_WORDS.sub(" ", text)
    han, kana, latin = (len(pattern.findall(plain)) for pattern in (_HAN, _KANA, _LATIN))
    foreign = sum(map(str.isalpha, plain)) - han - kana - latin if not plain.isascii() else 0
    if han + kana + latin + foreign == 0:
        return default
    # A single の or ノ is an ornament in Chinese; Japanese has kana in every phrase.
    if kana >= 2 and kana * 6 > han + kana and kana * 3 > latin:
        return "other"
    if foreign >= 2 and foreign > han + latin / 2:
        return "other"
    words = _words(plain) if latin else []
    if han == 0:
        return _latin(words, text) if latin else default
    return _with_han(han, words)


def has_content(text: str) -> bool:
    """Whether a text holds any letter, digit or symbol such as an emoji; punctuation alone says nothing."""
    if any(map(str.isalnum, text)):
        return True
    return any(unicodedata.category(character) == "So" for character in text) or bool(_CONTENT_MARKS.search(text))


def main_script(text: str) -> Language | None:
    """A quick reading by script only, to find the main language of a file: zh, en or other; None without
    letters.
    """
    if _HAN.search(text) and not _KANA.search(text):
        return "zh"
    if _LATIN.search(text):
        return "en"
    return "other" if any(map(str.isalpha, text)) else None


def _words(text: str) -> list[str]:
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return [word.replace("’", "'") for word in _WORD.findall(folded.lower())]


def _with_han(han: int, words: list[str]) -> Language:
    """Chinese with English names in it is Chinese; it takes English running text to make it mixed."""
    english = [word for word in words if len(word) > 1]
    chinese = han / 1.6
    share = len(english) / (len(english) + chinese)
    known = sum(word in _everyday_words()[0] for word in english)
    if share > 0.93 and known:
        return "en"
    running = (known >= 1 and len(english) >= 2 and share >= 0.2) or (known >= 2 and len(english) >= 4)
    return "mixed" if running and (share >= 0.12 or known >= 4) else "zh"


def _latin(words: list[str], text: str) -> Language:
    english_words, other_words = _everyday_words()
    english = sum(word in english_words for word in words)
    other = sum(word in other_words for word in words)
    if english > other or (english == other and english > 0):
        return "en"
    if other - english > 1:
        return "other"
    if len(words) < 2:
        return "en"
    return _identified(text, sure=_SUPPORTED if other > english else _UNSUPPORTED)


def _identified(text: str, *, sure: float) -> Language:
    ranked = _identifier().rank(text[:1000])
    language, confidence = ranked[0]
    return "other" if language != "en" and confidence >= sure else "en"


@lru_cache(maxsize=1)
def _everyday_words() -> tuple[frozenset[str], frozenset[str]]:
    """Frequent words of English, and of the other languages in Latin letters."""
    raw = yaml.safe_load(files("pipeline.ingest").joinpath("words.yaml").read_text(encoding="utf-8"))
    return frozenset(raw["english"]), frozenset(word for words in raw["other"].values() for word in words)


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGID_LANGUAGES.split())
    return identifier
