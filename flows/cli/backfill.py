"""The command backfill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.errors import errors
from flows.cli.options import DEFAULT_OUT, ConfigFile, ModelName, Paths, day, settings_of, sources_of


def backfill(
    first: Annotated[str, typer.Option("--from", help="First day (YYYY-MM-DD) of the dates in file or folder names.")],
    last: Annotated[str, typer.Option("--to", help="Last day (YYYY-MM-DD).")],
    paths: Paths = None,
    config: ConfigFile = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where everything is written. Default: ./cx-out")
    ] = None,
    by: Annotated[str, typer.Option(help="One run per month, week or day.")] = "month",
    deployment: Annotated[
        str | None,
        typer.Option(help="Run each partition as this Prefect deployment, e.g. insights/ad-hoc; needs a server."),
    ] = None,
    model: ModelName = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say which files belong to which run, and run nothing.")] = False,
) -> None:
    """Historic files, one run per month, week or day; what is done is skipped, a failed run does not stop the rest."""
    with errors():
        from flows.terminal import Bars
        from pipeline.backfill import PARTIAL, carry_out, guarded
        from pipeline.backfill import plan as make_plan
        from pipeline.errors import ConfigError
        from pipeline.run import run as run_job

        settings = settings_of(config, model=model)
        if by not in ("month", "week", "day"):
            raise ConfigError("no such partition", where="--by", value=by, remedy="month, week or day")
        start, end = day(first, "--from"), day(last, "--to")
        if start is None or end is None or start > end:
            raise ConfigError("ends before it begins", where="--from, --to", value=f"{first} to {last}")
        target = (out or settings.out or DEFAULT_OUT).expanduser().absolute()
        found = make_plan(sources_of(settings, paths), start, end, by, config=settings)  # type: ignore[arg-type]
        for path in found.undated:
            typer.echo(f"no date in its name or folder, left out: {path}", err=True)
        for name in found.left_out:
            typer.echo(f"source {name} names no paths, left out (an inbox's archive can be named)", err=True)
        if plan:
            for partition in found.partitions:
                typer.echo(f"{partition.name}: {', '.join(map(str, partition.paths))}")
            return
        if deployment is None:
            execute = guarded(
                lambda partition: run_job(
                    settings, sources_of(settings, list(partition.paths)), target, progress=Bars()
                ).require_delivered()
            )
        else:
            if config is None:
                raise ConfigError("a deployment reads a configuration file", where="--config", remedy="name it")
            if model is not None:
                raise ConfigError(
                    "a deployment takes its model from the configuration",
                    where="--model",
                    value=model,
                    remedy=f"set model.name in {config}, and leave --model out",
                )
            from flows.backfill import BackfillParameters, by_deployment

            asked = BackfillParameters(config=config.absolute(), first=start, last=end, deployment=deployment)
            execute = by_deployment(asked, target)
        outcomes = carry_out(found.partitions, target, execute)
        for each in outcomes:
            typer.echo(f"{each.name:<12} {each.state:<8} {each.files} files {each.error}".rstrip())
        if any(each.state == "failed" for each in outcomes):
            raise typer.Exit(PARTIAL)
