"""Booking a file's rows: the good rows are booked, the bad ones set aside with the reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

from loyalty_core.application.files.lines import FileRow
from loyalty_core.cli.output import problem_document
from loyalty_core.domain.facts import Json
from loyalty_core.domain.receipts import FactReceipt, RecordStatus
from loyalty_core.errors import FactError, LoyaltyError, Problem

CHUNK = 1000
SHOWN_FIRST = 10
"""How many rejections and problems a summary shows; the rejects file has them all."""


class Told(Protocol):
    """What became of one row, as far as every kind of row has it."""

    @property
    def status(self) -> RecordStatus:
        """What became of it."""
        ...

    @property
    def enrolled(self) -> bool:
        """Whether somebody joined by it."""
        ...

    @property
    def error(self) -> LoyaltyError | None:
        """Why it was not booked."""
        ...


class BookMany(Protocol):
    """What books rows: ``Loyalty.record_many`` or its like."""

    def __call__(
        self,
        rows: Iterable[Mapping[str, Json]],
        /,
        *,
        on_receipt: Callable[[int, Told], None],
        progress: Callable[[int], None],
        chunk: int,
    ) -> object:
        """Books them in chunks."""
        ...


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not booked: its line in the file, and why."""

    number: int
    error: LoyaltyError


@dataclass(slots=True)
class Outcome:
    """What became of a file's rows: how many of each status, and the first of what was wrong."""

    counts: Counter[RecordStatus] = field(default_factory=Counter)
    enrolled: int = 0
    rejected: int = 0
    first_rejected: list[Rejected] = field(default_factory=list)
    problems: int = 0
    first_problems: list[tuple[int, Problem]] = field(default_factory=list)
    rejects_file: str | None = None

    @property
    def rows(self) -> int:
        """How many rows were read, each order of several lines counted once."""
        return sum(self.counts.values())


class RejectsFile:
    """The file of rows that were not booked, one JSON object a line; made when there are any."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._file: TextIO | None = None

    def discard_old(self) -> None:
        """Removes what an earlier run left, so that the file tells of this run alone."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None

    def write(self, row: FileRow, error: LoyaltyError) -> None:
        """Adds a row; raises ``FactError`` if the file cannot be written."""
        document: dict[str, Json] = {
            "row": row.number,
            "raw": row.raw,
            "code": error.code,
            "message": error.message,
            "where": error.where,
            "remedy": error.remedy,
        }
        if problems := getattr(error, "problems", ()):
            document["problems"] = [problem_document(problem) for problem in problems]
        try:
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8", newline="\n")
            self._file.write(json.dumps(document) + "\n")
        except OSError as failure:
            raise self._unwritable(failure) from None
        self.rows += 1

    def close(self) -> None:
        """Finishes the file."""
        if self._file:
            self._file.close()

    def _unwritable(self, error: OSError) -> FactError:
        return FactError(
            f"the rejects file cannot be written: {error.strerror}",
            where=str(self.path),
            remedy="Name another one with --rejects; what was booked is not booked twice.",
        )


class Booking:
    """One run over a file's rows."""

    def __init__(self, rejects: RejectsFile) -> None:
        self.outcome = Outcome()
        self._rejects = rejects
        self._pending: dict[int, FileRow] = {}
        self._aside: list[tuple[FileRow, LoyaltyError]] = []

    def run(self, book: BookMany, rows: Iterable[FileRow], done: Callable[[int], None]) -> Outcome:
        """Books the rows chunk by chunk; ``done(rows)`` is called after each transaction.

        Raises ``StoreError`` when the database fails: chunks reported done stay booked.
        """

        def progress(_: int) -> None:
            self._set_aside()
            done(self.outcome.rows)

        try:
            book(self._facts(rows), on_receipt=self._receipt, progress=progress, chunk=CHUNK)
        finally:
            self._set_aside()
            self._rejects.close()
        if self._rejects.rows:
            self.outcome.rejects_file = str(self._rejects.path)
        done(self.outcome.rows)
        return self.outcome

    def _facts(self, rows: Iterable[FileRow]) -> Iterator[Mapping[str, Json]]:
        index = 0
        for row in rows:
            if row.error or row.fact is None:
                self._reject(row, row.error or FactError("the row is empty"))
                if len(self._aside) >= CHUNK:
                    self._set_aside()
                continue
            self._pending[index] = row
            index += 1
            yield row.fact

    def _receipt(self, index: int, receipt: Told) -> None:
        row = self._pending.pop(index)
        if receipt.error:
            self._reject(row, receipt.error)
            return
        outcome = self.outcome
        outcome.counts[receipt.status] += 1
        outcome.enrolled += receipt.enrolled
        problems = receipt.problems if isinstance(receipt, FactReceipt) else ()
        outcome.problems += len(problems)
        for problem in problems:
            if len(outcome.first_problems) < SHOWN_FIRST:
                outcome.first_problems.append((row.number, problem))

    def _reject(self, row: FileRow, error: LoyaltyError) -> None:
        self.outcome.counts[RecordStatus.REJECTED] += 1
        self.outcome.rejected += 1
        self._aside.append((row, error))

    def _set_aside(self) -> None:
        """Writes the rejected rows of a chunk in the order of the file."""
        waiting, self._aside = self._aside, []
        for row, error in sorted(waiting, key=lambda aside: aside[0].number):
            self._rejects.write(row, error)
            if len(self.outcome.first_rejected) < SHOWN_FIRST:
                self.outcome.first_rejected.append(Rejected(row.number, error))
