"""Plugins that are slow: told, counted, and called no more, whatever they are called for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from threading import Event as Flag
from threading import current_thread
from typing import Any

import pytest

from loyalty_core import (
    Loyalty,
    PluginFailed,
    PluginManifest,
    PluginState,
    PluginStatus,
    RecordStatus,
    Score,
    Subscription,
    Wants,
    hookimpl,
)
from loyalty_core.application.quarantine import MOST_FAILURES as TEN
from loyalty_core.application.quarantine import Quarantine
from tests.contract.conftest import Shop
from tests.platform.broken import ON, Broken, BrokenRanking
from tests.platform.stopwatch import Stopwatch
from tests.stall import Stall, sent
from tests.toy import START, Toy, order, points

CART = {"currency": "USD", "lines": [{"id": "a", "amount": "9.00"}]}


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def broken() -> Broken:
    made = Broken()
    made.hooks["programs"] = [BrokenRanking(made)]
    return made


def sale(number: int, **given: Any) -> dict[str, Any]:
    """An order after all with lower numbers: none of them is decided again."""
    return order(f"sale-{number}", at=START - timedelta(hours=1000 - number), **given)


def opened(shop: Shop, broken: Broken, watch: Stopwatch) -> Loyalty:
    return watch.of(shop.open(plugins=ON, toys=(shop.toy, broken)))


def status_of(loyalty: Loyalty, plugin: str = "broken") -> PluginStatus:
    return next(one for one in loyalty.plugin_status() if one.id == plugin)


# -- what is pure: by the time of the processor -----------------------------------------------


def _records(loyalty: Loyalty, member: str, number: int) -> Any:
    return loyalty.record(sale(1 + number))


def _redeems(loyalty: Loyalty, member: str, number: int) -> Any:
    return loyalty.redeem(member, reward="broken.money", points=5, key=f"k{number}")


PURE: dict[str, tuple[Any, Callable[[Loyalty, str, int], Any]]] = {
    "decide": ([], _records),
    "benefits": ([], lambda loyalty, member, _: loyalty.statement(member)),
    "standing": (None, lambda loyalty, member, _: loyalty.statement(member)),
    "show": ({"it": "works"}, lambda loyalty, member, _: loyalty.statement(member)),
    "suggest": ([], lambda loyalty, member, _: loyalty.quote(CART, member)),
    "scores": ([], _records),
    "offer": (None, lambda loyalty, member, _: loyalty.quote(CART, member)),
}
OF = {"benefits": " broken.ladder", "standing": " broken.ladder", "offer": " broken.money"}


def _slow(watch: Stopwatch, broken: Broken, call: str) -> None:
    """From now on the plugin answers this rightly, after two seconds of work."""
    usual = broken.say

    def say(what: str, default: Any = ()) -> Any:
        if what == call:
            watch.works(2000)
        return usual(what, default)

    object.__setattr__(broken, "say", say)


@pytest.mark.parametrize("call", PURE)
def test_what_takes_a_second_of_work_ten_times_is_not_called_any_more(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch, call: str
) -> None:
    loyalty, ask = opened(sqlite_shop, broken, watch), PURE[call][1]
    member = loyalty.record(sale(0)).member_id or ""
    _slow(watch, broken, call)
    for number in range(TEN):
        assert status_of(loyalty).state is PluginState.ON
        ask(loyalty, member, number)
    asked = broken.asked.count(call)
    for number in range(3):
        ask(loyalty, member, TEN + number)
    assert broken.asked.count(call) == asked
    found, held = status_of(loyalty), f"{call}{OF.get(call, '')}"
    assert (found.state, found.held, found.since) == (PluginState.QUARANTINED, (held,), START)
    assert found.reason == f"took more than 1,000 ms of processor time to {held}"
    assert loyalty.status().quarantined_plugins == ("broken",)
    assert status_of(loyalty, "toy").state is PluginState.ON
    assert loyalty.lift("broken").lifted
    ask(loyalty, member, 99)
    assert broken.asked.count(call) > asked
    assert (status_of(loyalty).held, loyalty.status().deferred_facts) == ((), 0)
    assert loyalty.verify().problems == ()


def _held(shop: Shop, broken: Broken, watch: Stopwatch, call: str) -> tuple[Loyalty, str]:
    """A program in which this is not called any more, and a member."""
    loyalty = opened(shop, broken, watch)
    member = loyalty.record(sale(0)).member_id or ""
    _slow(watch, broken, call)
    for number in range(TEN):
        PURE[call][1](loyalty, member, number)
    return loyalty, member


def test_who_sees_a_member_meanwhile_sees_the_rest(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch, caplog: pytest.LogCaptureFixture
) -> None:
    loyalty, member = _held(sqlite_shop, broken, watch, "show")
    loyalty.status()
    caplog.clear()
    shown = loyalty.statement(member)
    assert (shown.shown, shown.wallets[0].balance) == ({}, 60)
    assert caplog.messages == []  # it was said once
    assert loyalty.record(sale(99)).status is RecordStatus.BOOKED
    assert loyalty.redeem(member, reward="broken.money", points=5, key="k").points == 5


def test_what_a_reward_costs_is_not_asked_and_the_others_can_be_had(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    loyalty, member = _held(sqlite_shop, broken, watch, "offer")
    quote = loyalty.quote(CART, member)
    assert (quote.failed, list(quote.offers)) == (("broken",), ["toy.money"])
    with pytest.raises(PluginFailed) as raised:
        _redeems(loyalty, member, 1)
    assert (
        raised.value.message
        == "plugin 'broken' is in quarantine, and not called to offer broken.money"
    )
    assert raised.value.remedy == "Once it is mended: loyalty plugins lift broken"
    assert loyalty.redeem(member, reward="toy.money", points=5, key="k").points == 5
    assert points(loyalty, member) == (55, 55, 0, 0)


def test_without_its_benefits_a_fact_waits_and_lifting_decides_it(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    loyalty, member = _held(sqlite_shop, broken, watch, "benefits")
    assert loyalty.record(sale(99)).status is RecordStatus.DEFERRED
    done = loyalty.lift("broken")
    assert (done.lifted, done.retried_facts, done.deferred_facts) == (True, 1, 0)
    assert points(loyalty, member)[0] == 120


def test_boards_stay_as_they_were_until_it_is_called_again(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    score = Score(board="ranks", amount=7, day=START.date(), reached_at=START)
    broken.answers["scores"] = [score]
    loyalty, member = _held(sqlite_shop, broken, watch, "scores")
    broken.answers["scores"] = []
    loyalty.record(sale(99))
    place = loyalty.board_around("ranks", member).place
    assert place is not None
    assert place.amount == 7


def test_on_a_busy_machine_nobody_is_slow(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    """Each call takes half a minute, of which others have the processor."""
    loyalty = opened(sqlite_shop, broken, watch)

    def busy() -> Any:
        watch.waits(30_000)
        watch.works(900)
        return []

    broken.answers |= dict.fromkeys(("decide", "benefits", "scores"), busy)
    for number in range(2 * TEN):
        assert loyalty.record(sale(number)).status is RecordStatus.BOOKED
    assert status_of(loyalty).held == ()


def test_one_that_waits_for_others_where_it_must_not_is_found_by_the_clock(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    loyalty = opened(sqlite_shop, broken, watch)

    def waits() -> Any:
        watch.waits(60_000)
        return []

    broken.answers["decide"] = waits
    for number in range(TEN - 1):
        assert loyalty.record(sale(number)).status is RecordStatus.BOOKED  # it is right
    loyalty.record(sale(TEN))
    found = status_of(loyalty)
    assert (found.held, found.reason) == (("decide",), "took more than 60,000 ms to decide")


def test_the_rest_of_a_batch_does_not_wait_for_it(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    loyalty = opened(sqlite_shop, broken, watch)
    _slow(watch, broken, "decide")
    loyalty.record_many([sale(number) for number in range(3 * TEN)])
    assert broken.asked.count("decide") == TEN
    assert status_of(loyalty).deferred_facts == 2 * TEN + 1  # it did not follow the tenth


def test_a_quick_call_between_slow_ones_is_enough(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    loyalty = opened(sqlite_shop, broken, watch)
    for number in range(2 * TEN - 1):
        quick = number == TEN - 1
        broken.answers["decide"] = [] if quick else watch.slow([])
        loyalty.record(sale(number))
    assert status_of(loyalty).held == ()


def test_it_is_counted_on_by_the_next_process_and_begins_anew_after_a_quick_call(
    shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    """As commands are, and a tick that is started every minute."""

    def runs(*answers: Any) -> None:
        with opened(shop, broken, watch) as loyalty:
            for answer in answers:
                broken.answers["decide"] = answer
                loyalty.record(sale(next(numbers)))

    slow, numbers = watch.slow([]), count()
    runs(slow, slow)
    runs(*[slow] * (TEN - 3))
    runs([])
    for _ in range(TEN - 1):
        runs(slow)
    with opened(shop, broken, watch) as loyalty:
        assert status_of(loyalty).held == ()
    runs(slow)
    with opened(shop, broken, watch) as loyalty:
        assert status_of(loyalty).held == ("decide",)


def test_one_that_was_slow_elsewhere_too_begins_anew_once_it_is_lifted(
    shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    here, there = opened(shop, broken, watch), opened(shop, broken, watch)
    broken.answers["decide"] = watch.slow([])
    for number in range(TEN - 1):
        there.record(sale(number))
    for number in range(TEN):
        here.record(sale(10 + number))
    there.record(sale(20))  # it knows of no quarantine yet, and it is slow once more
    broken.answers["decide"] = []
    here.lift("broken")
    there.record(sale(21))
    assert there.record(sale(22)).status is RecordStatus.BOOKED
    assert status_of(there).state is PluginState.ON


def test_another_process_learns_within_a_minute_that_it_was_held_and_lifted(
    shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    """Also one that records nothing, and only shows."""
    there = opened(shop, broken, watch)
    here, member = _held(shop, broken, watch, "show")
    here.statement(member)  # with this it is written down
    shop.clock.advance(minutes=2)
    asked = broken.asked.count("show")
    assert there.statement(member).shown == {}
    assert broken.asked.count("show") == asked
    here.lift("broken")
    shop.clock.advance(minutes=2)
    assert there.statement(member).shown == {"broken": {"it": "works"}}


def test_who_unites_states_slowly_is_told_and_asked_all_the_same(
    watch: Stopwatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Uniting them in another way would be wrong; a webhook that is not verified would be lost."""
    quarantine = Quarantine(processor_ns=lambda: watch.processor, clock_ns=lambda: watch.wall)
    for name in ("merge_states", "verify"):
        for _ in range(2 * TEN):
            with quarantine.asking("slow", name):  # type: ignore[arg-type]
                watch.works(2000)
    assert len(caplog.messages) == 4 * TEN
    assert quarantine.held == frozenset()


