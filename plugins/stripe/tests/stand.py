"""The connector in front of its double: what the rules about connectors play with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from loyalty_core.testing import ConnectorStand, Opening, SentWebhook, ShopOrder, changes_of
from loyalty_stripe.connector import StripeConnector
from plugins.stripe.tests.build import CONNECTOR, NOW, START, opened
from plugins.stripe.tests.double import KEY, Stripe
from plugins.stripe.tests.papers import (
    OLD_SECRET,
    SECRET,
    SIGNATURE,
    Doc,
    charge,
    customer,
    event,
    intent,
    refund,
    webhook,
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
        for one in history:
            if at is None or one.placed_at <= at:
                for document in written(one, at or one.moments[-1]):
                    self.double.till.put(document)


def written(one: ShopOrder, at: datetime) -> list[Doc]:
    """A payment of a history with all that belongs to it, as Stripe has it at a moment."""
    now = one.as_of(at)
    made = intent(f"pi_{one.id}", one.placed_at, one.total_minor)
    tax = sum(line.tax_minor for line in one.lines)
    made["amount_details"] = {"tip": {"amount": one.tip_minor}, "tax": {"total_tax_amount": tax}}
    made["receipt_email"], found = one.email, [made]
    if one.customer_id:
        made["customer"] = f"cus_{one.customer_id}"
        found.append(customer(made["customer"], email=one.email))
    if now.paid_at is None:
        made["status"] = "canceled" if now.cancelled_at else "requires_payment_method"
        return found
    paid = charge(f"ch_{one.id}", now.paid_at, made)
    made |= {"status": "succeeded", "amount_received": one.total_minor, "latest_charge": paid["id"]}
    back = [
        refund(f"re_{each.id}", each.at, made, each.amount_minor)
        for each in now.refunds
        if each.amount_minor
    ]
    left = one.total_minor - sum(each["amount"] for each in back)
    if now.cancelled_at and left:
        back.append(refund(f"re_rest{one.id}", now.cancelled_at, made, left))
    paid["amount_refunded"] = sum(each["amount"] for each in back)
    return [*found, paid, *back]


def event_of(one: ShopOrder, at: datetime) -> Doc:
    """What is told of a change, and listed from then on."""
    documents, number = written(one, at), f"{one.id}_{at:%d%H%M}"
    known = {document["object"]: document for document in documents}
    if "refund" in known:
        return event("refund.created", known["refund"], at, number=number)
    if "charge" in known:
        return event("payment_intent.succeeded", documents[0], at, number=number)
    if "customer" in known:
        return event("customer.updated", known["customer"], at, number=number)
    return event("payment_intent.created", documents[0], at, number=number)


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
