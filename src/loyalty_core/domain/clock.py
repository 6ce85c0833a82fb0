"""Moments and days: UTC moments from a clock that is passed in, days in a stated time zone."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, NewType
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns the present moment, aware, in UTC."""

LocalMoment = NewType("LocalMoment", datetime)
"""A moment as it is written in a configuration: without an offset, it is in the program's zone."""

Period = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True, order=True)
class Booked:
    """When the books learnt of something, and its place among what they learnt at that moment.

    ``id`` is that of a transaction, or made as those are: they are in the order of time.
    """

    at: datetime
    id: str


def utc_now() -> datetime:
    """The present moment in UTC: the clock used unless another is passed in."""
    return datetime.now(UTC)


def is_moment(value: object) -> bool:
    """Whether a value is an aware moment that every database keeps and every time zone can show."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        return False
    return MINYEAR < value.year < MAXYEAR


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; raises ``zoneinfo.ZoneInfoNotFoundError`` if unknown."""
    return ZoneInfo(name)


def day_of(moment: datetime, zone_name: str) -> date:
    """The calendar day of ``moment`` in the zone.

    >>> day_of(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), "Asia/Tokyo").isoformat()
    '2026-03-02'
    """
    return moment.astimezone(zone(zone_name)).date()


def start_of(day: date, zone_name: str) -> datetime:
    """The UTC moment at which ``day`` begins in the zone (the first one, if clocks go back)."""
    return datetime.combine(day, time(), zone(zone_name)).astimezone(UTC)


def moment_in(moment: LocalMoment, zone_name: str) -> datetime:
    """The UTC moment meant in the zone (the first one, if clocks go back).

    >>> moment_in(LocalMoment(datetime(2027, 1, 1)), "Europe/Berlin").isoformat()
    '2026-12-31T23:00:00+00:00'
    """
    meant = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone(zone_name))
    return meant.astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the month's last day where it is shorter.

    >>> add_months(date(2027, 1, 31), 1).isoformat(), add_months(date(2028, 2, 29), 12).isoformat()
    ('2027-02-28', '2029-02-28')
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def period_start(day: date, period: Period) -> date:
    """The first day of the period that ``day`` lies in; weeks begin on Monday (ISO 8601).

    >>> period_start(date(2026, 11, 21), "quarter").isoformat()
    '2026-10-01'
    """
    match period:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        case "year":
            return date(day.year, 1, 1)


def next_period_start(day: date, period: Period) -> date:
    """The first day after the period that ``day`` lies in.

    >>> next_period_start(date(2026, 11, 21), "month").isoformat()
    '2026-12-01'
    """
    first = period_start(day, period)
    match period:
        case "day":
            return first + timedelta(days=1)
        case "week":
            return first + timedelta(days=7)
        case "month":
            return add_months(first, 1)
        case "quarter":
            return add_months(first, 3)
        case "year":
            return add_months(first, 12)
