"""Commands that spend points: redeem at once or in two steps."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from loyalty_core.cli import documents, views
from loyalty_core.cli.commands.answers import read_cart
from loyalty_core.cli.granting import grant_document, show_grant
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    KeyOption,
    MemberArgument,
    SourceOption,
)
from loyalty_core.cli.output import answer
from loyalty_core.cli.session import member_of, opened, points_of
from loyalty_core.domain.receipts import RedemptionReceipt
from loyalty_core.errors import RewardUnknown
from loyalty_core.loyalty import Loyalty

OrderOption = Annotated[
    str | None, typer.Option("--order", help="The order that is paid for; give --source too.")
]
RedemptionArgument = Annotated[str, typer.Argument(help="The id that redeeming answered with.")]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("redeem")(redeem)
    app.command("capture")(capture)
    app.command("release")(release)


def redeem(
    member: MemberArgument,
    key: KeyOption,
    points: Annotated[
        str | None,
        typer.Option("--points", help="The most to spend, in whole points; else all of use."),
    ] = None,
    reward: Annotated[
        str | None, typer.Option("--reward", help="May be left out if there is only one.")
    ] = None,
    cart: Annotated[
        str | None, typer.Option("--cart", help="The cart to spend on, a JSON file or -.")
    ] = None,
    order: OrderOption = None,
    hold: Annotated[
        int | None,
        typer.Option("--hold", help="Only reserve them, for so many minutes, until `capture`."),
    ] = None,
    spender: Annotated[
        str | None,
        typer.Option("--spender", help="Who spends, where MEMBER is a household's id."),
    ] = None,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Spend a member's points on a reward, or reserve them for a while.

    They are charged for exactly what the reward gives. Those spent on an order come back with its
    refunds.
    """
    wanted = read_cart(cart) if cart else None
    with opened(config, database) as loyalty:
        found = member_of(loyalty, member, source)
        wallet = "" if points is None else _paid_from(loyalty, found.id, reward)
        units = None if points is None else points_of(loyalty, wallet, points)
        spend = loyalty.redeem if hold is None else partial(loyalty.hold, minutes=hold)
        receipt = spend(
            found.id,
            points=units,
            reward=reward,
            cart=wanted,
            source=source if order is not None else "",
            order_id=order,
            spender=member_of(loyalty, spender, source).id if spender else None,
            key=key,
        )
    _show(receipt, loyalty, as_json)


def capture(
    redemption: RedemptionArgument,
    points: Annotated[
        str | None, typer.Option("--points", help="Whole points to spend; else all that is held.")
    ] = None,
    order: OrderOption = None,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Spend held points; those not spent are free again."""
    with opened(config, database) as loyalty:
        wallet = loyalty.redemption(redemption).wallet
        units = None if points is None else points_of(loyalty, wallet, points)
        shop = source if order is not None else ""
        receipt = loyalty.capture(redemption, points=units, source=shop, order_id=order)
    _show(receipt, loyalty, as_json)


def release(
    redemption: RedemptionArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set held points free."""
    with opened(config, database) as loyalty:
        receipt = loyalty.release(redemption)
    _show(receipt, loyalty, as_json)


def _show(receipt: RedemptionReceipt, loyalty: Loyalty, as_json: bool) -> None:
    document = documents.redemption(receipt, loyalty.config)
    if receipt.grant is not None:
        document["grant"] = grant_document(receipt.grant)

    def view(console: Console) -> None:
        views.redemption(console, receipt, loyalty.config)
        if receipt.grant is not None:
            show_grant(console, receipt.grant, loyalty.config)

    answer(document, as_json, view)


def _paid_from(loyalty: Loyalty, member_id: str, reward: str | None) -> str:
    """The wallet a reward is paid from: it says how fine its points are."""
    rewards = {found.id: found.wallet for found in loyalty.rewards(member_id)}
    known = ", ".join(rewards) or "none"
    if reward is None and len(set(rewards.values())) == 1:
        return next(iter(rewards.values()))
    if reward is None:
        raise RewardUnknown("say which reward", remedy=f"Add --reward: {known}.")
    if reward not in rewards:
        raise RewardUnknown(f"there is no reward {reward!r}", remedy=f"Rewards here: {known}.")
    return rewards[reward]
