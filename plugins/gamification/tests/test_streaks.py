"""Streaks: which days and weeks count, what breaks them, what freezes forgive."""

from __future__ import annotations

import pytest

from plugins.gamification.tests.build import Shop

RULES = '[[streak]]\nstreak = "s"\nwhat = {{ kind = "check_in" }}\n{}'


def streak(rules: str = "", zone: str = "UTC") -> Shop:
    return Shop(RULES.format(rules), zone=zone)


def length(shop: Shop, at: str | None = None) -> int:
    found: int = shop.shown("streaks", at)["length"]
    return found


def test_days_without_a_gap_count_and_a_second_one_in_a_day_does_not() -> None:
    shop = streak()
    for when, expected in [
        ("2026-03-01T00:00", 1),
        ("2026-03-01T23:59", 1),
        ("2026-03-02T00:00", 2),
        ("2026-03-03", 3),
        ("2026-03-05", 1),
    ]:
        shop.do("check_in", when)
        assert length(shop) == expected
    assert shop.shown("streaks") == {
        "streak": "s",
        "name": "s",
        "unit": "day",
        "length": 1,
        "best": 3,
        "counted": True,
        "since": "2026-03-05",
        "ends_at": "2026-03-07T00:00:00+00:00",
    }


def test_it_ends_by_time_alone_at_the_end_of_the_next_day() -> None:
    shop = streak(zone="America/New_York")
    shop.do("check_in", "2026-03-07T12:00-05:00")  # the clocks go forward on the 8th
    assert length(shop, "2026-03-08T23:59:59-04:00") == 1
    assert shop.shown("streaks")["counted"] is False
    assert length(shop, "2026-03-09T00:00-04:00") == 0
    assert shop.shown("streaks")["since"] is None


@pytest.mark.hard_case("H25")
@pytest.mark.parametrize(
    ("zone", "first", "second", "expected"),
    [
        ("Pacific/Kiritimati", "2026-05-01T00:01+14:00", "2026-05-02T23:59+14:00", 2),
        ("Pacific/Kiritimati", "2026-05-01T23:59+14:00", "2026-05-03T00:00+14:00", 1),
        ("Etc/GMT+12", "2026-05-01T00:01-12:00", "2026-05-02T23:59-12:00", 2),
        ("Etc/GMT+12", "2026-05-01T23:59-12:00", "2026-05-03T00:00-12:00", 1),
        ("America/New_York", "2026-10-31T00:01-04:00", "2026-11-01T23:59-05:00", 2),  # 25 hours
        ("America/New_York", "2026-03-07T00:01-05:00", "2026-03-08T23:59-04:00", 2),  # 23 hours
        ("Europe/Kyiv", "2026-05-01T12:00+03:00", "2026-05-01T23:30+00:00", 2),
    ],
)
def test_days_are_those_of_the_programs_zone(
    zone: str, first: str, second: str, expected: int
) -> None:
    shop = streak(zone=zone)
    shop.do("check_in", first)
    shop.do("check_in", second)
    assert length(shop) == expected


def test_the_members_own_days_count_where_the_rules_say_so() -> None:
    shop = streak('zone = "member"').at("2026-05-01").join(time_zone="Asia/Tokyo")
    shop.do("check_in", "2026-05-01T23:00+09:00")
    shop.do("check_in", "2026-05-02T01:00+09:00")  # the same day in UTC
    assert length(shop) == 2
    program = streak().at("2026-05-01").join(time_zone="Asia/Tokyo")
    program.do("check_in", "2026-05-01T23:00+09:00")
    program.do("check_in", "2026-05-02T01:00+09:00")
    assert length(program) == 1


@pytest.mark.hard_case("H25")
def test_travel_neither_breaks_a_streak_nor_lengthens_it_twice() -> None:
    shop = streak('zone = "member"', zone="America/Los_Angeles")
    shop.do("check_in", "2026-05-01T20:00-07:00")
    tokyo = {"time_zone": "Asia/Tokyo"}
    shop.do("check_in", "2026-05-03T09:00+09:00", data=tokyo)  # 2 May there was never theirs
    assert length(shop) == 2
    shop.do("check_in", "2026-05-04T12:00+09:00", data=tokyo)
    assert length(shop) == 3
    shop.do("check_in", "2026-05-04T06:00-07:00")  # the same day again, after the flight back
    shop.do("check_in", "2026-05-05T23:00-07:00")
    assert length(shop) == 4
    shop.do("check_in", "2026-05-07T23:00-07:00")  # 6 May was missed wherever one looks
    assert length(shop) == 1


