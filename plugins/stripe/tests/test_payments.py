"""Plain payments: each is an order, whatever tells of it, and in whatever shape."""

from __future__ import annotations

from random import Random

import pytest

from loyalty_core import Loyalty
from loyalty_core.testing import Answer, Asked, Fault, FrozenClock, books_of
from plugins.stripe.tests.build import CONNECTOR, START, opened, points, sent
from plugins.stripe.tests.double import KEY, Stripe
from plugins.stripe.tests.papers import BASIL, OLD, customer, event, item, page, thin
from plugins.stripe.tests.till import error

ADA = {"receipt_email": "ada@example.org"}


def test_a_payment_earns_by_what_was_received(loyalty: Loyalty, double: Stripe) -> None:
    made = double.till.paid(6000, **ADA)
    made["amount_received"] = 4500  # the rest was not captured
    sent(loyalty, double)
    assert points(loyalty) == 45


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [
        ("usd", 6000, 6000),
        ("jpy", 6000, 6000),
        ("kwd", 6120, 6120),
        ("isk", 600_000, 6000),
        ("ugx", 600_050, 6000),
        ("mga", 60, 6000),
    ],
)
def test_amounts_are_in_the_digits_that_stripe_has(
    loyalty: Loyalty, double: Stripe, currency: str, amount: int, expected: int
) -> None:
    made = double.till.paid(amount, currency=currency, **ADA)
    sent(loyalty, double)
    document = books_of(loyalty)["facts"]["main", "order", made["id"]][2][0]
    assert (document.currency, document.body.lines[0].amount) == (currency.upper(), expected)


def test_a_tip_is_no_purchase_and_tax_is_known(loyalty: Loyalty, double: Stripe) -> None:
    details = {"tip": {"amount": 500}, "tax": {"total_tax_amount": 900}}
    made = double.till.paid(6000, amount_details=details, **ADA)
    sent(loyalty, double)
    body = books_of(loyalty)["facts"]["main", "order", made["id"]][2][0].body
    assert [(one.id, one.amount, one.tax) for one in body.lines] == [
        ("payment", 5500, 900),
        ("tip", 500, 0),
    ]
    assert points(loyalty) == 55


@pytest.mark.parametrize(
    "topic",
    ["payment_intent.succeeded", "charge.refunded", "refund.created", "charge.dispute.created"],
)
@pytest.mark.parametrize("shape", ["old", "basil", "thin", "bare"])
def test_old_and_new_shapes_and_thin_events_come_to_the_same(
    loyalty: Loyalty, double: Stripe, topic: str, shape: str
) -> None:
    made = double.till.paid(6000, **ADA)
    back = double.till.give_back(made["id"], 1000)
    lost = double.till.doubt(made["id"], 2000)
    charge = double.till.things[made["latest_charge"]]
    about = {"payment_intent": made, "charge": charge, "refund": back}.get(
        topic.split(".")[0], lost
    )
    about = lost if "dispute" in topic else about
    if shape == "thin":
        one = thin(topic, about, START)
    else:
        version = OLD if shape == "old" else BASIL
        one = event(topic, about, START, version=version)
        if shape == "bare":  # a dispute or refund of before there were PaymentIntents in them
            one["data"]["object"].pop("payment_intent", None)
    sent(loyalty, double, one)
    assert points(loyalty) == 30
    assert double.versions == {"2025-09-30.clover"}


def test_any_order_of_events_leaves_the_same(double: Stripe, clock: FrozenClock) -> None:
    random, double.clock = Random(7), clock
    made = double.till.paid(6000, **ADA)
    clock.advance(days=1)
    double.till.give_back(made["id"], 1000)
    lost = double.till.doubt(made["id"], 5000)
    clock.advance(days=1)
    double.till.decide(lost, "won")
    events = double.till.told()
    found = []
    for _ in range(3):
        with opened(double, clock=clock) as loyalty:
            sent(loyalty, double, *events)
            found.append(books_of(loyalty)["wallets"])
        random.shuffle(events)
        events += events[:2]
    assert found == [found[0]] * 3
    assert next(iter(found[0].values()))[0] == 50


def test_a_refund_that_fails_gives_the_points_back(loyalty: Loyalty, double: Stripe) -> None:
    made = double.till.paid(6000, **ADA)
    back = double.till.give_back(made["id"], 6000)
    sent(loyalty, double)
    assert points(loyalty) == 0
    double.till.take_back(back)
    sent(loyalty, double)
    assert points(loyalty) == 60


