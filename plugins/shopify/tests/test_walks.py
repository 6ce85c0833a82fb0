"""Walks through the shop: by files, then by lists, within limits, and on bad days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import (
    bag,
    customer,
    line,
    many,
    order,
    paid_back,
    paid_with,
    refund,
    webhook,
)
from loyalty_core import ConnectorError, Loyalty, PlatformUnavailable
from loyalty_core.testing import Answer, Asked, Fault, FrozenClock
from loyalty_shopify import walking
from plugins.shopify.tests.build import CONNECTOR, opened, points, sent


def asked_for(double: Shopify, word: str) -> list[dict[str, Any]]:
    return [variables for query, variables in double.queries if word in query]


def test_a_backfill_reads_all_orders_of_a_file_and_then_customers(
    double: Shopify, loyalty: Loyalty
) -> None:
    double.orders = many(250, line_items=[line(1), line(2)])
    report = loyalty.backfill(CONNECTOR)
    assert (report.finished, report.missing, report.refused) == (True, 250, 0)
    assert points(loyalty) == 5000
    found = loyalty.find({"customer_id": "7000"}, source="tea")
    assert found is not None
    assert found.profile.name == "Ada Byron"
    assert len(double.bulks) == 2
    again = loyalty.reconcile(CONNECTOR)
    assert (again.missing, again.different) == (0, 0)


def test_refunds_cannot_be_in_the_file_and_are_asked_for(double: Shopify, loyalty: Loyalty) -> None:
    """A bulk query with a connection (lines of a refund) in a list (refunds) is refused."""
    sold = [line(number) for number in range(1, 46)]
    back = refund(5, pieces=dict.fromkeys(range(1, 41), 1))
    double.orders = [order(line_items=sold, refunds=[back, refund(6)])]
    loyalty.backfill(CONNECTOR)
    assert points(loyalty) == 50
    assert len(asked_for(double, "refund(id")) == 3  # 40 lines are two pages


def test_a_file_that_is_being_made_is_waited_for(double: Shopify, loyalty: Loyalty) -> None:
    double.orders, double.bulk_polls = many(3), 4
    waited: list[int] = []
    assert loyalty.backfill(CONNECTOR, wait=waited.append).finished
    assert waited[:4] == [walking.BULK_SECONDS] * 4
    assert points(loyalty) == 30


def test_who_does_not_wait_goes_on_later_with_the_same_file(
    double: Shopify, loyalty: Loyalty, clock: FrozenClock
) -> None:
    double.orders, double.bulk_polls = many(3), 2
    for _ in range(4):
        with pytest.raises(PlatformUnavailable, match="collecting"):
            loyalty.backfill(CONNECTOR)
    assert loyalty.backfill(CONNECTOR).finished
    assert (points(loyalty), len(double.bulks)) == (30, 2)


def test_the_file_is_read_on_where_it_was_cut(
    double: Shopify, loyalty: Loyalty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "A_FILE_PAGE", 7)
    double.orders = many(30, line_items=[line(1), line(2), line(3)])
    states = []

    def cutting(asked: Asked) -> None:
        if b"rootObjectCount" in asked.body:
            states.append(asked)
            if len(states) in (4, 5):  # the file is asked for next
                double.faults.append(Fault(kind="truncate"))

    double.during = cutting
    waited: list[int] = []
    assert loyalty.backfill(CONNECTOR, wait=waited.append).finished
    assert points(loyalty) == 900
    assert len(waited) == 2


def test_a_file_that_is_gone_is_made_again(double: Shopify, loyalty: Loyalty) -> None:
    double.orders, double.bulk_polls = many(3), 1
    with pytest.raises(PlatformUnavailable):
        loyalty.backfill(CONNECTOR)
    double.bulks["1"]["status"], double.bulk_polls = "EXPIRED", 0
    assert loyalty.backfill(CONNECTOR).finished
    assert (points(loyalty), len(double.bulks)) == (30, 3)


def test_a_file_that_could_not_be_made_is_made_again(double: Shopify, loyalty: Loyalty) -> None:
    """What fails of the moment is tried three times, and each part of a walk by itself."""
    double.orders = many(3)
    double.bulk_failures += ["INTERNAL_SERVER_ERROR", "TIMEOUT"]
    assert loyalty.backfill(CONNECTOR).finished
    assert (points(loyalty), len(double.bulks)) == (30, 4)
    double.bulk_failures += ["TIMEOUT", "TIMEOUT", "TIMEOUT"]
    for again in (True, False):  # it does not try for ever, however often it is asked
        with pytest.raises(ConnectorError, match="orders failed: TIMEOUT"):
            loyalty.backfill(CONNECTOR, again=again)
    assert len(double.bulks) == 7
    assert loyalty.backfill(CONNECTOR, again=True).finished


@pytest.mark.parametrize("why", ["ACCESS_DENIED", "CANCELED"])
def test_a_file_that_never_can_be_made_says_why(
    double: Shopify, loyalty: Loyalty, why: str
) -> None:
    double.orders = many(3)
    double.bulk_failures.append(why)
    with pytest.raises(ConnectorError, match=why) as refused:
        loyalty.backfill(CONNECTOR)
    assert refused.value.remedy.endswith("Run backfill --again.")
    assert ("scopes" in refused.value.remedy) == (why == "ACCESS_DENIED")
    assert len(double.bulks) == 1
    assert loyalty.backfill(CONNECTOR, again=True).finished


def test_files_that_the_app_has_made_already_are_waited_for(
    double: Shopify, loyalty: Loyalty
) -> None:
    """A shop makes five files at a time for an app; a sixth is refused, and not lost."""
    double.orders, double.bulks_elsewhere = many(3), 5
    with pytest.raises(PlatformUnavailable, match="in progress") as refused:
        loyalty.backfill(CONNECTOR)
    assert (refused.value.retry_after, len(double.bulks)) == (60, 0)
    double.bulks_elsewhere = 4
    assert loyalty.backfill(CONNECTOR).finished
    assert points(loyalty) == 30


def test_an_order_that_cannot_be_read_holds_up_no_other(double: Shopify, loyalty: Loyalty) -> None:
    double.orders = many(3)
    double.orders[1]["line_items"] = [line(price="1.005", price_set=bag("1.005"))]
    report = loyalty.backfill(CONNECTOR)
    assert (report.missing, report.refused, points(loyalty)) == (2, 1, 20)
    assert loyalty.connector_status(CONNECTOR).dead == 1


def test_a_file_that_is_not_in_order_is_refused(double: Shopify, loyalty: Loyalty) -> None:
    double.orders, double.bulk_polls = many(2), 1
    with pytest.raises(PlatformUnavailable):
        loyalty.backfill(CONNECTOR)
    rows = [json.loads(one) for one in double.bulks["1"]["file"].splitlines()]
    shuffled = sorted(rows, key=lambda one: "__parentId" in one)
    double.bulks["1"]["file"] = b"".join(json.dumps(one).encode() + b"\n" for one in shuffled)
    with pytest.raises(ConnectorError, match="no parent"):
        loyalty.backfill(CONNECTOR)


def test_an_empty_shop_has_no_file(double: Shopify, loyalty: Loyalty) -> None:
    double.customers = {}
    report = loyalty.backfill(CONNECTOR)
    assert (report.finished, report.inputs) == (True, 0)


# -- what changed ---------------------------------------------------------------------------------


@contextmanager
def backfilled(double: Shopify, **settings: Any) -> Iterator[Loyalty]:
    with opened(double, **settings) as loyalty:
        double.now = double.now.replace(month=5)
        loyalty.backfill(CONNECTOR)
        double.queries.clear()
        yield loyalty


def test_what_webhooks_missed_is_found_and_named(double: Shopify) -> None:
    with backfilled(double) as loyalty:
        double.orders = many(3)
        sent(loyalty, webhook(double.orders[0]))
        double.orders[0] |= {
            "updated_at": "2026-07-01T00:00:00Z",
            "refunds": [refund(pieces={466157049: 1})],
        }
        report = loyalty.reconcile(CONNECTOR)
        assert [(one.what, one.kind) for one in report.drift] == [
            ("order 1001 of tea", "missing"),
            ("order 1002 of tea", "missing"),
            ("order 1000 of tea", "different"),
        ]
        assert points(loyalty) == 20


def test_lists_are_paged_and_so_are_lines_of_orders(double: Shopify) -> None:
    with backfilled(double) as loyalty:
        double.orders = many(25, line_items=[line(number) for number in range(1, 36)])
        loyalty.reconcile(CONNECTOR)
        assert points(loyalty) == 8750
        assert len(asked_for(double, "orders(")) == 3
        assert len(asked_for(double, "order(id")) == 50


def test_more_than_one_search_can_list_is_found_by_the_next(
    double: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be paged through beyond 25,000; some changed in the second where it ends."""
    monkeypatch.setattr(walking, "MOST_LISTED", 20)
    double.most_listed = 20
    with backfilled(double) as loyalty:
        double.orders = many(75)
        report = loyalty.reconcile(CONNECTOR)
        assert (report.finished, report.missing, points(loyalty)) == (True, 75, 750)
        asked = asked_for(double, "orders(")
        searched = list(dict.fromkeys(one["query"] for one in asked))
        assert (len(searched), searched[1]) == (5, "updated_at:>='2026-06-07T00:00:00+00:00'")
        assert all(int(one["after"] or 0) + one["first"] <= 20 for one in asked)
        double.queries.clear()
        assert loyalty.reconcile(CONNECTOR).missing == 0
        assert (
            asked_for(double, "orders(")[0]["query"] == "updated_at:>='2026-06-27T23:58:00+00:00'"
        )


