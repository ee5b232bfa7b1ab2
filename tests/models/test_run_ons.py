"""Cuts in texts without punctuation: offered where they may be needed, and nowhere else."""

from __future__ import annotations

import pytest

from models.challenge import read_challenge
from models.clauses import split_clauses


def cut(text: str) -> list[str]:
    return [text[c.start : c.end] for c in split_clauses(text)]


@pytest.mark.parametrize(
    "text",
    [
        "味道不错送餐太慢了包装也破了",
        "发货快衣服掉色客服还不承认",
        "景色美厕所脏门票贵",
        "tiny portions lovely terrace rude waiter",
        "parking was easy the nurse was lovely results took three weeks",
    ],
)
def test_run_ons_are_cut(text: str) -> None:
    assert len(cut(text)) > 2


@pytest.mark.parametrize(
    "text",
    [
        "味道不错，送餐太慢了，包装也破了。",
        "The room was clean, the breakfast cold.",
        "Staff were kind and helpful to my mother, even on a busy day.",
        "Great food",
        "很好",
        "客服态度很好",
    ],
)
def test_ordinary_texts_keep_their_clauses(text: str) -> None:
    marks = sum(text.count(ch) for ch in "，,。.")
    assert len(cut(text)) <= max(1, marks) + text.count(" and ")


def test_long_stretches_between_punctuation_are_cut_too() -> None:
    long = (
        "we booked a table for six the waiter forgot half of the order the soup came cold my daughter waited an hour "
        "for her pizza nobody said sorry the bill was wrong"
    )
    assert len(cut(f"Hello. {long}. Bye.")) > 6


def test_a_sign_between_words_is_no_border() -> None:
    assert not any(piece.startswith("1,299") for piece in cut("we paid $1,299 extra for nothing at all"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_challenge_run_ons_can_be_answered(lang: str) -> None:
    """Every unit of a run-on begins at a cut in at least 36 of 42 cases (rules 1: 7)."""
    cases = [c for c in read_challenge() if c.lang == lang and "run" in c.category]
    able = 0
    for case in cases:
        starts = [c.start for c in split_clauses(case.text)]
        able += all(min(abs(unit.start - s) for s in starts) <= 1 for unit in case.units)
    assert len(cases) >= 40
    assert able >= 36
