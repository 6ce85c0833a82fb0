"""Both connectors in front of doubles: what the rules about connectors play with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from loyalty_core.testing import (
    ActingShop,
    Answer,
    Asked,
    ConnectorStand,
    FrozenClock,
    Opening,
    SentWebhook,
    ShopOrder,
    changes_of,
    order_fact,
)
from loyalty_webhooks.connectors import EndpointConnector, ShopConnector
from plugins.webhooks.tests.build import NEW, NOW, OLD, SHOP, Listener, opened, order, webhook


class Till:
    """A shop of one's own that sends an order whenever it changes, and cannot be asked."""

    connector = "webhooks.till"

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        return [
            webhook(
                {**order_fact(one, at, source="till"), "currency": "EUR"},
                name=f"{one.id} {at:%d-%H%M}",
            )
            for at, one in changes_of(history)
        ]

    def hold(self, history: Sequence[ShopOrder], at: datetime | None = None) -> None:
        pass


class Told(Listener):
    """An endpoint that keeps what it is told: the types of events by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, str] = {}

    def answer(self, asked: Asked) -> Answer:
        body: Any = asked.json()
        self.told[asked.headers["webhook-id"]] = body["type"]
        return super().answer(asked)


@contextmanager
def delivering() -> Iterator[tuple[Opening, Till]]:
    """A shop that writes histories."""
    yield lambda: opened("sqlite://", FrozenClock(NOW), shop=[SHOP]), Till()


@contextmanager
def telling() -> Iterator[ActingShop]:
    """An endpoint that is told of an order: what it is told, once for each id."""
    clock = FrozenClock(NOW)
    with Told() as double:
        endpoint = {
            "endpoint": "crm",
            "url": f"{double.url}/hook",
            "secrets": ["env:CRM"],
            "allow_private": True,
            "events": ["points_credited"],
            "timeout_seconds": 1,
        }
        with opened("sqlite://", clock, endpoint=[endpoint]) as loyalty:
            receipt = loyalty.record({**order(), "source": "till"})
            assert receipt.member_id is not None
            yield ActingShop(
                loyalty=loyalty,
                double=double,
                clock=clock,
                connector="webhooks.crm",
                member=receipt.member_id,
                stands=double.told.values,
            )


SENDS = ConnectorStand(
    kind=ShopConnector,
    environment={"TILL_NEW": NEW, "TILL_OLD": OLD},
    platform=delivering,
    signature="webhook-signature",
)
LISTENS = ConnectorStand(kind=EndpointConnector, environment={"CRM": NEW}, shown=telling)
