"""What operators do to balances and codes, and how they look after the books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeAlias, cast

import strawberry

import loyalty_core as core
from loyalty_gateway.commands import Adjustment, IdempotencyKey, checked_key, member_of
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.enums import RecordStatus
from loyalty_gateway.errors import RequestRefused
from loyalty_gateway.failures import (
    FactRejected,
    IdempotencyConflict,
    MemberNotFound,
    Problem,
    ReinstatementRefused,
    TransactionNotFound,
    UserError,
    attempted,
    failure_of,
)
from loyalty_gateway.fields import resolved
from loyalty_gateway.inputs import AdjustmentInput
from loyalty_gateway.members import Info, Member, MemberId
from loyalty_gateway.scalars import Count, Document, Points
from loyalty_gateway.values import Money

MOST_VERIFIED = 100_000
"""Of how many transactions books may be to be read in a request."""
TransactionId = Annotated[strawberry.ID, strawberry.argument(description="The transaction's id.")]


@strawberry.type(description="What became of one of many adjustments.")
class AdjustmentOutcome:
    """Those of one request stand or fall one by one."""

    index: int = strawberry.field(description="Its place in the request, from 0.")
    status: RecordStatus = strawberry.field(description="Booked, duplicate or rejected.")
    enrolled: bool = strawberry.field(description="Whether its member joined by it.")
    adjustment: Adjustment | None = strawberry.field(description="What was booked.")
    error: UserError | None = strawberry.field(description="Why it was rejected.")


@strawberry.type(description="What became of the adjustments of one request.")
class AdjustManyResult:
    """One outcome for each, in their order."""

    outcomes: list[AdjustmentOutcome] = strawberry.field(description="What became of each.")


@strawberry.type(description="Expired points given back.")
class Reinstatement:
    """It corrects their expiry."""

    transaction_id: strawberry.ID = strawberry.field(
        description="The transaction it was booked by."
    )
    corrects: strawberry.ID = strawberry.field(description="The expiry.")
    wallet: str = strawberry.field(description="The wallet.")
    points: Points = strawberry.field(description="How many points.")
    expires_at: datetime | None = strawberry.field(description="When they expire now, if ever.")
    occurred_at: datetime = strawberry.field(description="When.")
    member_id: strawberry.Private[str]

    @resolved("The member, with the balances after it.")
    async def member(self, info: Info) -> Member | None:
        """The member."""
        return await member_of(info.context, self.member_id)


@strawberry.type(description="What became of imported codes.")
class CodeImport:
    """Those known already are left alone."""

    pool: str = strawberry.field(description="The pool.")
    added: Count = strawberry.field(description="How many are new in it.")
    known: Count = strawberry.field(description="How many were there.")


@strawberry.type(description="What used grants of one reward cost one bearer.")
class BorneCost:
    """Over a period."""

    borne_by: str | None = strawberry.field(description="The partner; null for the program.")
    reward: str = strawberry.field(description="The reward.")
    grants: Count = strawberry.field(description="How many were used.")
    cost: Money = strawberry.field(description="What they cost.")


@strawberry.type(description="The latest block of the sealed books.")
class SealHead:
    """Its head stands for everything sealed so far: publish it where it cannot be changed."""

    number: Count = strawberry.field(description="Which block it is, from 1.")
    head: str = strawberry.field(description="The hash that stands for all blocks.")
    sealed_at: datetime = strawberry.field(description="When it was made.")
    transactions: Count = strawberry.field(description="How many transactions it seals.")


@strawberry.type(description="What was checked of the books.")
class Verification:
    """No problems: the books are right."""

    transactions: Count = strawberry.field(description="How many transactions there are.")
    entries: Count = strawberry.field(description="How many entries.")
    sealed: Count = strawberry.field(description="How many transactions are sealed.")
    head: str | None = strawberry.field(description="The hash that stands for them.")
    problems: list[Problem] = strawberry.field(description="What is wrong, row by row.")


ReinstateResult: TypeAlias = Annotated[
    Reinstatement
    | ReinstatementRefused
    | TransactionNotFound
    | MemberNotFound
    | IdempotencyConflict
    | FactRejected,
    strawberry.union("ReinstateResult", description="What was given back, or why nothing was."),
]
ImportResult: TypeAlias = Annotated[
    CodeImport | FactRejected,
    strawberry.union("ImportResult", description="What was imported, or why nothing was."),
]


@strawberry.type(description="How operators look after the books.")
class OperationsQuery:
    """The part of the operators' questions that is about costs and the seal."""

    @resolved("What grants that were used cost, by who bears it.")
    async def costs(
        self,
        info: Info,
        since: Annotated[
            datetime | None, strawberry.argument(description="The period's first moment.")
        ] = None,
        until: Annotated[
            datetime | None, strawberry.argument(description="The first moment after it.")
        ] = None,
    ) -> list[BorneCost] | None:
        """The costs of a period."""
        context = info.context
        found = await context.in_thread(context.loyalty.costs, since=since, until=until)
        return [
            BorneCost(
                borne_by=one.borne_by or None,
                reward=one.reward,
                grants=Count(one.grants),
                cost=Money.of(one.cost),
            )
            for one in found
        ]

    @resolved("The latest block of the sealed books; null before the first.")
    async def seal_head(self, info: Info) -> SealHead | None:
        """The head."""
        block = await info.context.in_thread(info.context.loyalty.head)
        if block is None:
            return None
        return SealHead(
            number=Count(block.number),
            head=block.head,
            sealed_at=block.sealed_at,
            transactions=Count(block.count),
        )

    @resolved("A document that proves the transaction is in the sealed books.")
    async def proof(self, info: Info, transaction_id: TransactionId) -> Document | None:
        """The proof; an error for one that is not there or not sealed yet."""
        found = await info.context.in_thread(info.context.loyalty.proof, transaction_id)
        return Document(dict(found))

    @resolved(
        "Every invariant of the books and every sealed row, checked now; in a database of up to "
        f"{MOST_VERIFIED:,} transactions, beyond that by the command `loyalty verify` alone."
    )
    async def verify(
        self,
        info: Info,
        head: Annotated[
            str | None, strawberry.argument(description="A head that was published earlier.")
        ] = None,
    ) -> Verification | None:
        """What was checked, and what is wrong; an error for a database that is too large."""
        context = info.context
        report = await context.in_thread(context.loyalty.verify, head=head, most=MOST_VERIFIED)
        return Verification(
            transactions=Count(report.transactions),
            entries=Count(report.entries),
            sealed=Count(report.sealed),
            head=report.head,
            problems=[Problem.of(one) for one in report.problems],
        )


