"""Commands that look something up: tables, taxonomy, doctor."""

from __future__ import annotations

import typer

from flows.cli.errors import errors
from flows.cli.options import ConfigFile, settings_of


def tables() -> None:
    """The output tables: grain, key, columns and their meaning."""
    with errors():
        from pipeline.tables import describe

        typer.echo(describe())


def taxonomy(config: ConfigFile = None) -> None:
    """The labels in Chinese and English."""
    with errors():
        from pipeline.taxonomy import HEADS, load_taxonomy

        labels = load_taxonomy(settings_of(config).taxonomy)
        typer.echo(f"taxonomy {labels.name}, version {labels.version}")
        for head in HEADS:
            typer.echo(f"\n{head}")
            for term in labels.terms(head):
                typer.echo(f"  {term.id:<14} {term.en:<26} {term.zh}")


def doctor(config: ConfigFile = None) -> None:
    """Versions, model, device, database: what is there, what is missing, and the remedy."""
    with errors():
        from pipeline.doctor import examine

        failed = False
        for finding in examine(settings_of(config)):
            failed |= not finding.ok
            typer.echo(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name:<18} {finding.detail}")
            if finding.remedy:
                typer.echo(f"     {'':<18} remedy: {finding.remedy}")
        if failed:
            raise typer.Exit(1)
