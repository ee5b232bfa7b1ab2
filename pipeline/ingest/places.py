"""Where the bytes of an input are: a file of this machine, standard input, an object in a bucket.

Everything that reads a file opens its place; nothing else knows what kind of place it is.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol, cast


class Place(Protocol):
    """A place that can be opened as often as needed; `str(place)` says where it is, without secrets."""

    @property
    def name(self) -> str:
        """The file's own name."""
        ...

    @property
    def parts(self) -> tuple[str, ...]:
        """All of its path, by which files of one name are told apart."""
        ...

    @property
    def lasting(self) -> bool:
        """Whether the same bytes can be had again in a later run."""
        ...

    def open(self) -> BinaryIO:
        """Its bytes, seekable. Raises OSError."""
        ...

    def size(self) -> int | None:
        """Its bytes; None where they have not been counted. Raises OSError."""
        ...

    def fingerprint(self) -> str | None:
        """What changes whenever its bytes do, had without a download; None where nothing sure is. Raises OSError."""
        ...


@dataclass(frozen=True)
class LocalFile:
    """A file of this machine."""

    path: Path
    lasting = True

    @property
    def name(self) -> str:
        """See Place."""
        return self.path.name

    @property
    def parts(self) -> tuple[str, ...]:
        """See Place."""
        return self.path.resolve().parts

    def open(self) -> BinaryIO:
        """See Place."""
        return self.path.open("rb")

    def size(self) -> int | None:
        """See Place."""
        return self.path.stat().st_size

    def fingerprint(self) -> str | None:
        """SHA-256 of its bytes."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class StandardInput:
    """What is piped in: read once and kept."""

    name = "stdin"
    parts = ("stdin",)
    lasting = False

    def open(self) -> BinaryIO:
        """See Place."""
        return cast(BinaryIO, gzip.open(io.BytesIO(_standard_input())))

    def size(self) -> int | None:
        """See Place."""
        return None

    def fingerprint(self) -> str | None:
        """See Place."""
        return None

    def __str__(self) -> str:
        return "standard input"


@dataclass(frozen=True)
class Database:
    """Rows of a database have no bytes: `readers/sql.py` reads them."""

    name: str
    lasting = False

    @property
    def parts(self) -> tuple[str, ...]:
        """See Place."""
        return (self.name,)

    def open(self) -> BinaryIO:
        """See Place."""
        raise io.UnsupportedOperation("rows of a database have no bytes")

    def size(self) -> int | None:
        """See Place."""
        return None

    def fingerprint(self) -> str | None:
        """See Place."""
        return None

    def __str__(self) -> str:
        return f"database of {self.name}"


@lru_cache(maxsize=1)
def _standard_input() -> bytes:
    """Standard input, kept compressed in memory: it is read more than once, and feedback must not reach a
    disk unmasked.
    """
    held = io.BytesIO()
    with gzip.GzipFile(fileobj=held, mode="wb", compresslevel=1) as target:
        shutil.copyfileobj(sys.stdin.buffer, target)
    return held.getvalue()
