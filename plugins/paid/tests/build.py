"""What the tests are made of: programs with plans, a till one can watch, and short ways to act."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from loyalty_core import (
    Charge,
    ConfigError,
    Event,
    FactReceipt,
    Loyalty,
    Money,
    Payment,
    PaymentProvider,
    PaymentState,
    PluginManifest,
    Program,
    ProgramConfig,
    Repayment,
    Subscription,
    Wallet,
    hookimpl,
    read_settings,
)
from loyalty_paid import Memberships
from loyalty_paid.checks import check
from loyalty_paid.config import PaidConfig

ADA = {"email": "ada@example.org"}
PLANS = """
[[plan]]
plan = "basic"
price = "10.00"
period = "month"
retry_after_days = [1, 3]
grace_days = 7
pause_days = 30
benefits = [{ benefit = "basic-price", kind = "percent_off", percent = 5 }]

[[plan]]
plan = "plus"
price = "30.00"
period = "month"
benefits = [{ benefit = "plus-price", kind = "percent_off", percent = 10 }]

[[plan]]
plan = "year"
price = "99.00"
period = "year"
trial_days = 14

[[plan]]
plan = "life"
price = "200.00"
period = "lifetime"

[[plan]]
plan = "outside"
price = "8.00"
period = "month"
renewal = "provider"
grace_days = 5

[[plan]]
plan = "pass"
price = "5.00"
period = "week"
renewal = "none"
skus = ["WEEK-PASS"]
"""


def settings(toml: str) -> PaidConfig:
    return read_settings(PaidConfig, tomllib.loads(toml, parse_float=Decimal), where="$")


def program(zone: str = "UTC") -> ProgramConfig:
    return ProgramConfig(
        program=Program(id="shop", currency="USD", time_zone=zone),
        wallets={"points": Wallet()},
        plugins={"paid": {}},
    )


def faults(toml: str) -> list[str]:
    """The paths of the faults that are found."""
    try:
        check(settings(toml), program())
    except ConfigError as error:
        return [problem.where.removeprefix("plugins.paid.") for problem in error.problems]
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


class Death(BaseException):
    """The process dies."""


@dataclass
class Bank:
    """A provider that remembers by key what it did, whatever happens to those who ask.

    ``says`` is by attempt of a fee, "paid" if nothing is said; ``dies`` ends the next call after
    the money has moved. ``meanwhile`` is done while somebody is asking.
    """

    id: str = "bank.bank"
    says: dict[str, str] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    taken: list[Money] = field(default_factory=list)
    returned: dict[str, Money] = field(default_factory=dict)
    dies: bool = False
    meanwhile: Callable[[], object] = str

    def charge(self, charge: Charge) -> Payment:
        self.asked.append(charge.key)
        self.meanwhile()
        if charge.key not in self.payments:
            state = PaymentState(self.says.get(charge.key.rpartition("/")[2], "paid"))
            if state is PaymentState.PAID:
                self.taken.append(charge.amount)
            self.payments[charge.key] = Payment(
                state=state,
                source="bank",
                reference=f"pay-{len(self.payments)}",
                at=charge.at,
                reason="no money" if state is PaymentState.DECLINED else "",
                pay_url="https://bank/pay" if state is PaymentState.PENDING else "",
            )
        self._die()
        return self.payments[charge.key]

    def refund(self, repayment: Repayment) -> datetime:
        self.returned[repayment.key] = repayment.amount
        self._die()
        return repayment.at

    def _die(self) -> None:
        if self.dies:
            self.dies = False
            raise Death


@dataclass(eq=False)
class BankPlugin:
    """Registers the bank, and notes what the paid plugin tells."""

    bank: Bank
    told: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    manifest = PluginManifest(id="bank", version="1.0", requires_plugin_api=">=1.2,<2")
    events = (
        "started",
        "renewed",
        "changed",
        "cancelled",
        "paused",
        "resumed",
        "ended",
        "paid_twice",
        "refund_due",
        "payment_failed",
        "command_refused",
    )

    @hookimpl
    def loyalty_register_payments(self) -> Iterable[PaymentProvider]:
        return [self.bank]

    @hookimpl
    def loyalty_register_handlers(self) -> Iterable[Subscription]:
        def note(event: Event) -> None:
            self.told.append((event.type.removeprefix("paid."), event.data))

        return [
            Subscription(id=f"bank.{name}", event_type=f"paid.{name}", handler=note)
            for name in self.events
        ]


class Shop:
    """One program with plans, whose time one can move."""

    def __init__(
        self,
        url: str = "sqlite://",
        *,
        zone: str = "UTC",
        plans: str = PLANS,
        bank: str = "",
        ledger: Bank | None = None,
    ) -> None:
        self.clock = Clock()
        self.bank = ledger or Bank()
        self.plugin = BankPlugin(self.bank)
        self.number = 0
        paid = tomllib.loads(plans, parse_float=Decimal)
        self.config: dict[str, Any] = {
            "program": {"id": "shop", "currency": "USD", "time_zone": zone},
            "wallets": {"points": {}},
            "plugins": {"paid": {"provider": bank or "bank.bank", **paid}, "bank": {}},
        }
        self.url = url
        self.open()

    def open(self) -> None:
        """Opens the program (again)."""
        self.loyalty = Loyalty.open(self.config, self.url, clock=self.clock, plugins=[self.plugin])
        self.memberships = Memberships(self.loyalty)

    def at(self, when: str) -> Shop:
        self.clock.now = moment(when)
        return self

    @property
    def ada(self) -> str:
        return self.loyalty.enrol(ADA).id

    def do(self, command: str, *words: Any, when: str | None = None, **more: Any) -> Any:
        """A command of Ada's, and all that comes of it at once."""
        if when is not None:
            self.at(when)
        self.number += 1
        method = getattr(self.memberships, command)
        shown = method(self.ada, *words, key=f"k{self.number}", **more)
        self.loyalty.tick()
        return shown

    def pay(self, sku: str, number: str, when: str | None = None, **more: Any) -> FactReceipt:
        """A fee that is paid without being asked for."""
        if when is not None:
            self.at(when)
        line = {"id": "1", "sku": sku, "kind": "membership", "amount": "8.00"}
        line |= more.pop("line", {})
        return self.record(
            {"type": "order", "id": number, "currency": "USD", "lines": [line], **more}
        )

    def give_back(self, number: str, when: str, source: str = "web", **more: Any) -> FactReceipt:
        self.at(when)
        refund = {"id": f"r-{number}", "occurred_at": self.clock.now.isoformat(), **more}
        fact = {"type": "refund", "source": source, "order_id": number, "currency": "USD"}
        return self.loyalty.record({**fact, "refund": refund})

    def record(self, fact: Mapping[str, Any]) -> FactReceipt:
        given: dict[str, Any] = {"source": "web", "identities": ADA}
        if fact["type"] != "refund":
            given["occurred_at"] = self.clock.now.isoformat()
        return self.loyalty.record({**given, **fact})

    def shown(self, when: str | None = None, *, tick: bool = True) -> Any:
        """What Ada is shown of her membership."""
        if when is not None:
            self.at(when)
        if tick:
            self.loyalty.tick()
        return self.memberships.of(self.ada)

    def benefits(self, when: str | None = None) -> list[str]:
        if when is not None:
            self.at(when)
        return [one.benefit.benefit for one in self.loyalty.statement(self.ada).benefits]

    def told(self) -> list[str]:
        return [what for what, _ in self.plugin.told]
