"""``statement``, ``history``, ``explain``, ``quote`` and others: questions that book nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from loyalty_core.application.files.lines import LARGEST_LINE
from loyalty_core.cli import benefits, documents, ruling, tracing, views
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    AsOfOption,
    AtOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    KnownAtOption,
    MemberArgument,
    SourceOption,
    read_moment,
)
from loyalty_core.cli.output import PLUGIN, answer
from loyalty_core.cli.session import member_of, opened, reading, wallet_named
from loyalty_core.cli.tracing import TraceOption
from loyalty_core.domain.decisions import Decision
from loyalty_core.domain.facts import Json
from loyalty_core.domain.json_text import parse_object
from loyalty_core.errors import EncodingBroken, FactTooLarge
from loyalty_core.loyalty import Loyalty


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("statement")(statement)
    app.command("balance")(balance)
    app.command("history")(history)
    app.command("explain")(explain)
    app.command("versions")(versions)
    app.command("quote")(quote)
    app.command("report")(report)


def statement(
    member: MemberArgument,
    source: SourceOption = "",
    at: AsOfOption = None,
    known_at: KnownAtOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a member's balances and what expires when, now or as of a moment."""
    moments = {"at": _moment(at), "known_at": _moment(known_at)}
    with opened(config, database) as loyalty:
        found = loyalty.statement(member_of(loyalty, member, source).id, **moments)
    document = documents.statement(found) | benefits.of_statement(found)

    def view(console: Console) -> None:
        views.statement(console, found, loyalty.config)
        benefits.print_statement(console, found, loyalty.config)

    answer(document, as_json, view)


def balance(
    member: MemberArgument,
    source: SourceOption = "",
    wallet: Annotated[
        str | None, typer.Option("--wallet", help="May be left out if there is only one.")
    ] = None,
    at: AsOfOption = None,
    known_at: KnownAtOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the balance of a wallet, now or as of a moment."""
    moments = {"at": _moment(at), "known_at": _moment(known_at)}
    with opened(config, database) as loyalty:
        name = wallet_named(loyalty, wallet)
        found = member_of(loyalty, member, source).id
        units = loyalty.balance(found, name, **moments)
        scale = loyalty.config.wallets[name].scale
    document: documents.Document = {"member_id": found, "wallet": name}
    document |= {key: documents.moment(moment) for key, moment in moments.items()}
    document["balance"] = documents.points(units, scale)
    answer(document, as_json, lambda console: console.print(views.amount(units, scale)))


def _moment(text: str | None) -> datetime | None:
    return read_moment(text) if text else None


def history(
    member: MemberArgument,
    source: SourceOption = "",
    wallet: Annotated[str | None, typer.Option("--wallet", help="Of this wallet only.")] = None,
    first: Annotated[int, typer.Option("--first", min=1, max=1000, help="How many.")] = 20,
    after: Annotated[str | None, typer.Option("--after", help="Go on after this cursor.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List a member's transactions, latest first."""
    with opened(config, database) as loyalty:
        found = member_of(loyalty, member, source)
        page = loyalty.history(found.id, wallet=wallet, first=first, after=after)
    document = documents.history(page, loyalty.config)
    answer(document, as_json, lambda console: views.history(console, page, loyalty.config))


def explain(
    transaction: Annotated[
        str, typer.Argument(metavar="TRANSACTION", help="A transaction's id, as history lists it.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which fact and rules a transaction came from, as the rules were then."""
    with opened(config, database) as loyalty:
        why = loyalty.explain(transaction)
    document = documents.explanation(why, loyalty.config) | ruling.of_explanation(why)

    def view(console: Console) -> None:
        views.explanation(console, why, loyalty.config)
        ruling.print_explanation(console, why, loyalty.config)

    answer(document, as_json, view)


def versions(
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take back what is scheduled: it does not start.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the versions of the configuration, what each one changed, and what is to start.

    A configuration with a program.in_force_from is scheduled by opening it, as any command does,
    and this one. Until that moment it can be withdrawn.
    """
    with opened(config, database) as loyalty:
        if withdraw:
            _withdraw(loyalty, as_json=as_json)
            return
        found = loyalty.versions()
    answer(
        ruling.of_versions(found),
        as_json,
        lambda console: ruling.print_versions(console, found, loyalty.config),
    )


def _withdraw(loyalty: Loyalty, *, as_json: bool) -> None:
    found = loyalty.withdraw_scheduled()
    answer(
        {"withdrawn": ruling.of_version(found) if found else None},
        as_json,
        lambda console: ruling.print_withdrawn(console, found, loyalty.config),
    )


def quote(
    cart: Annotated[
        str, typer.Argument(metavar="CART", help="A cart as a JSON file; - is standard input.")
    ] = "-",
    member: Annotated[
        str | None, typer.Option("--member", help="A member's id or identity; else a stranger.")
    ] = None,
    source: SourceOption = "",
    at: AtOption = None,
    trace: TraceOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a cart would earn; nothing is booked.

    It also says what the member's points could buy on it. With --at under the rules that were in
    force then; the member is as they are today.
    """
    wanted = read_cart(cart)
    made: list[Decision] = []
    with opened(config, database, trace=made.append if trace else None) as loyalty:
        member_id = member_of(loyalty, member, source).id if member else None
        quoted = loyalty.quote(wanted, member_id, at=_moment(at))
    document = documents.quote(quoted, loyalty.config) | benefits.of_quote(quoted)
    document |= tracing.documents_of(made) if trace else {}

    def view(console: Console) -> None:
        tracing.show(console, made)
        benefits.print_quote(console, quoted)
        views.quote(console, quoted, loyalty.config)

    answer(document, as_json, view)
    if quoted.failed:
        raise typer.Exit(PLUGIN)


def read_cart(path: str) -> dict[str, Json]:
    """The JSON object in a file or, for ``-``, on standard input.

    Raises ``EncodingBroken``, ``FactTooLarge``.
    """
    where = "standard input" if path == "-" else path
    with reading(path) as file:
        data = file.read(LARGEST_LINE + 1)
    if len(data) > LARGEST_LINE:
        raise FactTooLarge(
            f"the cart has more than {LARGEST_LINE:,} bytes",
            where=where,
            remedy="A cart is one JSON object.",
        )
    try:
        return dict(parse_object(data.decode("utf-8-sig")))
    except UnicodeDecodeError as broken:
        raise EncodingBroken(f"byte {broken.start + 1} is not UTF-8", where=where) from None
    except EncodingBroken as error:
        error.where = where
        raise


def report(
    top: Annotated[int, typer.Option("--top", min=0, max=1000, help="How many top members.")] = 10,
    at: AtOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the program's totals and top members."""
    with opened(config, database, at) as loyalty:
        found = loyalty.report(top=top)
    document = documents.report(found)
    answer(document, as_json, lambda console: views.report(console, found, loyalty.config))
