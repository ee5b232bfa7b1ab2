"""How likely the gold segmentation is under all segmentations that `models.decode` weighs against one another.

A semi-Markov conditional random field (Sarawagi and Cohen 2004, "Semi-Markov Conditional Random Fields for Information
Extraction") over the scores that decoding adds up, so that links and labels learn to be right together: link log-odds
of the neighbours a segment keeps together, and `label_weight` times the log-probability of its best labels, pooled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils.rnn import pad_sequence

from models.labels import HEADS
from models.targets import NOTHING

LABEL_WEIGHT = 0.4
_NEVER = -1e9


def segmentation_loss(labels: Mapping[str, Tensor], link: Tensor, units: Sequence[Sequence[int]]) -> Tensor:
    """Negative log-likelihood of the gold units, per clause.

    `labels[head]` (N, classes) are raw scores of the clauses of all windows, window after window, sentiment with the
    last class "no content"; `link` (P,) are the log-odds of the neighbouring pairs; `units` gives for each window the
    unit of every clause, `NOTHING` for those without content. How clauses without content are grouped makes no
    difference, so every grouping counts as right.
    """
    sizes = [len(u) for u in units]
    content, nothing = _energies(labels, link, sizes)
    ends = torch.tensor(sizes)
    every = _total(torch.logaddexp(content, nothing), ends)
    right = _total(_only_gold(content, nothing, units), ends)
    return (every - right).sum() / ends.sum()


def _energies(labels: Mapping[str, Tensor], link: Tensor, sizes: list[int]) -> tuple[Tensor, Tensor]:
    """Energies (B, N, N) of the segment from clause i to clause k, both included: as a unit, and as no content."""
    width = max(sizes)
    pairs = _padded(link, [n - 1 for n in sizes])
    kept = F.pad(pairs.cumsum(dim=1), (1, 0))[:, :width]
    energy = kept[:, None, :] - kept[:, :, None]
    content = nothing = energy.masked_fill(~torch.ones(width, width, dtype=torch.bool).triu(), _NEVER)
    for head in HEADS:
        logs = F.log_softmax(labels[head], dim=-1)
        sums = F.pad(_padded(logs, sizes).cumsum(dim=1), (0, 0, 1, 0))
        pooled = LABEL_WEIGHT * (sums[:, None, 1:, :] - sums[:, :-1, None, :])
        if head == "sentiment":
            content = content + pooled[..., :-1].amax(dim=-1)
            nothing = nothing + pooled[..., -1]
        else:
            best = pooled.amax(dim=-1)
            content, nothing = content + best, nothing + best
    return content, nothing


def _padded(rows: Tensor, sizes: list[int]) -> Tensor:
    """Rows of all windows, window after window, as (B, longest, ...)."""
    return pad_sequence(list(torch.split(rows, sizes)), batch_first=True)


def _total(energy: Tensor, ends: Tensor) -> Tensor:
    """Log-sum (B,) over all segmentations of the first `ends` clauses of each window."""
    totals = [torch.zeros(len(energy))]
    for k in range(energy.shape[1]):
        reached = torch.stack(totals, dim=1) + energy[:, : k + 1, k]
        totals.append(torch.logsumexp(reached, dim=1))
    return torch.stack(totals, dim=1)[torch.arange(len(energy)), ends]


def _only_gold(content: Tensor, nothing: Tensor, units: Sequence[Sequence[int]]) -> Tensor:
    """Energies of the segments that agree with `units`; the others never happen."""
    is_unit = torch.zeros(content.shape, dtype=torch.bool)
    is_nothing = torch.zeros(content.shape, dtype=torch.bool)
    for row, window in enumerate(units):
        begin = 0
        for k, unit in enumerate(window):
            if k + 1 < len(window) and window[k + 1] == unit:
                continue
            if unit == NOTHING:
                is_nothing[row, begin : k + 1, begin : k + 1] = True
            else:
                is_unit[row, begin, k] = True
            begin = k + 1
    return torch.where(is_unit, content, torch.where(is_nothing, nothing, _NEVER))
