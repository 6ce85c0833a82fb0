"""Plugins that are slow: told, counted, and called no more, whatever they are called for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from loyalty_core import (
    Loyalty,
    PluginFailed,
    PluginState,
    RecordStatus,
    Score,
)
from loyalty_core.application.quarantine import MOST_FAILURES as TEN
from loyalty_core.application.quarantine import CallName, Quarantine
from tests.contract.conftest import Shop
from tests.platform.broken import ON, Broken, BrokenRanking, sale, status_of
from tests.platform.stopwatch import Stopwatch
from tests.toy import START, points

CART = {"currency": "USD", "lines": [{"id": "a", "amount": "9.00"}]}


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def broken() -> Broken:
    made = Broken()
    made.hooks["programs"] = [BrokenRanking(made)]
    return made


def opened(shop: Shop, broken: Broken, watch: Stopwatch) -> Loyalty:
    return watch.of(shop.open(plugins=ON, toys=(shop.toy, broken)))


# -- what is pure: by the time of the processor -----------------------------------------------


def _records(loyalty: Loyalty, member: str, number: int) -> Any:
    return loyalty.record(sale(1 + number))


def _redeems(loyalty: Loyalty, member: str, number: int) -> Any:
    return loyalty.redeem(member, reward="broken.money", points=5, key=f"k{number}")


def _shows(loyalty: Loyalty, member: str, number: int) -> Any:
    return loyalty.statement(member)


def _quotes(loyalty: Loyalty, member: str, number: int) -> Any:
    return loyalty.quote(CART, member)


PURE: dict[str, Callable[[Loyalty, str, int], Any]] = {
    "decide": _records,
    "benefits": _shows,
    "standing": _shows,
    "show": _shows,
    "suggest": _quotes,
    "scores": _records,
    "offer": _quotes,
}
"""What is asked of a plugin, and what has it asked."""
OF = {"benefits": " broken.ladder", "standing": " broken.ladder", "offer": " broken.money"}


def _slow(watch: Stopwatch, broken: Broken, call: str) -> None:
    """From now on the plugin answers this rightly, after two seconds of work."""

    def before(what: str) -> None:
        if what == call:
            watch.works(2000)

    broken.before = before


@pytest.mark.parametrize("call", PURE)
def test_what_takes_a_second_of_work_ten_times_is_not_called_any_more(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch, call: str
) -> None:
    loyalty, ask = opened(sqlite_shop, broken, watch), PURE[call]
    member = loyalty.record(sale(0)).member_id or ""
    _slow(watch, broken, call)
    for number in range(TEN):
        assert status_of(loyalty, "broken").state is PluginState.ON
        ask(loyalty, member, number)
    asked = broken.asked.count(call)
    for number in range(3):
        ask(loyalty, member, TEN + number)
    assert broken.asked.count(call) == asked
    found, held = status_of(loyalty, "broken"), f"{call}{OF.get(call, '')}"
    assert (found.state, found.held, found.since) == (PluginState.QUARANTINED, (held,), START)
    assert found.reason == f"took more than 1,000 ms of processor time to {held}"
    assert loyalty.status().quarantined_plugins == ("broken",)
    assert status_of(loyalty, "toy").state is PluginState.ON
    assert loyalty.lift("broken").lifted
    ask(loyalty, member, 99)
    assert broken.asked.count(call) > asked
    assert (status_of(loyalty, "broken").held, loyalty.status().deferred_facts) == ((), 0)
    assert loyalty.verify().problems == ()


def _held(shop: Shop, broken: Broken, watch: Stopwatch, call: str) -> tuple[Loyalty, str]:
    """A program in which this is not called any more, and a member."""
    loyalty = opened(shop, broken, watch)
    member = loyalty.record(sale(0)).member_id or ""
    _slow(watch, broken, call)
    for number in range(TEN):
        PURE[call](loyalty, member, number)
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
    assert status_of(loyalty, "broken").held == ()


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
    found = status_of(loyalty, "broken")
    assert (found.held, found.reason) == (("decide",), "took more than 60,000 ms to decide")


def test_the_rest_of_a_batch_does_not_wait_for_it(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    loyalty = opened(sqlite_shop, broken, watch)
    _slow(watch, broken, "decide")
    loyalty.record_many([sale(number) for number in range(3 * TEN)])
    assert broken.asked.count("decide") == TEN
    assert status_of(loyalty, "broken").deferred_facts == 2 * TEN + 1  # it did not follow the tenth


def test_a_quick_call_between_slow_ones_is_enough(
    sqlite_shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    loyalty = opened(sqlite_shop, broken, watch)
    for number in range(2 * TEN - 1):
        quick = number == TEN - 1
        broken.answers["decide"] = [] if quick else watch.slow([])
        loyalty.record(sale(number))
    assert status_of(loyalty, "broken").held == ()


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
        assert status_of(loyalty, "broken").held == ()
    runs(slow)
    with opened(shop, broken, watch) as loyalty:
        assert status_of(loyalty, "broken").held == ("decide",)


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
    assert status_of(there, "broken").state is PluginState.ON


def test_another_process_learns_within_minutes_that_it_was_held_and_lifted(
    shop: Shop, broken: Broken, watch: Stopwatch
) -> None:
    """Also one that records nothing, and only shows."""
    there = opened(shop, broken, watch)
    here, member = _held(shop, broken, watch, "show")
    shop.clock.advance(minutes=2)
    here.statement(member)  # with this it is written down
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
    told: tuple[CallName, ...] = ("merge_states", "verify")
    for name in told:
        for _ in range(2 * TEN):
            with quarantine.asking("slow", name):
                watch.works(2000)
    assert len(caplog.messages) == 4 * TEN
    assert quarantine.held == frozenset()
