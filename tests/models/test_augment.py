"""Rewritten training texts: units stay at the same words."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.augment import Rewrite, apply, mistyped, rewritten, shouted, unpunctuated
from models.gold import OWN, GoldText, GoldUnit, read_gold

GOOD = ("positive", "usage", "product", "praise")
LATE = ("negative", "delivery", "fulfilment", "complaint")


def gold(*parts: str) -> GoldText:
    """A text whose units are `parts`, side by side."""
    units, at = [], 0
    for n, part in enumerate(parts):
        units.append(GoldUnit(at, at + len(part.rstrip()), *(LATE if n % 2 else GOOD)))
        at += len(part)
    return GoldText("t", "en", "own", "", "own", "t", "".join(parts), tuple(units), "train")


def words(text: GoldText) -> list[str]:
    return [text.text[u.start : u.end] for u in text.units]


class NoLower(random.Random):
    def random(self) -> float:
        return 0.99


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("Great food, ", "slow service."), ["Great food", "slow service"]),
        (("味道不错，", "送餐太慢了！"), ["味道不错", "送餐太慢了"]),
        (("Nice room.", "Paid $1,299.50 at 10:30."), ["Nice room", "Paid $1,299.50 at 10:30"]),
        (("Write to a.b@example.com, please. ", "Why?"), ["Write to a.b@example.com please", "Why"]),
    ],
)
def test_without_punctuation(parts: tuple[str, ...], expected: list[str]) -> None:
    assert words(apply(gold(*parts), unpunctuated, NoLower())) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nice food... but slow", "nice food but slow"),
        ("不错...送餐慢", "不错送餐慢"),
        ("nice (clean),cheap, 100%,great", "nice (clean) cheap 100% great"),
        ("rated .5 stars, see www.a.com.", "rated .5 stars see www.a.com"),
    ],
)
def test_runs_of_dots_go_and_numbers_stay_whole(text: str, expected: str) -> None:
    assert "".join(unpunctuated(text, random.Random(2))).split() == expected.split()


def test_latin_words_stay_apart() -> None:
    assert apply(gold("Cheap,fast."), unpunctuated, NoLower()).text == "Cheap fast"


def test_a_unit_of_punctuation_alone_is_left_out() -> None:
    assert words(apply(gold("Good ", "!!!"), unpunctuated, NoLower())) == ["Good"]


def test_typing_errors_change_words_and_keep_labels() -> None:
    text = gold("excellent delivery everything arrived early ", "terrible packaging though nothing survived")
    changed = [apply(text, mistyped, random.Random(seed)) for seed in range(30)]
    assert any(c.text != text.text for c in changed)
    for c in changed:
        assert [u[2:] for u in c.units] == [u[2:] for u in text.units]
        assert [w[0] for w in words(c)] == ["e", "t"]


TEXT = st.text(alphabet="ab好,，. \n!İß", min_size=1, max_size=12)


@given(st.lists(TEXT, min_size=1, max_size=4), st.sampled_from([unpunctuated, mistyped, shouted]), st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_units_stay_in_order_inside_the_text(parts: list[str], rewrite: Rewrite, seed: int) -> None:
    text = gold(*[p for p in parts if p.strip()] or ["a"])
    made = apply(text, rewrite, random.Random(seed))
    reached = 0
    for unit in made.units:
        assert reached <= unit.start < unit.end <= len(made.text)
        assert made.text[unit.start : unit.end].strip() == made.text[unit.start : unit.end]
        reached = unit.end


def test_own_data_rewritten_keeps_its_labels() -> None:
    some = [g for g in read_gold(OWN) if g.part == "train"][:400]
    copies = rewritten(some, share=0.5, seed=1)
    assert 50 < len(copies) < 250
    by_id = {g.id: g for g in some}
    assert all(c.text != by_id[c.id.removesuffix("-rewritten")].text for c in copies)
    assert [c.text for c in copies] == [c.text for c in rewritten(some, share=0.5, seed=1)]
    kept = sum(len(c.units) for c in copies)
    assert kept >= 0.99 * sum(len(by_id[c.id.removesuffix("-rewritten")].units) for c in copies)
