"""What a cart would cost, earn and get, as clients see it."""

from __future__ import annotations

import strawberry

import loyalty_core as core
from loyalty_gateway.benefits import Pricing
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.enums import LineKind
from loyalty_gateway.fields import ADMIN
from loyalty_gateway.values import Earning, Money, Offer, line_discounts, line_points


@strawberry.type(description="A line that may be added to a cart, such as a donation.")
class SuggestedLine:
    """Whether it is added is for the customer to say."""

    id: str = strawberry.field(description="An id that no line of the cart has.")
    sku: str = strawberry.field(description="The article.")
    kind: LineKind = strawberry.field(description="What it sells.")
    amount: Money = strawberry.field(description="What it costs.")


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
    suggested: list[SuggestedLine] = strawberry.field(
        description="Lines that could be added, such as a donation that rounds the cart up."
    )
    failed: list[str] = strawberry.field(
        description="The plugins that could not answer.", metadata=ADMIN
    )

    @classmethod
    def of(cls, quote: core.Quote, currency: str, context: GatewayContext) -> Quote:
        """The quote as clients see it."""
        return cls(
            earnings=[_earning(earning, context) for earning in quote.earnings],
            offers=[_offer(reward, offer, context) for reward, offer in quote.offers.items()],
            pricing=Pricing.of(quote.pricing),
            suggested=[_line(line, currency) for line in quote.suggested],
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


def _line(line: core.Line, currency: str) -> SuggestedLine:
    return SuggestedLine(
        id=line.id,
        sku=line.sku,
        kind=LineKind[line.kind.name],
        amount=Money.of(core.Money(line.net, currency)),
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
