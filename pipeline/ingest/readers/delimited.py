"""CSV, TSV and other separated text. A broken row costs itself, not its neighbours."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pipeline.config import Columns, Input
from pipeline.errors import InputError
from pipeline.ingest.cells import is_undecodable
from pipeline.ingest.discover import InputFile
from pipeline.ingest.encoding import Decoding, declared, detect, misfit
from pipeline.ingest.header import DEPTH, Header, find_header
from pipeline.ingest.opening import open_bytes, open_text, require_text
from pipeline.ingest.table import RawRow, TableInfo, set_aside
from pipeline.records import QuarantinedRow

SEPARATORS = (",", "\t", ";", "|")
_NONE = "\x1f"
_SAMPLE_CHARS = 1 << 18
_LONGEST_FIELD = 1 << 30
_BROKEN_QUOTES = "the quotes are broken: a quoted field does not close, or goes on after its closing quote"


@dataclass(frozen=True, slots=True)
class DelimitedTable:
    """A separated text file; `info.sep` None means a single column, whose lines are read whole."""

    file: InputFile
    info: TableInfo
    decoding: Decoding

    def rows(self) -> Iterator[RawRow | QuarantinedRow]:
        """Rows below the header; blank lines are skipped but counted, as a spreadsheet would."""
        columns = self.info.columns
        width = len(columns)
        with open_text(self.file, self.decoding) as lines:
            for number, cells in enumerate(records(lines, self.info.sep or _NONE, width), start=1):
                if number <= (self.info.header_row or 0) or cells == []:
                    continue
                if cells is None:
                    yield set_aside(self, number, "malformed_row", _BROKEN_QUOTES)
                elif is_undecodable("".join(cells)):
                    yield set_aside(self, number, "undecodable", f"bytes that are not {self.decoding.encoding}")
                elif len(cells) != width and (len(cells) < width or any(cell.strip() for cell in cells[width:])):
                    yield set_aside(self, number, "malformed_row", f"{len(cells)} cells where the header has {width}")
                else:
                    yield RawRow(number, dict(zip(columns, cells, strict=False)))

    def pieces(self, text: Iterator[str]) -> Iterator[str]:
        """The file's text, cut into what `rows` counts."""
        return (written for _, written in written_records(text, self.info.sep or _NONE, len(self.info.columns)))


def open_delimited(file: InputFile, options: Input) -> DelimitedTable:
    """Find encoding, separator and header.

    Raises InputError for a file that is empty or not text, or whose header is not in the encoding.
    """
    require_text(file)
    if options.encoding is not None:
        decoding = declared(options.encoding, where=file.label)
    else:
        with open_bytes(file) as stream:
            decoding = detect(stream, where=file.label)
    try:
        with open_text(file, decoding) as text:
            sample = text.read(_SAMPLE_CHARS)
    except UnicodeError as error:
        raise misfit(decoding, where=file.label) from error
    sep, header = _layout(sample, options, tab=file.place.name.lower().removesuffix(".gz").endswith(".tsv"))
    if header is None:
        raise InputError("the file is empty", where=file.label, remedy="export it again, or leave it out")
    if not decoding.fits("".join(header.columns)) and (decoding.found_by == "option" or not header.has_text):
        raise misfit(decoding, where=file.label)
    info = TableInfo(
        columns=header.columns,
        header_row=header.index + 1,
        encoding=decoding.encoding,
        encoding_found_by=decoding.found_by,
        sep=sep,
    )
    return DelimitedTable(file, info, decoding)


def records(lines: Iterator[str], sep: str, width: int) -> Iterator[list[str] | None]:
    """Records of separated text; None for one whose quotes are broken (see `written_records`)."""
    return (cells for cells, _ in written_records(lines, sep, width))


def written_records(lines: Iterator[str], sep: str, width: int) -> Iterator[tuple[list[str] | None, str]]:
    """Records of separated text with the text they are read from; None for one whose quotes are broken, which then is
    one line, and reading goes on below it.

    A record over several lines with the wrong number of cells is taken for a line with a stray quote if one
    of the lines it swallowed is a sound record by itself.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    source = _Pushback(lines)
    reader = csv.reader(source, delimiter=sep, strict=True)
    while True:
        source.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            source.give_back_all_but_first()
            yield None, source.taken[0]
            continue
        if len(source.taken) > 1 and len(cells) != width and _swallowed_a_record(source.taken[1:], sep, width):
            source.give_back_all_but_first()
            yield None, source.taken[0]
            continue
        yield cells, "".join(source.taken)


class _Pushback(Iterator[str]):
    """Lines that can be given back; `taken` are those read for the current record."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._returned: deque[str] = deque()
        self.taken: list[str] = []

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._lines)
        self.taken.append(line)
        return line

    def give_back_all_but_first(self) -> None:
        self._returned.extendleft(reversed(self.taken[1:]))


def _swallowed_a_record(lines: list[str], sep: str, width: int) -> bool:
    for line in lines:
        try:
            if width > 1 and any(len(cells) == width for cells in csv.reader([line], delimiter=sep, strict=True)):
                return True
        except csv.Error:
            continue
    return False


def _layout(sample: str, options: Input, *, tab: bool) -> tuple[str | None, Header | None]:
    """The separator under which most names of the header are recognised, then the one that cuts lines most
    evenly.
    """
    complete = sample if len(sample) < _SAMPLE_CHARS else sample.rsplit("\n", 1)[0]
    given = options.sep or ("\t" if tab and "\t" in complete else None)
    # On a tie the first wins: a header without separator has one column, whatever its rows hold.
    candidates = (given,) if given else (_NONE, *SEPARATORS)
    layouts = [(sep, *_try(complete, sep, options.columns)) for sep in candidates]
    sep, header, _ = max(layouts, key=lambda layout: _merit(layout[1], layout[2]))
    return (None if sep == _NONE else sep), header


def _try(sample: str, sep: str, chosen: Columns) -> tuple[Header | None, float]:
    csv.field_size_limit(_LONGEST_FIELD)
    rows = list(islice(csv.reader(io.StringIO(sample, newline=""), delimiter=sep), DEPTH))
    header = find_header(rows, chosen)
    if header is None:
        return None, 0.0
    below = [row for row in rows[header.index + 1 :] if row]
    even = sum(len(row) == len(header.columns) for row in below) / len(below) if below else 1.0
    return header, even


def _merit(header: Header | None, even: float) -> tuple[bool, int, float, int]:
    if header is None:
        return (False, 0, 0.0, 0)
    wide = len(header.columns) > 1
    return (header.has_text, header.recognised, even if wide else 0.0, len(header.columns))
