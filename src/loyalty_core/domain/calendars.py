"""The days of a member that come every year: birthdays, and the anniversaries of joining."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from loyalty_core.domain.settings import doc


class LeapDay(StrEnum):
    """When the day of somebody of 29 February is in other years."""

    FEB_28 = "feb_28"
    MAR_1 = "mar_1"


class YearlyKind(StrEnum):
    """What a day that comes every year is of, and the kind of the activity that it becomes."""

    BIRTHDAY = "birthday"
    ANNIVERSARY = "anniversary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """``[calendar]``: which days of members become activities, for programs to decide on."""

    birthdays: bool = field(
        default=False, metadata=doc("Whether a birthday is an activity of the kind ``birthday``.")
    )
    anniversaries: bool = field(
        default=False,
        metadata=doc("Whether each year since joining is one of the kind ``anniversary``."),
    )
    leap_day: LeapDay = field(
        default=LeapDay.FEB_28,
        metadata=doc("When the day of 29 February is in other years: feb_28 or mar_1."),
    )

    @property
    def kinds(self) -> tuple[YearlyKind, ...]:
        """What it asks for."""
        wanted = {
            YearlyKind.BIRTHDAY: self.birthdays,
            YearlyKind.ANNIVERSARY: self.anniversaries,
        }
        return tuple(kind for kind, on in wanted.items() if on)

    def days(self, day: date) -> tuple[tuple[int, int], ...]:
        """The months and days of month that are celebrated on ``day``.

        >>> Calendar().days(date(2027, 2, 28)), Calendar().days(date(2028, 2, 28))
        (((2, 28), (2, 29)), ((2, 28),))
        """
        theirs = (day.month, day.day)
        instead = (2, 28) if self.leap_day is LeapDay.FEB_28 else (3, 1)
        leapling = theirs == instead and not isleap(day.year)
        return (theirs, (2, 29)) if leapling else (theirs,)

    def joined_on(self, day: date, since: date) -> Iterator[date]:
        """The days, from ``since`` on, on which those joined whose anniversary is on ``day``.

        >>> [one.isoformat() for one in Calendar().joined_on(date(2027, 2, 28), date(2024, 1, 1))]
        ['2026-02-28', '2025-02-28', '2024-02-28', '2024-02-29']
        """
        for year in range(day.year - 1, since.year - 1, -1):
            for month, number in self.days(day):
                if (month, number) != (2, 29) or isleap(year):
                    yield date(year, month, number)
