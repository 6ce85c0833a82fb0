"""The connector in front of its double: what the rules about connectors play with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from loyalty_core.testing import (
    ConnectorStand,
    Opening,
    SentWebhook,
    ShopOrder,
    changes_of,
    orders_at,
)
from loyalty_stripe.connector import StripeConnector
from plugins.stripe.tests.build import CONNECTOR, NOW, START, opened
from plugins.stripe.tests.double import KEY, Stripe
from plugins.stripe.tests.papers import (
    OLD_SECRET,
    SECRET,
    SIGNATURE,
    event_of,
    webhook,
    written,
)


class StripeUnderTest:
    """The account as it is at a moment, and the events that led there."""

    connector = CONNECTOR

    def __init__(self, double: Stripe) -> None:
        self.double = double

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        return [webhook(event_of(one, at), NOW) for at, one in changes_of(history)]

    def about(self, one: ShopOrder, at: datetime) -> Sequence[SentWebhook]:
        return [webhook(self.double.till.put(event_of(one, at)), NOW)]

    def hold(self, history: Sequence[ShopOrder], at: datetime | None = None) -> None:
        for moment, one in orders_at(history, at):
            for document in written(one, moment):
                self.double.till.put(document)


@contextmanager
def delivering() -> Iterator[tuple[Opening, StripeUnderTest]]:
    """An account that writes histories."""
    with Stripe() as double:
        yield lambda: opened(double), StripeUnderTest(double)


STAND = ConnectorStand(
    kind=StripeConnector,
    environment={"STRIPE_KEY": KEY, "STRIPE_SECRET": SECRET, "STRIPE_OLD": OLD_SECRET},
    platform=delivering,
    starts=START,
    signature=SIGNATURE,
)
