"""Parquet files, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.ingest.discover import InputFile
from pipeline.ingest.opening import open_bytes
from pipeline.ingest.table import RawRow, TableInfo
from pipeline.records import QuarantinedRow

_BATCH = 2048


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A Parquet file; rows are numbered from 1."""

    file: InputFile
    info: TableInfo

    def rows(self) -> Iterator[RawRow | QuarantinedRow]:
        """Rows with native values."""
        import pyarrow
        import pyarrow.parquet

        number = 0
        with open_bytes(self.file) as stream:
            try:
                with pyarrow.parquet.ParquetFile(stream) as source:
                    for batch in source.iter_batches(batch_size=_BATCH):
                        for values in batch.to_pylist():
                            number += 1
                            yield RawRow(number, values)
            except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
                _require_readable(error)
                raise _broken(self.file) from error


def open_parquet(file: InputFile) -> ParquetTable:
    """Raises InputError for a file that is not Parquet or is damaged."""
    import pyarrow
    import pyarrow.parquet

    with open_bytes(file) as stream:
        try:
            with pyarrow.parquet.ParquetFile(stream) as source:
                columns = tuple(source.schema_arrow.names)
        except (pyarrow.ArrowException, OSError) as error:
            _require_readable(error)
            raise _broken(file) from error
    return ParquetTable(file, TableInfo(columns))


def _require_readable(error: Exception) -> None:
    """Let the system's own errors pass: the file may be sound where it cannot be read."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error


def _broken(file: InputFile) -> InputError:
    return InputError("not a Parquet file, or a damaged one", where=file.label, remedy="export it again")
