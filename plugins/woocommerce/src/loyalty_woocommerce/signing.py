"""Who sent a webhook: WooCommerce signs its body alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

from loyalty_core import SignatureInvalid, Verified, WebhookRequest, same_signature

SIGNATURE, TOPIC, DELIVERY = (
    "x-wc-webhook-signature",
    "x-wc-webhook-topic",
    "x-wc-webhook-delivery-id",
)
PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot)|#0*(34|38|39|60|62)|#[xX]0*(22|26|27|3[cCeE]));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"'}


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: WooCommerce decodes entities in it before it signs.

    Only those five that WordPress writes, each once.

    >>> key_of("a&amp;b &lt;c&gt; &quot;d&#039; &copy; &amp;lt;")
    b'a&b <c> "d\\' &copy; &lt;'
    """
    return _ENTITY.sub(_decoded, secret).encode()


def _decoded(found: re.Match[str]) -> str:
    named, in_ten, in_sixteen = found.groups()
    if named:
        return _NAMED[named]
    return chr(int(in_ten) if in_ten else int(in_sixteen, 16))


def signature(secret: str, body: bytes) -> str:
    """The signature of a body: base64 of its HMAC-SHA256.

    >>> signature("key", b"The quick brown fox jumps over the lazy dog")
    '97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg='
    """
    return base64.b64encode(hmac.new(key_of(secret), body, hashlib.sha256).digest()).decode()


def verified(request: WebhookRequest, secrets: Sequence[str]) -> Verified:
    """What a webhook is, if one of the secrets has signed it; raises ``SignatureInvalid``.

    The ping that comes when a webhook is made is not signed; it says nothing and is not kept. The
    id of a delivery is the same for all of one second, so the body is a part of the key; and two
    bodies of a topic can be the same, as an order goes to the trash twice, so the id is as well.
    """
    if request.header(SIGNATURE) is None and PING.fullmatch(request.body.strip()):
        return Verified(key="ping", topic="ping", keep=False)
    given = request.needed(SIGNATURE)
    if not same_signature(given, [signature(secret, request.body) for secret in secrets]):
        raise SignatureInvalid("it is not signed with this webhook's secret", where=SIGNATURE)
    topic, delivery = request.needed(TOPIC).lower(), request.header(DELIVERY) or ""
    digest = hashlib.sha256(b"\n".join((topic.encode(), delivery.encode(), request.body)))
    return Verified(key=digest.hexdigest(), topic=topic)
