"""Secrets kept in Prefect blocks, read when they are needed and given to nobody else."""

from __future__ import annotations

from typing import Any, cast

from pipeline.errors import ConfigError


def read_secret(name: str) -> str:
    """The value of the Prefect secret block `name`. Raises ConfigError where there is none to be had."""
    from prefect.blocks.system import Secret

    try:
        block = cast("Secret[Any]", Secret.load(name))  # no coroutine: flows and commands are not asynchronous
        value = str(block.get())
    except Exception as error:  # the client has many, and their words may hold more than the block's name
        problem = f"this Prefect secret block cannot be read ({type(error).__name__})"
    else:
        return value
    raise ConfigError(
        problem,
        where="sql.url_block",
        value=name,
        remedy="make it on the Prefect server that PREFECT_API_URL names, or use url_env",
    )
