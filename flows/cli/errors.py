"""Errors a user can mend become one clear message and an exit code."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130
_AGAIN_SECONDS = 0.05


@contextmanager
def errors() -> Iterator[None]:
    """Errors a user can mend become one clear message and an exit code; anything else keeps its traceback."""
    try:
        with _interrupts_kept():
            yield
    except KeyboardInterrupt:
        _fail("interrupted: the tables are those of the last finished run; the same command goes on", INTERRUPTED)
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        _fail(str(error), code)


@contextmanager
def _interrupts_kept() -> Iterator[None]:
    """Ctrl-C counts wherever it strikes. Python drops an exception raised in a finaliser or a weak reference's
    callback (every first import runs some), and the run would go on as if nobody had asked it to stop.
    """
    usual = sys.unraisablehook

    def hook(dropped: UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            # Not at once: the hook, too, is a place where an exception is dropped.
            again = threading.Timer(_AGAIN_SECONDS, _thread.interrupt_main)
            again.daemon = True
            again.start()
        else:
            usual(dropped)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = usual


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
