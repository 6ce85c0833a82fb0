"""The storefront's schema: what a shop's front-end asks for a visitor or the member signed in."""

from __future__ import annotations

from typing import Annotated

import strawberry

from loyalty_core import MemberNotFound
from loyalty_gateway.commands import QuoteResult, member_of
from loyalty_gateway.fields import resolved
from loyalty_gateway.holding import OwnRedemptionQuery, OwnSpendingMutation
from loyalty_gateway.inputs import CartInput
from loyalty_gateway.members import Info, Member
from loyalty_gateway.partners import OwnPartnerMutation, OwnPartnerQuery
from loyalty_gateway.program import Program, program_of, rewards_of
from loyalty_gateway.sharing import OwnHouseholdMutation, OwnHouseholdQuery
from loyalty_gateway.spending import quoted
from loyalty_gateway.values import Reward

Cart = Annotated[CartInput, strawberry.argument(description="What is about to be bought.")]


@strawberry.type(description="What can be asked by visitors and members.")
class Query(OwnRedemptionQuery, OwnHouseholdQuery, OwnPartnerQuery):
    """The storefront's questions."""

    @resolved("The program: its name, wallets and currency.")
    async def program(self, info: Info) -> Program:
        """The program."""
        return program_of(info.context)

    @resolved("The member who is signed in; null for a visitor.")
    async def me(self, info: Info) -> Member | None:
        """The member the token names; an error if it names nobody."""
        if info.context.claim is None:
            return None
        member = await member_of(info.context, await info.context.me())
        if member is None:
            raise MemberNotFound("the token names nobody in this program")
        return member

    @resolved("What points buy, for the member who is signed in or for a visitor.")
    async def rewards(self, info: Info) -> list[Reward]:
        """The rewards."""
        member_id = await info.context.me() if info.context.claim else None
        return await rewards_of(info.context, member_id)

    @resolved(
        "What a cart would earn, and what points could buy on it, for the member who "
        "is signed in or for a visitor. Nothing is booked."
    )
    async def quote(self, info: Info, cart: Cart) -> QuoteResult:
        """A quote."""
        member_id = await info.context.me() if info.context.claim else None
        return await quoted(info.context, cart, member_id)


@strawberry.type(description="What the member who is signed in can do.")
class Mutation(OwnSpendingMutation, OwnHouseholdMutation, OwnPartnerMutation):
    """The storefront's commands."""