# -- what asks others: for so long only -------------------------------------------------------


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
    quarantine = loyalty._parts.rules.quarantine
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
    done = loyalty.tick()
    assert (done.delivered, done.delivery_failures, len(toy.received)) == (TEN + 3, TEN, TEN + 3)
    found = status_of(loyalty, "hanging")
    assert (found.state, found.held) == (PluginState.QUARANTINED, ("handle hanging.all",))
    assert found.reason == "took more than 1 ms to handle hanging.all"
    assert (found.pending_deliveries, found.dead_deliveries) == (TEN + 3, 0)
    shop.clock.advance(days=1)
    assert loyalty.tick().delivery_failures == 0
    assert hanging.called == ["loyalty handle hanging.all"] * TEN
    hanging.hangs.clear()
    loyalty._parts.rules.quarantine.wait_ms = 60_000
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
    market._parts.rules.quarantine.wait_ms = 60_000
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
    market._parts.rules.quarantine.wait_ms = 60_000
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
    assert (
        raised.value.message
        == "plugin 'stall' did not come back from changed_since stall.main in 1 ms"
    )
    assert status_of(market, "stall").held == ("changed_since stall.main",)
    assert market.connector_health("stall.main").ok is False
    stall.hangs.clear()
    market._parts.rules.quarantine.page_ms = 60_000
    market.lift("stall")
    assert market.reconcile("stall.main").missing == 1


def test_what_a_plugin_raises_in_its_thread_is_raised_where_it_is_waited_for() -> None:
    def fails() -> None:
        raise ZeroDivisionError

    quarantine = Quarantine()
    with pytest.raises(ZeroDivisionError):
        quarantine.waiting("some", "handle", "some.all", fails)
    assert quarantine.waiting("some", "handle", "some.all", lambda: 5) == 5
