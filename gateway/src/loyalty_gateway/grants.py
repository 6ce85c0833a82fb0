"""What members own of the catalogue, as clients see it, and the commands of operators on it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeAlias, cast

import strawberry

import loyalty_core as core
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.enums import GrantState, RewardType
from loyalty_gateway.failures import (
    FactRejected,
    GrantNotFound,
    GrantRefused,
    IdempotencyConflict,
    MemberInactive,
    MemberNotFound,
    RewardUnknown,
    UserError,
    attempted,
)
from loyalty_gateway.fields import ADMIN
from loyalty_gateway.values import Money, money_or_none


@strawberry.type(description="Something that a member owns: a coupon, a gift, a ticket.")
class Grant:
    """What is owned of a reward of the catalogue, on the terms it was bought or given on."""

    id: strawberry.ID = strawberry.field(description="The grant's id.")
    reward: str = strawberry.field(description="The reward it is of.")
    name: str = strawberry.field(description="What members call it.")
    kind: RewardType = strawberry.field(description="What kind of thing it is.")
    state: GrantState = strawberry.field(description="Where it stands now.")
    code: str | None = strawberry.field(description="The code to use it by, if it has one.")
    worth: Money | None = strawberry.field(description="What it is worth, where that is money.")
    percent: str | None = strawberry.field(description="What it takes off an order, in percent.")
    product: str | None = strawberry.field(description="What is given, such as a stock number.")
    min_order: Money | None = strawberry.field(description="What an order must come to.")
    issued_at: datetime | None = strawberry.field(description="When it became usable.")
    expires_at: datetime | None = strawberry.field(description="When it ends, if ever.")
    used_at: datetime | None = strawberry.field(description="When it was used.")
    saved: Money | None = strawberry.field(description="What using it took off.")
    borne_by: str | None = strawberry.field(
        description="The partner who bears its cost, if one does.", metadata=ADMIN
    )
    order_id: str | None = strawberry.field(description="The order it was used on.", metadata=ADMIN)

    @classmethod
    def of(cls, grant: core.GrantReceipt) -> Grant:
        """The grant as clients see it."""
        return cls(
            id=strawberry.ID(grant.grant_id),
            reward=grant.reward,
            name=grant.name,
            kind=RewardType[grant.kind.name],
            state=GrantState[grant.state.name],
            code=grant.code,
            worth=money_or_none(grant.worth),
            percent=str(grant.percent) if grant.percent is not None else None,
            product=grant.product or None,
            min_order=money_or_none(grant.min_order),
            issued_at=grant.issued_at,
            expires_at=grant.expires_at,
            used_at=grant.used_at,
            saved=money_or_none(grant.saved),
            borne_by=grant.borne_by or None,
            order_id=grant.order_id,
        )


GrantResult: TypeAlias = Annotated[
    Grant
    | GrantNotFound
    | GrantRefused
    | MemberInactive
    | MemberNotFound
    | RewardUnknown
    | IdempotencyConflict
    | FactRejected,
    strawberry.union("GrantResult", description="The grant as it is now, or why it is not."),
]


async def granted(
    context: GatewayContext,
    command: Callable[..., core.GrantReceipt],
    *given: object,
    **named: object,
) -> GrantResult:
    """The grant after a command on it, or the expected failure that stopped it."""
    made = await attempted(context, GrantResult, functools.partial(command, *given, **named))
    if isinstance(made, UserError):
        return cast(GrantResult, made)
    context.forget(made.member_id)
    return Grant.of(made)
