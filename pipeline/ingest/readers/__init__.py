"""One reader per format.

`open_table` inspects a file (encoding, separator, sheet, header) and returns its table.
"""

from __future__ import annotations

from pipeline.config import Input
from pipeline.errors import InputError
from pipeline.ingest.discover import InputFile
from pipeline.ingest.table import RawTable


def open_table(file: InputFile, options: Input) -> RawTable:
    """The table in a file. Raises InputError where the file as a whole cannot be read."""
    if not file.is_stdin and file.path.stat().st_size == 0:
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
