"""Who sent a webhook: Square signs the URL it was told, and the body after it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence

from loyalty_core import (
    SignatureInvalid,
    Verified,
    WebhookRequest,
    as_object,
    as_text,
    same_signature,
)

SIGNATURE = "x-square-hmacsha256-signature"


def signature(key: str, url: str, body: bytes) -> str:
    """The signature of a webhook: base64 of the HMAC-SHA256 of the URL and the body.

    >>> body = b'{"hello":"world"}'
    >>> signature("asdf1234", "https://example.com/webhook", body)
    '2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og='
    """
    digest = hmac.new(key.encode(), url.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def verified(request: WebhookRequest, keys: Sequence[str], url: str) -> Verified:
    """What a webhook is, if one of the keys has signed it for this URL.

    The URL is the one that the subscription names: behind a proxy that is not the one that was
    asked for. Raises ``SignatureInvalid``, which says so where it was signed for another one.
    """
    given = request.needed(SIGNATURE)
    if not same_signature(given, [signature(key, url, request.body) for key in keys]):
        for other in _others(request.url, url):
            if same_signature(given, [signature(key, other, request.body) for key in keys]):
                message = f"it is signed for the URL {other}: write that as notification_url"
                raise SignatureInvalid(message, where=SIGNATURE)
        message = f"it is not signed with this subscription's key for {url}"
        raise SignatureInvalid(message, where=SIGNATURE)
    try:
        event = as_object(json.loads(request.body))
    except (ValueError, RecursionError):
        event = {}
    key = as_text(event.get("event_id")) or hashlib.sha256(request.body).hexdigest()
    return Verified(key=key, topic=as_text(event.get("type")) or "unknown")


def _others(asked: str, url: str) -> Iterator[str]:
    """The URLs that it may have been signed for instead."""
    for one in (asked, url):
        if one:
            secure = f"https://{one.partition('://')[2]}"
            for other in (one, secure):
                yield other
                yield other.rstrip("/") if other.endswith("/") else f"{other}/"
