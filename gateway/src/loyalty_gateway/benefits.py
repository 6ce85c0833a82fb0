"""Benefits and member prices as clients see them; members are not told of hidden benefits."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

import loyalty_core as core
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.fields import ADMIN
from loyalty_gateway.values import Money


@strawberry.enum(description="What a benefit is.")
class BenefitKind(Enum):
    """Mirrors the SDK's ``BenefitKind``."""

    PERCENT_OFF = strawberry.enum_value("percent_off", description="Goods cost less, in percent.")
    AMOUNT_OFF = strawberry.enum_value("amount_off", description="Goods cost less by an amount.")
    FREE_SHIPPING = strawberry.enum_value("free_shipping", description="Shipping costs nothing.")
    POINTS_MULTIPLIER = strawberry.enum_value(
        "points_multiplier", description="Purchases earn more points."
    )
    ACCESS = strawberry.enum_value("access", description="What others do not get.")
    PRIORITY = strawberry.enum_value("priority", description="Going first.")
    SERVICE = strawberry.enum_value("service", description="A level of service.")
    QUOTA = strawberry.enum_value("quota", description="Something a number of times.")
    GIFT = strawberry.enum_value("gift", description="A gift.")
    CUSTOM = strawberry.enum_value("custom", description="Something else.")


@strawberry.type(description="A benefit that a member has.")
class Benefit:
    """What it is, why the member has it and until when."""

    name: str = strawberry.field(description="The benefit's name.")
    kind: BenefitKind = strawberry.field(description="What it is.")
    text: str | None = strawberry.field(description="What it is, in words for a member.")
    value: str | None = strawberry.field(description="What the shop is told, such as a level.")
    why: str = strawberry.field(description="Why the member has it, such as the tier's name.")
    until: datetime | None = strawberry.field(description="When it may end, if that is known.")
    left: int | None = strawberry.field(
        description="How often it can still be used in this period, of a quota."
    )
    source: str = strawberry.field(description="What gives it.", metadata=ADMIN)


@strawberry.type(description="What one line of a cart costs.")
class LinePrice:
    """One line before and after benefits."""

    line: str = strawberry.field(description='The id of the line; shipping is "~shipping".')
    price: Money = strawberry.field(description="What it costs with the cart's own discounts.")
    member_price: Money = strawberry.field(description="What it costs the member.")


@strawberry.type(description="A benefit that a cart uses.")
class BenefitUse:
    """What it takes off, and why the member has it."""

    benefit: str = strawberry.field(description="The benefit's name.")
    why: str = strawberry.field(description="Why the member has it, such as the tier's name.")
    amount: Money = strawberry.field(description="What it takes off the cart.")


@strawberry.type(description="A benefit that a cart would use if its goods cost a little more.")
class MissedBenefit:
    """How much is missing."""

    benefit: str = strawberry.field(description="The benefit's name.")
    text: str | None = strawberry.field(description="What it is, in words for a member.")
    missing: Money = strawberry.field(description="How much more the goods would have to cost.")


@strawberry.type(description="What a cart costs the member, per line and in sum.")
class Pricing:
    """The member price, the benefits used and those just missed."""

    price: Money = strawberry.field(description="What it costs with the cart's own discounts.")
    member_price: Money = strawberry.field(description="What it costs the member.")
    lines: list[LinePrice] = strawberry.field(description="Every line; they sum to the prices.")
    used: list[BenefitUse] = strawberry.field(description="The benefits that count.")
    missed: list[MissedBenefit] = strawberry.field(description="Those missed, nearest first.")

    @classmethod
    def of(cls, pricing: core.Pricing | None) -> Pricing | None:
        """The pricing as clients see it."""
        if pricing is None:
            return None
        currency = pricing.price.currency
        return cls(
            price=Money.of(pricing.price),
            member_price=Money.of(pricing.member_price),
            lines=[
                LinePrice(
                    line=line.line,
                    price=Money.of(core.Money(line.price, currency)),
                    member_price=Money.of(core.Money(line.member_price, currency)),
                )
                for line in pricing.lines
            ],
            used=[
                BenefitUse(benefit=one.benefit, why=one.why, amount=Money.of(one.amount))
                for one in pricing.used
            ],
            missed=[
                MissedBenefit(
                    benefit=one.benefit, text=one.text or None, missing=Money.of(one.missing)
                )
                for one in pricing.missed
            ],
        )


def benefits_of(statement: core.Statement, context: GatewayContext) -> list[Benefit]:
    """The benefits in force; all of them for operators, those visible for the member."""
    return [
        Benefit(
            name=granted.benefit.benefit,
            kind=BenefitKind[granted.benefit.kind.name],
            text=granted.benefit.text or None,
            value=granted.benefit.value or None,
            why=granted.why,
            until=granted.until,
            left=granted.left,
            source=granted.source,
        )
        for granted in statement.benefits
        if context.operator or granted.benefit.visible
    ]
