"""What the tests are made of: programs with games, and short ways to write facts and look."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from loyalty_core import (
    ConfigError,
    Event,
    FactReceipt,
    Json,
    Loyalty,
    PluginManifest,
    Profile,
    Program,
    ProgramConfig,
    Reward,
    RewardType,
    Subscription,
    Wallet,
    hookimpl,
    read_settings,
)
from loyalty_gamification.checks import check
from loyalty_gamification.config import GamificationConfig

ADA = {"email": "ada@example.org"}


def settings(toml: str) -> GamificationConfig:
    return read_settings(GamificationConfig, tomllib.loads(toml, parse_float=Decimal), where="$")


def shop(zone: str = "UTC") -> ProgramConfig:
    return ProgramConfig(
        program=Program(id="shop", currency="USD", time_zone=zone),
        wallets={"points": Wallet(), "stars": Wallet(unit="stars", scale=1)},
        plugins={"gamification": {}},
        rewards={"tea": Reward(kind=RewardType.PRODUCT)},
    )


def faults(toml: str) -> list[str]:
    """The paths of the faults that are found."""
    try:
        check(settings(toml), shop())
    except ConfigError as error:
        return [problem.where.removeprefix("plugins.gamification.") for problem in error.problems]
    return []


def moment(text: str) -> datetime:
    """A moment, in UTC where no offset is written; noon of a day."""
    made = datetime.fromisoformat(text)
    if made.tzinfo is not None:
        return made.astimezone(UTC)
    return made.replace(tzinfo=UTC, hour=made.hour if "T" in text else 12)


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: moment("2026-01-01"))

    def __call__(self) -> datetime:
        return self.now


@dataclass(eq=False)
class Listener:
    """A plugin that notes the data of one type of event."""

    event_type: str
    told: list[Mapping[str, Json]]
    manifest = PluginManifest(
        id="listener",
        version="1.0",
        requires_plugin_api=">=1.0,<2",
        config=None,
        summary="Notes events.",
    )

    @hookimpl
    def loyalty_register_handlers(self) -> Iterable[Subscription]:
        def note(event: Event) -> None:
            self.told.append(event.data)

        return [Subscription(id="listener.note", event_type=self.event_type, handler=note)]


class Shop:
    """One program with games, whose time one can move."""

    def __init__(
        self,
        toml: str,
        *,
        zone: str = "UTC",
        listens_to: str = "",
        database: str = "sqlite://",
    ) -> None:
        self.clock = Clock()
        self.number = 0
        self.told: list[Mapping[str, Json]] = []
        listener = Listener(f"gamification.{listens_to}", self.told)
        config: Mapping[str, Any] = {
            "program": {"id": "shop", "currency": "USD", "time_zone": zone},
            "wallets": {"points": {}},
            "rewards": {"tea": {"kind": "product", "product": "TEA"}},
            "plugins": {"gamification": tomllib.loads(toml, parse_float=Decimal), "listener": {}},
        }
        self.loyalty = Loyalty.open(config, database, clock=self.clock, plugins=[listener])

    def at(self, when: str) -> Shop:
        self.clock.now = moment(when)
        return self

    def join(self, *, time_zone: str = "") -> Shop:
        self.loyalty.enrol(ADA, profile=Profile(time_zone=time_zone))
        return self

    def do(self, kind: str, when: str | None = None, **fields: Any) -> FactReceipt:
        """An activity; the clock goes to its moment unless it stands later."""
        return self._record({"type": "activity", "kind": kind}, when, fields)

    def buy(self, amount: str, when: str | None = None, **fields: Any) -> FactReceipt:
        lines = [{"id": "1", "amount": amount}]
        return self._record({"type": "order", "currency": "USD", "lines": lines}, when, fields)

    def give_back(self, order: str, when: str | None = None, **fields: Any) -> FactReceipt:
        at = moment(when) if when else self.clock.now
        self.clock.now = max(self.clock.now, at)
        refund = {"id": f"R{order}{at.isoformat()}", "occurred_at": at.isoformat(), **fields}
        fact = {"type": "refund", "source": "web", "order_id": order, "currency": "USD"}
        return self.loyalty.record({**fact, "refund": refund})

    def _record(self, fact: Any, when: str | None, fields: Any) -> FactReceipt:
        self.number += 1
        at = moment(when) if when else self.clock.now
        self.clock.now = max(self.clock.now, at)
        known = {"source": "web", "id": str(self.number), "identities": ADA}
        made = self.loyalty.record({**known, "occurred_at": at.isoformat(), **fact, **fields})
        assert made.error is None
        return made

    def shown(self, section: str, at: str | None = None) -> Any:
        """What the first game of a section shows."""
        if at is not None:
            self.at(at)
        found = self.loyalty.find(ADA)
        assert found is not None
        shown: Any = self.loyalty.statement(found.id).shown["gamification"]
        return shown[section][0]

    @property
    def points(self) -> int:
        found = self.loyalty.find(ADA)
        return self.loyalty.balance(found.id) if found else 0
