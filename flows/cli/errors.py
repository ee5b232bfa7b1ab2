"""Errors a user can mend become one clear message and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

INTERRUPTED = 130


@contextmanager
def errors() -> Iterator[None]:
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
    from pipeline.errors import CxiError, exit_code

    return exit_code(error) if isinstance(error, CxiError | ModelError) else None


def _fail(message: str, code: int) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file that cannot be written. Raises StoreError."""
    from pipeline.errors import StoreError

    try:
        yield
    except OSError as error:
        raise StoreError("cannot be written", where=str(path), value=error.strerror, remedy="name a file") from error
