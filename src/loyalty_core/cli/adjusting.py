"""From a file to booked adjustments: what its rows leave out, and the summary of it all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from loyalty_core.application.files.columns import ADJUSTMENT_MOMENTS, Defaults
from loyalty_core.application.files.facts import DEFAULT_SOURCE
from loyalty_core.application.files.lines import FileRow, LineReader, json_rows
from loyalty_core.application.files.tabular import adjustment_rows
from loyalty_core.cli import documents
from loyalty_core.cli.booking import Outcome, Told
from loyalty_core.cli.documents import Document, scale_of
from loyalty_core.cli.importing import (
    FileSpec,
    book_file,
    rejections,
    show_rejections,
)
from loyalty_core.cli.output import facts_table
from loyalty_core.domain.adjustments import AdjustmentSummary
from loyalty_core.domain.amounts import format_scaled
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.receipts import RecordStatus
from loyalty_core.errors import FactError
from loyalty_core.loyalty import Loyalty

STATUSES = (RecordStatus.BOOKED, RecordStatus.DUPLICATE, RecordStatus.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustingSpec:
    """How a file of adjustments is to be read and booked; ``given`` is what rows may leave out."""

    file: FileSpec
    given: Mapping[str, str] = field(default_factory=dict)
    enrol: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What became of a file's rows, those that could not even be read included."""

    outcome: Outcome
    summary: AdjustmentSummary


def adjust_file(loyalty: Loyalty, spec: AdjustingSpec, *, quiet: bool) -> Adjusted:
    """What became of the adjustments of a file; its bad rows are in the rejects file.

    Raises ``EncodingBroken`` or ``FactError`` when the file as a whole cannot be read, and
    ``StoreError``; what was booked until then stays booked.
    """
    summaries: list[AdjustmentSummary] = []

    def book(
        rows: Iterable[Mapping[str, Json]],
        /,
        *,
        on_receipt: Callable[[int, Told], None],
        progress: Callable[[int], None],
        chunk: int,
    ) -> None:
        summaries.append(
            loyalty.adjust_many(
                rows,
                dry_run=spec.dry_run,
                enrol=spec.enrol,
                on_receipt=on_receipt,
                progress=None if spec.dry_run else progress,  # it tells of receipts at its end
                chunk=chunk,
            )
        )

    time_zone = loyalty.config.program.time_zone
    outcome = book_file(spec.file, lambda reader: _rows(spec, reader, time_zone), book, quiet=quiet)
    return Adjusted(outcome, summaries[0])


def _rows(spec: AdjustingSpec, reader: LineReader, time_zone: str) -> Iterator[FileRow]:
    file = spec.file
    if file.as_file().format_of() == "jsonl":
        dated = Defaults(
            source="", currency="", time_zone=file.time_zone, date_format=file.date_format
        )
        return _completed(json_rows(reader), spec.given, dated if file.time_zone else None)
    defaults = Defaults(
        source="",
        currency="",
        time_zone=file.time_zone or time_zone,
        date_format=file.date_format,
    )
    rows = adjustment_rows(reader, file.as_file().delimiter_of(), file.maps, defaults)
    return _completed(rows, {"source": DEFAULT_SOURCE, **spec.given}, None)


def _completed(
    rows: Iterator[FileRow], given: Mapping[str, str], dated: Defaults | None
) -> Iterator[FileRow]:
    for row in rows:
        if row.fact is None:
            yield row
            continue
        try:
            yield FileRow(row.number, row.raw, fact=_complete(row.fact, given, dated))
        except FactError as error:
            yield FileRow(row.number, row.raw, error=error)


def _complete(
    row: Mapping[str, Json], given: Mapping[str, str], dated: Defaults | None
) -> dict[str, Json]:
    made: dict[str, Json] = {**given, **row}
    for name in ADJUSTMENT_MOMENTS if dated else ():
        value = made.get(name)
        if dated and isinstance(value, str) and value != "never":
            made[name] = dated.moment(value, f"$.{name}")
    return made


def adjusted_document(spec: AdjustingSpec, done: Adjusted, config: ProgramConfig) -> Document:
    """What became of a file of adjustments, for machines; the first ten rejections with it."""
    outcome = done.outcome
    wallets: dict[str, Json] = {}
    for wallet, added, taken in _sums(done.summary):
        scale = scale_of(config, wallet)
        sums: dict[str, Json] = {"added": documents.points(added, scale)}
        wallets[wallet] = sums | {"taken": documents.points(taken, scale)}
    return {
        "file": spec.file.path,
        "dry_run": spec.dry_run,
        "rows": outcome.rows,
        "counts": {status.value: outcome.counts[status] for status in STATUSES},
        "enrolled": outcome.enrolled,
        "wallets": wallets,
        "rejects_file": outcome.rejects_file,
        "rejections": rejections(outcome),
    }


def show_adjusted(
    console: Console, spec: AdjustingSpec, done: Adjusted, config: ProgramConfig
) -> None:
    """What became of a file of adjustments, for reading."""
    outcome = done.outcome
    rows = [("rows read", f"{outcome.rows:,}")]
    rows += [(status.value, f"{outcome.counts[status]:,}") for status in STATUSES]
    rows.append(("members enrolled", f"{outcome.enrolled:,}"))
    for wallet, added, taken in _sums(done.summary):
        scale = scale_of(config, wallet)
        rows.append((f"{wallet} added", format_scaled(added, scale)))
        rows.append((f"{wallet} taken", format_scaled(taken, scale)))
    if outcome.rejects_file:
        rows.append(("rejects file", outcome.rejects_file))
    console.print(facts_table(rows))
    if outcome.rejected:
        show_rejections(console, outcome)
    if spec.dry_run:
        console.print(Text("\nThis was a dry run: nothing was booked."))


def _sums(summary: AdjustmentSummary) -> list[tuple[str, int, int]]:
    wallets = sorted(summary.added.keys() | summary.taken.keys())
    return [(name, summary.added.get(name, 0), summary.taken.get(name, 0)) for name in wallets]
