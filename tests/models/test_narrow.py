"""Narrower feed-forward blocks: the units that matter stay, and what is left computes the same."""

import copy

import pytest
import torch

from models.encode import load_tokenizer
from models.errors import ModelError
from models.gold import GoldText, GoldUnit
from models.labels import GENERIC
from models.narrow import importance, keep_units
from models.network import UnitNetwork, collate
from models.objective import Example, make_examples

from .conftest import SHIPPED, TINY

PAD = TINY["pad_token_id"]


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    units = (
        GoldUnit(0, 4, "positive", "usage", "product", "praise"),
        GoldUnit(5, 9, "negative", "delivery", "fulfilment", "complaint"),
    )
    text = GoldText("a", "zh", "own", "food", "own", "a", "味道不错，送餐太慢", units, "train")
    gold = [text] * 3
    return make_examples(gold, load_tokenizer(SHIPPED / "tokenizer.json"), GENERIC)


def test_units_that_change_nothing_go_first(network: UnitNetwork, examples: list[Example]) -> None:
    narrow = copy.deepcopy(network)
    idle = [1, 8, 30]
    for layer in narrow.encoder.encoder.layer:  # type: ignore[union-attr]
        layer.output.dense.weight.data[:, idle] = 0  # type: ignore[union-attr]
    batch = collate([e.window for e in examples], pad=PAD)
    before = narrow.eval()(batch)
    keep_units(narrow, TINY["intermediate_size"] - len(idle), examples, pad=PAD, smoothing=0.05)
    after = narrow(batch)
    for head, rows in before.labels.items():
        torch.testing.assert_close(after.labels[head], rows)
    torch.testing.assert_close(after.link, before.link)
    assert narrow.encoder.config.intermediate_size == TINY["intermediate_size"] - 3  # type: ignore[union-attr]


def test_what_matters_is_measured_without_touching_the_network(network: UnitNetwork, examples: list[Example]) -> None:
    before = copy.deepcopy(network.state_dict())
    found = importance(network, examples, pad=PAD, smoothing=0.05)
    assert [len(worth) for worth in found] == [TINY["intermediate_size"]] * TINY["num_hidden_layers"]
    assert all((worth >= 0).all() and worth.sum() > 0 for worth in found)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("inner", [0, 33])
def test_impossible_widths(network: UnitNetwork, examples: list[Example], inner: int) -> None:
    with pytest.raises(ModelError, match="1 to 32"):
        keep_units(network, inner, examples, pad=PAD, smoothing=0.05)
