"""``import`` and ``record``: facts from files and from standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loyalty_core.application.files.lines import LARGEST_LINE
from loyalty_core.cli import documents, tracing, views
from loyalty_core.cli.commands.adjusting import import_adjustments
from loyalty_core.cli.commands.rewards import import_codes
from loyalty_core.cli.file_options import (
    DateFormatOption,
    DelimiterOption,
    FileArgument,
    FileSourceOption,
    FormatOption,
    MapOption,
    RejectsOption,
    TimeZoneOption,
    read_delimiter,
    read_maps,
    read_time_zone,
)
from loyalty_core.cli.importing import FileSpec, import_file, outcome_document, show_outcome
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
)
from loyalty_core.cli.output import REJECTED, answer
from loyalty_core.cli.session import opened
from loyalty_core.cli.tracing import TraceOption
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.decisions import Decision
from loyalty_core.domain.facts import Json
from loyalty_core.domain.json_text import parse_json
from loyalty_core.domain.receipts import FactReceipt, RecordStatus
from loyalty_core.errors import (
    CurrencyUnknown,
    EncodingBroken,
    FactError,
    FactTooLarge,
)
from loyalty_core.loyalty import Loyalty

CurrencyOption = Annotated[
    str, typer.Option("--currency", help="Of orders that state none; the program's if left out.")
]
GroupOption = Annotated[
    bool,
    typer.Option(
        "--group-lines", help="CSV rows of one order id that follow each other are its lines."
    ),
]
LARGEST_DOCUMENT = 64 * LARGEST_LINE


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    imports = typer.Typer(
        help="Book the rows of a file.", no_args_is_help=True, rich_markup_mode=None
    )
    imports.command("orders")(import_orders)
    imports.command("facts")(import_facts)
    imports.command("adjustments")(import_adjustments)
    imports.command("codes")(import_codes)
    app.add_typer(imports, name="import")
    app.command("record")(record)


def import_orders(
    file: FileArgument,
    maps: MapOption = None,
    format_: FormatOption = None,
    source: FileSourceOption = "",
    currency: CurrencyOption = "",
    time_zone: TimeZoneOption = "",
    date_format: DateFormatOption = "",
    delimiter: DelimiterOption = "",
    group_lines: GroupOption = False,
    rejects: RejectsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Book a file of orders: CSV with a header, or JSON lines.

    Rows that cannot be booked go to the rejects file, each with its line, its text, a code and a
    message; the others are booked. Importing a file again books nothing twice: a fact is known by
    source and id.

    A field of a CSV file is in the column of its own name or the one --map names; the id also in
    order_id, occurred_at also in date. tags and categories hold items separated by |. A date
    without a time is the first moment of its day. Fields: id, occurred_at, customer_id, email,
    phone, card, payment_token, amount, quantity, sku, line_id, line_discount, line_tax, kind,
    categories, status, currency, source, channel, store, tags, discount, shipping, shipping_tax,
    tax_included, total, version, updated_at, test.
    """
    spec = FileSpec(
        path=file,
        orders=True,
        format=format_,
        source=source,
        currency=_currency(currency),
        time_zone=read_time_zone(time_zone),
        date_format=date_format,
        delimiter=read_delimiter(delimiter),
        maps=read_maps(maps),
        group_lines=group_lines,
        rejects=rejects,
    )
    _import(spec, config, database, as_json)


