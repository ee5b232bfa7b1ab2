"""Labels of unlabelled feedback by trained models, as probabilities, for another model to learn from:
``python -m models.soft --teachers DIR [DIR ...] --texts DIR --out FILE``.

Several teachers, trained alike but for their random start, agree where they are right and differ where they guess;
their mean says both, and a student learns it without their cost (Hinton et al. 2015, "Distilling the Knowledge in a
Neural Network"; Xie et al. 2020, "Self-training with Noisy Student"). Texts near a dev or test text are left out.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from models.ahead import ahead
from models.batches import make_batches
from models.encode import Window, encode, load_tokenizer
from models.engine import find_model
from models.errors import GoldError, ModelError
from models.gold import OWN, usable_texts
from models.labels import GENERIC, HEADS
from models.loop import device_here
from models.network import Scores, UnitNetwork, collate
from models.objective import HEAD_WEIGHT, LINK_WEIGHT
from models.output import check_target
from models.storage import load
from models.unlabelled import read_unlabelled

log = logging.getLogger("models.train")

SIZES = {head: GENERIC.classes(head) for head in HEADS}
"""Classes of each head; sentiment has a last class "no feedback content"."""


@dataclass(frozen=True, slots=True)
class SoftExample:
    """One window with what the teachers say: `labels` (clauses, classes of all heads side by side) mean
    log-probabilities, `link` (clauses - 1,) mean log-odds, both float16.
    """

    window: Window
    labels: NDArray[np.float16]
    link: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class SoftGold:
    """Probabilities that the scores of a batch should give: per head (N, classes), of links (P,), and how far the
    clause (N,) or pair (P,) has feedback content.
    """

    labels: dict[str, Tensor]
    link: Tensor
    content: Tensor
    pair_content: Tensor

    def to(self, device: torch.device) -> SoftGold:
        """The same on another device."""
        labels = {head: part.to(device, non_blocking=True) for head, part in self.labels.items()}
        rest = (part.to(device, non_blocking=True) for part in (self.link, self.content, self.pair_content))
        return SoftGold(labels, *rest)


def soft_gold_of(batch: Sequence[SoftExample]) -> SoftGold:
    """The targets of a batch, in the order in which `models.network.collate` numbers its clauses."""
    logs = torch.from_numpy(np.concatenate([e.labels for e in batch]).astype(np.float32))
    parts = torch.split(logs, list(SIZES.values()), dim=1)
    # A mean of logarithms is not normalised.
    labels = {head: part.softmax(dim=1) for head, part in zip(HEADS, parts, strict=True)}
    nothing = labels["sentiment"][:, -1]
    ends = np.cumsum([e.window.size for e in batch])
    left = torch.from_numpy(np.delete(np.arange(ends[-1]), ends - 1))
    link = torch.from_numpy(np.concatenate([e.link for e in batch]).astype(np.float32)).sigmoid()
    return SoftGold(labels, link, 1 - nothing, 1 - nothing[left] * nothing[left + 1])


def soft_loss(scores: Scores, gold: SoftGold) -> Tensor:
    """Cross-entropy against the teachers' probabilities; labels and links count as far as there is content.

    Every head weighs what it weighs in `models.objective.loss_of`, per clause and per unit together.
    """
    total = scores.link.new_zeros(())
    for head in HEADS:
        per_clause = F.cross_entropy(scores.labels[head], gold.labels[head], reduction="none")
        weight = torch.ones_like(gold.content) if head == "sentiment" else gold.content
        total = total + 2 * HEAD_WEIGHT[head] * (per_clause * weight).sum() / weight.sum().clamp(min=1)
    per_pair = F.binary_cross_entropy_with_logits(scores.link, gold.link, reduction="none")
    share = gold.pair_content
    return total + 2 * LINK_WEIGHT * (per_pair * share).sum() / share.sum().clamp(min=1)


def score_windows(
    network: UnitNetwork, windows: Sequence[Window], *, pad: int, tokens: int = 32_768
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Log-probabilities (clauses, all classes) and link log-odds of every window, in order, on a GPU when there is
    one.
    """
    device = device_here()
    network = network.to(device).eval()
    order = make_batches(range(len(windows)), lambda n: len(windows[n].ids), tokens=tokens, texts=2048, seed=1)
    out: list[Any] = [None] * len(windows)
    for rows, batch in ahead(lambda rows: (rows, collate([windows[n] for n in rows], pad=pad)), order, depth=3):
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            scores = network(batch.to(device))
        logs = torch.cat([scores.labels[head].float().log_softmax(dim=1) for head in HEADS], dim=1).cpu().numpy()
        link = scores.link.float().cpu().numpy()
        ends = np.cumsum([windows[n].size for n in rows])
        labels = np.split(logs, ends[:-1])
        links = np.split(link, (ends - np.arange(1, len(rows) + 1))[:-1])
        for n, mine, pairs in zip(rows, labels, links, strict=True):
            out[n] = (mine, pairs)
    return out


