"""The command line: ``python -m models.public --texts DIR --out FILE``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from models.engine import TransformerModel, load_model
from models.errors import GoldError, ModelError
from models.output import check_target
from models.processor import describe
from models.public.document import report
from models.public.figures import SETS, run_sets
from models.public.reading import known_texts, read_set, read_touchpoints


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 0 when the document is written, 2 for unusable input."""
    args = _parser().parse_args(argv)
    try:
        check_target(args.out)
        model = load_model(args.model)
        touchpoints = read_touchpoints(labels=model.labels)
        known = known_texts(args.annotated)
        sets = {name: read_set(args.texts, name, touchpoints.get(name, {}), known) for name in SETS}
        if not any(sets.values()):
            raise GoldError(f"{args.texts}: no file of the sets {', '.join(SETS)} (.jsonl or .jsonl.gz)")
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    name = args.model if args.model in {"current", "lexicon"} else "DIR"
    given = ["--annotated FILE"] * bool(args.annotated)
    command = " ".join(["python -m models.public --texts DIR", f"--model {name}", *given, "--out FILE"])
    engine = f", engine {model.scorer.name}, processor {describe()}" if isinstance(model, TransformerModel) else ""
    text = report(
        sets,
        run_sets(model, sets),
        touchpoints,
        model.labels,
        model=model.model_id + engine,
        command=command,
        known=len(known),
        told=bool(args.annotated),
    )
    args.out.write_text(text, encoding="utf-8")
    print(f"written to {args.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m models.public", description="Score a model on public data sets.")
    parser.add_argument("--texts", type=Path, required=True, help="directory of the public data sets")
    parser.add_argument("--model", default="current", help="model name, directory or Hugging Face id")
    parser.add_argument(
        "--annotated",
        type=Path,
        nargs="+",
        default=[],
        help="labelled public feedback: its train and dev parts are left out",
    )
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
