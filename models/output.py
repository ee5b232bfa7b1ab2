"""Files that long computations write at their end."""

from __future__ import annotations

from pathlib import Path

from models.errors import ModelError


def check_target(path: Path) -> None:
    """Raises `ModelError` where `path` cannot become a file: before the work, not after it."""
    if path.is_dir():
        raise ModelError(f"{path} is a directory; name a file")
    if not path.parent.is_dir():
        raise ModelError(f"{path.parent} does not exist; make that directory first")
