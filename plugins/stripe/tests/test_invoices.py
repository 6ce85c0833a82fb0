"""Invoices and subscriptions that Stripe renews by itself."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock, books_of
from loyalty_paid import Memberships
from plugins.stripe.tests.build import CONNECTOR, START, points, sent
from plugins.stripe.tests.double import Stripe
from plugins.stripe.tests.papers import (
    BASIL,
    OLD,
    Doc,
    event,
    invoice,
    invoiced,
    subscription,
    thin,
)


def body(loyalty: Loyalty, id: str) -> Any:
    return books_of(loyalty)["facts"]["main", "order", id][2][0].body


def billed(double: Stripe, id: str, *lines: Doc, intent: Doc | None = None, **more: Any) -> Doc:
    """A paid invoice in the account, paid by a payment if one is given."""
    made = double.till.put(invoice(id, double.clock(), *lines, **more))
    if intent is not None:
        payment = {"type": "payment_intent", "payment_intent": intent["id"]}
        listed = {"id": f"inpay_{id}", "object": "invoice_payment", "created": made["created"]}
        made["payments"]["data"] = [{**listed, "payment": payment, "status": "paid"}]
    return made


def membership(loyalty: Loyalty) -> Any:
    found = loyalty.find({"customer_id": "cus_1"}, source="main")
    return Memberships(loyalty).of(found.id) if found else None


@pytest.mark.parametrize("shape", [OLD, BASIL, "thin"])
def test_an_invoice_of_a_membership_is_its_fee(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock, shape: str
) -> None:
    paid = double.till.paid(800, customer="cus_1")
    made = billed(double, "in_1", invoiced("il_1", 800), intent=paid)
    told = (
        thin("invoice.paid", made, START)
        if shape == "thin"
        else event("invoice.paid", made, START, version=shape)
    )
    sent(loyalty, double, told, *double.till.told())  # its payment is told of, too
    shown = membership(loyalty)
    assert (shown["status"], shown["plan"], shown["fees"]) == ("active", "billed", 800)
    assert shown["paid_until"] == "2026-04-01T00:00:00+00:00"
    assert (loyalty.report().orders, points(loyalty)) == (1, 0)
    clock.advance(days=31)
    billed(double, "in_2", invoiced("il_2", 800), intent=double.till.paid(800))
    sent(loyalty, double)
    assert membership(loyalty)["paid_until"] == "2026-05-01T00:00:00+00:00"


def test_what_went_back_of_its_payment_went_back_of_the_invoice(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock
) -> None:
    paid = double.till.paid(800, customer="cus_1")
    billed(double, "in_1", invoiced("il_1", 800), intent=paid)
    sent(loyalty, double)
    clock.advance(days=1)
    double.till.give_back(paid["id"], 800)
    sent(loyalty, double)
    assert membership(loyalty)["status"] == "ended"
    assert loyalty.report().orders == 1


def test_a_trial_is_no_fee_and_proration_is_no_period(loyalty: Loyalty, double: Stripe) -> None:
    billed(double, "in_1", invoiced("il_1", 0))
    sent(loyalty, double, event("invoice.paid", double.till.things["in_1"], START))
    assert loyalty.report().orders == 0
    lines = [invoiced("il_2", -300, prorated=True), invoiced("il_3", 800, prorated=True)]
    made = billed(double, "in_2", *lines, invoiced("il_4", 1000, "price_tea"))
    sent(loyalty, double, event("invoice.paid", made, START, number="2"))
    found = body(loyalty, "in_2").lines
    assert [(one.id, one.sku, one.amount, one.discount) for one in found] == [
        ("il_3", "", 800, 300),
        ("il_4", "price_tea", 1000, 0),
    ]
    assert (membership(loyalty)["status"], points(loyalty)) == ("none", 10)


def test_discounts_and_taxes_are_those_of_each_line(loyalty: Loyalty, double: Stripe) -> None:
    taxes = [
        {"amount": 90, "tax_behavior": "exclusive"},
        {"amount": 10, "tax_behavior": "inclusive"},
    ]
    line = invoiced("il_1", 1000, "price_tea", taxes=taxes, discount_amounts=[{"amount": 200}])
    made = billed(double, "in_1", line, pre_payment_credit_notes_amount=100)
    sent(loyalty, double, event("invoice.paid", made, START))
    (found,) = body(loyalty, "in_1").lines
    assert (found.amount, found.discount, found.tax) == (1090, 300, 100)


def test_credit_notes_take_back_what_refunds_do_not(loyalty: Loyalty, double: Stripe) -> None:
    made = billed(double, "in_1", invoiced("il_1", 1000, "price_tea"))
    note = {
        "id": "cn_1",
        "object": "credit_note",
        "created": made["created"],
        "invoice": "in_1",
        "post_payment_amount": 600,
        "refunds": [
            {"refund": "re_1", "amount_refunded": 200},
            {"refund": None, "payment_record_refund": {"id": "r"}, "amount_refunded": 100},
        ],
        "status": "issued",
    }
    double.till.put(note)
    sent(loyalty, double, event("credit_note.created", note, START))
    assert points(loyalty) == 6
    note["status"] = "void"
    sent(loyalty, double, event("credit_note.voided", note, START, number="2"))
    assert points(loyalty) == 10


@pytest.mark.parametrize("shape", [OLD, BASIL, "thin"])
def test_a_fee_that_stripe_could_not_have_is_told(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock, shape: str
) -> None:
    billed(double, "in_1", invoiced("il_1", 800))
    sent(loyalty, double, event("invoice.paid", double.till.things["in_1"], START))
    clock.advance(days=31)
    failed = billed(double, "in_2", invoiced("il_2", 800), status="open")
    told = (
        thin("invoice.payment_failed", failed, clock(), number="2")
        if shape == "thin"
        else event("invoice.payment_failed", failed, clock(), number="2", version=shape)
    )
    sent(loyalty, double, told)
    key = ("main", "activity", told["id"])
    assert books_of(loyalty)["facts"][key][2].kind == "paid.payment_failed"
    assert (membership(loyalty)["status"], loyalty.report().orders) == ("grace", 1)
    assert loyalty.connector_status(CONNECTOR).dead == 0


def test_a_thin_event_of_no_moment_is_dead_and_seen(loyalty: Loyalty, double: Stripe) -> None:
    failed = billed(double, "in_1", invoiced("il_1", 800), status="open")
    told = thin("invoice.payment_failed", failed, START, created="soon")
    sent(loyalty, double, told)
    assert loyalty.connector_status(CONNECTOR).dead == 1


def test_a_contract_that_ends_at_stripe_is_not_renewed(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock
) -> None:
    billed(double, "in_1", invoiced("il_1", 800))
    made = double.till.put(subscription("sub_1", START))
    sent(loyalty, double, event("invoice.paid", double.till.things["in_1"], START))
    clock.advance(days=3)
    double.till.end("sub_1")
    sent(loyalty, double)
    shown = membership(loyalty)
    assert (shown["status"], shown["renews_at"]) == ("active", None)
    clock.advance(days=40)
    assert membership(loyalty)["status"] == "ended"
    loyalty.tick()  # what was cancelled there is told here, and not passed on again
    assert made["status"] == "canceled"


def test_other_contracts_are_no_memberships(loyalty: Loyalty, double: Stripe) -> None:
    double.till.put(subscription("sub_1", START, price="price_coffee"))
    double.till.end("sub_1")
    sent(loyalty, double)
    assert loyalty.report().members == 0


@pytest.mark.parametrize("when", ["period_end", "now"])
def test_who_cancels_here_cancels_there(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock, when: str
) -> None:
    billed(double, "in_1", invoiced("il_1", 800), intent=double.till.paid(800))
    made = double.till.put(subscription("sub_1", START))
    other = double.till.put(subscription("sub_2", START, price="price_coffee"))
    sent(loyalty, double)
    clock.advance(days=1)
    ada = loyalty.find({"customer_id": "cus_1"}, source="main")
    assert ada is not None
    Memberships(loyalty).cancel(ada.id, key="1", when=when)  # type: ignore[arg-type]
    loyalty.tick()
    assert (made["cancel_at_period_end"], made["status"]) == (
        (True, "active") if when == "period_end" else (False, "canceled")
    )
    assert (other["cancel_at_period_end"], other["status"]) == (False, "active")
    writes = [one for one in double.asked if one.method != "GET"]
    sent(loyalty, double)  # what it comes to is told of by Stripe, and ends there
    loyalty.tick()
    assert [one for one in double.asked if one.method != "GET"] == writes
    assert double.till.taken == ([800] if when == "period_end" else [800, -800])