def test_a_dispute_in_another_currency_takes_all(loyalty: Loyalty, double: Stripe) -> None:
    made = double.till.paid(6000, **ADA)
    double.till.doubt(made["id"], 5500, currency="eur")
    sent(loyalty, double)
    assert points(loyalty) == 0


def test_money_may_be_goodwill(double: Stripe, clock: FrozenClock) -> None:
    with opened(double, clock=clock, money_refunds="goodwill") as loyalty:
        made = double.till.paid(6000, **ADA)
        double.till.give_back(made["id"], 1000)
        sent(loyalty, double)
        assert points(loyalty) == 60


@pytest.mark.parametrize(
    ("status", "expected"),
    [("requires_capture", 0), ("canceled", 0), ("processing", 0), ("succeeded", 60)],
)
def test_money_that_was_not_taken_earns_nothing(
    loyalty: Loyalty, double: Stripe, status: str, expected: int
) -> None:
    made = double.till.paid(6000, **ADA)
    made["status"] = status
    sent(loyalty, double, event("payment_intent.amount_capturable_updated", made, START))
    assert points(loyalty) == expected


def test_a_payment_that_never_came_to_anything_is_nobodys(loyalty: Loyalty, double: Stripe) -> None:
    made = double.till.paid(6000, **ADA)
    double.till.things[made["latest_charge"]]["status"] = "failed"
    made["status"] = "canceled"
    sent(loyalty, double, event("payment_intent.canceled", made, START))
    assert loyalty.report().members == 0
    assert loyalty.report().orders == 0


def test_what_was_authorized_and_then_captured_earns(loyalty: Loyalty, double: Stripe) -> None:
    made = double.till.paid(6000, **ADA)
    made.update(status="requires_capture", amount_received=0)
    sent(loyalty, double, event("payment_intent.amount_capturable_updated", made, START))
    late = event("payment_intent.amount_capturable_updated", made, START, number="2")
    made.update(status="succeeded", amount_received=6000)
    sent(loyalty, double, event("payment_intent.succeeded", made, START, number="3"), late)
    assert points(loyalty) == 60


def test_a_page_says_what_was_sold(double: Stripe, clock: FrozenClock) -> None:
    with opened(double, clock=clock, memberships=["prod_club"]) as loyalty:
        sold = double.till.put(page("cs_1", START, 9000, customer="cus_1"))
        sold["shipping_cost"] = {"amount_total": 500, "amount_tax": 80}
        sold["total_details"] = {"amount_shipping": 500}
        double.till.lines["cs_1"] = [
            item("tea", 5000, off=1000, tax=800, quantity=2),
            item("club", 3500),
        ]
        made = double.till.pay(sold, "pm_1", email="ada@example.org")
        sent(loyalty, double)
        body = books_of(loyalty)["facts"]["main", "order", made["id"]][2][0].body
        assert [(one.amount, one.discount, one.tax, one.quantity) for one in body.lines] == [
            (6000, 1000, 800, 2),
            (3500, 0, 0, 1),
        ]
        assert [(one.sku, one.kind) for one in body.lines] == [
            ("price_tea", "goods"),
            ("prod_club", "membership"),
        ]
        assert body.lines[0].tags == ("product:prod_tea",)
        assert (body.shipping, body.shipping_tax, body.tax_included) == (500, 80, True)
        assert points(loyalty) == 50
        assert loyalty.find({"customer_id": "cus_1"}, source="main") is not None


def test_who_paid_is_known_by_all_there_is(loyalty: Loyalty, double: Stripe) -> None:
    made = double.till.paid(6000, customer="cus_9")
    charge = double.till.things[made["latest_charge"]]
    charge["billing_details"] = {"email": "ada@example.org"}
    sent(loyalty, double)
    assert points(loyalty) == 60
    double.till.paid(1000, customer="cus_9")
    sent(loyalty, double)
    assert (points(loyalty), loyalty.report().members) == (70, 1)


def test_a_shop_may_name_the_member(loyalty: Loyalty, double: Stripe) -> None:
    ada = loyalty.enrol({"email": "ada@example.org"}).id
    double.till.paid(6000, metadata={"loyalty_member": ada}, receipt_email="eve@example.org")
    sent(loyalty, double)
    assert (points(loyalty), loyalty.report().members) == (60, 1)


