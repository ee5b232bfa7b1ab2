"""Clause rules: golden cases, and what must hold for any text."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.clauses import Span, split_clauses

GOLDEN = Path(__file__).parents[1] / "golden" / "clauses"


def golden_cases() -> list[tuple[str, list[str]]]:
    cases = []
    for path in sorted(GOLDEN.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
            text, *clauses = block.split("\n")
            cases.append((text.replace("\\n", "\n"), [c.removeprefix("  ") for c in clauses]))
    return cases


@pytest.mark.parametrize(("text", "expected"), golden_cases())
def test_golden(text: str, expected: list[str]) -> None:
    assert [text[s:e] for s, e in split_clauses(text)] == expected


def test_golden_files_hold_both_languages() -> None:
    assert {p.stem for p in GOLDEN.glob("*.txt")} == {"zh", "en", "mixed"}
    assert len(golden_cases()) > 25


PIECES = st.sampled_from(
    [
        *("味道不错", "送餐太慢了", "包装也破了", "还有", "，", "。", "…", "）", "\u3000"),
        *("but ", "great", "the app", "e.g.", " ", "\n", "!", "...", "("),
        *("😋", "👍🏽", "[PHONE]", "[EMAIL]", "3.5", "1,299", "https://a.example/x?y=1,2", "\ud800", "\x00"),
    ]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
@example("")
@example("\ud800\udc00 \x00")
@example("。" * 50)
def test_ordered_disjoint_and_complete(text: str) -> None:
    clauses = split_clauses(text)
    reached = 0
    for start, end in clauses:
        assert reached <= start < end <= len(text)
        assert not text[reached:start].strip(), "only space may lie between clauses"
        assert text[start:end] == text[start:end].strip()
        reached = end
    assert not text[reached:].strip()


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.sampled_from(["[PHONE]", "[EMAIL]", "[ID]", "[CARD]", "[NAME_2]"]), TEXTS)
def test_masks_are_never_cut(before: str, mask: str, after: str) -> None:
    text = before + mask + after
    start = len(before)
    inside = range(start + 1, start + len(mask))
    assert not any(s in inside or e in inside for s, e in split_clauses(text))


@pytest.mark.parametrize(
    "whole",
    ["1,299.50", "10:30", "2024-05-01", "zhang.san@example.com", "https://x.example/a?b=1,2", "😋😋😋", "……", "U.S."],
)
def test_stretches_that_stay_whole(whole: str) -> None:
    for text in (f"收到{whole}还有别的", f"we got {whole} and more"):
        start = text.index(whole)
        assert not any(start < s < start + len(whole) for s, _ in split_clauses(text))


def test_punctuation_alone_is_one_clause() -> None:
    assert split_clauses("!!! ???") == [Span(0, 7)]


def test_very_long_text() -> None:
    text = "味道不错，" * 4000
    assert len(split_clauses(text)) == 4000


@pytest.mark.parametrize("text", ["a " * 500_001, "好 " * 500_001])
def test_a_million_characters_are_no_error(text: str) -> None:
    assert split_clauses(text)[-1].end == len(text) - 1


def test_import_is_light() -> None:
    imports = "import sys, models, models.labels, models.clauses, models.engine"
    code = imports + "; print({'torch', 'spacy', 'jieba', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
