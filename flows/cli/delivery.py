"""Commands about the sink: publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.errors import errors
from flows.cli.options import DEFAULT_OUT, ConfigFile, settings_of


def publish(
    config: ConfigFile = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The --out of your runs. Default: ./cx-out")] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Also where the schema holds tables of another store, or of a later run than this store knows"
            " (after restoring a backup): they are replaced.",
        ),
    ] = False,
) -> None:
    """Bring PostgreSQL to the state of the current snapshot, e.g. after it was down; reads and analyses nothing."""
    with errors():
        from flows.alerting import after_delivery
        from flows.terminal import Bars, delivery_line, warn
        from pipeline.errors import ConfigError
        from pipeline.sink import deliver
        from pipeline.store.lock import run_lock
        from pipeline.store.snapshot import current

        settings = settings_of(config)
        target = (out or settings.out or DEFAULT_OUT).expanduser().absolute()
        current(target)
        with run_lock(target / "store"):
            done = deliver(settings.sink, target, progress=Bars(), replace=replace)
        if done is None:
            raise ConfigError("none is configured", where="sink.postgres", remedy="see configs/default.yaml")
        after_delivery(settings, target, say=warn)
        typer.echo(delivery_line(done))
