"""The network: a BERT-like encoder, one vector per clause, four label heads and a link score per
neighbouring pair.

Importing this module loads torch, so others import it at the place of use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from models.encode import Window
from models.labels import HEADS, LabelSet

if TYPE_CHECKING:
    from transformers import BertConfig

TRUNK = 384
LINK = 256
DROPOUT = 0.1


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows side by side. B windows, T positions, N clauses in all, P neighbouring pairs of the same
    window.
    """

    ids: Tensor
    """(B, T) token ids."""
    mask: Tensor
    """(B, T) 1 for tokens, 0 for padding."""
    clause: Tensor
    """(B, T) row of the clause among N, -1 for special tokens and padding."""
    window: Tensor
    """(N,) row of the window a clause is in."""
    left: Tensor
    """(P,) rows of the clauses that have a right-hand neighbour; the neighbour is the next row."""

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        return Batch(*(getattr(self, name).to(device, non_blocking=True) for name in Batch.__slots__))


@dataclass(frozen=True, slots=True)
class Scores:
    """Raw scores: `labels[head]` (N, classes), sentiment with a last class "no feedback content"; `link`
    (P,).
    """

    labels: dict[str, Tensor]
    link: Tensor


def collate(windows: Sequence[Window], *, pad: int) -> Batch:
    """Pad `windows` to the longest and number their clauses."""
    lengths = np.array([len(w.ids) for w in windows])
    sizes = np.array([w.size for w in windows])
    ends = np.cumsum(sizes)
    total = int(lengths.sum())
    filled = np.arange(lengths.max()) < lengths[:, None]
    ids = np.full(filled.shape, pad)
    ids[filled] = np.fromiter(chain.from_iterable(w.ids for w in windows), dtype=np.int64, count=total)
    own = np.fromiter(chain.from_iterable(w.clause for w in windows), dtype=np.int64, count=total)
    clause = np.full(filled.shape, -1)
    clause[filled] = np.where(own >= 0, own + np.repeat(ends - sizes, lengths), own)
    left = np.delete(np.arange(ends[-1]), ends - 1)
    parts = (ids, filled.astype(np.int64), clause, np.repeat(np.arange(len(windows)), sizes), left)
    return Batch(*(torch.from_numpy(part) for part in parts))


class UnitNetwork(nn.Module):
    """Scores for clauses and for pairs of neighbouring clauses, from one encoder pass over each window.

    A clause is the mean and the maximum over its token states and the mean over all of its window; label
    heads and link score read it through a hidden layer of their own.
    """

    def __init__(self, encoder: nn.Module, labels: LabelSet, *, hidden: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.trunk = nn.Sequential(nn.Linear(3 * hidden, TRUNK), nn.GELU(), nn.Dropout(DROPOUT))
        sizes = {head: labels.classes(head) for head in HEADS}
        self.heads = nn.ModuleDict({head: nn.Linear(TRUNK, size) for head, size in sizes.items()})
        self.link_trunk = nn.Sequential(nn.Linear(3 * hidden, LINK), nn.GELU(), nn.Dropout(DROPOUT))
        self.link = nn.Sequential(nn.Linear(4 * LINK, LINK), nn.GELU(), nn.Linear(LINK, 1))

    def forward(self, batch: Batch) -> Scores:
        """Scores for the N clauses and P pairs of `batch`."""
        states: Tensor = self.encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
        vectors = pool(states, batch)
        read = self.trunk(vectors)
        linked = self.link_trunk(vectors)
        a, b = linked[batch.left], linked[batch.left + 1]
        pair = torch.cat([a, b, (a - b).abs(), a * b], dim=-1)
        return Scores({head: layer(read) for head, layer in self.heads.items()}, self.link(pair).squeeze(-1))


def pool(states: Tensor, batch: Batch) -> Tensor:
    """(B, T, H) token states to (N, 3 H) clause vectors: mean, maximum, mean of the whole window."""
    width = states.shape[-1]
    inside = batch.clause >= 0
    tokens, rows = states[inside], batch.clause[inside]
    count = len(batch.window)
    ones = torch.ones_like(rows, dtype=states.dtype)
    lengths = torch.zeros(count, dtype=states.dtype, device=states.device).index_add(0, rows, ones)
    sums = torch.zeros((count, width), dtype=states.dtype, device=states.device).index_add(0, rows, tokens)
    index = rows.unsqueeze(-1).expand(-1, width)
    top = torch.full((count, width), -1e4, dtype=states.dtype, device=states.device)
    top = top.scatter_reduce(0, index, tokens, reduce="amax")
    weight = batch.mask.unsqueeze(-1).to(states.dtype)
    whole = (states * weight).sum(dim=1) / weight.sum(dim=1)
    return torch.cat([sums / lengths.unsqueeze(-1), top, whole[batch.window]], dim=-1)


def build_encoder(config: dict[str, Any]) -> nn.Module:
    """A BERT encoder of the given transformers configuration, randomly initialised, without a pooler."""
    from transformers import BertConfig, BertModel

    return BertModel(encoder_config(BertConfig, config), add_pooling_layer=False)


def encoder_config(cls: type[BertConfig], config: dict[str, Any]) -> BertConfig:
    """The configuration with attention dropout off (it would rule out the fast attention kernel) and no
    cache.
    """
    known = {k: v for k, v in config.items() if k not in {"architectures", "dtype", "transformers_version"}}
    return cls(**{**known, "attention_probs_dropout_prob": 0.0, "use_cache": False})
