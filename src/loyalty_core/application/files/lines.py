"""Input files line by line: bounded memory, and a stable code for each way they can be broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from loyalty_core.domain.facts import Json
from loyalty_core.domain.json_text import parse_object
from loyalty_core.errors import EncodingBroken, FactError, FactTooLarge

LARGEST_LINE = 1 << 20
"""Bytes of one line, and of one fact. Longer lines are skipped piece by piece, never held."""

SHOWN = 1 << 16
"""Characters of a rejected row that go into the rejects file: all of it, unless it is huge."""

_PIECE = 1 << 16
_BOM = b"\xef\xbb\xbf"
_NOT_TEXT: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xfe", "UTF-16 text", "Save it as UTF-8."),
    (b"\xfe\xff", "UTF-16 text", "Save it as UTF-8."),
    (b"PK\x03\x04", "a zip archive or a spreadsheet", "Export it as CSV in UTF-8."),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first: gunzip -c FILE | loyalty import … -"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, from 1: its text without the line end, or why it cannot be used.

    ``ended`` is whether it has its line end, which the last line of a truncated file lacks.
    """

    number: int
    text: str
    ended: bool = True
    error: FactError | None = None


@dataclass(frozen=True, slots=True)
class FileRow:
    """One fact of a file: the line it begins on, as it stands there, and what was read of it."""

    number: int
    raw: str
    fact: Mapping[str, Json] | None = None
    error: FactError | None = None


class LineReader:
    """The lines of a binary stream. ``bytes_read`` counts what has been taken from it so far.

    Raises ``EncodingBroken`` when the stream turns out not to be text at all.
    """

    def __init__(self, file: BinaryIO, name: str, limit: int = LARGEST_LINE) -> None:
        self.name = name
        self.bytes_read = 0
        self._file = file
        self._limit = limit
        self._first = self._take()
        self._refuse_what_is_no_text()

    def __iter__(self) -> Iterator[Line]:
        """Each line once; a line that cannot be used carries its error, and reading goes on."""
        number, data = 1, self._first.removeprefix(_BOM)
        while data:
            ended = data.endswith(b"\n")
            if len(data) > self._limit and not ended:
                size, ended = self._skip(len(data))
                yield Line(number, _decoded(data[:SHOWN]), ended, self._too_large(size, number))
            else:
                yield self._line(number, data, ended)
            number += 1
            try:
                data = self._take()
            except OSError as error:
                yield Line(number, "", True, self._unreadable(error, number))
                return

    def first_text(self) -> str:
        """The beginning of the first line, for a look at the format."""
        return _decoded(self._first.removeprefix(_BOM)[:SHOWN])

    def _take(self) -> bytes:
        data = self._file.readline(self._limit + 1)
        self.bytes_read += len(data)
        return data

    def _skip(self, size: int) -> tuple[int, bool]:
        """Passes over the rest of a line; its whole size, and whether it ended."""
        while piece := self._file.readline(_PIECE):
            self.bytes_read += len(piece)
            size += len(piece)
            if piece.endswith(b"\n"):
                return size - 1, True
        return size, False

    def _line(self, number: int, data: bytes, ended: bool) -> Line:
        body = data.rstrip(b"\r\n")
        try:
            return Line(number, body.decode("utf-8"), ended)
        except UnicodeDecodeError as broken:
            error = EncodingBroken(
                f"byte 0x{body[broken.start]:02x} in column {broken.start + 1} is not UTF-8",
                where=self.at(number),
            )
            return Line(number, _decoded(body[:SHOWN]), ended, error)

    def at(self, number: int) -> str:
        """The place of a line, for an error's ``where``."""
        return f"{self.name}, line {number}"

    def _too_large(self, size: int, number: int) -> FactTooLarge:
        return FactTooLarge(
            f"the line has {size:,} bytes, the limit is {self._limit:,}", where=self.at(number)
        )

    def _unreadable(self, error: OSError, number: int) -> FactError:
        return FactError(
            f"the file cannot be read further: {error.strerror or error}",
            where=self.at(number),
            remedy="Make it readable and import it again: nothing is booked twice.",
        )

    def _refuse_what_is_no_text(self) -> None:
        for magic, kind, remedy in _NOT_TEXT:
            if self._first.startswith(magic):
                raise EncodingBroken(f"the file is {kind}", where=self.name, remedy=remedy)
        if b"\x00" in self._first[:_PIECE]:
            raise EncodingBroken("the file holds zero bytes: it is not text", where=self.name)


def _decoded(data: bytes) -> str:
    """Text for people of bytes that may be broken: what is not UTF-8 as ``\\xNN``."""
    return data.rstrip(b"\r\n").decode("utf-8", "backslashreplace")


def json_rows(reader: LineReader) -> Iterator[FileRow]:
    """The facts of a file of JSON lines; blank lines are passed over.

    Raises ``EncodingBroken`` when the file is one JSON array.
    """
    if reader.first_text().lstrip().startswith("["):
        raise EncodingBroken(
            "the file is one JSON array, not one JSON object a line",
            where=reader.name,
            remedy="Write each object on its own line, for example with: jq -c '.[]' FILE",
        )
    return (_json_row(reader, line) for line in reader if line.text.strip() or line.error)


def _json_row(reader: LineReader, line: Line) -> FileRow:
    if line.error:
        return FileRow(line.number, line.text, error=line.error)
    try:
        return FileRow(line.number, line.text, fact=parse_object(line.text))
    except FactError as error:
        error.where = reader.at(line.number)
        if not line.ended and isinstance(error, EncodingBroken):
            error.message = f"the file ends in the middle of a line: {error.message}"
            error.remedy = "The file was cut off: import the whole one, nothing is booked twice."
        return FileRow(line.number, line.text[:SHOWN], error=error)
