"""Train the bilingual model: ``python -m models.train --out DIR [--base ENCODER] [--own FILE] [--annotated
FILE]``.

Works on the project's own data alone and adds `--annotated` where it is given. Sources whose licence does
not allow it in shipped weights are left out. The train part is learned; the dev part sets how units are
decoded and how sure the labels are (`models.calibrate`); the test part is not touched. Seeds are fixed. A
checkpoint is written every few minutes to ``DIR/checkpoint``; the same command goes on from there after a
kill.

The learning rate falls to zero over `--epochs`, or over `--max-minutes` of training time if that is reached
first, so a run always ends annealed. With a time limit that binds, two runs do not see exactly the same
number of steps.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.augment import rewritten
from models.calibrate import calibrate
from models.encode import load_tokenizer
from models.engine import find_model, open_directory
from models.errors import ModelBrokenError, ModelError
from models.gold import NOT_IN_SHIPPED_WEIGHTS, OWN, GoldText, read_gold
from models.labels import GENERIC, LabelSet
from models.memory import reuse_buffers
from models.network import UnitNetwork, collate, encoder_config
from models.objective import Example, class_weights, loss_of, make_batches, make_examples
from models.storage import LABELS, TOKENIZER, UNCALIBRATED, load, save, save_calibration

log = logging.getLogger("models.train")

REWRITTEN = 0.2
"""Share of the training texts that are learned once more without punctuation or with typing errors."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training run depends on besides its data."""

    epochs: float = 4.0
    max_minutes: float = math.inf
    """Training time after which the schedule ends; a resumed run counts the time already spent."""
    tokens: int = 1024
    """Padded tokens per step, and at most `texts` windows."""
    texts: int = 32
    lr: float = 1e-4
    """Peak learning rate of the top encoder layer; each layer below gets `decay` times that of the one
    above.
    """
    decay: float = 0.9
    head_factor: float = 6.0
    warmup: float = 0.06
    weight_decay: float = 0.01
    smoothing: float = 0.05
    seed: int = 7
    threads: int = 2


DEFAULTS = Settings()


