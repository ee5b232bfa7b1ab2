"""The tables of an evaluation: counts and figures of hand-made cases are where they belong."""

import pytest

from models.gold import GoldText, GoldUnit
from models.labels import GENERIC
from models.measure import (
    Case,
    by_language,
    certainties,
    comparison,
    confusion,
    coverage,
    document,
    groups,
    headline,
    measure,
)
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
    return measure(Fixed(GOOD, LATE), [gold(), gold("en", "hotel"), gold("zh", "hotel")])


def test_boundaries_are_compared_without_the_punctuation_at_their_ends(cases):
    assert [case.exact for case in cases] == [2, 2, 2]
    assert [case.exact for case in measure(Fixed(unit(0, 3, "positive", "usage", "product", "praise")), [gold()])] == [
        0
    ]


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


def test_groups_are_those_of_the_key(cases):
    rows = groups(cases, lambda g: g.domain).splitlines()[2:]
    assert [row.split(" | ")[:2] for row in rows] == [["| hotel", "2"], ["| restaurant", "1"]]


def test_comparison_says_what_is_clear(cases):
    worse = measure(Fixed(LATE), [case.gold for case in cases])
    rows = comparison(cases, worse, names=("a", "b")).splitlines()
    unit_row = next(row for row in rows if row.startswith("| zh unit F1"))
    assert unit_row.endswith("| 1.000 (1.000 to 1.000) | 0.667 (0.667 to 0.667) | +0.333 (+0.333 to +0.333) | clear |")
    same = comparison(cases, cases, names=("a", "b"))
    assert "clear" not in same.replace("within noise", "")
    assert same.count("within noise") == 2 * 9


def test_document_holds_every_table_and_no_text(cases):
    text = document(cases, GENERIC, title="fixed")
    for part in ("## zh", "## en", "### Confusions: stage (en)", "### Domains (zh)", "## Calibration"):
        assert part in text
    assert "味道" not in text


def test_a_model_that_finds_nothing_is_measured_too():
    text = document(measure(Fixed(), [gold()]), GENERIC, title="silent")
    assert "**0.000 (0.000 to 0.000)**" in text


def test_risk_and_coverage(cases):
    """GOOD is right with 0.9 ** 3; LATE has a wrong touchpoint and the same certainty, so both are flagged at once."""
    sure, wrong = certainties(cases)
    assert sure == pytest.approx([sure[0]] * 6)
    assert sorted(wrong.tolist()) == [0, 0, 0, 1, 1, 1]
    rows = {line.split("|")[2].strip(): line for line in coverage({"all": cases}).splitlines()[2:]}
    assert rows["0.50"].endswith("| 6 | 0.000 | 0.500 | - |")
    assert rows["0.80"].endswith("| 6 | 1.000 | - | 0.500 |")
