"""The encoder as an ONNX graph with int8 matrix products, built in memory from the stored weights.

What a product reads is scaled as `models.quantise` chose for it, once and for all texts: a token's result depends on no
other text of the batch; with one scale for a whole batch (ONNX Runtime's dynamic quantisation) it would. The rest is
float32. Windows of a batch have the same length, so nothing is padding and attention needs no mask.

No file is written: the graph of the shipped weights is built in well under a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from models.errors import ModelError
from models.labels import HEADS
from models.quantise import TOP, Scaling
from models.storage import ROW_SCALE

Tensors = Mapping[str, NDArray[Any]]
"""Tensors as stored: int8 matrices with a ``.row_scale``, all else float32."""

_MS = "com.microsoft"
_OPSET, _IR = 21, 10


def build_heads(tensors: Tensors) -> ModelProto:
    """Inputs `vectors` (N, 3 H) and `left` (P,), rows that have a right-hand neighbour in the next row; outputs the raw
    scores of each of `HEADS` (N, classes) and `link` (P,). In float32: this is a small part of the work.
    """
    graph = _Graph(tensors)
    read = graph.node("Gelu", graph.linear("vectors", "trunk.0"), domain=_MS)
    outputs = [graph.linear(read, f"heads.{head}", out=head) for head in HEADS]
    linked = graph.node("Gelu", graph.linear("vectors", "link_trunk.0"), domain=_MS)
    right = graph.node("Add", "left", graph.constant("one", np.array(1)))
    a, b = graph.node("Gather", linked, "left"), graph.node("Gather", linked, right)
    apart, alike = graph.node("Abs", graph.node("Sub", a, b)), graph.node("Mul", a, b)
    pair = graph.node("Concat", a, b, apart, alike, axis=1)
    hidden = graph.node("Gelu", graph.linear(pair, "link.0"), domain=_MS)
    flat = graph.node("Reshape", graph.linear(hidden, "link.2"), graph.constant("all", np.array([-1])), out="link")
    width = tensors["trunk.0.weight"].shape[1]
    inputs = {"vectors": (TensorProto.FLOAT, ["N", width]), "left": (TensorProto.INT64, ["P"])}
    return graph.model("heads", inputs, {name: ["N", None] for name in outputs} | {flat: ["P"]})


def build_encoder(
    tensors: Tensors, scalings: Mapping[str, Scaling], config: Mapping[str, Any], *, top: int
) -> ModelProto:
    """Input `ids` (B, T) int64, output `states` (B, T, H) float32.

    `tensors` are those of a BERT encoder under ``encoder.``, `scalings` those of its products, `config` its
    transformers configuration. Inputs of products take whole numbers from 0 to `top` (`models.processor`).

    Raises `ModelError` for an encoder with another activation than GELU.
    """
    if config["hidden_act"] != "gelu":
        raise ModelError(
            f"the onnx engine computes gelu, this encoder has {config['hidden_act']!r}: it needs engine torch"
        )
    return _Encoder(tensors, scalings, config, top).build()


class _Graph:
    """Collects nodes and constants."""

    def __init__(self, tensors: Tensors) -> None:
        self.tensors = tensors
        self.nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}

    def node(self, kind: str, *inputs: str, out: str | None = None, domain: str = "", **attributes: Any) -> str:
        """Add a node; returns the name of its result."""
        name = out or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add a constant, once; returns its name."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(value, name)
        return name

    def stored(self, name: str) -> str:
        """A stored tensor as it is."""
        return self.constant(name, self.tensors[name])

    def real(self, name: str) -> NDArray[np.float32]:
        """A stored tensor in float32."""
        value, scale = self.tensors[name], self.tensors.get(name + ROW_SCALE)
        return np.asarray(value if scale is None else value * scale, np.float32)

    def linear(self, x: str, layer: str, *, out: str | None = None) -> str:
        """A linear layer in float32."""
        weight = self.constant(f"{layer}.transposed", np.ascontiguousarray(self.real(f"{layer}.weight").T))
        return self.node("Gemm", x, weight, self.stored(f"{layer}.bias"), out=out)

    def model(
        self, name: str, inputs: Mapping[str, tuple[int, list[Any]]], outputs: Mapping[str, list[Any]]
    ) -> ModelProto:
        """The finished graph; outputs are float32."""
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(key, kind, shape) for key, (kind, shape) in inputs.items()],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
            list(self._constants.values()),
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MS, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR)


class _Encoder(_Graph):
    """A BERT encoder; every method adds nodes and returns the name of their result."""

    def __init__(self, tensors: Tensors, scalings: Mapping[str, Scaling], config: Mapping[str, Any], top: int) -> None:
        super().__init__(tensors)
        self._scalings, self._config, self._top = scalings, config, top
        self._width = int(config["hidden_size"])

    def build(self) -> ModelProto:
        """The whole graph."""
        x = self._embed()
        for layer in range(int(self._config["num_hidden_layers"])):
            x = self._layer(x, f"encoder.encoder.layer.{layer}")
        self.node("Reshape", x, "shape", out="states")
        inputs = {"ids": (TensorProto.INT64, ["B", "T"])}
        return self.model("encoder", inputs, {"states": ["B", "T", self._width]})

    def _embed(self) -> str:
        """Word, position and type embeddings of every token, normalised: (B x T, H)."""
        prefix = "encoder.embeddings"
        self.node("Shape", "ids", out="size")
        length = self.node("Gather", "size", self.constant("one", np.array(1)))
        self.node("Concat", "size", self.constant("width", np.array([self._width])), out="shape", axis=0)
        flat = self.node("Reshape", "ids", self.constant("all", np.array([-1])))
        words = self._rows(f"{prefix}.word_embeddings.weight", flat)
        zero = self.constant("zero", np.array(0))
        places = self.node("Range", zero, length, self.constant("one", np.array(1)))
        positions = self._rows(f"{prefix}.position_embeddings.weight", places)
        # The only token type in use is part of every position.
        kind = self.constant("token_type", self.real(f"{prefix}.token_type_embeddings.weight")[0])
        positions = self.node("Add", positions, kind)
        together = self.node("Add", self.node("Reshape", words, "shape"), positions)
        together = self.node("Reshape", together, self.constant("rows", np.array([-1, self._width])))
        return self._norm(together, f"{prefix}.LayerNorm")

    def _rows(self, name: str, index: str) -> str:
        """Rows of a stored matrix: int8 rows are looked up first and scaled then, so that the table stays small."""
        rows = self.node("Gather", self.stored(name), index)
        if name + ROW_SCALE not in self.tensors:
            return rows
        scale = self.node("Gather", self.stored(name + ROW_SCALE), index)
        return self.node("Mul", self.node("Cast", rows, to=TensorProto.FLOAT), scale)

    def _layer(self, x: str, prefix: str) -> str:
        """Attention and feed-forward block of one layer, (B x T, H) to the same."""
        heads = [f"{prefix}.attention.self.{part}" for part in ("query", "key", "value")]
        parts = [f"{prefix}.{part}" for part in "qkv"]
        self.nodes.append(helper.make_node("Split", [self._product(x, heads)], parts, axis=1, num_outputs=3))
        read = self.node(
            "MultiHeadAttention",
            *(self.node("Reshape", part, "shape") for part in parts),
            domain=_MS,
            num_heads=int(self._config["num_attention_heads"]),
        )
        read = self.node("Reshape", read, self.constant("rows", np.array([-1, self._width])))
        x = self._add_and_norm(x, read, f"{prefix}.attention.output")
        # By tanh, a third faster than by erf: it is at most 0.0005 off, far less than a step of int8.
        inner = self.node("Gelu", self._product(x, [f"{prefix}.intermediate.dense"]), approximate="tanh")
        return self._add_and_norm(x, inner, f"{prefix}.output")

    def _add_and_norm(self, x: str, y: str, prefix: str) -> str:
        """Project `y`, add it to `x`, normalise.

        Not by the fused operator for this (SkipLayerNormalization): its CPU kernel takes five times as long as the
        two it stands for.
        """
        return self._norm(self.node("Add", self._product(y, [f"{prefix}.dense"]), x), f"{prefix}.LayerNorm")

    def _norm(self, x: str, name: str) -> str:
        epsilon = float(self._config["layer_norm_eps"])
        gamma, beta = self.stored(f"{name}.weight"), self.stored(f"{name}.bias")
        return self.node("LayerNormalization", x, gamma, beta, epsilon=epsilon)

    def _product(self, x: str, layers: list[str]) -> str:
        """`x` (rows, K) through `layers`, side by side: (rows, N)."""
        name, scaling = layers[0], self._scalings[layers[0]]
        weight = np.concatenate([self.real(f"{layer}.weight") for layer in layers])
        bias = np.concatenate([self.tensors[f"{layer}.bias"] for layer in layers])
        whole, scales = scaling.weights(weight)
        size, middle = scaling.grid(self._top)
        step = self.constant(f"{name}.step", np.array(size, np.float32))
        zero = self.constant(f"{name}.zero", np.array(middle, np.uint8))
        product = self.node(
            "MatMulIntegerToFloat",
            self._whole_numbers(x, scaling, name, step, zero),
            self.constant(f"{name}.int8", np.ascontiguousarray(whole.T)),
            step,
            self.constant(f"{name}.scales", scales.reshape(-1)),
            zero,
            "",  # weights are symmetric
            self.constant(f"{name}.biases", bias),
            domain=_MS,
        )
        if not len(scaling.apart):
            return product
        apart = self.node("Gather", x, self.constant(f"{name}.apart", scaling.apart), axis=1)
        weights = self.constant(f"{name}.apart_weights", np.ascontiguousarray(weight[:, scaling.apart].T))
        return self.node("Gemm", apart, weights, product)

    def _whole_numbers(self, x: str, scaling: Scaling, name: str, step: str, zero: str) -> str:
        """`x` as whole numbers from 0 to the largest allowed."""
        if (scaling.smooth != 1).any():
            x = self.node("Mul", x, self.constant(f"{name}.smooth", 1 / scaling.smooth))
        whole = self.node("QuantizeLinear", x, step, zero)
        if self._top == TOP:
            return whole  # the operator itself stops there
        return self.node(
            "Clip",
            whole,
            self.constant("lowest", np.array(0, np.uint8)),
            self.constant("top", np.array(self._top, np.uint8)),
        )
