"""Orders and refunds: taxes, discounts, gift cards, states, and money that goes back."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from loyalty_core import FactError, LineKind, Loyalty, Order, OrderStatus, Refund, RefundKind
from loyalty_core.testing import FrozenClock
from loyalty_saleor.reading import Reading
from plugins.saleor.tests.build import CONNECTOR, NOW, opened, points, sent
from plugins.saleor.tests.double import Saleor
from plugins.saleor.tests.papers import (
    TEN,
    Doc,
    about_customer,
    about_order,
    customer,
    event,
    granted,
    line,
    money,
    order,
    pieces,
    refunded,
    taxed,
    webhook,
)

READING = Reading("tea", "USD")


def as_sent(document: Doc) -> Doc:
    """A document as it comes over the line: fractions are read exactly."""
    made: Doc = json.loads(json.dumps(document), parse_float=Decimal)
    return made


def read(document: Doc) -> Order:
    found = READING.order_inputs(as_sent(document), NOW)[0]
    assert isinstance(found, Order)
    return found


def told(loyalty: Loyalty, double: Saleor, document: Doc) -> int:
    """The points after a webhook about an order, some seconds after the last one."""
    assert isinstance(double.clock, FrozenClock)
    double.clock.advance(seconds=5)
    at = double.clock().isoformat()
    double.hold({**document, "updatedAt": at})
    sent(loyalty, about_order(document["id"], issued=at))
    return points(loyalty)


def backs(document: Doc) -> list[tuple[str, dict[str, int | None], Any]]:
    return [
        (one.id, {part.line: part.quantity for part in one.lines}, one.amount)
        for one in read(document).refunds
    ]


# -- orders ---------------------------------------------------------------------------------------


def test_lines_are_without_tax() -> None:
    found = read(order("O1", TEN, line(net=5000, tax=1150)))
    assert [(one.net, one.tax) for one in found.lines] == [(5000, 1150)]
    assert not found.tax_included


def test_discounts_are_inside_the_lines() -> None:
    one = line(net=4000, undiscountedTotalPrice=taxed(6000), quantity=4)
    (found,) = read(order("O1", TEN, one)).lines
    assert (found.amount, found.discount, found.quantity, found.sku) == (6000, 2000, 4, "TEA")
    assert (found.categories, found.tags) == (("teas",), ("product:P1",))


def test_a_line_of_a_product_that_is_gone() -> None:
    (found,) = read(order("O1", TEN, line(variant=None, productSku=None))).lines
    assert (found.sku, found.categories, found.kind) == ("", (), LineKind.GOODS)


def test_shipping_is_no_purchase(loyalty: Loyalty, double: Saleor) -> None:
    given = order(shippingPrice=taxed(500, 115), total=taxed(6615), totalCharged=money(6615))
    assert (read(given).shipping, read(given).shipping_tax) == (500, 115)
    assert told(loyalty, double, given) == 60


def test_gift_cards_are_no_purchase_and_a_means_of_payment(
    loyalty: Loyalty, double: Saleor
) -> None:
    """The total of an order is what gift cards have left of it."""
    variant = line()["variant"]
    product = {**variant["product"], "productType": {"id": "T2", "kind": "GIFT_CARD"}}
    card = line("L2", 2500, variant={**variant, "product": product})
    paid = {"giftCards": [{"id": "G"}], "total": taxed(3000), "totalCharged": money(3000)}
    given = order("O1", TEN, line(net=1000), card, **paid)
    found = read(given)
    assert found.lines[1].kind is LineKind.GIFT_CARD
    tenders = [(one.kind, one.amount) for one in found.tenders]
    assert tenders == [("gift_card", 500), ("payment", 3000)]
    assert told(loyalty, double, given) == 8


def test_a_gift_card_that_is_charged_is_seen_as_one(loyalty: Loyalty, double: Saleor) -> None:
    """Where gift cards are a means of payment the total is that of the whole order."""
    card = {"__typename": "GiftCardPaymentMethodDetails", "name": "Card", "isSaleorGiftcard": True}
    other = {"__typename": "CardPaymentMethodDetails", "name": "Visa", "brand": None}
    charged = event("e1", 2000, "CHARGE_SUCCESS"), event("e2", 900, "CHARGE_FAILURE")
    paid = [
        {"id": "T1", "paymentMethodDetails": card, "events": [*charged]},
        {
            "id": "T2",
            "paymentMethodDetails": other,
            "events": [event("e3", 4000, "CHARGE_SUCCESS")],
        },
        {"id": "T3", "paymentMethodDetails": None, "events": []},
    ]
    given = order("O1", TEN, transactions=paid)
    tenders = [(one.kind, one.amount) for one in read(given).tenders]
    assert tenders == [("gift_card", 2000), ("payment", 4000)]
    assert told(loyalty, double, given) == 40


NOT_YET = {"isPaid": False, "totalCharged": money(0)}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, OrderStatus.PAID),
        ({"status": "UNCONFIRMED"}, OrderStatus.PAID),
        ({"status": "CANCELED"}, OrderStatus.CANCELLED),
        ({"status": "EXPIRED", **NOT_YET}, OrderStatus.CANCELLED),
        (NOT_YET, OrderStatus.PENDING),
        ({**NOT_YET, "totalAuthorized": money(6000)}, OrderStatus.AUTHORIZED),
        ({"isPaid": False, "totalCharged": money(2000)}, OrderStatus.PARTLY_PAID),
        ({**NOT_YET, "totalRefunded": money(6000)}, OrderStatus.PAID),  # it had been charged
        ({**NOT_YET, "total": taxed(0)}, OrderStatus.PAID),
    ],
)
def test_an_order_counts_once_it_is_charged(more: dict[str, Any], status: OrderStatus) -> None:
    assert read(order(**more)).status is status


def test_a_draft_is_no_order() -> None:
    assert READING.order_inputs(order(status="DRAFT"), NOW) == []


def test_amounts_that_binary_fractions_cannot_hold_are_rounded() -> None:
    """They come as JSON numbers; what is beyond the currency's digits is what floats make."""
    one = line()
    one["totalPrice"]["net"]["amount"] = 59.97000000000001
    assert read(order("O1", TEN, one)).lines[0].net == 5997


