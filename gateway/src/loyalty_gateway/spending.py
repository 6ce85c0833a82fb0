"""Redeeming, holding and quoting, as both schemas do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from loyalty_core import LoyaltyError, RewardUnknown
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.failures import (
    FactRejected,
    MemberNotFound,
    attempted,
    failure_of,
    failures_in,
)
from loyalty_gateway.inputs import CartInput, document_of
from loyalty_gateway.quotes import Quote
from loyalty_gateway.redemptions import RedeemResult
from loyalty_gateway.redemptions import told as redemption_of
from loyalty_gateway.scalars import Points


async def quoted(
    context: GatewayContext, cart: CartInput, member_id: str | None
) -> Quote | MemberNotFound | FactRejected:
    """What the cart would earn and what points could buy on it, for the member or a stranger."""
    try:
        quote = await context.in_thread(context.loyalty.quote, document_of(cart), member_id)
    except LoyaltyError as error:
        failure = failure_of(error, context, MemberNotFound, FactRejected)
        return cast(MemberNotFound | FactRejected, failure)
    return Quote.of(quote, cart.currency, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be spent on what; ``minutes`` says that it is only held, for so long."""

    points: Points | None
    reward: str | None
    cart: CartInput | None
    key: str
    source: str = ""
    order_id: str | None = None
    household_id: str | None = None
    minutes: int | None = None


async def redeemed(context: GatewayContext, member_id: str, wish: Wish) -> RedeemResult:
    """The redemption that was booked or holds points now, or why there is none."""
    wallet = ""
    try:
        wallet = await _wallet_of(context, member_id, wish.reward)
        points = None if wish.points is None else context.smallest_units(wallet, wish.points)
    except LoyaltyError as error:
        return cast(RedeemResult, failure_of(error, context, *failures_in(RedeemResult)))
    command = context.loyalty.redeem if wish.minutes is None else context.loyalty.hold
    made = await attempted(
        context,
        RedeemResult,
        command,
        wish.household_id or member_id,
        points=points,
        reward=wish.reward,
        cart=None if wish.cart is None else document_of(wish.cart),
        source=wish.source,
        order_id=wish.order_id,
        spender=member_id if wish.household_id else None,
        key=wish.key,
        wallet=wallet,
        **({} if wish.minutes is None else {"minutes": wish.minutes}),
    )
    return cast(RedeemResult, redemption_of(made, context))


async def _wallet_of(context: GatewayContext, member_id: str, reward: str | None) -> str:
    """The wallet that the reward is paid from; raises ``RewardUnknown`` unless it is clear."""
    rewards = await context.in_thread(context.loyalty.rewards, member_id)
    named = [item for item in rewards if reward is None or item.id == reward]
    if len(named) == 1:
        return named[0].wallet
    if (
        reward is not None and reward in context.loyalty.config.rewards
    ):  # not shown to the member; the SDK says why not
        return context.loyalty.config.rewards[reward].wallet
    known = ", ".join(item.id for item in rewards) or "none"
    message = (
        "the reward must be named" if reward is None else f"there is no reward {reward[:60]!r}"
    )
    raise RewardUnknown(f"{message}; the program has: {known}", where="reward")
