"""Documents as Shopify's webhooks have them, written from what is documented; none is copied."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty_core.testing import SentWebhook, ShopOrder, ShopRefund
from loyalty_shopify.signing import webhook_signature

SHOP = "tea.myshopify.com"
SECRET = "hush, this is the app's secret"
OLD_SECRET = "what it was before"
CLIENT = "8a1f0c4e2b"
Doc = dict[str, Any]


def major(minor: int) -> str:
    sign, minor = ("-" if minor < 0 else ""), abs(minor)
    return f"{sign}{minor // 100}.{minor % 100:02}"


def bag(amount: str, currency: str = "USD", other: tuple[str, str] | None = None) -> Doc:
    """An amount in the shop's money, and in the buyer's."""
    presented = other or (amount, currency)
    return {
        "shop_money": {"amount": amount, "currency_code": currency},
        "presentment_money": {"amount": presented[0], "currency_code": presented[1]},
    }


def line(number: Any = 466157049, *, quantity: int = 1, price: str = "10.00", **more: Any) -> Doc:
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{number}",
        "quantity": quantity,
        "current_quantity": quantity,
        "price": price,
        "price_set": bag(price),
        "sku": "TEA-1",
        "vendor": "Leaf & Sons",
        "product_id": 632910392,
        "gift_card": False,
        "discount_allocations": [],
        "tax_lines": [],
        **more,
    }


def order(number: Any = 820982911946154508, **more: Any) -> Doc:
    """A paid order of Ada's for 10.00."""
    made = {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "test": False,
        "email": "ada@example.org",
        "phone": None,
        "tags": "",
        "created_at": "2026-06-01T06:00:00-04:00",
        "processed_at": "2026-06-01T06:00:00-04:00",
        "updated_at": "2026-06-01T06:00:05-04:00",
        "cancelled_at": None,
        "financial_status": "paid",
        "currency": "USD",
        "presentment_currency": "USD",
        "taxes_included": False,
        "source_name": "web",
        "location_id": None,
        "discount_codes": [],
        "total_tip_received": "0.00",
        "payment_gateway_names": ["shopify_payments"],
        "customer": customer(),
        "shipping_lines": [],
        "line_items": [line()],
        "refunds": [],
    }
    return made | more


def many(count: int, **more: Any) -> list[Doc]:
    """Orders like that one, a day apart."""
    return [
        order(1000 + number, updated_at=f"2026-06-{1 + number % 28:02}T00:00:00Z", **more)
        for number in range(count)
    ]


def customer(number: Any = 7_000, **more: Any) -> Doc:
    made = {
        "id": number,
        "email": "ada@example.org",
        "phone": None,
        "first_name": "Ada",
        "last_name": "Byron",
        "tags": "",
        "locale": "en-US",
        "updated_at": "2026-05-01T00:00:00-04:00",
    }
    return made | more


def refund(number: Any = 509562969, *, pieces: Mapping[Any, int] | None = None, **more: Any) -> Doc:
    """A refund of so many pieces by line; its numbers stand there as JSON numbers."""
    return {
        "id": number,
        "order_id": 820982911946154508,
        "created_at": "2026-06-02T06:00:00-04:00",
        "processed_at": "2026-06-02T06:00:00-04:00",
        "refund_line_items": [
            {
                "id": 104689539 + place,
                "line_item_id": name,
                "quantity": count,
                "subtotal": 195.66,
                "total_tax": 3.98,
                "subtotal_set": bag("195.66"),
            }
            for place, (name, count) in enumerate((pieces or {}).items())
        ],
        "refund_shipping_lines": [],
        "order_adjustments": [],
        "transactions": [],
        **more,
    }


def paid_back(amount: str, **more: Any) -> Doc:
    """The transaction of a refund."""
    return {"kind": "refund", "status": "success", "amount": amount, "currency": "USD", **more}


def adjusted(amount: str, tax: str = "0.00", **more: Any) -> Doc:
    """What was paid out less than a refund's lines come to; below zero, beyond that."""
    return {
        "id": 347964244248,
        "kind": "refund_discrepancy",
        "reason": "Refund discrepancy",
        "amount": amount,
        "amount_set": bag(amount),
        "tax_amount": tax,
        "tax_amount_set": bag(tax),
        **more,
    }


def paid_with(gateway: str, amount: str, **more: Any) -> Doc:
    """The transaction of a payment. Webhooks about orders have none of them: they name gateways."""
    return {"kind": "sale", "status": "success", "gateway": gateway, "amount": amount, **more}


def edited(of: Any, additions: Mapping[Any, int], removals: Mapping[Any, int]) -> Doc:
    """What ``orders/edited`` says: pieces by line that an edit added and took off, and no order."""
    changes = {
        what: [{"id": name, "delta": count} for name, count in given.items()]
        for what, given in (("additions", additions), ("removals", removals))
    }
    return {
        "order_edit": {
            "id": 78912328793,
            "app_id": None,
            "created_at": "2026-06-03T06:00:00-04:00",
            "notify_customer": False,
            "order_id": of,
            "staff_note": "",
            "user_id": 548380009,
            "line_items": changes,
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }


def webhook(
    document: Any,
    topic: str = "orders/updated",
    *,
    name: str = "",
    secret: str = SECRET,
    shop: str = SHOP,
    family: str = "X-Shopify-",
    **headers: str,
) -> SentWebhook:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    given = {
        "Hmac-Sha256": webhook_signature(secret, body),
        "Topic": topic,
        "Shop-Domain": shop,
        "API-Version": "2026-10",
        "Webhook-Id": name or hashlib.sha256(topic.encode() + body).hexdigest(),
        **headers,
    }
    return SentWebhook(body=body, headers=tuple((f"{family}{k}", v) for k, v in given.items()))


# -- the kit's histories --------------------------------------------------------------------------


def written(one: ShopOrder, at: datetime) -> Doc:
    """An order of the kit as Shopify writes it once a moment has come."""
    returned = {line.id: sum(r.pieces.get(line.id, 0) for r in one.refunds) for line in one.lines}
    status = "paid" if one.paid_at else "pending"
    if one.refunds:
        status = "partially_refunded"
    return order(
        int(one.id),
        email=one.email,
        customer=customer(int(one.customer_id), email=one.email) if one.customer_id else None,
        created_at=one.placed_at.isoformat(),
        processed_at=one.placed_at.isoformat(),
        updated_at=at.isoformat(),
        cancelled_at=one.cancelled_at.isoformat() if one.cancelled_at else None,
        financial_status=status,
        line_items=[
            line(
                int(item.id),
                quantity=item.quantity,
                current_quantity=item.quantity - returned[item.id],
                price=major(item.price_minor),
                price_set=bag(major(item.price_minor)),
                sku=item.sku,
                gift_card=item.gift_card,
                tax_lines=[
                    {"price": tax, "price_set": bag(tax)}
                    for tax in [major(item.tax_minor)]
                    if item.tax_minor
                ],
                discount_allocations=[
                    {"amount": major(item.discount_minor), "amount_set": bag(part)}
                    for part in [major(item.discount_minor)]
                    if item.discount_minor
                ],
            )
            for item in one.lines
        ],
        total_tip_received=major(one.tip_minor),
        refunds=[refunded(one.id, given) for given in one.refunds],
    )


def refunded(of: str, given: ShopRefund) -> Doc:
    """A refund of the kit as Shopify writes it."""
    return refund(
        int(given.id),
        pieces={int(name): count for name, count in given.pieces.items()},
        order_id=int(of),
        created_at=given.at.isoformat(),
        processed_at=given.at.isoformat(),
        transactions=[paid_back(major(given.amount_minor))],
    )
