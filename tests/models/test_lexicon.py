import pytest

from models.labels import GENERIC, HEADS
from models.lexicon import LexiconModel


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "味道不错送餐太慢了包装也破了",
            [("positive", "product"), ("negative", "fulfilment"), ("negative", "packaging")],
        ),
        ("Great food but the service was slow", [("positive", "product"), ("negative", "staff")]),
        ("客服不满意", [("negative", "support")]),
        ("I am not happy with the app", [("negative", "digital")]),
        ("希望增加颜色", [("neutral", "overall")]),
        ("客服態度差", [("negative", "support")]),
        ("2024-05-01", []),
        ("", []),
    ],
)
def test_units(text: str, expected: list[tuple[str, str]]) -> None:
    (units,) = LexiconModel().predict([text])
    assert [(u.sentiment.id, u.touchpoint.id) for u in units] == expected


def test_intents() -> None:
    (first,), (second,) = LexiconModel().predict(["希望增加颜色", "什么时候发货？"])
    assert (first.intent.id, second.intent.id) == ("suggestion", "question")


def test_probabilities_follow_the_label_set() -> None:
    (units,) = LexiconModel().predict(["服务很好，价格贵"])
    for unit in units:
        for head in HEADS:
            assert len(unit.probabilities[head]) == len(GENERIC.ids(head))
            assert sum(unit.probabilities[head]) == pytest.approx(1, abs=1e-3)


def test_word_lists_know_only_the_label_set() -> None:
    from models.lexicon import _data

    data = _data()
    for head in HEADS:
        assert set(data[head]) <= set(GENERIC.ids(head))
    assert set(data["stage_of_touchpoint"]) == set(GENERIC.touchpoint)
    assert set(data["stage_of_touchpoint"].values()) <= set(GENERIC.stage)


def test_progress() -> None:
    seen: list[int] = []
    LexiconModel().predict(["a", "b", "a"], progress=seen.append)
    assert sum(seen) == 3
