"""Facts of nobody: they wait for whoever they name, and orders that name nobody for a claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, select, tuple_, update

from loyalty_core.domain.facts import FactId
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.ports.records import FactRecord, FactStatus
from loyalty_core.storage import tables
from loyalty_core.storage.locked import Locked

_fact = tables.fact
_waiting = tables.waiting
_by_fact = _fact.c.id == _waiting.c.fact_id
_waits = _fact.c.status == FactStatus.WAITING.value
_names = tuple_(_waiting.c.kind, _waiting.c.value, _waiting.c.source)
_undecided = (FactStatus.WAITING, FactStatus.LAPSED)


class Waiting(Locked):
    """The part of a unit of work that is about facts of nobody.

    Whoever changes one, or what it waits by, has locked it: no lock on a member covers it. Once it
    waits no more, because nobody joined in time, it is still found by those it names.
    """

    @property
    def _ours(self) -> ColumnElement[bool]:
        """The program's; not by an index on that, for those of which it is over are many more."""
        return _waiting.c.program.concat("") == self._program

    def take_waiting(self, identities: Iterable[Identity], now: datetime) -> list[FactRecord]:
        """The facts that waited for these identities and are still in time; they wait no more."""
        late = self._naming(identities).join(_fact, _by_fact)
        found = self._connection.scalars(late.where(_waiting.c.until > now, _waits))
        return self._take(set(found))

    def facts_of_guests(self, identities: Iterable[Identity]) -> list[FactRecord]:
        """The facts of nobody that ever named one of these, locked, in the order of their ids."""
        return self._of_nobody(set(self._connection.scalars(self._naming(identities))))

    def facts_of_guests_from(self, source: str) -> list[FactRecord]:
        """The facts of nobody that a source told of, locked, in the order of their ids."""
        theirs = select(_fact.c.id).where(
            _fact.c.program == self._program, _fact.c.source == source, _fact.c.member_id.is_(None)
        )
        return self._of_nobody(set(self._connection.scalars(theirs)))

    def _of_nobody(self, ids: Collection[FactId]) -> list[FactRecord]:
        """Those of the facts that are nobody's, and wait or waited."""
        locked = sorted(self.lock_facts(ids).values(), key=lambda one: one.id)
        return [one for one in locked if one.member_id is None and one.status in _undecided]

    def _naming(self, identities: Iterable[Identity]) -> Select[FactId]:
        """What finds the ids of facts that named one of these."""
        wanted = [(one.kind.value, one.value, one.source) for one in identities]
        mine = _waiting.c.program == self._program
        return select(_waiting.c.fact_id).where(mine, _names.in_(wanted))

    def take_unclaimed(self, fact_id: FactId, now: datetime) -> bool:
        """Whether a locked fact waits, in time, for a claim and not by name; it waits no more."""
        mine = _waiting.c.fact_id == fact_id
        found = self._connection.execute(select(_waiting.c.kind, _waiting.c.until).where(mine))
        if [(row.kind, row.until is not None and row.until > now) for row in found] != [("", True)]:
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
            .where(self._ours, _waiting.c.until > now, _waits)
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
            .where(self._ours, _waiting.c.until <= now)
        )
        found = {row.fact_id: row.status for row in self._connection.execute(late.limit(limit))}
        waits = {one for one, status in found.items() if status == FactStatus.WAITING.value}
        lapsed = [one.id for one in self._waiting_still(waits)]
        if lapsed:
            over = update(_waiting).where(_waiting.c.fact_id.in_(lapsed))
            self._connection.execute(over.values(until=None))
            lapse = update(_fact).where(_fact.c.id.in_(lapsed))
            self._connection.execute(lapse.values(status=FactStatus.LAPSED.value))
        self._wait_no_more(found.keys() - waits)  # somebody's since, without having waited
        return len(found)

    def _take(self, ids: Collection[FactId]) -> list[FactRecord]:
        """Those of the facts that still wait, locked, in the order of their ids; no more now."""
        waited = self._waiting_still(ids)
        self._wait_no_more([one.id for one in waited])
        return waited

    def _waiting_still(self, ids: Collection[FactId]) -> list[FactRecord]:
        locked = sorted(self.lock_facts(ids).values(), key=lambda one: one.id)
        return [one for one in locked if one.status is FactStatus.WAITING]

    def _wait_no_more(self, ids: Collection[FactId]) -> None:
        if ids:
            self._connection.execute(delete(_waiting).where(_waiting.c.fact_id.in_(ids)))
