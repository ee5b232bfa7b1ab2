"""Scales of activations: what they keep, what they cost, and that int8 cannot overflow with them."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from models import processor
from models.encode import encode, load_tokenizer
from models.network import UnitNetwork
from models.onnx_graph import build_encoder
from models.quantise import Scaling, best_scaling, from_tensors, observe, products, reads_units, to_tensors
from models.storage import load

from .conftest import SHIPPED, TINY

Floats = NDArray[np.float32]
RNG = np.random.default_rng(5)


def normal(*shape: int) -> Floats:
    return RNG.normal(size=shape).astype(np.float32)


def multiply(scaling: Scaling, inputs: Floats, weight: Floats) -> Floats:
    """`inputs` times `weight` transposed as the fast engine computes it."""
    whole, scale = scaling.weights(weight)
    return scaling.rounded(inputs) @ (whole * scale).T + inputs[:, scaling.apart] @ weight[:, scaling.apart].T


def error(scaling: Scaling, inputs: Floats, weight: Floats) -> float:
    """Root mean square, relative to that of the exact result."""
    exact = inputs @ weight.T
    return float(np.sqrt(((multiply(scaling, inputs, weight) - exact) ** 2).mean() / (exact**2).mean()))


def plain(inputs: Floats) -> Scaling:
    """One scale for all channels, none left out."""
    high = float(np.abs(inputs).max())
    return Scaling(np.ones(inputs.shape[1], np.float32), np.zeros(0, np.int64), (-high, high))


@pytest.mark.parametrize("leave_out", [0, 4])
def test_a_few_large_channels_do_not_spoil_the_others(leave_out: int) -> None:
    inputs, weight = normal(500, 64), normal(32, 64) / 8
    inputs[:, [3, 40]] *= 60
    weight[:, [3, 40]] /= 60
    found = best_scaling(inputs, weight, leave_out=leave_out)
    assert error(found, inputs, weight) < error(plain(inputs), inputs, weight) / 5
    assert error(found, inputs, weight) < 0.02


def test_the_largest_channels_are_left_out() -> None:
    inputs, weight = normal(300, 16), normal(8, 16)
    inputs[:, [2, 11]] *= 40
    found = best_scaling(inputs, weight, leave_out=2)
    assert found.apart.tolist() == [2, 11]
    assert found.reach[1] < 6
    assert (found.weights(weight)[0][:, found.apart] == 0).all()
    assert best_scaling(inputs, weight).apart.tolist() == []


def test_after_gelu_the_range_is_one_sided() -> None:
    inputs = np.maximum(normal(400, 32), -0.17)
    low, high = best_scaling(inputs, normal(8, 32), leave_out=2).reach
    assert -0.2 < low <= 0 < high
    step, zero = Scaling(np.ones(1, np.float32), np.zeros(0, np.int64), (low, high)).grid(255)
    assert zero < 40
    assert 255 * step == pytest.approx(high - low)


def test_no_input_is_too_small_or_alike() -> None:
    for inputs in (np.zeros((20, 8), np.float32), np.ones((1, 8), np.float32)):
        found = best_scaling(inputs, normal(4, 8), leave_out=8)
        assert np.isfinite(multiply(found, inputs, normal(4, 8))).all()


@pytest.mark.parametrize("top", [127, 255])
def test_no_input_of_a_product_is_beyond_the_largest_allowed(built: Path, top: int) -> None:
    stored = load(built)
    small = {n: Scaling(s.smooth, s.apart, (s.reach[0] / 9, s.reach[1] / 9)) for n, s in stored.scalings().items()}
    graph = build_encoder(stored.tensors(), small, stored.encoder, top=top)
    whole = [node.input[0] for node in graph.graph.node if node.op_type == "MatMulIntegerToFloat"]
    graph.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.UINT8, None) for name in whole)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    _, *seen = session.run(None, {"ids": np.array([[0, *range(100, 130), 2]])})
    assert max(int(numbers.max()) for numbers in seen) == top


def test_two_products_fit_into_16_bits_where_they_are_added_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "adds_without_overflow", lambda: False)
    assert 2 * processor.largest_input() * 127 < 2**15


def test_what_products_read_is_seen(network: UnitNetwork) -> None:
    tokenizer = load_tokenizer(SHIPPED / "tokenizer.json")
    windows = [w for e in encode(["味道不错", "great food, slow service"], tokenizer) for w in e.windows]
    seen = dict(observe(network, windows, pad=TINY["pad_token_id"]))
    assert list(seen) == list(products(TINY["num_hidden_layers"]))
    tokens = sum(len(window.ids) for window in windows)
    for names, inputs in seen.items():
        width = TINY["intermediate_size"] if reads_units(names[0]) else TINY["hidden_size"]
        assert inputs.shape == (tokens, width)


def test_stored_scales_come_back() -> None:
    scaling = best_scaling(normal(50, 6), normal(4, 6), leave_out=2)
    stored = to_tensors({"a": scaling})
    back = from_tensors(stored, {"a": 6})["a"]
    assert back.apart.tolist() == scaling.apart.tolist()
    assert back.reach == pytest.approx(scaling.reach)
    with pytest.raises(ValueError, match="missing or too many: b"):
        from_tensors(stored, {"a": 6, "b": 6})
    with pytest.raises(ValueError, match=r"a\.smooth has to be 3 numbers"):
        from_tensors(stored, {"a": 3})
    with pytest.raises(ValueError, match="channels below 6, ascending"):
        from_tensors({**stored, "a.apart": np.array([6])}, {"a": 6})
    with pytest.raises(ValueError, match=r"a\.reach has to go"):
        from_tensors({**stored, "a.reach": np.array([1.0, 0.0], np.float32)}, {"a": 6})
