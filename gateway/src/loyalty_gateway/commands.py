"""What commands and quotes answer: receipts, and the unions with their expected failures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

import strawberry

import loyalty_core as core
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.enums import RecordStatus
from loyalty_gateway.errors import RequestRefused
from loyalty_gateway.failures import (
    FactRejected,
    IdempotencyConflict,
    IdentityConflict,
    IdentityInvalid,
    MemberNotFound,
    Problem,
    UserError,
    WalletUnknown,
    failure_of,
)
from loyalty_gateway.fields import resolved
from loyalty_gateway.members import Info, Member
from loyalty_gateway.quotes import Quote
from loyalty_gateway.scalars import Points
from loyalty_gateway.values import WalletChange, changes_of

IdempotencyKey = Annotated[
    str,
    strawberry.argument(
        description="Your own key for this command, 128 characters at most. Sent again with the "
        "same input, the first answer comes back and nothing is done twice."
    ),
]


LONGEST_KEY = 128


def checked_key(key: str) -> str:
    """The idempotency key; raises ``RequestRefused`` if it is empty or too long."""
    if not 1 <= len(key) <= LONGEST_KEY:
        message = f"the key has {len(key)} characters, it must have from 1 to {LONGEST_KEY}"
        raise RequestRefused(message, code="BAD_REQUEST", where="idempotencyKey")
    return key


async def own_key(context: GatewayContext, key: str) -> tuple[str, str]:
    """The id of the member who is signed in, and their key: it is never another's."""
    member_id = await context.me()
    return member_id, f"{member_id}:{checked_key(key)}"


async def member_of(context: GatewayContext, member_id: str) -> Member | None:
    """The member with this id as clients see it, or None."""
    found = await context.load_member(member_id)
    return Member.of(found) if found else None


@strawberry.type(description="A balance changed by an operator.")
class Adjustment:
    """What was booked."""

    transaction_id: strawberry.ID | None = strawberry.field(
        description="The transaction it was booked by; null if nothing was."
    )
    wallet: str = strawberry.field(description="The wallet changed.")
    points: Points = strawberry.field(
        description="What was booked; less than asked for where the wallet forgives debt."
    )
    reason: str = strawberry.field(description="Why.")
    actor: str = strawberry.field(description="By whom.")
    occurred_at: datetime = strawberry.field(description="When.")
    member_id: strawberry.Private[str]

    @resolved("The member, with the balances after it.")
    async def member(self, info: Info) -> Member | None:
        """The member."""
        return await member_of(info.context, self.member_id)

    @classmethod
    def of(cls, receipt: core.AdjustmentReceipt, context: GatewayContext) -> Adjustment:
        """The receipt as clients see it."""
        return cls(
            transaction_id=strawberry.ID(receipt.transaction_id)
            if receipt.transaction_id
            else None,
            wallet=receipt.wallet,
            points=context.points(receipt.wallet, receipt.amount),
            reason=receipt.reason,
            actor=receipt.actor,
            occurred_at=receipt.occurred_at,
            member_id=receipt.member_id,
        )


@strawberry.type(description="What became of one fact.")
class FactReceipt:
    """The facts of one request stand or fall one by one."""

    index: int = strawberry.field(description="The fact's place in the request, from 0.")
    status: RecordStatus = strawberry.field(description="What became of it.")
    fact_id: strawberry.ID | None = strawberry.field(description="Its id in the books.")
    enrolled: bool = strawberry.field(description="Whether its person joined by it.")
    changes: list[WalletChange] = strawberry.field(description="What it did to the wallets.")
    shared: list[WalletChange] = strawberry.field(
        description="What it did to the wallets of the household that points are shared with."
    )
    transactions: list[strawberry.ID] = strawberry.field(description="What was booked for it.")
    problems: list[Problem] = strawberry.field(
        description="Things to look at that did not stop it."
    )
    error: UserError | None = strawberry.field(description="Why it was rejected.")
    member_id: strawberry.Private[str | None]

    @resolved("Whose it is, if that is known.")
    async def member(self, info: Info) -> Member | None:
        """The member; those of one request are loaded together."""
        return await member_of(info.context, self.member_id) if self.member_id else None

    @classmethod
    def of(cls, index: int, receipt: core.FactReceipt, context: GatewayContext) -> FactReceipt:
        """The receipt as clients see it."""
        return cls(
            index=index,
            status=RecordStatus[receipt.status.name],
            fact_id=strawberry.ID(receipt.fact_id) if receipt.fact_id else None,
            enrolled=receipt.enrolled,
            changes=changes_of(receipt.changes, context),
            shared=changes_of(receipt.shared, context),
            transactions=[strawberry.ID(item) for item in receipt.transactions],
            problems=[Problem.of(problem) for problem in receipt.problems],
            error=failure_of(receipt.error, context, UserError) if receipt.error else None,
            member_id=receipt.member_id,
        )


@strawberry.type(description="What became of the facts of one request.")
class RecordResult:
    """One receipt for each fact, in their order."""

    receipts: list[FactReceipt] = strawberry.field(description="What became of each fact.")


QuoteResult: TypeAlias = Annotated[
    Quote | MemberNotFound | FactRejected,
    strawberry.union("QuoteResult", description="A quote, or why there is none."),
]
AdjustResult: TypeAlias = Annotated[
    Adjustment | MemberNotFound | WalletUnknown | IdempotencyConflict | FactRejected,
    strawberry.union("AdjustResult", description="What was adjusted, or why nothing was."),
]
EnrolResult: TypeAlias = Annotated[
    Member | IdentityInvalid | IdentityConflict | IdempotencyConflict | FactRejected,
    strawberry.union("EnrolResult", description="The member, or why nobody was enrolled."),
]
