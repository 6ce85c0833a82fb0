"""What the plugin adds to the gateway: charities, what members gave, and pay-outs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, TypeAlias

import strawberry

from loyalty_core import format_scaled, minor_digits, parse_scaled
from loyalty_donation import summary
from loyalty_donation.books import Charities, Payout
from loyalty_gateway.extension import (
    ContributedField,
    GatewayContext,
    GraphQLExtension,
    Permission,
)

Info: TypeAlias = strawberry.Info[GatewayContext, None]


@strawberry.type(description="What a charity or a campaign has in one currency.")
class DonationAccount:
    """Amounts are decimal texts in the account's currency."""

    wallet: str = strawberry.field(description="The wallet that is the account.")
    currency: str = strawberry.field(description="The ISO 4217 code of its amounts.")
    charity: str = strawberry.field(description="The charity.")
    campaign: str | None = strawberry.field(description="The campaign, if it is one.")
    name: str = strawberry.field(description="What people call it.")
    given: str = strawberry.field(description="What came by members, refunds taken off.")
    givers: int = strawberry.field(description="How many members have given something.")
    matched: str = strawberry.field(description="What the merchant adds.")
    total: str = strawberry.field(description="All that the charity is due, paid or not.")
    goal: str | None = strawberry.field(description="What it is to come to.")
    progress: int | None = strawberry.field(description="Whole percent of the goal.")
    reached: bool = strawberry.field(description="Whether the goal is reached.")
    starts_on: date | None = strawberry.field(description="The campaign's first day.")
    ends_on: date | None = strawberry.field(description="The campaign's last day.")
    paid: str | None = strawberry.field(description="What was paid out; for operators.")
    open: str | None = strawberry.field(description="What is still to be paid; for operators.")


@strawberry.type(description="A way by which something was given.")
class DonationWay:
    """Of a sum, the part that came so."""

    way: str = strawberry.field(description="line, points, or the name of a rule.")
    amount: str = strawberry.field(description="How much, as a decimal text.")


@strawberry.type(description="What a member gave to a charity in a year.")
class DonationGiven:
    """Amounts are decimal texts in the currency."""

    year: int = strawberry.field(description="The year, in the program's time zone.")
    charity: str = strawberry.field(description="The charity.")
    campaign: str | None = strawberry.field(description="The campaign, if it was one.")
    name: str = strawberry.field(description="What people call the charity.")
    amount: str = strawberry.field(description="How much, refunds taken off.")
    currency: str = strawberry.field(description="The ISO 4217 code of the amount.")
    ways: list[DonationWay] = strawberry.field(description="What it is made up of.")


@strawberry.type(description="Money that a charity has got.")
class DonationPayout:
    """One payment, as it is on the books."""

    transaction_id: strawberry.ID = strawberry.field(description="The transaction in the books.")
    wallet: str = strawberry.field(description="The account it was paid from.")
    amount: str = strawberry.field(description="How much, as a decimal text.")
    reference: str = strawberry.field(description="The number of the payment.")
    actor: str = strawberry.field(description="Who recorded it.")
    at: datetime = strawberry.field(description="When it was recorded.")


async def charities(info: Info) -> list[DonationAccount] | None:
    """What every charity and campaign has; what was paid is told to operators alone."""
    context = info.context
    found = await context.in_thread(Charities(context.loyalty).accounts)
    return [_account(account, everything=context.operator) for account in found]


async def giving(
    root: strawberry.Parent[object],
    info: Info,
    year: Annotated[int | None, strawberry.argument(description="One year alone.")] = None,
) -> list[DonationGiven] | None:
    """What the member gave, by charity and year, the latest first."""
    ask = Charities(info.context.loyalty).given
    found = await info.context.in_thread(ask, str(getattr(root, "id", "")), year=year)
    return [_given(one) for one in found]


async def payouts(
    info: Info, wallet: Annotated[str, strawberry.argument(description="The account.")]
) -> list[DonationPayout] | None:
    """What a charity was paid from an account, the latest first."""
    context = info.context
    found = await context.in_thread(Charities(context.loyalty).payouts, wallet)
    return [_payout(one, context) for one in found]


async def pay_out(
    info: Info,
    wallet: Annotated[str, strawberry.argument(description="The account.")],
    amount: Annotated[str, strawberry.argument(description="How much, as a decimal text.")],
    reference: Annotated[
        str, strawberry.argument(description="The number of the payment: recorded once.")
    ],
    actor: Annotated[str, strawberry.argument(description="Who records it.")],
) -> DonationPayout | None:
    """Puts on the books that a charity was paid."""
    context = info.context
    books = Charities(context.loyalty)
    account = await context.in_thread(books.account, wallet)
    minor = parse_scaled(amount, minor_digits(account.currency))
    made = await context.in_thread(books.pay_out, wallet, minor, reference=reference, actor=actor)
    return _payout(made, context)


def _account(account: summary.Account, *, everything: bool) -> DonationAccount:
    def text(minor: int) -> str:
        return format_scaled(minor, minor_digits(account.currency))

    return DonationAccount(
        wallet=account.wallet,
        currency=account.currency,
        charity=account.charity,
        campaign=account.campaign,
        name=account.name,
        given=text(account.given),
        givers=account.givers,
        matched=text(account.matched),
        total=text(account.total),
        goal=None if account.goal is None else text(account.goal),
        progress=account.progress,
        reached=account.reached,
        starts_on=account.starts_on,
        ends_on=account.ends_on,
        paid=text(account.paid) if everything else None,
        open=text(account.open) if everything else None,
    )


def _given(given: summary.Given) -> DonationGiven:
    digits = minor_digits(given.currency)
    return DonationGiven(
        year=given.year,
        charity=given.charity,
        campaign=given.campaign,
        name=given.name,
        amount=format_scaled(given.amount, digits),
        currency=given.currency,
        ways=[
            DonationWay(way=way, amount=format_scaled(amount, digits))
            for way, amount in given.ways.items()
        ],
    )


def _payout(payout: Payout, context: GatewayContext) -> DonationPayout:
    scale = context.loyalty.config.wallets[payout.wallet].scale
    return DonationPayout(
        transaction_id=strawberry.ID(payout.transaction_id),
        wallet=payout.wallet,
        amount=format_scaled(payout.amount, scale),
        reference=payout.reference,
        actor=payout.actor,
        at=payout.at,
    )


EVERYBODY = frozenset({Permission.MEMBER, Permission.ADMIN})
OPERATORS = frozenset({Permission.ADMIN})
extension = GraphQLExtension(
    queries=(
        ContributedField(
            name="donationCharities",
            resolver=charities,
            description="What every charity and campaign has, and how far it is.",
            permissions=EVERYBODY,
        ),
        ContributedField(
            name="donationPayouts",
            resolver=payouts,
            description="What a charity was paid from an account, the latest first.",
            permissions=OPERATORS,
        ),
    ),
    mutations=(
        ContributedField(
            name="donationPayOut",
            resolver=pay_out,
            description="Puts on the books that a charity was paid.",
            permissions=OPERATORS,
        ),
    ),
    fields={
        "Member": (
            ContributedField(
                name="giving",
                resolver=giving,
                description="What the member gave to charities, by year.",
                permissions=EVERYBODY,
            ),
        )
    },
)
