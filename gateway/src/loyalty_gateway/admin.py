"""The operators' schema: every member, every total, and the commands that change the books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, cast

import strawberry

import loyalty_core as core
from loyalty_gateway.commands import (
    Adjustment,
    AdjustResult,
    EnrolResult,
    FactReceipt,
    IdempotencyKey,
    QuoteResult,
    RecordResult,
    checked_key,
    member_of,
)
from loyalty_gateway.connectors import ConnectorMutation, ConnectorQuery
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.failures import UserError, attempted
from loyalty_gateway.fields import resolved
from loyalty_gateway.granting import GrantMutation
from loyalty_gateway.holding import RedemptionQuery, SpendingMutation
from loyalty_gateway.inputs import (
    CartInput,
    FactInput,
    Identities,
    ProfileInput,
    Source,
    identities_of,
)
from loyalty_gateway.members import (
    After,
    First,
    Info,
    Member,
    MemberConnection,
    MemberId,
    Statement,
    Transaction,
    TransactionConnection,
    WalletName,
    history_page,
    segment_page,
)
from loyalty_gateway.operations import OperationsMutation, OperationsQuery, checked_count
from loyalty_gateway.partners import PartnerMutation, PartnerQuery
from loyalty_gateway.people import PeopleMutation, PeopleQuery
from loyalty_gateway.program import Program, program_of, rewards_of
from loyalty_gateway.scalars import Points
from loyalty_gateway.segments import SegmentReport
from loyalty_gateway.sharing import HouseholdMutation, HouseholdQuery
from loyalty_gateway.spending import quoted
from loyalty_gateway.values import LinePoints, Reward, line_points


@strawberry.type(description="What one rule gave.")
class Award:
    """A rule and its points."""

    plugin: str = strawberry.field(description="The plugin that gave it.")
    rule: str = strawberry.field(description="The name of the rule.")
    wallet: str = strawberry.field(description="The wallet it went to.")
    points: Points = strawberry.field(description="What it gave when it was decided.")
    kept: Points = strawberry.field(description="What is left of it after refunds.")
    lines: list[LinePoints] = strawberry.field(description="What each order line earned.")
    expires_at: datetime | None = strawberry.field(description="When it expires, if ever.")


@strawberry.type(description="The fact a transaction came from.")
class FactSummary:
    """Where the fact can be found."""

    type: str = strawberry.field(description="Whether it is an order or an activity.")
    source: str = strawberry.field(description="Where it comes from.")
    id: str = strawberry.field(description="Its id there.")
    occurred_at: datetime = strawberry.field(description="When it happened.")


@strawberry.type(description="Why a transaction is in the books.")
class Explanation:
    """The fact, the rules and the version of the configuration."""

    transaction: Transaction = strawberry.field(description="The transaction.")
    fact: FactSummary | None = strawberry.field(description="The fact it came from.")
    refunds: list[str] = strawberry.field(description="The ids of the order's refunds.")
    awards: list[Award] = strawberry.field(description="What each rule gave.")
    config_version: int = strawberry.field(description="The version of the rules it was made by.")
    segments: list[str] = strawberry.field(
        description="The segments and tags that the fact was decided on."
    )

    @classmethod
    def of(cls, explanation: core.Explanation, context: GatewayContext) -> Explanation:
        """The explanation as clients see it."""
        fact = explanation.fact
        return cls(
            transaction=Transaction.of(explanation.transaction, context),
            fact=FactSummary(
                type=fact.type, source=fact.source, id=fact.id, occurred_at=fact.occurred_at
            )
            if fact
            else None,
            refunds=list(explanation.refunds),
            awards=[_award(award, context) for award in explanation.awards],
            config_version=explanation.config_version,
            segments=list(explanation.segments),
        )


def _award(award: core.AwardExplanation, context: GatewayContext) -> Award:
    return Award(
        plugin=award.plugin,
        rule=award.rule,
        wallet=award.wallet,
        points=context.points(award.wallet, award.amount),
        kept=context.points(award.wallet, award.kept),
        lines=line_points(award.lines, award.wallet, context),
        expires_at=award.expires_at,
    )


@strawberry.type(description="What operators can ask.")
class Query(
    RedemptionQuery,
    PeopleQuery,
    HouseholdQuery,
    PartnerQuery,
    OperationsQuery,
    ConnectorQuery,
):
    """The operators' questions."""

    @resolved("The program, with its totals.")
    async def program(self, info: Info) -> Program:
        """The program."""
        return program_of(info.context)

    @resolved("What points buy, for a member or, without one, for a stranger.")
    async def rewards(
        self,
        info: Info,
        member_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Whose prices are shown.")
        ] = None,
    ) -> list[Reward]:
        """The rewards."""
        return await rewards_of(info.context, member_id)

    @resolved("One member; null if nobody has this id.")
    async def member(self, info: Info, id: MemberId) -> Member | None:
        """The member; those of one request are loaded together."""
        return await member_of(info.context, id)

    @resolved("The member who has any of the identities; null if nobody has.")
    async def member_by_identity(
        self, info: Info, identities: Identities, source: Source = None
    ) -> Member | None:
        """The member with an identity."""
        found = await info.context.in_thread(
            info.context.loyalty.find, identities_of(identities), source=source or ""
        )
        return Member.of(found) if found else None

    @resolved("What a member is shown now.")
    async def statement(self, info: Info, member_id: MemberId) -> Statement | None:
        """A statement; an error if nobody has this id."""
        return Statement.of(await info.context.load_statement(member_id))

    @resolved("A member's transactions, latest first, page by page.")
    async def history(
        self,
        info: Info,
        member_id: MemberId,
        wallet: WalletName = None,
        first: First = 20,
        after: After = None,
    ) -> TransactionConnection | None:
        """A page of transactions; an error if nobody has this id."""
        return await history_page(info.context, member_id, wallet, first, after)

    @resolved("Every segment of the program with how many members it has.")
    async def segments(self, info: Info) -> SegmentReport:
        """The segments, as of the last count."""
        context = info.context
        return SegmentReport.of(await context.in_thread(context.loyalty.segments))

    @resolved("The members of a segment, in the order of their ids, page by page.")
    async def segment_members(
        self,
        info: Info,
        segment: Annotated[str, strawberry.argument(description="The segment's id.")],
        first: First = 20,
        after: After = None,
    ) -> MemberConnection | None:
        """A page of members; an error if there is no such segment."""
        return await segment_page(info.context, segment, first, after)

    @resolved("Why a transaction is in the books.")
    async def explain(
        self,
        info: Info,
        transaction_id: Annotated[
            strawberry.ID, strawberry.argument(description="The transaction's id.")
        ],
    ) -> Explanation | None:
        """An explanation; an error if there is no such transaction."""
        found = await info.context.in_thread(info.context.loyalty.explain, transaction_id)
        return Explanation.of(found, info.context)

    @resolved(
        "What a cart would earn, and what points could buy on it, for a member or, "
        "without one, for a stranger. Nothing is booked."
    )
    async def quote(
        self,
        info: Info,
        cart: Annotated[CartInput, strawberry.argument(description="What is about to be bought.")],
        member_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Whose cart it is.")
        ] = None,
    ) -> QuoteResult:
        """A quote."""
        return await quoted(info.context, cart, member_id)


