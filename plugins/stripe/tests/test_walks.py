"""Walks: all there is, then what happened since, and whatever breaks meanwhile."""

from __future__ import annotations

import pytest

from loyalty_core import Loyalty, PlatformUnavailable
from loyalty_core.testing import Fault, FrozenClock, books_of
from plugins.stripe.tests.build import CONNECTOR, opened, points, sent
from plugins.stripe.tests.double import Stripe
from plugins.stripe.tests.papers import customer, invoiced
from plugins.stripe.tests.test_invoices import billed


def fill(double: Stripe, clock: FrozenClock, *, until: int = 8) -> None:
    """Payments, some with refunds, one of an invoice, and a customer."""
    for number in range(until):
        clock.advance(hours=1)
        made = double.till.paid(1000, receipt_email="ada@example.org")
        if number % 3 == 0:
            double.till.give_back(made["id"], 400)
    clock.advance(hours=1)
    paid = double.till.paid(800, customer="cus_1")
    billed(double, "in_1", invoiced("il_1", 800), intent=paid)
    double.till.put(customer("cus_7", email="bob@example.org"))


def test_a_backfill_books_what_there_is_page_by_page(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock
) -> None:
    fill(double, clock)
    loyalty.backfill(CONNECTOR)
    assert points(loyalty) == 8 * 10 - 3 * 4
    assert loyalty.find({"customer_id": "cus_7"}, source="main") is not None
    assert loyalty.report().orders == 9
    found = loyalty.reconcile(CONNECTOR)
    assert (found.missing, found.different, found.refused) == (0, 0, 0), found.drift


def test_refunds_of_old_payments_are_found_by_events(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock
) -> None:
    made = double.till.paid(1000, receipt_email="ada@example.org")
    loyalty.backfill(CONNECTOR)
    clock.advance(days=20)
    double.till.give_back(made["id"], 400)
    clock.advance(hours=1)
    fill(double, clock)
    found = loyalty.reconcile(CONNECTOR)
    assert points(loyalty) == 6 + 8 * 10 - 3 * 4
    assert found.missing + found.different > 0
    assert loyalty.reconcile(CONNECTOR).drift == ()


def test_who_comes_after_the_events_are_gone_goes_through_everything(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock
) -> None:
    made = double.till.paid(1000, receipt_email="ada@example.org")
    loyalty.backfill(CONNECTOR)
    clock.advance(days=1)
    double.till.give_back(made["id"], 400)
    for one in double.till.told():
        del double.till.things[one["id"]]
    clock.advance(days=30)
    loyalty.reconcile(CONNECTOR)
    assert points(loyalty) == 6
    double.asked.clear()
    loyalty.reconcile(CONNECTOR)
    assert [one.path for one in double.asked] == ["/v1/events"]


@pytest.mark.parametrize("place", [0, 3, 9])
def test_a_walk_that_breaks_goes_on_where_it_was(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock, place: int
) -> None:
    fill(double, clock)
    double.asked.clear()

    def breaking(asked: object) -> None:
        if len(double.asked) == place + 1:
            double.faults.append(Fault(kind="truncate"))

    double.during = breaking
    with pytest.raises(PlatformUnavailable):
        loyalty.backfill(CONNECTOR)
    double.during = None
    double.faults.clear()
    loyalty.backfill(CONNECTOR)
    assert points(loyalty) == 8 * 10 - 3 * 4


def test_what_cannot_be_read_is_kept_aside(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock
) -> None:
    fill(double, clock, until=2)
    (bad, *_) = double.till.held("payment_intent")[1:]
    bad["currency"] = "xyz"
    loyalty.backfill(CONNECTOR)
    assert loyalty.connector_status(CONNECTOR).dead == 1
    assert points(loyalty) == 6


def test_it_is_polled(double: Stripe, clock: FrozenClock) -> None:
    with opened(double, clock=clock, poll_minutes=60) as loyalty:
        loyalty.tick()
        clock.advance(minutes=90)
        double.till.paid(1000, receipt_email="ada@example.org")
        clock.advance(minutes=90)
        loyalty.tick()
        assert points(loyalty) == 10


def test_webhooks_after_a_walk_change_nothing(
    loyalty: Loyalty, double: Stripe, clock: FrozenClock
) -> None:
    fill(double, clock)
    loyalty.backfill(CONNECTOR)
    before = books_of(loyalty)
    sent(loyalty, double)
    assert books_of(loyalty) == before
