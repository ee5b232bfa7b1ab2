"""How likely the gold segmentation is under all segmentations that `models.decode` weighs against one another.

A semi-Markov conditional random field (Sarawagi and Cohen 2004, "Semi-Markov Conditional Random Fields for Information
Extraction") over the scores that decoding adds up, so that links and labels learn to be right together: link log-odds
of the neighbours a segment keeps together, and `label_weight` times the log-probability of its best labels, pooled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from models.labels import HEADS
from models.targets import NOTHING

LABEL_WEIGHT = 0.4
_NEVER = -1e9


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The gold units of B windows with at most W clauses, N clauses and P neighbouring pairs in all."""

    ends: Tensor
    """(B,) clauses of each window."""
    clauses: Tensor
    """(2, N) window and place of each clause."""
    pairs: Tensor
    """(2, P) window and place of the left-hand clause of each pair."""
    is_unit: Tensor
    """(B, W, W) whether the segment from clause i to clause k, both included, is a gold unit."""
    is_nothing: Tensor
    """(B, W, W) whether it lies in a stretch without content. How such a stretch is grouped makes no difference, so
    every grouping counts as right.
    """

    def to(self, device: torch.device) -> Segmentation:
        """The same segmentation on another device."""
        return Segmentation(*(getattr(self, name).to(device, non_blocking=True) for name in Segmentation.__slots__))


def segmentation_of(units: Sequence[Sequence[int]]) -> Segmentation:
    """From the unit of every clause of each window, `NOTHING` for those without content."""
    sizes = [len(u) for u in units]
    width = max(sizes)
    is_unit = np.zeros((len(units), width, width), dtype=bool)
    is_nothing = np.zeros_like(is_unit)
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
    parts = (np.array(sizes), _places(sizes), _places([n - 1 for n in sizes]), is_unit, is_nothing)
    return Segmentation(*(torch.from_numpy(part) for part in parts))


def _places(sizes: Sequence[int]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """(2, sum of sizes): which window each row belongs to, and its place there."""
    counts = np.array(sizes)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([np.repeat(np.arange(len(counts)), counts), np.arange(len(first)) - first])


def segmentation_loss(labels: Mapping[str, Tensor], link: Tensor, gold: Segmentation) -> Tensor:
    """Negative log-likelihood of the gold units, per clause.

    `labels[head]` (N, classes) are raw scores of the clauses of all windows, window after window, sentiment with the
    last class "no content"; `link` (P,) are the log-odds of the neighbouring pairs.
    """
    content, nothing = _energies(labels, link, gold)
    every = torch.logaddexp(content, nothing)
    only_gold = torch.where(gold.is_unit, content, torch.where(gold.is_nothing, nothing, _NEVER))
    totals = _total(torch.cat([every, only_gold]), gold.ends.repeat(2))
    return (totals[: len(every)] - totals[len(every) :]).sum() / gold.ends.sum()


def _energies(labels: Mapping[str, Tensor], link: Tensor, gold: Segmentation) -> tuple[Tensor, Tensor]:
    """Energies (B, W, W) of the segment from clause i to clause k, both included: as a unit, and as no content."""
    shape = gold.is_unit.shape[:2]
    kept = F.pad(_padded(link, gold.pairs, shape).cumsum(dim=1), (1, 0))[:, :-1]
    energy = kept[:, None, :] - kept[:, :, None]
    content = nothing = energy.masked_fill(~torch.ones_like(gold.is_unit).triu(), _NEVER)
    for head in HEADS:
        logs = F.log_softmax(labels[head], dim=-1)
        sums = F.pad(_padded(logs, gold.clauses, shape).cumsum(dim=1), (0, 0, 1, 0))
        pooled = LABEL_WEIGHT * (sums[:, None, 1:, :] - sums[:, :-1, None, :])
        if head == "sentiment":
            content = content + pooled[..., :-1].amax(dim=-1)
            nothing = nothing + pooled[..., -1]
        else:
            best = pooled.amax(dim=-1)
            content, nothing = content + best, nothing + best
    return content, nothing


def _padded(rows: Tensor, places: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Rows of all windows, window after window, as (B, W, ...)."""
    return rows.new_zeros((*shape, *rows.shape[1:])).index_put((places[0], places[1]), rows)


def _total(energy: Tensor, ends: Tensor) -> Tensor:
    """Log-sum (B,) over all segmentations of the first `ends` clauses of each window.

    Its derivative by the energy of a segment is the share of the segmentations that hold the segment, known from the
    sums on both sides of it; automatic differentiation would take W squared small operations instead of 2 W.
    """
    fixed = energy.detach()
    after = _after(fixed, ends)
    log_sum = after[:, 0]
    share = (_before(fixed)[:, :-1, None] + fixed + after[:, None, 1:] - log_sum[:, None, None]).exp()
    return log_sum + (share * (energy - fixed)).sum(dim=(1, 2))


def _before(energy: Tensor) -> Tensor:
    """Log-sums (B, W + 1) over all segmentations of the clauses before each border."""
    sums = energy.new_zeros((len(energy), energy.shape[1] + 1))
    for k in range(energy.shape[1]):
        sums[:, k + 1] = torch.logsumexp(sums[:, : k + 1] + energy[:, : k + 1, k], dim=1)
    return sums


def _after(energy: Tensor, ends: Tensor) -> Tensor:
    """Log-sums (B, W + 1) over all segmentations of the clauses from each border to the last of the first `ends`."""
    borders = torch.arange(energy.shape[1] + 1, device=energy.device)
    sums = torch.where(borders == ends[:, None], 0.0, _NEVER).to(energy.dtype)
    for k in reversed(range(energy.shape[1])):
        begun = torch.logsumexp(energy[:, k, k:] + sums[:, k + 1 :], dim=1)
        sums[:, k] = torch.where(ends > k, begun, sums[:, k])
    return sums