def test_another_programs_fee_on_the_same_account_is_not_ours(
    loyalty: Loyalty, double: Stripe
) -> None:
    double.till.paid(6000, metadata={"loyalty_program": "other", "loyalty_key": "k"}, **ADA)
    sent(loyalty, double)
    assert loyalty.report().orders == 0


def test_a_payment_of_the_other_mode_is_a_test(loyalty: Loyalty, double: Stripe) -> None:
    double.till.paid(6000, livemode=False, **ADA)
    sent(loyalty, double)
    assert points(loyalty) == 0


def test_customers_are_known_and_those_made_for_fees_are_the_members(
    loyalty: Loyalty, double: Stripe
) -> None:
    known = double.till.put(customer("cus_1", email="ada@example.org", name="Ada Lovelace"))
    mute = double.till.put(customer("cus_2"))
    ours = double.till.put(
        customer("cus_3", email="x@example.org", metadata={"loyalty_member": "m"})
    )
    events = [
        event("customer.created", one, START, number=one["id"]) for one in (known, mute, ours)
    ]
    sent(loyalty, double, *events)
    assert loyalty.report().members == 1
    found = loyalty.find({"customer_id": "cus_1"}, source="main")
    assert found is not None
    assert found.profile.name == "Ada Lovelace"


PAGE = b"<html>a page of whatever stands in between"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="drop"),
        *(Fault(kind="answer", answer=Answer(status=one)) for one in (409, 424, 429, 500, 503)),
        *(Fault(kind="answer", answer=Answer(status=one, body=PAGE)) for one in (200, 302, 404)),
    ],
    ids=lambda fault: f"{fault.kind} {fault.answer.status}",
)
def test_while_stripe_is_away_events_wait(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock, fault: Fault
) -> None:
    double.till.paid(6000, **ADA)
    double.faults.append(fault)
    sent(loyalty, double)
    waits(loyalty, clock)


def test_while_the_key_is_not_taken_events_wait(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock
) -> None:
    double.till.paid(6000, **ADA)
    double.key = "another"
    sent(loyalty, double)
    double.key = KEY
    waits(loyalty, clock)


def test_a_payment_whose_charge_is_not_seen_yet_waits(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock
) -> None:
    made = double.till.paid(6000, **ADA)
    charge, made["latest_charge"] = made["latest_charge"], None
    sent(loyalty, double)
    made["latest_charge"] = charge
    waits(loyalty, clock)


def waits(loyalty: Loyalty, clock: FrozenClock) -> None:
    """Nothing is booked, nothing is lost, and it is booked later."""
    assert (points(loyalty), loyalty.connector_status(CONNECTOR).dead) == (0, 0)
    clock.advance(hours=1)
    loyalty.work_inbox()
    assert points(loyalty) == 60


def test_what_is_not_there_any_more_is_nothing(loyalty: Loyalty, double: Stripe) -> None:
    made = double.till.paid(6000, **ADA)
    (told, *_) = double.till.told()
    del double.till.things[made["id"]]
    sent(loyalty, double, told)
    status = loyalty.connector_status(CONNECTOR)
    assert (status.dead, status.pending, loyalty.report().orders) == (0, 0, 0)


def test_health_says_what_is_wrong(loyalty: Loyalty, double: Stripe) -> None:
    def health() -> tuple[bool, str]:
        found = loyalty.connector_health(CONNECTOR)
        return found.ok, found.detail

    where = "https://loyalty.example/webhooks/stripe/main"
    endpoint = {"id": "we_1", "object": "webhook_endpoint", "created": 1, "url": where}
    double.till.put({**endpoint, "status": "enabled", "enabled_events": ["*"]})
    assert health() == (True, "API 2025-09-30.clover, 1 endpoints are on")
    double.till.put({**endpoint, "status": "enabled", "enabled_events": ["charge.refunded"]})
    assert "payment_intent.succeeded" in health()[1]
    double.till.put({**endpoint, "status": "disabled", "enabled_events": ["*"]})
    assert health() == (False, "Stripe has switched off the endpoint")
    told = {"during": True}

    def refusing(asked: Asked) -> None:
        if asked.path == "/v1/events":  # the endpoints are asked for next
            status = 403 if told["during"] else 500
            denied = error(status, "invalid_request_error", "", "The key lacks the permission")
            double.faults.append(Fault(kind="answer", answer=denied))

    double.during = refusing
    assert health() == (True, "API 2025-09-30.clover; the key may not see the endpoints")
    told["during"] = False
    assert not health()[0]
    double.during = None
    double.allowed = False
    assert not health()[0]
