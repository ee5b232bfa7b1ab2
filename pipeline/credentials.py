"""Secrets by the name of where they are kept: environment variables, or blocks that `flows` knows how to read.

They are looked up when a connection is made and are part of no configuration, parameter, log line or table.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from pipeline.errors import ConfigError

BlockReader = Callable[[str], str]
"""Secret block's name -> its value. Raises ConfigError."""

_reader: BlockReader | None = None


def read_blocks_with(reader: BlockReader) -> None:
    """Say how secret blocks are read; without, only environment variables are known."""
    global _reader  # noqa: PLW0603 - set once, when `flows` is imported
    _reader = reader


def from_environment(variable: str, *, where: str) -> str:
    """The value of an environment variable. Raises ConfigError, naming it, where it is missing or empty."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ConfigError(
            "this environment variable is not set",
            where=where,
            value=variable,
            remedy="set it where the run starts (for a scheduled run: in the worker's environment)",
        )
    return value


def from_block(block: str, *, where: str) -> str:
    """The value of a secret block. Raises ConfigError where it cannot be read."""
    if _reader is None:
        raise ConfigError(
            "secret blocks are read by the command line and by flows only",
            where=where,
            value=block,
            remedy="name an environment variable instead (url_env)",
        )
    return _reader(block)


def options_from_environment(variable: str, *, where: str) -> dict[str, Any]:
    """A JSON object in an environment variable. Raises ConfigError, without quoting it."""
    try:
        options = json.loads(from_environment(variable, where=where))
    except ValueError:
        options = None
    if not isinstance(options, dict):
        # Not raised from the JSON error: that one holds the document, and with it the secrets.
        raise ConfigError(
            "this environment variable does not hold a JSON object",
            where=where,
            value=variable,
            remedy='write it like {"key": "...", "secret": "...", "client_kwargs": {"endpoint_url": "..."}}',
        )
    return options
