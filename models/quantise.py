"""How the inputs of the encoder's int8 products are scaled: once for each product, from what it gets for sample texts.

A scale that is fixed costs nothing when texts are analysed, and a token's result depends on no other text. What would
make it too coarse is a few channels that are far larger than the others. There are two remedies, and each product has
the one that suits it:

- Each channel is divided by a number of its own first, and the weights that read it are multiplied by it (SmoothQuant:
  Xiao et al. 2023, "Accurate and Efficient Post-Training Quantization for Large Language Models").
- After GELU single units are so large that this would spoil the weights. The largest ones are left out of the int8
  product and computed in float32 (as Dettmers et al. 2022, "LLM.int8(): 8-bit Matrix Multiplication for Transformers
  at Scale", do batch by batch).

How far to smooth and how much of the range to cut off is tried for every product: what gives the smallest error of its
result on the sample is kept. Ranges are chosen for 256 whole numbers; where there may be 128 only (`models.processor`),
the same ranges are cut into longer steps. Units here are those of a feed-forward block, not opinion units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.encode import Window
    from models.network import UnitNetwork

Floats = NDArray[np.float32]

TOP = 255
"""Largest whole number of an input: that of an unsigned byte."""
_APART = 8  # units after GELU that stay in float32
_STRENGTHS = (0.5, 0.65, 0.8, 0.9, 1.0)
"""Exponents of SmoothQuant (its alpha): 1 moves all of a channel's size into the weights."""
_KEPT = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
"""Shares of the range that are kept; what is beyond is cut off."""
_TOKENS = 12_000  # of the sample
_ROWS = 3000  # of its tokens, on which errors are measured


@dataclass(frozen=True, slots=True)
class Scaling:
    """Of the input (rows, K) of one product."""

    smooth: Floats
    """(K,) what each channel is divided by."""
    apart: NDArray[np.int64]
    """Channels that are computed in float32, ascending."""
    reach: tuple[float, float]
    """Lowest and highest value of the other channels, once divided, that can be told apart."""

    def grid(self, top: int) -> tuple[float, int]:
        """Step and zero point (the whole number that stands for 0) of whole numbers from 0 to `top`."""
        low, high = self.reach
        step = (high - low) / top
        return step, round(-low / step)

    def weights(self, weight: Floats) -> tuple[NDArray[np.int8], Floats]:
        """The int8 weights (N, K) of a product with `weight` (N, K), and the scale of each row (N, 1)."""
        smoothed = weight * self.smooth
        smoothed[:, self.apart] = 0
        scale = np.maximum(np.abs(smoothed).max(axis=1, keepdims=True), 1e-12) / 127
        return np.round(smoothed / scale).astype(np.int8), scale.astype(np.float32)

    def rounded(self, inputs: Floats) -> Floats:
        """What the int8 product sees of `inputs` (rows, K) with numbers up to `TOP`: divided, and rounded to what
        can be told apart.
        """
        step, zero = self.grid(TOP)
        whole = np.clip(np.round(inputs / (self.smooth * step)) + zero, 0, TOP) - zero
        return np.asarray(whole * step, np.float32)


def products(layers: int) -> Iterator[tuple[str, ...]]:
    """The linear layers of a BERT encoder, those together that read the same input."""
    for n in range(layers):
        at = f"encoder.encoder.layer.{n}"
        yield tuple(f"{at}.attention.self.{part}" for part in ("query", "key", "value"))
        yield (f"{at}.attention.output.dense",)
        yield (f"{at}.intermediate.dense",)
        yield (f"{at}.output.dense",)


def reads_units(name: str) -> bool:
    """Whether the layer reads the units of a feed-forward block, after GELU; else vectors of the hidden size."""
    return name.endswith(".output.dense") and not name.endswith(".attention.output.dense")


