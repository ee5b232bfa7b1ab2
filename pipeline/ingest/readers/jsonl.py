"""JSON Lines, and JSON files that hold one array of objects.

Which of the two is told by the first character.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TextIO

from pipeline.config import Input
from pipeline.errors import InputError
from pipeline.ingest.cells import is_undecodable
from pipeline.ingest.discover import InputFile
from pipeline.ingest.encoding import Decoding, declared, detect, misfit
from pipeline.ingest.opening import open_bytes, open_text, require_text
from pipeline.ingest.table import RawRow, TableInfo, set_aside
from pipeline.records import QuarantinedRow

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class JsonTable:
    """Objects in a JSON file; the columns are all keys of all objects, in order of appearance."""

    file: InputFile
    info: TableInfo
    decoding: Decoding
    array: bool

    def rows(self) -> Iterator[RawRow | QuarantinedRow]:
        """One row per line (numbered by line) or per element of the array."""
        with open_text(self.file, self.decoding) as text:
            yield from self._elements(text) if self.array else self._lines(text)

    def _lines(self, text: TextIO) -> Iterator[RawRow | QuarantinedRow]:
        for number, line in enumerate(text, start=1):
            if not line.strip():
                continue
            if is_undecodable(line):
                yield set_aside(self, number, "undecodable", f"bytes that are not {self.decoding.encoding}")
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                reason = error.msg if isinstance(error, json.JSONDecodeError) else "too large or too deep"
                yield set_aside(self, number, "malformed_row", f"not JSON: {reason}")
                continue
            yield self._row(number, value)

    def _elements(self, text: TextIO) -> Iterator[RawRow | QuarantinedRow]:
        for number, (value, source) in enumerate(_array(text, where=self.file.label), start=1):
            if is_undecodable(source):
                yield set_aside(self, number, "undecodable", f"bytes that are not {self.decoding.encoding}")
            else:
                yield self._row(number, value)

    def _row(self, number: int, value: object) -> RawRow | QuarantinedRow:
        if isinstance(value, dict):
            return RawRow(number, value)
        return set_aside(self, number, "malformed_row", f"a JSON {type(value).__name__} where an object is expected")


def open_json(file: InputFile, options: Input) -> JsonTable:
    """Find the encoding, the layout and all keys.

    Raises InputError for a file without a single object, a broken array, or one that is not in its encoding.
    """
    require_text(file)
    if options.encoding is not None:
        decoding = declared(options.encoding, where=file.label)
    else:
        with open_bytes(file) as stream:
            decoding = detect(stream, where=file.label)
    try:
        with open_text(file, decoding) as text:
            array = _first_character(text) == "["
    except UnicodeError as error:
        raise misfit(decoding, where=file.label) from error
    info = TableInfo((), encoding=decoding.encoding, encoding_found_by=decoding.found_by)
    bare = JsonTable(file, info, decoding, array)
    columns: dict[str, None] = {}
    undecodable = False
    for row in bare.rows():
        if isinstance(row, RawRow):
            columns.update(dict.fromkeys(row.values))
        else:
            undecodable |= row.reason == "undecodable"
    if not columns and undecodable:
        raise misfit(decoding, where=file.label)
    if not columns:
        raise InputError(
            "no JSON object found",
            where=file.label,
            remedy="give one JSON object a line, or one array of objects",
        )
    return replace(bare, info=replace(info, columns=tuple(columns)))


def _first_character(text: TextIO) -> str:
    while chunk := text.read(_CHUNK):
        stripped = chunk.lstrip("\ufeff \t\r\n")
        if stripped:
            return stripped[0]
    return ""


def _array(text: TextIO, *, where: str) -> Iterator[tuple[object, str]]:
    """Elements of one JSON array and their source, decoded one by one from a growing buffer."""
    decoder = json.JSONDecoder()
    buffer = text.read(_CHUNK).lstrip("\ufeff \t\r\n")[1:]
    step = _CHUNK
    count = 0
    while True:
        buffer = buffer.lstrip(" \t\r\n,") if count else buffer.lstrip()
        if buffer.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(buffer)
            # A number or literal may go on in the next chunk.
            complete = end < len(buffer)
        except ValueError:
            complete = False
        except RecursionError as error:
            raise _broken(where, count) from error
        if complete:
            yield value, buffer[:end]
            buffer = buffer[end:]
            count += 1
            step = _CHUNK
            continue
        more = text.read(step)
        if not more:
            raise _broken(where, count)
        buffer += more
        # Each failed try decodes the buffer anew: doubling keeps a huge element linear.
        step *= 2


def _broken(where: str, count: int) -> InputError:
    return InputError(
        f"the JSON array breaks off or is not valid after element {count}",
        where=where,
        remedy="export it again, or as JSON Lines, where a bad row costs only itself",
    )
