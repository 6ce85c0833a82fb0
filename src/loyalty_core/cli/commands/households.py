"""``household``: who shares points with whom, and what they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loyalty_core.cli import documents, views
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    KeyOption,
    MemberArgument,
    SourceOption,
)
from loyalty_core.cli.output import add, answer, facts_table, table
from loyalty_core.cli.session import member_of, opened
from loyalty_core.domain.household_views import HouseholdReceipt, HouseholdStatement
from loyalty_core.loyalty import Loyalty

HouseholdArgument = Annotated[
    str, typer.Argument(metavar="HOUSEHOLD", help="A household's id.", show_default=False)
]
ShareOption = Annotated[
    str | None,
    typer.Option("--share", help="Percent of what they earn; the program's if left out."),
]
ByOption = Annotated[
    str, typer.Option("--by", help="The head: an id or identity.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(help="Households: members who share points.", no_args_is_help=True)
    for name, command in (
        ("create", create),
        ("invite", invite),
        ("join", join),
        ("decline", decline),
        ("leave", leave),
        ("remove", remove),
        ("share", share),
        ("head", head),
        ("show", show),
    ):
        group.command(name)(command)
    app.add_typer(group, name="household")


def create(
    member: MemberArgument,
    key: KeyOption,
    share: ShareOption = None,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a household; the member is its head."""
    percent = _percent(share)
    _do(
        lambda loyalty: loyalty.create_household(
            member_of(loyalty, member, source).id, share=percent, key=key
        ),
        (config, database, as_json),
    )


def invite(
    household: HouseholdArgument,
    member: MemberArgument,
    by: ByOption,
    key: KeyOption,
    share: ShareOption = None,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Invite a member to a household."""
    percent = _percent(share)
    _do(
        lambda loyalty: loyalty.invite_to_household(
            household,
            member_of(loyalty, member, source).id,
            by=member_of(loyalty, by, source).id,
            share=percent,
            key=key,
        ),
        (config, database, as_json),
    )


def join(
    household: HouseholdArgument,
    member: MemberArgument,
    key: KeyOption,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept an invitation: what the member earns from now on is shared."""
    _do(
        lambda loyalty: loyalty.join_household(
            household, member_of(loyalty, member, source).id, key=key
        ),
        (config, database, as_json),
    )


def decline(
    household: HouseholdArgument,
    member: MemberArgument,
    key: KeyOption,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """End an invitation: declined, or withdrawn."""
    _do(
        lambda loyalty: loyalty.decline_household(
            household, member_of(loyalty, member, source).id, key=key
        ),
        (config, database, as_json),
    )


def leave(
    member: MemberArgument,
    key: KeyOption,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a member out of their household."""
    _do(
        lambda loyalty: loyalty.leave_household(member_of(loyalty, member, source).id, key=key),
        (config, database, as_json),
    )


def remove(
    household: HouseholdArgument,
    member: MemberArgument,
    by: ByOption,
    key: KeyOption,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a member out of a household, by its head."""
    _do(
        lambda loyalty: loyalty.remove_from_household(
            household,
            member_of(loyalty, member, source).id,
            by=member_of(loyalty, by, source).id,
            key=key,
        ),
        (config, database, as_json),
    )


def share(
    member: MemberArgument,
    percent: Annotated[str, typer.Argument(help="Percent of what they earn from now on.")],
    key: KeyOption,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what part of what a member earns is shared."""
    wanted = _percent(percent)
    assert wanted is not None
    _do(
        lambda loyalty: loyalty.change_household_share(
            member_of(loyalty, member, source).id, wanted, key=key
        ),
        (config, database, as_json),
    )


def head(
    household: HouseholdArgument,
    member: MemberArgument,
    by: ByOption,
    key: KeyOption,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make another member the head of a household."""
    _do(
        lambda loyalty: loyalty.change_household_head(
            household,
            member_of(loyalty, member, source).id,
            by=member_of(loyalty, by, source).id,
            key=key,
        ),
        (config, database, as_json),
    )


def show(
    household: HouseholdArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a household's points, and what each member gave and took."""
    with opened(config, database) as loyalty:
        shown = loyalty.household(household)
    answer(_document(shown, loyalty), as_json, lambda console: _view(console, shown, loyalty))


# -- how ------------------------------------------------------------------------------------------


def _percent(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not a percentage") from None


def _do(
    command: Callable[[Loyalty], HouseholdReceipt], common: tuple[Path, str | None, bool]
) -> None:
    """Runs a command on households, and prints its receipt."""
    config, database, as_json = common
    with opened(config, database) as loyalty:
        receipt = command(loyalty)
    document: documents.Document = {
        "household_id": receipt.household_id,
        "member_id": receipt.member_id,
        "role": receipt.role.value,
        "state": receipt.state.value,
        "share": str(receipt.share),
        "at": documents.moment(receipt.at),
        "points": _points(receipt.points, loyalty),
    }
    rows = [
        ("household", receipt.household_id),
        ("member", receipt.member_id),
        ("is", f"{receipt.state} as {receipt.role}"),
        ("shares", f"{receipt.share} percent"),
        ("points", _amounts(receipt.points, loyalty)),
    ]
    told = [row for row in rows if row[1]]
    answer(document, as_json, lambda console: console.print(facts_table(told)))


def _document(shown: HouseholdStatement, loyalty: Loyalty) -> documents.Document:
    return {
        "household_id": shown.household_id,
        "at": documents.moment(shown.at),
        "created_at": documents.moment(shown.created_at),
        "dissolved": shown.dissolved,
        "wallets": [documents.wallet_statement(wallet) for wallet in shown.wallets],
        "members": [
            {
                "member_id": one.member_id,
                "role": one.role.value,
                "state": one.state.value,
                "share": str(one.share),
                "invited_at": documents.moment(one.invited_at),
                "joined_at": documents.moment(one.joined_at),
                "left_at": documents.moment(one.left_at),
                "contributed": _points(one.contributed, loyalty),
                "spent": _points(one.spent, loyalty),
            }
            for one in shown.members
        ],
    }


def _view(console: Console, shown: HouseholdStatement, loyalty: Loyalty) -> None:
    views.heading(console, f"{shown.household_id}  as of {views.when(shown.at, loyalty.config)}")
    for wallet in shown.wallets:
        console.print()
        views.wallet_statement(console, wallet, loyalty.config)
    console.print()
    numbers = ("share", "contributed", "spent")
    listed = table("member", "role", "state", *numbers, right=numbers)
    for one in shown.members:
        gave, took = (_amounts(part, loyalty) for part in (one.contributed, one.spent))
        add(listed, one.member_id, one.role.value, one.state.value, f"{one.share}%", gave, took)
    console.print(listed)


def _points(by_wallet: Mapping[str, int], loyalty: Loyalty) -> documents.Document:
    scales = {name: documents.scale_of(loyalty.config, name) for name in by_wallet}
    return {name: documents.points(units, scales[name]) for name, units in by_wallet.items()}


def _amounts(by_wallet: Mapping[str, int], loyalty: Loyalty) -> str:
    scales = {name: documents.scale_of(loyalty.config, name) for name in by_wallet}
    named = len(loyalty.config.wallets) > 1
    return ", ".join(
        views.amount(units, scales[name]) + (f" {name}" if named else "")
        for name, units in by_wallet.items()
    )
