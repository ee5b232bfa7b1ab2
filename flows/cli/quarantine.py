"""Commands for rows set aside: quarantine list, export, retry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.cli.errors import errors
from flows.cli.options import (
    DEFAULT_OUT,
    ConfigFile,
    Encoding,
    IdColumn,
    ModelName,
    Separator,
    Sheet,
    TextColumns,
    TimeColumn,
    settings_of,
    sources_of,
)

Out = Annotated[Path | None, typer.Option("--out", "-o", help="The --out of your runs. Default: ./cx-out")]
Reason = Annotated[
    str | None, typer.Option("--reason", help="Only rows set aside for this reason, such as bad_date (docs/input.md).")
]
File = Annotated[str | None, typer.Option("--file", help="Only rows of this file, as `cxi quarantine list` names it.")]


def show(
    out: Out = None,
    config: ConfigFile = None,
    reason: Reason = None,
    file: File = None,
    form: Annotated[
        Literal["table", "json"], typer.Option("--format", help="For people, or one JSON object for programs.")
    ] = "table",
) -> None:
    """What is set aside, by source, file and reason: how many rows, why, the first examples, and the remedy."""
    with errors():
        from flows.quarantining import show_rows
        from pipeline.quarantine import rows_aside

        target = out or settings_of(config).out or DEFAULT_OUT
        show_rows(rows_aside(target, reason=reason, file=file), as_json=form == "json")


def export(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="File to write: .xlsx, .csv or .jsonl.")],
    out: Out = None,
    config: ConfigFile = None,
    reason: Reason = None,
    file: File = None,
) -> None:
    """All rows set aside with place, reason, remedy and masked preview, for whoever mends them."""
    with errors():
        from flows.terminal import console
        from pipeline.quarantine import export as write
        from pipeline.quarantine import rows_aside

        rows = rows_aside(out or settings_of(config).out or DEFAULT_OUT, reason=reason, file=file)
        write(rows, output)
        console.print(f"{len(rows):,} rows set aside -> {output}", markup=False)


def retry(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files and directories in which to look for the files with rows set aside."
            " Without any: the sources of the configuration.",
            show_default=False,
        ),
    ] = None,
    out: Out = None,
    config: ConfigFile = None,
    reason: Reason = None,
    file: File = None,
    text: TextColumns = None,
    id_column: IdColumn = None,
    time: TimeColumn = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    sep: Separator = None,
    model: ModelName = None,
) -> None:
    """Read again the rows set aside, after the file or the mapping was mended: what is good now is taken in."""
    with errors():
        from flows.quarantining import show_retried
        from flows.terminal import Bars
        from pipeline.retry import retry as read_again

        settings = settings_of(config, model=model)
        sources = sources_of(
            settings, paths, text=text, id_column=id_column, time=time, sheet=sheet, encoding=encoding, sep=sep
        )
        target = out or settings.out or DEFAULT_OUT
        show_retried(read_again(settings, sources, target, reason=reason, file=file, progress=Bars()))
