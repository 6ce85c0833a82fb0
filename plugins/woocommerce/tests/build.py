"""What the tests are made of: one program, connected to the double."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from examples.shops.woocommerce.double import WooCommerce
from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock, SentWebhook, deliver

START = datetime(2024, 6, 1, tzinfo=UTC)
NOW = START + timedelta(days=60)
CONNECTOR = "woocommerce.tea"


def config_of(
    url: str = "https://tea.example",
    *,
    program: str = "shop",
    catalogue: dict[str, Any] | None = None,
    plugins: dict[str, Any] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    account = {
        "account": "tea",
        "url": url,
        "consumer_key": "env:WOO_KEY",
        "consumer_secret": "env:WOO_KEY_SECRET",
        "secrets": ["env:WOO_SECRET", "env:WOO_OLD"],
        **settings,
    }
    return {
        "program": {"id": program, "currency": "USD"},
        "wallets": {"points": {}},
        "rewards": catalogue or {},
        "plugins": {
            "points": {"earn": [{"rule": "base", "rate": {"USD": "1"}}]},
            "woocommerce": {"shop": [account]},
            **(plugins or {}),
        },
    }


@contextmanager
def opened(
    double: WooCommerce,
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
