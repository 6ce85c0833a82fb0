"""Who sent a webhook: Saleor signs its body with a key whose public half it publishes.

The signature is a JWS (RFC 7515) by RS256 whose payload is the body itself, not encoded and left
out of it (RFC 7797). Keys are found by their ids in the shop's JWKS; while they change, both are
in it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import datetime, timedelta
from typing import cast

from jwt import InvalidTokenError, PyJWK, PyJWTError, api_jws

from loyalty_core import (
    ConnectorError,
    Json,
    PlatformUnavailable,
    ShopHttp,
    SignatureInvalid,
    Verified,
    WebhookRequest,
    as_object,
    as_objects,
    as_text,
    patiently,
)

SIGNATURE, EVENT = "saleor-signature", "saleor-event"
JWKS = "/.well-known/jwks.json"
ALGORITHM = "RS256"
LONGEST_SIGNATURE = 8_192
SELDOM = timedelta(minutes=1)
"""How often keys are asked for at most: anybody can make up the id of one."""
SOON = timedelta(seconds=5)
"""The same while the shop cannot say them: whoever waits for an answer holds up nobody else."""


class Keys:
    """The public keys of one shop, asked for when a signature names one that is not known."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = ShopHttp(seconds=5)
        self._asking = threading.Lock()
        self._known: dict[str, PyJWK] = {}
        self._asked_at: datetime | None = None
        self._away = ""

    def find(self, kid: str, now: datetime) -> PyJWK:
        """The key with this id; a known one is found without waiting for anybody.

        Raises ``SignatureInvalid`` if the shop has none, ``PlatformUnavailable`` if it cannot say.
        """
        if kid not in self._known:
            with self._asking:
                if kid not in self._known:
                    self._ask(now)
        known = self._known
        if kid in known:
            return known[kid]
        ids = ", ".join(sorted(known)) or "none"
        raise SignatureInvalid(
            f"it is signed with the key {kid[:60]!r}, and {self._url} has {ids}", where=SIGNATURE
        )

    def _ask(self, now: datetime) -> None:
        """Asks for the keys, unless that was done just now; raises ``PlatformUnavailable``."""
        pause = SOON if self._away else SELDOM
        if self._asked_at is None or abs(now - self._asked_at) >= pause:
            self._asked_at, self._away = now, "its keys are being asked for"
            try:
                self._known = patiently(self._fetch, ConnectorError)
            except PlatformUnavailable as error:
                self._away = error.message
                raise
            self._away = ""
        elif self._away:
            raise PlatformUnavailable(self._away, where=JWKS)

    def _fetch(self) -> dict[str, PyJWK]:
        answer = self._http.ask("GET", f"{self._url}{JWKS}")
        if answer.status != 200:
            raise PlatformUnavailable(f"it answers {answer.status} for its keys", where=JWKS)
        found = {}
        for one in as_objects(as_object(answer.json()).get("keys")):
            if as_text(one.get("kty")) == "RSA":
                try:
                    found[as_text(one.get("kid"))] = PyJWK(one, algorithm=ALGORITHM)
                except PyJWTError:
                    continue  # a key of a kind that we do not take
        return found


def verified(request: WebhookRequest, keys: Keys) -> Verified:
    """What a webhook is, if the shop has signed its body.

    Saleor gives a delivery no id: the topic and the body, which says when it was issued, are it.
    Raises ``SignatureInvalid``, and as ``Keys.find``.
    """
    given = request.needed(SIGNATURE)
    header = _header(given)
    key = keys.find(as_text(header.get("kid")), request.received_at)
    try:
        api_jws.PyJWS().decode_complete(
            given, key, algorithms=[ALGORITHM], detached_payload=request.body
        )
    except (InvalidTokenError, ValueError) as error:
        message = f"its body was not signed with the shop's key: {error}"
        raise SignatureInvalid(message, where=SIGNATURE) from None
    topic = request.needed(EVENT).lower()
    digest = hashlib.sha256(topic.encode() + b"\n" + request.body)
    return Verified(key=digest.hexdigest(), topic=topic)


def _header(given: str) -> dict[str, Json]:
    """What a signature says of itself; raises ``SignatureInvalid`` for what is no detached JWS."""
    if given.count(".") != 2 or len(given) > LONGEST_SIGNATURE:
        message = "it is no JWS: the webhook has a secret key, by which Saleor signs differently"
        remedy = "Make the webhook without a secret key: Saleor has deprecated those."
        raise SignatureInvalid(message, where=SIGNATURE, remedy=remedy)
    try:
        header = api_jws.PyJWS().get_unverified_header(given)
    except InvalidTokenError:
        raise SignatureInvalid("the signature cannot be read", where=SIGNATURE) from None
    read = as_object(cast(Json, json.loads(json.dumps(header))))
    if read.get("alg") != ALGORITHM or read.get("b64") is not False:
        message = f"it is not a detached signature by {ALGORITHM}"
        raise SignatureInvalid(message, where=SIGNATURE)
    return read
