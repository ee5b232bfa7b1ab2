"""Bytes and lines of an input file, plain or compressed, wherever it is."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, TextIO, cast

from pipeline.errors import InputError, UnavailableError
from pipeline.ingest.discover import InputFile
from pipeline.ingest.encoding import Decoding

_MAGIC = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or password-protected Office file"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_CONTROL = bytes(set(range(32)) - {0, 9, 10, 11, 12, 13, 27})
_HEAD = 1 << 16
_PASSING = {
    *(errno.EIO, errno.ESTALE, errno.EAGAIN, errno.ETIMEDOUT, errno.ECONNRESET, errno.ECONNABORTED),
    *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH),
}
"""What another try may mend: a broken connection, a share that is away, a file that was replaced while it was read."""


@contextmanager
def open_bytes(file: InputFile) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed.

    Raises InputError where it cannot be opened or the compression is broken.
    """
    try:
        with ExitStack() as opened:
            stream = opened.enter_context(file.place.open())
            if file.compressed:
                stream = opened.enter_context(cast(BinaryIO, gzip.GzipFile(fileobj=stream)))
            yield stream
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputError(
            "the gzip compression is broken", where=file.label, remedy="copy or export the file again"
        ) from error
    except OSError as error:
        raise cannot_read(file, error) from error


@contextmanager
def open_text(file: InputFile, decoding: Decoding) -> Iterator[TextIO]:
    """The file's text with its line ends as they are; bytes outside the encoding become lone surrogates."""
    with open_bytes(file) as stream:
        text = io.TextIOWrapper(stream, encoding=decoding.encoding, errors=decoding.errors, newline="")
        try:
            yield text
        finally:
            text.detach()


def require_text(file: InputFile) -> None:
    """Raise InputError where a file named as text is empty or holds something else."""
    with open_bytes(file) as stream:
        head = stream.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InputError("the file is empty", where=file.label, remedy="export it again, or leave it out")
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            raise InputError(
                f"not a text file: it is {kind}",
                where=file.label,
                remedy="give it its right suffix, or export it as CSV",
            )
    odd = sum(head.count(byte) for byte in _CONTROL)
    if odd > len(head) * 0.01 and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("not a text file: it is full of control bytes", where=file.label, remedy="export it as CSV")


def digest(file: InputFile) -> str | None:
    """SHA-256 of the file as it is stored; None for what cannot be had again. Raises InputError."""
    if not file.place.lasting:
        return None
    try:
        with file.place.open() as stream:
            return hashlib.file_digest(cast(io.BufferedIOBase, stream), "sha256").hexdigest()
    except OSError as error:
        raise cannot_read(file, error) from error


def cannot_read(file: InputFile, error: OSError) -> InputError:
    """The error for a file that cannot be opened or read to its end."""
    kind = UnavailableError if error.errno in _PASSING else InputError
    return kind("cannot read the file", where=file.label, value=error.strerror, remedy="check that it can be read")
