"""Commands that read feedback: run, analyze, check, forget."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.errors import errors
from flows.cli.options import (
    DEFAULT_OUT,
    ConfigFile,
    Encoding,
    IdColumn,
    ModelName,
    Paths,
    Separator,
    Sheet,
    TextColumns,
    TimeColumn,
    day,
    settings_of,
    sources_of,
)


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
    reanalyse: Annotated[
        bool, typer.Option("--reanalyse", help="Analyse every feedback again, not only what is new or changed.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be read and analysed, and why; change nothing.")
    ] = False,
    prefect: Annotated[
        bool, typer.Option("--prefect", help="Run as a Prefect flow run instead of in plain Python.")
    ] = False,
) -> None:
    """The whole job: files to opinion units, tables and a report with ranked actions."""
    with errors():
        from flows.alerting import after_run, alert_on_failure
        from flows.terminal import Bars, show_summary, warn
        from pipeline.config import Config, Input, override
        from pipeline.run import run as run_job
        from pipeline.sources import cover
        from pipeline.window import Window

        with alert_on_failure(Config(), out, say=warn):  # a configuration that cannot be read names nobody
            settings = settings_of(config, lang=lang, model=model)
        target = out or settings.out or DEFAULT_OUT
        if plan:
            from flows.planning import show_plan
            from pipeline.planning import plan_run

            sources = sources_of(
                settings, paths, text=text, id_column=id_column, time=time, sheet=sheet, encoding=encoding, sep=sep
            )
            show_plan(plan_run(settings, sources, target, reanalyse=reanalyse, progress=Bars()))
            return
        with ExitStack() as watched:
            if not prefect:  # the flow's own hooks alert
                watched.enter_context(alert_on_failure(settings, target, say=warn))
            sources = sources_of(
                settings, paths, text=text, id_column=id_column, time=time, sheet=sheet, encoding=encoding, sep=sep
            )
            window = Window(day(since, "--since"), day(until, "--until"))
            if prefect:
                from flows.local import run_with_prefect

                everything = override(settings, sources=sources, input=Input())
                result = run_with_prefect(
                    everything, target, window, reanalyse=reanalyse, partial=not cover(sources, settings)
                )
            else:
                result = run_job(settings, sources, target, window=window, progress=Bars(), reanalyse=reanalyse)
        show_summary(result, [] if prefect else after_run(settings, result, say=warn))
        result.require_delivered()


def analyze(
    output: Annotated[Path, typer.Option("--output", "-o", help="Result file: .jsonl, .parquet, .csv or .xlsx.")],
    paths: Paths = None,
    config: ConfigFile = None,
    text: TextColumns = None,
    id_column: IdColumn = None,
    time: TimeColumn = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    sep: Separator = None,
    model: ModelName = None,
) -> None:
    """Only the opinion units, one row each; nothing is stored. Offsets index the original text, `text` is masked."""
    with errors():
        from flows.terminal import Bars, console
        from pipeline.export import analyze_to_file

        settings = settings_of(config, model=model)
        sources = sources_of(
            settings, paths, text=text, id_column=id_column, time=time, sheet=sheet, encoding=encoding, sep=sep
        )
        counts = analyze_to_file(settings, sources, output, progress=Bars())
        console.print(
            f"{counts.feedbacks:,} feedbacks, {counts.units:,} opinion units -> {output}"
            + (f"; {counts.quarantined:,} rows not read (cxi check says why)" if counts.quarantined else "")
        )


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
    with errors():
        from flows.checking import show_check

        settings = settings_of(config)
        sources = sources_of(
            settings, paths, text=text, id_column=id_column, time=time, sheet=sheet, encoding=encoding, sep=sep
        )
        show_check(settings, sources)


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
    also_unknown: Annotated[
        bool,
        typer.Option(
            "--also-unknown",
            help="Keep out ids (with --source) and customers that are not known here, too: after a restore, and before"
            " their feedback has come.",
        ),
    ] = False,
    config: ConfigFile = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be removed, and change nothing.")] = False,
    purge_inbox: Annotated[
        bool,
        typer.Option(
            "--purge-inbox",
            help="Also rewrite the files that runs have put away in inboxes (archive and failed) without these rows.",
        ),
    ] = False,
) -> None:
    """Remove a feedback or a customer from store, tables and reports for good, and keep it out of later runs."""
    with errors():
        from flows.alerting import after_delivery
        from flows.forgetting import show_forgotten
        from flows.terminal import Bars, warn
        from pipeline.forget import Request
        from pipeline.forget import forget as forget_all

        settings = settings_of(config)
        configured = bool(paths or settings.sources or settings.input.kind)
        target = out or settings.out or DEFAULT_OUT
        result = forget_all(
            settings,
            Request(tuple(ids or ()), tuple(customers or ()), source, also_unknown),
            target,
            sources=sources_of(settings, paths) if configured else [],
            plan=plan,
            purge_inbox=purge_inbox,
            progress=Bars(),
        )
        if result.delivery is not None:
            after_delivery(settings, target, say=warn)
        show_forgotten(result, searched=configured)
