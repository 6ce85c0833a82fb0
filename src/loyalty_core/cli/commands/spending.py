"""``redeem``: points spent on a reward, carried out once for its key."""

from __future__ import annotations

from typing import Annotated

import typer

from loyalty_core.cli import documents, views
from loyalty_core.cli.commands.answers import read_cart
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
from loyalty_core.errors import RewardUnknown
from loyalty_core.loyalty import Loyalty


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("redeem")(redeem)


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
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Spend a member's points on a reward.

    They are charged for exactly what the reward gives.
    """
    wanted = read_cart(cart) if cart else None
    with opened(config, database) as loyalty:
        units = None if points is None else points_of(loyalty, _paid_from(loyalty, reward), points)
        found = member_of(loyalty, member, source)
        receipt = loyalty.redeem(found.id, points=units, reward=reward, cart=wanted, key=key)
    document = documents.redemption(receipt, loyalty.config)
    answer(document, as_json, lambda console: views.redemption(console, receipt, loyalty.config))


def _paid_from(loyalty: Loyalty, reward: str | None) -> str:
    """The wallet a reward is paid from: it says how fine its points are."""
    rewards = {found.id: found.wallet for found in loyalty.rewards()}
    known = ", ".join(rewards) or "none"
    if reward is None and len(set(rewards.values())) == 1:
        return next(iter(rewards.values()))
    if reward is None:
        raise RewardUnknown("say which reward", remedy=f"Add --reward: {known}.")
    if reward not in rewards:
        raise RewardUnknown(f"there is no reward {reward!r}", remedy=f"Rewards here: {known}.")
    return rewards[reward]
