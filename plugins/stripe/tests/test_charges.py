"""Charges of the older API, which no PaymentIntent has made: payments by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from loyalty_core import Loyalty, Money, Repayment
from loyalty_core.testing import FrozenClock, books_of
from loyalty_stripe.config import Account
from loyalty_stripe.connector import StripeConnector
from plugins.stripe.tests.build import CONNECTOR, START, opened, points, sent
from plugins.stripe.tests.double import Stripe
from plugins.stripe.tests.papers import OLD, Doc, event, invoice, invoiced, thin

ADA = {"receipt_email": "ada@example.org"}
LONG_AGO = int(datetime(2018, 5, 1, tzinfo=UTC).timestamp())


def body(loyalty: Loyalty, id: str) -> Doc:
    document = books_of(loyalty)["facts"]["main", "order", id][2][0]
    lines = [(one.id, one.amount) for one in document.body.lines]
    return {"lines": lines, "status": document.body.status, "refunds": len(document.refunds)}


@pytest.mark.parametrize("shape", ["old", "thin"])
def test_a_charge_by_itself_earns(loyalty: Loyalty, double: Stripe, shape: str) -> None:
    made = double.till.charged(6000, **ADA)
    told = event("charge.succeeded", made, START, version=OLD)
    sent(loyalty, double, thin("charge.succeeded", made, START) if shape == "thin" else told)
    assert points(loyalty) == 60
    assert body(loyalty, made["id"])["lines"] == [("payment", 6000)]


def test_what_goes_back_of_it_is_taken_back(loyalty: Loyalty, double: Stripe) -> None:
    made = double.till.charged(6000, **ADA)
    back = double.till.give_back(made["id"], 1000)
    lost = double.till.doubt(made["id"], 2000)
    sent(loyalty, double)
    assert points(loyalty) == 30
    double.till.decide(lost, "won")
    double.till.take_back(back)
    sent(loyalty, double)
    assert (points(loyalty), loyalty.report().orders) == (60, 1)


@pytest.mark.parametrize("topic", ["refund.created", "charge.refunded", "charge.dispute.created"])
def test_each_event_is_enough(loyalty: Loyalty, double: Stripe, topic: str) -> None:
    made = double.till.charged(6000, **ADA)
    back = double.till.give_back(made["id"], 1000)
    lost = double.till.doubt(made["id"], 2000)
    about = {"refund.created": back, "charge.refunded": made}.get(topic, lost)
    sent(loyalty, double, thin(topic, about, START))
    assert points(loyalty) == 30


def test_what_was_reserved_earns_when_it_is_taken(loyalty: Loyalty, double: Stripe) -> None:
    made = double.till.charged(6000, captured=False, amount_captured=0, **ADA)
    other = double.till.charged(9000, captured=False, amount_captured=0, **ADA)
    double.till.charged(500, status="failed", captured=False, amount_captured=0, **ADA)
    double.till.charged(700, status="pending", captured=False, amount_captured=0, **ADA)
    sent(loyalty, double)
    assert (points(loyalty), loyalty.report().orders) == (0, 2)
    made.update(captured=True, amount_captured=4500)
    double.till.tell("charge.captured", made)
    other["refunded"] = True
    double.till.tell("charge.expired", other)
    sent(loyalty, double)
    assert points(loyalty) == 45
    assert body(loyalty, other["id"])["status"] == "cancelled"


def test_a_charge_of_a_payment_intent_is_told_by_that(loyalty: Loyalty, double: Stripe) -> None:
    made = double.till.paid(6000, **ADA)
    charge = double.till.things[made["latest_charge"]]
    sent(loyalty, double, event("charge.succeeded", charge, START))
    assert double.asked == []  # nothing is asked for twice
    sent(loyalty, double, thin("charge.succeeded", charge, START), *double.till.told())
    assert (points(loyalty), loyalty.report().orders) == (60, 1)


def test_a_walk_finds_them_once(loyalty: Loyalty, double: Stripe, clock: FrozenClock) -> None:
    for number in range(5):
        clock.advance(hours=1)
        made = double.till.charged(1000, **ADA)
        double.till.paid(100, **ADA)
        if number % 2 == 0:
            double.till.give_back(made["id"], 400)
    loyalty.backfill(CONNECTOR)
    assert (points(loyalty), loyalty.report().orders) == (5 * 10 + 5 - 3 * 4, 10)
    clock.advance(hours=1)
    sent(loyalty, double)
    assert loyalty.reconcile(CONNECTOR).drift == ()
    assert (points(loyalty), loyalty.report().orders) == (5 * 10 + 5 - 3 * 4, 10)


@pytest.mark.parametrize("by", ["walk", "events"])
def test_an_old_invoice_that_a_charge_paid_counts_once(
    loyalty: Loyalty, double: Stripe, by: str
) -> None:
    made = double.till.charged(800, customer="cus_1", created=LONG_AGO)
    plain = double.till.charged(300, customer="cus_1", created=LONG_AGO, **ADA)
    for number in range(4):  # among others of the customer, page by page
        double.till.put(invoice(f"in_{number}", START, invoiced(f"il_{number}", 0)))
    double.till.put(paid := invoice("in_old", START, invoiced("il_old", 800, "price_tea")))
    payment = {"type": "charge", "charge": made["id"], "payment_intent": None}
    paid["payments"]["data"] = [{"id": "inpay_1", "payment": payment, "status": "paid"}]
    double.till.give_back(made["id"], 200)
    if by == "walk":
        loyalty.backfill(CONNECTOR)
    sent(loyalty, double)
    assert (points(loyalty), loyalty.report().orders) == (8 - 2 + 3, 2)
    assert body(loyalty, "in_old")["refunds"] == 1
    assert body(loyalty, plain["id"])["lines"] == [("payment", 300)]


def test_a_fee_that_an_old_charge_paid_is_given_back_by_it(
    double: Stripe, clock: FrozenClock
) -> None:
    double.clock = clock
    made = double.till.charged(800, customer="cus_1")
    double.till.put(paid := invoice("in_old", START, invoiced("il_old", 800)))
    elsewhere = {"type": "payment_record", "payment_record": "prec_1", "payment_intent": None}
    payment = {"type": "charge", "charge": made["id"], "payment_intent": None}
    paid["payments"]["data"] = [
        {"id": "inpay_0", "payment": elsewhere, "status": "paid"},
        {"id": "inpay_1", "payment": payment, "status": "paid"},
    ]
    account = Account(
        account="main", api_key="env:STRIPE_KEY", secrets=(), api_url=double.url, timeout_seconds=1
    )
    back = Repayment(key="r", source="main", reference="in_old", amount=Money(800, "USD"), at=START)
    provider = StripeConnector(account, "shop").payments
    assert provider.refund(back) == provider.refund(back) == START
    (refund,) = double.till.held("refund")
    assert (refund["charge"], refund["amount"]) == (made["id"], 800)


def test_any_order_of_events_leaves_the_same(double: Stripe, clock: FrozenClock) -> None:
    random, double.clock = Random(11), clock
    made = double.till.charged(6000, **ADA)
    clock.advance(days=1)
    back = double.till.give_back(made["id"], 1000)
    double.till.give_back(made["id"], 500)
    clock.advance(days=1)
    double.till.take_back(back)
    events, found = double.till.told(), []
    for _ in range(3):
        with opened(double, clock=clock) as loyalty:
            sent(loyalty, double, *events)
            found.append(books_of(loyalty)["wallets"])
        random.shuffle(events)
        events += events[:2]
    assert found == [found[0]] * 3
    assert next(iter(found[0].values()))[0] == 55
