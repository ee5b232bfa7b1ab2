"""Every figure against values worked out by hand."""

from __future__ import annotations

import pytest

from models.labels import GENERIC
from models.public.figures import (
    aspect_polarity,
    aspect_touchpoint,
    document_polarity,
    document_touchpoints,
    pair_figures,
    topic_figures,
)
from models.public.pairs import Topics

from .samples import DISH, SPEED, aspect, text, unit


def test_polarity_of_texts() -> None:
    """Six of ten positive ones right, one without a unit; five of six negative ones right.

    positive: 2 * 6 / (10 + 7), negative: 2 * 5 / (6 + 8).
    """
    praise, complaint = [unit(DISH, "positive")], [unit(DISH, "negative")]
    answered = [
        *[(text(sentiment="positive"), praise)] * 6,
        *[(text(sentiment="positive"), complaint)] * 3,
        (text(sentiment="positive"), []),
        *[(text(sentiment="negative"), complaint)] * 5,
        (text(sentiment="negative"), praise),
        (text(sentiment="mixed"), praise),
        (text(), praise),
    ]
    figures = document_polarity(answered, GENERIC, neutral=False)
    assert figures is not None and figures.macro is not None
    assert (figures.texts, figures.n, figures.left_out) == (16, 16, 2)
    assert figures.largest == pytest.approx(10 / 16)
    assert figures.accuracy.value == pytest.approx(11 / 16)
    assert figures.macro.value == pytest.approx((12 / 17 + 10 / 14) / 2)
    assert figures.accuracy.low < 11 / 16 < figures.accuracy.high


def test_a_neutral_text_counts_with_three_classes_only() -> None:
    answered = [(text(sentiment="neutral"), [unit(DISH, "positive")]), (text(sentiment="positive"), [])]
    three, two = (document_polarity(answered, GENERIC, neutral=neutral) for neutral in (True, False))
    assert three is not None and two is not None
    assert (three.n, three.accuracy.value, two.n, two.accuracy.value) == (2, 0, 1, 0)


def test_aspects_at_their_places() -> None:
    """Twelve places in six texts: 新鲜 (positive, product), 慢 (negative, fulfilment).

    Polarity: 新鲜 is right five times and once negative; 慢 has no unit in two texts, which is neutral, else right.
    positive: 2 * 5 / (6 + 5), negative: 2 * 4 / (6 + 5). Touchpoint: 新鲜 always right, 慢 four times product.
    """
    both = text(aspect("positive", "新鲜", "product"), aspect("negative", "慢", "fulfilment"))
    answered = [
        *[(both, [unit(DISH, "positive"), unit(SPEED, "negative")])] * 4,
        (both, [unit(DISH, "positive")]),
        (both, [unit(DISH, "negative")]),
        (text(), []),
    ]
    polarity, touchpoint = aspect_polarity(answered), aspect_touchpoint(answered)
    assert polarity is not None and polarity.macro is not None
    assert (polarity.texts, polarity.n, polarity.left_out, polarity.largest) == (6, 12, 0, 0.5)
    assert polarity.accuracy.value == pytest.approx(9 / 12)
    assert polarity.macro.value == pytest.approx((10 / 11 + 8 / 11) / 2)
    assert touchpoint is not None and touchpoint.macro is not None
    assert touchpoint.accuracy.value == pytest.approx(6 / 12)
    assert touchpoint.macro.value == pytest.approx((12 / (6 + 10) + 0) / 2)


def test_without_a_unit_neutral_is_right() -> None:
    figures = aspect_polarity([(text(aspect("neutral", "上菜")), [])])
    assert figures is not None
    assert figures.accuracy == (1, 1, 1)
    assert figures.macro is None  # no class with five labels


def test_touchpoints_of_texts() -> None:
    """Product is judged in six texts and found in five of them and one other; fulfilment in five, found in two.

    product: 2 * 5 / (6 + 6), fulfilment: 2 * 2 / (5 + 2). Staff is judged once: in the share, not in macro-F1.
    """
    product, fulfilment, staff = (frozenset({name}) for name in ("product", "fulfilment", "staff"))
    answered = [
        *[Topics(product, product)] * 4,
        Topics(product | fulfilment, product | fulfilment),
        Topics(product, frozenset()),
        Topics(fulfilment, fulfilment | product | {"overall"}),
        *[Topics(fulfilment, frozenset({"overall"}))] * 3,
        Topics(staff, staff),
    ]
    figures = topic_figures(answered, left_out=3, complete=True)
    assert figures is not None and figures.macro is not None
    assert (figures.texts, figures.n, figures.left_out) == (11, 12, 3)
    assert figures.largest == pytest.approx(6 / 12)
    assert figures.accuracy.value == pytest.approx(8 / 12)
    assert figures.macro.value == pytest.approx((10 / 12 + 4 / 7) / 2)
    partial = topic_figures(answered, left_out=3, complete=False)
    assert partial == figures._replace(macro=None)


def test_a_set_of_reasons_has_no_macro_f1() -> None:
    late = [unit(SPEED, "negative", "fulfilment")]
    reasons = [(text(reason="late", touchpoint="fulfilment"), late)] * 5 + [(text(reason="other"), late), (text(), [])]
    figures = document_touchpoints(reasons)
    assert figures is not None
    assert (figures.n, figures.left_out, figures.accuracy.value, figures.macro) == (5, 1, 1, None)
    judged = document_touchpoints([(text(aspect("negative", None, "fulfilment")), late)] * 5)
    assert judged is not None and judged.macro is not None
    assert judged.macro.value == 1


def test_nothing_to_measure() -> None:
    assert pair_figures([[], []], left_out=2) is None
    assert topic_figures([], left_out=2, complete=True) is None
