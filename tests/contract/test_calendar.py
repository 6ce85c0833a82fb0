"""Birthdays and anniversaries become activities, once a year, whenever the jobs run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from loyalty_core import Activity, Loyalty, Profile
from loyalty_core.application import celebrate
from loyalty_core.domain.calendars import Calendar
from loyalty_core.storage import tables
from tests.contract.conftest import Shop
from tests.toy import config_of, order, points

YEAR = {"birthday": 10, "anniversary": 1}


def opened(shop: Shop, **calendar: Any) -> Loyalty:
    config = config_of(settings={"activities": YEAR}, time_zone="America/New_York")
    config["calendar"] = {"birthdays": True, **calendar}
    return shop.open(config=config)


def member(loyalty: Loyalty, birthday: str, name: str = "ada") -> str:
    profile = Profile(birthday=date.fromisoformat(birthday))
    return loyalty.enrol({"email": f"{name}@example.org"}, profile=profile).id


def at(shop: Shop, moment: str) -> None:
    shop.clock.set(datetime.fromisoformat(moment).replace(tzinfo=UTC))


def ticked(shop: Shop, loyalty: Loyalty, *moments: str) -> Iterator[int]:
    for moment in moments:
        at(shop, moment)
        yield loyalty.tick().calendar_facts


def born(loyalty: Loyalty) -> dict[str, str | None]:
    """The days by which members are found, as the database has them."""

    def look(reader: Any) -> dict[str, str | None]:
        chosen = select(tables.member.c.id, tables.member.c.birthday)
        return {row.id: row.birthday for row in reader._connection.execute(chosen)}

    return loyalty._parts.store.read(look)


def test_the_day_begins_where_the_program_is_and_counts_once(shop: Shop) -> None:
    loyalty = opened(shop)
    ada = member(loyalty, "1990-07-04")
    loyalty.tick()
    moments = "2026-07-04T03:59", "2026-07-04T04:00", "2026-07-04T05:00", "2026-07-05T05:00"
    assert list(ticked(shop, loyalty, *moments)) == [0, 1, 0, 0]
    assert points(loyalty, ada)[0] == 10
    assert loyalty.verify().problems == ()


def test_days_that_the_jobs_missed_are_made_up_for_but_not_after_a_month(shop: Shop) -> None:
    loyalty = opened(shop)
    early, late = member(loyalty, "1990-06-20", "early"), member(loyalty, "1990-07-20", "late")
    loyalty.tick()
    at(shop, "2026-08-01T12:00")
    assert loyalty.tick().calendar_facts == 1
    assert (points(loyalty, early)[0], points(loyalty, late)[0]) == (0, 10)
    (item,) = loyalty.history(late).items
    assert item.transaction.occurred_at == datetime(2026, 7, 20, 4, tzinfo=UTC)


@pytest.mark.hard_case("H26")
@pytest.mark.parametrize(("policy", "day"), [("feb_28", "28"), ("mar_1", "01")])
def test_29_february_has_a_day_every_year(shop: Shop, policy: str, day: str) -> None:
    loyalty = opened(shop, leap_day=policy)
    ada = member(loyalty, "1996-02-29")
    loyalty.tick()
    days = ["2027-02-28T12:00", "2027-03-01T12:00", "2028-02-28T12:00", "2028-02-29T12:00"]
    found = dict(zip(days, ticked(shop, loyalty, *days), strict=True))
    assert {moment[5:10] for moment, count in found.items() if count} == {
        {"28": "02-28", "01": "03-01"}[day],
        "02-29",
    }
    assert points(loyalty, ada)[0] == 20


@pytest.mark.hard_case("H26")
def test_a_changed_date_does_not_pay_twice(shop: Shop) -> None:
    loyalty = opened(shop)
    ada = member(loyalty, "1990-12-30")
    loyalty.tick()
    assert list(ticked(shop, loyalty, "2026-12-30T12:00")) == [1]
    for other in ("1990-12-31", "1990-01-01", "1990-03-01"):
        loyalty.update_member(ada, profile=Profile(birthday=date.fromisoformat(other)))
        days = ["2026-12-31T12:00", "2027-01-01T12:00", "2027-03-01T12:00"]
        assert sum(ticked(shop, loyalty, *days)) == 0
    assert list(ticked(shop, loyalty, "2028-03-01T12:00")) == [1]
    assert points(loyalty, ada)[0] == 20


@pytest.mark.hard_case("H46")
def test_years_in_the_program(shop: Shop) -> None:
    loyalty = opened(shop, birthdays=False, anniversaries=True)
    old = loyalty.record(order(at=datetime(2020, 6, 2, 2, tzinfo=UTC))).member_id or ""
    new = loyalty.record(order("2", email="new@example.org")).member_id or ""
    loyalty.tick()
    at(shop, "2027-06-01T04:00")
    assert loyalty.tick().calendar_facts == 2
    assert [points(loyalty, one)[0] for one in (old, new)] == [62, 61]
    (latest, *_) = loyalty.history(old).items
    fact = loyalty.explain(latest.transaction.id).fact
    assert isinstance(fact, Activity)
    assert (fact.kind, fact.data) == ("anniversary", {"years": 7})
    assert list(ticked(shop, loyalty, "2027-06-02T12:00", "2028-06-01T12:00")) == [0, 2]


def test_many_in_chunks_from_several_processes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celebrate, "MEMBERS_A_CHUNK", 3)
    loyalty = opened(shop)
    people = [member(loyalty, "1990-07-04", f"m{n}") for n in range(10)]
    loyalty.tick()
    at(shop, "2026-07-04T12:00")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: loyalty.tick(), range(3)))
    assert {points(loyalty, one)[0] for one in people} == {10}
    assert loyalty.verify().problems == ()


def test_who_is_gone_has_no_day(shop: Shop) -> None:
    loyalty = opened(shop, anniversaries=True)
    ada, bob = member(loyalty, "1990-07-04"), member(loyalty, "1990-07-04", "bob")
    cal = member(loyalty, "1990-07-04", "cal")
    loyalty.tick()
    assert born(loyalty) == {ada: "07-04", bob: "07-04", cal: "07-04"}
    loyalty.erase(ada, reason="r", actor="a", key="e")
    assert born(loyalty)[ada] is None
    loyalty.merge(cal, bob, key="m")
    assert list(ticked(shop, loyalty, "2026-07-04T12:00", "2027-06-01T12:00")) == [1, 1]
    assert points(loyalty, cal)[0] == 11


def test_nobody_asked_for_it(shop: Shop) -> None:
    loyalty = shop.open(settings={"activities": YEAR})
    member(loyalty, "1990-06-01")
    assert loyalty.tick().calendar_facts == 0


def test_days_of_a_leap_year() -> None:
    days = [date(2028, 2, 28) + timedelta(days=n) for n in range(3)]
    assert [Calendar().days(one) for one in days] == [((2, 28),), ((2, 29),), ((3, 1),)]
