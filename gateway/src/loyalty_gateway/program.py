"""The program as clients see it, and its totals for operators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import loyalty_core as core
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.errors import RequestRefused
from loyalty_gateway.fields import resolved
from loyalty_gateway.members import MOST_ITEMS, Info, Member
from loyalty_gateway.scalars import Count, Points
from loyalty_gateway.values import Money, Reward, WalletDefinition, money_or_none


@strawberry.type(description="One wallet over the whole program.")
class WalletTotals:
    """The merchant's view of a wallet."""

    wallet: str = strawberry.field(description="The wallet's name.")
    unit: str = strawberry.field(description="What it is counted in.")
    issued: Points = strawberry.field(description="All points earned.")
    redeemed: Points = strawberry.field(description="All points spent.")
    expired: Points = strawberry.field(description="All points expired.")
    adjusted: Points = strawberry.field(description="All changes by operators.")
    outstanding: Points = strawberry.field(
        description="What members hold, pending included, debt deducted."
    )
    due: Points = strawberry.field(
        description="Past its date; it leaves the books with the next nightly run."
    )
    debt: Points = strawberry.field(description="What members owe.")
    worth: Money | None = strawberry.field(
        description="What the outstanding points are worth, where the program says so."
    )

    @classmethod
    def of(cls, totals: core.WalletTotals) -> WalletTotals:
        """The totals as clients see them."""
        names = ("issued", "redeemed", "expired", "adjusted", "outstanding", "due", "debt")
        points = {
            name: Points(core.format_scaled(getattr(totals, name), totals.scale)) for name in names
        }
        worth = money_or_none(totals.worth)
        return cls(wallet=totals.wallet, unit=totals.unit, worth=worth, **points)


@strawberry.type(description="One of the members who earned most.")
class TopMember:
    """A member and what they earned."""

    member: Member = strawberry.field(description="The member.")
    earned: Points = strawberry.field(description="The points earned.")
    balance: Points = strawberry.field(description="The balance now.")


@strawberry.type(description="What a merchant wants to see of the program.")
class Report:
    """Totals as of one moment."""

    at: datetime = strawberry.field(description="The moment it is true for.")
    members: Count = strawberry.field(description="How many members there are.")
    orders: Count = strawberry.field(description="How many orders were recorded.")
    activities: Count = strawberry.field(description="How many activities were recorded.")
    waiting: Count = strawberry.field(description="How many facts wait for their person to join.")
    deferred: Count = strawberry.field(
        description="How many facts wait for a program that failed on them."
    )
    wallets: list[WalletTotals] = strawberry.field(description="Each wallet's totals.")
    top_members: list[TopMember] = strawberry.field(description="The members who earned most.")


@strawberry.type(description="One merchant's loyalty program.")
class Program:
    """The program."""

    id: strawberry.ID = strawberry.field(description="The program's id.")
    name: str = strawberry.field(description="Its name for people.")
    currency: str = strawberry.field(description="The ISO 4217 code of its reports.")
    time_zone: str = strawberry.field(description="The IANA time zone of its days.")
    locale: str = strawberry.field(description="The BCP 47 tag of its language.")
    wallets: list[WalletDefinition] = strawberry.field(description="What members can hold.")

    @resolved("Totals of the program now.", admin=True)
    async def report(
        self,
        info: Info,
        top: Annotated[
            int, strawberry.argument(description="How many top members, from 0 to 100.")
        ] = 10,
    ) -> Report:
        """The merchant's report."""
        if not 0 <= top <= MOST_ITEMS:
            message = f"top is {top}, it must be from 0 to {MOST_ITEMS}"
            raise RequestRefused(message, code="BAD_REQUEST", where="top")
        report = await info.context.in_thread(info.context.loyalty.report, top=top)
        return report_of(report)


def program_of(context: GatewayContext) -> Program:
    """The program as clients see it."""
    program = context.loyalty.config.program
    return Program(
        id=strawberry.ID(program.id),
        name=program.name or program.id,
        currency=program.currency,
        time_zone=program.time_zone,
        locale=program.locale,
        wallets=[
            WalletDefinition(name=name, unit=wallet.unit, scale=wallet.scale)
            for name, wallet in context.loyalty.config.wallets.items()
        ],
    )


async def rewards_of(context: GatewayContext, member_id: str | None = None) -> list[Reward]:
    """The rewards as a member sees them, or a stranger."""
    found = await context.in_thread(context.loyalty.rewards, member_id)
    return [Reward.of(item, context) for item in found]


def report_of(report: core.Report) -> Report:
    """The report as clients see it; top members are counted in the first wallet."""
    scale = report.wallets[0].scale if report.wallets else 0
    return Report(
        at=report.at,
        members=Count(report.members),
        orders=Count(report.orders),
        activities=Count(report.activities),
        waiting=Count(report.waiting),
        deferred=Count(report.deferred),
        wallets=[WalletTotals.of(totals) for totals in report.wallets],
        top_members=[
            TopMember(
                member=Member.of(item.member),
                earned=Points(core.format_scaled(item.earned, scale)),
                balance=Points(core.format_scaled(item.balance, scale)),
            )
            for item in report.top_members
        ],
    )
