"""How fast texts become opinion units, against what people use today. One run, so that ratios mean something.

    pip install snownlp                     # optional; its row is left out otherwise
    python benchmarks/inference.py FILES... [--counts 1000 10000] [--model current]

FILES hold feedback as `cxi` reads it; equal texts count once, and the first N are taken. Measured end to end, each in a
process of its own: `cxi analyze` with the fast engine and with the reference. Compared with, on as many texts as take
`--seconds`: a Hugging Face text-classification pipeline on the same encoder and on one of BERT-base size (random
weights: only time counts), one text and 32 texts at a time, which gives one label per text and no units; and SnowNLP.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from models.engine import find_model
from models.processor import describe, usable_cores
from pipeline.config import Config, Input
from pipeline.ingest.read import read_feedback
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import Masker
from pipeline.records import Feedback

_LABELS = 3


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--counts", nargs="+", type=int, default=[1000, 10_000])
    parser.add_argument("--model", default="current")
    parser.add_argument("--seconds", type=float, default=40.0, help="time for each of the slow ones")
    options = parser.parse_args()
    texts = read_texts(options.paths, max(options.counts))
    rows: list[Row] = []
    for count in sorted({min(count, len(texts)) for count in options.counts}):
        rows.append(analyze("cxi analyze (onnx int8)", texts[:count], options.model, "onnx"))
    rows.append(analyze("cxi analyze (torch float32)", texts[:1000], options.model, "torch"))
    for name, encoder in (("same encoder", options.model), ("BERT-base size", None)):
        classify = pipeline(encoder, options.model)
        for size in (1, 32):
            label = f"Hugging Face pipeline, {name}, batch size {size}"
            rows.append(
                rate_of(label, lambda some, c=classify, s=size: c(some, batch_size=s), texts, size, options.seconds)
            )
    if importlib.util.find_spec("snownlp"):
        from snownlp import SnowNLP

        def polarity(some: list[str]) -> list[float]:
            return [SnowNLP(text).sentiments for text in some]

        rows.append(rate_of("SnowNLP sentiment", polarity, texts, 1, options.seconds))
    show(rows, texts, options.model)


class Row(NamedTuple):
    """What was measured: the first `texts` of the texts."""

    name: str
    texts: int
    seconds: float
    units: int | None = None
    memory: str = "-"


def show(rows: Sequence[Row], texts: Sequence[str], model: str) -> None:
    """Print the table; ratios are of tokens/s, for rows take different texts, to BERT-base at batch size 32."""
    base = next(row for row in rows if "BERT-base" in row.name and row.name.endswith("32"))
    tokens = tokens_of(texts[: max(row.texts for row in rows)], model)
    print(f"{describe()}, {usable_cores()} cores")
    print("| what | texts | tokens a text | texts/s | units/s | tokens/s | times BERT-base | peak memory, MiB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        seen = sum(tokens[: row.texts])
        rate, ratio = row.texts / row.seconds, seen / row.seconds / (sum(tokens[: base.texts]) / base.seconds)
        units = "-" if row.units is None else f"{row.units / row.seconds:.0f}"
        print(
            f"| {row.name} | {row.texts:,} | {seen / row.texts:.0f} | {rate:.1f} | {units} | {seen / row.seconds:,.0f} "
            f"| {ratio:.1f} | {row.memory} |"
        )


def read_texts(paths: Sequence[Path], count: int) -> list[str]:
    """Distinct masked texts, in file order."""
    reading = read_feedback(
        [Input(paths=list(paths))], config=Config(), masker=Masker(), hasher=KeyedHasher(b"of use to nobody")
    )
    texts = dict.fromkeys(item.text for item in reading.items() if isinstance(item, Feedback))
    return list(islice(texts, count))


def tokens_of(texts: Sequence[str], model: str) -> list[int]:
    """Length of each text in tokens, the two special ones included."""
    from models.encode import load_tokenizer

    tokenizer = load_tokenizer(find_model(model) / "tokenizer.json")
    return [len(found.ids) + 2 for found in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def analyze(name: str, texts: Sequence[str], model: str, engine: str) -> Row:
    """`cxi analyze`, start and writing included."""
    with tempfile.TemporaryDirectory() as folder:
        source, config = Path(folder) / "in.jsonl", Path(folder) / "config.yaml"
        lines = (json.dumps({"id": str(n), "text": text}, ensure_ascii=False) for n, text in enumerate(texts))
        source.write_text("\n".join(lines), encoding="utf-8")
        config.write_text(json.dumps({"version": 1, "model": {"engine": engine, "name": model}}), encoding="utf-8")
        target = Path(folder) / "units.jsonl"
        command = [sys.executable, "-c", _MEASURED, "analyze", str(source), "-c", str(config), "-o", str(target)]
        started = time.monotonic()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.monotonic() - started
        with target.open(encoding="utf-8") as written:
            units = sum(1 for _ in written)
    peak = re.search(r"peak (\d+)", done.stdout)
    return Row(name, len(texts), seconds, units, peak[1] if peak else "?")


_MEASURED = """
import resource, sys
from flows.cli import app
app(standalone_mode=False)
unit = 2 ** 20 if sys.platform == "darwin" else 2 ** 10
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit)
"""


def pipeline(encoder: str | None, model: str) -> Callable[..., Any]:
    """A text-classification pipeline: our encoder with an untrained label head, or BERT-base with random weights."""
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        PreTrainedTokenizerFast,
        TextClassificationPipeline,
    )

    from models.network import encoder_config
    from models.storage import load

    directory = find_model(encoder or model)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(directory / "tokenizer.json"), pad_token="<pad>", model_max_length=512
    )
    stored = load(directory)
    if encoder is None:
        config = BertConfig(vocab_size=stored.encoder["vocab_size"], num_labels=_LABELS)
        network = BertForSequenceClassification(config)
    else:
        config = encoder_config(BertConfig, stored.encoder)
        config.num_labels = _LABELS
        network = BertForSequenceClassification(config)
        weights = {name.removeprefix("encoder."): value for name, value in stored.network().state_dict().items()}
        network.bert.load_state_dict(weights, strict=False)
    return TextClassificationPipeline(model=network.eval(), tokenizer=tokenizer, device="cpu", truncation=True)


def rate_of(name: str, run: Callable[[list[str]], Any], texts: Sequence[str], size: int, seconds: float) -> Row:
    """As many texts as `run` does in about `seconds`, in portions of at least 32."""
    run(list(texts[:size]))
    done, started = 0, time.monotonic()
    while done < len(texts) and time.monotonic() - started < seconds:
        portion = list(texts[done : done + max(size, 32)])
        run(portion)
        done += len(portion)
    return Row(name, done, time.monotonic() - started)


if __name__ == "__main__":
    main()