def test_more_than_one_search_can_list_of_one_second_says_so(
    double: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing tells them apart then: the shop says that it cannot go on, and nothing is skipped."""
    monkeypatch.setattr(walking, "MOST_LISTED", 20)
    double.most_listed = 20
    with backfilled(double) as loyalty:
        double.orders = many(45)
        for one in double.orders:
            one["updated_at"] = "2026-06-05T00:00:00Z"
        with pytest.raises(ConnectorError, match="limited to 20"):
            loyalty.reconcile(CONNECTOR)


def test_a_query_that_costs_too_much_asks_for_less(double: Shopify) -> None:
    with backfilled(double) as loyalty:
        double.most_cost = 40
        double.orders = many(6, line_items=[line(number) for number in range(1, 12)])
        loyalty.reconcile(CONNECTOR)
        assert points(loyalty) == 660
        sizes = [one["first"] * one["lines"] for one in asked_for(double, "orders(")]
        assert sizes[:3] == [100, 50, 20]
        double.most_cost = 5
        with pytest.raises(ConnectorError, match="too much"):
            loyalty.reconcile(CONNECTOR)


def test_the_next_walk_begins_a_little_before_the_last_change(double: Shopify) -> None:
    with backfilled(double) as loyalty:
        double.orders = many(2)
        loyalty.reconcile(CONNECTOR)
        double.queries.clear()
        loyalty.reconcile(CONNECTOR)
        (orders,) = asked_for(double, "orders(")
        assert orders["query"] == "updated_at:>='2026-06-01T23:58:00+00:00'"


def test_what_changes_while_a_walk_goes_on_is_in_the_next(
    double: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late change of a customer must not hide an order that changed before it."""
    with backfilled(double) as loyalty:
        double.orders = many(1)
        seen = double.answer

        def answer(asked: Any) -> Answer:
            if b"customers(" in asked.body and len(double.orders) == 1:
                double.orders += [order(5, updated_at="2026-07-02T00:00:00Z")]
                double.customers["7000"]["updated_at"] = "2026-07-05T00:00:00Z"
            return seen(asked)

        monkeypatch.setattr(double, "answer", answer)
        loyalty.reconcile(CONNECTOR)
        assert points(loyalty) == 10
        loyalty.reconcile(CONNECTOR)
        assert points(loyalty) == 20


def test_tick_looks_by_itself_as_often_as_it_is_told(double: Shopify, clock: FrozenClock) -> None:
    with backfilled(double, clock=clock, poll_minutes=30) as loyalty:
        loyalty.tick()
        double.orders = many(1)
        loyalty.tick()
        assert points(loyalty) == 0
        clock.advance(minutes=30)
        loyalty.tick()
        assert points(loyalty) == 10


def test_webhooks_lists_and_files_say_the_same_of_every_kind_of_order(double: Shopify) -> None:
    shipped = [{"discounted_price_set": bag("4.90"), "discounted_price": "4.90", "tax_lines": []}]
    double.orders = [
        order(1, source_name="pos", location_id=655441491, customer=None, email=""),
        order(2, customer=None, email="guest@example.org", phone="+15142546011", tags="b, a"),
        order(3, total_tip_received="3.00", taxes_included=True),
        order(
            4,
            total_tip_received="3.00",
            line_items=[
                line(1, quantity=3, current_quantity=1, tax_lines=[{"price": "1.23"}]),
                line(2, price="3.00", price_set=bag("3.00"), product_id=None, sku=""),
                line(3, gift_card=True),
            ],
        ),
        order(5, shipping_lines=shipped, financial_status="partially_paid"),
        order(6, discount_codes=[{"code": "SHOPS-OWN"}], test=True),
        order(
            7,
            refunds=[
                refund(
                    8,
                    refund_shipping_lines=[{"subtotal_amount_set": bag("4.90")}],
                    transactions=[paid_back("4.90")],
                ),
                refund(9, transactions=[paid_back("1.00", status="failure")]),
            ],
            shipping_lines=shipped,
        ),
        order(10, cancelled_at="2026-06-03T00:00:00Z", financial_status="voided"),
        order(
            11,
            payment_gateway_names=["gift_card", "shopify_payments"],
            transactions=[paid_with("gift_card", "4.00"), paid_with("shopify_payments", "6.00")],
        ),
    ]
    with opened(double) as loyalty:
        sent(loyalty, *(webhook(one) for one in double.orders))
        assert loyalty.connector_status(CONNECTOR).dead == 0
        bulk = loyalty.reconcile(CONNECTOR)
        assert (bulk.missing, bulk.different - 1, bulk.refused) == (0, 0, 0)  # Ada's name is new
    with backfilled(double) as loyalty:
        listed = loyalty.reconcile(CONNECTOR)
        assert (listed.missing, listed.different, listed.refused) == (0, 0, 0)
        held = len(double.orders)
        assert (bulk.inputs, listed.inputs) == (held + 1, held)  # Ada changed before the backfill


def test_customers_keep_their_own_accounts(double: Shopify, loyalty: Loyalty) -> None:
    double.orders = many(1)
    double.customers["7001"] = customer(7001, email="bob@example.org", first_name="Bob")
    loyalty.backfill(CONNECTOR)
    bob = loyalty.find({"email": "bob@example.org"})
    assert bob is not None
    assert bob.profile.locale == "en-US"
