"""Signatures as Standard Webhooks has them (specification, symmetric scheme ``v1``).

Written here, for the ``standardwebhooks`` package answers malformed signatures with errors of
other kinds, and signs moments of other time zones wrongly. It is a dozen lines.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

from loyalty_core import ConnectorError, SignatureInvalid, WebhookRequest, same_signature

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX, SCHEME = "whsec_", "v1"
FEWEST_BYTES, MOST_BYTES = 24, 64
LONGEST_TIMESTAMP = 12


def key_of(secret: str) -> bytes:
    """The key that a secret ``whsec_...`` stands for; raises ``ConnectorError``."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise ConnectorError(
            "a secret is not 24 to 64 bytes in base64",
            where="secrets",
            remedy='Make one: python -c "import base64, secrets; '
            "print('whsec_' + base64.b64encode(secrets.token_bytes(32)).decode())\"",
        )
    return key


def signature(key: bytes, name: str, timestamp: str, body: bytes) -> str:
    """The signature of a body that is sent under a name at a moment, in seconds.

    >>> key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> name = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    >>> signature(key, name, "1614265330", b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    content = b".".join((name.encode(), timestamp.encode(), body))
    digest = hmac.new(key, content, hashlib.sha256).digest()
    return f"{SCHEME},{base64.b64encode(digest).decode()}"


def headers(secrets: Iterable[str], name: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that a body is sent with, signed with each of the secrets."""
    timestamp = str(int(at.timestamp()))
    signed = [signature(key_of(secret), name, timestamp, body) for secret in secrets]
    return {ID: name, TIMESTAMP: timestamp, SIGNATURE: " ".join(signed)}


def verified_id(request: WebhookRequest, secrets: Iterable[str], tolerance: int) -> str:
    """The id of a webhook that one of the secrets has signed, not long ago.

    Raises ``SignatureInvalid``.
    """
    name, timestamp = request.needed(ID), request.needed(TIMESTAMP)
    given = [one for one in request.needed(SIGNATURE).split(" ") if one.startswith(f"{SCHEME},")]
    if not timestamp.isdigit() or len(timestamp) > LONGEST_TIMESTAMP:
        raise SignatureInvalid(f"{timestamp[:20]!r} is not a moment in seconds", where=TIMESTAMP)
    expected = [signature(key_of(one), name, timestamp, request.body) for one in secrets]
    if not any(same_signature(one, expected) for one in given):
        raise SignatureInvalid("no signature is by one of the secrets", where=SIGNATURE)
    seconds = int(request.received_at.timestamp()) - int(timestamp)
    if abs(seconds) > tolerance:
        age = f"{seconds} seconds old" if seconds > 0 else f"{-seconds} seconds ahead"
        raise SignatureInvalid(f"it is {age}, more than {tolerance}", where=TIMESTAMP)
    return name
