"""Plugins that do not come back from what may ask others: nobody waits for them for ever."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import current_thread
from time import sleep
from typing import Any

import pytest

from loyalty_core import (
    Loyalty,
    PluginFailed,
    PluginManifest,
    PluginState,
    PluginStatus,
    Subscription,
    Wants,
    hookimpl,
)
from loyalty_core.application.quarantine import MOST_FAILURES as TEN
from loyalty_core.application.quarantine import Call, Quarantine
from tests.contract.conftest import Shop
from tests.platform.broken import sale, status_of
from tests.platform.stopwatch import quarantine_of
from tests.stall import Stall, sent
from tests.toy import Toy, order, points


@dataclass(eq=False)
class Hanging:
    """A plugin that does not come back, from where a test says, until the test is over."""

    hangs: set[str] = field(default_factory=set)
    called: list[str] = field(default_factory=list)
    over: Flag = field(default_factory=Flag)
    manifest = PluginManifest(id="hanging", version="1", requires_plugin_api=">=1.0,<2")

    def __call__(self, event: Any) -> None:
        self.called.append(current_thread().name)
        if "handle" in self.hangs:
            self.over.wait()

    @hookimpl
    def loyalty_register_handlers(self) -> list[Subscription]:
        return [Subscription(id="hanging.all", event_type="points_credited", handler=self)]


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.over.set()


def _impatient(loyalty: Loyalty) -> Loyalty:
    quarantine = quarantine_of(loyalty)
    quarantine.wait_ms = quarantine.page_ms = 1
    return loyalty


def test_a_handler_that_does_not_come_back_holds_up_nobody(
    shop: Shop, hanging: Hanging, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="loyalty_core")
    toy = Toy(subscribed=("points_credited",))
    loyalty = shop.open(plugins={"hanging": {}, "toy": {}}, toys=(hanging, toy))
    hanging.hangs = {"handle"}
    _impatient(loyalty)
    for number in range(TEN + 3):
        loyalty.record(sale(number))
    done = loyalty.tick()  # the others are not held up by it, nor is it asked for each of them
    assert (done.delivered, done.delivery_failures, len(toy.received)) == (TEN + 3, 1, TEN + 3)
    for _ in range(TEN - 1):
        shop.clock.advance(hours=2)
        loyalty.tick()
    found = status_of(loyalty, "hanging")
    assert (found.state, found.held) == (PluginState.QUARANTINED, ("handle hanging.all",))
    assert found.reason == "took more than 1 ms to handle hanging.all"
    assert (found.pending_deliveries, found.dead_deliveries) == (TEN + 3, 0)
    shop.clock.advance(days=1)
    assert loyalty.tick().delivery_failures == 0
    assert hanging.called == ["loyalty handle hanging.all"]  # it has not come back yet
    hanging.hangs.clear()
    quarantine_of(loyalty).wait_ms = 60_000
    assert loyalty.lift("hanging").lifted
    assert (loyalty.tick().delivered, status_of(loyalty, "hanging").pending_deliveries) == (
        TEN + 3,
        0,
    )


@dataclass(eq=False)
class HangingStall(Stall):
    """A stall whose connector does not come back from what a test names."""

    hangs: set[str] = field(default_factory=set)
    over: Flag = field(default_factory=Flag)

    def _wait(self, name: str) -> None:
        if name in self.hangs:
            self.over.wait()

    def translate(self, message: Any) -> Any:
        self._wait("translate")
        return super().translate(message)

    def changed_since(self, cursor: str) -> Any:
        self._wait("changed_since")
        return super().changed_since(cursor)

    def act(self, action: Any) -> Any:
        self._wait("act")
        return super().act(action)

    def health(self) -> Any:
        self._wait("health")
        return super().health()


@dataclass(eq=False)
class Near(Stall):
    """Another stall."""

    id: str = "near.main"
    manifest = PluginManifest(id="near", version="1", requires_plugin_api=">=1.1,<2")


@pytest.fixture
def stall() -> Iterator[HangingStall]:
    made = HangingStall(wants=Wants(members=True))
    yield made
    made.over.set()


@pytest.fixture
def market(shop: Shop, stall: HangingStall) -> Loyalty:
    """A program with two stalls, which waits for nobody."""
    on = {"stall": {}, "near": {}, "toy": {}}
    return _impatient(shop.open(plugins=on, toys=(stall, Near(), shop.toy)))


def _after(market: Loyalty, shop: Shop) -> PluginStatus:
    """How the stall stands once everything was tried again and again."""
    for _ in range(TEN):
        market.tick()
        shop.clock.advance(hours=2)
    return status_of(market, "stall")


def test_a_connector_that_does_not_come_back_from_a_message(
    shop: Shop, stall: HangingStall, market: Loyalty
) -> None:
    stall.hangs = {"translate"}
    for number in range(3):
        market.receive("stall.main", **sent(order(f"far-{number}")))
        market.receive("near.main", **sent(order(f"near-{number}")))
    done = market.work_inbox()
    assert (done.done, done.dead, done.put_off) == (3, 0, 3)  # the other shop's are booked
    found = _after(market, shop)
    assert (found.held, market.connector_status("stall.main").dead) == (
        ("translate stall.main",),
        0,
    )
    assert market.connector_status("stall.main").pending == 3
    assert market.work_inbox().put_off == 0  # they are not even taken
    stall.hangs.clear()
    quarantine_of(market).wait_ms = 60_000
    market.lift("stall")
    assert market.work_inbox().done == 3
    member = market.find({"email": "ada@example.org"})
    assert member is not None
    assert points(market, member.id)[0] == 360


def test_a_connector_that_does_not_come_back_from_what_it_is_to_do(
    shop: Shop, stall: HangingStall, market: Loyalty
) -> None:
    stall.hangs = {"act"}
    for number in range(3):
        market.record(sale(number, email=f"{number}@example.org"))
    assert _after(market, shop).held == ("act stall.main",)
    status = market.connector_status("stall.main")
    assert (status.actions_pending, status.actions_dead, status.disabled_at) == (3, 0, None)
    stall.hangs.clear()
    quarantine_of(market).wait_ms = 60_000
    market.lift("stall")
    shop.clock.advance(days=1)
    market.tick()
    assert (len(stall.acted), market.connector_status("stall.main").actions_pending) == (3, 0)


def test_a_connector_that_does_not_come_back_from_a_page(
    shop: Shop, stall: HangingStall, market: Loyalty
) -> None:
    stall.hangs, stall.sold = {"changed_since", "health"}, [order("far")]
    for _ in range(TEN):
        with pytest.raises(PluginFailed) as raised:
            market.reconcile("stall.main")
        sleep(0.002)  # longer than it is waited for, so that it counts each time
    assert raised.value.message == "plugin 'stall' is not back yet from changed_since stall.main"
    assert status_of(market, "stall").held == ("changed_since stall.main",)
    assert market.connector_health("stall.main").ok is False
    stall.hangs.clear()
    quarantine_of(market).page_ms = 60_000
    market.lift("stall")
    assert market.reconcile("stall.main").missing == 1


def test_what_a_plugin_raises_in_its_thread_is_raised_where_it_is_waited_for() -> None:
    def fails() -> None:
        raise ZeroDivisionError

    quarantine = Quarantine()
    with pytest.raises(ZeroDivisionError):
        quarantine.waiting("some", "handle", "some.all", fails)
    assert quarantine.waiting("some", "handle", "some.all", lambda: 5) == 5


def test_who_has_not_come_back_is_not_called_again_until_then() -> None:
    """So no more than one thread is left behind for each call, also of what is never held."""
    over, called = Flag(), 0

    def hangs() -> bool:
        nonlocal called
        called += 1
        return over.wait()

    quarantine = Quarantine(wait_ms=20)
    for _ in range(3):
        with pytest.raises(PluginFailed):
            quarantine.waiting("some", "health", "some.main", hangs)
    assert called == 1
    over.set()
    quarantine._left[Call("some", "health", "some.main")].thread.join()
    assert quarantine.waiting("some", "health", "some.main", hangs)
