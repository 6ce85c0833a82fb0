"""Who sent a webhook, and what it is about: Stripe signs the moment and the body."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty_core import (
    JsonObject,
    SignatureInvalid,
    Verified,
    WebhookRequest,
    as_object,
    as_text,
    same_signature,
)

SIGNATURE = "stripe-signature"
TOLERANCE = timedelta(minutes=5)
"""How far the moment that is signed may be from ours, before or after it."""
MOST_PARTS = 20
UNREADABLE = "unreadable"


def signature(secret: str, at: int, body: bytes) -> str:
    """The signature of a body at a moment: the secret is the key as it is, ``whsec_`` included.

    >>> signature("whsec_key", 1700000000, b"{}")[:16]
    'bfdd020b0e5c7848'
    """
    signed = b"%d." % at + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """Whose events are kept: of this connected account if any, and of one mode.

    Those of other topics are kept too, and ignored: whoever looks for one finds it.
    """

    account: str
    live: bool

    def wants(self, event: JsonObject) -> bool:
        """Whether an event is kept."""
        return owner_of(event) == self.account and event.get("livemode") is self.live


def verified(request: WebhookRequest, secrets: Sequence[str], kept: Kept) -> Verified:
    """What a webhook is, if one of the secrets has signed it; raises ``SignatureInvalid``.

    While an endpoint's secret is rolled, Stripe signs with both: one that fits is enough.
    """
    at, given = _parts(request.needed(SIGNATURE))
    expected = [signature(secret, at, request.body) for secret in secrets]
    if not sum(same_signature(one, expected) for one in given):
        message = "it is not signed with this endpoint's secret"
        raise SignatureInvalid(message, where=SIGNATURE)
    _near(at, request.received_at)
    try:
        event = as_object(json.loads(request.body))
    except (ValueError, RecursionError):
        event = {}
    topic, key = topic_of(event), as_text(event.get("id"))
    if not topic or not key:
        return Verified(key=hashlib.sha256(request.body).hexdigest(), topic=UNREADABLE)
    return Verified(key=key, topic=topic, keep=kept.wants(event))


def topic_of(event: JsonObject) -> str:
    """What an event is about; a thin one of the older resources is named ``v1.`` and that."""
    return as_text(event.get("type")).removeprefix("v1.")


def owner_of(event: JsonObject) -> str:
    """The connected account that an event is of; empty for the account's own.

    A thin event says a path of accounts, of which the last one is meant.
    """
    context = event.get("context")
    path = as_text(as_object(context).get("id")) if isinstance(context, dict) else as_text(context)
    return as_text(event.get("account")) or path.rpartition("/")[2]


def _parts(header: str) -> tuple[int, list[str]]:
    """The moment and the signatures of scheme ``v1`` in a header; others are passed over."""
    moments, signatures = [], []
    parts = header.split(",")
    for part in parts if len(parts) <= MOST_PARTS else ():
        scheme, _, value = part.strip().partition("=")
        if scheme == "t":
            moments.append(value)
        elif scheme == "v1":
            signatures.append(value)
    fits = len(moments) == 1 and moments[0].isdigit() and len(moments[0]) < 12
    if not fits or not signatures:
        raise SignatureInvalid("it says no moment, or no signature v1", where=SIGNATURE)
    return int(moments[0]), signatures


def _near(at: int, now: datetime) -> None:
    """Raises ``SignatureInvalid`` for a moment too far before or after ours."""
    away = int(now.timestamp()) - at
    if abs(away) > TOLERANCE.seconds:
        when = f"{away} seconds ago" if away > 0 else f"{-away} seconds ahead"
        message = f"it was signed {when}, more than {TOLERANCE.seconds} seconds away"
        remedy = "Look at the clock of this computer; or it is a webhook that somebody kept."
        raise SignatureInvalid(message, where=SIGNATURE, remedy=remedy)
