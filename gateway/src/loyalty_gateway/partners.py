"""Partner programs as clients see them: a member's accounts there, and what is owed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias, cast

import strawberry

import loyalty_core as core
from loyalty_gateway.commands import IdempotencyKey, checked_key
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.failures import (
    AgreementMissing,
    FactRejected,
    IdempotencyConflict,
    LinkRefused,
    MemberInactive,
    MemberNotFound,
    SettlementRefused,
    UserError,
    attempted,
)
from loyalty_gateway.fields import ADMIN, resolved
from loyalty_gateway.inputs import MoneyInput
from loyalty_gateway.members import Info, MemberId
from loyalty_gateway.values import Money, WalletChange

Partner = Annotated[str, strawberry.argument(description="The id of the partner program.")]


@strawberry.type(description="A member's account at a partner program.")
class AccountLink:
    """Both are the same person."""

    partner: strawberry.ID = strawberry.field(description="The id of the partner program.")
    linked_at: datetime = strawberry.field(description="Since when they are linked.")
    member_id: strawberry.ID = strawberry.field(description="The member here.", metadata=ADMIN)
    partner_member: strawberry.ID = strawberry.field(
        description="The member there.", metadata=ADMIN
    )

    @classmethod
    def of(cls, link: core.AccountLink) -> AccountLink:
        """The link as clients see it."""
        return cls(
            partner=strawberry.ID(link.partner),
            linked_at=link.linked_at,
            member_id=strawberry.ID(link.member_id),
            partner_member=strawberry.ID(link.partner_member),
        )


@strawberry.type(description="What one program owes another over a period.")
class Owing:
    """For its points that were spent at the other one."""

    redeemed: list[WalletChange] = strawberry.field(description="The points spent there.")
    returned: list[WalletChange] = strawberry.field(description="Those given back.")
    owed: Money = strawberry.field(description="What is owed for them.")
    paid: Money = strawberry.field(description="What was paid.")


@strawberry.type(description="What this program and a partner owe each other in one currency.")
class Settlement:
    """Over a period; those that follow each other sum exactly."""

    partner: strawberry.ID = strawberry.field(description="The partner program.")
    currency: str = strawberry.field(description="The ISO 4217 code of its amounts.")
    starts_at: datetime | None = strawberry.field(description="The period's first moment.")
    ends_at: datetime = strawberry.field(description="The first moment after it.")
    ours: Owing = strawberry.field(description="What we owe.")
    theirs: Owing = strawberry.field(description="What the partner owes.")
    opening: Money = strawberry.field(
        description="What was open at its start; negative if we owe it."
    )
    closing: Money = strawberry.field(description="What is open at its end.")

    @classmethod
    def of(cls, one: core.Settlement, context: GatewayContext) -> Settlement:
        """The settlement as clients see it."""
        return cls(
            partner=strawberry.ID(one.partner),
            currency=one.currency,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            ours=_owing(one.ours, "", context),
            theirs=_owing(one.theirs, one.partner, context),
            opening=Money.of(one.opening),
            closing=Money.of(one.closing),
        )


def _owing(owing: core.Owing, issuer: str, context: GatewayContext) -> Owing:
    """What is owed for points of ``issuer``, the partner or this program itself."""

    def moved(name: str) -> list[WalletChange]:
        made = []
        for wallet, points in owing.points.items():
            named = f"{issuer}.{wallet}" if issuer else wallet
            amount = getattr(points, name)
            made.append(WalletChange(wallet=wallet, points=context.points(named, amount)))
        return made

    return Owing(
        redeemed=moved("redeemed"),
        returned=moved("returned"),
        owed=Money.of(owing.owed),
        paid=Money.of(owing.paid),
    )


@strawberry.type(description="A payment between two programs, noted by both.")
class Payment:
    """What is left afterwards."""

    id: strawberry.ID = strawberry.field(description="The payment's id in the books.")
    debtor: strawberry.ID = strawberry.field(description="Who paid.")
    creditor: strawberry.ID = strawberry.field(description="Who was paid.")
    amount: Money = strawberry.field(description="How much.")
    open: Money = strawberry.field(description="What the debtor still owes.")
    reference: str = strawberry.field(description="The payment outside, such as a bank's.")
    actor: str = strawberry.field(description="By whom it was noted.")
    paid_at: datetime = strawberry.field(description="When it was noted.")


LinkResult: TypeAlias = Annotated[
    AccountLink
    | LinkRefused
    | AgreementMissing
    | MemberNotFound
    | MemberInactive
    | IdempotencyConflict
    | FactRejected,
    strawberry.union("LinkResult", description="The link, or why there is none."),
]
SettleResult: TypeAlias = Annotated[
    Payment | SettlementRefused | AgreementMissing | IdempotencyConflict | FactRejected,
    strawberry.union("SettleResult", description="The payment noted, or why it was not."),
]


async def links_of(context: GatewayContext, member_id: str) -> list[AccountLink]:
    """A member's links to partners, by partner."""
    found = await context.in_thread(context.loyalty.links, member_id)
    return [AccountLink.of(one) for one in found]


