"""Pauses: what stands still, what goes on, and what changes, ends and refunds make of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from loyalty_core import Money, RecordStatus
from plugins.paid.tests.build import Shop

Opened = Callable[..., Shop]


def test_a_pause_loses_no_day(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.do("pause", when="2026-03-10", days=10)
    shown = shop.shown()
    assert (shown["status"], shown["paused_until"]) == ("paused", "2026-03-20T00:00:00+00:00")
    assert shop.benefits() == []
    assert shop.shown("2026-03-19T23:59:59")["status"] == "paused"
    shown = shop.shown("2026-03-20T00:00")
    # 1 to 10 March are used, 21 days are left of 31
    assert (shown["status"], shown["paid_until"]) == ("active", "2026-04-10T00:00:00+00:00")
    assert len(shop.bank.taken) == 1
    shown = shop.shown("2026-04-10T00:00")
    assert (shown["paid_until"], len(shop.bank.taken)) == ("2026-05-10T00:00:00+00:00", 2)


def test_resumed_on_the_same_day_nothing_has_changed(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.pay("basic", "early", "2026-03-02")
    shop.do("pause", when="2026-03-10T10:00")
    assert shop.shown()["paid_until"] == "2026-05-30T00:00:00+00:00"
    shop.do("resume", when="2026-03-10T11:00")
    assert shop.shown()["paid_until"] == "2026-05-01T00:00:00+00:00"
    assert shop.shown()["status"] == "active"


@pytest.mark.parametrize("days", [0, 31])
def test_a_pause_longer_than_the_plan_allows_is_refused(shop: Shop, days: object) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    fact = {"type": "activity", "kind": "paid.pause", "id": "p", "data": {"days": days}}
    shop.at("2026-03-02").record(fact)
    shown = shop.shown()
    assert (shown["status"], shown["command"]["refused"]) == ("active", "cannot_be_paused")


def test_after_a_pause_what_is_unused_is_counted_of_the_whole_period(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.do("pause", when="2026-03-10", days=10)
    shop.shown("2026-03-20T00:00")
    shop.do("pause", when="2026-03-25", days=5)
    shop.do("change", "plus", when="2026-04-05")
    # 1 to 10 and 20 to 25 March and 30 March to 4 April are used, 9 days are left of 31
    assert shop.bank.taken == [Money(1000, "USD"), Money(3000 - 290, "USD")]
    assert shop.shown()["fees"] == 1000 + 2710


def test_after_a_pause_the_fee_of_the_period_is_still_what_was_paid(shop: Shop) -> None:
    shop.pay("basic", "1", "2026-03-01")  # 8.00, by a price of the till
    assert (shop.shown()["fee"], shop.shown()["fees"]) == (800, 800)
    shop.do("pause", when="2026-03-10", days=10)
    shown = shop.shown("2026-03-21")
    assert (shown["status"], shown["fee"], shown["fees"]) == ("active", 800, 800)


def test_another_plan_in_a_pause_that_began_on_the_last_day(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.do("pause", when="2026-03-31", days=10)
    receipt = shop.pay("plus", "1", "2026-04-03", line={"amount": "30.00"})
    assert receipt.status is RecordStatus.BOOKED
    shown = shop.shown()
    assert (shown["plan"], shown["status"], shown["credit"]) == ("plus", "active", 0)
    assert shown["paid_until"] == "2026-05-03T00:00:00+00:00"


def test_resumed_after_a_pause_from_the_last_day_the_next_periods_are_as_long_as_any(
    shop: Shop,
) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.pay("basic", "early", "2026-03-02")
    shop.do("pause", when="2026-03-31", days=10)
    shop.do("resume", when="2026-04-03")
    assert shop.shown()["paid_until"] == "2026-05-03T00:00:00+00:00"
    assert shop.shown("2026-05-03T00:00")["paid_until"] == "2026-06-03T00:00:00+00:00"


def test_cancelled_after_a_pause_the_whole_fee_comes_back(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.do("pause", when="2026-03-02", days=3)
    shop.do("cancel", when="2026-03-06")
    assert shop.bank.returned == {}
    shop.at("2026-03-07").memberships.cancel(shop.ada, key="now", when="now")
    shop.loyalty.tick()
    assert list(shop.bank.returned.values()) == [Money(1000, "USD")]
    assert shop.shown()["credit"] == 0


def test_cancelled_in_a_pause_behind_its_window_nothing_comes_back(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.do("pause", when="2026-03-20", days=20)
    shop.do("cancel", when="2026-03-25")
    shop.at("2026-03-26").memberships.cancel(shop.ada, key="now", when="now")
    shop.loyalty.tick()
    shown = shop.shown()
    assert (shown["status"], shown["credit"], shop.bank.returned) == ("ended", 0, {})
