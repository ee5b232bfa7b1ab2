"""`cxi`: the command line. Commands only read options, call the library and print; heavy imports stay inside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.config import Config, Input

INTERRUPTED = 130
DEFAULT_OUT = Path("cx-out")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, and those hold feedback text
    help=(
        "Turn Chinese and English customer feedback into opinion units, tables and a report that ranks actions.\n\n"
        "把中英文客户反馈变成观点单元、数据表和行动优先级报告。"
    ),
    epilog="Exit codes: 0 done, 1 other error, 2 usage or configuration, 3 input, 4 table contract, 5 store or output,"
    " 6 report, 7 model, 130 interrupted.",
)


model_app = typer.Typer(no_args_is_help=True, help="The model that labels the text.")
app.add_typer(model_app, name="model")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"cx-insight {version('cx-insight')}")
        raise typer.Exit


@app.callback()
def cxi(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Take the options that stand before the command."""


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


@app.command()
def run(
    paths: Paths = None,
    config: ConfigFile = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where everything is written. Default: ./cx-out")
    ] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="Report language: zh, en or both.")] = None,
    text: TextColumns = None,
    id_column: IdColumn = None,
    time: TimeColumn = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    sep: Separator = None,
    model: ModelName = None,
    since: Annotated[
        str | None, typer.Option(help="Publish and report only feedback from this day on (YYYY-MM-DD).")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Publish and report only feedback up to this day.")] = None,
    prefect: Annotated[
        bool, typer.Option("--prefect", help="Run as a Prefect flow run instead of in plain Python.")
    ] = False,
) -> None:
    """The whole job: files to opinion units, tables and a report with ranked actions."""
    with _errors():
        from flows.terminal import Bars, show_summary
        from pipeline.config import Input, override
        from pipeline.run import run as run_job
        from pipeline.window import Window

        settings = _settings(config, lang=lang, model=model)
        sources = _sources(
            settings, paths, text=text, id_column=id_column, time=time, sheet=sheet, encoding=encoding, sep=sep
        )
        target = out or settings.out or DEFAULT_OUT
        window = Window(_day(since, "--since"), _day(until, "--until"))
        if prefect:
            from flows.local import run_with_prefect

            result = run_with_prefect(override(settings, sources=sources, input=Input()), target, window)
        else:
            result = run_job(settings, sources, target, window=window, progress=Bars())
        show_summary(result)


@app.command()
def analyze(
    output: Annotated[Path, typer.Option("--output", "-o", help="Result file: .jsonl, .parquet, .csv or .xlsx.")],
    paths: Paths = None,
    config: ConfigFile = None,
    text: TextColumns = None,
    id_column: IdColumn = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    sep: Separator = None,
    model: ModelName = None,
) -> None:
    """Only the opinion units, one row each; nothing is stored. Offsets index the original text, `text` is masked."""
    with _errors():
        from flows.terminal import Bars, console
        from pipeline.export import analyze_to_file

        settings = _settings(config, model=model)
        sources = _sources(settings, paths, text=text, id_column=id_column, sheet=sheet, encoding=encoding, sep=sep)
        counts = analyze_to_file(settings, sources, output, progress=Bars())
        console.print(
            f"{counts.feedbacks:,} feedbacks, {counts.units:,} opinion units -> {output}"
            + (f"; {counts.quarantined:,} rows not read (cxi check says why)" if counts.quarantined else "")
        )


@app.command()
def check(
    paths: Paths = None,
    config: ConfigFile = None,
    text: TextColumns = None,
    id_column: IdColumn = None,
    time: TimeColumn = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    sep: Separator = None,
) -> None:
    """How the input would be read: format, encoding, columns, languages, dates, scores, bad rows. Stores nothing."""
    with _errors():
        from flows.checking import show_check

        settings = _settings(config)
        sources = _sources(
            settings, paths, text=text, id_column=id_column, time=time, sheet=sheet, encoding=encoding, sep=sep
        )
        show_check(settings, sources)


@app.command()
def forget(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Input files and directories to look for rows that are still there; they are only read."
            " Without any: the sources of the configuration.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The --out of your runs. Default: ./cx-out")] = None,
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="Id of a feedback as its source writes it; may be repeated.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Name of the ids' source, where several sources have the same id.")
    ] = None,
    customers: Annotated[
        list[str] | None,
        typer.Option(
            "--customer",
            help="Customer as the source writes it: all of that customer's feedback, and all"
            " that may come; may be repeated.",
        ),
    ] = None,
    config: ConfigFile = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be removed, and change nothing.")] = False,
) -> None:
    """Remove a feedback or a customer from store, tables and reports for good, and keep it out of later runs."""
    with _errors():
        from flows.forgetting import show_forgotten
        from flows.terminal import Bars
        from pipeline.forget import Request
        from pipeline.forget import forget as forget_all

        settings = _settings(config)
        configured = bool(paths or settings.sources or settings.input.paths)
        result = forget_all(
            settings,
            Request(tuple(ids or ()), tuple(customers or ()), source),
            out or settings.out or DEFAULT_OUT,
            sources=_sources(settings, paths) if configured else [],
            plan=plan,
            progress=Bars(),
        )
        show_forgotten(result, searched=configured)


