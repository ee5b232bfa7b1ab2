"""Train the bilingual model: ``python -m models.train --out DIR [--base ENCODER] [--own FILE] [--annotated FILE]
[--soft FILE]``, on a GPU when there is one.

Works on the project's own data alone and adds `--annotated` where it is given. Sources whose licence does
not allow it in shipped weights are left out. The train part is learned; the dev part sets how units are
decoded and how sure the labels are (`models.calibrate`); the test part is not touched. Seeds are fixed. A
checkpoint is written every few minutes to ``DIR/checkpoint``; the same command goes on from there after a
kill.

The learning rate falls to a hundredth over `--epochs`, or over `--max-minutes` of training time if that is reached
first, so a run always ends annealed. With a time limit that binds, two runs do not see exactly the same
number of steps.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import logging
import math
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.augment import rewritten
from models.batches import make_batches
from models.encode import MAX_TOKENS, load_tokenizer, mask_id
from models.engine import find_model
from models.errors import ModelBrokenError, ModelError
from models.finish import finish, tune
from models.gold import OWN, GoldText, usable_texts
from models.labels import GENERIC, LabelSet
from models.loop import Loop, Settings, device_here, prepare_torch
from models.narrow import keep_units
from models.network import Batch, Scores, UnitNetwork, collate, encoder_config
from models.objective import Example, class_weights, gold_of, loss_of, make_examples
from models.soft import SoftExample, load_soft, soft_gold_of, soft_loss
from models.storage import LABELS, TOKENIZER, load

log = logging.getLogger("models.train")

REWRITTEN = 0.2
"""Share of the training texts that are learned once more without punctuation, with typing errors or in capitals."""
SOFT_TOKENS = 2
"""Tokens of softly labelled texts in a step, as a multiple of those with gold labels."""
ON_GPU: dict[str, Any] = {"tokens": 8192, "texts": 256, "lr": 2.5e-4}
"""What a GPU is given at a time, and the rate that suits it."""

_SAMPLE = 1500  # windows that say which units of the feed-forward blocks matter

DEFAULTS = Settings()


class Trainer(Loop):
    """Learns gold labels, and in every step `SOFT_TOKENS` times as many tokens of `soft` labels if there are any."""

    def __init__(
        self,
        network: UnitNetwork,
        examples: Sequence[Example],
        settings: Settings,
        out: Path,
        *,
        pad: int,
        mask: int | None = None,
        soft: Sequence[SoftExample] = (),
    ) -> None:
        check_hidden(settings.hide, mask)
        self.examples, self.soft, self.pad, self.mask, self.settings = examples, soft, pad, mask, settings
        identity = _identity(network, examples, soft, settings)
        super().__init__(network, _groups(network, settings), settings, out, identity=identity)
        weights = class_weights(examples, GENERIC)
        self.weights = {head: weight.to(self.device) for head, weight in weights.items()}

    def _batches(self, epoch: int) -> list[tuple[list[Example], list[SoftExample]]]:
        chosen, seed = self.settings, self.settings.seed * 1000 + epoch
        gold = make_batches(self.examples, _width, tokens=chosen.tokens, texts=chosen.texts, seed=seed)
        if not self.soft:
            return [(batch, []) for batch in gold]
        more = {"tokens": SOFT_TOKENS * chosen.tokens, "texts": SOFT_TOKENS * chosen.texts}
        soft = make_batches(self.soft, _width, **more, seed=seed)
        # Where one has more batches, an epoch takes a part of them, another one every time.
        return list(zip(gold, itertools.islice(itertools.cycle(soft), len(gold)), strict=True))

    def _ready(self, batch: tuple[list[Example], list[SoftExample]]) -> Any:
        gold, soft = batch
        ready: list[Any] = [collate([e.window for e in gold], pad=self.pad), gold_of(gold)]
        if soft:
            ready += [collate([e.window for e in soft], pad=self.pad), soft_gold_of(soft)]
        return ready

    def _loss(self, ready: Any) -> Tensor:
        batch, gold, *more = (part.to(self.device) for part in ready)
        loss = loss_of(self._scores(batch), gold, self.weights, smoothing=self.settings.smoothing)
        if more:
            loss = loss + soft_loss(self._scores(more[0]), more[1])
        return loss

    def _scores(self, batch: Batch) -> Scores:
        if self.mask is not None and self.settings.hide:
            batch = hide_tokens(batch, self.settings.hide, self.mask)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            scores: Scores = self.network(batch)
        return Scores({head: rows.float() for head, rows in scores.labels.items()}, scores.link.float())


def _identity(
    network: UnitNetwork, examples: Sequence[Example], soft: Sequence[SoftExample], settings: Settings
) -> str:
    """A hash of all that a run follows from, but for what may change between two parts of it."""
    digest = hashlib.sha256(repr(replace(settings, threads=0, max_minutes=math.inf)).encode())
    for tensor in network.state_dict().values():
        digest.update(tensor.cpu().numpy().tobytes())
    for example in examples:
        digest.update(repr(example).encode())
    for taught in soft:
        digest.update(repr(taught.window).encode() + taught.labels.tobytes() + taught.link.tobytes())
    return digest.hexdigest()


def check_hidden(share: float, mask: int | None) -> None:
    """Raises `ModelError` where `share` of the tokens cannot be hidden behind the token `mask`."""
    if not 0 <= share < 1:
        raise ModelError(f"the share of hidden tokens has to be from 0 to below 1, is {share}")
    if share and mask is None:
        raise ModelError("tokens can be hidden only where the tokenizer has a token for that: <mask> or [MASK]")


def hide_tokens(batch: Batch, share: float, mask: int) -> Batch:
    """`share` of the tokens replaced by the token `mask`, at random, so that no single word decides."""
    hidden = (torch.rand(batch.ids.shape, device=batch.ids.device) < share) & (batch.clause >= 0)
    return replace(batch, ids=batch.ids.masked_fill(hidden, mask))


def _width(example: Example | SoftExample) -> int:
    return len(example.window.ids)


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

    Raises `ModelError` for anything but a BERT encoder of at least `MAX_TOKENS` positions.
    """
    from transformers import AutoConfig, BertConfig, BertModel

    if (base / LABELS).is_file():
        finished = load(base, any_rules=True)
        if finished.labels != labels:
            raise ModelBrokenError(f"{base / LABELS}: not the labels that are to be trained; start from an encoder")
        return finished.network()
    try:
        given = AutoConfig.from_pretrained(base).to_dict()
    except (OSError, ValueError) as error:
        raise ModelError(f"{base}: neither a finished model nor an encoder in transformers format: {error}") from error
    if given["model_type"] != "bert" or given["max_position_embeddings"] < MAX_TOKENS:
        raise ModelError(
            f"{base}: model_type {given['model_type']!r}, {given.get('max_position_embeddings')} positions; what is "
            f"trained is a BERT encoder (model_type 'bert') of at least {MAX_TOKENS} positions"
        )
    config = encoder_config(BertConfig, given)
    try:
        encoder = BertModel.from_pretrained(base, config=config, dtype=torch.float32, add_pooling_layer=False)
    except OSError as error:
        raise ModelError(f"{base}: no weights in model.safetensors: {error}") from error
    return UnitNetwork(encoder, labels, hidden=config.hidden_size)


