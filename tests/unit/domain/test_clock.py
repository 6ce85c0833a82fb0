"""Days, months and periods, in time zones that change their clocks or lie far from UTC."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import Period, day_of, next_period_start, period_start, start_of
from loyalty_core.domain.clock import add_months

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Cairo",
]
DAYS = st.dates(date(1970, 1, 2), date(2100, 1, 1))


@pytest.mark.hard_case("H24")
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", "2026-01-31"),
        ("Pacific/Kiritimati", "2026-02-01"),  # 14 hours ahead
        ("Etc/GMT+12", "2026-01-30"),  # 12 hours behind
        ("Asia/Kathmandu", "2026-01-31"),  # 5:45 ahead
    ],
)
def test_one_moment_is_on_three_days(zone: str, day: str) -> None:
    moment = datetime(2026, 1, 31, 11, 30, tzinfo=UTC)
    assert day_of(moment, zone) == date.fromisoformat(day)


@pytest.mark.hard_case("H24")
@pytest.mark.parametrize(
    ("day", "zone", "starts", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00Z", 23),
        ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00Z", 25),
        ("2026-06-01", "Pacific/Kiritimati", "2026-05-31T10:00Z", 24),
        ("2026-06-01", "Etc/GMT+12", "2026-06-01T12:00Z", 24),
        # Clocks went forward at midnight: the day began at one o'clock.
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00Z", 23),
        ("2024-04-26", "Africa/Cairo", "2024-04-25T22:00Z", 23),
        # Clocks went back at midnight: the hour before was there twice.
        ("2018-02-17", "America/Sao_Paulo", "2018-02-17T02:00Z", 25),
        ("2026-10-04", "Australia/Lord_Howe", "2026-10-03T13:30Z", 23.5),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(
    day: str, zone: str, starts: str, hours: float
) -> None:
    first = date.fromisoformat(day)
    start = start_of(first, zone)
    assert start == datetime.fromisoformat(starts)
    assert start.tzinfo is UTC
    assert start_of(first + timedelta(days=1), zone) - start == timedelta(hours=hours)


@given(DAYS, st.sampled_from(ZONES))
def test_a_day_starts_on_itself_and_not_before(day: date, zone: str) -> None:
    start = start_of(day, zone)
    assert day_of(start, zone) == day
    assert day_of(start - timedelta(microseconds=1), zone) == day - timedelta(days=1)


@pytest.mark.hard_case("H16")
@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-01-31", 2, "2026-03-31"),
        ("2026-08-31", 1, "2026-09-30"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2096-02-29", 48, "2100-02-28"),  # 2100 is no leap year
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-11-30", 13, "2027-12-30"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-05-05", 0, "2026-05-05"),
    ],
)
def test_months_later(day: str, months: int, later: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(later)


@pytest.mark.parametrize(
    ("day", "period", "first", "following"),
    [
        ("2026-11-21", "day", "2026-11-21", "2026-11-22"),
        ("2026-11-22", "week", "2026-11-16", "2026-11-23"),  # a Sunday
        ("2026-11-23", "week", "2026-11-23", "2026-11-30"),  # a Monday
        ("2027-01-01", "week", "2026-12-28", "2027-01-04"),
        ("2028-02-29", "month", "2028-02-01", "2028-03-01"),
        ("2026-12-31", "month", "2026-12-01", "2027-01-01"),
        ("2026-03-31", "quarter", "2026-01-01", "2026-04-01"),
        ("2026-10-01", "quarter", "2026-10-01", "2027-01-01"),
        ("2026-01-01", "year", "2026-01-01", "2027-01-01"),
        ("2026-12-31", "year", "2026-01-01", "2027-01-01"),
    ],
)
def test_periods(day: str, period: Period, first: str, following: str) -> None:
    given_day = date.fromisoformat(day)
    assert period_start(given_day, period) == date.fromisoformat(first)
    assert next_period_start(given_day, period) == date.fromisoformat(following)
