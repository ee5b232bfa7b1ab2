"""Excel workbooks, one sheet each, row by row."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from pipeline.config import Input
from pipeline.errors import InputError
from pipeline.ingest.cells import to_text
from pipeline.ingest.discover import InputFile
from pipeline.ingest.header import DEPTH, Header, find_header
from pipeline.ingest.opening import open_bytes
from pipeline.ingest.table import RawRow, TableInfo
from pipeline.records import QuarantinedRow

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class XlsxTable:
    """One sheet of a workbook; rows have their numbers in the sheet."""

    file: InputFile
    info: TableInfo

    def rows(self) -> Iterator[RawRow | QuarantinedRow]:
        """Rows below the header that have any cell; formulas give their last computed value."""
        columns = self.info.columns
        with _workbook(self.file) as book:
            for number, cells in enumerate(_cells(book, self.info.sheet or ""), start=1):
                if number > (self.info.header_row or 0) and any(cell is not None for cell in cells):
                    yield RawRow(number, dict(zip(columns, cells, strict=False)))


def open_xlsx(file: InputFile, options: Input) -> XlsxTable:
    """Choose the sheet: the named one, or the only one with a text column.

    Raises InputError naming the sheets otherwise.
    """
    with _workbook(file) as book:
        sheets = [sheet.title for sheet in book.worksheets]
        if options.sheet is not None and options.sheet not in sheets:
            raise InputError(
                f"no such sheet; sheets seen: {', '.join(sheets)}",
                where=file.label,
                value=options.sheet,
                remedy="correct input.sheet / --sheet",
            )
        wanted = sheets if options.sheet is None else [options.sheet]
        headers = {name: header for name in wanted if (header := _header(book, name, options)) is not None}
    name = _choose(headers, file)
    header = headers[name]
    return XlsxTable(file, TableInfo(header.columns, sheet=name, header_row=header.index + 1))


def _choose(headers: dict[str, Header], file: InputFile) -> str:
    if not headers:
        raise InputError("the workbook is empty", where=file.label, remedy="export it again, or leave it out")
    fitting = [name for name, header in headers.items() if header.has_text]
    if len(fitting) == 1:
        return fitting[0]
    if len(headers) == 1:
        return next(iter(headers))
    found = "more than one sheet has" if fitting else "no sheet has"
    raise InputError(
        f"{found} a text column: {', '.join(fitting or headers)}",
        where=file.label,
        remedy="choose one with input.sheet / --sheet"
        + ("" if fitting else ", and name its column with --text / input.columns.text"),
    )


def _header(book: Workbook, name: str, options: Input) -> Header | None:
    return find_header([[to_text(cell) for cell in row] for row in islice(_cells(book, name), DEPTH)], options.columns)


def _cells(book: Workbook, name: str) -> Iterator[tuple[object, ...]]:
    sheet = book[name]
    # Some exporters write a wrong sheet size, by which openpyxl would cut the rows.
    sheet.reset_dimensions()
    yield from sheet.iter_rows(values_only=True)


@contextmanager
def _workbook(file: InputFile) -> Iterator[Workbook]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    with open_bytes(file) as stream:
        if stream.read(4) == _OLE:
            raise InputError(
                "an old .xls or a password-protected workbook",
                where=file.label,
                remedy="save it as .xlsx without a password",
            )
        stream.seek(0)
        # The last two: a damaged header that asks for a later version of zip, or for a password.
        broken = (zipfile.BadZipFile, zlib.error, ParseError, EOFError, NotImplementedError, RuntimeError)
        try:
            with warnings.catch_warnings():
                # openpyxl warns of styles and validations that it leaves out; they hold no data.
                warnings.simplefilter("ignore")
                book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        except (*broken, InvalidFileException, KeyError, ValueError, TypeError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the system's own: the file may be sound
            raise InputError(
                "not an Excel workbook, or a damaged one", where=file.label, remedy="save it again"
            ) from error
        try:
            yield book
        except broken as error:
            if type(error) is RuntimeError and "encrypted" not in str(error):
                raise  # not of zipfile: a defect
            raise InputError("the workbook is damaged", where=file.label, remedy="save it again") from error
        finally:
            book.close()
