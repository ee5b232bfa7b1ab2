"""The words: both languages complete, none unused, numbers as people write them."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from pipeline.report.texts import Texts, load_texts

EN, ZH = Texts("en"), Texts("zh")
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in Path(str(files("pipeline.report"))).rglob("*.py"))
MONTHS = {"month", "month_name"}
"""Chinese writes months as numbers, English as names."""


@pytest.mark.parametrize("key", sorted(load_texts()))
def test_every_text_exists_in_both_languages_with_the_same_placeholders(key: str):
    text = load_texts()[key]
    assert set(text) == {"zh", "en"}
    found = {language: set(re.findall(r"\{(\w+)\}", words)) - MONTHS for language, words in text.items()}
    assert found["zh"] == found["en"]
    assert not re.search(r"[一-鿿]", text["en"])


def test_chinese_uses_full_width_punctuation():
    narrow = re.compile(r"[一-鿿}][,:;(?!]|[,;)?!][一-鿿{]")
    assert [key for key, text in load_texts().items() if narrow.search(text["zh"])] == []


def test_every_text_is_used():
    """Keys stand in the code whole, or as the constant start or end of a key that is put together."""
    put_together = [re.sub(r"\{[^}]*\}", "\0", key) for key in re.findall(r'f"([\w.{}()\[\]\']+)"', SOURCE)]
    patterns = [re.compile(re.escape(key).replace("\0", r"[\w.]+") + r"$") for key in put_together if "\0" in key]
    unused = [
        key
        for key in load_texts()
        if f'"{key}"' not in SOURCE
        and f'"{key.rpartition(".")[0]}"' not in SOURCE  # noun(): key.one, key.many
        and not any(pattern.match(key) for pattern in patterns)
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.384, "share", "38%"),
        (0.001, "share", "<1%"),
        (0.0, "share", "0%"),
        (0.999, "share", ">99%"),
        (1.0, "share", "100%"),
        (-0.238, "net", "−24"),
        (0.5, "net", "+50"),
        (-0.001, "net", "0"),
        (0.18, "points", "+18"),
        (0.18, "gap", "18"),
        (-7.4, "nps", "−7"),
        (4.183, "score", "4.2"),
        (13.249, "priority", "13.2"),
        (0.905, "factor", "0.91"),
        (12345, "count", "12,345"),
    ],
)
def test_numbers_in_words(value: float, unit, words: str):
    assert EN.value(value, unit) == words


def test_details_say_interval_and_n():
    assert EN.detail(0.31, 0.45, 212, "share") == "31–45%, n = 212"
    assert ZH.detail(0.31, 0.45, 1212, "share") == "31–45%，n = 1,212"
    assert EN.detail(0.002, 0.09, 20, "share") == "<1% to 9%, n = 20"
    assert EN.detail(-0.31, 0.02, 9, "net") == "−31 to +2, n = 9"
    assert EN.detail(None, None, 3, "share") == "n = 3"
    assert EN.detail(1, 3, None, "rank") == "1–3"
    assert EN.detail(None, None, None, "count") == ""


def test_days_and_nouns():
    assert EN.day(date(2026, 9, 28)) == "28 Sep 2026"
    assert ZH.day(date(2026, 9, 28)) == "2026年9月28日"
    assert (EN.short_day(date(2026, 9, 7)), ZH.short_day(date(2026, 9, 7))) == ("7 Sep", "9/7")
    assert [EN.noun("comments", number) for number in (0, 1, 2000)] == ["0 comments", "1 comment", "2,000 comments"]


def test_lists_in_sentences():
    assert EN.joined(["channel"]) == "channel"
    assert EN.joined(["channel", "product", "region"]) == "channel, product and region"
    assert ZH.joined(["渠道", "产品", "地区"]) == "渠道、产品、地区"


def test_managers_read_no_table_names():
    assert [key for key, text in load_texts().items() if re.search("fact_|dim_", text["zh"] + text["en"])] == []


def test_an_unknown_key_or_a_missing_value_is_an_error():
    with pytest.raises(KeyError):
        EN("no.such.key")
    with pytest.raises(KeyError):
        EN("cell", stage="x")
