"""What the tests are made of: one program, a shop that signs, and an endpoint that is a double."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from loyalty_core import Loyalty
from loyalty_core.testing import Answer, Asked, FrozenClock, PlatformDouble, SentWebhook
from loyalty_webhooks.signing import headers

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 64).decode()
SHOP = {"account": "till", "secrets": ["env:TILL_NEW", "env:TILL_OLD"]}


def config_of(**settings: Any) -> dict[str, Any]:
    return {
        "program": {"id": "shop", "currency": "EUR"},
        "wallets": {"points": {}},
        "plugins": {
            "points": {"earn": [{"rule": "base", "rate": {"EUR": "1"}}]},
            "webhooks": settings,
        },
    }


def opened(url: str, clock: FrozenClock, **settings: Any) -> Loyalty:
    return Loyalty.open(config_of(**settings), url, clock=clock)


def order(number: str = "1", amount: str = "60.00", **more: Any) -> dict[str, Any]:
    return {
        "type": "order",
        "id": number,
        "identities": {"email": "ada@example.org"},
        "currency": "EUR",
        "occurred_at": "2026-06-01T10:00:00Z",
        "lines": [{"id": "a", "amount": amount}],
        **more,
    }


def webhook(
    document: Any, *, secrets: tuple[str, ...] = (NEW,), name: str = "m1", at: datetime = NOW
) -> SentWebhook:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return SentWebhook(body=body, headers=tuple(headers(secrets, name, at, body).items()))


class Listener(PlatformDouble):
    """An endpoint that takes everything."""

    says = b""

    def answer(self, asked: Asked) -> Answer:
        return Answer(status=200 if self.says else 204, body=self.says)
