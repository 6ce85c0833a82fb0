"""The part of a unit of work that is about the days of members that come every year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.ports.calendar import CalendarMark
from loyalty_core.storage import tables
from loyalty_core.storage.calendar_tables import calendar
from loyalty_core.storage.segments import Segments

PRESENT = (MemberStatus.ACTIVE.value, MemberStatus.SUSPENDED.value)


class Calendars(Segments):
    """``ports.calendar.CalendarWork`` on one SQLAlchemy connection, for one program."""

    def calendar_mark(self, kind: str) -> CalendarMark | None:
        """How far a kind of day is; None if it was never begun."""
        mine = (calendar.c.program == self._program) & (calendar.c.kind == kind)
        row = self._connection.execute(select(calendar.c.day, calendar.c.after).where(mine)).first()
        return CalendarMark(row.day, row.after) if row else None

    def mark_calendar(self, kind: str, mark: CalendarMark) -> None:
        """Keeps how far it is."""
        written = {"day": mark.day, "after": mark.after}
        made = self._insert(calendar).values(program=self._program, kind=kind, **written)
        self._connection.execute(
            made.on_conflict_do_update(index_elements=["program", "kind"], set_=written)
        )

    def born_on(self, days: Sequence[str], after: str, limit: int) -> list[MemberId]:
        """Members with a birthday on one of these days (``MM-DD``), by id from ``after`` on."""
        member = tables.member
        born = select(member.c.id).where(
            member.c.program == self._program,
            member.c.birthday.in_(days),
            member.c.status.in_(PRESENT),
            *([member.c.id > after] if after else []),
        )
        chosen = born.order_by(member.c.id).limit(limit)
        return list(map(MemberId, self._connection.scalars(chosen)))

    def first_joined(self) -> datetime | None:
        """When the first member joined."""
        member = tables.member
        first = select(func.min(member.c.joined_at)).where(member.c.program == self._program)
        found: datetime | None = self._connection.scalar(first)
        return found

    def joined_between(
        self, spans: Sequence[tuple[datetime, datetime]], after: str, limit: int
    ) -> list[tuple[MemberId, datetime]]:
        """Members who joined within one of these spans, and when, by id from ``after`` on."""
        member = tables.member
        within = [
            and_(member.c.joined_at >= start, member.c.joined_at < end) for start, end in spans
        ]
        joined = select(member.c.id, member.c.joined_at).where(
            member.c.program == self._program,
            or_(*within),
            member.c.status.in_(PRESENT),
            member.c.household.is_(False),
            *([member.c.id > after] if after else []),
        )
        rows = self._connection.execute(joined.order_by(member.c.id).limit(limit))
        return [(MemberId(row.id), row.joined_at) for row in rows]
