"""A file of facts, CSV or JSON lines, as rows that are facts or say what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

from loyalty_core.application.files.columns import Defaults, complete
from loyalty_core.application.files.lines import FileRow, LineReader, json_rows
from loyalty_core.application.files.tabular import activity_rows, order_rows
from loyalty_core.domain.programs import Program
from loyalty_core.errors import FactError

FileFormat = Literal["csv", "jsonl"]
DEFAULT_SOURCE = "import"
_BY_SUFFIX: Mapping[str, FileFormat] = {
    "csv": "csv",
    "tsv": "csv",
    "txt": "csv",
    "json": "jsonl",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFile:
    """How a file of facts is to be read. Empty texts mean: as the program says, or by the name.

    A CSV file holds ``orders``, or else activities; JSON lines hold facts of any type.
    """

    name: str
    orders: bool
    format: FileFormat | None = None
    source: str = ""
    currency: str = ""
    time_zone: str = ""
    date_format: str = ""
    delimiter: str = ""
    maps: Mapping[str, str] = field(default_factory=dict)
    group_lines: bool = False

    def format_of(self) -> FileFormat:
        """The format stated, or told by the file's name; raises ``FactError``."""
        _, dot, suffix = self.name.lower().rpartition(".")
        found = self.format or (_BY_SUFFIX.get(suffix) if dot else None)
        if found is None:
            raise FactError(
                "the name does not say whether this is CSV or JSON lines",
                where=self.name,
                remedy="Add --format csv or --format jsonl.",
            )
        return found

    def delimiter_of(self) -> str:
        """The delimiter stated, or the one usual for the file's name."""
        return self.delimiter or ("\t" if self.name.lower().endswith(".tsv") else ",")


def read_facts(stream: BinaryIO, file: FactFile, program: Program) -> Iterator[FileRow]:
    """The rows of a file: each a fact in its JSON form, or the error that says what is wrong.

    Raises ``EncodingBroken`` or ``FactError`` when the file as a whole cannot be read.
    """
    return rows_of(LineReader(stream, file.name), file, program)


def rows_of(reader: LineReader, file: FactFile, program: Program) -> Iterator[FileRow]:
    """The rows of lines; as ``read_facts``."""
    if file.format_of() == "jsonl":
        stated = Defaults(
            source=file.source,
            currency=file.currency,
            time_zone=file.time_zone,
            date_format=file.date_format,
        )
        return _completed(json_rows(reader), stated, "order" if file.orders else None)
    defaults = Defaults(
        source=file.source or DEFAULT_SOURCE,
        currency=file.currency or program.currency,
        time_zone=file.time_zone or program.time_zone,
        date_format=file.date_format,
    )
    if file.orders:
        group = file.group_lines
        return order_rows(reader, file.delimiter_of(), file.maps, defaults, group=group)
    return activity_rows(reader, file.delimiter_of(), file.maps, defaults)


def _completed(rows: Iterator[FileRow], defaults: Defaults, kind: str | None) -> Iterator[FileRow]:
    for row in rows:
        if row.fact is None:
            yield row
            continue
        try:
            yield FileRow(row.number, row.raw, fact=complete(row.fact, defaults, kind))
        except FactError as error:
            yield FileRow(row.number, row.raw, error=error)