def teach(networks: Sequence[UnitNetwork], windows: Sequence[Window], *, pad: int) -> list[SoftExample]:
    """What the networks say of every window on average."""
    said = [score_windows(network, windows, pad=pad) for network in networks]
    return [
        SoftExample(
            window,
            np.mean([labels for labels, _ in views], axis=0).clip(-30, 0).astype(np.float16),
            np.mean([link for _, link in views], axis=0).clip(-30, 30).astype(np.float16),
        )
        for window, *views in zip(windows, *said, strict=True)
    ]


def save_soft(path: Path, examples: Sequence[SoftExample]) -> None:
    """Write examples to an .npz file."""
    windows = [e.window for e in examples]
    lengths = np.array([len(w.ids) for w in windows])
    clauses = chain.from_iterable(w.clause for w in windows)
    with path.open("wb") as file:  # of a name without .npz, savez would make one with it
        np.savez(
            file,
            ids=np.fromiter(chain.from_iterable(w.ids for w in windows), dtype=np.int32, count=int(lengths.sum())),
            clause=np.fromiter(clauses, dtype=np.int16, count=int(lengths.sum())),
            length=lengths,
            size=np.array([w.size for w in windows]),
            labels=np.concatenate([e.labels for e in examples]),
            link=np.concatenate([e.link for e in examples]),
        )


def load_soft(path: Path) -> list[SoftExample]:
    """Read what `save_soft` wrote. Raises `GoldError` for another file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in ("ids", "clause", "length", "size", "labels", "link")}
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise GoldError(f"{path}: not a file of python -m models.soft ({error}); make it again") from error
    if stored["labels"].shape[1:] != (sum(SIZES.values()),):
        raise GoldError(f"{path}: made for another label set; make it again with python -m models.soft")
    at, ends = np.cumsum(stored["length"])[:-1], np.cumsum(stored["size"])
    ids, clause = (np.split(stored[name], at) for name in ("ids", "clause"))
    labels = np.split(stored["labels"], ends[:-1])
    link = np.split(stored["link"], (ends - np.arange(1, len(ends) + 1))[:-1])
    return [
        SoftExample(Window(tuple(i.tolist()), tuple(c.tolist()), 0, int(size)), mine, pairs)
        for i, c, size, mine, pairs in zip(ids, clause, stored["size"], labels, link, strict=True)
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0 when the file is written, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="python -m models.soft", description="Label feedback by trained models.")
    parser.add_argument("--teachers", nargs="+", required=True, help="finished models")
    parser.add_argument("--texts", type=Path, required=True, help="directory of feedback in JSON lines")
    parser.add_argument("--own", type=Path, default=OWN, help="own labelled feedback (default: as shipped)")
    parser.add_argument("--annotated", type=Path, help="further labelled feedback, where given")
    parser.add_argument("--limit", type=int, help="label only so many texts, chosen at random")
    parser.add_argument("--out", type=Path, required=True, help="gets what the teachers say (.npz)")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        check_target(args.out)
        teachers = [load(find_model(name)) for name in args.teachers]
        gold = usable_texts(args.own, args.annotated)
        known = {g.text for g in gold}
        texts = [text for text in read_unlabelled(args.texts, gold) if text not in known]
        if args.limit is not None and args.limit < len(texts):
            order = np.random.default_rng(7).permutation(len(texts))
            texts = [texts[n] for n in sorted(order[: args.limit])]
        encoded = encode(texts, load_tokenizer(teachers[0].tokenizer))
        windows = [window for item in encoded for window in item.windows]
        log.info("%d texts, %d windows", len(texts), len(windows))
        if not windows:
            raise GoldError(f"{args.texts}: no text that may be learned from")
        save_soft(args.out, teach([t.network() for t in teachers], windows, pad=teachers[0].pad))
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{len(windows)} windows written to {args.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
