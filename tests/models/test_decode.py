"""Dynamic programming over hand-made scores."""

from itertools import pairwise

import numpy as np
import pytest

from models.decode import Array, DecodeSettings, Segment, find_units, log_softmax, unit_probabilities
from models.labels import GENERIC, HEADS

PLAIN = DecodeSettings(label_weight=0.5, link_bias=0.0)
POSITIVE, NEGATIVE, NOTHING = 0, 2, 3


def scores(sentiments: list[int], strength: float = 4.0) -> dict[str, Array]:
    """Log-probabilities that say the given sentiments clearly, and the same class everywhere for the other
    heads.
    """
    out = {}
    for head in HEADS:
        size = GENERIC.classes(head)
        raw = np.zeros((len(sentiments), size))
        raw[np.arange(len(sentiments)), sentiments if head == "sentiment" else 0] = strength
        out[head] = log_softmax(raw)
    return out


def test_different_labels_split() -> None:
    assert find_units(scores([POSITIVE, NEGATIVE]), np.array([0.0]), PLAIN) == [Segment(0, 1), Segment(1, 2)]


def test_link_joins_what_agrees() -> None:
    assert find_units(scores([POSITIVE, POSITIVE]), np.array([1.0]), PLAIN) == [Segment(0, 2)]


def test_equal_labels_alone_do_not_join() -> None:
    assert find_units(scores([POSITIVE, POSITIVE]), np.array([-1.0]), PLAIN) == [Segment(0, 1), Segment(1, 2)]


def test_strong_link_outweighs_weak_label_difference() -> None:
    joined = find_units(scores([POSITIVE, NEGATIVE], strength=0.5), np.array([3.0]), PLAIN)
    assert joined == [Segment(0, 2)]


def test_bias_moves_the_threshold() -> None:
    labels, link = scores([POSITIVE, POSITIVE]), np.array([0.3])
    assert len(find_units(labels, link, DecodeSettings(0.5, 0.0))) == 1
    assert len(find_units(labels, link, DecodeSettings(0.5, -0.5))) == 2


def test_clauses_without_content_give_no_unit() -> None:
    found = find_units(scores([NOTHING, POSITIVE, NOTHING]), np.array([-2.0, -2.0]), PLAIN)
    assert found == [Segment(1, 2)]
    assert find_units(scores([NOTHING, NOTHING]), np.array([2.0]), PLAIN) == []


def test_no_clause_gives_no_unit() -> None:
    assert find_units({h: a[:0] for h, a in scores([0]).items()}, np.zeros(0), PLAIN) == []


@pytest.mark.parametrize("seed", range(8))
def test_dynamic_programming_finds_what_trying_everything_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 7
    labels = {h: log_softmax(rng.normal(0, 2, (count, a.shape[1]))) for h, a in scores([0]).items()}
    link = rng.normal(0, 2, count - 1)
    settings = DecodeSettings(0.6, -0.3)

    def value(cuts: int) -> float:
        bounds = [0, *(k + 1 for k in range(count - 1) if cuts >> k & 1), count]
        inside = sum(link[k] + settings.link_bias for k in range(count - 1) if not cuts >> k & 1)
        pooled = sum(rows[a:b].sum(axis=0).max() for rows in labels.values() for a, b in pairwise(bounds))
        return float(inside + settings.label_weight * pooled)

    best = max(range(2 ** (count - 1)), key=value)
    bounds = [0, *(k + 1 for k in range(count - 1) if best >> k & 1), count]
    expected = [Segment(a, b) for a, b in pairwise(bounds)]
    expected = [s for s in expected if labels["sentiment"][s.first : s.last].sum(axis=0).argmax() != NOTHING]
    assert find_units(labels, link, settings) == expected


def test_longest_unit_is_bounded() -> None:
    found = find_units(scores([POSITIVE] * 10), np.full(9, 5.0), DecodeSettings(0.5, 0.0, max_clauses=4))
    assert max(s.last - s.first for s in found) <= 4
    assert [s.first for s in found][1:] == [s.last for s in found][:-1]


def test_probabilities_sum_to_one_and_temperature_flattens() -> None:
    labels = scores([POSITIVE, POSITIVE])
    sharp = unit_probabilities(labels, [Segment(0, 2)], dict.fromkeys(HEADS, 1.0))
    flat = unit_probabilities(labels, [Segment(0, 2)], dict.fromkeys(HEADS, 3.0))
    for head in HEADS:
        assert sharp[head].sum() == pytest.approx(1)
        assert sharp[head].shape == (1, len(GENERIC.ids(head)))
        assert flat[head].max() < sharp[head].max()


def test_one_sure_clause_does_not_make_the_unit_surer_than_it() -> None:
    one = unit_probabilities(scores([POSITIVE]), [Segment(0, 1)], dict.fromkeys(HEADS, 1.0))
    two = unit_probabilities(scores([POSITIVE, POSITIVE]), [Segment(0, 2)], dict.fromkeys(HEADS, 1.0))
    assert two["sentiment"].max() == pytest.approx(one["sentiment"].max())


def test_a_unit_in_the_middle_gets_the_mean_of_its_clauses() -> None:
    rng = np.random.default_rng(3)
    labels = {head: log_softmax(rng.normal(0, 2, (5, rows.shape[1]))) for head, rows in scores([0]).items()}
    found = unit_probabilities(labels, [Segment(0, 1), Segment(2, 5)], dict.fromkeys(HEADS, 2.0))
    for head in HEADS:
        mean = labels[head][2:5].mean(axis=0)
        mean = mean[:-1] if head == "sentiment" else mean
        np.testing.assert_allclose(found[head][1], np.exp(log_softmax(mean / 2)), rtol=1e-12)


def test_thousands_of_clauses() -> None:
    labels = scores([POSITIVE, NEGATIVE] * 3000)
    assert find_units(labels, np.full(5999, -1.0), PLAIN) == [Segment(n, n + 1) for n in range(6000)]