@strawberry.type(description="What operators do to balances and codes.")
class OperationsMutation:
    """The part of the operators' commands that is about balances and codes."""

    @resolved("Changes many balances, each by itself; every one has its own key.")
    async def adjust_many(
        self,
        info: Info,
        adjustments: Annotated[
            list[AdjustmentInput],
            strawberry.argument(description="The adjustments, 100 at most by default."),
        ],
        enrol: Annotated[
            bool, strawberry.argument(description="Whether unknown people join by it.")
        ] = False,
        dry_run: Annotated[
            bool, strawberry.argument(description="Whether nothing is booked after all.")
        ] = False,
    ) -> AdjustManyResult | None:
        """One outcome for each adjustment."""
        context = info.context
        checked_count(context, len(adjustments), "adjustments")
        documents = [one.document() for one in adjustments]
        outcomes = await context.in_thread(_adjusted, context.loyalty, documents, enrol, dry_run)
        for outcome in outcomes:
            context.forget(outcome.receipt.member_id if outcome.receipt else "")
        return AdjustManyResult(
            outcomes=[_outcome(index, one, context) for index, one in enumerate(outcomes)]
        )

    @resolved("Gives expired points back: all that is left of an expiry, or some.")
    async def reinstate(
        self,
        info: Info,
        member_id: MemberId,
        transaction_id: Annotated[strawberry.ID, strawberry.argument(description="The expiry.")],
        reason: Annotated[str, strawberry.argument(description="Why; kept in the books.")],
        actor: Annotated[str, strawberry.argument(description="By whom; kept in the books.")],
        idempotency_key: IdempotencyKey,
        points: Annotated[
            Points | None, strawberry.argument(description="How many; left out, all.")
        ] = None,
        expires_at: Annotated[
            datetime | None,
            strawberry.argument(description="When they expire; by the wallet's rule if left out."),
        ] = None,
        never_expires: Annotated[
            bool, strawberry.argument(description="Whether they never do.")
        ] = False,
    ) -> ReinstateResult | None:
        """A reinstatement."""
        context, key = info.context, checked_key(idempotency_key)

        def give_back() -> core.ReinstatementReceipt:
            amount = None
            if points is not None:
                expiry = context.loyalty.explain(transaction_id).transaction
                amount = context.smallest_units(expiry.wallet, points)
            return context.loyalty.reinstate(
                member_id,
                transaction_id,
                points=amount,
                expires_at="never" if never_expires else expires_at,
                reason=reason,
                actor=actor,
                key=key,
            )

        made = await attempted(context, ReinstateResult, give_back)
        if isinstance(made, UserError):
            return cast(ReinstateResult, made)
        context.forget(made.member_id)
        return Reinstatement(
            transaction_id=strawberry.ID(made.transaction_id),
            corrects=strawberry.ID(made.corrects),
            wallet=made.wallet,
            points=context.points(made.wallet, made.points),
            expires_at=made.expires_at,
            occurred_at=made.occurred_at,
            member_id=made.member_id,
        )

    @resolved("Adds codes to a pool that a reward takes from; known ones are left alone.")
    async def import_codes(
        self,
        info: Info,
        pool: Annotated[str, strawberry.argument(description="The pool.")],
        codes: Annotated[
            list[str], strawberry.argument(description="The codes; a request has a size.")
        ],
    ) -> ImportResult | None:
        """What became of the codes."""
        context = info.context
        made = await attempted(context, ImportResult, context.loyalty.import_codes, pool, codes)
        if isinstance(made, UserError):
            return cast(ImportResult, made)
        return CodeImport(pool=made.pool, added=Count(made.added), known=Count(made.known))


