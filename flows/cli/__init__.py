"""`cxi`: the command line. Commands only read options, call the library and print; heavy imports stay inside them."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli import alerts, backfill, delivery, jobs, lookup, model, quarantine

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, and those hold feedback text
    help=(
        "Turn Chinese and English customer feedback into opinion units, tables and a report that ranks actions.\n\n"
        "把中英文客户反馈变成观点单元、数据表和行动优先级报告。"
    ),
    epilog="Exit codes: 0 done, 1 other error, 2 usage or configuration, 3 input, 4 table contract, 5 store or output,"
    " 6 report, 7 model, 8 a run is overdue, 9 some partitions of a backfill failed, 130 interrupted.",
)


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


for command in (
    jobs.run,
    jobs.analyze,
    jobs.check,
    jobs.forget,
    delivery.publish,
    backfill.backfill,
    model.evaluate,
    lookup.tables,
    lookup.taxonomy,
    lookup.doctor,
):
    app.command()(command)

model_app = typer.Typer(no_args_is_help=True, help="The model that labels the text.")
model_app.command("eval")(model.evaluate)
model_app.command()(model.info)
model_app.command()(model.export)
app.add_typer(model_app, name="model")
app.add_typer(alerts.app, name="alerts")

quarantine_app = typer.Typer(no_args_is_help=True, help="Rows set aside: see them, hand them on, read them again.")
quarantine_app.command("list")(quarantine.show)
quarantine_app.command()(quarantine.export)
quarantine_app.command()(quarantine.retry)
app.add_typer(quarantine_app, name="quarantine")


def main() -> None:
    """Run the command line."""
    app()
