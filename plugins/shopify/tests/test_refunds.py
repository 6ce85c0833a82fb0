"""What Shopify writes of refunds: pieces, money alone, and money beyond the pieces."""

from __future__ import annotations

from typing import Any

import pytest

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import adjusted, bag, line, order, paid_back, refund, webhook
from loyalty_core import RefundKind
from loyalty_core.testing import SentWebhook
from loyalty_shopify.reading import Reading
from plugins.shopify.tests.build import CONNECTOR, opened, points, sent

READING = Reading("tea", "USD")


def test_refunded_lines_count_by_their_pieces_and_not_by_their_money(double: Shopify) -> None:
    """Money refunded and value of lines differ in most refunds that Shopify documents."""
    sold = [line(1, quantity=4)]
    for less in ([], [adjusted("89.64")]):
        back = refund(pieces={1: 1}, transactions=[paid_back("110.00")], order_adjustments=less)
        with opened(double) as loyalty:
            sent(loyalty, webhook(order(line_items=sold, refunds=[back])))
            assert points(loyalty) == 30


@pytest.mark.parametrize(("kind", "left"), [("goods", 26), ("goodwill", 30)])
def test_money_beyond_the_lines_is_a_refund_of_its_own(
    double: Shopify, kind: str, left: int
) -> None:
    """One piece of 10.00 came back and 14.40 were paid out; told by webhooks or a list."""
    beyond = adjusted("-4.00", "-0.40", reason="Refund discrepancy")
    back = refund(pieces={1: 1}, transactions=[paid_back("14.40")], order_adjustments=[beyond])
    sold = [line(1, quantity=4, tax_lines=[{"price": "4.00", "price_set": bag("4.00")}])]
    double.orders = [order(line_items=sold, refunds=[back])]
    with opened(double, money_refunds=kind) as loyalty:
        sent(loyalty, webhook(order(line_items=sold)), webhook(back, "refunds/create"))
        assert points(loyalty) == left
        sent(loyalty, webhook(double.orders[0], name="again"))
        assert points(loyalty) == left
        assert loyalty.backfill(CONNECTOR).different == 1  # Ada's name is new, and that is all
        assert points(loyalty) == left
    given = [(one.id, one.amount) for one in READING.order(double.orders[0]).refunds]
    assert given == [("509562969", 1000), ("509562969:rest", 440)]


def test_what_was_owed_for_goods_that_came_back_before_takes_nothing(double: Shopify) -> None:
    owed = adjusted("-4.00", reason="Pending refund discrepancy")
    shipped = adjusted("-4.00", kind="shipping_refund", reason="Shipping refund")
    for one in (owed, shipped):
        back = refund(pieces={1: 1}, transactions=[paid_back("14.00")], order_adjustments=[one])
        with opened(double) as loyalty:
            sent(loyalty, webhook(order(line_items=[line(1, quantity=4)], refunds=[back])))
            assert points(loyalty) == 30


def test_money_beyond_the_lines_that_never_left_takes_nothing(double: Shopify) -> None:
    """A payout that fails afterwards: its lines are back all the same, and their points."""
    beyond = [adjusted("-4.00")]

    def told(status: str, **more: Any) -> SentWebhook:
        payouts = [paid_back("14.00", status=status)]
        back = refund(pieces={1: 1}, transactions=payouts, order_adjustments=beyond)
        return webhook(order(line_items=[line(1, quantity=4)], refunds=[back], **more))

    with opened(double) as loyalty:
        sent(loyalty, told("pending"))
        assert points(loyalty) == 26
        sent(loyalty, told("failure", updated_at="2026-06-05T00:00:00Z"))
        assert points(loyalty) == 30
    nothing = refund(pieces={1: 1}, order_adjustments=beyond)
    assert [one.id for one in READING.refunds(nothing, ("USD", 2))] == ["509562969"]


