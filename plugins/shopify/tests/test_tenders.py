"""What gift cards and store credit pay: seen as such, whichever way an order comes."""

from __future__ import annotations

import json

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import edited, order, paid_with, webhook
from loyalty_core import Order
from plugins.shopify.tests.build import CONNECTOR, opened, points, sent


def test_what_a_gift_card_pays_is_a_tender(double: Shopify) -> None:
    """A webhook names the gateways alone; how much each paid is asked for, by walks as well."""
    told = order(payment_gateway_names=["gift_card", "shopify_payments"])
    paid = [
        paid_with("gift_card", "3.00"),
        paid_with("gift_card", "9.00", status="failure"),
        paid_with("gift_card", "9.00", kind="authorization"),
        paid_with("shopify_store_credit", "1.00", kind="capture"),
        paid_with("shopify_payments", "6.00"),
    ]
    double.orders = [{**told, "transactions": paid}]
    with opened(double) as loyalty:
        body = json.dumps(told).encode()
        (found,) = loyalty.translate(CONNECTOR, topic="orders/updated", body=body).inputs
        assert isinstance(found, Order)
        kinds = {one.kind: one.amount for one in found.tenders}
        assert kinds == {"gift_card": 300, "store_credit": 100}
        sent(loyalty, webhook(told))
        assert points(loyalty) == 6
        assert loyalty.reconcile(CONNECTOR).different == 1  # Ada's name is new


def test_an_order_without_a_card_of_the_shop_is_not_asked_about(double: Shopify) -> None:
    with opened(double) as loyalty:
        sent(loyalty, webhook(order()))
        assert (points(loyalty), len(double.queries)) == (10, 0)


def test_an_edited_order_keeps_its_gift_card(double: Shopify) -> None:
    paid = [paid_with("gift_card", "4.00"), paid_with("shopify_payments", "6.00")]
    double.orders = [order(payment_gateway_names=["gift_card"], transactions=paid)]
    with opened(double) as loyalty:
        sent(loyalty, webhook(edited(double.orders[0]["id"], {}, {}), "orders/edited"))
        assert points(loyalty) == 6
