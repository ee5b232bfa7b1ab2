"""Ctrl-C ends a command wherever it strikes."""

from __future__ import annotations

import signal
import time
import weakref

import pytest
import typer

from flows.cli.errors import INTERRUPTED, errors


class Thing:
    """Something a weak reference can point to."""


@pytest.fixture(autouse=True)
def usual_handler():
    """That of a terminal: pytest-xdist has its workers ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_that_python_drops_is_raised_again(capsys):
    thing = Thing()
    callback = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
    with pytest.raises(typer.Exit) as stopped, errors():
        del thing  # the callback runs here, and whatever it raises is dropped
        assert callback() is None
        time.sleep(10)
    assert stopped.value.exit_code == INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


def test_other_dropped_exceptions_are_reported_as_ever(monkeypatch):
    seen = []
    monkeypatch.setattr("sys.unraisablehook", lambda dropped: seen.append(dropped.exc_type))
    thing = Thing()
    callback = weakref.ref(thing, lambda _: 1 // 0)
    with errors():
        del thing
        assert callback() is None
    assert seen == [ZeroDivisionError]
