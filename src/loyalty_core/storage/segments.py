"""The part of the store that is about segments: counting them, and keeping who is in which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, literal, or_, select, union_all

from loyalty_core.domain.members import MemberId
from loyalty_core.ports.segments import Census, Counted, SegmentChange
from loyalty_core.schema.columns import identifier
from loyalty_core.storage.segment_sql import PRESENT, Members
from loyalty_core.storage.segment_tables import change, count, segment
from loyalty_core.storage.standings import Standings
from loyalty_core.storage.tables import member

AT_ONCE = 500


class Segments(Standings):
    """``ports.segments.SegmentWork`` on one SQLAlchemy connection, for one program."""

    def count_segments(self, census: Census, *, again: bool) -> bool:
        """Whether the segments were counted now: what changes waits to be carried out."""
        given = {
            "program": self._program,
            "counted_at": census.now,
            "day": census.today,
            "fingerprint": census.fingerprint,
        }
        added = self._insert(count).values(given)
        stale = or_(count.c.day < census.today, count.c.fingerprint != census.fingerprint)
        noted = added.on_conflict_do_update(
            index_elements=["program"],
            set_={name: value for name, value in given.items() if name != "program"},
            where=None if again else stale,
        ).returning(count.c.program)
        if self._connection.execute(noted).first() is None:
            return False
        # whoever carries out changes of the count before is waited for here, then there are none
        self._connection.execute(delete(change).where(change.c.program == self._program))
        names = ["program", "member_id", "segment", "enters"]
        self._connection.execute(insert(change).from_select(names, self._differences(census)))
        return True

    def _differences(self, census: Census) -> Any:
        """Selects who is to enter which segment, and who is to leave one."""
        postgresql = self._connection.dialect.name == "postgresql"
        made = Members(census, self._program, postgresql=postgresql).statement()
        due = made.cte("due").prefix_with("MATERIALIZED")
        inside = and_(
            segment.c.program == self._program,
            segment.c.segment == due.c.segment,
            segment.c.member_id == due.c.member_id,
        )
        program = literal(self._program).label("program")
        enter = (
            select(program, due.c.member_id, due.c.segment, literal(True).label("enters"))
            .select_from(due.outerjoin(segment, inside))
            .where(segment.c.member_id.is_(None))
        )
        leave = (
            select(program, segment.c.member_id, segment.c.segment, literal(False).label("enters"))
            .select_from(segment.outerjoin(due, inside))
            .where(segment.c.program == self._program, due.c.member_id.is_(None))
        )
        return union_all(enter, leave)

    def were_counted(self) -> bool:
        """Whether there were ever segments to count."""
        ours = select(count.c.program).where(count.c.program == self._program)
        return self._connection.execute(ours).first() is not None

    def changing(self, limit: int) -> list[MemberId]:
        """Members for whom changes wait, in the order of their ids."""
        waits = select(change.c.member_id).where(change.c.program == self._program).distinct()
        return list(self._connection.scalars(waits.order_by(change.c.member_id).limit(limit)))

    def take_changes(self, members: Iterable[MemberId]) -> list[SegmentChange]:
        """The changes of these members, who are locked; they wait no more."""
        theirs = change.c.member_id.in_(sorted(members))
        taken = delete(change).where(change.c.program == self._program, theirs)
        rows = self._connection.execute(
            taken.returning(change.c.member_id, change.c.segment, change.c.enters)
        )
        return sorted(SegmentChange(MemberId(row[0]), row[1], bool(row[2])) for row in rows)

    def write_segments(self, changes: Sequence[SegmentChange], now: datetime) -> None:
        """Puts members into segments, and takes them out."""
        enter = [
            {
                "program": self._program,
                "segment": one.segment,
                "member_id": one.member_id,
                "since": now,
            }
            for one in changes
            if one.enters
        ]
        self._write(self._insert(segment).on_conflict_do_nothing(), enter)
        left: dict[str, list[MemberId]] = {}
        for one in changes:
            if not one.enters:
                left.setdefault(one.segment, []).append(one.member_id)
        for name, members in left.items():
            theirs = and_(segment.c.segment == name, segment.c.member_id.in_(members))
            ours = segment.c.program == self._program
            self._connection.execute(delete(segment).where(ours, theirs))

    def forget_segments(self, members: Iterable[MemberId]) -> None:
        """Takes these members out of all segments: they are members no more."""
        gone = sorted(members)
        for table in (segment, change):
            self._connection.execute(delete(table).where(table.c.member_id.in_(gone)))


class SegmentRows:
    """``ports.segments.SegmentReader`` on one SQLAlchemy connection."""

    _connection: Connection
    _program: str

    def counted(self) -> Counted | None:
        """When segments were counted last; None before the first time."""
        mine = select(count.c.counted_at, count.c.day, count.c.fingerprint)
        found = self._connection.execute(mine.where(count.c.program == self._program)).first()
        return Counted(*found) if found else None

    def segment_sizes(self) -> tuple[Mapping[str, int], int]:
        """How many members each segment has, and how many could be in one."""
        ours = segment.c.program == self._program
        sizes = select(segment.c.segment, func.count()).where(ours).group_by(segment.c.segment)
        people = select(func.count()).where(
            member.c.program == self._program,
            member.c.status.in_(PRESENT),
            member.c.household.is_(False),
        )
        found = {row[0]: int(row[1]) for row in self._connection.execute(sizes)}
        return found, self._connection.scalar(people) or 0

    def segment_members(self, segment_id: str, after: str | None, limit: int) -> list[MemberId]:
        """Members of a segment after one of them, in the order of their ids."""
        mine = select(segment.c.member_id).where(
            segment.c.program == self._program, segment.c.segment == segment_id
        )
        if after is not None:
            mine = mine.where(segment.c.member_id > literal(after, identifier()))
        return list(self._connection.scalars(mine.order_by(segment.c.member_id).limit(limit)))