def test_a_refund_of_nothing_takes_nothing(double: Shopify) -> None:
    """An edit makes refunds without lines and money; a fact like that gives the order back."""
    with opened(double) as loyalty:
        sent(loyalty, webhook(order(refunds=[refund()])))
        assert points(loyalty) == 10
        sent(loyalty, webhook(refund(8), "refunds/create"))
        assert points(loyalty) == 10


@pytest.mark.parametrize(("kind", "left"), [("goods", 5), ("goodwill", 10)])
def test_money_that_goes_back_alone_is_what_the_shop_says(
    double: Shopify, kind: str, left: int
) -> None:
    with opened(double, money_refunds=kind) as loyalty:
        sent(loyalty, webhook(order(refunds=[refund(transactions=[paid_back("5.00")])])))
        assert points(loyalty) == left


def test_shipping_that_goes_back_takes_no_points(double: Shopify) -> None:
    shipped = [{"discounted_price": "5.00", "tax_lines": []}]
    lines = [{"subtotal_amount_set": bag("5.00")}]
    old = [{"kind": "shipping_refund", "amount": "-5.00"}]
    for back in ({"refund_shipping_lines": lines}, {"order_adjustments": old}):
        given = refund(transactions=[paid_back("5.00")], **back)
        with opened(double) as loyalty:
            sent(loyalty, webhook(order(shipping_lines=shipped, refunds=[given])))
            assert points(loyalty) == 10


def test_money_that_never_left_takes_nothing(double: Shopify) -> None:
    failed = refund(transactions=[paid_back("5.00", status="failure")])
    pending = refund(transactions=[paid_back("5.00", status="pending")])
    with opened(double) as loyalty:
        sent(loyalty, webhook(order(refunds=[pending])))
        assert points(loyalty) == 5
        sent(loyalty, webhook(order(refunds=[failed], updated_at="2026-06-05T00:00:00Z")))
        assert points(loyalty) == 10
    both = [paid_back("5.00", status="error"), paid_back("3.00"), {"kind": "void", "amount": "9"}]
    (given,) = READING.refunds(refund(transactions=both), ("USD", 2))
    assert given.amount == 300


def test_a_refund_by_itself_may_come_before_its_order(double: Shopify) -> None:
    back = refund(pieces={466157049: 1})
    with opened(double) as loyalty:
        sent(loyalty, webhook(back, "refunds/create"))
        sent(loyalty, webhook(order()))
        assert points(loyalty) == 0
        sent(loyalty, webhook(order(refunds=[back], updated_at="2026-06-05T00:00:00Z")))
        assert points(loyalty) == 0
        assert loyalty.verify().problems == ()


def test_what_went_back_in_the_buyers_money_is_asked_for(double: Shopify) -> None:
    """A transaction says euros alone; what that is in the shop's money only the shop knows."""
    euros = paid_back("3.96", currency="EUR")
    known = paid_back("3.96", currency="EUR", amount_set=bag("5.00", other=("3.96", "EUR")))
    double.orders = [order(refunds=[refund(transactions=[known])])]
    with opened(double) as loyalty:
        sent(loyalty, webhook(order(refunds=[refund(transactions=[euros])])))
        assert points(loyalty) == 5
        alone = webhook(refund(transactions=[euros]), "refunds/create")
        sent(loyalty, alone)
        assert (points(loyalty), loyalty.connector_status(CONNECTOR).dead) == (5, 0)


def test_refunds_of_an_order_in_the_programs_default_currency_say_which() -> None:
    assert [one.currency for one in READING.refunds_alone(refund())] == ["USD"]
    euros = refund(pieces={1: 1})
    euros["refund_line_items"][0]["subtotal_set"] = bag("1.00", "EUR")
    assert [one.currency for one in READING.refunds_alone(euros)] == ["EUR"]
    (given,) = READING.refunds(refund(), ("USD", 2))
    assert given.kind is RefundKind.GOODS
