"""Make the feed-forward blocks of a finished network narrower: less to compute, and training gets back what it costs.

A unit of a block matters as much as the loss would change without it, to first order: its value times the gradient of
the loss by it, added over a batch and squared (Molchanov et al. 2019, "Importance Estimation for Neural Network
Pruning"). Every layer keeps the same number of units. (They are those of feed-forward blocks, not opinion units.)
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from models.batches import make_batches
from models.errors import ModelError
from models.labels import GENERIC
from models.network import UnitNetwork, collate
from models.objective import Example, class_weights, gold_of, loss_of

log = logging.getLogger("models.train")

_TOKENS, _TEXTS = 1024, 32  # of a batch


def keep_units(network: UnitNetwork, inner: int, examples: Sequence[Example], *, pad: int, smoothing: float) -> None:
    """Leave the `inner` units of each feed-forward block that matter most for `examples`.

    Raises `ModelError` for more units than there are, or none.
    """
    encoder: Any = network.encoder
    before = int(encoder.config.intermediate_size)
    if not 1 <= inner <= before:
        raise ModelError(f"{inner} units asked for; the blocks of this encoder have 1 to {before}")
    for layer, worth in zip(
        encoder.encoder.layer, importance(network, examples, pad=pad, smoothing=smoothing), strict=True
    ):
        kept = worth.topk(inner).indices.sort().values
        layer.intermediate.dense = _linear(layer.intermediate.dense, rows=kept)
        layer.output.dense = _linear(layer.output.dense, columns=kept)
        log.info(
            "%d of %d units carry %.1f %% of the importance",
            inner,
            before,
            100 * float(worth[kept].sum() / worth.sum()),
        )
    encoder.config.intermediate_size = inner


def importance(network: UnitNetwork, examples: Sequence[Example], *, pad: int, smoothing: float) -> list[Tensor]:
    """How much each unit of the feed-forward blocks matters, layer by layer: (units,).

    Leaves the network in eval mode.
    """
    encoder: Any = network.encoder
    layers = list(encoder.encoder.layer)
    values: list[Tensor] = [torch.empty(0)] * len(layers)
    total = [torch.zeros(layer.intermediate.dense.out_features) for layer in layers]

    def keep(n: int) -> Any:
        def hook(_layer: nn.Module, _inputs: Any, out: Tensor) -> None:
            out.retain_grad()
            values[n] = out

        return hook

    hooks = [layer.intermediate.register_forward_hook(keep(n)) for n, layer in enumerate(layers)]
    weights = class_weights(examples, GENERIC)
    network.eval()
    try:
        for batch in make_batches(examples, lambda e: len(e.window.ids), tokens=_TOKENS, texts=_TEXTS, seed=1):
            network.zero_grad()
            scores = network(collate([e.window for e in batch], pad=pad))
            loss_of(scores, gold_of(batch), weights, smoothing=smoothing).backward()  # type: ignore[no-untyped-call]
            for n, value in enumerate(values):
                if value.grad is not None:
                    total[n] += (value.detach() * value.grad).flatten(0, 1).sum(dim=0) ** 2
        network.zero_grad()
    finally:
        for each in hooks:
            each.remove()
    return total


def _linear(layer: nn.Linear, *, rows: Tensor | None = None, columns: Tensor | None = None) -> nn.Linear:
    """The layer with these outputs, or these inputs, only."""
    weight = layer.weight.data if rows is None else layer.weight.data[rows]
    weight = weight if columns is None else weight[:, columns]
    smaller = nn.Linear(weight.shape[1], weight.shape[0])
    smaller.weight.data.copy_(weight)
    smaller.bias.data.copy_(layer.bias.data if rows is None else layer.bias.data[rows])
    return smaller
