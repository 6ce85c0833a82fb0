"""Households as clients see them, and what commands on them answer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeAlias, cast

import strawberry

import loyalty_core as core
from loyalty_gateway.commands import member_of
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.enums import HouseholdRole, HouseholdState
from loyalty_gateway.failures import (
    FactRejected,
    HouseholdNotFound,
    HouseholdRefused,
    IdempotencyConflict,
    IdentityConflict,
    IdentityInvalid,
    MemberInactive,
    MemberNotFound,
    UserError,
    attempted,
)
from loyalty_gateway.fields import resolved
from loyalty_gateway.members import (
    After,
    First,
    Info,
    Member,
    TransactionConnection,
    WalletName,
    history_page,
)
from loyalty_gateway.scalars import Percent
from loyalty_gateway.values import Wallet, WalletChange, changes_of

HouseholdId = Annotated[strawberry.ID, strawberry.argument(description="The household's id.")]
Share = Annotated[
    Percent | None,
    strawberry.argument(
        description="Percent of what is earned that is shared; the program's if left out."
    ),
]


def shared(share: Decimal) -> Percent:
    """A share as clients see it: without an exponent or zeros at its end."""
    text = f"{share:f}"
    return Percent(text.rstrip("0").rstrip(".") if "." in text else text)


@strawberry.type(description="Somebody who is, was or may be in a household.")
class HouseholdMember:
    """Of the others a member sees this much, and not what they have of their own."""

    id: strawberry.ID = strawberry.field(description="The member's id.")
    role: HouseholdRole = strawberry.field(description="What they are in it.")
    state: HouseholdState = strawberry.field(description="Where they stand with it.")
    share: Percent = strawberry.field(description="How much of what they earn is shared.")
    invited_at: datetime | None = strawberry.field(description="When they were invited.")
    joined_at: datetime | None = strawberry.field(description="When they joined.")
    left_at: datetime | None = strawberry.field(description="When they left.")
    contributed: list[WalletChange] = strawberry.field(
        description="What came from them, refunds taken off."
    )
    spent: list[WalletChange] = strawberry.field(description="What they spent.")

    @resolved("What the others call them.")
    async def name(self, info: Info) -> str | None:
        """The name; those of one household are loaded together."""
        found = await info.context.load_member(self.id)
        return found.profile.name or None if found else None

    @resolved("The member.", admin=True)
    async def member(self, info: Info) -> Member | None:
        """The member; those of one household are loaded together."""
        return await member_of(info.context, self.id)

    @classmethod
    def of(cls, view: core.HouseholdMemberView, context: GatewayContext) -> HouseholdMember:
        """The member as clients see it."""
        return cls(
            id=strawberry.ID(view.member_id),
            role=HouseholdRole[view.role.name],
            state=HouseholdState[view.state.name],
            share=shared(view.share),
            invited_at=view.invited_at,
            joined_at=view.joined_at,
            left_at=view.left_at,
            contributed=changes_of(view.contributed, context),
            spent=changes_of(view.spent, context),
        )


@strawberry.type(description="Members who share points.")
class Household:
    """Its points, and who gave and took how many."""

    id: strawberry.ID = strawberry.field(description="The household's id.")
    at: datetime = strawberry.field(description="The moment it is true for.")
    created_at: datetime = strawberry.field(description="When it was made.")
    dissolved: bool = strawberry.field(description="Whether everybody has left it.")
    wallets: list[Wallet] = strawberry.field(description="The wallets that are shared.")
    members: list[HouseholdMember] = strawberry.field(
        description="Who is, was or may be in it, the head first."
    )

    @resolved("The household's transactions, latest first, page by page.")
    async def history(
        self, info: Info, wallet: WalletName = None, first: First = 20, after: After = None
    ) -> TransactionConnection | None:
        """A page of transactions."""
        return await history_page(info.context, self.id, wallet, first, after)

    @classmethod
    def of(cls, statement: core.HouseholdStatement, context: GatewayContext) -> Household:
        """The household as clients see it."""
        return cls(
            id=strawberry.ID(statement.household_id),
            at=statement.at,
            created_at=statement.created_at,
            dissolved=statement.dissolved,
            wallets=[Wallet.of(one) for one in statement.wallets],
            members=[HouseholdMember.of(one, context) for one in statement.members],
        )


@strawberry.type(description="A household that a member may join.")
class HouseholdInvitation:
    """It is open until they join or it is declined."""

    household_id: strawberry.ID = strawberry.field(description="The household's id.")
    share: Percent = strawberry.field(description="How much of what is earned would be shared.")
    invited_at: datetime | None = strawberry.field(description="When it was made.")
    head: strawberry.Private[str]

    @resolved("What its head is called.")
    async def invited_by(self, info: Info) -> str | None:
        """The name; those of one request are loaded together."""
        found = await info.context.load_member(self.head)
        return found.profile.name or None if found else None


@strawberry.type(description="Where a member stands with a household after a command.")
class HouseholdPlace:
    """What was changed."""

    household_id: strawberry.ID = strawberry.field(description="The household's id.")
    member_id: strawberry.ID = strawberry.field(description="The member's id.")
    role: HouseholdRole = strawberry.field(description="What they are in it.")
    state: HouseholdState = strawberry.field(description="Where they stand with it.")
    share: Percent = strawberry.field(description="How much of what they earn is shared.")
    at: datetime = strawberry.field(description="When it was changed.")
    points: list[WalletChange] = strawberry.field(description="What came along with who left.")


HouseholdResult: TypeAlias = Annotated[
    HouseholdPlace
    | HouseholdRefused
    | HouseholdNotFound
    | MemberNotFound
    | MemberInactive
    | IdentityInvalid
    | IdentityConflict
    | IdempotencyConflict
    | FactRejected,
    strawberry.union("HouseholdResult", description="What was changed, or why nothing was."),
]


async def changed(
    context: GatewayContext,
    command: Callable[..., core.HouseholdReceipt],
    *given: object,
    **named: object,
) -> HouseholdResult:
    """What a command on a household changed, or the expected failure that stopped it."""
    made = await attempted(context, HouseholdResult, functools.partial(command, *given, **named))
    if isinstance(made, UserError):
        return cast(HouseholdResult, made)
    context.forget(made.member_id)
    context.forget(made.household_id)
    return HouseholdPlace(
        household_id=strawberry.ID(made.household_id),
        member_id=strawberry.ID(made.member_id),
        role=HouseholdRole[made.role.name],
        state=HouseholdState[made.state.name],
        share=shared(made.share),
        at=made.at,
        points=changes_of(made.points, context),
    )


async def household_of(context: GatewayContext, household_id: str) -> Household | None:
    """The household with this id as clients see it, or None."""
    found = await context.load_household(household_id)
    return Household.of(found, context) if found else None


async def invitations_of(context: GatewayContext, member_id: str) -> list[HouseholdInvitation]:
    """The open invitations of a member, the oldest first."""
    found = await context.in_thread(context.loyalty.household_invitations, [member_id])
    return [
        HouseholdInvitation(
            household_id=strawberry.ID(one.household_id),
            share=shared(one.share),
            invited_at=one.invited_at,
            head=one.invited_by,
        )
        for one in found.get(member_id, ())
    ]
