"""Members as clients see them, with their wallets and their history page by page."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, TypeAlias

import strawberry

import loyalty_core as core
from loyalty_gateway.benefits import Benefit, benefits_of
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.enums import GrantState, IdentityKind, MemberStatus, TransactionKind
from loyalty_gateway.errors import RequestRefused
from loyalty_gateway.fields import ADMIN, resolved
from loyalty_gateway.grants import Grant
from loyalty_gateway.habits import Habits
from loyalty_gateway.scalars import Points
from loyalty_gateway.segments import HeldSegment, segments_of
from loyalty_gateway.values import Money, Wallet

MOST_ITEMS = 100
Info: TypeAlias = strawberry.Info[GatewayContext, None]
First = Annotated[int, strawberry.argument(description="How many, from 1 to 100.")]
After = Annotated[
    str | None, strawberry.argument(description="The cursor after which the page begins.")
]
AsOf = Annotated[datetime | None, strawberry.argument(description="As of when; now if left out.")]
MemberId = Annotated[strawberry.ID, strawberry.argument(description="The member's id.")]
WalletName = Annotated[str | None, strawberry.argument(description="Only this wallet.")]


@strawberry.type(description="One way to know a member.")
class Identity:
    """A normalised identity."""

    kind: IdentityKind = strawberry.field(description="What it is.")
    value: str = strawberry.field(description="Its normalised value.")
    source: str | None = strawberry.field(
        description="Where it counts, for ids that count within a source."
    )


@strawberry.type(description="The tier held in one scheme.")
class TierHeld:
    """A scheme and a tier."""

    scheme: str = strawberry.field(description="The tier scheme.")
    tier: str = strawberry.field(description="The tier held in it.")


@strawberry.type(description="Whether a member agreed to a purpose.")
class Consent:
    """A purpose and the answer."""

    purpose: str = strawberry.field(description="What the consent is for.")
    given: bool = strawberry.field(description="Whether it was given.")


@strawberry.type(description="What is known of a member besides identities.")
class Profile:
    """Every field may be empty."""

    name: str | None = strawberry.field(description="The member's name.")
    locale: str | None = strawberry.field(description="A BCP 47 language tag.")
    time_zone: str | None = strawberry.field(description="An IANA time zone.")
    birthday: date | None = strawberry.field(description="The day of birth.")
    consents: list[Consent] = strawberry.field(description="What the member agreed to or not.")
    tiers: list[TierHeld] = strawberry.field(description="The tier held in each scheme.")
    tags: list[str] = strawberry.field(
        description="What the shop says of the member.", metadata=ADMIN
    )

    @classmethod
    def of(cls, profile: core.Profile) -> Profile:
        """The profile as clients see it."""
        return cls(
            name=profile.name or None,
            locale=profile.locale or None,
            time_zone=profile.time_zone or None,
            birthday=profile.birthday,
            consents=[Consent(purpose=name, given=yes) for name, yes in profile.consents.items()],
            tiers=[TierHeld(scheme=name, tier=tier) for name, tier in profile.tiers.items()],
            tags=list(profile.tags),
        )


@strawberry.type(description="What a member is shown at a moment.")
class Statement:
    """Every wallet, as of one moment."""

    at: datetime = strawberry.field(description="The moment it is true for.")
    wallets: list[Wallet] = strawberry.field(description="Every wallet of the program.")
    grants: list[Grant] = strawberry.field(description="What is owned and still to be used.")
    saved: list[Money] = strawberry.field(description="What was saved by what was used.")

    @classmethod
    def of(cls, statement: core.Statement) -> Statement:
        """The statement as clients see it."""
        return cls(
            at=statement.at,
            wallets=[Wallet.of(item) for item in statement.wallets],
            grants=[Grant.of(item) for item in statement.grants],
            saved=[Money.of(item) for item in statement.saved],
        )


@strawberry.type(description="One atomic posting on one wallet of a member.")
class Transaction:
    """A line of a member's history."""

    id: strawberry.ID = strawberry.field(description="The transaction's id.")
    wallet: str = strawberry.field(description="The wallet it changed.")
    kind: TransactionKind = strawberry.field(description="What kind of change it was.")
    points: Points = strawberry.field(description="What the balance changed by, with its sign.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    booked_at: datetime = strawberry.field(description="When the books learnt of it.")
    reason: str | None = strawberry.field(description="The operator's reason.", metadata=ADMIN)
    actor: str | None = strawberry.field(description="The operator.", metadata=ADMIN)
    fact_id: strawberry.ID | None = strawberry.field(
        description="The fact it came from.", metadata=ADMIN
    )

    @classmethod
    def of(cls, transaction: core.Transaction, context: GatewayContext) -> Transaction:
        """The transaction as clients see it."""
        return cls(
            id=strawberry.ID(transaction.id),
            wallet=transaction.wallet,
            kind=TransactionKind[transaction.kind.name],
            points=context.points(transaction.wallet, transaction.amount),
            occurred_at=transaction.occurred_at,
            booked_at=transaction.booked_at,
            reason=transaction.reason or None,
            actor=transaction.actor or None,
            fact_id=strawberry.ID(transaction.fact_id) if transaction.fact_id else None,
        )


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """The cursors of a page."""

    has_next_page: bool = strawberry.field(description="Whether others follow.")
    has_previous_page: bool = strawberry.field(description="Whether the page began at a cursor.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first item.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last item.")


@strawberry.type(description="A transaction and the cursor that continues after it.")
class TransactionEdge:
    """One place in the list."""

    cursor: str = strawberry.field(description="The cursor that continues after it.")
    node: Transaction = strawberry.field(description="The transaction.")


@strawberry.type(description="A page of transactions, latest first.")
class TransactionConnection:
    """A page by keyset: nothing is skipped or repeated when others are booked meanwhile."""

    edges: list[TransactionEdge] = strawberry.field(description="The transactions.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


def checked_size(first: int) -> None:
    """Raises ``RequestRefused`` for a page that is empty or too large."""
    if not 1 <= first <= MOST_ITEMS:
        message = f"first is {first}, it must be from 1 to {MOST_ITEMS}"
        raise RequestRefused(message, code="BAD_REQUEST", where="first")


async def history_page(
    context: GatewayContext, member_id: str, wallet: str | None, first: int, after: str | None
) -> TransactionConnection:
    """A page of a member's history.

    Raises ``RequestRefused`` for a size out of range, and what ``Loyalty.history`` raises.
    """
    checked_size(first)
    page = await context.in_thread(
        context.loyalty.history, member_id, wallet=wallet, first=first, after=after
    )
    edges = [
        TransactionEdge(cursor=item.cursor, node=Transaction.of(item.transaction, context))
        for item in page.items
    ]
    info = PageInfo(
        has_next_page=page.more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return TransactionConnection(edges=edges, page_info=info)


@strawberry.type(description="A person in the program.")
class Member:
    """A member; plugins add fields to it."""

    id: strawberry.ID = strawberry.field(description="The member's id.")
    status: MemberStatus = strawberry.field(description="What the member may do.")
    joined_at: datetime = strawberry.field(description="When the member joined.")
    profile: Profile = strawberry.field(description="What is known besides identities.")
    identities: list[Identity] = strawberry.field(description="How the member is known.")

    @classmethod
    def of(cls, member: core.Member) -> Member:
        """The member as clients see it."""
        return cls(
            id=strawberry.ID(member.id),
            status=MemberStatus[member.status.name],
            joined_at=member.joined_at,
            profile=Profile.of(member.profile),
            identities=[
                Identity(
                    kind=IdentityKind[item.kind.name], value=item.value, source=item.source or None
                )
                for item in member.identities
            ],
        )

    @resolved("Every wallet with its balances and what expires soon, now or as of a moment.")
    async def statement(self, info: Info, at: AsOf = None) -> Statement | None:
        """The member's statement; that of now is loaded together with those of the same list."""
        if at is None:
            return Statement.of(await info.context.load_statement(self.id))
        command = info.context.loyalty.statement
        return Statement.of(await info.context.in_thread(command, self.id, at=at))

    @resolved("The id of the household the member is in, if they are in one.")
    async def household_id(self, info: Info) -> strawberry.ID | None:
        """The household's id."""
        found = (await info.context.load_statement(self.id)).household_id
        return strawberry.ID(found) if found else None

    @resolved("One wallet; null if the program has none of this name.")
    async def wallet(
        self, info: Info, name: Annotated[str, strawberry.argument(description="Its name.")]
    ) -> Wallet | None:
        """One wallet of the statement."""
        statement = await info.context.load_statement(self.id)
        found = [item for item in statement.wallets if item.wallet == name]
        return Wallet.of(found[0]) if found else None

    @resolved("The benefits the member has now, of tiers for instance.")
    async def benefits(self, info: Info) -> list[Benefit]:
        """Those a member may be told of, or all for operators."""
        return benefits_of(await info.context.load_statement(self.id), info.context)

    @resolved("The segments the member is in, as of the last count.")
    async def segments(self, info: Info) -> list[HeldSegment]:
        """Those a member may be told of, or all for operators."""
        return segments_of(await info.context.load_statement(self.id), info.context)

    @resolved("What the member owns and owned, latest first.")
    async def grants(
        self,
        info: Info,
        state: Annotated[
            GrantState | None, strawberry.argument(description="Only those that stand so.")
        ] = None,
        first: First = 20,
        after: Annotated[
            strawberry.ID | None, strawberry.argument(description="The id of the last one had.")
        ] = None,
    ) -> list[Grant] | None:
        """A page of grants."""
        checked_size(first)
        wanted = None if state is None else core.GrantState[state.name]
        found = await info.context.in_thread(
            info.context.loyalty.grants, self.id, state=wanted, first=first, after=after
        )
        return [Grant.of(item) for item in found]

    @resolved("What the member usually orders, where, how much and how often.")
    async def habits(
        self,
        info: Info,
        days: Annotated[
            int, strawberry.argument(description="How many days back, from 1 to 3,660.")
        ] = 365,
    ) -> Habits | None:
        """The member's habits."""
        found = await info.context.in_thread(info.context.loyalty.habits, self.id, days=days)
        return Habits.of(found)

    @resolved("The member's transactions, latest first, page by page.")
    async def history(
        self, info: Info, wallet: WalletName = None, first: First = 20, after: After = None
    ) -> TransactionConnection | None:
        """A page of transactions."""
        return await history_page(info.context, self.id, wallet, first, after)


@strawberry.type(description="A member and the cursor that continues after them.")
class MemberEdge:
    """One place in the list."""

    cursor: str = strawberry.field(description="The cursor that continues after the member.")
    node: Member = strawberry.field(description="The member.")


@strawberry.type(description="A page of members, in the order of their ids.")
class MemberConnection:
    """A page by keyset: nobody is skipped or repeated when others come or go meanwhile."""

    edges: list[MemberEdge] = strawberry.field(description="The members.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


async def segment_page(
    context: GatewayContext, segment: str, first: int, after: str | None
) -> MemberConnection:
    """A page of the members of a segment.

    Raises ``RequestRefused`` for a size out of range, and what ``Loyalty.segment_members`` raises.
    """
    checked_size(first)
    page = await context.in_thread(
        context.loyalty.segment_members, segment, first=first, after=after
    )
    edges = [MemberEdge(cursor=member.id, node=Member.of(member)) for member in page.members]
    info = PageInfo(
        has_next_page=page.more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return MemberConnection(edges=edges, page_info=info)
