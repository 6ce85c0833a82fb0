"""Points held for and spent on rewards, as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias, cast

import strawberry

import loyalty_core as core
from loyalty_gateway.commands import member_of
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.enums import RedemptionState
from loyalty_gateway.failures import (
    AgreementMissing,
    FactRejected,
    HouseholdRefused,
    IdempotencyConflict,
    InsufficientPoints,
    LinkRefused,
    MemberInactive,
    MemberNotFound,
    RedemptionEnded,
    RedemptionNotFound,
    RedemptionRefused,
    RewardUnknown,
    UserError,
)
from loyalty_gateway.fields import ADMIN, resolved
from loyalty_gateway.grants import Grant
from loyalty_gateway.members import Info, Member, checked_size
from loyalty_gateway.scalars import Points
from loyalty_gateway.values import LineDiscount, Money, line_discounts

Held = Annotated[bool, strawberry.argument(description="Whether only those that hold points now.")]
RedemptionId = Annotated[strawberry.ID, strawberry.argument(description="The redemption's id.")]


@strawberry.type(description="Points held for a reward, or spent on it.")
class Redemption:
    """What is charged and given."""

    id: strawberry.ID = strawberry.field(description="The redemption's id.")
    state: RedemptionState = strawberry.field(description="Where it stands.")
    transaction_id: strawberry.ID | None = strawberry.field(
        description="The transaction it was booked by; null until the points are spent."
    )
    reward: str = strawberry.field(description="The reward they are spent on.")
    wallet: str = strawberry.field(description="The wallet they come from.")
    points: Points = strawberry.field(description="How many points are held or spent.")
    returned: Points = strawberry.field(description="How many were given back on refunds.")
    worth: Money = strawberry.field(description="What they give, exactly.")
    lines: list[LineDiscount] = strawberry.field(description="The discount of each line.")
    occurred_at: datetime = strawberry.field(description="When they were held or spent.")
    expires_at: datetime | None = strawberry.field(
        description="When held points are free again by themselves."
    )
    grant: Grant | None = strawberry.field(description="What they bought of the catalogue.")
    source: str | None = strawberry.field(
        description="Where the order they paid for comes from.", metadata=ADMIN
    )
    order_id: str | None = strawberry.field(description="The order they paid for.", metadata=ADMIN)
    household_id: strawberry.ID | None = strawberry.field(
        description="The household whose points they were; null for the member's own."
    )
    member_id: strawberry.Private[str]

    @resolved("The member who spends, with the balances after it.")
    async def member(self, info: Info) -> Member | None:
        """The member; those of one request are loaded together."""
        return await member_of(info.context, self.member_id)

    @classmethod
    def of(cls, receipt: core.RedemptionReceipt, context: GatewayContext) -> Redemption:
        """The receipt as clients see it."""
        return cls(
            id=strawberry.ID(receipt.redemption_id),
            state=RedemptionState[receipt.state.name],
            transaction_id=strawberry.ID(receipt.transaction_id)
            if receipt.transaction_id
            else None,
            reward=receipt.reward,
            wallet=receipt.wallet,
            points=context.points(receipt.wallet, receipt.points),
            returned=context.points(receipt.wallet, receipt.returned),
            worth=Money.of(receipt.worth),
            lines=line_discounts(receipt.lines, receipt.worth.currency),
            occurred_at=receipt.occurred_at,
            expires_at=receipt.expires_at,
            grant=Grant.of(receipt.grant) if receipt.grant else None,
            source=receipt.source or None,
            order_id=receipt.order_id,
            household_id=strawberry.ID(receipt.household) if receipt.household else None,
            member_id=receipt.spender or receipt.member_id,
        )


RedeemResult: TypeAlias = Annotated[
    Redemption
    | InsufficientPoints
    | RedemptionRefused
    | HouseholdRefused
    | AgreementMissing
    | LinkRefused
    | MemberInactive
    | MemberNotFound
    | RewardUnknown
    | IdempotencyConflict
    | FactRejected,
    strawberry.union("RedeemResult", description="What was redeemed, or why nothing was."),
]
RedemptionResult: TypeAlias = Annotated[
    Redemption | RedemptionNotFound | RedemptionEnded | RedemptionRefused | FactRejected,
    strawberry.union("RedemptionResult", description="The redemption as it is now, or why not."),
]


def told(made: core.RedemptionReceipt | UserError, context: GatewayContext) -> RedemptionResult:
    """The redemption after a command on it, or the failure that stopped it."""
    if isinstance(made, UserError):
        return cast(RedemptionResult, made)
    for member_id in (made.member_id, made.spender):
        context.forget(member_id or "")
    return Redemption.of(made, context)


async def redemptions_of(
    context: GatewayContext, member_id: str, held: bool, first: int, after: str | None
) -> list[Redemption]:
    """A page of a member's redemptions, latest first."""
    checked_size(first)
    found = await context.in_thread(
        context.loyalty.redemptions, member_id, held=held, first=first, after=after
    )
    return [Redemption.of(one, context) for one in found]
