"""What members and operators do with households: the commands of both schemas."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import strawberry

from loyalty_core import HouseholdReceipt, HouseholdRefused
from loyalty_gateway.commands import IdempotencyKey, checked_key, own_key
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.fields import resolved
from loyalty_gateway.households import (
    Household,
    HouseholdId,
    HouseholdInvitation,
    HouseholdResult,
    Share,
    changed,
    household_of,
    invitations_of,
)
from loyalty_gateway.inputs import IdentityInput, identities_of
from loyalty_gateway.members import Info, MemberId
from loyalty_gateway.scalars import Percent

Other = Annotated[
    strawberry.ID, strawberry.argument(description="The id of another one in the household.")
]
By = Annotated[strawberry.ID, strawberry.argument(description="The id of its head, who does it.")]
NewShare = Annotated[
    Percent, strawberry.argument(description="Percent of what is earned from now on.")
]


def _share(share: Percent | None) -> Decimal | None:
    return None if share is None else Decimal(share)


async def own_household(context: GatewayContext) -> str:
    """The id of the household of the member who is signed in; raises ``HouseholdRefused``."""
    statement = await context.load_statement(await context.me())
    if statement.household_id is None:
        raise HouseholdRefused("you are in no household")
    return statement.household_id


@strawberry.type(description="What the member who is signed in can ask of households.")
class OwnHouseholdQuery:
    """The part of the storefront's questions that is about households."""

    @resolved("The household of the member who is signed in; null if they are in none.")
    async def household(self, info: Info) -> Household | None:
        """The household."""
        statement = await info.context.load_statement(await info.context.me())
        found = statement.household_id
        return await household_of(info.context, found) if found else None

    @resolved("The households that the member who is signed in may join.")
    async def household_invitations(self, info: Info) -> list[HouseholdInvitation] | None:
        """The open invitations."""
        return await invitations_of(info.context, await info.context.me())


@strawberry.type(description="What the member who is signed in can do with households.")
class OwnHouseholdMutation:
    """The part of the storefront's commands that is about households."""

    @resolved("Makes a household; the member who is signed in is its head.")
    async def create_household(
        self, info: Info, idempotency_key: IdempotencyKey, share: Share = None
    ) -> HouseholdResult | None:
        """A household of one."""
        me, key = await own_key(info.context, idempotency_key)
        command = info.context.loyalty.create_household
        return await changed(info.context, command, me, share=_share(share), key=key)

    @resolved("Invites somebody to the household, by its head.")
    async def invite_to_household(
        self,
        info: Info,
        identity: Annotated[
            IdentityInput, strawberry.argument(description="How they are known to the program.")
        ],
        idempotency_key: IdempotencyKey,
        share: Share = None,
    ) -> HouseholdResult | None:
        """An invitation."""
        context = info.context
        me, key = await own_key(context, idempotency_key)
        source = context.claim.source if context.claim else ""

        def invite() -> HouseholdReceipt:
            home = _home(context, me)  # who has none is told so, and not who is a member
            found = context.loyalty.find(identities_of([identity]), source=source)
            return context.loyalty.invite_to_household(
                home, found.id if found else "", by=me, share=_share(share), key=key
            )

        return await changed(context, invite)

    @resolved("Accepts an invitation: what is earned from now on is shared.")
    async def join_household(
        self, info: Info, household_id: HouseholdId, idempotency_key: IdempotencyKey
    ) -> HouseholdResult | None:
        """A place in a household."""
        me, key = await own_key(info.context, idempotency_key)
        command = info.context.loyalty.join_household
        return await changed(info.context, command, household_id, me, key=key)

    @resolved("Declines an invitation.")
    async def decline_household(
        self, info: Info, household_id: HouseholdId, idempotency_key: IdempotencyKey
    ) -> HouseholdResult | None:
        """An invitation ended."""
        me, key = await own_key(info.context, idempotency_key)
        command = info.context.loyalty.decline_household
        return await changed(info.context, command, household_id, me, key=key)

    @resolved("Takes an invitation back, by the household's head.")
    async def withdraw_household_invitation(
        self, info: Info, member_id: Other, idempotency_key: IdempotencyKey
    ) -> HouseholdResult | None:
        """An invitation ended."""
        context = info.context
        me, key = await own_key(context, idempotency_key)

        def withdraw() -> HouseholdReceipt:
            home = _home(context, me)
            head = context.loyalty.household(home).members[0].member_id
            if context.loyalty.member(me).id != head:
                raise HouseholdRefused("only the head takes invitations back")
            return context.loyalty.decline_household(home, member_id, key=key)

        return await changed(context, withdraw)

    @resolved("Leaves the household; it is dissolved when the last one leaves.")
    async def leave_household(
        self, info: Info, idempotency_key: IdempotencyKey
    ) -> HouseholdResult | None:
        """A place left."""
        me, key = await own_key(info.context, idempotency_key)
        return await changed(info.context, info.context.loyalty.leave_household, me, key=key)

    @resolved("Puts somebody out of the household, by its head.")
    async def remove_from_household(
        self, info: Info, member_id: Other, idempotency_key: IdempotencyKey
    ) -> HouseholdResult | None:
        """A place lost."""
        context = info.context
        me, key = await own_key(context, idempotency_key)

        def remove() -> HouseholdReceipt:
            home = _home(context, me)
            return context.loyalty.remove_from_household(home, member_id, by=me, key=key)

        return await changed(context, remove)

    @resolved("Changes how much the member who is signed in shares.")
    async def change_household_share(
        self, info: Info, share: NewShare, idempotency_key: IdempotencyKey
    ) -> HouseholdResult | None:
        """Another share."""
        me, key = await own_key(info.context, idempotency_key)
        command = info.context.loyalty.change_household_share
        return await changed(info.context, command, me, Decimal(share), key=key)

    @resolved("Makes somebody else the head of the household, by the one who is.")
    async def change_household_head(
        self, info: Info, member_id: Other, idempotency_key: IdempotencyKey
    ) -> HouseholdResult | None:
        """Another head."""
        context = info.context
        me, key = await own_key(context, idempotency_key)

        def change() -> HouseholdReceipt:
            home = _home(context, me)
            return context.loyalty.change_household_head(home, member_id, by=me, key=key)

        return await changed(context, change)


