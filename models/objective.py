"""What training minimises: examples, batches, and the loss."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from models.encode import Window, encode
from models.gold import GoldText
from models.labels import HEADS, LabelSet
from models.network import Scores
from models.segmental import segmentation_loss
from models.targets import NOTHING, Targets, make_targets

HEAD_WEIGHT = {"sentiment": 0.5, "stage": 0.75, "touchpoint": 1.0, "intent": 0.5}
"""Share of each head in the loss: more classes are harder to learn."""
LINK_WEIGHT = 1.0
SEGMENT_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Example:
    """One window of one text with its targets, counted within the window."""

    window: Window
    unit_of: tuple[int, ...]
    labels: tuple[tuple[int, ...], ...]


def make_examples(gold: Sequence[GoldText], tokenizer: Any, labels: LabelSet) -> list[Example]:
    """Every window of every text; texts without a token give none."""
    examples: list[Example] = []
    for text, encoded in zip(gold, encode([g.text for g in gold], tokenizer), strict=True):
        targets = make_targets(encoded.clauses, text.units, labels)
        examples.extend(_example(window, targets) for window in encoded.windows)
    return examples


def _example(window: Window, targets: Targets) -> Example:
    return Example(window, targets.unit_of[window.first : window.first + window.size], targets.labels)


def make_batches(examples: Sequence[Example], *, tokens: int, texts: int, seed: int) -> list[list[Example]]:
    """Batches of texts of similar length, at most `texts` windows and `tokens` padded tokens, shuffled by
    `seed`.
    """
    rng = random.Random(seed)
    order = sorted(examples, key=lambda e: len(e.window.ids) * (1 + 0.15 * rng.random()))
    batches: list[list[Example]] = [[]]
    for example in order:
        width = len(example.window.ids)  # sorted by about length, so about the longest
        if batches[-1] and (
            len(batches[-1]) == texts
            or (len(batches[-1]) + 1) * max(width, *(len(e.window.ids) for e in batches[-1])) > tokens
        ):
            batches.append([])
        batches[-1].append(example)
    rng.shuffle(batches)
    return batches


def class_weights(examples: Sequence[Example], labels: LabelSet) -> dict[str, Tensor]:
    """Per head a weight for each class, a little higher for rare ones: the fourth root of (mean / own frequency).

    Sentiment's further class, "no feedback content", weighs 1.
    """
    units = [row for example in examples for row in _own_units(example)]
    weights = {}
    for n, head in enumerate(HEADS):
        counts = torch.bincount(torch.tensor([u[n] for u in units]), minlength=len(labels.ids(head))).double()
        weight = (counts.mean() / counts.clamp(min=1)).pow(0.25).clamp(max=2.0).float()
        weights[head] = torch.cat([weight, torch.ones(1)]) if head == "sentiment" else weight
    return weights


def _own_units(example: Example) -> list[tuple[int, ...]]:
    return [example.labels[u] for u in sorted(set(example.unit_of) - {NOTHING})]


def loss_of(scores: Scores, batch: Sequence[Example], weights: dict[str, Tensor], *, smoothing: float) -> Tensor:
    """Cross-entropy of labels per clause and per unit (scores pooled over its clauses), of the links, and of the
    segmentation as a whole.

    `weights` are those of `class_weights`. Links between two clauses without content are left out: what becomes of
    them makes no difference.
    """
    unit_rows, classes, content, unit_row = _flatten_targets(batch)
    total = torch.zeros(())
    for n, head in enumerate(HEADS):
        logits, weight = scores.labels[head], weights[head]
        gold = classes[:, n]
        rows = content if head != "sentiment" else torch.arange(len(unit_row))
        per_clause = torch.where(unit_row >= 0, gold[unit_row.clamp(min=0)], logits.shape[1] - 1)
        if len(rows):
            loss = F.cross_entropy(logits[rows], per_clause[rows], weight, label_smoothing=smoothing)
            total = total + HEAD_WEIGHT[head] * loss
        if unit_rows and len(content):
            pooled = torch.zeros((unit_rows, logits.shape[1])).index_add(0, unit_row[content], logits[content])
            sizes = torch.zeros(unit_rows).index_add(0, unit_row[content], torch.ones(len(content)))
            kept = sizes > 0
            mean = pooled[kept] / sizes[kept].unsqueeze(-1)
            loss = F.cross_entropy(mean, gold[kept], weight, label_smoothing=smoothing)
            total = total + HEAD_WEIGHT[head] * loss
    link_gold = _link_targets(batch)
    known = link_gold >= 0
    if known.any():
        loss = F.binary_cross_entropy_with_logits(scores.link[known], link_gold[known])
        total = total + LINK_WEIGHT * loss
    return total + SEGMENT_WEIGHT * segmentation_loss(scores.labels, scores.link, [e.unit_of for e in batch])


def _flatten_targets(batch: Sequence[Example]) -> tuple[int, Tensor, Tensor, Tensor]:
    """Number of units; their classes (U, heads); rows of clauses with content; unit row of each clause
    (N,).
    """
    rows: list[int] = []
    classes: list[tuple[int, ...]] = []
    for example in batch:
        rows.extend(len(classes) + u if u != NOTHING else NOTHING for u in example.unit_of)
        classes.extend(example.labels)
    unit_row = torch.tensor(rows, dtype=torch.long)
    table = torch.tensor(classes, dtype=torch.long).reshape(len(classes), len(HEADS))
    if not classes:
        table = torch.zeros((1, len(HEADS)), dtype=torch.long)
    return len(classes), table, (unit_row >= 0).nonzero().squeeze(-1), unit_row


def _link_targets(batch: Sequence[Example]) -> Tensor:
    """1 for the same unit, 0 for different ones, -1 where neither clause has content."""
    out: list[float] = []
    for example in batch:
        for a, b in zip(example.unit_of, example.unit_of[1:], strict=False):
            out.append(-1.0 if a == b == NOTHING else float(a == b))
    return torch.tensor(out)