def test_money_of_currencies_without_cents() -> None:
    yen = {"amount": 600, "currency": "JPY"}
    price = {"currency": "JPY", "net": yen, "gross": yen}
    one = line(totalPrice=price, undiscountedTotalPrice=price)
    found = read({**order(), "lines": [one], "total": price})
    assert (found.currency, found.lines[0].amount) == ("JPY", 600)


@pytest.mark.parametrize(
    "broken",
    [
        {"id": None},
        {"created": "yesterday"},
        {"updatedAt": "2024-06-01T10:00:00"},
        {"lines": [{**line(), "id": ""}]},
        {"lines": [line(quantity="2")]},
        {"totalCharged": {"amount": "60.00"}},
        {"total": {"gross": {"amount": 1, "currency": "QQQ"}}},
    ],
)
def test_what_cannot_be_read_is_told(broken: dict[str, Any]) -> None:
    with pytest.raises(FactError):
        READING.order_inputs(as_sent({**order(), **broken}), NOW)


# -- who it was -----------------------------------------------------------------------------------


def test_a_guest_is_the_member_with_the_same_address(loyalty: Loyalty, double: Saleor) -> None:
    assert told(loyalty, double, order("O1")) == 60
    assert told(loyalty, double, order("O2", user=None, userEmail="Ada@example.org")) == 120


def test_a_guest_without_an_address_waits_for_a_claim(loyalty: Loyalty, double: Saleor) -> None:
    assert told(loyalty, double, order("O1", user=None, userEmail="")) == 0
    member = loyalty.enrol({"email": "ada@example.org"})
    loyalty.claim(member.id, source="tea", order_id="O1", key="claim")
    assert points(loyalty) == 60


def test_a_customer_is_what_the_shop_says_now(loyalty: Loyalty, double: Saleor) -> None:
    phone = {"id": "A", "phone": "+4930901820"}
    double.customers["ADA"] = customer(lastName="King", defaultBillingAddress=phone)
    sent(loyalty, about_customer("ADA"))
    found = loyalty.find({"customer_id": "ADA"}, source="tea")
    assert found is not None
    assert (found.profile.name, found.profile.locale) == ("Ada King", "en-US")
    assert loyalty.find({"phone": "+4930901820"}) is not None


def test_staff_and_who_is_gone_are_nobody(loyalty: Loyalty, double: Saleor) -> None:
    double.customers["ADA"] = customer(isStaff=True)
    sent(loyalty, about_customer("ADA"), about_customer("GONE"))
    assert loyalty.find({"email": "ada@example.org"}) is None
    assert loyalty.connector_status(CONNECTOR).dead == 0


# -- refunds --------------------------------------------------------------------------------------

