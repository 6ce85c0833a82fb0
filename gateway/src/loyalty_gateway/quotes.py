"""What a cart would cost, earn and get, as clients see it."""

from __future__ import annotations

import strawberry

import loyalty_core as core
from loyalty_gateway.benefits import Pricing
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.fields import ADMIN
from loyalty_gateway.values import Earning, Money, Offer, line_discounts, line_points


@strawberry.type(
    description="What a cart would cost and earn, and what points could buy; nothing is booked."
)
class Quote:
    """The answer to a cart."""

    earnings: list[Earning] = strawberry.field(description="What each rule would give.")
    offers: list[Offer] = strawberry.field(description="What each reward could give on it now.")
    pricing: Pricing | None = strawberry.field(
        description="What it costs the member; null in a program without benefits."
    )
    failed: list[str] = strawberry.field(
        description="The plugins that could not answer.", metadata=ADMIN
    )

    @classmethod
    def of(cls, quote: core.Quote, context: GatewayContext) -> Quote:
        """The quote as clients see it."""
        return cls(
            earnings=[_earning(earning, context) for earning in quote.earnings],
            offers=[_offer(reward, offer, context) for reward, offer in quote.offers.items()],
            pricing=Pricing.of(quote.pricing),
            failed=list(quote.failed),
        )


def _earning(earning: core.Earning, context: GatewayContext) -> Earning:
    return Earning(
        rule=earning.rule,
        wallet=earning.wallet,
        points=context.points(earning.wallet, earning.amount),
        lines=line_points(earning.lines, earning.wallet, context),
        activates_at=earning.activates_at,
        expires_at=earning.expires_at,
        plugin=earning.plugin,
    )


def _offer(reward: str, offer: core.SpendOffer, context: GatewayContext) -> Offer:
    return Offer(
        reward=reward,
        wallet=offer.wallet,
        points=context.points(offer.wallet, offer.points),
        worth=Money.of(offer.worth),
        lines=line_discounts(offer.lines, offer.worth.currency),
        minimum=context.points(offer.wallet, offer.minimum),
        step=context.points(offer.wallet, offer.step),
        refusal=offer.refusal or None,
    )
