"""Average the weights of models that were trained from the same one: ``python -m models.average MODEL MODEL [MODEL ...]
--out DIR [--own FILE] [--annotated FILE]``.

Trainings that start from the same weights end near one another, each with errors of its own; their mean is often better
than any of them and costs no more to run (Wortsman et al. 2022, "Model soups"). The int8 ranges are chosen on the train
part, decoding and temperatures on the dev part.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from models.encode import encode, load_tokenizer
from models.engine import find_model
from models.errors import GoldError, ModelError
from models.finish import finish, tune
from models.gold import OWN, GoldText, usable_texts
from models.labels import GENERIC
from models.network import UnitNetwork
from models.storage import Stored, load

_SAMPLE = 2000  # texts that the sample for the int8 ranges is drawn from


def average(models: Sequence[Stored]) -> UnitNetwork:
    """The network whose weights are the mean of those of `models`.

    Raises `ModelError` for fewer than two models, and for models of another shape, label set or tokenizer: their
    weights do not mean the same.
    """
    if len(models) < 2:
        raise ModelError(f"an average is of two models or more; {len(models)} given")
    first, *others = models
    for model in models:
        if model.labels != GENERIC:
            raise ModelError(f"{model.directory}: not the labels of {GENERIC.taxonomy!r}, which calibration needs")
    for other in others:
        if other.encoder != first.encoder:
            raise ModelError(f"{other.directory}: not the shape of {first.directory}; no average of the two")
        if other.tokenizer.read_bytes() != first.tokenizer.read_bytes():
            raise ModelError(f"{other.directory}: not the tokenizer of {first.directory}; no average of the two")
    network = first.network()
    states: list[dict[str, Tensor]] = [network.state_dict(), *(other.network().state_dict() for other in others)]
    network.load_state_dict({name: torch.stack([s[name] for s in states]).mean(dim=0) for name in states[0]})
    return network


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0 when the model is finished, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="python -m models.average", description="Average the weights of models.")
    parser.add_argument("models", nargs="+", help="finished models, trained from the same one")
    parser.add_argument("--own", type=Path, default=OWN, help="own labelled feedback (default: as shipped)")
    parser.add_argument("--annotated", type=Path, help="further labelled feedback, where given")
    parser.add_argument("--out", type=Path, required=True, help="gets the model")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        stored = [load(find_model(name)) for name in args.models]
        network = average(stored)
        gold = usable_texts(args.own, args.annotated)
        _finish(args.out, network, gold, stored[0].tokenizer)
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"model written to {args.out}")
    return 0


def _finish(out: Path, network: UnitNetwork, gold: Sequence[GoldText], tokenizer: Path) -> None:
    learned, dev = ([g for g in gold if g.part == part] for part in ("train", "dev"))
    if not learned or not dev:
        raise GoldError(
            "labelled feedback is needed in the train part and in the dev part, to choose ranges and decoding by"
        )
    some = random.Random(7).sample(learned, min(_SAMPLE, len(learned)))
    windows = [window for item in encode([g.text for g in some], load_tokenizer(tokenizer)) for window in item.windows]
    finish(out, network, windows, tokenizer=tokenizer)
    tune(out, dev)


if __name__ == "__main__":
    raise SystemExit(main())