@strawberry.type(description="The accounts of the member who is signed in at partners.")
class OwnPartnerQuery:
    """The part of the storefront's questions that is about partners."""

    @resolved("The accounts of the member who is signed in at partner programs.")
    async def links(self, info: Info) -> list[AccountLink] | None:
        """The links."""
        return await links_of(info.context, await info.context.me())


@strawberry.type(description="What the member who is signed in can do about partners.")
class OwnPartnerMutation:
    """The part of the storefront's commands that is about partners."""

    @resolved("Ends a link to a partner: whether there was one. Done again, there is none.")
    async def unlink(self, info: Info, partner: Partner) -> bool | None:
        """A link ended."""
        me = await info.context.me()
        return await info.context.in_thread(info.context.loyalty.unlink, me, partner)


@strawberry.type(description="What operators can ask of partners.")
class PartnerQuery:
    """The part of the operators' questions that is about partners."""

    @resolved("A member's accounts at partner programs.")
    async def links(self, info: Info, member_id: MemberId) -> list[AccountLink] | None:
        """The links; an error if nobody has this id."""
        return await links_of(info.context, member_id)

    @resolved("What this program and its partners owe each other, by partner and currency.")
    async def settlements(
        self,
        info: Info,
        partner: Annotated[
            str | None, strawberry.argument(description="Only this partner.")
        ] = None,
        since: Annotated[
            datetime | None, strawberry.argument(description="The period's first moment.")
        ] = None,
        until: Annotated[
            datetime | None, strawberry.argument(description="The first moment after it.")
        ] = None,
    ) -> list[Settlement] | None:
        """The settlements of a period."""
        context = info.context
        found = await context.in_thread(
            context.loyalty.settlements, partner, from_=since, until=until
        )
        return [Settlement.of(one, context) for one in found]


@strawberry.type(description="What operators can do about partners.")
class PartnerMutation:
    """The part of the operators' commands that is about partners."""

    @resolved("Links a member to one of a partner. That both are one person is for you to know.")
    async def link(
        self,
        info: Info,
        member_id: MemberId,
        partner: Partner,
        partner_member: Annotated[
            strawberry.ID, strawberry.argument(description="The member's id there.")
        ],
        idempotency_key: IdempotencyKey,
    ) -> LinkResult | None:
        """A link."""
        context, key = info.context, checked_key(idempotency_key)
        command = context.loyalty.link
        made = await attempted(
            context, LinkResult, command, member_id, partner, partner_member, key=key
        )
        return cast(LinkResult, made if isinstance(made, UserError) else AccountLink.of(made))

    @resolved("Ends a link to a partner: whether there was one. Done again, there is none.")
    async def unlink(self, info: Info, member_id: MemberId, partner: Partner) -> bool | None:
        """A link ended; an error if nobody has this id."""
        return await info.context.in_thread(info.context.loyalty.unlink, member_id, partner)

    @resolved("Notes a payment between this program and a partner, by the one who owes.")
    async def settle(
        self,
        info: Info,
        partner: Partner,
        reference: Annotated[
            str, strawberry.argument(description="The payment outside: it is noted once.")
        ],
        actor: Annotated[str, strawberry.argument(description="By whom; kept in the books.")],
        idempotency_key: IdempotencyKey,
        amount: Annotated[
            MoneyInput | None, strawberry.argument(description="How much; left out, all.")
        ] = None,
    ) -> SettleResult | None:
        """A payment noted."""
        context, key = info.context, checked_key(idempotency_key)

        def pay() -> core.SettlementReceipt:
            paid = None if amount is None else amount.money()
            return context.loyalty.settle(
                partner, amount=paid, reference=reference, actor=actor, key=key
            )

        made = await attempted(context, SettleResult, pay)
        if isinstance(made, UserError):
            return cast(SettleResult, made)
        return Payment(
            id=strawberry.ID(made.payment_id),
            debtor=strawberry.ID(made.debtor),
            creditor=strawberry.ID(made.creditor),
            amount=Money.of(made.amount),
            open=Money.of(made.open),
            reference=made.reference,
            actor=made.actor,
            paid_at=made.paid_at,
        )
