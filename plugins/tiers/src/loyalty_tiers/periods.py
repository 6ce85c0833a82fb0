"""Periods: what counts towards reaching a tier on a day, and when a tier has to be kept anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from loyalty_core import add_months
from loyalty_tiers.config import SchemeRules

ALWAYS = date.min
"""The first day of the one period of a lifetime."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first`` on; before ``end`` where it has one."""

    first: date
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The periods of one scheme for one member, in days of the program's time zone."""

    rules: SchemeRules
    joined: date

    def around(self, day: date) -> Period:
        """The period that ``day`` lies in; those of a rolling window begin with a tier instead.

        >>> from loyalty_tiers.config import SchemeRules
        >>> yearly = SchemeRules(scheme="status", window="anniversary", tier=())
        >>> leap = Calendar(yearly, joined=date(2024, 2, 29)).around(date(2027, 12, 31))
        >>> str(leap.first), str(leap.end)
        ('2027-02-28', '2028-02-29')
        """
        if self.rules.window == "calendar_year":
            return Period(date(day.year, 1, 1), date(day.year + 1, 1, 1))
        if self.rules.window == "anniversary":
            years = day.year - self.joined.year
            years -= add_months(self.joined, 12 * years) > day
            first = add_months(self.joined, 12 * years)
            return Period(first, add_months(self.joined, 12 * years + 12))
        return Period(ALWAYS)

    def entered(self, day: date, present: Period) -> Period:
        """The period in which a tier reached on ``day`` has to be kept.

        In a rolling window it begins: what came before, or on the day, was for reaching it.
        """
        if self.rules.window != "rolling":
            return present
        return Period(day + timedelta(days=1), add_months(day, self.rules.months))

    def after(self, period: Period) -> Period:
        """The period that follows one that ends."""
        if period.end is None:
            return period
        if self.rules.window == "rolling":
            return Period(period.end, add_months(period.end, self.rules.months))
        return self.around(period.end)

    def bucket(self, day: date) -> date:
        """The day under which an amount of ``day`` is summed."""
        return day if self.rules.window == "rolling" else self.around(day).first

    def counted(self, day: date) -> Period:
        """What counts on ``day`` towards reaching a tier."""
        if self.rules.window != "rolling":
            return self.around(day)
        first = add_months(day, -self.rules.months) + timedelta(days=1)
        return Period(first, day + timedelta(days=1))

    def oldest(self, day: date, kept: Period) -> date:
        """The first day whose amounts can still count on ``day`` or later."""
        counted = self.counted(day).first
        return (
            counted
            if self.rules.window == "rolling" and kept.end is None
            else min(counted, kept.first)
        )
