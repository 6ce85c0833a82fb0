"""The part of a unit of work that is about tiers: what was told of them, and when to look again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import delete, select

from loyalty_core.domain.members import MemberId
from loyalty_core.ports.standings import StandingRecord
from loyalty_core.storage.people import People
from loyalty_core.storage.sql import Write
from loyalty_core.storage.standing_tables import standing


class Standings(People):
    """``ports.standings.StandingWork`` on one SQLAlchemy connection, for one program."""

    def standings(self, members: Iterable[MemberId]) -> list[StandingRecord]:
        """What was told of these members."""
        return [
            StandingRecord(
                member_id=row["member_id"],
                scheme=row["scheme"],
                tier=row["tier"],
                since=row["since"],
                due_at=row["due_at"],
                config_version=row["config_version"],
                stored=True,
            )
            for row in self._sql.of_members(self._runner, standing, members)
        ]

    def due_standings(self, now: datetime, version: int, limit: int) -> list[MemberId]:
        """Members whose tier time, or a newer configuration, may have changed by ``now``."""
        ours = select(standing.c.member_id).where(standing.c.program == self._program)
        due = ours.where(standing.c.due_at <= now).order_by(standing.c.due_at, standing.c.member_id)
        found = set(self._connection.scalars(due.limit(limit)))
        if not found:
            older = ours.where(standing.c.config_version < version).limit(limit)
            found = set(self._connection.scalars(older))
        return sorted(found)

    def forget_standings(self, members: Iterable[MemberId]) -> None:
        """Drops what was told of these members, who are members no more."""
        theirs = standing.c.member_id.in_(sorted(members))
        self._connection.execute(delete(standing).where(theirs))

    def _standing_writes(self, changed: Iterable[StandingRecord]) -> Iterator[Write]:
        rows = [
            (
                one.stored,
                {
                    "member_id": one.member_id,
                    "scheme": one.scheme,
                    "program": self._program,
                    "tier": one.tier,
                    "since": one.since,
                    "due_at": one.due_at,
                    "config_version": one.config_version,
                },
            )
            for one in changed
        ]
        yield Write(standing, [row for stored, row in rows if not stored])
        yield Write(standing, [row for stored, row in rows if stored], update=True)
