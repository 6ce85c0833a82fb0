"""The road back when a shop fails: patience, the schedule, and points that do not wait for ever."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from loyalty_core import (
    ActionReport,
    ConnectorDisabled,
    ConnectorError,
    FactError,
    MakeCode,
    PlatformUnavailable,
    TellEvent,
    Wants,
)
from tests.contract.conftest import Shop
from tests.contract.shelves import bought, codes, opened
from tests.stall import Stall, away
from tests.toy import order, points


@pytest.fixture
def maker() -> Stall:
    return Stall(wants=Wants(rewards=("five",)))


def test_a_shop_that_is_away_is_asked_once_a_round_and_loses_nothing(shop: Shop) -> None:
    stall = Stall(wants=Wants(events=("points_credited",)))
    loyalty = opened(shop, stall)
    for number in range(30):
        loyalty.record(order(str(number), amount="10.00"))
    stall.fails.append(away(after=60))
    loyalty.tick()
    assert len(stall.acted) == 1
    shop.clock.advance(minutes=2)
    loyalty.tick()
    told = {one.event.id for one in stall.acted[1:] if isinstance(one, TellEvent)}
    assert len(told) == 30


def test_a_shop_that_is_away_for_days_is_switched_off_and_on_again(shop: Shop) -> None:
    stall = Stall(wants=Wants(events=("*",)))
    loyalty = opened(shop, stall)
    loyalty.record(order("1", amount="10.00"))
    rounds = 0
    while loyalty.connector_status("stall").disabled_at is None:
        stall.fails = [away()]
        loyalty.tick()
        shop.clock.advance(hours=6)
        rounds += 1
    assert 3 <= rounds <= 16
    seen = len(stall.acted)
    stall.fails = []
    shop.clock.advance(days=30)
    loyalty.tick()
    assert len(stall.acted) == seen
    status = loyalty.enable_connector("stall")
    assert (status.disabled_at, status.actions_dead) == (None, 0)
    loyalty.tick()
    assert loyalty.connector_status("stall").actions_pending == 0
    assert len(stall.acted) > seen


def test_what_alone_fails_is_dead_in_the_end_and_can_be_replayed(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    stall = Stall(wants=Wants(events=("points_credited",)))
    loyalty = opened(shop, stall)
    bad = loyalty.record(order("bad", amount="7.00")).member_id

    class Picky(Stall):
        def act(self, action: Any) -> str | None:
            if action.event.data["amount"] == 7 and not self.secrets:
                raise ValueError("seven")
            return super().act(action)

    stall.__class__ = Picky
    for day in range(14):
        loyalty.record(order(f"good {day}", amount="10.00"))
        loyalty.tick()
        shop.clock.advance(days=1)
    status = loyalty.connector_status("stall")
    assert (status.actions_done, status.actions_dead, status.disabled_at) == (14, 1, None)
    (failed,) = status.failed_actions
    assert (failed.about, failed.attempts, failed.error) == ("points_credited", 10, "seven")
    log = loyalty.connector_log("stall")
    pages = [loyalty.connector_log("stall", first=8)]
    pages.append(loyalty.connector_log("stall", first=8, after=pages[0][-1].id))
    assert [*pages[0], *pages[1]] == list(log)
    assert loyalty.connector_log("stall", after=log[-1].id) == ()
    with pytest.raises(FactError):
        loyalty.connector_log("stall", after="member:nobody")
    assert loyalty.tick() is not None
    stall.secrets = (object(),)  # type: ignore[assignment]
    assert loyalty.replay("stall") == 1
    assert loyalty.work_actions() == ActionReport(done=1)
    assert loyalty.replay("stall", since=shop.clock() - timedelta(days=2)) > 0
    assert bad


class NoCodes(Stall):
    """A stall that lost the right to make codes, and does all else."""

    def act(self, action: Any) -> str | None:
        if isinstance(action, MakeCode):
            raise ConnectorError("access denied")
        return super().act(action)


def test_points_of_a_code_that_cannot_be_made_are_given_back(shop: Shop) -> None:
    stall = NoCodes(wants=Wants(rewards=("five",), events=("points_credited",)))
    loyalty = opened(shop, stall)
    ada, _ = bought(loyalty)
    for day in range(6):
        loyalty.record(order(f"good {day}", amount="1.00", email="bob@example.org"))
        loyalty.tick()
        shop.clock.advance(days=1)
    assert points(loyalty, ada)[0] == 50
    for day in range(6, 14):
        loyalty.record(order(f"good {day}", amount="1.00", email="bob@example.org"))
        loyalty.tick()
        shop.clock.advance(days=1)
    assert points(loyalty, ada)[0] == 100
    assert (loyalty.grants(ada)[0].state, loyalty.redemptions(ada)[0].state) == (
        ("revoked", "cancelled")
    )
    assert loyalty.connector_status("stall").disabled_at is None
    assert codes(stall) == [("DropCode", codes(stall)[0][1])]  # if it is there after all
    assert loyalty.verify().problems == ()


def test_a_shop_that_asks_for_a_moment_again_and_again_is_only_slow(
    shop: Shop, maker: Stall
) -> None:
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    for _ in range(30):
        maker.fails = [away(after=2)]
        loyalty.tick()
        shop.clock.advance(seconds=5)
    assert loyalty.connector_status("stall").actions_dead == 0
    maker.fails = []
    loyalty.tick()
    assert (points(loyalty, ada)[0], loyalty.grants(ada)[0].state) == (50, "issued")


class NoCodesNow(Stall):
    """A stall that is never there for codes, and does all else."""

    def act(self, action: Any) -> str | None:
        if isinstance(action, MakeCode):
            raise away(after=60)
        return super().act(action)


def test_points_do_not_wait_for_a_shop_that_is_there_for_all_but_their_code(shop: Shop) -> None:
    stall = NoCodesNow(wants=Wants(rewards=("five",), events=("points_credited",)))
    loyalty = opened(shop, stall)
    ada, _ = bought(loyalty)
    held = []
    for half_day in range(16):
        loyalty.tick()
        loyalty.record(order(f"good {half_day}", amount="1.00", email="bob@example.org"))
        shop.clock.advance(seconds=10)  # the code is not due yet, and what is told then works
        loyalty.tick()
        held.append(points(loyalty, ada)[0])
        shop.clock.advance(hours=12)
    assert (held[6], held[-1]) == (50, 100)
    assert (loyalty.grants(ada)[0].state, loyalty.redemptions(ada)[0].state) == (
        ("revoked", "cancelled")
    )
    assert loyalty.connector_status("stall").disabled_at is None
    assert loyalty.verify().problems == ()


def test_points_do_not_wait_for_a_shop_that_is_switched_off(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    maker.fails.append(ConnectorDisabled("410 Gone"))
    loyalty.tick()
    shop.clock.advance(days=3)
    loyalty.tick()
    assert (points(loyalty, ada)[0], loyalty.grants(ada)[0].state) == (50, "preparing")
    shop.clock.advance(days=1)
    assert loyalty.tick().action_failures == 1
    assert (points(loyalty, ada)[0], loyalty.grants(ada)[0].state) == (100, "revoked")
    for _ in range(3):
        assert loyalty.tick().action_failures == 0
        shop.clock.advance(days=4)
    loyalty.enable_connector("stall")
    loyalty.tick()
    assert [kind for kind, _ in codes(maker)] == ["MakeCode", "DropCode"]
    assert loyalty.verify().problems == ()


def test_attempts_follow_the_schedule_of_the_standard(shop: Shop) -> None:
    """Five seconds, then minutes and hours up to a day, each up to a fifth longer."""
    stall = NoCodes(wants=Wants(rewards=("five",), events=("points_credited",)))
    loyalty = opened(shop, stall)
    bought(loyalty)
    tries = 0
    stall.__class__ = type("Counting", (NoCodes,), {"act": counted(stall)})
    minutes = (5 / 60, 5, 30, 120, 300, 600, 840, 1200, 1440)
    for number, pause in enumerate(minutes):
        loyalty.record(order(f"good {number}", amount="1.00", email="bob@example.org"))
        loyalty.tick()
        tries += 1
        assert stall.makes == str(tries)
        shop.clock.advance(seconds=pause * 60 * 0.99)
        loyalty.tick()
        assert stall.makes == str(tries), "too early"
        shop.clock.advance(seconds=pause * 60 * 0.22)
    loyalty.tick()
    assert stall.makes == str(tries + 1)


def counted(stall: Stall) -> Any:
    """What counts in ``makes`` how often a code was asked for."""

    def act(self: Any, action: Any) -> str | None:
        if isinstance(action, MakeCode):
            stall.makes = str(int(stall.makes or 0) + 1)
        return NoCodes.act(stall, action)

    return act


class Death(BaseException):
    """What nobody catches."""


def test_what_a_process_took_when_it_died_is_taken_again(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    maker.fails.append(Death())  # type: ignore[arg-type]
    with pytest.raises(Death):
        loyalty.tick()
    assert loyalty.work_actions() == ActionReport()
    shop.clock.advance(minutes=11)
    assert loyalty.work_actions() == ActionReport(done=1)
    assert loyalty.grants(ada)[0].state == "issued"


def test_who_is_gone_is_switched_off_at_once(shop: Shop) -> None:
    stall = Stall(wants=Wants(members=True))
    loyalty = opened(shop, stall)
    loyalty.record(order("1", amount="10.00"))
    stall.fails.append(ConnectorDisabled("410 Gone"))
    loyalty.tick()
    status = loyalty.connector_status("stall")
    assert status.disabled_for.startswith("410 Gone")
    assert status.actions_pending == 1


def test_a_defect_of_a_shop_is_no_reason_to_ask_no_other(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    maker.fails.append(PlatformUnavailable("down", retry_after=10**9))
    bought(loyalty)
    loyalty.tick()
    shop.clock.advance(days=1)
    loyalty.tick()
    assert len(maker.acted) == 2
