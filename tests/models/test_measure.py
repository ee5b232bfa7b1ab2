"""The tables of an evaluation: counts and figures of hand-made cases are where they belong."""

import pytest

from models.cases import Case, by_language, run, tallies
from models.gold import GoldText, GoldUnit
from models.labels import GENERIC
from models.measure import comparison, confusion, document, groups, headline
from models.units import UnitPrediction, make_prediction

TEXT = "味道不错，但是送餐太慢。"
UNITS = (
    GoldUnit(0, 5, "positive", "usage", "product", "praise"),
    GoldUnit(5, 12, "negative", "delivery", "fulfilment", "complaint"),
)


def gold(lang: str = "zh", domain: str = "restaurant") -> GoldText:
    return GoldText(f"{lang}-{domain}", lang, "own", domain, "own", "g", TEXT, UNITS, "test")


def unit(start: int, end: int, *labels: str) -> UnitPrediction:
    heads = zip(("sentiment", "stage", "touchpoint", "intent"), labels, strict=True)
    chances = {head: [0.9 if i == label else 0.01 for i in GENERIC.ids(head)] for head, label in heads}
    return make_prediction(start, end, chances, GENERIC)


class Fixed:
    """A model that always answers the same."""

    model_id, labels = "fixed-1", GENERIC

    def __init__(self, *units: UnitPrediction) -> None:
        self.units = units

    def predict(self, texts, *, progress=None):
        return [list(self.units) for _ in texts]


GOOD = unit(0, 4, "positive", "usage", "product", "praise")  # without the comma
LATE = unit(5, 12, "negative", "delivery", "product", "complaint")  # wrong touchpoint


@pytest.fixture
def cases() -> list[Case]:
    return run(Fixed(GOOD, LATE), [gold(), gold("en", "hotel"), gold("zh", "hotel")])


def test_boundaries_are_compared_without_the_punctuation_at_their_ends(cases):
    assert [case.exact for case in cases] == [2, 2, 2]
    assert [case.exact for case in run(Fixed(unit(0, 3, "positive", "usage", "product", "praise")), [gold()])] == [0]


def test_headline(cases):
    text = headline(by_language(cases)["zh"])
    assert "2 feedbacks, 4 gold units, 4 predicted units" in text
    assert "**1.000 (1.000 to 1.000)**, exact boundaries 1.000" in text
    assert "| sentiment | 4 | 1.000 (1.000 to 1.000) |" in text
    assert "| touchpoint | 4 | 0.500 (0.500 to 0.500) |" in text


def test_confusion_has_a_row_per_gold_class(cases):
    rows = confusion(cases, "touchpoint", GENERIC).splitlines()
    assert rows[0] == "| gold \\ predicted | fulfilment | product |"
    assert "| fulfilment |  | 3 |" in rows
    assert "| product |  | 3 |" in rows


def test_groups_are_those_of_the_key_and_small_ones_have_no_interval(cases):
    rows = groups(cases * 15, lambda g: g.domain).splitlines()[2:]
    assert rows[0].startswith("| hotel | 30 | 1.000 (1.000 to 1.000) | 60 | 1.00 | 1.00 | 0.50 | 1.00 |")
    assert rows[1].startswith("| restaurant | 15 | 1.000 (few) | 30 |")
    assert groups(cases * 15, lambda g: g.domain, worst=3).splitlines()[2:] == rows[:1]


def test_a_group_without_matches_has_no_accuracy():
    assert groups(run(Fixed(), [gold()]), lambda g: g.domain).splitlines()[2] == (
        "| restaurant | 1 | 0.000 (few) | 0 | - | - | - | - |"
    )


def rows_of(table: str, figure: str) -> list[str]:
    return [row for row in table.splitlines() if row.startswith(f"| {figure}")]


def test_comparison_says_what_is_clear(cases):
    many = cases * 10
    worse = tallies(run(Fixed(LATE), [case.gold for case in many]))
    table = comparison(tallies(many), worse, names=("a", "b"))
    (row,) = rows_of(table, "zh unit F1")
    assert "| 20 | 1.000 (1.000 to 1.000) | 0.667 (0.667 to 0.667) | +0.333 (+0.333 to +0.333) | 0.0" in row
    assert row.endswith("| clear |")
    same = comparison(tallies(many), tallies(many), names=("a", "b"))
    assert same.count("| 1.000 | not shown |") == same.count("not shown") == len(same.splitlines()) - 2
    assert not rows_of(comparison(tallies(many), worse, names=("a", "b"), spans=False), "zh unit F1")


def test_two_feedbacks_show_nothing(cases):
    """However far two models are apart on them."""
    worse = run(Fixed(LATE), [case.gold for case in cases])
    (row,) = rows_of(comparison(tallies(cases), tallies(worse), names=("a", "b")), "zh unit F1")
    assert row.endswith("| not shown |")


def test_document_holds_every_table_and_no_text(cases):
    text = document(cases, GENERIC, title="fixed")
    for part in ("## zh", "## en", "### Confusions: stage (en)", "### Domains (zh)", "## Calibration"):
        assert part in text
    assert "味道" not in text


def test_a_model_that_finds_nothing_is_measured_too():
    text = document(run(Fixed(), [gold()]), GENERIC, title="silent")
    assert "**0.000 (0.000 to 0.000)**" in text
    assert "| sentiment | 0 | 0.000 (0.000 to 0.000) | - | 0.000 (0.000 to 0.000) | - |" in text
    assert "nan" not in text
