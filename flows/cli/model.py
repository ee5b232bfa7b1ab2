"""Commands about the model: evaluate, model info, model export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.errors import errors, writing
from flows.cli.options import ModelName


def evaluate(
    gold: Annotated[
        Path | None,
        typer.Option(
            help="Labelled feedback: JSONL with id, lang, text and units of start, end, sentiment, stage, touchpoint"
            " and intent; or a directory of it. Default: our own, in a checkout."
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(help="train, dev, test or all. Default: all of a file that is given, the test part of our own."),
    ] = None,
    model: ModelName = None,
    compare: Annotated[
        str | None, typer.Option(help="A second model: figures of both, and whether they clearly differ.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Markdown file; otherwise printed.")] = None,
) -> None:
    """What a model scores on labelled feedback: units, labels, confusions, domains, calibration."""
    with errors():
        from flows.evaluating import PARTS, evaluation
        from pipeline.errors import ConfigError

        if part not in (None, *PARTS):
            raise ConfigError("no such part", where="--part", value=part, remedy=f"one of {', '.join(PARTS)}")
        text = evaluation(gold, part, model=model or "current", other=compare)
        if output is None:
            typer.echo(text)
        else:
            with writing(output):
                output.write_text(text, encoding="utf-8")
            typer.echo(f"written to {output}")


def info(name: Annotated[str, typer.Argument(help="current, a directory or a Hugging Face id.")] = "current") -> None:
    """What a model is: size, encoder, labels, calibration, where its card is."""
    with errors():
        from models.packaging import facts

        for what, value in facts(name):
            typer.echo(f"{what:<16} {value}")


def export(
    target: Annotated[Path, typer.Argument(help="New directory.")],
    name: Annotated[str, typer.Option("--model", help="current, a directory or a Hugging Face id.")] = "current",
    onnx: Annotated[bool, typer.Option("--onnx", help="Also the ONNX graphs that the fast engine runs.")] = False,
) -> None:
    """Copy a model into a new directory, for another machine or another program."""
    with errors():
        from models.packaging import export as export_model

        for path in export_model(name, target, onnx=onnx):
            typer.echo(str(path))
