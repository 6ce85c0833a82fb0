"""Small types both schemas share: money, dated points, wallets and what a cart would bring."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import strawberry

import loyalty_core as core
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.enums import RewardType
from loyalty_gateway.fields import ADMIN
from loyalty_gateway.scalars import Amount, Points


@strawberry.type(description="An amount of one currency.")
class Money:
    """A decimal text and its ISO 4217 code."""

    amount: Amount = strawberry.field(description="The amount in the currency's major unit.")
    currency: str = strawberry.field(description="The ISO 4217 code of the currency.")

    @classmethod
    def of(cls, money: core.Money) -> Money:
        """The money as clients see it."""
        text = core.format_scaled(money.amount_minor, money.digits)
        return cls(amount=Amount(text), currency=money.currency)


def money_or_none(money: core.Money | None) -> Money | None:
    """The money as clients see it, if there is any."""
    return None if money is None else Money.of(money)


@strawberry.type(description="Points that something happens to at a moment.")
class DatedPoints:
    """Such as points that expire."""

    at: datetime = strawberry.field(description="When it happens.")
    points: Points = strawberry.field(description="How many points it happens to.")


@strawberry.type(description="A member's account in one unit.")
class Wallet:
    """One wallet as its member sees it."""

    name: str = strawberry.field(description="The wallet's name in the program.")
    unit: str = strawberry.field(description="What it is counted in, such as points or stars.")
    scale: int = strawberry.field(description="How many decimal digits its points have.")
    balance: Points = strawberry.field(description="All points in it, pending ones included.")
    available: Points = strawberry.field(
        description="What can be spent now; negative while there is debt."
    )
    pending: Points = strawberry.field(description="What becomes available later.")
    held: Points = strawberry.field(description="What is reserved for redemptions under way.")
    debt: Points = strawberry.field(description="What the next points earned must pay first.")
    earned: Points = strawberry.field(description="All points earned since joining.")
    redeemed: Points = strawberry.field(description="All points spent since joining.")
    expired: Points = strawberry.field(description="All points expired since joining.")
    adjusted: Points = strawberry.field(description="All changes by operators since joining.")
    transferred: Points = strawberry.field(
        description="All points got from other members, less those given to them."
    )
    worth: Money | None = strawberry.field(
        description="What the available points are worth, where the program says so."
    )
    next_pending: DatedPoints | None = strawberry.field(
        description="The first pending points to become available."
    )
    expiring: list[DatedPoints] = strawberry.field(
        description="The points that expire soon, by date."
    )
    lapses_at: datetime | None = strawberry.field(
        description="When all points expire unless the member does something before."
    )

    @classmethod
    def of(cls, wallet: core.WalletStatement) -> Wallet:
        """The wallet as clients see it."""

        def points(amount: int) -> Points:
            return Points(core.format_scaled(amount, wallet.scale))

        def dated(dated: core.Dated) -> DatedPoints:
            return DatedPoints(at=dated.at, points=points(dated.amount))

        return cls(
            name=wallet.wallet,
            unit=wallet.unit,
            scale=wallet.scale,
            balance=points(wallet.balance),
            available=points(wallet.available),
            pending=points(wallet.pending),
            held=points(wallet.held),
            debt=points(wallet.debt),
            earned=points(wallet.earned),
            redeemed=points(wallet.redeemed),
            expired=points(wallet.expired),
            adjusted=points(wallet.adjusted),
            transferred=points(wallet.transferred),
            worth=money_or_none(wallet.worth),
            next_pending=dated(wallet.next_pending) if wallet.next_pending else None,
            expiring=[dated(item) for item in wallet.expiring],
            lapses_at=wallet.lapses_at,
        )


@strawberry.type(description="A wallet as the program defines it.")
class WalletDefinition:
    """A unit that members hold."""

    name: str = strawberry.field(description="The wallet's name in the program.")
    unit: str = strawberry.field(description="What it is counted in, such as points or stars.")
    scale: int = strawberry.field(description="How many decimal digits its points have.")


@strawberry.type(description="Something points buy.")
class Reward:
    """A reward as a catalogue shows it."""

    id: strawberry.ID = strawberry.field(description="The reward's name.")
    summary: str = strawberry.field(description="What it is, in one line for a member.")
    wallet: str = strawberry.field(description="The wallet it is paid from.")
    kind: RewardType | None = strawberry.field(
        description="What kind of thing it is; null for a plugin's."
    )
    points: Points | None = strawberry.field(
        description="The member's price, or the most that can be spent on it now."
    )
    missing: Points | None = strawberry.field(description="How many points are missing for one.")
    left: int | None = strawberry.field(description="How many are left, if it is limited.")
    refusal: str | None = strawberry.field(description="Why the member cannot have it now.")
    starts_on: date | None = strawberry.field(description="The first day it can be had.")
    ends_on: date | None = strawberry.field(description="The last day it can be had.")
    plugin: str = strawberry.field(description="The plugin that offers it.", metadata=ADMIN)

    @classmethod
    def of(cls, reward: core.RewardView, context: GatewayContext) -> Reward:
        """The reward as clients see it."""

        def points(amount: int | None) -> Points | None:
            return None if amount is None else context.points(reward.wallet, amount)

        return cls(
            id=strawberry.ID(reward.id),
            summary=reward.summary,
            wallet=reward.wallet,
            kind=RewardType[reward.kind.name] if reward.kind else None,
            points=points(reward.points),
            missing=points(reward.missing),
            left=reward.left,
            refusal=reward.refusal or None,
            starts_on=reward.starts_on,
            ends_on=reward.ends_on,
            plugin=reward.plugin,
        )


@strawberry.type(description="Points that belong to one order line.")
class LinePoints:
    """A line and its points."""

    line: str = strawberry.field(description='The id of the line; shipping is "~shipping".')
    points: Points = strawberry.field(description="The points of the line.")


@strawberry.type(description="What something did to one wallet.")
class WalletChange:
    """A wallet and the change."""

    wallet: str = strawberry.field(description="The wallet changed.")
    points: Points = strawberry.field(description="What its balance changed by, with its sign.")


def changes_of(changes: Mapping[str, int], context: GatewayContext) -> list[WalletChange]:
    """Changes by wallet (a mapping of smallest units) as clients see them."""
    return [
        WalletChange(wallet=wallet, points=context.points(wallet, amount))
        for wallet, amount in changes.items()
    ]


@strawberry.type(description="A discount on one order line.")
class LineDiscount:
    """A line and its discount."""

    line: str = strawberry.field(description='The id of the line; shipping is "~shipping".')
    discount: Money = strawberry.field(description="How much the line is reduced by.")


@strawberry.type(description="What one rule would give for a cart.")
class Earning:
    """Nothing of it is booked."""

    rule: str = strawberry.field(description="The name of the rule.")
    wallet: str = strawberry.field(description="The wallet the points would go to.")
    points: Points = strawberry.field(description="How many points it would give.")
    lines: list[LinePoints] = strawberry.field(description="How many of them each line earns.")
    activates_at: datetime | None = strawberry.field(
        description="When they could first be spent, if not at once."
    )
    expires_at: datetime | None = strawberry.field(description="When they would expire, if ever.")
    plugin: str = strawberry.field(description="The plugin that gives them.", metadata=ADMIN)


@strawberry.type(description="The most of one reward that a cart could use now.")
class Offer:
    """What a reward would cost and give."""

    reward: str = strawberry.field(description="The reward's name.")
    wallet: str = strawberry.field(description="The wallet it is paid from.")
    points: Points = strawberry.field(description="What it would cost; zero if refused.")
    worth: Money = strawberry.field(description="What it would give, exactly.")
    lines: list[LineDiscount] = strawberry.field(description="The discount of each line.")
    minimum: Points = strawberry.field(description="The fewest points that can be spent on it.")
    step: Points = strawberry.field(description="The steps in which points can be spent on it.")
    refusal: str | None = strawberry.field(
        description="Why nothing can be spent, in words for the member."
    )


def line_points(lines: Mapping[str, int], wallet: str, context: GatewayContext) -> list[LinePoints]:
    """Points by order line (a mapping of smallest units) as clients see them."""
    return [
        LinePoints(line=line, points=context.points(wallet, amount))
        for line, amount in lines.items()
    ]


def line_discounts(lines: Mapping[str, int], currency: str) -> list[LineDiscount]:
    """Discounts by order line (a mapping of minor units) as clients see them."""
    return [
        LineDiscount(line=line, discount=Money.of(core.Money(amount, currency)))
        for line, amount in lines.items()
    ]
