"""What the tests are made of: one program with two charities, and short ways to use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_core import (
    Event,
    Fact,
    FactReceipt,
    Json,
    Loyalty,
    PluginManifest,
    Subscription,
    hookimpl,
)
from loyalty_core.testing import FrozenClock
from loyalty_donation import Account, Charities

ADA = {"email": "ada@example.org"}
BOB = {"email": "bob@example.org"}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
ACCOUNT = {"unit": "USD", "scale": 2, "spendable": False}
REEF = {"charity": "reef", "name": "Reef Rescue", "wallets": ["reef", "reef-eur"]}
SHELTER = {"charity": "shelter", "wallets": ["shelter"], "skus": ["DOGS"]}
ONE_PERCENT = {"rule": "one-percent", "percent": "1"}
STEPS = {"step": 500, "amount": "10.00"}
OAKS = {
    "campaign": "oaks",
    "charity": "reef",
    "wallet": "oaks",
    "starts_on": "2026-05-01",
    "ends_on": "2026-05-10",
    "goal": "100.00",
}


def config_of(
    *,
    wallets: Mapping[str, Any] | None = None,
    household: Mapping[str, Any] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """A program in dollars; ``settings`` are those of the plugin."""
    accounts = {
        "reef": ACCOUNT,
        "reef-eur": {**ACCOUNT, "unit": "EUR"},
        "shelter": ACCOUNT,
        "oaks": ACCOUNT,
    }
    return {
        "program": {"id": "shop", "currency": "USD", "time_zone": "UTC"},
        "wallets": {"points": {}, **accounts, **(wallets or {})},
        "plugins": {
            "points": {"earn": [{"rule": "base", "rate": {"USD": "1"}}]},
            "donation": {"charity": [REEF, SHELTER], **settings},
            "ear": {},
        },
        **({"household": household} if household else {}),
    }


class Listener:
    """Notes the plugin's own events."""

    manifest = PluginManifest(
        id="ear", version="1", requires_plugin_api=">=1.0,<2", config=None, summary="It listens."
    )

    def __init__(self, told: list[tuple[str, Mapping[str, Json]]]) -> None:
        self.told = told

    @hookimpl
    def loyalty_register_handlers(self) -> list[Subscription]:
        return [
            Subscription(id=f"ear.{name}", event_type=f"donation.{name}", handler=self.hear)
            for name in ("choice_refused", "without_account")
        ]

    def hear(self, event: Event) -> None:
        self.told.append((event.type, dict(event.data)))


@dataclass
class Shop:
    """One program on one database, whose time one can move."""

    url: str = "sqlite://"
    settings: Mapping[str, Any] = field(default_factory=dict)
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(NOW))

    def __post_init__(self) -> None:
        self.told: list[tuple[str, Mapping[str, Json]]] = []
        config, ear = config_of(**self.settings), Listener(self.told)
        self.loyalty = Loyalty.open(config, self.url, plugins=[ear], clock=self.clock)
        self.charities = Charities(self.loyalty)

    def record(self, fact: Fact | Mapping[str, Any]) -> FactReceipt:
        receipt = self.loyalty.record(fact)
        assert receipt.error is None, receipt.error
        return receipt

    def buy(self, id: str, *amounts: str, **fields: Any) -> FactReceipt:
        return self.record(order(id, *amounts, **fields))

    def refund(self, order_id: str, id: str = "r", **fields: Any) -> FactReceipt:
        return self.record(refund(order_id, id, **fields))

    def member(self, identities: Mapping[str, str] = ADA) -> str:
        found = self.loyalty.find(identities)
        assert found is not None
        return found.id

    def balance(self, wallet: str, identities: Mapping[str, str] = ADA) -> int:
        return self.loyalty.statement(self.member(identities)).wallet(wallet).balance

    def account(self, wallet: str) -> Account:
        return self.charities.account(wallet)

    def outstanding(self) -> dict[str, int]:
        """What the books say that each charity is still to get."""
        totals = self.loyalty.report(top=0).wallets
        return {one.wallet: one.outstanding for one in totals if one.wallet != "points"}


Opened = Callable[..., Shop]
"""The fixture that opens a program with settings of the plugin."""


def order(id: str, *amounts: str, **fields: Any) -> dict[str, Any]:
    """An order with a line of goods for each amount, called a, b, ..."""
    lines = [
        {"id": chr(ord("a") + index), "amount": amount} for index, amount in enumerate(amounts)
    ]
    lines += fields.pop("more", [])
    return {
        "type": "order",
        "source": "web",
        "id": id,
        "identities": ADA,
        "currency": "USD",
        "occurred_at": NOON.isoformat(),
        "lines": lines,
        **fields,
    }


def gift(amount: str, **fields: Any) -> dict[str, Any]:
    """A line by which the customer gives something."""
    return {"id": "gift", "amount": amount, "kind": "donation", **fields}


def refund(order_id: str, id: str = "r", **fields: Any) -> dict[str, Any]:
    made = {"id": id, "occurred_at": NOW.isoformat(), **fields}
    fact = {"type": "refund", "source": "web", "order_id": order_id, "currency": "USD"}
    return {**fact, "refund": made}


def later(days: int) -> str:
    """So many days after the first noon, as facts have it."""
    return (NOON + timedelta(days=days)).isoformat()
