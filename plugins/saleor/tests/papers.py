"""What Saleor has and sends: orders and customers of its API, and webhooks, signed by its key."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt import api_jws
from jwt.algorithms import RSAAlgorithm

from loyalty_core.testing import SentWebhook, ShopOrder, ShopRefund

SIGNATURE = "Saleor-Signature"
TEN = datetime(2024, 6, 1, 10, tzinfo=UTC)
Doc = dict[str, Any]


@cache
def private_key(kid: str) -> rsa.RSAPrivateKey:
    """The shop's key with an id, made once: it takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key(kid: str) -> Doc:
    """What the shop publishes of a key."""
    made: Doc = json.loads(RSAAlgorithm.to_jwk(private_key(kid).public_key()))
    return {**made, "kid": kid, "use": "sig", "alg": "RS256"}


def signed(body: bytes, kid: str = "k1", key: str = "", **header: Any) -> str:
    """The detached signature of a body, as Saleor makes it."""
    headers = {"kid": kid, "iss": "https://tea.example/", "crit": ["b64"], "b64": False, **header}
    return api_jws.PyJWS().encode(
        body, private_key(key or kid), "RS256", headers, is_payload_detached=True
    )


def webhook(topic: str, document: Any, *, kid: str = "k1", signature: str = "") -> SentWebhook:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = {
        "Saleor-Event": topic,
        "Saleor-Domain": "tea.example",
        "Saleor-Api-Url": "https://tea.example/graphql/",
        SIGNATURE: signature or signed(body, kid),
        "content-type": "application/json",
    }
    return SentWebhook(body=body, headers=tuple(headers.items()))


def about_order(id: str, topic: str = "order_updated", issued: str = "now") -> SentWebhook:
    return webhook(topic, {"issuedAt": issued, "order": {"id": id}})


def about_customer(id: str, issued: str = "now") -> SentWebhook:
    return webhook("customer_updated", {"issuedAt": issued, "user": {"id": id}})


def money(minor: int, currency: str = "USD") -> Doc:
    return {"amount": minor / 100, "currency": currency}


def taxed(net: int, tax: int = 0, currency: str = "USD") -> Doc:
    return {
        "currency": currency,
        "net": money(net, currency),
        "gross": money(net + tax, currency),
        "tax": money(tax, currency),
    }


def line(id: str = "L1", net: int = 6000, tax: int = 0, **more: Any) -> Doc:
    return {
        "id": id,
        "quantity": 1,
        "productSku": "TEA",
        "totalPrice": taxed(net, tax),
        "undiscountedTotalPrice": taxed(net, tax),
        "variant": {
            "id": "V1",
            "product": {
                "id": "P1",
                "productType": {"id": "T1", "kind": "NORMAL"},
                "category": {"id": "C1", "slug": "teas"},
            },
        },
        **more,
    }


def gift_card() -> Doc:
    """A variant of a gift card, which is sold."""
    kind = {"id": "T2", "kind": "GIFT_CARD"}
    return {"id": "V2", "product": {"id": "P2", "productType": kind, "category": None}}


def order(id: str = "O1", at: datetime = TEN, *lines: Doc, **more: Any) -> Doc:
    """An order of Ada's over 60, charged."""
    bought = list(lines) or [line()]
    total = sum(round(one["totalPrice"]["gross"]["amount"] * 100) for one in bought)
    return {
        "id": id,
        "created": at.isoformat(),
        "updatedAt": at.isoformat(),
        "status": "UNFULFILLED",
        "isPaid": True,
        "origin": "CHECKOUT",
        "voucherCode": None,
        "userEmail": "ada@example.org",
        "channel": {"id": "CH", "slug": "default-channel", "currencyCode": "USD"},
        "user": {"id": "ADA", "email": "ada@example.org"},
        "billingAddress": {"id": "A1", "phone": ""},
        "total": taxed(total),
        "totalCharged": money(total),
        "totalAuthorized": money(0),
        "totalRefunded": money(0),
        "shippingPrice": taxed(0),
        "giftCards": [],
        "lines": bought,
        "grantedRefunds": [],
        "fulfillments": [],
        "transactions": [],
        "payments": [],
        **more,
    }


def pieces(**counts: int) -> list[Doc]:
    """Lines of a refund: how many pieces of which line."""
    return [
        {"id": f"r{id}", "quantity": count, "orderLine": {"id": id}} for id, count in counts.items()
    ]


def granted(id: str, amount: int, lines: list[Doc], at: datetime = TEN, **more: Any) -> Doc:
    return {
        "id": id,
        "createdAt": at.isoformat(),
        "status": "SUCCESS",
        "amount": money(amount),
        "shippingCostsIncluded": False,
        "lines": lines,
        **more,
    }


def event(
    id: str, amount: int, kind: str = "REFUND_SUCCESS", at: datetime = TEN, psp: str = ""
) -> Doc:
    return {
        "id": id,
        "type": kind,
        "createdAt": at.isoformat(),
        "pspReference": psp or id,
        "amount": money(amount),
    }


def refunded(document: Doc, *events: Doc, grants: tuple[Doc, ...] = (), **more: Any) -> Doc:
    """The order with money that went back, and what was granted for lines."""
    back = sum(e["amount"]["amount"] for e in events if e["type"] == "REFUND_SUCCESS")
    charged = document["totalCharged"]["amount"] - back
    return {
        **document,
        "transactions": [{"id": "T1", "events": list(events)}],
        "grantedRefunds": list(grants),
        "totalRefunded": {"amount": back, "currency": "USD"},
        "totalCharged": {"amount": charged, "currency": "USD"},
        "isPaid": False,
        **more,
    }


def customer(id: str = "ADA", email: str = "ada@example.org", **more: Any) -> Doc:
    return {
        "id": id,
        "email": email,
        "firstName": "Ada",
        "lastName": "Lovelace",
        "languageCode": "EN_US",
        "isStaff": False,
        "updatedAt": TEN.isoformat(),
        "defaultBillingAddress": None,
        **more,
    }


# -- a history ------------------------------------------------------------------------------------


def written(one: ShopOrder, at: datetime) -> Doc:
    """An order of a history, as the shop has it at a moment."""
    now = one.as_of(at)
    lines = [
        line(
            each.id,
            each.net_minor,
            each.tax_minor,
            quantity=each.quantity,
            productSku=each.sku,
            undiscountedTotalPrice=taxed(each.net_minor + each.discount_minor, each.tax_minor),
            **({"variant": gift_card()} if each.gift_card else {}),
        )
        for each in now.lines
    ]
    changed = max(moment for moment in one.moments if moment <= at)
    document = order(
        one.id,
        one.placed_at,
        *lines,
        status="CANCELED" if now.cancelled_at else "UNFULFILLED",
        updatedAt=changed.isoformat(),
        user={"id": one.customer_id, "email": one.email} if one.customer_id else None,
        userEmail=one.email,
        **({} if now.paid_at else {"totalCharged": money(0), "isPaid": False}),
    )
    grants = tuple(_granted(each) for each in now.refunds if each.pieces)
    events = (event(f"e{each.id}", each.amount_minor, at=each.at) for each in now.refunds)
    return refunded(document, *events, grants=grants) if now.refunds else document


def _granted(given: ShopRefund) -> Doc:
    paid = [event(f"e{given.id}", given.amount_minor, at=given.at)]
    lines = pieces(**given.pieces)
    return granted(f"g{given.id}", given.amount_minor, lines, given.at, transactionEvents=paid)
