"""What time does to points, whether or not the nightly jobs have run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loyalty_core import InsufficientPoints, Loyalty, TickReport
from loyalty_core.application import tick
from tests.contract.conftest import Shop
from tests.toy import START, order, points, refund, totals

PENDING = {"pending_days": 10}


def moved(loyalty: Loyalty, member: str) -> list[tuple[str, int, datetime]]:
    """Kind, amount and moment of every transaction, oldest first."""
    return [
        (str(item.transaction.kind), item.transaction.amount, item.transaction.occurred_at)
        for item in reversed(loyalty.history(member).items)
    ]


@pytest.mark.hard_case("H13")
def test_expired_points_cannot_be_spent_though_the_job_has_not_run(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}})
    member = loyalty.record(order()).member_id or ""
    shop.clock.set(datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC))
    assert points(loyalty, member) == (60, 60, 0, 0)
    shop.clock.advance(seconds=1)
    assert points(loyalty, member)[1:] == (0, 0, 0)
    with pytest.raises(InsufficientPoints):
        loyalty.redeem(member, points=1, key="k")
    assert totals(loyalty, member)[1] == 0


@pytest.mark.hard_case("H14")
def test_lots_expire_one_by_one_and_once(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}})
    member = loyalty.record(order()).member_id or ""
    shop.clock.advance(days=5)
    loyalty.record(order("2", "15.00", at=shop.clock()))
    shop.clock.advance(days=25)
    assert loyalty.tick() == TickReport(expired_lots=1, expired={"points": 60}, sealed=3)
    assert loyalty.tick() == TickReport()
    assert points(loyalty, member) == (15, 15, 0, 0)
    shop.clock.advance(days=30)
    assert loyalty.tick() == TickReport(expired_lots=1, expired={"points": 15}, sealed=1)
    first, second = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 6, tzinfo=UTC)
    assert moved(loyalty, member)[2:] == [("expiry", -60, first), ("expiry", -15, second)]
    assert totals(loyalty, member) == (75, 0, 75, 0)
    assert loyalty.verify().problems == ()


def test_pending_points_become_available_though_the_job_has_not_run(shop: Shop) -> None:
    loyalty = shop.open(settings=PENDING)
    member = loyalty.record(order()).member_id or ""
    assert points(loyalty, member) == (60, 0, 60, 0)
    with pytest.raises(InsufficientPoints):
        loyalty.redeem(member, points=1, key="k")
    shop.clock.advance(days=10)
    assert points(loyalty, member) == (60, 60, 0, 0)
    assert loyalty.redeem(member, points=20, key="k").points == 20
    assert loyalty.tick().activated_lots == 0
    assert loyalty.tick() == TickReport()
    assert points(loyalty, member) == (40, 40, 0, 0)


def test_the_job_activates_once(shop: Shop) -> None:
    loyalty = shop.open(settings=PENDING)
    loyalty.record(order())
    assert loyalty.tick() == TickReport(sealed=1)
    shop.clock.advance(days=10)
    assert loyalty.tick() == TickReport(activated_lots=1)
    assert loyalty.tick() == TickReport()


def test_debt_is_paid_by_points_that_become_active(shop: Shop) -> None:
    loyalty = shop.open(settings=PENDING)
    member = loyalty.record(order()).member_id or ""
    loyalty.adjust(member, "points", -25, reason="r", actor="a", key="k")
    assert points(loyalty, member) == (35, -25, 60, 25)
    shop.clock.advance(days=10)
    assert points(loyalty, member) == (35, 35, 0, 0)
    loyalty.tick()
    assert points(loyalty, member) == (35, 35, 0, 0)
    last = loyalty.history(member).items[0].transaction
    assert (str(last.kind), last.amount) == ("repayment", 0)


def test_taking_pending_points_first(shop: Shop) -> None:
    loyalty = shop.open(settings=PENDING, wallet={"debt": "pending_first"})
    member = loyalty.record(order()).member_id or ""
    loyalty.adjust(member, "points", -25, reason="r", actor="a", key="k")
    assert points(loyalty, member) == (35, 0, 35, 0)
    loyalty.adjust(member, "points", -45, reason="r", actor="a", key="k2")
    assert points(loyalty, member) == (-10, -10, 0, 10)


def test_inactivity_ends_all_points_though_the_job_has_not_run(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"inactivity_days": 30}})
    ada = loyalty.record(order()).member_id or ""
    bob = loyalty.record(order("2", email="bob@example.org")).member_id or ""
    shop.clock.advance(days=29)
    loyalty.redeem(bob, points=10, key="k")
    shop.clock.advance(days=1)
    assert points(loyalty, ada)[1:] == (0, 0, 0)
    assert points(loyalty, bob)[1:] == (50, 0, 0)
    loyalty.record(order("3", "5.00", at=shop.clock()))
    assert points(loyalty, ada) == (5, 5, 0, 0)
    assert totals(loyalty, ada) == (65, 0, 60, 0)
    assert loyalty.tick() == TickReport(sealed=5)
    shop.clock.advance(days=30)
    assert loyalty.tick() == TickReport(expired_lots=2, expired={"points": 55}, sealed=2)
    assert loyalty.verify().problems == ()


def play(shop: Shop, program: str, *, daily: bool) -> tuple[object, ...]:
    """A year with orders, debt, pending points and expiry; the job runs daily, or never."""
    shop.clock.set(START)
    loyalty = shop.open(
        program=program,
        settings={"pending_days": 7},
        wallet={"expiry": {"after_days": 40, "inactivity_days": 60}},
    )
    member = loyalty.enrol({"email": "ada@example.org"}).id
    for day in range(200):
        now = shop.clock.advance(days=1)
        if daily:
            loyalty.tick()
        if day % 9 == 0 and not 60 < day < 140:
            loyalty.record(order(str(day), f"{day % 7 + 6}.00", at=now))
        if day % 14 == 5:
            loyalty.adjust(member, "points", -5, reason="r", actor="a", key=f"a{day}")
        if day % 23 == 3:
            loyalty.record(refund("r", str(day - day % 9), at=now))
    loyalty.tick()
    assert loyalty.verify().problems == ()
    return points(loyalty, member) + totals(loyalty, member)


@pytest.mark.hard_case("H13", "H18")
def test_points_that_come_back_after_inactivity_lapse_after_as_many_days(shop: Shop) -> None:
    """Found: they stayed for ever, for nothing had happened from which days were counted."""
    loyalty = shop.open(wallet={"expiry": {"inactivity_days": 10}})
    member = loyalty.record(order("1", "100.00")).member_id or ""
    loyalty.redeem(member, points=60, source="web", order_id="2", key="k")
    loyalty.record(order("2", "0.50"))
    shop.clock.advance(days=12)
    assert loyalty.tick().expired == {"points": 40}
    loyalty.record(refund("r", "2", at=shop.clock()))
    lapses_at = loyalty.statement(member).wallet("points").lapses_at
    assert (points(loyalty, member), lapses_at) == ((60, 60, 0, 0), START + timedelta(days=22))
    shop.clock.advance(days=10)
    assert points(loyalty, member) == (60, 0, 0, 0)
    assert loyalty.tick().expired == {"points": 60}
    assert loyalty.verify().problems == ()


def test_days_without_the_job_change_nothing(sqlite_shop: Shop) -> None:
    daily = play(sqlite_shop, "daily", daily=True)
    assert play(sqlite_shop, "never", daily=False) == daily
    assert daily[4] > 0
    assert daily[6] > 0


def test_empty_pending_lots_do_not_stop_the_job(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick, "LOTS_A_CHUNK", 2)
    loyalty = sqlite_shop.open(settings=PENDING, wallet={"expiry": {"after_days": 30}})
    for number in range(5):
        loyalty.record(order(f"{number}", email=f"m{number}@example.org"))
        loyalty.record(refund("r", f"{number}"))
    loyalty.record(order("kept"))
    sqlite_shop.clock.advance(days=40)
    report = loyalty.tick()
    assert report.expired == {"points": 60}
    assert loyalty.tick() == TickReport()


def test_a_wallet_taken_out_of_the_configuration_stops_nobody(shop: Shop) -> None:
    """Points in it still expire and can still be taken back; the others are not held up."""
    old = shop.open(wallet={"expiry": {"after_days": 30}})
    member = old.record(order()).member_id or ""
    old.record(order("2", email="bob@example.org"))
    new = shop.open(config={"program": {"id": "shop"}, "wallets": {"stars": {}}})
    assert new.record(refund("r")).changes == {"points": -60}
    shop.clock.advance(days=30)
    assert new.tick().expired == {"points": 60}
    assert new.verify().problems == ()
    assert points(old, member) == (0, 0, 0, 0)


def test_the_far_end_of_an_expiry_is_refused_with_the_configuration(shop: Shop) -> None:
    with pytest.raises(Exception) as refused:
        shop.open(wallet={"expiry": {"after_years": 36500}})
    assert getattr(refused.value, "code", "") == "config_invalid"
    loyalty = shop.open(wallet={"expiry": {"after_years": 100}})
    assert loyalty.record(order(at=START - timedelta(days=1))).changes == {"points": 60}


def test_a_transaction_of_the_jobs_ends_only_so_many_lots(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick, "LOTS_A_CHUNK", 3)
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}})
    loyalty.record_many([order(f"{n}", "7.00", email=f"m{n % 2}@example.org") for n in range(10)])
    shop.clock.advance(days=40)
    told: list[int] = []
    report = loyalty.tick(progress=told.append)
    assert (report.expired, report.expired_lots) == ({"points": 70}, 10)
    assert told[:4] == [3, 6, 9, 10]
    assert loyalty.tick().expired_lots == 0
    assert loyalty.verify().problems == ()
