from models.clauses import Span
from models.gold import GoldUnit
from models.labels import GENERIC
from models.targets import NOTHING, make_targets

FIRST = GoldUnit(0, 10, "positive", "usage", "product", "praise")
SECOND = GoldUnit(12, 20, "negative", "delivery", "fulfilment", "complaint")


def test_clauses_go_to_the_unit_that_covers_them() -> None:
    clauses = [Span(0, 5), Span(5, 10), Span(11, 20), Span(21, 30)]
    targets = make_targets(clauses, [FIRST, SECOND], GENERIC)
    assert targets.unit_of == (0, 0, 1, NOTHING)
    assert targets.labels == ((0, 4, 9, 0), (2, 3, 7, 1))


def test_half_is_enough_and_less_is_not() -> None:
    assert make_targets([Span(5, 15)], [FIRST], GENERIC).unit_of == (0,)
    assert make_targets([Span(6, 16)], [FIRST], GENERIC).unit_of == (NOTHING,)


def test_no_units() -> None:
    assert make_targets([Span(0, 3)], [], GENERIC) == ((NOTHING,), ())
