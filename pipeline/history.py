"""The last run of an output directory, for commands that go on from it without being a run (`forget`, `quarantine`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.config import Config
from pipeline.errors import ConfigError, StoreError
from pipeline.store import snapshot
from pipeline.store.store import DATABASE
from pipeline.taxonomy import load_taxonomy
from pipeline.window import Window


def existing(out: Path) -> Path:
    """`out` as an absolute path. Raises StoreError where there is no store, instead of making one."""
    out = out.expanduser().absolute()
    if not (out / "store" / DATABASE).is_file():
        raise StoreError("there is no store here", where=str(out), remedy="name the --out of your runs")
    return out


def last_run(out: Path) -> dict[str, Any] | None:
    """The latest row of dim_run; None where nothing has been published."""
    if snapshot.number(out) == 0:
        return None
    rows: list[dict[Any, Any]] = snapshot.load(snapshot.current(out), ["dim_run"])["dim_run"].to_dict("records")
    return {str(name): value for name, value in rows[-1].items()}


def require_same(config: Config, last: Mapping[str, Any] | None, **more: str) -> tuple[str, ...]:
    """Whether the tables can be published as the last run did; `more` are further columns of dim_run to compare.

    Returns notes for the user. Raises ConfigError where they would be of another time zone, taxonomy or `more`.
    """
    if last is None:
        return ()
    taxonomy = load_taxonomy(config.taxonomy)
    given = {"timezone": config.timezone, "taxonomy": taxonomy.name, "taxonomy_version": taxonomy.version, **more}
    for name, value in given.items():
        if value != last[name]:
            raise ConfigError(
                f"the last run was made with {last[name]}: the tables would be published with another {name}",
                where=name,
                value=value,
                remedy="name the configuration of the last run with --config",
            )
    if config.digest() == last["config_hash"]:
        return ()
    return ("the configuration is not the last run's: figures of the new snapshot may differ until the next run",)


def window_of(last: Mapping[str, Any] | None) -> Window:
    """The days that the last run was limited to."""
    return Window() if last is None else Window(_day(last["since"]), _day(last["until"]))


def _day(value: Any) -> date | None:
    return None if pd.isna(value) else value
