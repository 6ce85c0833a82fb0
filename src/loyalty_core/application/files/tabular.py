"""CSV files row by row, going on after every row that cannot be read."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from loyalty_core.application.files.columns import (
    ACTIVITY_FIELDS,
    ADJUSTMENT_FIELDS,
    DATA,
    ORDER_FIELDS,
    Columns,
    Defaults,
    OrderBuilder,
    activity,
    adjustment,
)
from loyalty_core.application.files.lines import SHOWN, FileRow, Line, LineReader
from loyalty_core.domain.facts import Json
from loyalty_core.errors import EncodingBroken, FactError, FactTooLarge

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
MOST_LINES = 5_000
"""Lines of one order that are held together."""

_NEVER_CLOSED = "a quote is opened and never closed"


@dataclass(frozen=True, slots=True)
class _Cells:
    """One row of the file: its first line, the lines as they stand, and its cells or the error."""

    number: int
    raw: str
    cells: Sequence[str] = ()
    error: FactError | None = None


@dataclass(slots=True)
class _Feed:
    """Lines for the csv module, which asks for as many as a row needs; they can be put back."""

    lines: Iterator[Line]
    back: deque[Line] = field(default_factory=deque)
    taken: list[Line] = field(default_factory=list)
    broken: Line | None = None

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self.back.popleft() if self.back else next(self.lines)
        if line.error and self.taken:  # ends the row before it; then it is a row by itself
            self.back.appendleft(line)
            raise StopIteration
        self.taken.append(line)
        if line.error:
            self.broken = line
            return ""
        return line.text + "\n"


class CsvRows:
    """The rows of a CSV file after its header."""

    def __init__(self, reader: LineReader, delimiter: str) -> None:
        self._reader = reader
        self._delimiter = delimiter
        self._feed = _Feed(iter(reader))
        self._ended = True
        self.header: Sequence[str] = ()
        first = next(self._records(), None)
        if first is None:
            raise EncodingBroken("the file is empty", where=reader.name)
        if first.error:
            raise first.error
        self.header = first.cells
        self._check_delimiter()

    def __iter__(self) -> Iterator[_Cells]:
        """Each row once, blank lines left out."""
        return self._records()

    def _records(self) -> Iterator[_Cells]:
        parser = self._parser()
        while True:
            self._feed.taken, self._feed.broken = [], None
            try:
                cells = next(parser)
            except StopIteration:
                if not self._feed.back:
                    return
                parser = self._parser()
                continue
            except csv.Error as error:
                yield self._malformed(str(error))
                parser = self._parser()
                continue
            if self._swallowed(cells):
                yield self._malformed(_NEVER_CLOSED)
                parser = self._parser()
            elif (row := self._record(cells)) is not None:
                yield row

    def _swallowed(self, cells: list[str]) -> bool:
        """Whether a stray quote made one row of several lines."""
        fits = not self.header or len(cells) == len(self.header)
        return len(self._feed.taken) > 1 and not fits

    def _parser(self) -> Iterator[list[str]]:
        return csv.reader(self._feed, delimiter=self._delimiter, strict=True)

    def _record(self, cells: list[str]) -> _Cells | None:
        taken = self._feed.taken
        self._ended = taken[-1].ended
        number, raw = taken[0].number, "\n".join(line.text for line in taken)[:SHOWN]
        if self._feed.broken:
            return _Cells(number, raw, error=self._feed.broken.error)
        if not any(cell.strip() for cell in cells):
            return None
        if self.header and len(cells) != len(self.header):
            return _Cells(number, raw, error=self._ragged(number, len(cells)))
        return _Cells(number, raw, cells)

    def _malformed(self, reason: str) -> _Cells:
        """The first line of what could not be read; the others are tried again by themselves."""
        first, *others = self._feed.taken
        self._feed.back.extendleft(reversed(others))
        self._ended = first.ended
        if "field limit" in reason and not others:
            error: FactError = FactTooLarge(
                "a cell holds more than 131,072 characters", where=self._reader.at(first.number)
            )
            return _Cells(first.number, first.text[:SHOWN], error=error)
        if "unexpected end of data" in reason or "field limit" in reason:
            reason = _NEVER_CLOSED
        error = EncodingBroken(
            f"this is not CSV: {reason}",
            where=self._reader.at(first.number),
            remedy="Correct the quotes, or say how columns are separated: --delimiter",
        )
        return _Cells(first.number, first.text[:SHOWN], error=error)

    def _ragged(self, number: int, columns: int) -> EncodingBroken:
        message = f"the row has {columns} columns, the header {len(self.header)}"
        remedy = "Put cells that hold the delimiter in double quotes."
        if not self._ended and columns < len(self.header):
            message = f"the file ends in the middle of a row: {message}"
            remedy = "The file was cut off: import the whole one, nothing is booked twice."
        return EncodingBroken(message, where=self._reader.at(number), remedy=remedy)

    def _check_delimiter(self) -> None:
        if len(self.header) > 1:
            return
        for other, name in DELIMITERS.items():
            if other != self._delimiter and other in self.header[0]:
                shown = "$'\\t'" if other == "\t" else f"'{other}'"
                raise EncodingBroken(
                    f"the header is one column; columns seem to be separated by {name}",
                    where=self._reader.at(1),
                    remedy=f"Add --delimiter {shown}.",
                )


def order_rows(
    reader: LineReader, delimiter: str, maps: Mapping[str, str], defaults: Defaults, *, group: bool
) -> Iterator[FileRow]:
    """The orders of a CSV file; with ``group``, adjacent rows of one id are one order's lines.

    Raises ``EncodingBroken`` or ``FactError`` for a header that cannot be used.
    """
    rows = CsvRows(reader, delimiter)
    columns = Columns.of(rows.header, ORDER_FIELDS, ("id", "occurred_at", "amount"), maps)
    builder = OrderBuilder(columns, defaults)
    return _orders(reader, rows, builder, group)


def _orders(
    reader: LineReader, rows: CsvRows, builder: OrderBuilder, group: bool
) -> Iterator[FileRow]:
    held: list[_Cells] = []
    for row in rows:
        belongs = held and not row.error and builder.key(row.cells) == builder.key(held[0].cells)
        if held and not (group and belongs and len(held) <= MOST_LINES):
            yield _order(reader, held, builder)
            held = []
        if row.error:
            yield FileRow(row.number, row.raw, error=row.error)
        else:
            held.append(row)
    if held:
        yield _order(reader, held, builder)


def _order(reader: LineReader, held: list[_Cells], builder: OrderBuilder) -> FileRow:
    number, raw = held[0].number, "\n".join(row.raw for row in held)[:SHOWN]
    if len(held) > MOST_LINES:
        error = FactTooLarge(
            f"one order has more than {MOST_LINES:,} lines", where=reader.at(number)
        )
        return FileRow(number, raw, error=error)
    return _row(reader, number, raw, lambda: builder.build([row.cells for row in held]))


def activity_rows(
    reader: LineReader, delimiter: str, maps: Mapping[str, str], defaults: Defaults
) -> Iterator[FileRow]:
    """The activities of a CSV file; raises ``EncodingBroken`` or ``FactError`` for its header."""
    rows = CsvRows(reader, delimiter)
    required = ("id", "kind", "occurred_at")
    columns = Columns.of(rows.header, (*ACTIVITY_FIELDS, DATA), required, maps)
    return _each(reader, rows, partial(activity, columns, defaults))


def adjustment_rows(
    reader: LineReader, delimiter: str, maps: Mapping[str, str], defaults: Defaults
) -> Iterator[FileRow]:
    """The adjustments of a CSV file; raises ``EncodingBroken`` or ``FactError`` for its header."""
    rows = CsvRows(reader, delimiter)
    columns = Columns.of(rows.header, ADJUSTMENT_FIELDS, ("amount", "key"), maps)
    return _each(reader, rows, partial(adjustment, columns, defaults))


def _each(
    reader: LineReader, rows: CsvRows, build: Callable[[Sequence[str]], dict[str, Json]]
) -> Iterator[FileRow]:
    for row in rows:
        if row.error:
            yield FileRow(row.number, row.raw, error=row.error)
        else:
            yield _row(reader, row.number, row.raw, partial(build, row.cells))


def _row(
    reader: LineReader, number: int, raw: str, build: Callable[[], dict[str, Json]]
) -> FileRow:
    try:
        return FileRow(number, raw, fact=build())
    except FactError as error:
        error.where = ", ".join(part for part in (reader.at(number), error.where) if part)
        return FileRow(number, raw, error=error)
