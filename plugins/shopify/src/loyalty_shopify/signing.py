"""Who sent it: webhooks, requests through the App Proxy, and session tokens of extensions.

Written here, for the ``shopifyapp`` package takes no bytes, answers a header that is not ASCII with
an error of its own kind, and does not say which delivery it was. It is a dozen lines each.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from loyalty_core import (
    Json,
    SignatureInvalid,
    Verified,
    WebhookRequest,
    as_object,
    as_text,
    same_signature,
)

FAMILIES = ("shopify-", "x-shopify-")
"""What the names of headers begin with: those of Events, which count if both are there."""
CLOCKS_DIFFER = 10
"""Seconds that a token may be early or late: what Shopify's own libraries allow."""
PROXY_SECONDS = 300
"""How old a request through the App Proxy may be."""
LONGEST_TOKEN = 8_192


def webhook_signature(secret: str, body: bytes) -> str:
    """The signature of a webhook's body.

    >>> body = b'{"id":1234567890,"email":"customer@example.com","total_price":"123.45"}'
    >>> webhook_signature("test-webhook-secret", body)
    'QNyObTlKbMx2qDlPF/ZOZcBqg5OgPg+2oky3zldc0Gw='
    """
    return base64.b64encode(_digest(secret, body)).decode()


def verified(request: WebhookRequest, secrets: Sequence[str], shop: str) -> Verified:
    """What a webhook is, if the app's secret has signed it and it is this shop's.

    The body alone is signed, with one secret for all shops of an app: the shop it is for is looked
    at as well. Raises ``SignatureInvalid``.
    """
    events, older = FAMILIES
    family = events if request.header(f"{events}hmac-sha256") is not None else older
    given = request.needed(f"{family}hmac-sha256")
    expected = [webhook_signature(secret, request.body) for secret in secrets]
    if not same_signature(given, expected):
        message = "it is not signed by this app's secret; test notifications of the admin never are"
        raise SignatureInvalid(message, where=f"{family}hmac-sha256")
    domain = request.needed(f"{family}shop-domain").lower()
    if domain != shop:
        raise SignatureInvalid(f"it is for {domain[:60]!r}", where=f"{family}shop-domain")
    topic = request.needed(f"{family}topic").lower()
    about = {
        name: value
        for name in ("api-version", "event-id", "triggered-at")
        if (value := request.header(f"{family}{name}"))
    }
    key = request.header(f"{family}webhook-id")
    if not key:
        key = hashlib.sha256(topic.encode() + b"\n" + request.body).hexdigest()
    return Verified(key=key, topic=topic, about=about)


def proxy_signature(secret: str, query: Sequence[tuple[str, str]]) -> str:
    """The signature of the query of a request through the App Proxy.

    >>> query = "extra=1&extra=2&shop=shop-name.myshopify.com&logged_in_customer_id=1"
    >>> query += "&path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555"
    >>> proxy_signature("hush", parse_qsl(query))
    '4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb'
    """
    values: dict[str, list[str]] = {}
    for key, value in query:
        values.setdefault(key, []).append(value)
    joined = "".join(f"{key}={','.join(values[key])}" for key in sorted(values))
    return _digest(secret, joined.encode()).hex()


def customer_of_proxy(url: str, secrets: Sequence[str], shop: str, now: datetime) -> str:
    """The id of the customer who is signed in at the shop; raises ``SignatureInvalid``."""
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    given = [value for key, value in query if key == "signature"]
    signed = [(key, value) for key, value in query if key != "signature"]
    expected = [proxy_signature(secret, signed) for secret in secrets]
    if len(given) != 1 or not same_signature(given[0], expected):
        raise SignatureInvalid("the query is not signed by this app's secret", where="signature")
    said = {key: [value for name, value in signed if name == key] for key, _ in signed}
    if said.get("shop") != [shop]:
        raise SignatureInvalid("it is for another shop", where="shop")
    at = said.get("timestamp", [""])[0]
    digits = at.isascii() and at.isdigit() and len(at) <= 12
    if not digits or abs(int(now.timestamp()) - int(at)) > PROXY_SECONDS:
        raise SignatureInvalid("it is too old", where="timestamp")
    customers = said.get("logged_in_customer_id", [""])
    return _signed_in(customers[0] if len(customers) == 1 else "")


def customer_of_token(
    token: str, secrets: Sequence[str], client_id: str, shop: str, now: datetime
) -> str:
    """The id of the customer whom a session token names; raises ``SignatureInvalid``.

    It is a JWT (RFC 7519) by HMAC-SHA256 and nothing else, for this app, of this shop, of a minute
    or a few. The ``sub`` is a customer's in accounts and at the checkout, and a person of the
    staff in the admin, who is not taken for a customer.
    """
    signed, _, signature = token.partition(" ")[0].rpartition(".")
    header, _, payload = signed.partition(".")
    expected = [_base64(_digest(secret, signed.encode())) for secret in secrets]
    if len(token) > LONGEST_TOKEN or not same_signature(signature, expected):
        raise SignatureInvalid("the token is not signed by this app's secret", where="token")
    if as_text(_object(header).get("alg")) != "HS256":
        raise SignatureInvalid("the token is not by HS256", where="token")
    claims = _object(payload)
    if not client_id or claims.get("aud") != client_id:
        raise SignatureInvalid("the token is for another app", where="aud")
    if as_text(claims.get("dest")).removeprefix("https://") != shop:
        raise SignatureInvalid("the token is of another shop", where="dest")
    seconds = int(now.timestamp())
    ends, starts = claims.get("exp"), claims.get("nbf", 0)
    if not (isinstance(ends, int) and isinstance(starts, int)):
        raise SignatureInvalid("the token does not say when it ends", where="exp")
    if not starts - CLOCKS_DIFFER <= seconds < ends + CLOCKS_DIFFER:
        raise SignatureInvalid("the token is over, or of the future", where="exp")
    kind, _, customer = as_text(claims.get("sub")).rpartition("/")
    return _signed_in(customer if kind == "gid://shopify/Customer" else "")


def _signed_in(customer: str) -> str:
    if not (customer.isascii() and customer.isdigit()):
        raise SignatureInvalid("no customer is signed in at the shop", where="customer")
    return customer


def _digest(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def _base64(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _object(part: str) -> dict[str, Json]:
    try:
        read = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise SignatureInvalid("the token cannot be read", where="token") from None
    return as_object(read)