@strawberry.type(description="What operators can do.")
class Mutation(
    SpendingMutation,
    GrantMutation,
    PeopleMutation,
    HouseholdMutation,
    PartnerMutation,
    OperationsMutation,
    ConnectorMutation,
):
    """The operators' commands."""

    @resolved(
        "Records facts, each by itself: one that is rejected leaves the others alone. "
        "A fact is its own idempotency key: sent again, it is a duplicate."
    )
    async def record_facts(
        self,
        info: Info,
        facts: Annotated[
            list[FactInput], strawberry.argument(description="The facts, 100 at most by default.")
        ],
    ) -> RecordResult | None:
        """One receipt for each fact."""
        context = info.context
        checked_count(context, len(facts), "facts")
        documents = [fact.document() for fact in facts]
        receipts = await context.in_thread(_recorded, context.loyalty, documents)
        for receipt in receipts:
            context.forget(receipt.member_id or "")
        return RecordResult(
            receipts=[
                FactReceipt.of(index, receipt, context) for index, receipt in enumerate(receipts)
            ]
        )

    @resolved("Changes a balance, up or down.")
    async def adjust(
        self,
        info: Info,
        member_id: MemberId,
        wallet: Annotated[str, strawberry.argument(description="The wallet to change.")],
        points: Annotated[Points, strawberry.argument(description="By how much, with its sign.")],
        reason: Annotated[str, strawberry.argument(description="Why; kept in the books.")],
        actor: Annotated[str, strawberry.argument(description="By whom; kept in the books.")],
        idempotency_key: IdempotencyKey,
    ) -> AdjustResult | None:
        """An adjustment."""
        context = info.context
        key = checked_key(idempotency_key)

        def change() -> core.AdjustmentReceipt:
            amount = context.smallest_units(wallet, points)
            return context.loyalty.adjust(
                member_id, wallet, amount, reason=reason, actor=actor, key=key
            )

        made = await attempted(context, AdjustResult, change, wallet=wallet)
        if isinstance(made, UserError):
            return cast(AdjustResult, made)
        context.forget(member_id)
        return Adjustment.of(made, context)

    @resolved("Makes somebody a member, or adds identities to the member they are already.")
    async def enrol(
        self,
        info: Info,
        identities: Identities,
        idempotency_key: IdempotencyKey,
        source: Source = None,
        profile: Annotated[
            ProfileInput | None,
            strawberry.argument(description="Replaces the stored profile."),
        ] = None,
    ) -> EnrolResult | None:
        """The member."""
        context = info.context
        made = await attempted(
            context,
            EnrolResult,
            context.loyalty.enrol,
            identities_of(identities),
            source=source or "",
            profile=profile.profile() if profile else None,
            key=checked_key(idempotency_key),
        )
        if isinstance(made, UserError):
            return cast(EnrolResult, made)
        context.forget(made.id)
        return Member.of(made)


def _recorded(
    loyalty: core.Loyalty, documents: Sequence[dict[str, core.Json]]
) -> list[core.FactReceipt]:
    """One receipt for each document, in their order; all in one transaction."""
    receipts: dict[int, core.FactReceipt] = {}
    summary = loyalty.record_many(documents, on_receipt=receipts.__setitem__)
    for rejection in summary.rejected:
        receipts[rejection.index] = core.FactReceipt(
            status=core.RecordStatus.REJECTED, error=rejection.error
        )
    return [receipts[index] for index in range(len(documents))]
