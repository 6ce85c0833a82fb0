"""What Stripe writes: its documents, its events in old and new shapes, and webhooks, signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from loyalty_core.testing import SentWebhook, ShopOrder

Doc = dict[str, Any]
SECRET, OLD_SECRET = "whsec_new", "whsec_old"
SIGNATURE = "Stripe-Signature"
OLD, BASIL = "2022-11-15", "2025-03-31.basil"


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def signed(body: bytes, at: datetime | int, secret: str = SECRET) -> str:
    """The signature of one secret, as it stands in the header."""
    when = at if isinstance(at, int) else seconds(at)
    return hmac.new(secret.encode(), b"%d." % when + body, hashlib.sha256).hexdigest()


def webhook(
    event: Doc | bytes, at: datetime, *, secret: str = SECRET, header: str | None = None
) -> SentWebhook:
    """An event as it is sent at a moment."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    given = f"t={seconds(at)},v0=0,v1={signed(body, at, secret)}" if header is None else header
    headers = {SIGNATURE: given, "Content-Type": "application/json; charset=utf-8"}
    return SentWebhook(body=body, headers=tuple(headers.items()))


def event(
    topic: str, document: Doc, at: datetime, *, number: str = "1", version: str = BASIL, **more: Any
) -> Doc:
    """A snapshot of a document as an endpoint of a version of the API gets it."""
    picture = dict(document)
    if version == OLD and picture["object"] == "invoice":
        payments = picture.pop("payments", {"data": []})["data"]
        parent = picture.pop("parent", None) or {}
        contract = parent.get("subscription_details") or {}
        picture["subscription"] = contract.get("subscription")
        picture["payment_intent"] = payments[0]["payment"]["payment_intent"] if payments else None
        picture["charge"] = "ch_old"
        picture["paid"] = picture["status"] == "paid"
    return {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": version,
        "created": seconds(at),
        "type": topic,
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": picture},
        **more,
    }


def thin(topic: str, document: Doc, at: datetime, *, number: str = "1", **more: Any) -> Doc:
    """A thin event: it names its object, and no more."""
    kind = document["object"]
    return {
        "id": f"evt_test_{number}",
        "object": "v2.core.event",
        "type": f"v1.{topic}",
        "livemode": True,
        "created": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "context": None,
        "related_object": {"id": document["id"], "type": kind, "url": f"/v1/{document['id']}"},
        **more,
    }


# -- documents ------------------------------------------------------------------------------------


def intent(id: str, at: datetime, amount: int, **more: Any) -> Doc:
    return {
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "created": seconds(at),
        "currency": "usd",
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": True,
        "metadata": {},
        "receipt_email": None,
        "status": "requires_payment_method",
        **more,
    }


def charge(id: str, at: datetime, of: Doc, **more: Any) -> Doc:
    return {
        "id": id,
        "object": "charge",
        "amount": of["amount"],
        "amount_captured": of["amount"],
        "amount_refunded": 0,
        "billing_details": {"email": None, "phone": None},
        "captured": True,
        "created": seconds(at),
        "currency": of["currency"],
        "customer": of["customer"],
        "disputed": False,
        "failure_code": None,
        "livemode": of["livemode"],
        "outcome": {"reason": None, "type": "authorized"},
        "payment_intent": of["id"],
        "payment_method_details": {"type": "card"},
        "refunded": False,
        "status": "succeeded",
        **more,
    }


def refund(id: str, at: datetime, of: Doc, amount: int, **more: Any) -> Doc:
    return {
        "id": id,
        "object": "refund",
        "amount": amount,
        "charge": of["latest_charge"],
        "created": seconds(at),
        "currency": of["currency"],
        "metadata": {},
        "payment_intent": of["id"],
        "reason": None,
        "status": "succeeded",
        **more,
    }


def dispute(id: str, at: datetime, of: Doc, amount: int, **more: Any) -> Doc:
    return {
        "id": id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": of["latest_charge"],
        "created": seconds(at),
        "currency": of["currency"],
        "livemode": True,
        "payment_intent": of["id"],
        "reason": "fraudulent",
        "status": "needs_response",
        **more,
    }


def page(id: str, at: datetime, amount: int, **more: Any) -> Doc:
    return {
        "id": id,
        "object": "checkout.session",
        "amount_total": amount,
        "created": seconds(at),
        "currency": "usd",
        "customer": None,
        "customer_details": None,
        "expires_at": seconds(at) + 86_400,
        "invoice": None,
        "livemode": True,
        "metadata": {},
        "mode": "payment",
        "payment_intent": None,
        "payment_status": "unpaid",
        "shipping_cost": None,
        "status": "open",
        "subscription": None,
        "url": f"https://checkout.stripe.com/c/pay/{id}",
        **more,
    }


