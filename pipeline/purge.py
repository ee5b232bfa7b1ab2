"""Rows taken out of a file that an inbox keeps: rewritten beside itself and swapped in whole, or left alone.

Text formats keep every byte of the other rows: before the swap, all rows written out again must give the file's own
bytes, whatever its encoding, line ends and quotes are.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from pipeline.errors import InputError
from pipeline.ingest.discover import InputFile
from pipeline.ingest.encoding import Decoding
from pipeline.ingest.opening import open_bytes, open_text
from pipeline.ingest.places import LocalFile
from pipeline.ingest.readers.delimited import DelimitedTable
from pipeline.ingest.readers.jsonl import JsonTable
from pipeline.ingest.readers.parquet import ParquetTable
from pipeline.ingest.table import RawTable
from pipeline.store.files import replacing, storage_errors

Pieces = Callable[[TextIO], Iterator[str]]
"""The text of a file, row by row: together they are all of it, and the first is row 1."""

_BATCH = 2048


class _DifferentError(Exception):
    """The rows written out again are not the file's own bytes."""


def purge(table: RawTable, rows: frozenset[int]) -> None:
    """Rewrite the table's file without `rows` (numbers as the reader gives them).

    Raises InputError for a format that cannot be rewritten safely, StoreError where the disk fails. The file is whole
    whatever happens: the old one or the new one.
    """
    place = table.file.place
    assert isinstance(place, LocalFile)
    with storage_errors(place.path):
        if isinstance(table, DelimitedTable):
            _rewrite_text(table.file, place.path, table.decoding, table.pieces, rows)
        elif isinstance(table, JsonTable) and not table.array:
            _rewrite_text(table.file, place.path, table.decoding, iter, rows)
        elif isinstance(table, ParquetTable):
            _rewrite_parquet(table.file, place.path, rows)
        else:
            raise _unsafe(table.file, "files of this format lose more than rows when they are rewritten")


def _rewrite_text(file: InputFile, path: Path, decoding: Decoding, pieces: Pieces, rows: frozenset[int]) -> None:
    # A file that was read as UTF-8 may or may not have the mark that the decoder takes away.
    names = dict.fromkeys([decoding.encoding, decoding.encoding.removesuffix("-sig")])
    with open_bytes(file) as stream:
        own = hashlib.file_digest(cast(io.BufferedIOBase, stream), "sha256").digest()
    for name in names:
        encoder = codecs.getincrementalencoder(name)(decoding.errors)
        with suppress(_DifferentError), replacing(path) as draft:
            if _write_without(rows, file, draft, decoding, pieces, encoder) != own:
                raise _DifferentError
            shutil.copystat(path, draft)
            return
    raise _unsafe(file, "its bytes would not stay the same")


def _write_without(
    rows: frozenset[int],
    file: InputFile,
    draft: Path,
    decoding: Decoding,
    pieces: Pieces,
    encoder: codecs.IncrementalEncoder,
) -> bytes:
    """Write all but `rows` into `draft`. Returns the SHA-256 of what all rows would have been."""
    everything = hashlib.sha256()
    with ExitStack() as opened:
        target: BinaryIO = opened.enter_context(draft.open("wb"))
        if file.compressed:
            target = cast(BinaryIO, opened.enter_context(gzip.GzipFile(fileobj=target, mode="wb", filename="")))
        text = opened.enter_context(open_text(file, decoding))
        mark = encoder.encode("")
        everything.update(mark)
        target.write(mark)
        for number, piece in enumerate(pieces(text), start=1):
            data = encoder.encode(piece)
            everything.update(data)
            if number not in rows:
                target.write(data)
    return everything.digest()


def _rewrite_parquet(file: InputFile, path: Path, rows: frozenset[int]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with replacing(path) as draft:
        with open_bytes(file) as stream, pq.ParquetFile(stream) as source:
            packing = source.metadata.row_group(0).column(0).compression.lower()
            packing = "none" if packing == "uncompressed" else packing
            number = kept = 0
            with pq.ParquetWriter(draft, source.schema_arrow, compression=packing) as target:
                for batch in source.iter_batches(batch_size=_BATCH):
                    stay = [number + offset not in rows for offset in range(1, batch.num_rows + 1)]
                    number += batch.num_rows
                    kept += sum(stay)
                    target.write_batch(batch.filter(pa.array(stay, pa.bool_())))
        if kept != number - len(rows):
            raise _unsafe(file, "it holds other rows than before")
        shutil.copystat(path, draft)


def _unsafe(file: InputFile, reason: str) -> InputError:
    return InputError(
        f"not rewritten: {reason}", where=file.label, remedy="remove the rows with the program that made the file"
    )
