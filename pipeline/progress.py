"""How long work says how far it is, without knowing who listens (terminal, Prefect, nobody)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int], None]


class Progress(Protocol):
    """A listener: `step` opens one piece of work and hands out the function that advances it."""

    def step(self, name: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Open the piece of work `name` of `total` items (None: not known beforehand)."""
        ...


class Silent:
    """Nobody listens: notebooks and tests."""

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Advance]:  # noqa: ARG002
        """Open a piece of work that nobody watches."""
        yield lambda _: None