def import_facts(
    file: FileArgument,
    maps: MapOption = None,
    format_: FormatOption = None,
    source: FileSourceOption = "",
    currency: CurrencyOption = "",
    time_zone: TimeZoneOption = "",
    date_format: DateFormatOption = "",
    delimiter: DelimiterOption = "",
    rejects: RejectsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Book a file of facts of any type as JSON lines, or of activities as CSV with a header.

    Works like `import orders`. Fields of a CSV file: id, kind, occurred_at, customer_id, email,
    phone, card, payment_token, source, channel, store, tags, and data.NAME for the activity's
    own data.
    """
    spec = FileSpec(
        path=file,
        orders=False,
        format=format_,
        source=source,
        currency=_currency(currency),
        time_zone=read_time_zone(time_zone),
        date_format=date_format,
        delimiter=read_delimiter(delimiter),
        maps=read_maps(maps),
        rejects=rejects,
    )
    _import(spec, config, database, as_json)


def _import(spec: FileSpec, config: Path, database: str | None, as_json: bool) -> None:
    with opened(config, database) as loyalty:
        outcome = import_file(loyalty, spec, quiet=as_json)
    document = outcome_document(spec.path, outcome)
    answer(document, as_json, lambda console: show_outcome(console, outcome))
    if outcome.rejected:
        raise typer.Exit(REJECTED)


def _currency(code: str) -> str:
    try:
        if code:
            minor_digits(code)
    except CurrencyUnknown as error:
        raise typer.BadParameter(str(error), param_hint="--currency") from None
    return code


def record(
    trace: TraceOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Book facts from standard input.

    They come as a JSON object, an array of objects, or JSON lines. For files, and for more than
    some thousand facts, `import facts` is made.
    """
    facts = list(_from_input())
    receipts: dict[int, FactReceipt] = {}
    made: list[Decision] = []
    with opened(config, database, trace=made.append if trace else None) as loyalty:
        _record(loyalty, facts, receipts)
        shown = [receipts[index] for index in sorted(receipts)]
        document: dict[str, Json] = {
            "receipts": [documents.fact_receipt(receipt, loyalty.config) for receipt in shown],
            **(tracing.documents_of(made) if trace else {}),
        }

    def view(console: Console) -> None:
        tracing.show(console, made)
        views.receipts(console, shown, loyalty.config)

    answer(document, as_json, view)
    if any(receipt.error for receipt in shown):
        raise typer.Exit(REJECTED)


def _record(
    loyalty: Loyalty,
    facts: list[Mapping[str, Json] | FactError],
    receipts: dict[int, FactReceipt],
) -> None:
    good = [index for index, fact in enumerate(facts) if not isinstance(fact, FactError)]
    for index, fact in enumerate(facts):
        if isinstance(fact, FactError):
            receipts[index] = FactReceipt(status=RecordStatus.REJECTED, error=fact)
    loyalty.record_many(
        (fact for fact in facts if not isinstance(fact, FactError)),
        on_receipt=lambda index, receipt: receipts.__setitem__(good[index], receipt),
    )


def _from_input() -> Iterator[Mapping[str, Json] | FactError]:
    data = sys.stdin.buffer.read(LARGEST_DOCUMENT + 1)
    if len(data) > LARGEST_DOCUMENT:
        raise FactTooLarge(
            f"standard input holds more than {LARGEST_DOCUMENT:,} bytes",
            remedy="Pipe JSON lines into: loyalty import facts - --format jsonl",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise EncodingBroken(f"byte {broken.start + 1} of standard input is not UTF-8") from None
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise EncodingBroken("standard input is empty", remedy="Pipe facts as JSON into it.")
    whole = _one_document(text) if len(lines) > 1 or lines[0][1].lstrip()[0] == "[" else None
    if whole is not None:
        yield from (_object(item, f"fact {number}") for number, item in enumerate(whole, 1))
        return
    for number, line in lines:
        try:
            yield _object(parse_json(line), f"line {number}")
        except EncodingBroken as error:
            error.where = f"line {number}"
            yield error


def _one_document(text: str) -> list[Json] | None:
    """The facts, if the text is a single JSON value; None if it is JSON lines, or broken."""
    try:
        value = parse_json(text)
    except EncodingBroken:
        return None
    return value if isinstance(value, list) else [value]


def _object(value: Json, where: str) -> Mapping[str, Json] | FactError:
    if isinstance(value, dict):
        return value
    return FactError("a fact is a JSON object", where=where)
