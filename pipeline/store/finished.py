"""Units of partitions that a run had finished before it was killed: the next run goes on from there.

`<store>/finished/<analysis key>/<digest>.parquet` holds the units of one partition (`layout.ANALYSED`), named by the
feedbacks and their versions; a file that is there is whole. They are of use until a run is committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.store.files import make_empty, remove, storage_errors
from pipeline.store.partitions import read_table, rebatch, write_table


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left to analyse (partitions of feedback), and units that are there already, of how many feedbacks."""

    pending: list[Path]
    units: list[Path] = field(default_factory=list)
    feedbacks: int = 0


class Finished:
    """The finished partitions under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def target(self, partition: Path, analysis_key: str) -> Path:
        """Where the units of a partition of feedback are to be written."""
        table = read_table(partition, columns=["key", "content_hash"])
        digest = hashlib.sha256()
        for identity in _identities(table).to_pylist():
            digest.update(f"{identity}\n".encode())
        return self.folder / analysis_key / f"{digest.hexdigest()[:32]}.parquet"

    def remaining(self, pending: Sequence[Path], work: Path, *, analysis_key: str, partition_rows: int) -> Remaining:
        """Split what is to be analysed into what is left and what had been finished; files go into `work`.

        Raises StoreError if the disk fails.
        """
        with storage_errors(work):
            return self._remaining(pending, work, analysis_key=analysis_key, partition_rows=partition_rows)

    def _remaining(self, pending: Sequence[Path], work: Path, *, analysis_key: str, partition_rows: int) -> Remaining:
        files = sorted((self.folder / analysis_key).glob("*.parquet"))
        if not files or not pending:
            return Remaining([*pending])
        make_empty(work)
        wanted = pa.concat_arrays([_identities(read_table(path, columns=_IDENTITY)) for path in pending])
        units: list[Path] = []
        done = [pa.array([], pa.string())]
        for path in files:
            table = read_table(path)
            names = _identities(table)
            chosen = pc.and_(pc.is_in(names, wanted), pc.invert(pc.is_in(names, pa.concat_arrays(done))))
            if not pc.any(chosen).as_py():
                continue
            units.append(work / f"units-{len(units):05d}.parquet")
            write_table(table.filter(chosen), units[-1])
            done.append(names.filter(chosen))
        known = pa.concat_arrays(done)
        left = [
            _written(table, work / f"pending-{place:05d}.parquet")
            for place, table in enumerate(rebatch(_unfinished(pending, known), partition_rows))
        ]
        return Remaining(left, units, len(known))

    def clear(self) -> None:
        """Remove everything: it has been committed, or must not stay."""
        remove(self.folder)


_IDENTITY = ("key", "content_hash")


def _unfinished(pending: Sequence[Path], known: pa.Array) -> Iterator[pa.Table]:
    for path in pending:
        table = read_table(path)
        yield table.filter(pc.invert(pc.is_in(_identities(table), known)))


def _identities(table: pa.Table) -> pa.Array:
    joined = pc.binary_join_element_wise(table["key"], table["content_hash"], " ")
    return pa.concat_arrays([pa.array([], pa.string()), *joined.chunks])


def _written(table: pa.Table, path: Path) -> Path:
    write_table(table, path)
    return path