def keep_layers(network: UnitNetwork, layers: int) -> None:
    """Leave `layers` of the encoder's layers, evenly spread, the last one among them.

    Raises `ModelError` for more layers than there are, or none.
    """
    encoder: Any = network.encoder
    every = list(encoder.encoder.layer)
    if not 1 <= layers <= len(every):
        raise ModelError(f"{layers} layers asked for; this encoder has 1 to {len(every)}")
    chosen = [every[round((n + 1) * len(every) / layers) - 1] for n in range(layers)]
    encoder.encoder.layer = nn.ModuleList(chosen)
    encoder.config.num_hidden_layers = layers


def train(
    base: Path,
    out: Path,
    gold: Sequence[GoldText],
    settings: Settings,
    *,
    layers: int | None = None,
    inner: int | None = None,
    soft: Sequence[SoftExample] = (),
) -> Path:
    """Train on the train part of `gold` and on `soft`, calibrate on the dev part of `gold`; returns the directory of
    the finished model.
    """
    prepare_torch(settings)
    tokenizer = base / TOKENIZER
    cutter = load_tokenizer(tokenizer)
    mask = mask_id(cutter)
    check_hidden(settings.hide, mask)
    parts = Counter(g.part for g in gold)
    if not parts["train"] or not parts["dev"]:
        raise ModelError(
            f"labelled feedback is needed in both the train part ({parts['train']} given) and the dev part "
            f"({parts['dev']} given): to learn from, and to choose decoding and temperatures by"
        )
    learned = [g for g in gold if g.part == "train"]
    learned += rewritten(learned, share=REWRITTEN, seed=settings.seed)
    examples = make_examples(learned, cutter, GENERIC)
    log.info("%d training windows, %d tokens", len(examples), sum(len(e.window.ids) for e in examples))
    network = load_pretrained(base, GENERIC)
    if layers is not None:
        keep_layers(network, layers)
    encoder: Any = network.encoder
    pad = encoder.config.pad_token_id
    if inner is not None:
        if not (base / LABELS).is_file():
            raise ModelError("which units matter is known of a finished model only; train the encoder first")
        some = random.Random(settings.seed).sample(examples, min(_SAMPLE, len(examples)))
        keep_units(network, inner, some, pad=pad, smoothing=settings.smoothing)
    Trainer(network, examples, settings, out, pad=pad, mask=mask, soft=soft).run()
    finished = out / "model"
    finish(finished, network, [e.window for e in examples], tokenizer=tokenizer)
    tune(finished, [g for g in gold if g.part == "dev"])
    return finished


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0 when the model is finished, 2 for unusable input."""
    chosen = replace(DEFAULTS, **ON_GPU) if device_here().type == "cuda" else DEFAULTS
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
    parser.add_argument("--soft", type=Path, help="what other models say of unlabelled texts (python -m models.soft)")
    parser.add_argument("--layers", type=int, help="keep only so many of the encoder's layers, evenly spread")
    parser.add_argument(
        "--inner",
        type=int,
        help="of a finished model, keep only so many units of each feed-forward block, those that matter most",
    )
    parser.add_argument("--tokens", type=int, default=chosen.tokens, help="padded tokens of a step")
    parser.add_argument("--texts", type=int, default=chosen.texts, help="texts of a step at most")
    parser.add_argument("--lr", type=float, default=chosen.lr, help="peak learning rate of the top encoder layer")
    parser.add_argument(
        "--hide", type=float, default=DEFAULTS.hide, help="share of tokens that are hidden, others at every step"
    )
    parser.add_argument("--seed", type=int, default=chosen.seed)
    parser.add_argument("--threads", type=int, default=DEFAULTS.threads)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    names = ("epochs", "max_minutes", "tokens", "texts", "lr", "hide", "seed", "threads")
    settings = replace(chosen, **{name: getattr(args, name) for name in names})
    try:
        soft = load_soft(args.soft) if args.soft else ()
        gold = usable_texts(args.own, args.annotated)
        finished = train(
            find_model(args.base), args.out, gold, settings, layers=args.layers, inner=args.inner, soft=soft
        )
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"model written to {finished}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
