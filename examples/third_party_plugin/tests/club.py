"""A book shop with the plugin on, and what its members tell it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock

from loyalty_book_club import plugin

NOW = datetime(2026, 6, 18, 10, tzinfo=UTC)
EMMA, PRIDE, SENSE, HOMER = (
    "9780141439587",
    "9780141439518",
    "9780141439662",
    "9780140268867",
)


def opened(database: str = "sqlite://", **settings: Any) -> Loyalty:
    """The shop, with settings of the plugin; its clock stands a week after the facts."""
    config: dict[str, Any] = {
        "program": {"id": "book-shop", "currency": "EUR", "time_zone": "Europe/Berlin"},
        "wallets": {"points": {}, "stars": {}, "counted": {"spendable": False}},
        "plugins": {"book_club": settings},
    }
    clock = FrozenClock(NOW + timedelta(days=7))
    return Loyalty.open(config, database, plugins=[plugin], clock=clock)


def finished(
    isbn: str, who: str = "ada", *, at: datetime = NOW, number: str = "", **data: Any
) -> dict[str, Any]:
    """That somebody has read a book of 100 pages."""
    return {
        "type": "activity",
        "source": "app",
        "id": number or f"{who} {isbn}",
        "kind": "book_club.finished",
        "identities": {"email": f"{who}@example.org"},
        "occurred_at": at.isoformat(),
        "data": {"isbn": isbn, "pages": 100, **data},
    }


def changes(loyalty: Loyalty, *facts: Mapping[str, Any]) -> list[dict[str, int]]:
    """What each fact changed."""
    return [dict(loyalty.record(fact).changes) for fact in facts]


def member(loyalty: Loyalty, who: str = "ada") -> str:
    """The id of a member."""
    found = loyalty.find({"email": f"{who}@example.org"})
    assert found is not None
    return found.id
