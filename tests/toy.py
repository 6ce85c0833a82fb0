"""A small program for the core's own tests: every kind of rule once, each easy to work out by hand.

Points by line and whole currency unit, a bonus on the first order, a cap by day that is kept as
state, points for activities, an optional pending period, and a reward that costs a point a cent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_core import (
    Activity,
    Credit,
    Decidable,
    Effect,
    Emit,
    Event,
    Json,
    KeepState,
    Loyalty,
    Measure,
    MemberView,
    Money,
    PluginManifest,
    ProgramConfig,
    SpendOffer,
    SpendRequest,
    Subscription,
    day_of,
    hookimpl,
    line_nets,
    split,
)

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


class ToyFailure(Exception):
    """What the toy raises when a test tells it to."""


@dataclass(frozen=True, kw_only=True)
class ToyConfig:
    """What a test can set; amounts are points."""

    per_unit: int = 1
    first_order: int = 0
    daily_cap: int | None = None
    activities: Mapping[str, int] = field(default_factory=dict)
    pending_days: int = 0
    tagged: int = 0
    emits: bool = False
    measures: str = ""


@dataclass(eq=False)
class Toy:
    """The plugin; ``failing`` holds the ids of facts (or ``offer``) that make it raise."""

    id: str = "toy"
    subscribed: tuple[str, ...] = ()
    failing: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    received: list[Event] = field(default_factory=list)
    on_event: Callable[[Event], None] | None = None

    @property
    def manifest(self) -> PluginManifest:
        return PluginManifest(
            id=self.id, version="1", requires_plugin_api=">=1.0,<2", config=ToyConfig
        )

    @hookimpl
    def loyalty_register_programs(self, config: ToyConfig, program: ProgramConfig) -> Any:
        return [ToyProgram(self, config)]

    @hookimpl
    def loyalty_register_rewards(self, config: ToyConfig, program: ProgramConfig) -> Any:
        return [ToyReward(self)]

    @hookimpl
    def loyalty_register_handlers(self, config: ToyConfig, program: ProgramConfig) -> Any:
        return [
            Subscription(id=f"{self.id}.{kind}", event_type=kind, handler=self._receive)
            for kind in self.subscribed
        ]

    def _receive(self, event: Event) -> None:
        if self.on_event is not None:
            self.on_event(event)
        self.received.append(event)


@dataclass(frozen=True)
class ToyProgram:
    """How the toy's members earn."""

    toy: Toy
    config: ToyConfig

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        self.toy.asked.append(fact.id)
        if fact.id in self.toy.failing:
            raise ToyFailure(fact.id)
        pending = timedelta(days=self.config.pending_days)
        lines = self._lines(fact)
        wanted = sum(lines.values())
        amount, state = self._capped(wanted, fact, member)
        if amount != wanted:
            shares = split(amount, list(lines.values()))
            lines = dict(zip(lines, shares, strict=True))
        activity = isinstance(fact, Activity)
        base = Credit(
            wallet="points",
            amount=amount,
            rule="activity" if activity else "base",
            lines={} if activity else lines,
            activates_at=fact.occurred_at + pending if pending else None,
        )
        effects: list[Effect] = [base, *state]
        if self.config.first_order and not activity and not member.history.orders:
            bonus = self.config.first_order
            effects.append(Credit(wallet="points", amount=bonus, rule="first_order"))
        if self.config.tagged and "vip" in member.profile.tags:
            effects.append(Credit(wallet="points", amount=self.config.tagged, rule="tagged"))
        if self.config.emits:
            effects.append(Emit(type=f"{self.toy.id}.decided", data={"fact": fact.id}))
        if isinstance(fact, Activity) and fact.kind == self.config.measures:
            effects.append(Measure(metric=f"{self.toy.id}.{fact.kind}s"))
        return effects

    def _lines(self, fact: Decidable) -> dict[str, int]:
        if isinstance(fact, Activity):
            return {"": self.config.activities.get(fact.kind, 0)}
        return {line: net // 100 * self.config.per_unit for line, net in line_nets(fact).items()}

    def _capped(
        self, wanted: int, fact: Decidable, member: MemberView
    ) -> tuple[int, list[KeepState]]:
        if self.config.daily_cap is None:
            return wanted, []
        day = day_of(fact.occurred_at, "UTC").isoformat()
        had = member.state.get("points", 0) if member.state.get("day") == day else 0
        assert isinstance(had, int)
        amount = max(0, min(wanted, self.config.daily_cap - had))
        return amount, [KeepState({"day": day, "points": had + amount})]


@dataclass(frozen=True)
class ToyReward:
    """A cent off for each point, in money of no particular order."""

    toy: Toy

    @property
    def id(self) -> str:
        return f"{self.toy.id}.money"

    @property
    def summary(self) -> str:
        return "A cent off for each point"

    @property
    def wallet(self) -> str:
        return "points"

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        if "offer" in self.toy.failing:
            raise ToyFailure("offer")
        points = request.available if request.points is None else request.points
        return SpendOffer(wallet="points", points=points, worth=Money(points, "USD"))


def config_of(
    program: str = "shop",
    *,
    wallet: Mapping[str, Json] | None = None,
    settings: Mapping[str, Json] | None = None,
    plugins: Mapping[str, Json] | None = None,
    **more: Json,
) -> dict[str, Json]:
    """A configuration with one wallet, ``points``, and the toy switched on."""
    return {
        "program": {"id": program, **more},
        "wallets": {"points": dict(wallet or {})},
        "plugins": dict(plugins) if plugins is not None else {"toy": dict(settings or {})},
    }


def order(
    number: str = "1",
    amount: str = "60.00",
    *,
    email: str | None = "ada@example.org",
    at: datetime = START,
    **more: Any,
) -> dict[str, Any]:
    """An order of one line; ``more`` replaces or adds fields."""
    return {
        "type": "order",
        "source": "web",
        "id": number,
        "currency": "USD",
        "occurred_at": at.isoformat(),
        "identities": {"email": email} if email else {},
        "lines": [{"id": "a", "amount": amount}],
        **more,
    }


def refund(number: str, of: str = "1", *, at: datetime = START, **more: Any) -> dict[str, Any]:
    """A refund that comes by itself; without ``lines``, ``amount`` or ``shipping`` it is whole."""
    return {
        "type": "refund",
        "source": "web",
        "order_id": of,
        "currency": "USD",
        "refund": {"id": number, "occurred_at": at.isoformat(), **more},
    }


def activity(
    number: str,
    kind: str = "review",
    *,
    email: str | None = "ada@example.org",
    at: datetime = START,
    **more: Any,
) -> dict[str, Any]:
    """An activity of somebody."""
    return {
        "type": "activity",
        "source": "web",
        "id": number,
        "kind": kind,
        "occurred_at": at.isoformat(),
        "identities": {"email": email} if email else {},
        **more,
    }


def points(loyalty: Loyalty, member_id: str) -> tuple[int, int, int, int]:
    """Balance, available, pending and debt of the wallet ``points``."""
    wallet = loyalty.statement(member_id).wallet("points")
    return wallet.balance, wallet.available, wallet.pending, wallet.debt


def totals(loyalty: Loyalty, member_id: str) -> tuple[int, int, int, int]:
    """Earned, redeemed, expired and adjusted of the wallet ``points``."""
    wallet = loyalty.statement(member_id).wallet("points")
    return wallet.earned, wallet.redeemed, wallet.expired, wallet.adjusted
