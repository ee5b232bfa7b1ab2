"""Scales written into column names: `评分(1-5)`, `csat_1_5`, `ces_1_easy_7_hard`, `rating out of 10`,
`五分制评分`, `stars`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from pipeline.ingest import names

_LOWS = (0, 1)
_HIGHS = (3, 4, 5, 6, 7, 8, 9, 10, 100)
_CHINESE = {"三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "百": 100}
_NUMBER = r"(?<![\d.])(\d{1,3})(?![\d.])"
_RANGE = re.compile(rf"{_NUMBER}\s*(?:分|星)?\s*(?:-|–|—|~|至|到|to|_|\.\.|,|/)+\s*{_NUMBER}\s*(?:分|星)?")
_TOP = (
    re.compile(rf"_?out_?\s*of_?\s*{_NUMBER}"),
    re.compile(rf"/\s*{_NUMBER}"),
    re.compile(rf"(?:满分|滿分)\s*{_NUMBER}\s*分?"),
    re.compile(rf"{_NUMBER}\s*(?:分满分|分滿分|分制|星制|级制|級制|[-_ ]?points?|[-_ ]?pt|[-_ ]?stars?)"),
)
_CHINESE_TOP = re.compile(r"([三四五六七八九十百])(?:分制|星制|级制|級制)")
_STARS = frozenset(
    names.normalise(name)
    for name in (
        "star",
        "stars",
        "star_rating",
        "num_stars",
        "星级",
        "评价星级",
        "评论星级",
        "星数",
        "评星",
        "星級",
        "星數",
        "評星",
        "評價星級",
    )
)
_END = re.compile(rf"{_NUMBER}\s*(?:分|星)?\s*[=:：_\- ]?\s*([^\W\d_][^\d,，;；/~—–-]*)")
# Order matters: "不满意" holds "满意", "low effort" holds "effort".
_WORDS: dict[str, tuple[tuple[str, bool], ...]] = {
    "ces": (
        *(
            (word, True)
            for word in (
                "not difficult",
                "not hard",
                "no effort",
                "low effort",
                "little effort",
                "effortless",
            )
        ),
        *((word, True) for word in ("不费力", "不費力", "毫不费力", "不困难", "不难", "省力")),
        *((word, False) for word in ("not easy", "不容易", "不轻松", "不輕鬆", "不简单", "不方便")),
        *((word, True) for word in ("easy", "容易", "轻松", "輕鬆", "简单", "方便")),
        *(
            (word, False)
            for word in ("hard", "difficult", "effort", "困难", "困難", "费力", "費力", "费劲", "难", "麻烦")
        ),
    ),
    "satisfaction": (
        *(
            (word, False)
            for word in ("dissatisf", "unsatisf", "not satisf", "unhappy", "poor", "bad", "worst", "terrible")
        ),
        *((word, False) for word in ("不满", "不滿", "很差", "非常差", "最差", "差", "糟")),
        *(
            (word, True)
            for word in (
                "satisf",
                "happy",
                "excellent",
                "good",
                "best",
                "great",
                "满意",
                "滿意",
                "最好",
                "很好",
                "好",
            )
        ),
    ),
}
# Only names that say which way is better; "ces", "effort score" and "费力度" are used for both directions.
_DIRECTION = {
    **{
        names.normalise(name): True
        for name in ("ease", "ease_score", "ease_rating", "轻松度", "轻松程度", "輕鬆度", "省力度", "便捷度")
    },
    **{names.normalise(name): False for name in ("difficulty", "difficulty_score", "困难程度", "费力程度", "費力程度")},
}


@dataclass(frozen=True, slots=True)
class NamedScale:
    """What a column name says of its scale.

    `low` None: only the top is stated; direction None: not stated.
    """

    low: float | None
    high: float | None
    higher_is_better: bool | None


@lru_cache(maxsize=4096)
def read_name(column: str, field: str) -> tuple[str, NamedScale]:
    """The name without its scale, and the scale.

    `field` (rating, nps, csat, ces) says which words tell a direction.
    """
    folded = unicodedata.normalize("NFKC", column).casefold()
    ends = _labelled_ends(folded, field)
    if ends is not None:
        return ends
    base, low, high = _bounds(folded)
    key = names.normalise(base)
    if high is None and key in _STARS:
        low, high = 1.0, 5.0
    return base, NamedScale(low, high, _DIRECTION.get(key) if field == "ces" else True)


def _bounds(folded: str) -> tuple[str, float | None, float | None]:
    for found in _RANGE.finditer(folded):
        low, high = int(found[1]), int(found[2])
        if low in _LOWS and high in _HIGHS:
            return folded[: found.start()] + folded[found.end() :], float(low), float(high)
    for pattern in _TOP:
        found_top = pattern.search(folded)
        if found_top and int(found_top[1]) in _HIGHS:
            top = float(found_top[1])
            return folded[: found_top.start()] + folded[found_top.end() :], 0.0 if top == 100 else None, top
    word = _CHINESE_TOP.search(folded)
    if word:
        top = float(_CHINESE[word[1]])
        return folded[: word.start()] + folded[word.end() :], 0.0 if top == 100 else None, top
    return folded, None, None


def _labelled_ends(folded: str, field: str) -> tuple[str, NamedScale] | None:
    """`ces_1_easy_7_hard`, `满意度(1=非常不满意,5=非常满意)`: two numbers with a word each, of opposite
    meaning.
    """
    ends = [(found, int(found[1]), _meaning(found[2], field)) for found in _END.finditer(folded)]
    known = [(found, number, good) for found, number, good in ends if good is not None]
    if len(known) != 2 or known[0][2] == known[1][2] or known[0][1] >= known[1][1]:
        return None
    (first, low, _), (_, high, high_is_good) = known
    if low not in _LOWS or high not in _HIGHS:
        return None
    return folded[: first.start()], NamedScale(float(low), float(high), high_is_good)


def _meaning(words: str, field: str) -> bool | None:
    table = _WORDS["ces" if field == "ces" else "satisfaction"]
    text = words.replace("_", " ")
    return next((good for word, good in table if word in text), None)