@dataclass(slots=True)
class Progress:
    """Where a run stands; saved with every checkpoint."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


class Trainer:
    """One run: network, optimiser, schedule, checkpoints."""

    def __init__(self, network: UnitNetwork, examples: Sequence[Example], settings: Settings, out: Path) -> None:
        self.network, self.examples, self.settings = network, examples, settings
        self.checkpoint = out / "checkpoint" / "state.pt"
        self.weights = class_weights(examples, GENERIC)
        self.progress = Progress()
        self.optimizer = torch.optim.AdamW(_groups(network, settings), weight_decay=settings.weight_decay)
        self.peaks = [float(g["lr"]) for g in self.optimizer.param_groups]
        self.total = max(1, round(len(self._batches(0)) * settings.epochs))

    def run(self, *, pad: int, every_seconds: float = 180.0) -> None:
        """Train to the end of the schedule, from the last checkpoint if there is one."""
        self._resume()
        self.network.train()
        saved = time.monotonic()
        while self._fraction() < 1:
            for batch in self._batches(self.progress.epoch)[self.progress.batch :]:
                self._step(batch, pad)
                self.progress.batch += 1
                if time.monotonic() - saved > every_seconds:
                    self._save()
                    saved = time.monotonic()
                if self._fraction() >= 1:
                    break
            else:
                self.progress.epoch, self.progress.batch = self.progress.epoch + 1, 0
        self._save()

    def _batches(self, epoch: int) -> list[list[Example]]:
        chosen = self.settings
        return make_batches(self.examples, tokens=chosen.tokens, texts=chosen.texts, seed=chosen.seed * 1000 + epoch)

    def _fraction(self) -> float:
        spent = self.progress.seconds / (60 * self.settings.max_minutes)
        return max(self.progress.step / self.total, spent)

    def _step(self, batch: Sequence[Example], pad: int) -> None:
        began = time.monotonic()
        done, warmup = self._fraction(), self.settings.warmup
        # Both sides of the schedule leave some rate: 0 would waste the first step, and the last ones.
        scale = min((done + 0.002) / warmup, max(0.01, (1 - done) / (1 - warmup)))
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * scale
        scores = self.network(collate([e.window for e in batch], pad=pad))
        loss = loss_of(scores, batch, self.weights, smoothing=self.settings.smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.progress.step += 1
        self.progress.seconds += time.monotonic() - began
        self._report(loss.item())

    def _report(self, loss: float) -> None:
        history = self.progress.history
        smooth = loss if not history else 0.97 * history[-1]["loss"] + 0.03 * loss
        history.append({"step": self.progress.step, "loss": smooth})
        del history[:-1]
        if self.progress.step % 20 == 0:
            done, seconds = self._fraction(), self.progress.seconds
            log.info(
                "step %d  epoch %d  %.1f %%  loss %.3f  %.2f s/step  about %.0f min left",
                self.progress.step,
                self.progress.epoch,
                100 * done,
                smooth,
                seconds / self.progress.step,
                seconds / 60 * (1 - done) / max(done, 1e-6),
            )

    def _save(self) -> None:
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": torch.get_rng_state(),
            "progress": asdict(self.progress),
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def _resume(self) -> None:
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        self.progress = Progress(**state["progress"])
        log.info("going on from step %d, %.1f min spent", self.progress.step, self.progress.seconds / 60)


def _groups(network: Any, settings: Settings) -> list[dict[str, Any]]:
    """Parameter groups: layer-wise decaying rates for the encoder, `head_factor` times its top rate for the
    rest.

    Word embeddings are frozen: most rows are never seen in training and would drift away from those that are.
    """
    network.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
    layers = list(network.encoder.encoder.layer)
    groups: list[dict[str, Any]] = [
        {"params": list(network.encoder.embeddings.parameters()), "lr": settings.decay ** len(layers)}
    ]
    for depth, layer in enumerate(layers):
        groups.append({"params": list(layer.parameters()), "lr": settings.decay ** (len(layers) - 1 - depth)})
    rest = [p for name, p in network.named_parameters() if not name.startswith("encoder.")]
    groups.append({"params": rest, "lr": settings.head_factor})
    for group in groups:
        group["params"] = [p for p in group["params"] if p.requires_grad]
        group["lr"] *= settings.lr
    return groups


def load_pretrained(base: Path, labels: LabelSet) -> UnitNetwork:
    """The network to start from: a finished model directory as it is, or a pretrained encoder (directory in
    transformers format) with heads randomly initialised.
    """
    from transformers import AutoConfig, BertConfig, BertModel

    if (base / LABELS).is_file():
        finished = load(base, any_rules=True)
        if finished.labels != labels:
            raise ModelBrokenError(f"{base / LABELS}: not the labels that are to be trained; start from an encoder")
        return finished.network()
    config = encoder_config(BertConfig, AutoConfig.from_pretrained(base).to_dict())
    encoder = BertModel.from_pretrained(base, config=config, dtype=torch.float32, add_pooling_layer=False)
    return UnitNetwork(encoder, labels, hidden=config.hidden_size)


def usable_texts(own: Path | None, annotated: Path | None) -> list[GoldText]:
    """All labelled feedbacks, of every part, whose licence lets them shape shipped weights."""
    gold = read_gold(own) if own else []
    gold += [g for g in read_gold(annotated) if g.source not in NOT_IN_SHIPPED_WEIGHTS] if annotated else []
    return gold


def train(base: Path, out: Path, gold: Sequence[GoldText], settings: Settings) -> Path:
    """Train on the train part of `gold`, calibrate on its dev part; returns the directory of the finished
    model.
    """
    reuse_buffers()
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    tokenizer = base / TOKENIZER
    learned = [g for g in gold if g.part == "train"]
    learned += rewritten(learned, share=REWRITTEN, seed=settings.seed)
    examples = make_examples(learned, load_tokenizer(tokenizer), GENERIC)
    log.info("%d training windows, %d tokens", len(examples), sum(len(e.window.ids) for e in examples))
    network = load_pretrained(base, GENERIC)
    encoder: Any = network.encoder
    Trainer(network, examples, settings, out).run(pad=encoder.config.pad_token_id)
    finished = out / "model"
    save(finished, network.eval(), GENERIC, UNCALIBRATED, tokenizer=tokenizer)
    # As stored, and computed as users will have it, so that int8 is part of what is tuned.
    save_calibration(finished, calibrate(open_directory(str(finished)), [g for g in gold if g.part == "dev"]))
    return finished


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0 when the model is finished, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="python -m models.train", description="Train the bilingual model.")
    parser.add_argument("--out", type=Path, required=True, help="gets checkpoint/ and, at the end, model/")
    parser.add_argument(
        "--base",
        default="intfloat/multilingual-e5-small",
        help="where to start: a pretrained BERT encoder (directory or Hugging Face id), or a finished model to train "
        "further ('current' or its directory)",
    )
    parser.add_argument(
        "--own", type=Path, default=OWN, help="own labelled feedback, file or directory (default: as shipped)"
    )
    parser.add_argument("--annotated", type=Path, help="further labelled feedback, file or directory, where given")
    parser.add_argument("--epochs", type=float, default=DEFAULTS.epochs)
    parser.add_argument("--max-minutes", type=float, default=DEFAULTS.max_minutes)
    parser.add_argument("--lr", type=float, default=DEFAULTS.lr, help="peak learning rate of the top encoder layer")
    parser.add_argument("--threads", type=int, default=DEFAULTS.threads)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    settings = Settings(epochs=args.epochs, max_minutes=args.max_minutes, lr=args.lr, threads=args.threads)
    try:
        finished = train(find_model(args.base), args.out, usable_texts(args.own, args.annotated), settings)
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"model written to {finished}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
