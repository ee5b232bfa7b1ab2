"""Calibration on made-up scores: decoding that finds the gold units, temperatures that fit how often labels are so."""

import numpy as np
import pytest

from models import calibrate
from models.calibrate import ScoredText, best_decoding, best_temperatures
from models.clauses import Span
from models.decode import Array, DecodeSettings, log_softmax
from models.encode import Encoded
from models.gold import GoldText, GoldUnit
from models.labels import GENERIC, HEADS
from models.scored import Scored

LABELS = {head: GENERIC.ids(head) for head in HEADS}
SURE = float(np.log(9 * 14))  # of two to fifteen classes, the favoured one gets most


def text(n: int, *, source: str, right: bool, clauses: int = 1, joined: bool = False, odds: float = 0.0) -> ScoredText:
    """A text of `clauses` clauses; the network favours the first label of every head, which is right or is not."""
    ids = [LABELS[head][0 if right else 1] for head in HEADS]
    spans = tuple(Span(4 * k, 4 * k + 4) for k in range(clauses))
    ends = [(0, spans[-1].end)] if joined else [(s.start, s.end) for s in spans]
    units = tuple(GoldUnit(start, end, *ids) for start, end in ends)
    gold = GoldText(f"t{n}", "zh", source, "food", source, f"t{n}", "字" * 4 * clauses, units, "dev")
    rows: dict[str, Array] = {}
    for head in HEADS:
        raw = np.zeros((clauses, GENERIC.classes(head)))
        raw[:, 0] = SURE
        rows[head] = log_softmax(raw)
    link = np.full(clauses - 1, odds)
    return ScoredText(gold, Encoded("zh", spans, ()), Scored(rows, link))


def some(count: int, share: float, *, source: str) -> list[ScoredText]:
    return [text(n, source=source, right=n < share * count) for n in range(count)]


def test_labels_that_are_right_less_often_are_less_sure() -> None:
    sure, doubtful = (
        best_temperatures(some(400, share, source="hotel"), DecodeSettings(), GENERIC)["zh"] for share in (0.95, 0.6)
    )
    assert all(sure[head] < doubtful[head] for head in HEADS)


def test_texts_of_our_own_do_not_set_temperatures_where_there_are_real_ones() -> None:
    real = some(400, 0.9, source="hotel")
    with_own = best_temperatures([*real, *some(400, 0.5, source="own")], DecodeSettings(), GENERIC)
    assert with_own["zh"] == best_temperatures(real, DecodeSettings(), GENERIC)["zh"]


def test_few_real_texts_are_not_enough() -> None:
    few = some(calibrate.ENOUGH - 1, 0.9, source="hotel")
    own = some(400, 0.5, source="own")
    assert (
        best_temperatures([*few, *own], DecodeSettings(), GENERIC)["zh"]["stage"]
        > (best_temperatures(few, DecodeSettings(), GENERIC)["zh"]["stage"])
    )


def test_a_language_without_texts_keeps_its_probabilities() -> None:
    assert set(best_temperatures(some(20, 0.9, source="hotel"), DecodeSettings(), GENERIC)["en"].values()) == {1.0}


@pytest.mark.parametrize(("joined", "odds"), [(True, 0.3), (False, 0.7)])
def test_decoding_follows_the_links_of_the_dev_texts(joined: bool, odds: float) -> None:
    cases = [text(n, source="hotel", right=True, clauses=3, joined=joined, odds=odds) for n in range(12)]
    wanted = [[(u.start, u.end) for u in case.gold.units] for case in cases]

    def found(settings: DecodeSettings) -> list[list[tuple[int, int]]]:
        return [[(a.start, a.end) for a in calibrate.answers(case, settings, GENERIC)] for case in cases]

    assert found(DecodeSettings()) != wanted
    assert found(best_decoding(cases, GENERIC)) == wanted
