"""What training minimises: examples, batches, and the loss."""

from __future__ import annotations

import itertools
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
from models.segmental import Segmentation, segmentation_loss, segmentation_of
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


def class_weights(examples: Sequence[Example], labels: LabelSet) -> dict[str, Tensor]:
    """Per head a weight for each class, a little higher for rare ones: the fourth root of (mean / own frequency).

    Sentiment's further class, "no feedback content", weighs 1.
    """
    units = [row for example in examples for row in _own_units(example)]
    weights = {}
    for n, head in enumerate(HEADS):
        counts = torch.bincount(
            torch.tensor([u[n] for u in units], dtype=torch.long), minlength=len(labels.ids(head))
        ).double()
        weight = (counts.mean() / counts.clamp(min=1)).pow(0.25).clamp(max=2.0).float()
        weights[head] = torch.cat([weight, torch.ones(1)]) if head == "sentiment" else weight
    return weights


def _own_units(example: Example) -> list[tuple[int, ...]]:
    return [example.labels[u] for u in sorted(set(example.unit_of) - {NOTHING})]


@dataclass(frozen=True, slots=True)
class Gold:
    """What the scores of a batch should be: U units, N clauses, P neighbouring pairs."""

    classes: Tensor
    """(U, heads) classes of each unit."""
    unit: Tensor
    """(N,) row of the unit that a clause belongs to, `NOTHING` for those without content."""
    link: Tensor
    """(P,) 1 for the same unit, 0 for different ones, -1 where neither clause has content."""
    segmentation: Segmentation

    def to(self, device: torch.device) -> Gold:
        """The same on another device."""
        classes, unit, link = (x.to(device, non_blocking=True) for x in (self.classes, self.unit, self.link))
        return Gold(classes, unit, link, self.segmentation.to(device))


def gold_of(batch: Sequence[Example]) -> Gold:
    """The targets of a batch, in the order in which `models.network.collate` numbers its clauses."""
    rows: list[int] = []
    classes: list[tuple[int, ...]] = []
    links: list[float] = []
    for example in batch:
        unit_of = example.unit_of
        rows.extend(len(classes) + u if u != NOTHING else NOTHING for u in unit_of)
        classes.extend(example.labels)
        links.extend(-1.0 if a == b == NOTHING else float(a == b) for a, b in itertools.pairwise(unit_of))
    table = torch.tensor(classes, dtype=torch.long).reshape(len(classes), len(HEADS))
    segmentation = segmentation_of([e.unit_of for e in batch])
    return Gold(table, torch.tensor(rows, dtype=torch.long), torch.tensor(links), segmentation)


def loss_of(scores: Scores, gold: Gold, weights: dict[str, Tensor], *, smoothing: float) -> Tensor:
    """Cross-entropy of labels per clause and per unit (scores pooled over its clauses), of the links, and of the
    segmentation as a whole.

    `weights` are those of `class_weights`. Links between two clauses without content are left out: what becomes of
    them makes no difference.
    """
    content = (gold.unit >= 0).nonzero().squeeze(-1)
    owner, units = gold.unit[content], len(gold.classes)
    sizes = scores.link.new_zeros(units).index_add(0, owner, scores.link.new_ones(len(content)))
    kept = sizes > 0
    total = LINK_WEIGHT * _link_loss(scores.link, gold.link)
    for n, head in enumerate(HEADS):
        logits, weight, classes = scores.labels[head], weights[head], gold.classes[:, n]
        per_clause, rows = classes[owner], logits[content]
        if head == "sentiment":
            nothing = torch.full_like(gold.unit, logits.shape[1] - 1)
            per_clause, rows = nothing.index_copy(0, content, per_clause), logits
        if len(rows):
            loss = F.cross_entropy(rows, per_clause, weight, label_smoothing=smoothing)
            total = total + HEAD_WEIGHT[head] * loss
        if len(content):
            pooled = logits.new_zeros((units, logits.shape[1])).index_add(0, owner, logits[content])
            mean = pooled[kept] / sizes[kept].unsqueeze(-1)
            loss = F.cross_entropy(mean, classes[kept], weight, label_smoothing=smoothing)
            total = total + HEAD_WEIGHT[head] * loss
    return total + SEGMENT_WEIGHT * segmentation_loss(scores.labels, scores.link, gold.segmentation)


def _link_loss(link: Tensor, gold: Tensor) -> Tensor:
    known = gold >= 0
    if not known.any():
        return link.sum() * 0
    return F.binary_cross_entropy_with_logits(link[known], gold[known])
