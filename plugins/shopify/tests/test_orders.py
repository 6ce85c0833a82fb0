"""What Shopify writes, read into facts: one test for each thing that is easily read wrongly."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import (
    bag,
    line,
    order,
    refund,
    webhook,
)
from loyalty_core import FactError, LineKind, Order, OrderStatus, order_total
from loyalty_core.testing import FrozenClock, SentWebhook
from loyalty_shopify.reading import Reading
from plugins.shopify.tests.build import CONNECTOR, opened, points, sent

READING = Reading("tea", "USD")


def read(**more: Any) -> Order:
    return READING.order(order(**more))


def test_ids_beyond_2_53_stay_as_they_are() -> None:
    found = read(line_items=[line(9_007_199_254_740_993)])
    assert (found.id, found.lines[0].id) == ("820982911946154508", "9007199254740993")
    same = READING.order(
        order("gid://shopify/Order/820982911946154508?x=1", line_items=[line("gid://a/B/7")])
    )
    assert (same.id, same.lines[0].id) == ("820982911946154508", "7")


def test_shop_money_counts_and_not_what_the_buyer_saw() -> None:
    """Four dollars that were 3.17 euros to the buyer are four dollars."""
    both = bag("4.00", other=("3.17", "EUR"))
    found = read(presentment_currency="EUR", line_items=[line(price="4.00", price_set=both)])
    assert (found.currency, found.lines[0].amount) == ("USD", 400)


def test_a_pair_in_another_currency_than_the_order_is_refused() -> None:
    with pytest.raises(FactError, match="EUR, not USD"):
        read(line_items=[line(price_set=bag("4.00", "EUR"))])


def test_yen_have_no_decimals_and_dinars_three() -> None:
    yen = read(currency="JPY", line_items=[line(price="1000.0", price_set=bag("1000.0", "JPY"))])
    assert yen.lines[0].amount == 1000
    dinars = [line(price="1.234", price_set=bag("1.234", "KWD"))]
    assert read(currency="KWD", line_items=dinars).lines[0].amount == 1234


def test_numbers_are_read_exactly() -> None:
    """Tax lines and refund lines stand there as JSON numbers beside amounts as texts."""
    taxed = [line(price="0.10", price_set=None, tax_lines=[{"price": "TAX"}], quantity=3)]
    body = json.dumps(order(line_items=taxed)).replace('"TAX"', "3.98")
    with Shopify() as double, opened(double) as loyalty:
        (found,) = loyalty.translate(CONNECTOR, topic="orders/updated", body=body.encode()).inputs
    assert isinstance(found, Order)
    assert (found.lines[0].amount, found.lines[0].tax) == (30, 398)


def test_discounts_are_those_of_the_lines() -> None:
    """`subtotal_price` is before them in some documents and after them in others."""
    parts = [{"amount": "1.50", "amount_set": bag("1.50")}, {"amount": "0.50"}]
    found = read(
        subtotal_price="597.00",
        total_discounts="2.00",
        line_items=[line(quantity=2, discount_allocations=parts, total_discount="0.00")],
    )
    assert (found.lines[0].amount, found.lines[0].discount, found.discount) == (2000, 200, 0)


def test_a_discount_takes_no_more_than_there_is() -> None:
    assert read(line_items=[line(discount_allocations=[{"amount": "10.01"}])]).lines[0].net == 0


@pytest.mark.parametrize("included", [True, False])
def test_taxes_are_inside_or_on_top(included: bool) -> None:
    sold = [line(tax_lines=[{"price": "1.90", "price_set": bag("1.90")}])]
    found = read(taxes_included=included, line_items=sold)
    assert (found.tax_included, found.lines[0].tax) == (included, 190)
    assert order_total(found) == (1000 if included else 1190)


def test_shipping_is_after_its_discount_and_what_was_taken_off_is_none() -> None:
    lines = [
        {"discounted_price": "4.90", "tax_lines": [{"price": "0.93"}]},
        {"discounted_price": "9.90", "is_removed": True, "tax_lines": []},
    ]
    found = read(shipping_lines=lines)
    assert (found.shipping, found.shipping_tax) == (490, 93)


def test_gift_cards_that_are_sold_earn_nothing(double: Shopify) -> None:
    with opened(double) as loyalty:
        sold = [line(1), line(2, price="50.00", price_set=bag("50.00"), gift_card=True)]
        sent(loyalty, webhook(order(line_items=sold)))
        assert points(loyalty) == 10


@pytest.mark.parametrize(
    "tip",
    [
        {"tip_payment_gateway": "shopify_payments"},
        {"product_id": None, "sku": ""},
    ],
)
def test_tips_earn_nothing_however_they_are_marked(double: Shopify, tip: dict[str, Any]) -> None:
    sold = [line(1), line(2, price="3.00", price_set=bag("3.00"), **tip)]
    with opened(double) as loyalty:
        sent(loyalty, webhook(order(total_tip_received="3.00", line_items=sold)))
        assert points(loyalty) == 10
    found = read(total_tip_received="3.00", line_items=sold)
    assert [one.kind for one in found.lines] == [LineKind.GOODS, LineKind.TIP]


def test_a_tip_without_a_line_is_part_of_what_was_paid() -> None:
    found = read(total_tip_received="3.00")
    assert [(one.id, one.amount, one.kind) for one in found.lines[1:]] == [("tip", 300, "tip")]


def test_test_orders_earn_nothing(double: Shopify) -> None:
    with opened(double) as loyalty:
        sent(loyalty, webhook(order(test=True)))
        assert points(loyalty) == 0


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("pending", OrderStatus.PENDING),
        ("authorized", OrderStatus.AUTHORIZED),
        ("partially_paid", OrderStatus.PARTLY_PAID),
        ("paid", OrderStatus.PAID),
        ("partially_refunded", OrderStatus.PAID),
        ("refunded", OrderStatus.PAID),
        ("voided", OrderStatus.CANCELLED),
        ("PAID", OrderStatus.PAID),
        ("something new", OrderStatus.PENDING),
        (None, OrderStatus.PENDING),
    ],
)
def test_what_is_not_paid_is_not_paid(said: str | None, status: OrderStatus) -> None:
    assert read(financial_status=said).status is status


def test_a_cancelled_order_is_cancelled_whatever_was_refunded() -> None:
    assert read(cancelled_at="2026-06-03T00:00:00Z").status is OrderStatus.CANCELLED


def test_pieces_that_an_edit_took_off_were_not_bought() -> None:
    parts = [{"amount": "3.00"}]
    sold = line(1, quantity=3, current_quantity=1, discount_allocations=parts)
    (found,) = read(line_items=[sold]).lines
    assert (found.quantity, found.amount, found.discount) == (1, 1000, 100)
    gone = read(line_items=[line(1, current_quantity=0), line(2)]).lines
    assert [(one.quantity, one.amount) for one in gone] == [(0, 0), (1, 1000)]


def test_an_edit_says_what_was_added_and_the_order_is_asked_for(double: Shopify) -> None:
    """``orders/edited`` has no order in it; what the edit made of it counts, told by either."""
    double.orders = [order(1, line_items=[line(1, quantity=3), line(2)])]
    with opened(double) as loyalty:
        sent(loyalty, webhook(double.orders[0], "orders/create"))
        assert points(loyalty) == 40
        updated, edited = double.edit(
            1, add=[line(3, price="5.00", price_set=bag("5.00"))], remove={1: 2}
        )
        sent(loyalty, edited)
        assert (points(loyalty), loyalty.connector_status(CONNECTOR).dead) == (25, 0)
        sent(loyalty, updated)
        assert points(loyalty) == 25
        assert loyalty.verify().problems == ()


def test_an_edit_waits_for_a_shop_that_is_away_and_not_for_an_order_that_is_gone(
    double: Shopify,
) -> None:
    double.orders = [order(1, line_items=[line(1, quantity=3)])]
    with opened(double) as loyalty:
        _, told = double.edit(1, add=[], remove={1: 1})
        double.answers(503)
        sent(loyalty, told)
        assert (points(loyalty), loyalty.connector_status(CONNECTOR).pending) == (0, 1)
    double.orders = []
    with opened(double) as loyalty:
        sent(loyalty, told, webhook({"order_edit": {"id": 7}}, "orders/edited"))
        status = loyalty.connector_status(CONNECTOR)
        assert (status.done + status.ignored, status.dead) == (1, 1)


def test_pieces_that_came_back_were_bought_all_the_same() -> None:
    """`current_quantity` falls with refunds as well; those are counted by themselves."""
    found = read(
        line_items=[line(1, quantity=3, current_quantity=1)], refunds=[refund(pieces={1: 2})]
    )
    assert found.lines[0].quantity == 3
    assert found.refunds[0].lines[0].quantity == 2


def test_a_webhook_of_an_older_version_lacks_fields() -> None:
    sold = line(1, quantity=2)
    for name in ("price_set", "current_quantity", "discount_allocations", "product_id", "vendor"):
        del sold[name]
    found = read(line_items=[sold], total_tip_received=None, source_name=None, currency=None)
    assert (found.lines[0].amount, found.currency, found.channel) == (2000, "USD", "")


def test_a_till_is_a_store_and_a_channel() -> None:
    found = read(source_name="pos", location_id=655441491, customer=None, email="", phone="")
    assert (found.channel, found.store, dict(found.identities)) == ("pos", "655441491", {})
    assert read(location_id=655441491).store == ""


def test_guests_are_known_by_what_they_left(double: Shopify) -> None:
    guest = read(customer=None, email="Bob@Example.org", phone="+1 514 254 6011")
    assert dict(guest.identities) == {"email": "Bob@Example.org", "phone": "+1 514 254 6011"}
    assert dict(read(customer=None, email="").identities) == {}
    with opened(double) as loyalty:
        sent(loyalty, webhook(order(customer=None, email="")))
        assert loyalty.connector_status(CONNECTOR).dead == 0


def test_what_is_no_address_and_no_number_holds_up_no_order() -> None:
    found = read(email="at the till", phone="555-625-1199", customer={"id": 7, "phone": "none"})
    assert dict(found.identities) == {"customer_id": "7"}


def test_versions_of_one_second_are_in_order(double: Shopify) -> None:
    """An order is created and paid in the same second; and a refund comes in the same as well."""
    first = order(financial_status="pending")
    paid = order(financial_status="paid", tags="b")
    back = order(financial_status="partially_refunded", refunds=[refund(pieces={466157049: 1})])
    for documents, left in (((first, paid), 10), ((first, paid, back), 0)):
        for sequence in permutations(documents):
            with opened(double) as loyalty:
                sent(loyalty, *map(webhook, sequence))
                assert points(loyalty) == left


def test_tags_are_a_text_or_a_list() -> None:
    assert read(tags=" vip, b2b ,,vip").tags == ("b2b", "vip")
    assert read(tags=["vip", "b2b"]).tags == ("b2b", "vip")
    assert read().lines[0].tags == ("product:632910392", "vendor:Leaf & Sons")


# -- what cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 50_000,
        json.dumps(order())[:-40].encode(),
        json.dumps(order(updated_at="yesterday")).encode(),
        json.dumps(order(updated_at="2026-06-01T00:00:00")).encode(),
        json.dumps(order(line_items=[line(price="ten", price_set=None)])).encode(),
        json.dumps(order(line_items=[line(price="1e3", price_set=None)])).encode(),
        json.dumps(order(line_items=[line(price="1.005", price_set=None)])).encode(),
        json.dumps(order(line_items=[line(quantity=-1)])).encode(),
        json.dumps(order(line_items=[])).encode(),
        json.dumps(order(None)).encode(),
        json.dumps(order(currency="XXX")).encode(),
    ],
)
def test_what_cannot_be_read_is_dead_and_holds_up_nobody(double: Shopify, body: bytes) -> None:
    with opened(double) as loyalty:
        sent(loyalty, webhook(body, name="bad"), webhook(order(), name="good"))
        status = loyalty.connector_status(CONNECTOR)
        assert (status.dead, status.done, points(loyalty)) == (1, 1, 10)


def test_a_huge_order_is_read(double: Shopify) -> None:
    sold = [line(number, price="0.01", price_set=bag("0.01")) for number in range(1, 3001)]
    with opened(double) as loyalty:
        sent(loyalty, webhook(order(line_items=sold)))
        assert points(loyalty) == 30


def test_topics_that_mean_nothing_are_kept_and_ignored(double: Shopify) -> None:
    with opened(double) as loyalty:
        sent(loyalty, webhook({"id": 1}, "products/update"), webhook(b"x", "some/thing"))
        assert loyalty.connector_status(CONNECTOR).ignored == 2


def test_retries_with_the_old_payload_change_nothing(double: Shopify, clock: FrozenClock) -> None:
    """Shopify sends again what it sent, not what is the case by then."""
    old = webhook(order(), name="first")
    new = webhook(order(updated_at="2026-06-03T00:00:00Z", refunds=[refund(pieces={466157049: 1})]))
    with opened(double, clock=clock) as loyalty:
        sent(loyalty, new)
        clock.advance(hours=4)
        sent(loyalty, old, SentWebhook(body=old.body, headers=old.headers))
        assert points(loyalty) == 0
        assert loyalty.verify().problems == ()


def test_one_event_with_two_topics_is_not_one_delivery(double: Shopify) -> None:
    """An Event-Id is the merchant's act: deduplicating by it would lose all topics but one."""
    both = {"Event-Id": "act-1"}
    with opened(double) as loyalty:
        first = webhook(order(financial_status="pending"), "orders/create", name="a", **both)
        paid = webhook(
            order(updated_at="2026-06-01T06:00:09-04:00"), "orders/paid", name="b", **both
        )
        sent(loyalty, first, paid)
        assert points(loyalty) == 10
