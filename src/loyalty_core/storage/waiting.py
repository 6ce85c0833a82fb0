"""Facts of nobody: they wait for whoever they name, and orders that name nobody for a claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import and_, delete, select, tuple_, update

from loyalty_core.domain.facts import FactId
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.ports.records import FactRecord, FactStatus
from loyalty_core.storage import tables
from loyalty_core.storage.locked import Locked

_fact = tables.fact
_waiting = tables.waiting
_by_fact = _fact.c.id == _waiting.c.fact_id
_waits = _fact.c.status == FactStatus.WAITING.value


class Waiting(Locked):
    """The part of a unit of work that is about facts of nobody.

    Whoever changes one, or what it waits by, has locked it: no lock on a member covers it.
    """

    def take_waiting(self, identities: Iterable[Identity], now: datetime) -> list[FactRecord]:
        """The facts that waited for these identities and are still in time; they wait no more."""
        wanted = [(one.kind.value, one.value, one.source) for one in identities]
        names = tuple_(_waiting.c.kind, _waiting.c.value, _waiting.c.source)
        mine = and_(_waiting.c.program == self._program, names.in_(wanted), _waiting.c.until > now)
        found = select(_waiting.c.fact_id).join(_fact, _by_fact).where(mine, _waits)
        return self._take(set(self._connection.scalars(found)))

    def take_unclaimed(self, fact_id: FactId, now: datetime) -> bool:
        """Whether a locked fact waits, in time, for a claim and not by name; it waits no more."""
        mine = _waiting.c.fact_id == fact_id
        found = self._connection.execute(select(_waiting.c.kind, _waiting.c.until).where(mine))
        if [(row.kind, row.until > now) for row in found] != [("", True)]:
            return False
        self._connection.execute(delete(_waiting).where(mine))
        return True

    def adopt_waiting(self, now: datetime, limit: int) -> dict[MemberId, list[FactRecord]]:
        """Facts that wait though a member has their identity by now; they wait no more.

        The members are locked.
        """
        known = tables.identity
        names = ("program", "kind", "value", "source")
        chosen = (
            select(_fact.c.id, known.c.member_id)
            .join(_waiting, _by_fact)
            .join(known, and_(*(known.c[name] == _waiting.c[name] for name in names)))
            .where(_waiting.c.program == self._program, _waiting.c.until > now, _waits)
            .order_by(_fact.c.id)
            .limit(limit)
        )
        owners = {row.id: MemberId(row.member_id) for row in self._connection.execute(chosen)}
        self.lock(owners.values())
        adopted: dict[MemberId, list[FactRecord]] = defaultdict(list)
        for fact in self._take(owners):
            adopted[owners[fact.id]].append(fact)
        return adopted

    def lapse_waiting(self, now: datetime, limit: int) -> int:
        """How many facts stopped waiting because nobody joined in time."""
        late = (
            select(_waiting.c.fact_id, _fact.c.status)
            .join(_fact, _by_fact)
            .where(_waiting.c.program == self._program, _waiting.c.until <= now)
        )
        found = {row.fact_id: row.status for row in self._connection.execute(late.limit(limit))}
        waits = {one for one, status in found.items() if status == FactStatus.WAITING.value}
        lapsed = [one.id for one in self._take(waits)]
        lapse = update(_fact).where(_fact.c.id.in_(lapsed))
        self._connection.execute(lapse.values(status=FactStatus.LAPSED.value))
        self._wait_no_more(found.keys() - waits)  # somebody's since, without having waited
        return len(found)

    def _take(self, ids: Collection[FactId]) -> list[FactRecord]:
        """Those of the facts that still wait, locked, in the order of their ids; no more now."""
        locked = self.lock_facts(ids).values()
        waited = [one for one in locked if one.status is FactStatus.WAITING]
        self._wait_no_more([one.id for one in waited])
        return sorted(waited, key=lambda one: one.id)

    def _wait_no_more(self, ids: Collection[FactId]) -> None:
        if ids:
            self._connection.execute(delete(_waiting).where(_waiting.c.fact_id.in_(ids)))
