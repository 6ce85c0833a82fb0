"""Spending in two steps and giving points away: the commands of both schemas."""

from __future__ import annotations

from typing import Annotated

import strawberry

import loyalty_core as core
from loyalty_gateway.commands import IdempotencyKey, checked_key, own_key
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.failures import attempted
from loyalty_gateway.fields import resolved
from loyalty_gateway.inputs import CartInput, IdentityInput, identities_of
from loyalty_gateway.members import Info, MemberId
from loyalty_gateway.redemptions import (
    Held,
    RedeemResult,
    Redemption,
    RedemptionId,
    RedemptionResult,
    redemptions_of,
    told,
)
from loyalty_gateway.scalars import Points
from loyalty_gateway.sharing import own_household
from loyalty_gateway.spending import Wish, redeemed
from loyalty_gateway.transfers import TransferResult, transferred

First = Annotated[int, strawberry.argument(description="How many, from 1 to 100.")]
Last = Annotated[
    strawberry.ID | None, strawberry.argument(description="The id of the last one had.")
]
Most = Annotated[
    Points | None,
    strawberry.argument(description="The most to spend; left out, as many as can be used."),
]
RewardName = Annotated[
    str | None, strawberry.argument(description="What to spend them on, if there is a choice.")
]
SpentOn = Annotated[CartInput | None, strawberry.argument(description="What they are spent on.")]
Minutes = Annotated[
    int, strawberry.argument(description="After how long they are free again by themselves.")
]
FewerPoints = Annotated[
    Points | None, strawberry.argument(description="How many to spend; left out, all.")
]
FromHousehold = Annotated[
    bool, strawberry.argument(description="Whether the household's points are spent.")
]
HouseholdOf = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="The household whose points are spent, if it is one's."),
]
OrderSource = Annotated[
    str, strawberry.argument(description="Where the order they pay for comes from.")
]
OrderId = Annotated[
    str | None, strawberry.argument(description="The order they pay for, if it is known.")
]
Reason = Annotated[str, strawberry.argument(description="Why; kept in the books.")]
Actor = Annotated[str, strawberry.argument(description="By whom; kept in the books.")]
WalletOf = Annotated[str, strawberry.argument(description="The wallet.")]
Given = Annotated[Points, strawberry.argument(description="How many points.")]


async def captured(
    context: GatewayContext,
    redemption_id: str,
    points: Points | None,
    order: tuple[str, str | None] = ("", None),
    me: str | None = None,
) -> RedemptionResult:
    """The redemption once its points are spent; ``me`` is the member it must be of."""

    def capture() -> core.RedemptionReceipt:
        known = _own(context, redemption_id, me)
        most = None if points is None else context.smallest_units(known.wallet, points)
        return context.loyalty.capture(
            known.redemption_id, points=most, source=order[0], order_id=order[1]
        )

    return told(await attempted(context, RedemptionResult, capture), context)


async def released(
    context: GatewayContext, redemption_id: str, me: str | None = None
) -> RedemptionResult:
    """The redemption once its points are free; ``me`` is the member it must be of."""

    def release() -> core.RedemptionReceipt:
        return context.loyalty.release(_own(context, redemption_id, me).redemption_id)

    return told(await attempted(context, RedemptionResult, release), context)


def _own(context: GatewayContext, redemption_id: str, me: str | None) -> core.RedemptionReceipt:
    """The redemption, asked in a worker thread; that of somebody else is not there for ``me``."""
    known = context.loyalty.redemption(redemption_id)
    if me is None or (known.spender or known.member_id) == context.loyalty.member(me).id:
        return known
    raise core.RedemptionNotFound(
        f"there is no redemption {redemption_id!r}", redemption_id=redemption_id
    )


@strawberry.type(description="What the member who is signed in spent and holds.")
class OwnRedemptionQuery:
    """The part of the storefront's questions that is about redemptions."""

    @resolved("What the member who is signed in spent or holds, latest first.")
    async def redemptions(
        self, info: Info, held: Held = False, first: First = 20, after: Last = None
    ) -> list[Redemption] | None:
        """A page of redemptions."""
        me = await info.context.me()
        return await redemptions_of(info.context, me, held, first, after)


