"""Importing a package without its optional dependencies, where they cost more than they give."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_SPACY_ON_TORCH = ("spacy_transformers", "spacy_curated_transformers")


class _Absent(MetaPathFinder):
    """Makes packages look not installed, to the thread that made this finder only."""

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = packages
        self._thread = threading.get_ident()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Refuse the packages, leave every other one to the finders that follow."""
        if fullname in self._packages and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Inside, this thread's first import of each package fails as if it were not installed; other threads see it.

    One that is already imported stays usable.
    """
    finder = _Absent(packages)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def light_spacy() -> AbstractContextManager[None]:
    """Inside, a first import of spaCy does not load torch (3 seconds, 300 MB), which a blank pipeline has no use for.

    Where a package is installed whose spaCy pipelines run on torch, torch is loaded as ever: spaCy looks for it only
    once, and those pipelines would not work in this process without it.
    """
    return nullcontext() if any(map(find_spec, _SPACY_ON_TORCH)) else without("torch")
