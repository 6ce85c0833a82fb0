"""What the tests are made of: one program with paid memberships, connected to the double."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock, deliver
from plugins.stripe.tests.double import Stripe
from plugins.stripe.tests.papers import Doc, webhook

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = START + timedelta(days=60)
CONNECTOR = "stripe.main"
PLANS = [
    {
        "plan": "club",
        "name": "The Club",
        "price": "10.00",
        "period": "month",
        "retry_after_days": [1, 3],
        "grace_days": 7,
        "refund_days": 14,
    },
    {
        "plan": "billed",
        "price": "8.00",
        "period": "month",
        "renewal": "provider",
        "skus": ["price_club"],
    },
]


def config_of(
    url: str = "https://api.stripe.com", *, program: str = "shop", **settings: Any
) -> dict[str, Any]:
    account = {
        "account": "main",
        "api_key": "env:STRIPE_KEY",
        "secrets": ["env:STRIPE_SECRET", "env:STRIPE_OLD"],
        "return_url": "https://tea.example/thanks",
        "memberships": ["price_club"],
        "api_url": url,
        "timeout_seconds": 1,
        "poll_minutes": 0,
        **settings,
    }
    return {
        "program": {"id": program, "currency": "USD"},
        "wallets": {"points": {}},
        "plugins": {
            "points": {"earn": [{"rule": "base", "rate": {"USD": "1"}}]},
            "paid": {"provider": "stripe.main", "plan": PLANS},
            "stripe": {"account": [account]},
        },
    }


@contextmanager
def opened(
    double: Stripe, database: str = "sqlite://", clock: FrozenClock | None = None, **settings: Any
) -> Iterator[Loyalty]:
    config, double.clock = config_of(double.url, **settings), clock or FrozenClock(NOW)
    with Loyalty.open(config, database, clock=double.clock) as loyalty:
        yield loyalty


def sent(loyalty: Loyalty, double: Stripe, *events: Doc) -> None:
    """Events delivered as webhooks, and taken in; all that were told if none is named."""
    found = events or tuple(double.till.told())
    deliver(loyalty, CONNECTOR, [webhook(one, double.clock()) for one in found])


def points(loyalty: Loyalty, email: str = "ada@example.org") -> int:
    found = loyalty.find({"email": email})
    return loyalty.statement(found.id).wallet("points").balance if found else 0