def best_scaling(inputs: Floats, weight: Floats, *, leave_out: int = 0) -> Scaling:
    """The scaling under which `inputs` (rows, K) times `weight` (N, K) transposed comes out best; with
    `leave_out` the one that leaves so many channels out of the int8 product instead of smoothing them.

    Best is the smallest error relative to each token's own result: a few tokens (the special ones) have results that
    are far larger than those of all others.
    """
    highest = np.maximum(np.abs(inputs).max(axis=0), 1e-3)
    largest = np.sort(np.argsort(-highest, kind="stable")[: min(leave_out, len(highest) - 1)])
    sample = inputs[:: -(-len(inputs) // _ROWS)]
    result = sample @ weight.T
    size = (result**2).sum(axis=1) + 1e-12
    best, least = None, np.inf
    for smooth in [np.ones_like(highest)] if leave_out else [_smoothing(highest, weight, s) for s in _STRENGTHS]:
        others = np.delete(inputs / smooth, largest, axis=1)
        size_of_others, lowest = float(np.abs(others).max()), float(others.min())
        whole, scale = Scaling(smooth, largest, (0, 1)).weights(weight)  # weights do not depend on the reach
        weights = (whole * scale).T
        wanted = result - sample[:, largest] @ weight[:, largest].T
        for kept in _KEPT:
            scaling = Scaling(smooth, largest, _reach(size_of_others * kept, lowest))
            error = float((((scaling.rounded(sample) @ weights - wanted) ** 2).sum(axis=1) / size).mean())
            if best is None or error < least:
                best, least = scaling, error
    assert best is not None  # there is always a strength and a share
    return best


def _smoothing(highest: Floats, weight: Floats, strength: float) -> Floats:
    smooth = highest**strength / np.maximum(np.abs(weight).max(axis=0), 1e-4) ** (1 - strength)
    return np.asarray(smooth / np.exp(np.log(smooth).mean()), np.float32)


def _reach(high: float, lowest: float) -> tuple[float, float]:
    """As far to either side as `high`, but not below `lowest`: after GELU that is close to 0."""
    high = max(high, 1e-6)
    return max(min(lowest, 0.0), -high), high


def scale_products(network: UnitNetwork, windows: Sequence[Window], *, pad: int) -> dict[str, Scaling]:
    """The scaling of every product of the encoder, by the name of its first layer, from running some of `windows`."""
    found: dict[str, Scaling] = {}
    layers: Any = dict(network.named_modules())
    for names, inputs in observe(network, _some(windows), pad=pad):
        weight = np.concatenate([layers[name].weight.detach().numpy() for name in names])
        found[names[0]] = best_scaling(inputs, weight, leave_out=_APART if reads_units(names[0]) else 0)
    return found


def _some(windows: Sequence[Window]) -> list[Window]:
    """Windows from all over `windows` that have about `_TOKENS` tokens together."""
    share = max(1, sum(len(window.ids) for window in windows) // _TOKENS)
    return list(windows[::share])


def observe(network: UnitNetwork, windows: Sequence[Window], *, pad: int) -> Iterator[tuple[tuple[str, ...], Floats]]:
    """What every product of the encoder gets to read, (tokens, K) for each of `products`, one after the other."""
    import torch

    from models.network import collate

    layers: Any = dict(network.named_modules())
    seen: dict[tuple[str, ...], list[Floats]] = {}
    for names in products(len(layers["encoder"].encoder.layer)):
        seen[names] = []

    def keep(names: tuple[str, ...]) -> Any:
        return lambda _layer, inputs, _out: seen[names].append(inputs[0][0].numpy())  # the only window

    hooks = [layers[names[0]].register_forward_hook(keep(names)) for names in seen]
    try:
        with torch.no_grad():
            for window in windows:  # one at a time, so that there is no padding among what is seen
                network(collate([window], pad=pad))
    finally:
        for hook in hooks:
            hook.remove()
    for names in list(seen):
        yield names, np.concatenate(seen.pop(names))  # together they are large: none is held longer than needed


def to_tensors(scalings: Mapping[str, Scaling]) -> dict[str, NDArray[Any]]:
    """As they are stored."""
    stored: dict[str, NDArray[Any]] = {}
    for name, scaling in scalings.items():
        stored[f"{name}.smooth"] = np.asarray(scaling.smooth, np.float32)
        stored[f"{name}.apart"] = scaling.apart
        stored[f"{name}.reach"] = np.array(scaling.reach, np.float32)
    return stored


def from_tensors(stored: Mapping[str, NDArray[Any]], widths: Mapping[str, int]) -> dict[str, Scaling]:
    """What `to_tensors` made of the products that `widths` names, with the channels each reads.

    Raises ValueError for products that are missing or too many, impossible ranges and channels that are not there.
    """
    expected = {f"{name}.{part}" for name in widths for part in ("smooth", "apart", "reach")}
    if expected != set(stored):
        raise ValueError(f"scales are missing or too many: {', '.join(sorted(expected ^ set(stored))[:3])}")
    return {name: _scaling(name, stored, width) for name, width in widths.items()}


def _scaling(name: str, stored: Mapping[str, NDArray[Any]], width: int) -> Scaling:
    smooth, apart, reach = (stored[f"{name}.{part}"] for part in ("smooth", "apart", "reach"))
    if smooth.shape != (width,) or not (np.isfinite(smooth).all() and smooth.min() > 0):
        raise ValueError(f"{name}.smooth has to be {width} numbers above 0")
    if apart.ndim != 1 or not set(apart.tolist()) <= set(range(width)) or (np.diff(apart) <= 0).any():
        raise ValueError(f"{name}.apart has to be channels below {width}, ascending")
    if reach.shape != (2,) or not -np.inf < reach[0] <= 0 < reach[1] < np.inf:
        raise ValueError(f"{name}.reach has to go from 0 or less to more than 0, is {reach.tolist()}")
    return Scaling(smooth.astype(np.float32), apart.astype(np.int64), (float(reach[0]), float(reach[1])))
