"""A plugin that fails in whatever way a test wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from loyalty_core import (
    Board,
    Event,
    Loyalty,
    Money,
    PluginManifest,
    PluginStatus,
    SpendOffer,
    Standing,
    Subscription,
    Tier,
    hookimpl,
)
from tests.toy import START, ToyFailure, order

ON = {"toy": {}, "broken": {}}


def sale(number: int, **given: Any) -> dict[str, Any]:
    """An order after all with lower numbers: none of them is decided again."""
    return order(str(number), at=START - timedelta(hours=1000 - number), **given)


def status_of(loyalty: Loyalty, plugin: str) -> PluginStatus:
    """How a plugin of a program stands."""
    return next(one for one in loyalty.plugin_status() if one.id == plugin)


def _nothing(_: str) -> None:
    return None


@dataclass(eq=False)
class Broken:
    """A plugin that answers whatever a test wants, or raises it; ``before`` is called first."""

    answers: dict[str, Any] = field(default_factory=dict)
    hooks: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: Callable[[str], None] = _nothing
    id: str = "broken"
    manifest: Any = None

    def __post_init__(self) -> None:
        self.manifest = self.manifest or PluginManifest(
            id=self.id, version="0.9", requires_plugin_api=">=1.0,<2"
        )

    def say(self, what: str, default: Any = ()) -> Any:
        self.before(what)
        self.asked.append(what)
        answer = self.answers.get(what, default)
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    def registered(self, kind: str, default: Any) -> Any:
        answer = self.hooks.get(kind, default)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @hookimpl
    def loyalty_register_programs(self) -> Any:
        return self.registered("programs", [BrokenProgram(self)])

    @hookimpl
    def loyalty_register_rewards(self) -> Any:
        return self.registered("rewards", [BrokenReward(self)])

    @hookimpl
    def loyalty_register_benefits(self) -> Any:
        return self.registered("benefits", [BrokenScheme(self)])

    @hookimpl
    def loyalty_register_activities(self) -> Any:
        return self.registered("activities", [])

    @hookimpl
    def loyalty_register_connectors(self) -> Any:
        return self.registered("connectors", [])

    @hookimpl
    def loyalty_register_payments(self) -> Any:
        return self.registered("payments", [])

    @hookimpl
    def loyalty_register_handlers(self) -> Any:
        def handle(event: Event) -> Any:
            return self.say("handle", None)

        every = Subscription(id="broken.all", event_type="points_credited", handler=handle)
        return self.registered("handlers", [every])


@dataclass(frozen=True)
class BrokenProgram:
    broken: Broken

    def decide(self, fact: Any, member: Any) -> Any:
        return self.broken.say("decide")

    def follow(self, outcome: Any, member: Any) -> Any:
        return self.broken.say("follow")

    def suggest(self, cart: Any, member: Any) -> Any:
        return self.broken.say("suggest")

    def show(self, member: Any, at: Any) -> Any:
        return self.broken.say("show", {"it": "works"})


@dataclass(frozen=True)
class BrokenRanking(BrokenProgram):
    board: str = "ranks"

    @property
    def boards(self) -> Any:
        return (Board(board=self.board),)

    def scores(self, member: Any, at: Any) -> Any:
        return self.broken.say("scores")


@dataclass(frozen=True)
class BrokenReward:
    broken: Broken
    id: Any = "broken.money"
    summary: str = "Money"
    wallet: Any = "points"

    def offer(self, request: Any, member: Any) -> Any:
        offer = SpendOffer(wallet="points", points=5, worth=Money(5, "USD"))
        return self.broken.say("offer", offer)


@dataclass(frozen=True)
class BrokenScheme:
    broken: Broken
    id: str = "broken.ladder"
    scheme: str = "ladder"
    tiers: tuple[Tier, ...] = ()

    def benefits(self, member: Any, at: Any) -> Any:
        return self.broken.say("benefits")

    def standing(self, member: Any, at: Any) -> Any:
        return self.broken.say("standing", Standing(scheme="ladder", tier=None))


class Sulking:
    """An answer that raises whatever is done to it."""

    def __getattr__(self, name: str) -> Any:
        raise ToyFailure(name)

    def __iter__(self) -> Any:
        raise ToyFailure("iter")
