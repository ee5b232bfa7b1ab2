import pytest

from models.errors import ModelBrokenError
from models.labels import GENERIC, HEADS, LabelSet


def test_generic_is_the_codebook() -> None:
    assert [len(GENERIC.ids(head)) for head in HEADS] == [3, 8, 15, 5]


def test_json_round_trip() -> None:
    assert LabelSet.from_json(GENERIC.to_json()) == GENERIC


@pytest.mark.parametrize("change", [{"stage": []}, {"intent": ["praise", "praise"]}, {"sentiment": None}])
def test_broken_label_set(change: dict[str, object]) -> None:
    with pytest.raises(ModelBrokenError):
        LabelSet.from_json({**GENERIC.to_json(), **change})


def test_missing_key_is_named() -> None:
    data = GENERIC.to_json()
    del data["touchpoint"]
    with pytest.raises(ModelBrokenError, match="touchpoint"):
        LabelSet.from_json(data)
