"""From a file to booked facts: which format it is in, who reads it, and the summary of it all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.text import Text

from loyalty_core.application.files.facts import FactFile, FileFormat, rows_of
from loyalty_core.application.files.lines import FileRow, LineReader
from loyalty_core.cli.booking import SHOWN_FIRST, Booking, BookMany, Outcome, RejectsFile
from loyalty_core.cli.documents import Document
from loyalty_core.cli.output import add, facts_table, plain, problem_document, table
from loyalty_core.cli.progress import meter
from loyalty_core.cli.session import reading
from loyalty_core.domain.facts import Json
from loyalty_core.domain.receipts import RecordStatus
from loyalty_core.errors import FactError, Problem
from loyalty_core.loyalty import Loyalty


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """How a file of facts is to be read. Empty texts mean: as the program says, or by the name."""

    path: str
    orders: bool
    format: FileFormat | None = None
    source: str = ""
    currency: str = ""
    time_zone: str = ""
    date_format: str = ""
    delimiter: str = ""
    maps: Mapping[str, str] = field(default_factory=dict)
    group_lines: bool = False
    rejects: Path | None = None

    def rejects_path(self) -> Path:
        """Where rows go that were not booked: beside the file, unless said otherwise.

        Raises ``FactError`` for the very file that is read.
        """
        if self.rejects is None:
            return Path(f"{'stdin' if self.path == '-' else self.path}.rejects.jsonl")
        if self.rejects.exists() and self.path != "-" and self.rejects.samefile(self.path):
            raise FactError(
                "the rejects file is the file to import",
                where=self.path,
                remedy="Name another one with --rejects.",
            )
        return self.rejects

    def as_file(self) -> FactFile:
        """How its rows are read."""
        return FactFile(
            name=self.path,
            orders=self.orders,
            format=self.format,
            source=self.source,
            currency=self.currency,
            time_zone=self.time_zone,
            date_format=self.date_format,
            delimiter=self.delimiter,
            maps=self.maps,
            group_lines=self.group_lines,
        )


def import_file(loyalty: Loyalty, spec: FileSpec, *, quiet: bool) -> Outcome:
    """What became of the rows of a file; its bad rows are in the rejects file.

    Raises ``EncodingBroken`` or ``FactError`` when the file as a whole cannot be read, and
    ``StoreError``; what was booked until then stays booked.
    """
    file, program = spec.as_file(), loyalty.config.program
    file.format_of()
    return book_file(
        spec, lambda reader: rows_of(reader, file, program), loyalty.record_many, quiet=quiet
    )


def book_file(
    spec: FileSpec,
    rows_of: Callable[[LineReader], Iterator[FileRow]],
    book: BookMany,
    *,
    quiet: bool,
) -> Outcome:
    """What became of the rows that ``rows_of`` reads from a file; raises as ``import_file``."""
    with reading(spec.path) as file:
        reader = LineReader(file, spec.path)
        rows = rows_of(reader)
        rejects = RejectsFile(spec.rejects_path())
        rejects.discard_old()
        with meter("importing", "rows", _size(file), quiet=quiet) as shown:
            return Booking(rejects).run(
                book, rows, lambda done: shown.update(done, reader.bytes_read)
            )


def _size(file: BinaryIO) -> int | None:
    try:
        return os.fstat(file.fileno()).st_size or None
    except (OSError, AttributeError):
        return None


def outcome_document(path: str, outcome: Outcome) -> Document:
    """What became of a file, for machines; ``rejections`` and ``problems`` hold the first ten."""
    return {
        "file": path,
        "rows": outcome.rows,
        "counts": {status.value: outcome.counts[status] for status in RecordStatus},
        "enrolled": outcome.enrolled,
        "rejects_file": outcome.rejects_file,
        "rejections": rejections(outcome),
        "problem_count": outcome.problems,
        "problems": [_problem(number, problem) for number, problem in outcome.first_problems],
    }


def rejections(outcome: Outcome) -> list[Json]:
    """The first rows that were not booked, for machines."""
    return [
        {"row": found.number, "code": found.error.code, "message": found.error.message}
        for found in outcome.first_rejected
    ]


def _problem(number: int, problem: Problem) -> Document:
    document: Document = {"row": number}
    return document | problem_document(problem)


def show_outcome(console: Console, outcome: Outcome) -> None:
    """What became of a file, for reading."""
    rows = [("rows read", f"{outcome.rows:,}")]
    rows += [
        (status.value, f"{outcome.counts[status]:,}")
        for status in RecordStatus
        if outcome.counts[status] or status is RecordStatus.BOOKED
    ]
    rows.append(("members enrolled", f"{outcome.enrolled:,}"))
    if outcome.rejects_file:
        rows.append(("rejects file", outcome.rejects_file))
    console.print(facts_table(rows))
    if outcome.rejected:
        show_rejections(console, outcome)
    if outcome.problems:
        console.print(Text(f"\nTo look at: {outcome.problems:,} problem(s), booked all the same"))
        for number, problem in outcome.first_problems:
            console.print(Text(f"  line {number}: {plain(str(problem))}"), soft_wrap=True)


def show_rejections(console: Console, outcome: Outcome) -> None:
    """The first rows that were not booked, each with its line and the reason."""
    listed = table("line", "code", "what", right=("line",))
    for found in outcome.first_rejected:
        add(listed, f"{found.number}", found.error.code, found.error.message)
    console.print()
    console.print(listed)
    more = outcome.rejected - len(outcome.first_rejected)
    if more > 0:
        console.print(Text(f"and {more:,} more; the first {SHOWN_FIRST} are shown"))
