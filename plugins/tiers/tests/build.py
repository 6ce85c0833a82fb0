"""What the tests are made of: programs with tiers, and short ways to write facts and look."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from loyalty_core import (
    Loyalty,
    Program,
    ProgramConfig,
    Standing,
    Statement,
    Wallet,
    read_settings,
)
from loyalty_tiers.config import TiersConfig

ADA = {"email": "ada@example.org"}
LADDER = """
[[scheme]]
scheme = "status"
{rules}

[[scheme.tier]]
tier = "bronze"

[[scheme.tier]]
tier = "silver"
any_of = [{{ metric = "spend", at_least = "100.00" }}]

[[scheme.tier]]
tier = "gold"
any_of = [{{ metric = "spend", at_least = "500.00" }}]
"""


def ladder(rules: str = "") -> str:
    """Bronze, silver from 100.00, gold from 500.00."""
    return LADDER.format(rules=rules)


def settings(toml: str) -> TiersConfig:
    return read_settings(TiersConfig, tomllib.loads(toml, parse_float=Decimal), where="$")


def shop(**plugins: Any) -> ProgramConfig:
    return ProgramConfig(
        program=Program(id="shop", currency="USD", time_zone="America/New_York"),
        wallets={"points": Wallet(), "stars": Wallet(unit="stars", scale=1)},
        plugins={"tiers": {}, **plugins},
    )


def moment(text: str) -> datetime:
    """A moment in UTC, from a day or a day and a time."""
    made = datetime.fromisoformat(text)
    return made.replace(tzinfo=UTC, hour=made.hour if "T" in text else 12)


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: moment("2024-01-01"))

    def __call__(self) -> datetime:
        return self.now


class Shop:
    """One program with one member, whose time one can move."""

    def __init__(self, toml: str, *, zone: str = "UTC", plugins: Any = (), **sections: Any) -> None:
        self.clock = Clock()
        tiers = tomllib.loads(toml, parse_float=Decimal)
        on = {"tiers": tiers, **sections.pop("plugins_on", {})}
        config: Mapping[str, Any] = {
            "program": {"id": "shop", "currency": "USD", "time_zone": zone},
            "wallets": {"points": {}},
            "plugins": on,
            **sections,
        }
        self.loyalty = Loyalty.open(config, "sqlite://", plugins=plugins, clock=self.clock)

    def at(self, when: str) -> Shop:
        self.clock.now = moment(when)
        return self

    def join(self) -> Shop:
        self.loyalty.enrol(ADA)
        return self

    def buy(self, amount: str, id: str, when: str | None = None, **fields: Any) -> Any:
        at = moment(when) if when else self.clock.now
        fact = {
            "type": "order",
            "source": "web",
            "id": id,
            "identities": ADA,
            "currency": "USD",
            "occurred_at": at.isoformat(),
            "lines": [{"id": "1", "amount": amount}],
            **fields,
        }
        return self.loyalty.record(fact)

    def refund(self, id: str, when: str | None = None, **fields: Any) -> Any:
        at = moment(when) if when else self.clock.now
        refund = {"id": f"R{id}{at.isoformat()}", "occurred_at": at.isoformat(), **fields}
        fact = {"type": "refund", "source": "web", "order_id": id, "currency": "USD"}
        return self.loyalty.record({**fact, "refund": refund})

    @property
    def member(self) -> str:
        found = self.loyalty.find(ADA)
        assert found is not None
        return found.id

    @property
    def statement(self) -> Statement:
        return self.loyalty.statement(self.member)

    @property
    def standing(self) -> Standing:
        return self.statement.standing("status")

    @property
    def tier(self) -> str:
        return self.standing.held

    def history(self) -> list[tuple[str, str | None, str]]:
        return [
            (change.at.isoformat()[:16], change.tier, change.why)
            for change in self.standing.history
        ]


def day(text: str) -> date:
    return date.fromisoformat(text)
