"""Redeeming and quoting, as both schemas do it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from loyalty_core import Json, LoyaltyError, RewardUnknown
from loyalty_gateway.commands import Redemption
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.failures import FactRejected, MemberNotFound, UserError, failure_of
from loyalty_gateway.inputs import CartInput, document_of
from loyalty_gateway.quotes import Quote
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


async def redeemed(
    context: GatewayContext,
    member_id: str,
    *,
    points: Points | None,
    reward: str | None,
    cart: CartInput | None,
    key: str,
    failures: tuple[type[UserError], ...],
) -> Redemption | UserError:
    """The redemption that was booked, or that one of ``failures`` which stopped it."""
    wallet = ""
    try:
        wallet = await _wallet_of(context, member_id, reward)
        receipt = await context.in_thread(
            context.loyalty.redeem,
            member_id,
            points=None if points is None else context.smallest_units(wallet, points),
            reward=reward,
            cart=_cart(cart),
            key=key,
        )
    except LoyaltyError as error:
        return failure_of(error, context, *failures, wallet=wallet)
    context.forget(member_id)
    return Redemption.of(receipt, context)


def _cart(cart: CartInput | None) -> Mapping[str, Json] | None:
    return None if cart is None else document_of(cart)


async def _wallet_of(context: GatewayContext, member_id: str, reward: str | None) -> str:
    """The wallet that the reward is paid from; raises ``RewardUnknown`` unless it is clear."""
    rewards = await context.in_thread(context.loyalty.rewards, member_id)
    named = [item for item in rewards if reward is None or item.id == reward]
    if len(named) == 1:
        return named[0].wallet
    known = ", ".join(item.id for item in rewards) or "none"
    message = (
        "the reward must be named" if reward is None else f"there is no reward {reward[:60]!r}"
    )
    raise RewardUnknown(f"{message}; the program has: {known}", where="reward")
