"""What the tests are made of: one program with referrals and groups, and short ways to use it."""

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
from loyalty_referral import link_of, referrals_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
SECRET = "a secret of the tests, long enough for all"
NO_PRINTS = ["self", "circle", "not_new"]
FRIEND = {"rule": "friend", "to": "friend", "points": 10}
REFERRER = {"rule": "referrer", "to": "referrer", "points": 100}
TENT = {"deal": "tent", "minimum": 2, "maximum": 3, "hours": 24, "points": 40}
EVENTS = (
    "accepted",
    "refused",
    "milestone_reached",
    "group_succeeded",
    "group_failed",
    "group_refused",
)


def config_of(program: str = "shop", **settings: Any) -> dict[str, Any]:
    """A program in dollars; ``settings`` are those of the plugin."""
    return {
        "program": {"id": program, "currency": "USD", "time_zone": "UTC"},
        "wallets": {"points": {}},
        "rewards": {"ten-off": {"kind": "discount", "amount": "10.00"}},
        "plugins": {
            "referral": {
                "secret": SECRET,
                "reward": [FRIEND, REFERRER],
                "deal": [TENT],
                **settings,
            },
            "ear": {},
        },
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
            Subscription(id=f"ear.{name}", event_type=f"referral.{name}", handler=self.hear)
            for name in EVENTS
        ]

    def hear(self, event: Event) -> None:
        self.told.append((event.type.removeprefix("referral."), dict(event.data)))


@dataclass
class Shop:
    """One program on one database, whose time one can move."""

    url: str = "sqlite://"
    settings: Mapping[str, Any] = field(default_factory=dict)
    program: str = "shop"
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(NOW))

    def __post_init__(self) -> None:
        self.told: list[tuple[str, Mapping[str, Json]]] = []
        config, ear = config_of(self.program, **self.settings), Listener(self.told)
        self.loyalty = Loyalty.open(config, self.url, plugins=[ear], clock=self.clock)

    def enrol(self, *names: str) -> None:
        """Makes members, each with a code such as ADA-10."""
        for name in names:
            member = self.loyalty.enrol(known(name))
            link_of(self.loyalty, member.id, f"{name}-10")

    def record(self, fact: Fact | Mapping[str, Any]) -> FactReceipt:
        receipt = self.loyalty.record(fact)
        assert receipt.error is None, receipt.error
        return receipt

    def member(self, name: str) -> str:
        found = self.loyalty.find(known(name))
        assert found is not None
        return found.id

    def points(self, *names: str) -> list[int]:
        found = [self.loyalty.statement(self.member(name)) for name in names]
        return [one.wallet("points").balance for one in found]

    def shown(self, name: str) -> Any:
        return referrals_of(self.loyalty, self.member(name))

    def reasons(self, name: str) -> str:
        """Why the claim of somebody was refused; empty if it was accepted."""
        claim = self.shown(name)["invited_by"]
        assert (claim["state"] == "refused") == bool(claim["reason"])
        return str(claim["reason"] if claim["state"] != "asked" else "asked")


Opened = Callable[..., Shop]
"""The fixture that opens a program with settings of the plugin."""


def known(name: str) -> dict[str, str]:
    return {"email": f"{name}@example.org"}


def activity(kind: str, name: str, hours: int = 0, **data: Any) -> dict[str, Any]:
    """An activity of the plugin's by somebody, so many hours after the first noon."""
    more = {key: data.pop(key) for key in ("id", "identities", "occurred_at") if key in data}
    return {
        "type": "activity",
        "source": "web",
        "id": f"{kind}-{name}-{hours}",
        "kind": f"referral.{kind}",
        "identities": known(name),
        "occurred_at": later(hours),
        "data": data,
        **more,
    }


def joined(name: str, by: str = "ada", hours: int = 0, **data: Any) -> dict[str, Any]:
    """Somebody signs up by somebody's code."""
    return activity("joined", name, hours, code=f"{by}-10", **data)


def order(id: str, name: str, amount: str = "20.00", hours: int = 1, **more: Any) -> dict[str, Any]:
    """An order with one line of goods."""
    return {
        "type": "order",
        "source": "web",
        "id": id,
        "identities": known(name),
        "currency": "USD",
        "occurred_at": later(hours),
        "lines": [{"id": "a", "amount": amount}],
        **more,
    }


def refund(order_id: str, id: str = "r", hours: int = 2, **more: Any) -> dict[str, Any]:
    """A refund of an order, of all of it if nothing else is said."""
    made = {"id": id, "occurred_at": later(hours), **more}
    fact = {"type": "refund", "source": "web", "order_id": order_id, "currency": "USD"}
    return {**fact, "refund": made}


def later(hours: int) -> str:
    """So many hours after the first noon, as facts have it."""
    return (NOON + timedelta(hours=hours)).isoformat()


def state_of(shop: Shop, name: str) -> Any:
    """What the plugin remembers of somebody."""
    (member,) = shop.loyalty.export(shop.member(name))["data"]["member"]
    return member["state"].get("referral", {})
