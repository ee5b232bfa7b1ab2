"""Commands about alerts: list, ack, overdue, test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.errors import errors
from flows.cli.options import DEFAULT_OUT, ConfigFile, settings_of

if TYPE_CHECKING:
    from pipeline.alerts.lifecycle import Alert

OVERDUE = 8
"""Exit code of `cxi alerts overdue` when a run is overdue."""

Out = Annotated[Path | None, typer.Option("--out", "-o", help="The --out of your runs. Default: ./cx-out")]

app = typer.Typer(no_args_is_help=True, help="What is wrong with runs and their data: look, acknowledge, watch.")


@app.command("list")
def show(
    config: ConfigFile = None,
    out: Out = None,
    closed: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """The alerts that are not closed: state, how often and since when they were seen, in English and Chinese."""
    with errors():
        from pipeline.store.store import Store

        with Store.open(_store(config, out)) as store:
            alerts = [alert for alert in store.alerts().values() if closed or alert.state != "closed"]
        for alert in alerts:
            typer.echo(_lines(alert))
        if not alerts:
            typer.echo("no alerts")


@app.command()
def ack(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="Id as `cxi alerts list` shows it.")],
    config: ConfigFile = None,
    out: Out = None,
) -> None:
    """Acknowledge an alert: no more reminders, but word when it gets worse or is over."""
    with errors():
        from pipeline.alerts.lifecycle import acknowledge
        from pipeline.errors import CxiError
        from pipeline.store.store import Store

        with Store.open(_store(config, out)) as store:
            alerts = store.alerts()
            if alert_id not in alerts or alerts[alert_id].state == "closed":
                active = [name for name, alert in alerts.items() if alert.state != "closed"]
                raise CxiError(
                    "no such alert", where="ID", value=alert_id, remedy=f"one of: {', '.join(active) or '-'}"
                )
            alerts[alert_id] = acknowledge(alerts[alert_id])
            store.put_alerts(alerts.values())
        typer.echo(f"acknowledged {alert_id}")


@app.command()
def overdue(
    hours: Annotated[float, typer.Option(help="How old the last published run may be.", min=0)] = 26,
    config: ConfigFile = None,
    out: Out = None,
) -> None:
    """Alert if no run was published in time. For cron, on another schedule than the run; needs no Prefect server."""
    with errors():
        from flows.alerting import overdue as look

        problem = look(settings_of(config), _out(config, out), hours=hours, say=_warn)
        if problem is None:
            typer.echo("in time")
        else:
            typer.echo("\n".join(problem.message[::-1]))
            raise typer.Exit(OVERDUE)


@app.command()
def test(config: ConfigFile = None) -> None:
    """Send a test notification to every configured address."""
    with errors():
        from flows.notifying import addresses, deliver
        from pipeline.errors import ConfigError, CxiError

        settings = settings_of(config)
        if not addresses(settings):
            raise ConfigError(
                "nobody to be told", where=settings.alerts.urls_env, remedy="put Apprise URLs into this variable"
            )
        if not deliver(settings, "cx-insight: test / 测试", "This is a test. 这是一条测试消息。", say=_warn):
            raise CxiError("no address took the notification", remedy="check the addresses and the network")
        typer.echo("sent")


def _out(config: Path | None, out: Path | None) -> Path:
    return (out or settings_of(config).out or DEFAULT_OUT).expanduser().absolute()


def _store(config: Path | None, out: Path | None) -> Path:
    """The output folder, which must have a store: looking must not make one. Raises StoreError."""
    from pipeline.errors import StoreError
    from pipeline.store.store import DATABASE

    folder = _out(config, out)
    if not (folder / "store" / DATABASE).is_file():
        raise StoreError("there is no store here", where=str(folder), remedy="name the --out of your runs")
    return folder


def _warn(message: str) -> None:
    typer.echo(message, err=True)


def _lines(alert: Alert) -> str:
    since = f"{alert.first_seen:%Y-%m-%d %H:%M} to {alert.last_seen:%Y-%m-%d %H:%M} UTC"
    return f"{alert.id}  {alert.state}, seen {alert.count}×, {since}\n    {alert.message[1]}\n    {alert.message[0]}"
