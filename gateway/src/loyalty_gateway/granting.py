"""The commands of operators on what members own."""

from __future__ import annotations

from typing import Annotated

import strawberry

from loyalty_gateway.commands import IdempotencyKey, checked_key
from loyalty_gateway.fields import resolved
from loyalty_gateway.grants import GrantResult, granted
from loyalty_gateway.inputs import CartInput, document_of
from loyalty_gateway.members import Info, MemberId

GrantId = Annotated[strawberry.ID, strawberry.argument(description="The grant's id.")]
Actor = Annotated[str, strawberry.argument(description="By whom; kept in the books.")]
Reason = Annotated[str, strawberry.argument(description="Why; kept in the books.")]


@strawberry.type(description="What operators can do with what members own.")
class GrantMutation:
    """The part of the operators' commands that is about grants."""

    @resolved("Gives a member one of a reward, without points.")
    async def give_grant(
        self,
        info: Info,
        member_id: MemberId,
        reward: Annotated[str, strawberry.argument(description="The reward's name.")],
        actor: Actor,
        idempotency_key: IdempotencyKey,
        reason: Reason = "",
    ) -> GrantResult | None:
        """A grant from an operator."""
        return await granted(
            info.context,
            info.context.loyalty.give_grant,
            member_id,
            reward=reward,
            reason=reason,
            actor=actor,
            key=checked_key(idempotency_key),
        )

    @resolved("Uses a grant up, by its id or its code: once, and a second use is refused.")
    async def use_grant(
        self,
        info: Info,
        idempotency_key: IdempotencyKey,
        grant_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The grant's id.")
        ] = None,
        code: Annotated[str | None, strawberry.argument(description="Or its code.")] = None,
        cart: Annotated[
            CartInput | None, strawberry.argument(description="What it is used on.")
        ] = None,
        source: Annotated[str, strawberry.argument(description="Where the order comes from.")] = "",
        order_id: Annotated[
            str | None, strawberry.argument(description="The order it is used on.")
        ] = None,
        actor: Actor = "",
    ) -> GrantResult | None:
        """A grant used up."""
        return await granted(
            info.context,
            info.context.loyalty.use_grant,
            grant_id,
            code=code,
            cart=None if cart is None else document_of(cart),
            source=source,
            order_id=order_id,
            actor=actor,
            key=checked_key(idempotency_key),
        )

    @resolved("Approves a requested grant: it is issued, or waits to be handed over.")
    async def approve_grant(
        self, info: Info, grant_id: GrantId, actor: Actor, idempotency_key: IdempotencyKey
    ) -> GrantResult | None:
        """A grant approved."""
        command = info.context.loyalty.approve_grant
        key = checked_key(idempotency_key)
        return await granted(info.context, command, grant_id, actor=actor, key=key)

    @resolved("Says that a requested grant is not approved; its points are given back.")
    async def reject_grant(
        self,
        info: Info,
        grant_id: GrantId,
        actor: Actor,
        idempotency_key: IdempotencyKey,
        reason: Reason = "",
    ) -> GrantResult | None:
        """A grant rejected."""
        return await granted(
            info.context,
            info.context.loyalty.reject_grant,
            grant_id,
            reason=reason,
            actor=actor,
            key=checked_key(idempotency_key),
        )

    @resolved("Says that a grant was handed over: with a code it can be used, else it is used.")
    async def fulfil_grant(
        self,
        info: Info,
        grant_id: GrantId,
        actor: Actor,
        idempotency_key: IdempotencyKey,
        code: Annotated[
            str | None, strawberry.argument(description="Its code, if it was made elsewhere.")
        ] = None,
    ) -> GrantResult | None:
        """A grant handed over."""
        return await granted(
            info.context,
            info.context.loyalty.fulfil_grant,
            grant_id,
            code=code,
            actor=actor,
            key=checked_key(idempotency_key),
        )

    @resolved("Takes a grant back that was not used, with the points that bought it or without.")
    async def revoke_grant(
        self,
        info: Info,
        grant_id: GrantId,
        actor: Actor,
        idempotency_key: IdempotencyKey,
        reason: Reason = "",
        points_back: Annotated[
            bool, strawberry.argument(description="Whether its points are given back.")
        ] = True,
    ) -> GrantResult | None:
        """A grant revoked."""
        return await granted(
            info.context,
            info.context.loyalty.revoke_grant,
            grant_id,
            points_back=points_back,
            reason=reason,
            actor=actor,
            key=checked_key(idempotency_key),
        )
