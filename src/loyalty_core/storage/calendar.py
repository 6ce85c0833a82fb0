"""The part of a unit of work that is about the days of members that come every year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.ports.calendar import CalendarMark, EndingPoints
from loyalty_core.storage import tables
from loyalty_core.storage.calendar_tables import calendar
from loyalty_core.storage.segments import Segments

PRESENT = (MemberStatus.ACTIVE.value, MemberStatus.SUSPENDED.value)


class Calendars(Segments):
    """``ports.calendar.CalendarWork`` on one SQLAlchemy connection, for one program."""

    def lock_calendar(self, kind: str, first: date) -> CalendarMark:
        """How far a kind of day is, locked: at its ``first`` day if it was never begun."""
        mine = (calendar.c.program == self._program) & (calendar.c.kind == kind)
        chosen = select(calendar.c.day, calendar.c.after).where(mine).with_for_update()
        row = self._connection.execute(chosen).first()
        if row is None:
            begun = {"program": self._program, "kind": kind, "day": first, "after": ""}
            self._write(self._insert(calendar).on_conflict_do_nothing(), [begun])
            row = self._connection.execute(chosen).one()
        return CalendarMark(row.day, row.after)

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

    def members_ending(
        self, wallets: Sequence[str], span: tuple[datetime, datetime], after: str, limit: int
    ) -> list[MemberId]:
        """Members with points in these wallets that end in a span, by id from ``after`` on."""
        found: set[str] = set()
        for table, ending, _ in _ending(wallets, span):
            member = tables.member
            whose = select(member.c.program).where(
                member.c.id == table.c.member_id, member.c.status.in_(PRESENT)
            )
            theirs = [whose.scalar_subquery() == self._program]
            if after:
                theirs.append(table.c.member_id > after)
            chosen = select(table.c.member_id).distinct().where(ending, *theirs)
            ordered = chosen.order_by(table.c.member_id).limit(limit)
            found.update(self._connection.scalars(ordered))
        return sorted(map(MemberId, found))[:limit]

    def ending_points(
        self, members: Sequence[MemberId], wallets: Sequence[str], span: tuple[datetime, datetime]
    ) -> list[EndingPoints]:
        """The points of these members that end in a span, unless they are spent before."""
        found = []
        for table, ending, at in _ending(wallets, span) if members else ():
            left = table.c.remaining if table is tables.lot else table.c.balance
            columns = table.c.member_id, table.c.wallet, at
            chosen = (
                select(*columns[:2], func.sum(left - table.c.held), at)
                .where(ending, table.c.member_id.in_(members))
                .group_by(*columns)
                .order_by(*columns)
            )
            for member_id, wallet, amount, moment in self._connection.execute(chosen):
                found.append(EndingPoints(MemberId(member_id), wallet, int(amount), moment))
        return found


def _ending(
    wallets: Sequence[str], span: tuple[datetime, datetime]
) -> tuple[tuple[Any, ColumnElement[bool], Any], ...]:
    """The rows whose points end in a span: each a table, a condition with an index, the moment."""
    start, end = span
    lot, wallet = tables.lot, tables.wallet
    open_ = and_(tables.is_open, lot.c.remaining > lot.c.held, lot.c.wallet.in_(wallets))
    full = and_(
        wallet.c.balance > wallet.c.held, wallet.c.balance > 0, wallet.c.wallet.in_(wallets)
    )
    return (
        (lot, and_(open_, lot.c.expires_at >= start, lot.c.expires_at < end), lot.c.expires_at),
        (
            wallet,
            and_(full, wallet.c.lapses_at >= start, wallet.c.lapses_at < end),
            wallet.c.lapses_at,
        ),
    )