LINES = line("A", 4000, quantity=4), line("B", 2000)


def test_what_was_granted_for_lines_takes_them(loyalty: Loyalty, double: Saleor) -> None:
    sold = order("O1", TEN, *LINES)
    assert told(loyalty, double, sold) == 60
    one = refunded(sold, event("e1", 1000), grants=(granted("g1", 1000, pieces(A=1)),))
    assert backs(one) == [("g1", {"A": 1}, 1000)]
    assert told(loyalty, double, one) == 50
    grants = granted("g1", 1000, pieces(A=1)), granted("g2", 3000, pieces(A=3))
    both = refunded(sold, event("e1", 1000), event("e2", 3000), grants=grants)
    assert told(loyalty, double, both) == 20


def test_money_alone_goes_by_the_value_of_the_order(loyalty: Loyalty, double: Saleor) -> None:
    sold = order("O1", TEN, line(net=6000, tax=1200))
    assert told(loyalty, double, sold) == 60
    assert told(loyalty, double, refunded(sold, event("e1", 3600))) == 30
    assert told(loyalty, double, refunded(sold, event("e1", 3600), event("e2", 1800))) == 15


def test_money_beyond_the_lines_is_both() -> None:
    sold, paid = order("O1", TEN, *LINES), (event("e1", 1500), event("e2", 200))
    grants = (granted("g1", 1000, pieces(A=1)),)
    found = [("g1", {"A": 1}, 1000), ("e1:500", {}, 500), ("e2", {}, 200)]
    assert backs(refunded(sold, *paid, grants=grants)) == found


@pytest.mark.parametrize("named", [True, False])
def test_lines_are_paid_by_what_the_shop_says_or_by_the_same_amount(named: bool) -> None:
    """Not by the earliest: that was money of its own."""
    paid = event("e1", 700), event("e2", 1000), event("e3", 1000)
    more = {"transactionEvents": [paid[2]]} if named else {}
    grants = (granted("g1", 1000, pieces(A=1), **more),)
    found = backs(refunded(order("O1", TEN, *LINES), *paid, grants=grants))
    assert [id for id, _, _ in found] == ["g1", "e1", "e2" if named else "e3"]


def test_several_payments_of_one_refund_take_its_lines_once() -> None:
    grants = (granted("g1", 3000, pieces(A=3)),)
    given = refunded(order("O1", TEN, *LINES), event("e1", 1000), event("e2", 2000), grants=grants)
    assert backs(given) == [("g1", {"A": 3}, 3000)]


@pytest.mark.parametrize("status", ["NONE", "FAILURE"])
def test_a_grant_that_nothing_came_of_takes_nothing(
    loyalty: Loyalty, double: Saleor, status: str
) -> None:
    grants = (granted("g1", 1000, pieces(A=1), status=status),)
    assert told(loyalty, double, refunded(order("O1", TEN, *LINES), grants=grants)) == 60


def test_money_that_turns_out_to_be_for_lines_is_taken_once(
    loyalty: Loyalty, double: Saleor
) -> None:
    """The payment is told first, and then what it was granted for."""
    sold = order("O1", TEN, *LINES)
    assert told(loyalty, double, refunded(sold, event("e1", 3000))) == 30
    grants = (granted("g1", 2000, pieces(B=1)),)
    assert told(loyalty, double, refunded(sold, event("e1", 3000), grants=grants)) == 30
    grants = (*grants, granted("g2", 1000, pieces(A=1)))
    assert told(loyalty, double, refunded(sold, event("e1", 3000), grants=grants)) == 30
    assert loyalty.verify().problems == ()


def test_a_refund_that_is_reversed_gives_the_points_back(loyalty: Loyalty, double: Saleor) -> None:
    sold = order("O1", TEN, *LINES)
    assert told(loyalty, double, refunded(sold, event("e1", 3000, psp="p"))) == 30
    back = event("e2", 3000, "REFUND_REVERSE", psp="p")
    given = {**refunded(sold, event("e1", 3000, psp="p"), back), "totalRefunded": money(0)}
    assert told(loyalty, double, {**given, "totalCharged": money(6000)}) == 60


def test_a_charge_back_is_one(loyalty: Loyalty, double: Saleor) -> None:
    given = refunded(order("O1", TEN, *LINES), event("c1", 6000, "CHARGE_BACK"))
    (found,) = read(given).refunds
    assert (found.id, found.kind, found.amount) == ("c1", RefundKind.CHARGEBACK, 6000)
    assert told(loyalty, double, {**given, "isPaid": True}) == 0


