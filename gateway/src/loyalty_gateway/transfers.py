"""Points given by one member to another, as clients see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeAlias, cast

import strawberry

import loyalty_core as core
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.failures import (
    FactRejected,
    IdempotencyConflict,
    IdentityConflict,
    IdentityInvalid,
    InsufficientPoints,
    MemberInactive,
    MemberNotFound,
    TransferRefused,
    UserError,
    WalletUnknown,
    attempted,
)
from loyalty_gateway.fields import ADMIN
from loyalty_gateway.scalars import Points


@strawberry.type(description="Points given by one member to another.")
class Transfer:
    """They keep their dates."""

    transaction_id: strawberry.ID = strawberry.field(description="The giver's transaction.")
    received_transaction_id: strawberry.ID = strawberry.field(
        description="The receiver's transaction.", metadata=ADMIN
    )
    to_member: strawberry.ID = strawberry.field(description="The receiver.", metadata=ADMIN)
    wallet: str = strawberry.field(description="The wallet.")
    points: Points = strawberry.field(description="How many points were given.")
    occurred_at: datetime = strawberry.field(description="When.")


TransferResult: TypeAlias = Annotated[
    Transfer
    | TransferRefused
    | InsufficientPoints
    | MemberNotFound
    | MemberInactive
    | WalletUnknown
    | IdentityInvalid
    | IdentityConflict
    | IdempotencyConflict
    | FactRejected,
    strawberry.union("TransferResult", description="What was given, or why nothing was."),
]


async def transferred(
    context: GatewayContext, give: Callable[[], core.TransferReceipt], wallet: str
) -> TransferResult:
    """What a transfer booked, or the expected failure that stopped it."""
    made = await attempted(context, TransferResult, give, wallet=wallet)
    if isinstance(made, UserError):
        return cast(TransferResult, made)
    context.forget(made.from_member)
    context.forget(made.to_member)
    return Transfer(
        transaction_id=strawberry.ID(made.transaction_id),
        received_transaction_id=strawberry.ID(made.received_transaction_id),
        to_member=strawberry.ID(made.to_member),
        wallet=made.wallet,
        points=context.points(made.wallet, made.points),
        occurred_at=made.occurred_at,
    )