def _home(context: GatewayContext, me: str) -> str:
    """The household of a member, asked in a worker thread; raises ``HouseholdRefused``."""
    found = context.loyalty.statement(me).household_id
    if found is None:
        raise HouseholdRefused("you are in no household")
    return found


@strawberry.type(description="What operators can ask of households.")
class HouseholdQuery:
    """The part of the operators' questions that is about households."""

    @resolved("One household; null if there is none of this id.")
    async def household(self, info: Info, id: HouseholdId) -> Household | None:
        """The household; those of one request are loaded together."""
        return await household_of(info.context, id)

    @resolved("The households that a member may join.")
    async def household_invitations(
        self, info: Info, member_id: MemberId
    ) -> list[HouseholdInvitation] | None:
        """The open invitations."""
        return await invitations_of(info.context, member_id)


@strawberry.type(description="What operators can do with households.")
class HouseholdMutation:
    """The part of the operators' commands that is about households."""

    @resolved("Makes a household of one member, its head.")
    async def create_household(
        self, info: Info, head: MemberId, idempotency_key: IdempotencyKey, share: Share = None
    ) -> HouseholdResult | None:
        """A household of one."""
        key, command = checked_key(idempotency_key), info.context.loyalty.create_household
        return await changed(info.context, command, head, share=_share(share), key=key)

    @resolved("Invites a member to a household.")
    async def invite_to_household(
        self,
        info: Info,
        household_id: HouseholdId,
        member_id: MemberId,
        by: By,
        idempotency_key: IdempotencyKey,
        share: Share = None,
    ) -> HouseholdResult | None:
        """An invitation."""
        return await changed(
            info.context,
            info.context.loyalty.invite_to_household,
            household_id,
            member_id,
            by=by,
            share=_share(share),
            key=checked_key(idempotency_key),
        )

    @resolved("Accepts an invitation for a member.")
    async def join_household(
        self,
        info: Info,
        household_id: HouseholdId,
        member_id: MemberId,
        idempotency_key: IdempotencyKey,
    ) -> HouseholdResult | None:
        """A place in a household."""
        key, command = checked_key(idempotency_key), info.context.loyalty.join_household
        return await changed(info.context, command, household_id, member_id, key=key)

    @resolved("Ends an invitation.")
    async def decline_household(
        self,
        info: Info,
        household_id: HouseholdId,
        member_id: MemberId,
        idempotency_key: IdempotencyKey,
    ) -> HouseholdResult | None:
        """An invitation ended."""
        key, command = checked_key(idempotency_key), info.context.loyalty.decline_household
        return await changed(info.context, command, household_id, member_id, key=key)

    @resolved("Takes a member out of their household; without the last one it is dissolved.")
    async def leave_household(
        self, info: Info, member_id: MemberId, idempotency_key: IdempotencyKey
    ) -> HouseholdResult | None:
        """A place left."""
        key, command = checked_key(idempotency_key), info.context.loyalty.leave_household
        return await changed(info.context, command, member_id, key=key)

    @resolved("Puts a member out of a household, for its head.")
    async def remove_from_household(
        self,
        info: Info,
        household_id: HouseholdId,
        member_id: MemberId,
        by: By,
        idempotency_key: IdempotencyKey,
    ) -> HouseholdResult | None:
        """A place lost."""
        key, command = checked_key(idempotency_key), info.context.loyalty.remove_from_household
        return await changed(info.context, command, household_id, member_id, by=by, key=key)

    @resolved("Changes how much a member shares.")
    async def change_household_share(
        self, info: Info, member_id: MemberId, share: NewShare, idempotency_key: IdempotencyKey
    ) -> HouseholdResult | None:
        """Another share."""
        key, command = checked_key(idempotency_key), info.context.loyalty.change_household_share
        return await changed(info.context, command, member_id, Decimal(share), key=key)

    @resolved("Makes another member the head of a household.")
    async def change_household_head(
        self,
        info: Info,
        household_id: HouseholdId,
        member_id: MemberId,
        by: By,
        idempotency_key: IdempotencyKey,
    ) -> HouseholdResult | None:
        """Another head."""
        key, command = checked_key(idempotency_key), info.context.loyalty.change_household_head
        return await changed(info.context, command, household_id, member_id, by=by, key=key)
