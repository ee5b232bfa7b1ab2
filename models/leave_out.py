"""How much a model loses on industries it has never seen:
``python -m models.leave_out --base ENCODER --work DIR --out FILE``.

For each of six groups of industries (`models/data/domain_groups.yaml`) a small model is trained on the train part
without that group, and asked about the group's dev and test feedbacks; one more, trained on as many feedbacks of all
groups, says what it would have been. Small means some of the encoder's layers and a sample of the data, so that the
whole study takes an hour on two cores; it compares, it does not say how good the shipped model is. Every training
resumes, and a finished one is not repeated.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from models import bootstrap
from models.bootstrap import Counts, difference, estimate, show
from models.cases import Case, by_language, run
from models.encode import load_tokenizer
from models.engine import TransformerModel, find_model, open_directory
from models.errors import ModelError
from models.finish import finish
from models.gold import OWN, GoldText, usable_texts
from models.labels import GENERIC
from models.loop import Settings, device_here, prepare_torch
from models.objective import make_examples
from models.output import check_target
from models.storage import TOKENIZER
from models.train import Trainer, keep_layers, load_pretrained

GROUPS = Path(__file__).parent / "data" / "domain_groups.yaml"
_FIGURES = (("unit F1", None), ("stage", "stage"), ("touchpoint", "touchpoint"))

log = logging.getLogger("models.leave_out")


def read_groups(path: Path = GROUPS) -> dict[str, list[str]]:
    """Name of each group and the words that its domain ids hold."""
    groups: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return groups


def group_of(domain: str, groups: dict[str, list[str]]) -> str | None:
    """The first group with a word that `domain` holds; None for none."""
    return next((name for name, words in groups.items() if any(word in f"{domain}_" for word in words)), None)


def sample(gold: Sequence[GoldText], size: int, *, without: str | None, groups: dict[str, list[str]]) -> list[GoldText]:
    """At most `size` train feedbacks outside of the group `without`, the same order of choice for every group."""
    order = sorted((g for g in gold if g.part == "train"), key=lambda g: g.id)
    random.Random(20231).shuffle(order)
    kept = [g for g in order if without is None or group_of(g.domain, groups) != without]
    return kept[:size]


def train_small(base: Path, work: Path, gold: Sequence[GoldText], *, layers: int, settings: Settings) -> Path:
    """Train on `gold` unless `work` holds the finished model; returns its directory."""
    finished = work / "model"
    if (finished / "config.json").is_file():
        return finished
    prepare_torch(settings)
    tokenizer = base / TOKENIZER
    examples = make_examples(gold, load_tokenizer(tokenizer), GENERIC)
    network = load_pretrained(base, GENERIC)
    keep_layers(network, layers)
    encoder: Any = network.encoder
    Trainer(network, examples, settings, work, pad=encoder.config.pad_token_id).run()
    finish(finished, network, [e.window for e in examples], tokenizer=tokenizer)
    return finished


def rows(name: str, seen: Sequence[Case], unseen: Sequence[Case]) -> list[str]:
    """A table row per language: figures of both models on the same feedbacks, and the paired difference."""
    theirs = by_language(unseen)
    return [
        f"| {name} | {lang} | {len(mine)} | "
        + " | ".join(cell for _, head in _FIGURES for cell in _compared(mine, theirs[lang], head))
        + " |"
        for lang, mine in by_language(seen).items()
    ]


def _compared(seen: Sequence[Case], unseen: Sequence[Case], head: str | None) -> tuple[str, str, str]:
    """Unit F1 (None) or the accuracy of a label: with the group, without it, and what that costs."""
    a, b = _columns(seen, head), _columns(unseen, head)
    figure = bootstrap.f1 if head is None else bootstrap.ratio
    gap = difference(b, a, figure)
    values = (estimate(columns, figure).value for columns in (a, b))
    return *(f"{value:.3f}" for value in values), show(gap, sign=True)  # type: ignore[return-value]


def _columns(cases: Sequence[Case], head: str | None) -> Counts:
    tallies = [c.tally for c in cases]
    return bootstrap.f1_columns(tallies, None) if head is None else bootstrap.accuracy_columns(tallies, head)


def study(base: Path, work: Path, gold: Sequence[GoldText], *, layers: int, size: int, settings: Settings) -> str:
    """Train the seven models and make the table."""
    groups = read_groups()

    def trained(without: str | None) -> TransformerModel:
        log.info("training without %s", without or "nothing")
        texts = sample(gold, size, without=without, groups=groups)
        # Named by what they learn: a finished model is used again by the same study only.
        learned = repr((base.resolve(), layers, replace(settings, threads=0), texts))
        name = f"{without or 'all'}-{hashlib.sha256(learned.encode()).hexdigest()[:8]}"
        finished = train_small(base, work / name, texts, layers=layers, settings=settings)
        return open_directory(str(finished), engine="torch")

    everything, lines = trained(None), [_HEAD, _RULE]
    for name in groups:
        asked = [g for g in gold if g.part != "train" and group_of(g.domain, groups) == name]
        lines += rows(name, run(everything, asked), run(trained(name), asked))
    return "\n".join(lines)


_INTRO = """# Industries left out of training

<!-- Written by models.leave_out; run the command again instead of editing. -->

```
{command}
```

For each group of industries (`models/data/domain_groups.yaml`): a model of {layers} layers trained on
{size:,} feedbacks of all groups (seen), and one trained on as many without the group (unseen), both asked
about the group's dev and test feedbacks, predicted units. Differences with 95 % intervals, paired, bootstrap
over feedbacks. Each model is one training, and all rows share the one that has seen every group: the intervals hold the
chance in which feedbacks are asked, not that of another training or sample. Small models: they compare, the shipped
one is better.

"""
_HEAD = "| group | language | feedbacks | " + " | ".join(f"{n}: seen | unseen | difference" for n, _ in _FIGURES) + " |"
_RULE = "|---|---|" + "---:|" * (1 + 3 * len(_FIGURES))


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0 when the table is written, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="python -m models.leave_out", description="Leave groups of industries out.")
    parser.add_argument("--base", required=True, help="pretrained encoder (directory or Hugging Face id)")
    parser.add_argument("--own", type=Path, default=OWN, help="own labelled feedback (default: as shipped)")
    parser.add_argument("--annotated", type=Path, help="further labelled feedback, file or directory")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--feedbacks", type=int, default=9000, help="training feedbacks of every model")
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, required=True, help="directory of the seven trainings")
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    settings = Settings(epochs=args.epochs, lr=2e-4, threads=args.threads)
    if device_here().type == "cuda":
        settings = replace(settings, tokens=4096, texts=128, lr=4e-4)
    try:
        check_target(args.out)
        base, gold = find_model(args.base), usable_texts(args.own, args.annotated)
        table = study(base, args.work, gold, layers=args.layers, size=args.feedbacks, settings=settings)
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    given = "--annotated FILE " if args.annotated else ""
    size = f"--layers {args.layers} --feedbacks {args.feedbacks} --epochs {args.epochs:g}"
    command = f"python -m models.leave_out --base ENCODER {given}{size} --work DIR --out FILE"
    intro = _INTRO.format(command=command, layers=args.layers, size=args.feedbacks)
    args.out.write_text(intro + table + "\n", encoding="utf-8")
    print(f"written to {args.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
