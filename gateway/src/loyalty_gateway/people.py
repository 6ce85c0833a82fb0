"""What operators do for people: merging, claiming, erasing, handing out what is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeAlias, cast

import strawberry

import loyalty_core as core
from loyalty_gateway.commands import IdempotencyKey, checked_key, member_of
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.enums import MemberStatus
from loyalty_gateway.failures import (
    ClaimRefused,
    FactRejected,
    IdempotencyConflict,
    IdentityConflict,
    IdentityInvalid,
    MemberErased,
    MemberInactive,
    MemberNotFound,
    MergeRefused,
    OrderNotFound,
    UserError,
    attempted,
)
from loyalty_gateway.fields import resolved
from loyalty_gateway.inputs import Identities, ProfileInput, Source, identities_of
from loyalty_gateway.members import Info, Member, MemberId
from loyalty_gateway.scalars import Count, Document
from loyalty_gateway.values import WalletChange, changes_of

Reason = Annotated[str, strawberry.argument(description="Why; kept, so it names nobody.")]
Actor = Annotated[str, strawberry.argument(description="By whom; kept, so it is not the person.")]


@strawberry.type(description="Two members who are one, or two again.")
class Merge:
    """What was made one or taken apart, and the points that came or went."""

    merged_member: strawberry.ID = strawberry.field(
        description="Who lives on in the member, or is there again."
    )
    at: datetime = strawberry.field(description="When.")
    points: list[WalletChange] = strawberry.field(
        description="What came along, or went back; negative for a debt."
    )
    unmerge_until: datetime | None = strawberry.field(description="How long it can be taken back.")
    member_id: strawberry.Private[str]

    @resolved("The member who stays.")
    async def member(self, info: Info) -> Member | None:
        """The member."""
        return await member_of(info.context, self.member_id)


@strawberry.type(description="An order that named nobody, and is this member's now.")
class Claim:
    """What it earned."""

    fact_id: strawberry.ID = strawberry.field(description="The order's id in the books.")
    changes: list[WalletChange] = strawberry.field(
        description="What it earned, after its refunds so far."
    )
    claimed_at: datetime = strawberry.field(description="When.")
    member_id: strawberry.Private[str]

    @resolved("The member, with the balances after it.")
    async def member(self, info: Info) -> Member | None:
        """The member."""
        return await member_of(info.context, self.member_id)


@strawberry.type(description="A person who was forgotten.")
class Erasure:
    """Nothing personal is left in any table."""

    member_id: strawberry.ID = strawberry.field(description="The member's id.")
    erased_at: datetime = strawberry.field(description="When.")
    points: list[WalletChange] = strawberry.field(description="The points that ended with it.")
    reason: str = strawberry.field(description="Why.")
    actor: str = strawberry.field(description="By whom.")


@strawberry.type(description="Somebody who never became a member, and was forgotten.")
class GuestErasure:
    """Nothing personal is left of them in any fact."""

    erased_at: datetime = strawberry.field(description="When.")
    facts: Count = strawberry.field(
        description="In how many orders and activities they were named."
    )
    reason: str = strawberry.field(description="Why.")
    actor: str = strawberry.field(description="By whom.")


MergeResult: TypeAlias = Annotated[
    Merge | MergeRefused | MemberNotFound | MemberErased | IdempotencyConflict | FactRejected,
    strawberry.union("MergeResult", description="What was made one, or why nothing was."),
]
ClaimResult: TypeAlias = Annotated[
    Claim
    | ClaimRefused
    | OrderNotFound
    | MemberNotFound
    | MemberInactive
    | IdempotencyConflict
    | FactRejected,
    strawberry.union("ClaimResult", description="Whose the order is, or why it is not."),
]
EraseResult: TypeAlias = Annotated[
    Erasure | MemberNotFound | IdempotencyConflict | FactRejected,
    strawberry.union("EraseResult", description="Who was forgotten, or why nobody was."),
]
EraseGuestResult: TypeAlias = Annotated[
    GuestErasure | IdentityConflict | IdentityInvalid | IdempotencyConflict | FactRejected,
    strawberry.union("EraseGuestResult", description="Who was forgotten, or why nobody was."),
]
MemberResult: TypeAlias = Annotated[
    Member | MemberNotFound | MemberInactive | MemberErased | FactRejected,
    strawberry.union("MemberResult", description="The member as they are now, or why not."),
]


@strawberry.type(description="What operators can hand out.")
class PeopleQuery:
    """The part of the operators' questions that is about people."""

    @resolved("Everything that is kept of a member (GDPR articles 15 and 20).")
    async def export(self, info: Info, member_id: MemberId) -> Document | None:
        """Their rows by table; points in them are in the wallet's smallest unit."""
        found = await info.context.in_thread(info.context.loyalty.export, member_id)
        return Document(found)


