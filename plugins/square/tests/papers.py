"""What Square writes: orders, returns and customers of its API, and webhooks, signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from loyalty_core.testing import SentWebhook, ShopOrder, ShopRefund

KEY, OLD_KEY = "a key of the subscription", "the key from before"
URL = "https://points.example/webhooks/square/till"
SIGNATURE = "x-square-hmacsha256-signature"
CURRENCY = "USD"
TEN = datetime(2024, 6, 1, 10, tzinfo=UTC)
Doc = dict[str, Any]


def stamp(at: datetime) -> str:
    """A moment as Square writes it."""
    return f"{at.astimezone(UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def money(amount: int, currency: str = CURRENCY) -> Doc:
    return {"amount": amount, "currency": currency}


def webhook(
    topic: str,
    id: str,
    object: Doc | None = None,
    *,
    event: str = "",
    key: str = KEY,
    url: str = URL,
    asked: str = "",
    body: bytes | None = None,
) -> SentWebhook:
    """A webhook about something with an id; ``asked`` is the URL that it arrives at."""
    kind = topic.partition(".")[0]
    document = {
        "merchant_id": "MLX",
        "type": topic,
        "event_id": event or f"{topic} {id} {json.dumps(object)}",
        "created_at": stamp(TEN),
        "data": {"type": kind, "id": id, "object": object or {}},
    }
    body = json.dumps(document).encode() if body is None else body
    digest = hmac.new(key.encode(), url.encode() + body, hashlib.sha256).digest()
    headers = ((SIGNATURE, base64.b64encode(digest).decode()), ("content-type", "application/json"))
    return SentWebhook(body=body, headers=headers, url=asked or url)


def about_order(id: str, event: str = "", topic: str = "order.updated") -> SentWebhook:
    return webhook(topic, id, {"order_updated": {"order_id": id, "state": "OPEN"}}, event=event)


def about_refund(refund: str, order: str, event: str = "") -> SentWebhook:
    object = {"refund": {"id": refund, "order_id": order, "status": "PENDING"}}
    return webhook("refund.created", refund, object, event=event)


def about_payment(payment: str, order: str, event: str = "") -> SentWebhook:
    object = {"payment": {"id": payment, "order_id": order, "status": "COMPLETED"}}
    return webhook("payment.updated", payment, object, event=event)


def line(uid: str = "tea", total: int = 6000, **more: Any) -> Doc:
    """A line of a sale; ``total`` is what it comes to, taxes and discounts in it."""
    return {
        "uid": uid,
        "catalog_object_id": f"VAR-{uid}",
        "quantity": "1",
        "name": "Tea",
        "item_type": "ITEM",
        "base_price_money": money(total),
        "gross_sales_money": money(total),
        "total_tax_money": money(0),
        "total_discount_money": money(0),
        "total_service_charge_money": money(0),
        "total_money": money(total),
        **more,
    }


def tender(amount: int, kind: str = "CARD", status: str = "CAPTURED", **more: Any) -> Doc:
    made = {"id": f"pay-{kind}-{amount}", "type": kind, "amount_money": money(amount), **more}
    return made | ({"card_details": {"status": status}} if kind == "CARD" else {})


def sale(id: str = "S1", at: datetime = TEN, *lines: Doc, **more: Any) -> Doc:
    """A sale over 60 at the till to Ada, paid by card."""
    bought = list(lines) or [line()]
    total = sum(one["total_money"]["amount"] for one in bought)
    return {
        "id": id,
        "location_id": "L1",
        "source": {"name": "Point of Sale"},
        "customer_id": "ADA",
        "line_items": bought,
        "tenders": [tender(total)] if total else [],
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "state": "COMPLETED",
        "version": 4,
        "total_money": money(total),
        "total_tax_money": money(0),
        "total_tip_money": money(0),
        **more,
    }


def back(uid: str, total: int, quantity: str = "1", **more: Any) -> Doc:
    """A line that comes back, of the line of the sale with this uid."""
    return {
        "uid": f"back-{uid}-{total}",
        "source_line_item_uid": uid,
        "quantity": quantity,
        "item_type": "ITEM",
        "total_tax_money": money(0),
        "total_money": money(total),
        **more,
    }


def of_money(total: int) -> Doc:
    """The line of a refund of an amount: it names none of the sale."""
    return {
        "uid": "custom",
        "quantity": "1",
        "item_type": "CUSTOM_AMOUNT",
        "total_money": money(total),
    }


def paid_out(id: str, amount: int, status: str = "APPROVED", at: datetime = TEN) -> Doc:
    return {
        "id": id,
        "status": status,
        "tender_id": "pay-CARD-6000",
        "transaction_id": "S1",
        "amount_money": money(amount),
        "created_at": stamp(at),
    }


def returned(id: str, *lines: Doc, of: str | None = "S1", at: datetime = TEN, **more: Any) -> Doc:
    """An order on which something comes back, of the sale ``of``."""
    total = sum(one["total_money"]["amount"] for one in lines)
    entry = {
        "uid": f"u{id}",
        "return_line_items": list(lines),
        "return_amounts": {"total_money": money(total)},
    }
    return {
        "id": id,
        "location_id": "L1",
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "state": "COMPLETED",
        "returns": [entry | ({"source_order_id": of} if of else {})],
        "return_amounts": {"total_money": money(total)},
        "refunds": [paid_out(f"refund-{id}", total, at=at)],
        "total_money": money(0),
        **more,
    }


def customer(id: str = "ADA", email: str = "ada@example.org", **more: Any) -> Doc:
    return {
        "id": id,
        "created_at": stamp(TEN),
        "updated_at": stamp(TEN),
        "given_name": "Ada",
        "family_name": "Lovelace",
        "email_address": email,
        **more,
    }


# -- a history ------------------------------------------------------------------------------------


def written(one: ShopOrder, at: datetime) -> list[Doc]:
    """A sale of a history and what came back of it, as Square has them at a moment."""
    now = one.as_of(at)
    lines = [
        line(
            each.id,
            each.net_minor + each.tax_minor,
            quantity=str(each.quantity),
            item_type="GIFT_CARD" if each.gift_card else "ITEM",
            total_tax_money=money(each.tax_minor),
            total_discount_money=money(each.discount_minor),
        )
        for each in now.lines
    ]
    own = [m for m in (one.placed_at, now.paid_at, now.cancelled_at) if m is not None]
    state = "CANCELED" if now.cancelled_at else "COMPLETED" if now.paid_at else "OPEN"
    document = sale(
        one.id,
        one.placed_at,
        *lines,
        state=state,
        customer_id=one.customer_id or None,
        total_tip_money=money(one.tip_minor),
        total_money=money(one.total_minor),
        updated_at=stamp(max(own)),
        tenders=[tender(one.total_minor)] if now.paid_at and one.total_minor else [],
    )
    return [document, *(_come_back(one, each) for each in now.refunds)]


def return_id(given: ShopRefund) -> str:
    return f"R{given.id}"


def _come_back(one: ShopOrder, given: ShopRefund) -> Doc:
    by_id = {each.id: each for each in one.lines}
    lines = [
        back(uid, net + tax, str(count), total_tax_money=money(tax))
        for uid, count in given.pieces.items()
        for net, tax in [by_id[uid].part(count)]
    ]
    return returned(
        return_id(given),
        *(lines or [of_money(given.amount_minor)]),
        of=one.id,
        at=given.at,
        refunds=[paid_out(given.id, given.amount_minor, at=given.at)],
    )
