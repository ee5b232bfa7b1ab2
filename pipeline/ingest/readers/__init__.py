"""One reader per format.

`open_table` inspects a file (encoding, separator, sheet, header) and returns its table.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config import Input
from pipeline.errors import InputError
from pipeline.ingest.discover import InputFile
from pipeline.ingest.opening import cannot_read
from pipeline.ingest.table import RawTable
from pipeline.watermarks import Watermark


def open_table(file: InputFile, options: Input, known: Watermark | None, settings: Sequence[str]) -> RawTable:
    """The table in a file or a database, of which `known` says how far it has been read before; `settings` are the
    source's `row_settings`.

    Raises InputError where it cannot be read as a whole.
    """
    if file.format == "sql":
        from pipeline.ingest.readers.sql import open_sql

        return open_sql(file, options, known, settings)
    try:
        empty = file.place.size() == 0
    except OSError as error:
        raise cannot_read(file, error) from error
    if empty:
        raise InputError("the file is empty", where=file.label, remedy="export it again, or leave it out")
    if file.format == "parquet":
        from pipeline.ingest.readers.parquet import open_parquet

        return open_parquet(file)
    if file.format == "xlsx":
        from pipeline.ingest.readers.xlsx import open_xlsx

        return open_xlsx(file, options)
    if file.format == "csv":
        from pipeline.ingest.readers.delimited import open_delimited

        return open_delimited(file, options)
    from pipeline.ingest.readers.jsonl import open_json

    return open_json(file, options)
