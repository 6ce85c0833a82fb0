"""Points that will expire are told of, so many days before, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty
from loyalty_core.application import remind
from tests.contract.conftest import Shop
from tests.toy import Toy, order

EXPIRING = ("points_expiring",)


def opened(shop: Shop, toy: Toy, **expiry: Any) -> Loyalty:
    wallet = {"expiry": {"after_days": 10, "remind_days": [7, 2], **expiry}}
    return shop.open(toys=(toy,), wallet=wallet, time_zone="America/New_York")


def at(shop: Shop, moment: str) -> datetime:
    made = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    shop.clock.set(made)
    return made


def told(shop: Shop, loyalty: Loyalty, toy: Toy, moment: str) -> list[tuple[str, Any, Any]]:
    """Whom a tick then tells: the member, how much and how many days are left."""
    at(shop, moment)
    loyalty.tick()
    events, toy.received[:] = list(toy.received), []
    assert all(event.type == "points_expiring" for event in events)
    return sorted((event.member_id, event.data["amount"], event.data["days"]) for event in events)


def test_each_number_of_days_is_told_of_once_on_its_day(shop: Shop) -> None:
    toy = Toy(subscribed=EXPIRING)
    loyalty = opened(shop, toy)
    assert told(shop, loyalty, toy, "2026-03-01T12:00") == []
    ada = loyalty.record(order("1", at=at(shop, "2026-03-01T12:00"))).member_id or ""
    loyalty.record(order("2", "5.00", at=at(shop, "2026-03-02T04:00")))  # 11 p.m. there
    loyalty.record(order("3", "7.00", at=at(shop, "2026-03-02T12:00")))
    assert told(shop, loyalty, toy, "2026-03-04T04:59") == []  # still the third there
    assert told(shop, loyalty, toy, "2026-03-04T05:00") == [(ada, 65, 7)]
    assert told(shop, loyalty, toy, "2026-03-04T06:00") == []
    assert told(shop, loyalty, toy, "2026-03-05T06:00") == [(ada, 7, 7)]
    loyalty.redeem(ada, points=60, key="k")
    hold = loyalty.hold(ada, points=2, minutes=60 * 24 * 5, key="h")
    assert told(shop, loyalty, toy, "2026-03-09T05:00") == [(ada, 3, 2)]
    loyalty.release(hold.redemption_id)
    assert told(shop, loyalty, toy, "2026-03-10T05:00") == [(ada, 7, 2)]
    assert told(shop, loyalty, toy, "2026-03-20T05:00") == []


def test_days_that_the_jobs_missed_are_made_up_for_while_there_is_time(shop: Shop) -> None:
    toy = Toy(subscribed=EXPIRING)
    loyalty = opened(shop, toy, remind_days=[7])
    at(shop, "2026-03-01T12:00")
    loyalty.tick()
    ada = loyalty.record(order("1", at=shop.clock())).member_id or ""
    loyalty.record(order("2", "5.00", at=at(shop, "2026-03-02T12:00")))
    loyalty.record(order("3", "4.00", at=at(shop, "2026-03-08T12:00")))
    assert told(shop, loyalty, toy, "2026-03-11T12:00") == [
        (ada, 4, 7),
        (ada, 5, 1),
    ]  # 60 have just ended, and nobody is told of them
    assert told(shop, loyalty, toy, "2026-03-12T12:00") == []


def test_points_that_end_with_inactivity(shop: Shop) -> None:
    toy = Toy(subscribed=EXPIRING)
    loyalty = opened(shop, toy, after_days=None, inactivity_days=20, remind_days=[5])
    at(shop, "2026-03-01T12:00")
    loyalty.tick()
    ada = loyalty.record(order("1", at=shop.clock())).member_id or ""
    at(shop, "2026-03-10T12:00")
    loyalty.record(order("2", "5.00", at=shop.clock()))
    assert told(shop, loyalty, toy, "2026-03-16T12:00") == []
    assert told(shop, loyalty, toy, "2026-03-25T12:00") == [(ada, 65, 5)]


def test_many_members_are_told_in_chunks_by_any_number_of_processes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remind, "MEMBERS_A_CHUNK", 3)
    toy = Toy(subscribed=EXPIRING)
    loyalty = opened(shop, toy, remind_days=[5])
    at(shop, "2026-03-01T12:00")
    loyalty.tick()
    people = [{"email": f"{number}@example.org"} for number in range(10)]
    loyalty.record_many(
        order(f"{number}", at=shop.clock(), identities=one) for number, one in enumerate(people)
    )
    at(shop, "2026-03-06T12:00")
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: loyalty.tick(), range(4)))
    assert sum(report.reminders for report in reports) == 10
    loyalty.tick()
    assert len({event.member_id for event in toy.received}) == 10
    assert len({event.id for event in toy.received}) == 10


@pytest.mark.parametrize("days", [[0], [367], [7, 7]])
def test_days_nobody_can_be_reminded_of(shop: Shop, days: list[int]) -> None:
    with pytest.raises(ConfigError, match="remind_days"):
        opened(shop, Toy(), remind_days=days)