def test_an_unknown_zone_of_an_activity_is_passed_over() -> None:
    shop = streak('zone = "member"', zone="Asia/Tokyo")
    shop.do("check_in", "2026-05-01T23:00+09:00", data={"time_zone": "../etc/passwd"})
    shop.do("check_in", "2026-05-02T01:00+09:00", data={"time_zone": "Nowhere/Here"})
    assert length(shop) == 2


def test_freezes_forgive_so_many_days_of_each_month() -> None:
    shop = streak("freezes = 2")
    shop.do("check_in", "2026-03-01")
    assert shop.shown("streaks")["ends_at"] == "2026-03-05T00:00:00+00:00"
    shop.do("check_in", "2026-03-04")  # two missed
    assert length(shop) == 2
    assert length(shop, "2026-03-05T23:59") == 2
    assert length(shop, "2026-03-06T00:00") == 0


def test_freezes_of_two_months_meet() -> None:
    shop = streak("freezes = 1")
    shop.do("check_in", "2026-03-30")
    assert shop.shown("streaks")["ends_at"] == "2026-04-03T00:00:00+00:00"
    shop.do("check_in", "2026-04-02")  # one day of March and one of April
    assert length(shop) == 2
    shop.do("check_in", "2026-04-04")  # a second one of April
    assert length(shop) == 1
    shop.do("check_in", "2026-05-01")
    shop.do("check_in", "2026-05-03")
    assert length(shop) == 2


def test_a_gap_longer_than_the_freezes_uses_none_of_them() -> None:
    shop = streak("freezes = 1")
    for when in ("2026-03-01", "2026-03-04", "2026-03-06"):
        shop.do("check_in", when)
    assert length(shop) == 2


def test_weeks_begin_on_monday() -> None:
    shop = streak('unit = "week"\nfreezes = 1')
    shop.do("check_in", "2026-03-01T23:59")  # a Sunday
    shop.do("check_in", "2026-03-02T00:00")
    assert length(shop) == 2
    shop.do("check_in", "2026-03-22T23:59")  # the week of the 9th is forgiven
    assert length(shop) == 3
    assert shop.shown("streaks")["ends_at"] == "2026-03-30T00:00:00+00:00"


def test_a_length_is_worth_its_points_in_each_streak_anew() -> None:
    shop = streak("prize = [{ at = 2, points = 5, repeat = true }, { at = 3, points = 30 }]")
    won = [
        shop.do("check_in", f"2026-03-{day:02}").changes.get("points", 0)
        for day in (1, 2, 2, 3, 4, 5, 8, 9, 10)
    ]
    assert won == [0, 5, 0, 30, 5, 0, 0, 5, 30]


def test_a_late_check_in_joins_two_streaks_and_takes_no_prize_twice() -> None:
    shop = streak("prize = [{ at = 3, points = 30 }]")
    for day in (1, 2, 4, 5):
        shop.do("check_in", f"2026-03-{day:02}")
    assert (length(shop), shop.points) == (2, 0)
    shop.do("check_in", "2026-03-03")
    assert (length(shop), shop.points) == (5, 30)


def test_orders_can_make_a_streak_and_one_wholly_given_back_breaks_it() -> None:
    shop = Shop(
        '[[streak]]\nstreak = "s"\nwhat = { kind = "order" }\nprize = [{ at = 3, points = 9 }]'
    )
    for day in (1, 2, 3):
        shop.buy("10.00", f"2026-03-0{day}")
    assert (length(shop), shop.points) == (3, 9)
    shop.give_back("2", "2026-03-03", lines=[{"line": "1", "amount": "4.00"}])
    assert (length(shop), shop.points) == (3, 9)
    shop.give_back("2", "2026-03-03T13:00")
    assert (length(shop), shop.points) == (1, 0)