def test_the_older_payments_tell_lines_by_fulfillments(loyalty: Loyalty, double: Saleor) -> None:
    paid = {"id": "t1", "kind": "REFUND", "isSuccess": True, "created": TEN.isoformat()}
    payment = {"id": "p1", "transactions": [{**paid, "amount": money(2500)}]}
    failed = {"id": "p2", "transactions": [{**paid, "isSuccess": False, "amount": money(9)}]}
    sent_back = {
        "id": "f1",
        "created": TEN.isoformat(),
        "status": "REFUNDED_AND_RETURNED",
        "totalRefundedAmount": money(2500),
        "shippingRefundedAmount": money(500),
        "lines": pieces(B=1),
    }
    given = order("O1", TEN, *LINES, payments=[payment, failed], fulfillments=[sent_back])
    (found,) = read(given).refunds
    assert (found.id, found.amount, found.shipping) == ("f1", 2500, 500)
    assert told(loyalty, double, given) == 40
    kept = {**sent_back, "status": "RETURNED"}  # it is back, and the money is not
    assert told(loyalty, double, {**given, "fulfillments": [kept], "payments": []}) == 60


def test_goodwill_takes_points_as_the_program_says() -> None:
    reading = Reading("tea", "USD", RefundKind.GOODWILL)
    given = refunded(order(), event("e1", 900))
    (found,) = [one for one in reading.order_inputs(as_sent(given), NOW) if isinstance(one, Order)]
    assert [one.kind for one in found.refunds] == [RefundKind.GOODWILL]
    assert isinstance(found.refunds[0], Refund)


@pytest.mark.parametrize(("kind", "left"), [("goods", 45), ("goodwill", 60)])
def test_money_that_goes_back_alone_is_what_the_shop_says(
    double: Saleor, kind: str, left: int
) -> None:
    with opened(double, money_refunds=kind) as loyalty:
        assert told(loyalty, double, refunded(order(), event("e1", 1500))) == left


def test_partial_refunds_in_any_order_sum_to_the_whole(double: Saleor) -> None:
    lines = line("A", 3333, quantity=3), line("B", 2667)
    parts = [
        ("1", 1111, pieces(A=1)),
        ("2", 2222, pieces(A=2)),
        ("3", 2667, pieces(B=1)),
    ]
    sold = order("O1", TEN, *lines)
    for chosen in permutations(parts):
        with opened(double) as loyalty:
            for count in range(4):
                grants = tuple(granted(f"g{id}", paid, of) for id, paid, of in chosen[:count])
                events = (event(f"e{id}", paid) for id, paid, _ in chosen[:count])
                told(loyalty, double, refunded(sold, *events, grants=grants))
            assert points(loyalty) == 0


# -- topics ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", ["product_updated", "draft_order_updated", "nonsense"])
def test_other_topics_are_kept_and_mean_nothing(
    loyalty: Loyalty, double: Saleor, topic: str
) -> None:
    sent(loyalty, webhook(topic, {"order": {"id": "O1"}}))
    status = loyalty.connector_status(CONNECTOR)
    assert (status.dead, status.pending) == (0, 0)
    assert [one.path for one in double.asked] == ["/.well-known/jwks.json"]


@pytest.mark.parametrize(
    "document",
    [[{"type": "Order", "id": "O1"}], {"orders": [{"id": "O1"}]}, {"order": {"id": "O1", "x": 1}}],
)
def test_payloads_of_other_subscriptions_are_read_too(
    loyalty: Loyalty, double: Saleor, document: Any
) -> None:
    double.hold(order())
    sent(loyalty, webhook("order_bulk_created", document))
    assert points(loyalty) == 60


def test_a_webhook_without_an_id_is_dead_and_one_about_nothing_there_is_fine(
    loyalty: Loyalty,
) -> None:
    sent(loyalty, webhook("order_updated", {"issuedAt": "now"}), about_order("made up"))
    assert loyalty.connector_status(CONNECTOR).dead == 1


def test_an_old_version_changes_nothing(loyalty: Loyalty, double: Saleor) -> None:
    """A cache may answer what was the case before."""
    assert told(loyalty, double, order()) == 60
    double.hold({**order(status="CANCELED"), "updatedAt": (TEN - timedelta(days=1)).isoformat()})
    sent(loyalty, about_order("O1", issued="again"))
    assert points(loyalty) == 60
