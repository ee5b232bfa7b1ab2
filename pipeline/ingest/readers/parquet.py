"""Parquet files, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.ingest.discover import InputFile
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
        try:
            with pyarrow.parquet.ParquetFile(self.file.path) as source:
                for batch in source.iter_batches(batch_size=_BATCH):
                    for values in batch.to_pylist():
                        number += 1
                        yield RawRow(number, values)
        except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _broken(self.file) from error


def open_parquet(file: InputFile) -> ParquetTable:
    """Raises InputError for a file that is not Parquet or is damaged."""
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file.path) as source:
            columns = tuple(source.schema_arrow.names)
    except (pyarrow.ArrowException, OSError) as error:
        raise _broken(file) from error
    return ParquetTable(file, TableInfo(columns))


def _broken(file: InputFile) -> InputError:
    return InputError("not a Parquet file, or a damaged one", where=file.label, remedy="export it again")
