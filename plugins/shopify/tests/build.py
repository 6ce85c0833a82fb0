"""What the tests are made of: one program, connected to the double."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import CLIENT, SHOP
from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock, deliver

START = datetime(2026, 6, 1, tzinfo=UTC)
NOW = START + timedelta(days=60)
CONNECTOR = "shopify.tea"


def config_of(
    url: str = "https://tea.myshopify.com",
    *,
    program: str = "shop",
    rewards: dict[str, Any] | None = None,
    plugins: dict[str, Any] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    account = {
        "account": "tea",
        "shop": SHOP,
        "secrets": ["env:SHOPIFY_SECRET", "env:SHOPIFY_OLD"],
        "client_id": CLIENT,
        "admin_url": url,
        "poll_minutes": 0,
        **settings,
    }
    return {
        "program": {"id": program, "currency": "USD"},
        "wallets": {"points": {}},
        "rewards": rewards or {},
        "plugins": {
            "points": {"earn": [{"rule": "base", "rate": {"USD": "1"}}]},
            "shopify": {"shop": [account]},
            **(plugins or {}),
        },
    }


@contextmanager
def opened(
    double: Shopify, database: str = "sqlite://", clock: FrozenClock | None = None, **settings: Any
) -> Iterator[Loyalty]:
    config = config_of(double.url, **settings)
    with Loyalty.open(config, database, clock=clock or FrozenClock(NOW)) as loyalty:
        yield loyalty


def sent(loyalty: Loyalty, *webhooks: Any) -> None:
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
