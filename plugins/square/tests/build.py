"""What the tests are made of: one program, connected to the double."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock, SentWebhook, deliver
from plugins.square.tests.double import Square
from plugins.square.tests.papers import URL

START = datetime(2024, 6, 1, tzinfo=UTC)
NOW = START + timedelta(days=60)
CONNECTOR = "square.till"


def account_of(url: str = "https://connect.squareup.com", **settings: Any) -> dict[str, Any]:
    return {
        "account": "till",
        "api_url": url,
        "access_token": "env:SQUARE_TOKEN",
        "secrets": ["env:SQUARE_KEY", "env:SQUARE_OLD"],
        "notification_url": URL,
        **settings,
    }


def config_of(
    url: str = "https://connect.squareup.com",
    *,
    program: str = "shop",
    catalogue: dict[str, Any] | None = None,
    plugins: dict[str, Any] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    return {
        "program": {"id": program, "currency": "USD"},
        "wallets": {"points": {}},
        "rewards": catalogue or {},
        "plugins": {
            "points": {"earn": [{"rule": "base", "rate": {"USD": "1"}}]},
            "square": {"seller": [account_of(url, **settings)]},
            **(plugins or {}),
        },
    }


@contextmanager
def opened(
    double: Square,
    database: str = "sqlite://",
    clock: FrozenClock | None = None,
    **settings: Any,
) -> Iterator[Loyalty]:
    config, double.clock = config_of(double.url, **settings), clock or FrozenClock(NOW)
    with Loyalty.open(config, database, clock=double.clock) as loyalty:
        yield loyalty


def sent(loyalty: Loyalty, *webhooks: SentWebhook) -> None:
    """Webhooks delivered, and taken in."""
    deliver(loyalty, CONNECTOR, webhooks)


def ada(loyalty: Loyalty) -> str:
    """The id of the member whose orders these are."""
    found = loyalty.find({"email": "ada@example.org"})
    assert found is not None
    return found.id


def points(loyalty: Loyalty, email: str = "ada@example.org") -> int:
    found = loyalty.find({"email": email})
    return loyalty.statement(found.id).wallet("points").balance if found else 0
