"""Orders as the shop writes them: what is money, what is paid, whose it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from examples.shops.woocommerce.double import WooCommerce
from examples.shops.woocommerce.papers import item, order, webhook
from loyalty_core import FactError, Line, LineKind, Loyalty, Minor, Order, OrderStatus, order_total
from loyalty_woocommerce.fields import amount, moment, pieces
from loyalty_woocommerce.reading import Reading
from plugins.woocommerce.tests.build import CONNECTOR, opened, points, sent

READING = Reading("tea", "USD")


def read(reading: Reading = READING, **changes: Any) -> Order:
    return reading.order(order(**changes), [], None)


def priced(*lines: Any, **more: Any) -> Order:
    return read(line_items=list(lines), **more)


# -- money ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "digits", "minor"),
    [
        ("60.00", 2, 6000),
        ("60", 2, 6000),
        ("", 2, 0),
        (None, 2, 0),
        ("-9.00", 2, -900),
        ("8.264463", 2, 826),
        ("0.005", 2, 1),
        ("0.004999", 2, 0),
        ("-0.005", 2, -1),
        (Decimal("19.99"), 2, 1999),
        ("1200", 0, 1200),
        ("1200.50", 0, 1201),
        ("1.2345", 3, 1235),
        ("9999999999999.99", 2, 999999999999999),
    ],
)
def test_amounts_are_exact_from_texts(given: Any, digits: int, minor: int) -> None:
    assert amount(given, digits, "$") == minor


@pytest.mark.parametrize(
    "given", ["ten", "1,50", "NaN", "Infinity", "1e30", True, [], "9" * 99, "10000000000000"]
)
def test_what_is_no_amount_is_refused(given: Any) -> None:
    with pytest.raises(FactError):
        amount(given, 2, "$.total")


@pytest.mark.parametrize("included", [True, False])
def test_lines_are_without_tax_whatever_prices_are_shown_as(included: bool) -> None:
    """With prices shown with tax, a line of 12.10 is stored as 10.00 and 2.10 of tax."""
    line = item(1, "10.00", total_tax="2.10", price=Decimal("12.1"))
    made = priced(line, prices_include_tax=included, total="12.10")
    assert (made.lines[0].net, made.lines[0].tax, made.tax_included) == (1000, 210, False)
    assert order_total(made) == 1210


def test_decimals_that_the_shop_keeps_are_rounded_as_it_does() -> None:
    made = priced(item(1, "8.264463", total_tax="1.735537"))
    assert (made.lines[0].net, made.lines[0].tax) == (826, 174)


def test_yen_have_no_decimals_whatever_the_shop_writes() -> None:
    assert priced(item(1, "1200.00"), currency="JPY").lines[0].net == 1200


def test_coupons_are_the_difference_between_two_sums_of_a_line() -> None:
    line = priced(item(1, "45.00", subtotal="60.00", quantity=3)).lines[0]
    assert (line.amount, line.discount, line.net, line.quantity) == (6000, 1500, 4500, 3)


def test_a_price_that_was_raised_by_hand_is_no_discount() -> None:
    line = priced(item(1, "70.00", subtotal="60.00")).lines[0]
    assert (line.amount, line.discount) == (7000, 0)


def test_shipping_and_fees_are_no_purchase(loyalty: Loyalty, double: WooCommerce) -> None:
    fees = [{"id": 3, "name": "Packing", "total": "2.00", "total_tax": "0.20"}]
    shipping = [{"id": 2, "total": "5.00", "total_tax": "0.50"}]
    document = order(shipping_lines=shipping, fee_lines=fees)
    made = READING.order(document, [], None)
    assert (made.shipping, made.shipping_tax, order_total(made)) == (500, 50, 6770)
    assert made.lines[-1] == Line(id="3", amount=Minor(200), tax=Minor(20), kind=LineKind.FEE)
    sent(loyalty, webhook("order.updated", double.hold(document)))
    assert points(loyalty) == 60


def test_a_fee_below_zero_is_a_discount() -> None:
    made = read(fee_lines=[{"id": 3, "name": "Because", "total": "-10.00", "total_tax": "0.00"}])
    assert (made.discount, order_total(made)) == (1000, 5000)
    made = read(fee_lines=[{"id": 3, "name": "All of it", "total": "-99.00", "total_tax": "0"}])
    assert order_total(made) == 0


def test_a_line_below_zero_takes_off_the_others() -> None:
    made = priced(item(1, "60.00"), item(2, "-5.00"))
    assert (made.discount, [line.net for line in made.lines]) == (500, [6000, 0])


def test_a_gift_card_pays_and_does_not_lower_the_purchase() -> None:
    """18 and 10 for shipping, less a card of 24, leave a total of 4.00."""
    made = read(
        line_items=[item(1, "18.00")],
        shipping_lines=[{"id": 2, "total": "10.00", "total_tax": "0.00"}],
        gift_cards=[{"id": 5, "code": "X", "amount": Decimal(24)}],
        total="4.00",
    )
    assert [(one.kind, one.amount) for one in made.tenders] == [("gift_card", 2400), ("bacs", 400)]
    assert (made.lines[0].net, order_total(made)) == (1800, 2800)


@pytest.mark.parametrize("named", ["GIFT-25", "93", "94"])
def test_a_gift_card_that_is_bought_is_no_purchase(named: str) -> None:
    reading = Reading("tea", "USD", gift_cards=(named,))
    card = item(1, sku="GIFT-25", variation_id=94)
    made = reading.order(order(line_items=[card, item(2, product_id=7)]), [], None)
    assert [line.kind for line in made.lines] == [LineKind.GIFT_CARD, LineKind.GOODS]


def test_pieces_by_weight_count_whole() -> None:
    assert [pieces(one, "$") for one in (2, "1.5", Decimal("0.25"), -2, None)] == [2, 2, 1, 2, 0]


def test_an_order_of_a_fee_alone_can_be_read() -> None:
    made = priced(fee_lines=[{"id": 3, "total": "5.00", "total_tax": "0"}])
    assert [(line.kind, line.net) for line in made.lines] == [("fee", 500)]
    assert order_total(made) == 500


# -- where it stands ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("pending", "pending"),
        ("on-hold", "pending"),
        ("failed", "pending"),
        ("processing", "paid"),
        ("completed", "paid"),
        ("cancelled", "cancelled"),
        ("trash", "cancelled"),
        ("refunded", "cancelled"),  # without a refund that says what
        ("packed", "paid"),  # of another plugin; it has a date of payment
    ],
)
def test_statuses(status: str, expected: str) -> None:
    assert read(status=status).status == expected


def test_a_status_of_another_plugin_without_a_payment_is_not_paid() -> None:
    assert read(status="quote", date_paid_gmt=None).status is OrderStatus.PENDING


def test_points_can_wait_for_the_goods() -> None:
    reading = Reading("tea", "USD", paid=("completed",))
    statuses = [read(reading, status=one).status for one in ("processing", "completed")]
    assert statuses == [OrderStatus.PENDING, OrderStatus.PAID]


@pytest.mark.parametrize("status", ["checkout-draft", "auto-draft"])
def test_a_draft_is_no_order(status: str) -> None:
    assert READING.order_inputs(order(status=status), [], None) == []


def test_points_do_not_multiply_with_each_return_to_completed(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    """Other loyalty plugins give them again, or not again after cancelling, or keep them."""
    expected = {"processing": 60, "completed": 60, "cancelled": 0, "on-hold": 0, "failed": 0}
    told = ["processing", "completed", "processing", "completed", "cancelled", "completed"]
    for day, status in enumerate([*told, "on-hold", "completed", "failed", "processing"], 1):
        moment = f"2024-06-{day:02}T12:00:00"
        document = double.hold(order(status=status, date_modified_gmt=moment))
        sent(loyalty, webhook("order.updated", document, delivery=str(day)))
        assert points(loyalty) == expected[status], (day, status)


def test_of_two_states_in_one_second_the_later_counts() -> None:
    states = [read(status=one) for one in ("pending", "processing", "cancelled")]
    assert [one.updated_at for one in states] == sorted({one.updated_at for one in states})


# -- whose it is, and when ------------------------------------------------------------------------


def test_a_guest_is_known_by_the_address_alone() -> None:
    assert read(customer_id=0).identities == {"email": "ada@example.org"}


@pytest.mark.parametrize("billing", [{}, {"email": ""}, {"email": "none"}, [], None])
def test_a_guest_without_an_address_is_nobody(billing: Any) -> None:
    """PHP writes an empty object as an empty list."""
    assert read(customer_id=0, billing=billing).identities == {}


def test_people_whom_the_shop_has_forgotten_are_not_one_person(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    """WordPress gives all of them the same address when it erases their data."""
    for number in (1, 2):
        billing = {"email": "deleted@site.invalid", "phone": "0000000000"}
        document = double.hold(order(number, customer_id=0, billing=billing))
        sent(loyalty, webhook("order.updated", document))
    assert loyalty.find({"email": "deleted@site.invalid"}) is None
    assert loyalty.connector_status(CONNECTOR).dead == 0


def test_a_customer_and_a_number_with_its_country() -> None:
    billing = {"email": "ada@example.org", "phone": "+1 555 555 5555"}
    made = read(billing=billing)
    assert made.identities == {"customer_id": "25", **billing}


def test_a_guest_who_becomes_a_customer_is_one_member(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    sent(loyalty, webhook("order.created", double.hold(order(1, customer_id=0))))
    sent(loyalty, webhook("order.created", double.hold(order(2)), delivery="2"))
    assert points(loyalty) == 120
    assert loyalty.find({"customer_id": "25"}, source="tea") is not None


def test_moments_are_read_where_they_are_utc() -> None:
    made = read()
    assert made.occurred_at.isoformat() == "2024-06-01T10:00:00+00:00"
    assert moment("2024-06-01T10:00:00Z", "$") == made.occurred_at
    with pytest.raises(FactError):
        moment(None, "$.date_created_gmt")


def test_ids_beyond_two_to_the_53_stay_what_they_are() -> None:
    big = 9_007_199_254_740_993
    made = READING.order(order(big, line_items=[item(big + 2)]), [], None)
    assert (made.id, made.lines[0].id) == (str(big), str(big + 2))


# -- webhooks -------------------------------------------------------------------------------------


def test_what_a_webhook_says_is_not_taken_for_what_is_the_case(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    """It was written by another version of the API, some time ago."""
    double.hold(order())
    sent(loyalty, webhook("order.created", {"id": 727, "total": "9000.00", "status": "completed"}))
    assert points(loyalty) == 60


def test_a_deleted_order_that_is_gone_keeps_its_points(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    """Shops delete orders for good when they are old."""
    sent(loyalty, webhook("order.created", double.hold(order())))
    double.orders.clear()
    sent(loyalty, webhook("order.deleted", {"id": 727}, delivery="2"))
    assert points(loyalty) == 60
    assert loyalty.connector_status(CONNECTOR).dead == 0


@pytest.mark.parametrize("topic", ["coupon.updated", "product.created", "action.any", "order.odd"])
def test_other_topics_are_kept_and_mean_nothing(
    loyalty: Loyalty, double: WooCommerce, topic: str
) -> None:
    sent(loyalty, webhook(topic, {"id": 727}))
    assert loyalty.connector_status(CONNECTOR).ignored == 1
    assert double.asked == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": "x"}', b'{"id": 0}', b"\xff", b"{}"])
def test_a_body_that_cannot_be_read_is_dead_and_holds_up_nobody(
    loyalty: Loyalty, double: WooCommerce, body: bytes
) -> None:
    good = webhook("order.updated", double.hold(order()), delivery="2")
    sent(loyalty, webhook("order.updated", body), good)
    status = loyalty.connector_status(CONNECTOR)
    assert (status.dead, status.done, points(loyalty)) == (1, 1, 60)


def test_an_order_that_cannot_be_read_is_told(double: WooCommerce) -> None:
    double.hold(order(1, line_items=[item(1, "ten")]))
    double.hold(order(2))
    with opened(double) as loyalty:
        report = loyalty.backfill(CONNECTOR)
        assert (report.refused, points(loyalty)) == (1, 60)
        (failed,) = loyalty.connector_status(CONNECTOR).failed_messages
        assert "order 1" in failed.about or "order 1" in failed.error
