"""``member``: finding people, and making them members."""

from __future__ import annotations

from typing import Annotated

import typer

from loyalty_core.cli import documents, views
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    MemberArgument,
    SourceOption,
)
from loyalty_core.cli.output import answer
from loyalty_core.cli.session import member_of, opened
from loyalty_core.domain.members import Profile
from loyalty_core.errors import MemberNotFound

EmailOption = Annotated[str, typer.Option("--email")]
PhoneOption = Annotated[str, typer.Option("--phone")]
CustomerOption = Annotated[
    str, typer.Option("--customer-id", help="Their id in the shop --source.")
]
CardOption = Annotated[str, typer.Option("--card")]
PaymentOption = Annotated[str, typer.Option("--payment-token")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        help="Find members, and make them.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("find")(find)
    group.command("show")(show)
    group.command("enrol")(enrol)
    app.add_typer(group, name="member")


def find(
    email: EmailOption = "",
    phone: PhoneOption = "",
    customer_id: CustomerOption = "",
    card: CardOption = "",
    payment_token: PaymentOption = "",
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the member that an identity belongs to."""
    identities = _identities(email, phone, customer_id, card, payment_token)
    with opened(config, database) as loyalty:
        found = loyalty.find(identities, source=source)
    if found is None:
        raise MemberNotFound(f"nobody is known by {', '.join(identities)} as given")
    document = documents.member(found)
    answer(document, as_json, lambda console: views.member(console, found, loyalty.config))


def show(
    member: MemberArgument,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a member with profile and identities."""
    with opened(config, database) as loyalty:
        found = member_of(loyalty, member, source)
    document = documents.member(found)
    answer(document, as_json, lambda console: views.member(console, found, loyalty.config))


def enrol(
    email: EmailOption = "",
    phone: PhoneOption = "",
    customer_id: CustomerOption = "",
    card: CardOption = "",
    payment_token: PaymentOption = "",
    source: SourceOption = "",
    name: Annotated[str, typer.Option("--name", help="What to call them.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make somebody a member; who is one already gets the identities that are new."""
    identities = _identities(email, phone, customer_id, card, payment_token)
    profile = Profile(name=name) if name else None
    with opened(config, database) as loyalty:
        found = loyalty.enrol(identities, source=source, profile=profile)
    document = documents.member(found)
    answer(document, as_json, lambda console: views.member(console, found, loyalty.config))


def _identities(
    email: str, phone: str, customer_id: str, card: str, payment_token: str
) -> dict[str, str]:
    given = {
        "email": email,
        "phone": phone,
        "customer_id": customer_id,
        "card": card,
        "payment_token": payment_token,
    }
    identities = {kind: value for kind, value in given.items() if value}
    if not identities:
        options = ", ".join(f"--{kind.replace('_', '-')}" for kind in given)
        raise typer.BadParameter(f"give at least one of {options}")
    return identities
