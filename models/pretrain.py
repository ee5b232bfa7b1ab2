"""Adapt an encoder to feedback before it is trained:
``python -m models.pretrain --base ENCODER --texts DIR --out DIR``.

Masked-language training (Devlin et al. 2019, "BERT") on unlabelled feedback of the same kind as what will be read
(Gururangan et al. 2020, "Don't Stop Pretraining"): a part of the tokens is hidden, the encoder learns to name them.
No labels are used; texts near a dev or test text, or of sources that may not shape shipped weights, are left out.
The result is an encoder in transformers format, for ``python -m models.train --base``.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from models.batches import make_batches
from models.encode import MAX_TOKENS, load_tokenizer, special_ids
from models.engine import find_model
from models.errors import ModelError
from models.gold import OWN
from models.loop import Loop, Settings, prepare_torch
from models.network import encoder_config
from models.storage import TOKENIZER
from models.train import usable_texts
from models.unlabelled import read_unlabelled

HIDDEN = 0.2
"""Share of the tokens that are to be named; of these four in five are masked, one in ten is another token."""

log = logging.getLogger("models.train")

DEFAULTS = Settings(epochs=1.0, tokens=4096, texts=256, lr=3e-4)


@dataclass(frozen=True, slots=True)
class Masked:
    """A batch with hidden tokens: `ids` and `mask` (B, T), and which places (in the flat batch) hid which tokens."""

    ids: Tensor
    mask: Tensor
    places: Tensor
    tokens: Tensor


class MaskedLoop(Loop):
    """Masked-language training of a `BertForMaskedLM`; the word embeddings learn too."""

    def __init__(
        self, network: Any, texts: Sequence[Sequence[int]], settings: Settings, out: Path, *, pad: int, mask: int
    ) -> None:
        self.texts, self.pad, self.mask = texts, pad, mask
        self.vocabulary = int(network.config.vocab_size)
        self.settings = settings
        super().__init__(network, [{"params": list(network.parameters()), "lr": settings.lr}], settings, out)

    def _batches(self, epoch: int) -> list[tuple[int, list[Sequence[int]]]]:
        chosen, seed = self.settings, self.settings.seed * 1000 + epoch
        batches = make_batches(self.texts, len, tokens=chosen.tokens, texts=chosen.texts, seed=seed)
        return [(seed * 1_000_000 + n, batch) for n, batch in enumerate(batches)]

    def _ready(self, batch: tuple[int, list[Sequence[int]]]) -> Masked:
        seed, texts = batch
        return hide(texts, np.random.default_rng(seed), pad=self.pad, mask=self.mask, vocabulary=self.vocabulary)

    def _loss(self, ready: Masked) -> Tensor:
        network: Any = self.network
        on = self.device
        with torch.autocast(on.type, torch.bfloat16, enabled=on.type == "cuda"):
            states = network.bert(input_ids=ready.ids.to(on), attention_mask=ready.mask.to(on)).last_hidden_state
            # Only hidden places are named: scores of all would be most of the work, and of the memory.
            named = network.cls(states.flatten(0, 1)[ready.places.to(on)])
        return F.cross_entropy(named.float(), ready.tokens.to(on))


def hide(texts: Sequence[Sequence[int]], rng: np.random.Generator, *, pad: int, mask: int, vocabulary: int) -> Masked:
    """Pad `texts` (first and last token are special) and hide `HIDDEN` of their tokens, at least one."""
    lengths = np.array([len(t) for t in texts])
    places = np.arange(lengths.max())
    filled = places < lengths[:, None]
    ids = np.full(filled.shape, pad)
    ids[filled] = np.fromiter(chain.from_iterable(texts), dtype=np.int64, count=int(lengths.sum()))
    inner = np.flatnonzero((places > 0) & (places < lengths[:, None] - 1))
    hidden = np.sort(rng.choice(inner, size=max(1, round(HIDDEN * len(inner))), replace=False))
    flat = ids.reshape(-1)
    tokens = flat[hidden]
    way = rng.random(len(hidden))
    other = rng.integers(4, vocabulary, len(hidden))
    flat[hidden] = np.where(way < 0.8, mask, np.where(way < 0.9, other, tokens))
    return Masked(*(torch.from_numpy(part) for part in (ids, filled.astype(np.int64), hidden, tokens)))


def load_masked(base: Path) -> Any:
    """The encoder of `base` below a fresh masked-language head whose output matrix is the word embeddings."""
    from transformers import AutoConfig, BertConfig, BertForMaskedLM

    config = encoder_config(BertConfig, {**AutoConfig.from_pretrained(base).to_dict(), "tie_word_embeddings": True})
    return BertForMaskedLM.from_pretrained(base, config=config, dtype=torch.float32)


def pretrain(base: Path, texts: Sequence[Sequence[int]], out: Path, settings: Settings) -> Path:
    """Adapt the encoder of `base` to `texts` (token ids); returns the directory of the finished encoder."""
    prepare_torch(settings)
    tokenizer = load_tokenizer(base / TOKENIZER)
    mask = tokenizer.token_to_id("<mask>")
    if mask is None:
        mask = tokenizer.token_to_id("[MASK]")
    if mask is None:
        raise ModelError(f"{base / TOKENIZER}: has neither <mask> nor [MASK]; this encoder cannot be adapted")
    network = load_masked(base)
    log.info("%d texts, %d tokens", len(texts), sum(map(len, texts)))
    MaskedLoop(network, texts, settings, out, pad=network.config.pad_token_id, mask=mask).run()
    finished = out / "encoder"
    network.cpu().bert.save_pretrained(finished)
    shutil.copyfile(base / TOKENIZER, finished / TOKENIZER)
    return finished


def token_ids(texts: Sequence[str], base: Path) -> list[list[int]]:
    """Token ids of each text between the special tokens, cut to the encoder's length; texts without tokens are left
    out.
    """
    tokenizer = load_tokenizer(base / TOKENIZER)
    bos, eos = special_ids(tokenizer)
    found = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [[bos, *tokens.ids[: MAX_TOKENS - 2], eos] for tokens in found if tokens.ids]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0 when the encoder is finished, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="python -m models.pretrain", description="Adapt an encoder to feedback.")
    parser.add_argument("--base", required=True, help="BERT encoder: directory or Hugging Face id")
    parser.add_argument("--texts", type=Path, required=True, help="directory of feedback in JSON lines")
    parser.add_argument("--own", type=Path, default=OWN, help="own labelled feedback (default: as shipped)")
    parser.add_argument("--annotated", type=Path, help="further labelled feedback, where given")
    parser.add_argument("--out", type=Path, required=True, help="gets checkpoint/ and, at the end, encoder/")
    parser.add_argument("--epochs", type=float, default=DEFAULTS.epochs)
    parser.add_argument("--max-minutes", type=float, default=DEFAULTS.max_minutes)
    parser.add_argument("--tokens", type=int, default=DEFAULTS.tokens, help="padded tokens of a step")
    parser.add_argument("--lr", type=float, default=DEFAULTS.lr)
    parser.add_argument("--threads", type=int, default=DEFAULTS.threads)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    chosen = {name: getattr(args, name) for name in ("epochs", "max_minutes", "tokens", "lr", "threads")}
    try:
        base, gold = find_model(args.base), usable_texts(args.own, args.annotated)
        texts = [g.text for g in gold if g.part == "train"] + [t.text for t in read_unlabelled(args.texts, gold)]
        finished = pretrain(base, token_ids(texts, base), args.out, replace(DEFAULTS, **chosen))
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"encoder written to {finished}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
