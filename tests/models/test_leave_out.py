"""Leaving industries out: which feedbacks are in which training, and the rows of the table."""

from __future__ import annotations

import pytest

from models.cases import Case
from models.gold import OWN, read_gold
from models.leave_out import group_of, read_groups, rows, sample
from models.scoring import Answer, tally

GROUPS = read_groups()


@pytest.mark.parametrize(
    ("domain", "group"),
    [
        ("hotel", "travel"),
        ("airline", "travel"),
        ("food_delivery", "food"),
        ("home_appliance", "shopping"),
        ("bank", "money"),
        ("insurance", "money"),
        ("b2b_saas", "digital"),
        ("telecom", "digital"),
        ("government", "public"),
        ("gov_hotline_12345", "public"),
        ("plumber", None),
    ],
)
def test_groups(domain: str, group: str | None) -> None:
    assert group_of(domain, GROUPS) == group


def test_nothing_of_the_group_is_in_its_training_and_sizes_are_equal() -> None:
    gold = read_gold(OWN)
    for name in GROUPS:
        chosen = sample(gold, 2000, without=name, groups=GROUPS)
        assert len(chosen) == 2000
        assert {g.part for g in chosen} == {"train"}
        assert name not in {group_of(g.domain, GROUPS) for g in chosen}
        asked = [g for g in gold if g.part != "train" and group_of(g.domain, GROUPS) == name]
        assert len(asked) > 30
        assert not {g.group for g in chosen} & {g.group for g in asked}


def test_a_row_holds_both_figures_and_their_difference() -> None:
    text = next(g for g in read_gold(OWN) if len(g.units) == 2 and "packaging" not in {u.touchpoint for u in g.units})
    right = [Answer(*unit) for unit in text.units]
    wrong = [a._replace(touchpoint="packaging") for a in right]
    made = [Case(text, [], tally(text.units, answers), 0) for answers in (right, wrong)]
    (row,) = rows("travel", [made[0]] * 3, [made[1]] * 3)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:3] == ["travel", text.lang, "3"]
    assert cells[3:6] == ["1.000", "1.000", "+0.000 (+0.000 to +0.000)"]
    assert cells[9:] == ["1.000", "0.000", "-1.000 (-1.000 to -1.000)"]
