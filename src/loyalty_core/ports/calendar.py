"""What the store does for the days of members that come every year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.members import MemberId


class CalendarMark(NamedTuple):
    """How far a calendar is: the day to be done next, and the member done last of it."""

    day: date
    after: str = ""


class EndingPoints(NamedTuple):
    """Points of a member's wallet that expire at a moment, in the wallet's smallest unit."""

    member_id: MemberId
    wallet: str
    amount: int
    at: datetime


class CalendarWork(Protocol):
    """The part of a unit of work that is about calendars."""

    def lock_calendar(self, kind: str, first: date) -> CalendarMark:
        """How far a kind of day is, locked: at its ``first`` day if it was never begun."""
        ...

    def mark_calendar(self, kind: str, mark: CalendarMark) -> None:
        """Keeps how far it is."""
        ...

    def born_on(self, days: Sequence[str], after: str, limit: int) -> list[MemberId]:
        """Members with a birthday on one of these days (``MM-DD``), by id from ``after`` on."""
        ...

    def first_joined(self) -> datetime | None:
        """When the first member joined."""
        ...

    def joined_between(
        self, spans: Sequence[tuple[datetime, datetime]], after: str, limit: int
    ) -> list[tuple[MemberId, datetime]]:
        """Members who joined within one of these spans, and when, by id from ``after`` on."""
        ...

    def members_ending(
        self, wallets: Sequence[str], span: tuple[datetime, datetime], after: str, limit: int
    ) -> list[MemberId]:
        """Members with points in these wallets that end in a span, by id from ``after`` on."""
        ...

    def ending_points(
        self, members: Sequence[MemberId], wallets: Sequence[str], span: tuple[datetime, datetime]
    ) -> list[EndingPoints]:
        """The points of these members that end in a span, unless they are spent before."""
        ...