def checked_count(context: GatewayContext, count: int, where: str) -> None:
    """Raises ``RequestRefused`` (TOO_COMPLEX) for more than one request may bring."""
    if count > context.most_facts:
        message = f"{count} {where} at once, at most {context.most_facts} are taken"
        raise RequestRefused(message, code="TOO_COMPLEX", where=where)


def _outcome(
    index: int, outcome: core.AdjustmentOutcome, context: GatewayContext
) -> AdjustmentOutcome:
    error, receipt = outcome.error, outcome.receipt
    return AdjustmentOutcome(
        index=index,
        status=RecordStatus[outcome.status.name],
        enrolled=outcome.enrolled,
        adjustment=Adjustment.of(receipt, context) if receipt else None,
        error=failure_of(error, context, UserError) if error else None,
    )


def _adjusted(
    loyalty: core.Loyalty, documents: Sequence[dict[str, core.Json]], enrol: bool, dry_run: bool
) -> list[core.AdjustmentOutcome]:
    """One outcome for each document, in their order; all in one transaction."""
    outcomes: dict[int, core.AdjustmentOutcome] = {}
    loyalty.adjust_many(documents, enrol=enrol, dry_run=dry_run, on_receipt=outcomes.__setitem__)
    return [outcomes[index] for index in range(len(documents))]