@strawberry.type(description="How the member who is signed in spends and gives points.")
class OwnSpendingMutation:
    """The part of the storefront's commands that is about spending."""

    @resolved("Spends points of the member who is signed in, or of their household.")
    async def redeem(
        self,
        info: Info,
        idempotency_key: IdempotencyKey,
        points: Most = None,
        reward: RewardName = None,
        cart: SpentOn = None,
        from_household: FromHousehold = False,
    ) -> RedeemResult | None:
        """A redemption."""
        me, key = await own_key(info.context, idempotency_key)
        home = await own_household(info.context) if from_household else None
        wish = Wish(points=points, reward=reward, cart=cart, key=key, household_id=home)
        return await redeemed(info.context, me, wish)

    @resolved("Reserves points in a checkout, to be spent or set free later.")
    async def hold(
        self,
        info: Info,
        idempotency_key: IdempotencyKey,
        points: Most = None,
        reward: RewardName = None,
        cart: SpentOn = None,
        minutes: Minutes = 30,
        from_household: FromHousehold = False,
    ) -> RedeemResult | None:
        """A redemption whose points are held."""
        me, key = await own_key(info.context, idempotency_key)
        home = await own_household(info.context) if from_household else None
        wish = Wish(
            points=points, reward=reward, cart=cart, key=key, household_id=home, minutes=minutes
        )
        return await redeemed(info.context, me, wish)

    @resolved("Spends held points, or some of them; the rest is free again.")
    async def capture(
        self, info: Info, redemption_id: RedemptionId, points: FewerPoints = None
    ) -> RedemptionResult | None:
        """A redemption captured."""
        me = await info.context.me()
        return await captured(info.context, redemption_id, points, me=me)

    @resolved("Sets held points free.")
    async def release(self, info: Info, redemption_id: RedemptionId) -> RedemptionResult | None:
        """A redemption released."""
        return await released(info.context, redemption_id, await info.context.me())

    @resolved("Gives points to another member, where the wallet allows it.")
    async def transfer(
        self,
        info: Info,
        to: Annotated[
            IdentityInput, strawberry.argument(description="How the other one is known.")
        ],
        wallet: WalletOf,
        points: Given,
        idempotency_key: IdempotencyKey,
    ) -> TransferResult | None:
        """A transfer."""
        context = info.context
        me, key = await own_key(context, idempotency_key)
        source = context.claim.source if context.claim else ""

        def give() -> core.TransferReceipt:
            amount, wanted = context.smallest_units(wallet, points), identities_of([to])
            receiver = me  # where points are not given, nobody is told who is a member
            known = context.loyalty.config.wallets.get(wallet)  # a partner's is none of ours
            if known is not None and known.transfer.allowed:
                found = context.loyalty.find(wanted, source=source)
                receiver = found.id if found else ""
            return context.loyalty.transfer(me, receiver, wallet, amount, key=key)

        return await transferred(context, give, wallet)


@strawberry.type(description="What operators can ask of redemptions.")
class RedemptionQuery:
    """The part of the operators' questions that is about redemptions."""

    @resolved("One redemption as it stands now; an error if there is none of this id.")
    async def redemption(self, info: Info, id: RedemptionId) -> Redemption | None:
        """The redemption."""
        found = await info.context.in_thread(info.context.loyalty.redemption, id)
        return Redemption.of(found, info.context)

    @resolved("What a member spent or holds, latest first.")
    async def redemptions(
        self,
        info: Info,
        member_id: MemberId,
        held: Held = False,
        first: First = 20,
        after: Last = None,
    ) -> list[Redemption] | None:
        """A page of redemptions."""
        return await redemptions_of(info.context, member_id, held, first, after)


@strawberry.type(description="How operators spend and give points for members.")
class SpendingMutation:
    """The part of the operators' commands that is about spending."""

    @resolved("Spends a member's points, or those of their household.")
    async def redeem(
        self,
        info: Info,
        member_id: MemberId,
        idempotency_key: IdempotencyKey,
        points: Most = None,
        reward: RewardName = None,
        cart: SpentOn = None,
        source: OrderSource = "",
        order_id: OrderId = None,
        household_id: HouseholdOf = None,
    ) -> RedeemResult | None:
        """A redemption."""
        wish = Wish(
            points=points,
            reward=reward,
            cart=cart,
            key=checked_key(idempotency_key),
            source=source,
            order_id=order_id,
            household_id=household_id,
        )
        return await redeemed(info.context, member_id, wish)

    @resolved("Reserves a member's points in a checkout, to be spent or set free later.")
    async def hold(
        self,
        info: Info,
        member_id: MemberId,
        idempotency_key: IdempotencyKey,
        points: Most = None,
        reward: RewardName = None,
        cart: SpentOn = None,
        minutes: Minutes = 30,
        source: OrderSource = "",
        order_id: OrderId = None,
        household_id: HouseholdOf = None,
    ) -> RedeemResult | None:
        """A redemption whose points are held."""
        wish = Wish(
            points=points,
            reward=reward,
            cart=cart,
            key=checked_key(idempotency_key),
            source=source,
            order_id=order_id,
            household_id=household_id,
            minutes=minutes,
        )
        return await redeemed(info.context, member_id, wish)

    @resolved("Spends held points, or some of them; the rest is free again.")
    async def capture(
        self,
        info: Info,
        redemption_id: RedemptionId,
        points: FewerPoints = None,
        source: OrderSource = "",
        order_id: OrderId = None,
    ) -> RedemptionResult | None:
        """A redemption captured."""
        return await captured(info.context, redemption_id, points, (source, order_id))

    @resolved("Sets held points free.")
    async def release(self, info: Info, redemption_id: RedemptionId) -> RedemptionResult | None:
        """A redemption released."""
        return await released(info.context, redemption_id)

    @resolved("Gives points of one member to another, where the wallet allows it.")
    async def transfer(
        self,
        info: Info,
        from_member: MemberId,
        to_member: MemberId,
        wallet: WalletOf,
        points: Given,
        idempotency_key: IdempotencyKey,
        reason: Reason = "",
        actor: Actor = "",
    ) -> TransferResult | None:
        """A transfer."""
        context, key = info.context, checked_key(idempotency_key)

        def give() -> core.TransferReceipt:
            amount = context.smallest_units(wallet, points)
            return context.loyalty.transfer(
                from_member, to_member, wallet, amount, reason=reason, actor=actor, key=key
            )

        return await transferred(context, give, wallet)
