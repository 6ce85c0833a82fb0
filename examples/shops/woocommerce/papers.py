"""What a shop on WooCommerce writes: the documents of its API, and webhooks, signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from loyalty_core.testing import SentWebhook, ShopOrder, ShopRefund

SECRET, OLD_SECRET = "a&b <new> key", "the old one"
GIFT_CARD = "GIFT"
"""The SKU of the shop's gift cards."""
SIGNATURE = "X-WC-Webhook-Signature"
Doc = dict[str, Any]


def gmt(at: datetime) -> str:
    """A moment of a field ``…_gmt``: UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()


def money(minor: int) -> str:
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02}"


def webhook(
    topic: str,
    document: Any,
    *,
    secret: str = SECRET,
    delivery: str = "5a",
    signature: str | None = None,
) -> SentWebhook:
    """A webhook about a document; the id of a delivery is that of the second."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    resource, _, event = topic.partition(".")
    headers = {
        "X-WC-Webhook-Source": "https://tea.example/",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        SIGNATURE: base64.b64encode(digest).decode() if signature is None else signature,
        "X-WC-Webhook-ID": "3",
        "X-WC-Webhook-Delivery-ID": delivery,
        "Content-Type": "application/json",
    }
    return SentWebhook(body=body, headers=tuple(headers.items()))


def item(number: int, total: str = "60.00", **more: Any) -> Doc:
    return {
        "id": number,
        "name": "Tea",
        "product_id": 93,
        "variation_id": 0,
        "quantity": 1,
        "subtotal": more.get("total", total),
        "subtotal_tax": "0.00",
        "total": total,
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [],
        "sku": "TEA",
        "price": 60,
        **more,
    }


def order(number: int = 727, at: datetime | None = None, **more: Any) -> Doc:
    """An order of Ada's, over 60, in processing."""
    placed = at or datetime(2024, 6, 1, 10, tzinfo=UTC)
    return {
        "id": number,
        "parent_id": 0,
        "status": "processing",
        "currency": "USD",
        "prices_include_tax": True,
        "date_created": "2024-06-01T03:00:00",  # the shop's own zone, which nobody can know
        "date_created_gmt": gmt(placed),
        "date_modified": "2024-06-01T03:00:00",
        "date_modified_gmt": gmt(placed),
        "date_paid_gmt": gmt(placed),
        "discount_total": "0.00",
        "shipping_total": "0.00",
        "total": "60.00",
        "customer_id": 25,
        "billing": {"first_name": "Ada", "email": "ada@example.org", "phone": "(555) 555-5555"},
        "payment_method": "bacs",
        "created_via": "checkout",
        "line_items": [item(315)],
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "meta_data": [],
        **more,
    }


def refund(number: int, amount: str, *lines: Doc, at: datetime | None = None, **more: Any) -> Doc:
    """A refund as it is listed below its order: what goes back in lines is negative."""
    return {
        "id": number,
        "date_created": "2024-06-02T03:00:00",
        "date_created_gmt": gmt(at or datetime(2024, 6, 2, 10, tzinfo=UTC)),
        "amount": amount,
        "reason": "",
        "refunded_payment": True,
        "line_items": list(lines),
        "shipping_lines": [],
        "fee_lines": [],
        "tax_lines": [],
        "meta_data": [],
        **more,
    }


def back(line: int | str, total: str, quantity: int = -1, tax: str = "0.00") -> Doc:
    """A line of a refund: which line of the order it is of stands in its meta, as text."""
    return {
        "id": 1000 + int(line) % 1000,
        "product_id": 93,
        "quantity": quantity,
        "total": total,
        "total_tax": tax,
        "meta_data": [{"id": 1, "key": "_refunded_item_id", "value": str(line)}],
    }


def tip(total: str) -> Doc:
    """A tip, which WooCommerce does not know: plugins for it charge a fee."""
    return {
        "id": 9,
        "name": "Tip",
        "total": total,
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [],
    }


def customer(number: int = 25, email: str = "ada@example.org", **more: Any) -> Doc:
    return {
        "id": number,
        "date_created_gmt": "2024-05-01T10:00:00",
        "email": email,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "role": "customer",
        "username": "ada",
        "billing": {"email": email, "phone": ""},
        "meta_data": [],
        **more,
    }


def review(number: int = 22, at: datetime | None = None, **more: Any) -> Doc:
    return {
        "id": number,
        "date_created_gmt": gmt(at or datetime(2024, 6, 3, 10, tzinfo=UTC)),
        "product_id": 93,
        "status": "approved",
        "reviewer": "Ada",
        "reviewer_email": "ada@example.org",
        "review": "<p>Nice</p>",
        "rating": 5,
        "verified": True,
        **more,
    }


# -- a history ------------------------------------------------------------------------------------


def written(one: ShopOrder, at: datetime) -> tuple[Doc, list[Doc]]:
    """An order of a history and its refunds, as the shop has them at a moment."""
    now = one.as_of(at)
    status = "cancelled" if now.cancelled_at else "processing" if now.paid_at else "pending"
    lines = [
        item(
            int(line.id),
            money(line.net_minor),
            subtotal=money(line.net_minor + line.discount_minor),
            quantity=line.quantity,
            sku=GIFT_CARD if line.gift_card else line.sku,
            total_tax=money(line.tax_minor),
        )
        for line in now.lines
    ]
    refunds = [_refunded(one, each) for each in now.refunds]
    changed = max(moment for moment in one.moments if moment <= at)
    document = order(
        int(one.id),
        one.placed_at,
        status=status,
        currency=one.currency,
        date_modified_gmt=gmt(changed),
        date_paid_gmt=gmt(now.paid_at) if now.paid_at else None,
        customer_id=int(one.customer_id or 0),
        billing={"email": one.email},
        total=money(one.total_minor),
        line_items=lines,
        fee_lines=[tip(money(one.tip_minor))] if one.tip_minor else [],
        refunds=[
            {"id": each["id"], "reason": "", "total": f"-{each['amount']}"} for each in refunds
        ],
    )
    return document, refunds


def _refunded(one: ShopOrder, given: ShopRefund) -> Doc:
    by_id = {line.id: line for line in one.lines}
    lines = [
        back(line, money(-net), -count, tax=money(-tax))
        for line, count in given.pieces.items()
        for net, tax in [by_id[line].part(count)]
    ]
    return refund(int(given.id), money(given.amount_minor), *lines, at=given.at)
