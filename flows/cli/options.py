"""Options that several commands share, and what they mean for the configuration."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.config import Config, Input

DEFAULT_OUT = Path("cx-out")

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Files (csv, tsv, jsonl, json, parquet, xlsx; text also .gz), directories, or - for JSONL on stdin."
        " Without any: the sources of the configuration.",
        show_default=False,
    ),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="YAML configuration; see configs/default.yaml.")
]
TextColumns = Annotated[
    list[str] | None,
    typer.Option("--text", help="Column with the feedback text; repeat it for several verbatim columns."),
]
IdColumn = Annotated[str | None, typer.Option("--id", help="Column with the feedback id.")]
TimeColumn = Annotated[str | None, typer.Option("--time", help="Column with the date or time.")]
Sheet = Annotated[str | None, typer.Option(help="Sheet of an XLSX workbook.")]
Encoding = Annotated[str | None, typer.Option(help="Text encoding, e.g. gb18030; found by itself where it can be.")]
Separator = Annotated[str | None, typer.Option("--sep", help="Column separator of a CSV file.")]
ModelName = Annotated[
    str | None, typer.Option("--model", help="current (shipped), a directory, a Hugging Face id, or lexicon (rules).")
]


def settings_of(path: Path | None, *, lang: str | None = None, model: str | None = None) -> Config:
    """The configuration with what the command line says put over it. Raises ConfigError."""
    from pipeline.config import load_config, override

    settings = load_config(path)
    if lang is not None:
        settings = override(settings, report=override(settings.report, language=lang))
    if model is not None:
        settings = override(settings, model=override(settings.model, name=model))
    return settings


def sources_of(
    settings: Config,
    paths: list[Path] | None,
    *,
    text: list[str] | None = None,
    id_column: str | None = None,
    time: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    sep: str | None = None,
) -> list[Input]:
    """What to read, with what the command line says about columns and format put over the configuration."""
    from pipeline.config import override
    from pipeline.sources import choose_sources

    columns = {"text": text[0] if text and len(text) == 1 else text, "id": id_column, "time": time}
    options = {"sheet": sheet, "encoding": encoding, "sep": "\t" if sep == "\\t" else sep}
    columns = {name: value for name, value in columns.items() if value}
    options = {name: value for name, value in options.items() if value}
    return [
        override(source, columns=override(source.columns, **columns), **options)
        for source in choose_sources(settings, paths or [])
    ]


def day(value: str | None, option: str) -> date | None:
    """A day as YYYY-MM-DD. Raises ConfigError naming the option."""
    from pipeline.errors import ConfigError

    if value is None:
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%d").date()
    except ValueError as error:
        raise ConfigError("not a day", where=option, value=value, remedy="write it as YYYY-MM-DD") from error
