"""The segmentation loss against plain enumeration of all segmentations."""

from __future__ import annotations

import itertools

import pytest
import torch

from models.labels import GENERIC, HEADS
from models.segmental import LABEL_WEIGHT, segmentation_loss, segmentation_of


def scores(count: int, seed: int) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    torch.manual_seed(seed)
    sizes = {head: GENERIC.classes(head) for head in HEADS}
    return {head: torch.randn(count, size) for head, size in sizes.items()}, torch.randn(count - 1)


def energy(
    labels: dict[str, torch.Tensor], link: torch.Tensor, cuts: tuple[int, ...], flags: tuple[bool, ...]
) -> float:
    """Energy of one segmentation (`cuts` are its ends) whose segments are units or, by `flags`, without content."""
    total, begin = 0.0, 0
    for end, content in zip(cuts, flags, strict=True):
        total += float(link[begin : end - 1].sum())
        for head in HEADS:
            pooled = LABEL_WEIGHT * torch.log_softmax(labels[head], dim=-1)[begin:end].sum(dim=0)
            if head == "sentiment":
                total += float(pooled[:-1].max() if content else pooled[-1])
            else:
                total += float(pooled.max())
        begin = end
    return total


def likelihood_by_enumeration(labels: dict[str, torch.Tensor], link: torch.Tensor, units: tuple[int, ...]) -> float:
    count = len(units)
    every, right = [], []
    for chosen in itertools.product((False, True), repeat=count - 1):
        cuts = (*(n + 1 for n, cut in enumerate(chosen) if cut), count)
        for flags in itertools.product((False, True), repeat=len(cuts)):
            value = energy(labels, link, cuts, flags)
            every.append(value)
            if agrees(cuts, flags, units):
                right.append(value)
    return float(torch.logsumexp(torch.tensor(every), 0) - torch.logsumexp(torch.tensor(right), 0))


def agrees(cuts: tuple[int, ...], flags: tuple[bool, ...], units: tuple[int, ...]) -> bool:
    begin = 0
    for end, content in zip(cuts, flags, strict=True):
        inside = set(units[begin:end])
        if len(inside) > 1 or (inside == {-1}) == content:
            return False
        if content and ((begin and units[begin - 1] in inside) or (end < len(units) and units[end] in inside)):
            return False
        begin = end
    return True


@pytest.mark.parametrize("units", [(0, 0, 1, -1), (-1, -1, -1), (0,), (0, 1, 1, 2, -1), (-1, 0, 0, -1, -1)])
def test_one_window(units: tuple[int, ...]) -> None:
    labels, link = scores(len(units), seed=3)
    expected = likelihood_by_enumeration(labels, link, units) / len(units)
    assert float(segmentation_loss(labels, link, segmentation_of([units]))) == pytest.approx(expected, abs=1e-4)


def test_windows_of_a_batch_do_not_mix() -> None:
    first, second = (0, 0, 1, -1, 2), (-1, 0)
    labels, link = scores(7, seed=5)
    one = segmentation_loss({h: x[:5] for h, x in labels.items()}, link[:4], segmentation_of([first]))
    two = segmentation_loss({h: x[5:] for h, x in labels.items()}, link[5:], segmentation_of([second]))
    both = segmentation_loss(labels, torch.cat([link[:4], link[5:]]), segmentation_of([first, second]))
    assert float(both) == pytest.approx(float(one * 5 + two * 2) / 7, abs=1e-4)


def test_gradient_is_the_derivative() -> None:
    """Of labels and links of a batch of unequal lengths, against finite differences."""
    units = [(0, 0, -1, 1, 2), (0,), (-1, 0, 0)]
    labels, link = scores(9, seed=1)
    values = [value.double().requires_grad_(True) for value in (*labels.values(), link[:6])]
    gold = segmentation_of(units)

    def loss(*given: torch.Tensor) -> torch.Tensor:
        return segmentation_loss(dict(zip(HEADS, given, strict=False)), given[-1], gold)

    assert torch.autograd.gradcheck(loss, values)