@app.command()
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
        str | None, typer.Option(help="A second model: every figure of both, and the difference with its interval.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Markdown file; otherwise printed.")] = None,
) -> None:
    """What a model scores on labelled feedback: units, labels, confusions, domains, calibration."""
    with _errors():
        from flows.evaluating import PARTS, evaluation
        from pipeline.errors import ConfigError

        if part not in (None, *PARTS):
            raise ConfigError("no such part", where="--part", value=part, remedy=f"one of {', '.join(PARTS)}")
        text = evaluation(gold, part, model=model or "current", other=compare)
        if output is None:
            typer.echo(text)
        else:
            with _writing(output):
                output.write_text(text, encoding="utf-8")
            typer.echo(f"written to {output}")


model_app.command("eval")(evaluate)


@model_app.command()
def info(name: Annotated[str, typer.Argument(help="current, a directory or a Hugging Face id.")] = "current") -> None:
    """What a model is: size, encoder, labels, calibration, where its card is."""
    with _errors():
        from models.packaging import facts

        for what, value in facts(name):
            typer.echo(f"{what:<16} {value}")


@model_app.command()
def export(
    target: Annotated[Path, typer.Argument(help="New directory.")],
    name: Annotated[str, typer.Option("--model", help="current, a directory or a Hugging Face id.")] = "current",
    onnx: Annotated[bool, typer.Option("--onnx", help="Also the ONNX graphs that the fast engine runs.")] = False,
) -> None:
    """Copy a model into a new directory, for another machine or another program."""
    with _errors():
        from models.packaging import export as export_model

        for path in export_model(name, target, onnx=onnx):
            typer.echo(str(path))


@app.command()
def tables() -> None:
    """The output tables: grain, key, columns and their meaning."""
    with _errors():
        from pipeline.tables import describe

        typer.echo(describe())


@app.command()
def taxonomy(config: ConfigFile = None) -> None:
    """The labels in Chinese and English."""
    with _errors():
        from pipeline.taxonomy import HEADS, load_taxonomy

        labels = load_taxonomy(_settings(config).taxonomy)
        typer.echo(f"taxonomy {labels.name}, version {labels.version}")
        for head in HEADS:
            typer.echo(f"\n{head}")
            for term in labels.terms(head):
                typer.echo(f"  {term.id:<14} {term.en:<26} {term.zh}")


@app.command()
def doctor(config: ConfigFile = None) -> None:
    """Versions, model, device, database: what is there, what is missing, and the remedy."""
    with _errors():
        from pipeline.doctor import examine

        failed = False
        for finding in examine(_settings(config)):
            failed |= not finding.ok
            typer.echo(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name:<18} {finding.detail}")
            if finding.remedy:
                typer.echo(f"     {'':<18} remedy: {finding.remedy}")
        if failed:
            raise typer.Exit(1)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    from pipeline.errors import StoreError

    try:
        yield
    except OSError as error:
        raise StoreError("cannot be written", where=str(path), value=error.strerror, remedy="name a file") from error


def _settings(path: Path | None, *, lang: str | None = None, model: str | None = None) -> Config:
    from pipeline.config import load_config, override

    settings = load_config(path)
    if lang is not None:
        settings = override(settings, report=override(settings.report, language=lang))
    if model is not None:
        settings = override(settings, model=override(settings.model, name=model))
    return settings


def _sources(
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


def _day(value: str | None, option: str) -> date | None:
    from pipeline.errors import ConfigError

    if value is None:
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%d").date()
    except ValueError as error:
        raise ConfigError("not a day", where=option, value=value, remedy="write it as YYYY-MM-DD") from error


@contextmanager
def _errors() -> Iterator[None]:
    """Errors a user can mend become one clear message and an exit code; anything else keeps its traceback."""
    try:
        yield
    except KeyboardInterrupt:
        _fail("interrupted: nothing was published; run the same command again to go on", INTERRUPTED)
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        _fail(str(error), code)


def _exit_code(error: Exception) -> int | None:
    from models.errors import ModelError
    from pipeline.errors import CxiError

    if isinstance(error, CxiError):
        return error.exit_code
    return 7 if isinstance(error, ModelError) else None


def _fail(message: str, code: int) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