def item(id: str, total: int, *, off: int = 0, tax: int = 0, quantity: int = 1) -> Doc:
    """A line of a page, its total with tax and after its discount."""
    return {
        "id": id,
        "object": "item",
        "amount_discount": off,
        "amount_subtotal": total + off - tax,
        "amount_tax": tax,
        "amount_total": total,
        "currency": "usd",
        "description": "Tea",
        "price": {"id": f"price_{id}", "object": "price", "product": f"prod_{id}"},
        "quantity": quantity,
    }


def invoice(id: str, at: datetime, *lines: Doc, **more: Any) -> Doc:
    return {
        "id": id,
        "object": "invoice",
        "attempt_count": 1,
        "amount_paid": sum(one["amount"] for one in lines),
        "billing_reason": "subscription_cycle",
        "created": seconds(at),
        "currency": "usd",
        "customer": "cus_1",
        "customer_email": "ada@example.org",
        "customer_phone": None,
        "lines": {"object": "list", "data": list(lines), "has_more": False},
        "livemode": True,
        "metadata": {},
        "parent": {
            "type": "subscription_details",
            "subscription_details": {"metadata": {}, "subscription": "sub_1"},
        },
        "payments": {"object": "list", "data": [], "has_more": False},
        "pre_payment_credit_notes_amount": 0,
        "shipping_cost": None,
        "status": "paid",
        "status_transitions": {"finalized_at": seconds(at), "paid_at": seconds(at)},
        **more,
    }


def invoiced(
    id: str, amount: int, price: str = "price_club", *, prorated: bool = False, **more: Any
) -> Doc:
    """A line of an invoice for a price."""
    return {
        "id": id,
        "object": "line_item",
        "amount": amount,
        "currency": "usd",
        "description": "1 × The Club",
        "discount_amounts": [],
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {"proration": prorated, "subscription": "sub_1"},
            "invoice_item_details": None,
        },
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price, "product": f"prod_of_{price}"},
        },
        "quantity": 1,
        "taxes": [],
        **more,
    }


def subscription(id: str, at: datetime, *, price: str = "price_club", **more: Any) -> Doc:
    return {
        "id": id,
        "object": "subscription",
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "created": seconds(at),
        "customer": "cus_1",
        "ended_at": None,
        "items": {"data": [{"id": "si_1", "price": {"id": price, "product": "prod_club"}}]},
        "livemode": True,
        "metadata": {},
        "status": "active",
        **more,
    }


def customer(id: str, **more: Any) -> Doc:
    return {
        "id": id,
        "object": "customer",
        "created": 1_700_000_000,
        "email": None,
        "invoice_settings": {"default_payment_method": None},
        "livemode": True,
        "metadata": {},
        "name": None,
        "phone": None,
        **more,
    }


# -- a history ------------------------------------------------------------------------------------


def written(one: ShopOrder, at: datetime) -> list[Doc]:
    """A payment of a history with all that belongs to it, as Stripe has it at a moment."""
    now = one.as_of(at)
    made = intent(f"pi_{one.id}", one.placed_at, one.total_minor)
    tax = sum(line.tax_minor for line in one.lines)
    made["amount_details"] = {"tip": {"amount": one.tip_minor}, "tax": {"total_tax_amount": tax}}
    made["receipt_email"], found = one.email, [made]
    if one.customer_id:
        made["customer"] = f"cus_{one.customer_id}"
        found.append(customer(made["customer"], email=one.email))
    if now.paid_at is None:
        made["status"] = "canceled" if now.cancelled_at else "requires_payment_method"
        return found
    paid = charge(f"ch_{one.id}", now.paid_at, made)
    made |= {"status": "succeeded", "amount_received": one.total_minor, "latest_charge": paid["id"]}
    back = [
        refund(f"re_{each.id}", each.at, made, each.amount_minor)
        for each in now.refunds
        if each.amount_minor
    ]
    left = one.total_minor - sum(each["amount"] for each in back)
    if now.cancelled_at and left:
        back.append(refund(f"re_rest{one.id}", now.cancelled_at, made, left))
    paid["amount_refunded"] = sum(each["amount"] for each in back)
    return [*found, paid, *back]


def event_of(one: ShopOrder, at: datetime) -> Doc:
    """What is told of a change, and listed from then on."""
    documents, number = written(one, at), f"{one.id}_{at:%d%H%M}"
    known = {document["object"]: document for document in documents}
    if "refund" in known:
        return event("refund.created", known["refund"], at, number=number)
    if "charge" in known:
        return event("payment_intent.succeeded", documents[0], at, number=number)
    if "customer" in known:
        return event("customer.updated", known["customer"], at, number=number)
    return event("payment_intent.created", documents[0], at, number=number)