@strawberry.type(description="What operators can do for people.")
class PeopleMutation:
    """The part of the operators' commands that is about people."""

    @resolved("Makes two members one.")
    async def merge(
        self,
        info: Info,
        into: Annotated[strawberry.ID, strawberry.argument(description="Who stays.")],
        other: Annotated[strawberry.ID, strawberry.argument(description="Who lives on in them.")],
        idempotency_key: IdempotencyKey,
        reason: Reason = "",
        actor: Actor = "",
    ) -> MergeResult | None:
        """A merge."""
        context, key = info.context, checked_key(idempotency_key)
        command = context.loyalty.merge
        made = await attempted(
            context, MergeResult, command, into, other, reason=reason, actor=actor, key=key
        )
        if isinstance(made, UserError):
            return cast(MergeResult, made)
        return _merge(
            context,
            made.member_id,
            made.merged_member,
            made.merged_at,
            made.points,
            made.unmerge_until,
        )

    @resolved("Takes a merge back: the merged member is there again.")
    async def unmerge(
        self,
        info: Info,
        member_id: MemberId,
        idempotency_key: IdempotencyKey,
        reason: Reason = "",
        actor: Actor = "",
    ) -> MergeResult | None:
        """A merge taken back."""
        context, key = info.context, checked_key(idempotency_key)
        command = context.loyalty.unmerge
        made = await attempted(
            context, MergeResult, command, member_id, reason=reason, actor=actor, key=key
        )
        if isinstance(made, UserError):
            return cast(MergeResult, made)
        return _merge(context, made.from_member, made.member_id, made.unmerged_at, made.points)

    @resolved(
        "Gives a guest's order to the member who has shown you that it is theirs, once. "
        "Whether they have is for the caller to say."
    )
    async def claim_order(
        self,
        info: Info,
        member_id: MemberId,
        source: Annotated[str, strawberry.argument(description="Where the order comes from.")],
        order_id: Annotated[str, strawberry.argument(description="Its id there.")],
        idempotency_key: IdempotencyKey,
    ) -> ClaimResult | None:
        """A claim."""
        context, key = info.context, checked_key(idempotency_key)
        command = context.loyalty.claim
        made = await attempted(
            context, ClaimResult, command, member_id, source=source, order_id=order_id, key=key
        )
        if isinstance(made, UserError):
            return cast(ClaimResult, made)
        context.forget(made.member_id)
        return Claim(
            fact_id=strawberry.ID(made.fact_id),
            changes=changes_of(made.changes, context),
            claimed_at=made.claimed_at,
            member_id=made.member_id,
        )

    @resolved("Forgets a person (GDPR article 17); the books keep their totals.")
    async def erase(
        self,
        info: Info,
        member_id: MemberId,
        reason: Reason,
        actor: Actor,
        idempotency_key: IdempotencyKey,
    ) -> EraseResult | None:
        """An erasure."""
        context, key = info.context, checked_key(idempotency_key)
        command = context.loyalty.erase
        made = await attempted(
            context, EraseResult, command, member_id, reason=reason, actor=actor, key=key
        )
        if isinstance(made, UserError):
            return cast(EraseResult, made)
        context.forget(made.member_id)
        return Erasure(
            member_id=strawberry.ID(made.member_id),
            erased_at=made.erased_at,
            points=changes_of(made.points, context),
            reason=made.reason,
            actor=made.actor,
        )

    @resolved("Forgets somebody who never became a member, in the orders they gave as a guest.")
    async def erase_guest(
        self,
        info: Info,
        identities: Identities,
        reason: Reason,
        actor: Actor,
        idempotency_key: IdempotencyKey,
        source: Source = None,
    ) -> EraseGuestResult | None:
        """An erasure."""
        made = await attempted(
            info.context,
            EraseGuestResult,
            info.context.loyalty.erase_guest,
            identities_of(identities),
            source=source or "",
            reason=reason,
            actor=actor,
            key=checked_key(idempotency_key),
        )
        if isinstance(made, UserError):
            return cast(EraseGuestResult, made)
        return GuestErasure(
            erased_at=made.erased_at, facts=Count(made.facts), reason=made.reason, actor=made.actor
        )

    @resolved("Changes what a member may do, or what is known of them. Done again, it is the same.")
    async def update_member(
        self,
        info: Info,
        member_id: MemberId,
        status: Annotated[
            MemberStatus | None, strawberry.argument(description="Active, suspended or closed.")
        ] = None,
        profile: Annotated[
            ProfileInput | None, strawberry.argument(description="Replaces the stored profile.")
        ] = None,
    ) -> MemberResult | None:
        """The member."""
        context = info.context
        made = await attempted(
            context,
            MemberResult,
            context.loyalty.update_member,
            member_id,
            status=None if status is None else core.MemberStatus[status.name],
            profile=profile.profile() if profile else None,
        )
        if isinstance(made, UserError):
            return cast(MemberResult, made)
        context.forget(made.id)
        return Member.of(made)


def _merge(
    context: GatewayContext,
    stays: str,
    merged: str,
    at: datetime,
    points: Mapping[str, int],
    until: datetime | None = None,
) -> Merge:
    for member_id in (stays, merged):
        context.forget(member_id)
    return Merge(
        merged_member=strawberry.ID(merged),
        at=at,
        points=changes_of(points, context),
        unmerge_until=until,
        member_id=stays,
    )
