"""``transfer``, ``merge``, ``unmerge``, ``export``, ``erase``: what happens to members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from loyalty_core.cli import documents, views
from loyalty_core.cli.commands.adjusting import user
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    KeyOption,
    MemberArgument,
    SourceOption,
)
from loyalty_core.cli.output import answer, facts_table, print_json
from loyalty_core.cli.session import identity_of, member_of, opened, points_of, wallet_named
from loyalty_core.loyalty import Loyalty

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stays in the books.")]
ActorOption = Annotated[
    str, typer.Option("--actor", envvar="LOYALTY_ACTOR", help="Who of the shop does it.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("transfer")(transfer)
    app.command("merge")(merge)
    app.command("unmerge")(unmerge)
    app.command("export")(export)
    app.command("erase")(erase)


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


def export(
    member: MemberArgument,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print everything that is kept of a member, always as JSON."""
    with opened(config, database) as loyalty:
        found = loyalty.export(member_of(loyalty, member, source).id)
    print_json(found)


def erase(
    member: MemberArgument,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, without naming the person: it stays.")
    ],
    key: KeyOption,
    actor: ActorOption = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask; it cannot be taken back.")
    ] = False,
    guest: Annotated[
        bool, typer.Option("--guest", help="They never became a member: an identity, not an id.")
    ] = False,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a person for good: nothing personal is left, and the balance ends.

    The books keep their totals. Only an id finds the receipt again afterwards.
    """
    with opened(config, database) as loyalty:
        if guest:
            _make_sure(f"the guest {member}", yes, as_json)
            erase_guest(loyalty, member, source, reason, actor or user(), key, as_json)
            return
        found = member_of(loyalty, member, source)
        _make_sure(views.who(found) or found.id, yes, as_json)
        receipt = loyalty.erase(found.id, reason=reason, actor=actor or user(), key=key)
        scales = {name: documents.scale_of(loyalty.config, name) for name in receipt.points}
    document: documents.Document = {
        "member_id": receipt.member_id,
        "erased_at": documents.moment(receipt.erased_at),
        "points": {
            name: documents.points(units, scales[name]) for name, units in receipt.points.items()
        },
        "reason": receipt.reason,
        "actor": receipt.actor,
    }
    ended = [
        (f"{name} ended", views.amount(units, scales[name]))
        for name, units in receipt.points.items()
    ]
    rows = [("member", receipt.member_id), ("reason", receipt.reason), *ended]
    answer(document, as_json, lambda console: console.print(facts_table(rows)))


def erase_guest(
    loyalty: Loyalty,
    identity: str,
    source: str,
    reason: str,
    actor: str,
    key: str,
    as_json: bool,
) -> None:
    """Forgets somebody who never became a member, and prints the receipt."""
    kind, value = identity_of(identity)
    receipt = loyalty.erase_guest({kind: value}, source=source, reason=reason, actor=actor, key=key)
    document: documents.Document = {
        "erased_at": documents.moment(receipt.erased_at),
        "facts": receipt.facts,
        "reason": receipt.reason,
        "actor": receipt.actor,
    }
    rows = [("guest", f"forgotten in {receipt.facts} facts"), ("reason", receipt.reason)]
    answer(document, as_json, lambda console: console.print(facts_table(rows)))


def merge(
    into: Annotated[
        str,
        typer.Argument(metavar="INTO", help="Who stays: an id or identity.", show_default=False),
    ],
    other: Annotated[
        str,
        typer.Argument(
            metavar="OTHER", help="Who becomes part of them: an id or identity.", show_default=False
        ),
    ],
    key: KeyOption,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make two members one, when they are the same person."""
    with opened(config, database) as loyalty:
        kept = member_of(loyalty, into, source).id
        gone = member_of(loyalty, other, source).id if ":" in other else other
        receipt = loyalty.merge(kept, gone, reason=reason, actor=actor, key=key)
        points, rows = _moved(loyalty, receipt.points)
    document: documents.Document = {
        "member_id": receipt.member_id,
        "merged_member": receipt.merged_member,
        "merged_at": documents.moment(receipt.merged_at),
        "points": points,
        "unmerge_until": documents.moment(receipt.unmerge_until),
    }
    rows = [("member", receipt.member_id), ("merged", receipt.merged_member), *rows]
    answer(document, as_json, lambda console: console.print(facts_table(rows)))


def unmerge(
    member: Annotated[
        str, typer.Argument(metavar="ID", help="The id of who was merged.", show_default=False)
    ],
    key: KeyOption,
    reason: ReasonOption = "",
    actor: ActorOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a merge back; what was spent stays spent."""
    with opened(config, database) as loyalty:
        receipt = loyalty.unmerge(member, reason=reason, actor=actor, key=key)
        points, rows = _moved(loyalty, receipt.points)
    document: documents.Document = {
        "member_id": receipt.member_id,
        "from_member": receipt.from_member,
        "unmerged_at": documents.moment(receipt.unmerged_at),
        "points": points,
    }
    rows = [("member", receipt.member_id), ("parted from", receipt.from_member), *rows]
    answer(document, as_json, lambda console: console.print(facts_table(rows)))


def _moved(
    loyalty: Loyalty, points: Mapping[str, int]
) -> tuple[documents.Document, list[tuple[str, str]]]:
    """What moved by wallet, for machines and for people."""
    scales = {name: documents.scale_of(loyalty.config, name) for name in points}
    document: documents.Document = {
        name: documents.points(units, scales[name]) for name, units in points.items()
    }
    rows = [(f"{name} moved", views.amount(units, scales[name])) for name, units in points.items()]
    return document, rows


def _make_sure(whom: str, yes: bool, as_json: bool) -> None:
    """Asks whether somebody is to be forgotten; machines are not asked, they say so."""
    if yes:
        return
    if as_json:
        raise typer.BadParameter("with --json nobody is asked: add --yes, for it is for good")
    typer.confirm(f"Forget {whom} for good?", abort=True, err=True)
