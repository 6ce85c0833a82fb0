"""``transfer``: what happens between members."""

from __future__ import annotations

from typing import Annotated

import typer

from loyalty_core.cli import documents, views
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    KeyOption,
    SourceOption,
)
from loyalty_core.cli.output import answer, facts_table
from loyalty_core.cli.session import member_of, opened, points_of, wallet_named

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stays in the books.")]
ActorOption = Annotated[
    str, typer.Option("--actor", envvar="LOYALTY_ACTOR", help="Who of the shop does it.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("transfer")(transfer)


def transfer(
    giver: Annotated[
        str,
        typer.Argument(metavar="FROM", help="Who gives: an id or identity.", show_default=False),
    ],
    receiver: Annotated[
        str, typer.Argument(metavar="TO", help="Who gets: an id or identity.", show_default=False)
    ],
    points: Annotated[str, typer.Option("--points", help="Whole points to give.")],
    key: KeyOption,
    wallet: Annotated[
        str | None, typer.Option("--wallet", help="May be left out if there is only one.")
    ] = None,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give points of one member to another; they keep their expiry."""
    with opened(config, database) as loyalty:
        named = wallet_named(loyalty, wallet)
        receipt = loyalty.transfer(
            member_of(loyalty, giver, source).id,
            member_of(loyalty, receiver, source).id,
            named,
            points_of(loyalty, named, points),
            reason=reason,
            actor=actor,
            key=key,
        )
        scale = documents.scale_of(loyalty.config, receipt.wallet)
    document: documents.Document = {
        "transaction_id": receipt.transaction_id,
        "received_transaction_id": receipt.received_transaction_id,
        "from_member": receipt.from_member,
        "to_member": receipt.to_member,
        "wallet": receipt.wallet,
        "points": documents.points(receipt.points, scale),
        "occurred_at": documents.moment(receipt.occurred_at),
    }
    rows = [
        ("given", f"{views.amount(receipt.points, scale)} {receipt.wallet}"),
        ("from", receipt.from_member),
        ("to", receipt.to_member),
        ("transactions", f"{receipt.transaction_id}, {receipt.received_transaction_id}"),
    ]
    answer(document, as_json, lambda console: console.print(facts_table(rows)))
