"""The two kinds of connector: a shop that sends facts, and an endpoint that is told events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from loyalty_core import (
    Action,
    ActionRefused,
    ConnectorDisabled,
    ConnectorError,
    Event,
    Health,
    Input,
    Message,
    PlatformUnavailable,
    Secret,
    SecretMissing,
    TellEvent,
    Verified,
    Wants,
    WebhookRequest,
)
from loyalty_webhooks.config import Endpoint, Shop
from loyalty_webhooks.reading import inputs_of
from loyalty_webhooks.sending import post
from loyalty_webhooks.signing import headers, key_of, verified_id

AWAY = (408, 429, 502, 503, 504)
"""What is answered by somebody who cannot take anything now; other errors are of one event."""
GONE = 410
TOPIC = "facts"


def _well(secrets: Sequence[Secret]) -> str:
    """What is wrong with secrets; empty if nothing is."""
    try:
        for secret in secrets:
            key_of(secret.reveal())
    except (SecretMissing, ConnectorError) as error:
        return str(error)
    return ""


class ShopConnector:
    """A shop of one's own that sends facts."""

    def __init__(self, shop: Shop) -> None:
        self.id = f"webhooks.{shop.account}"
        self.secrets = tuple(map(Secret, shop.secrets))
        self._source = shop.source or shop.account
        self._tolerance = shop.tolerance_seconds

    def health(self) -> Health:
        """Whether its secrets can be used; a shop that sends cannot be asked."""
        wrong = _well(self.secrets)
        return Health(ok=not wrong, detail=wrong or "it sends, and cannot be asked")

    def verify(self, request: WebhookRequest) -> Verified:
        """The webhook, if it is signed with one of the secrets, and not long ago."""
        secrets = [secret.reveal() for secret in self.secrets]
        return Verified(key=verified_id(request, secrets, self._tolerance), topic=TOPIC)

    def translate(self, message: Message) -> Iterable[Input]:
        """The facts in a body, and what else it says; raises ``FactError``."""
        return inputs_of(message.json(), self._source)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EndpointConnector:
    """Somebody who is told events, signed, once each if they look at the ``webhook-id``."""

    def __init__(self, endpoint: Endpoint, now: Callable[[], datetime] = _utc_now) -> None:
        self.id = f"webhooks.{endpoint.endpoint}"
        self.secrets = tuple(map(Secret, endpoint.secrets))
        self.wants = Wants(events=endpoint.events)
        self._endpoint = endpoint
        self._now = now

    def health(self) -> Health:
        """Whether its secrets can be used; whether it answers is told by its log."""
        wrong = _well(self.secrets)
        return Health(ok=not wrong, detail=wrong or self._endpoint.url)

    def act(self, action: Action) -> None:
        """Tells an event; the id is the event's, however often it is told."""
        if not isinstance(action, TellEvent):
            raise ActionRefused(f"an endpoint is only told events, not {type(action).__name__}")
        body = body_of(action.event)
        signed = headers(
            [secret.reveal() for secret in self.secrets], action.event.id, self._now(), body
        )
        answer = post(
            self._endpoint.url,
            body,
            {**signed, "content-type": "application/json", "user-agent": "loyalty-webhooks"},
            allow_private=self._endpoint.allow_private,
            seconds=self._endpoint.timeout_seconds,
        )
        if 200 <= answer.status < 300:
            return
        message = f"it answered {answer.status}"
        if answer.status == GONE:
            raise ConnectorDisabled(message, where=self._endpoint.url)
        if answer.status in AWAY or answer.retry_after is not None:
            where = self._endpoint.url
            raise PlatformUnavailable(message, where=where, retry_after=answer.retry_after)
        raise ConnectorError(message, where=self._endpoint.url)


def body_of(event: Event) -> bytes:
    """An event as it is told: its type, its moment, and its data with whose it is."""
    told = {
        "type": event.type,
        "timestamp": event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {
            **event.data,
            "member_id": event.member_id,
            "transaction_id": event.transaction_id,
        },
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
