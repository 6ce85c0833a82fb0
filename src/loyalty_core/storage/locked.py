"""Members and facts of nobody, locked in the one order and read as they are then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from loyalty_core.domain.facts import FactId, FactKey
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.ports.records import FactRecord, MemberRecord
from loyalty_core.storage.locking import Lockable, Rank, member_rank
from loyalty_core.storage.outbox import Outbox
from loyalty_core.storage.queries import Queries
from loyalty_core.storage.running import Runner


class Locked(Outbox):
    """The part of a unit of work that locks rows of members and facts, and reads them by that."""

    def __init__(self, runner: Runner, program: str) -> None:
        super().__init__(runner, program)
        self._queries = Queries(runner, self._sql, program)
        self._locked: dict[MemberId, MemberRecord] = {}

    def lock_owners(
        self, identities: Iterable[Identity], keys: Iterable[FactKey] = ()
    ) -> dict[Identity, MemberId]:
        """The member of each known identity; and they, and those of known facts, locked."""
        if self._locks.begun:
            return self._lock_late(identities, keys)
        owners, members = self._queries.lock_owners(identities, keys)
        self._locks.note({one.id: member_rank(one.household) for one in members.values()})
        self._locked.update(members)
        return owners

    def _lock_late(
        self, identities: Iterable[Identity], keys: Iterable[FactKey]
    ) -> dict[Identity, MemberId]:
        """The same where something is locked already: what comes before that is not waited for."""
        owners = self._queries.owners(identities)
        facts = self._queries.known(keys, ())[0]
        wanted = {*owners.values(), *(fact.member_id for fact in facts if fact.member_id)}
        members = self.lock_members(wanted)
        self._locked.update(members)
        return {item: owner for item, owner in owners.items() if owner in members}

    def lock_members(self, ids: Iterable[MemberId]) -> dict[MemberId, MemberRecord]:
        """The members, locked until the transaction ends, in the order that all keep to."""
        wanted = set(ids)
        found = {one: self._locked.pop(one) for one in wanted & self._locked.keys()}
        if missing := wanted - found.keys():
            query = self._queries
            people = Lockable(Rank.PERSON, _rank_of, query.lock_members, query.members_there)
            found |= self._locks.take(missing, people)
        return found

    def lock(self, members: Iterable[MemberId]) -> list[MemberId]:
        """The members there are, locked in the same way; nothing of them is read."""
        query, wanted = self._queries, set(members)
        ids = Lockable(Rank.PERSON, _itself, query.lock_ids, query.members_there)
        return [*self._locks.take(wanted, ids)] if wanted else []

    def lock_facts(self, ids: Collection[FactId]) -> dict[FactId, FactRecord]:
        """The facts, locked, as they are then."""
        facts = Lockable(Rank.FACT, _rank, self._queries.lock_facts, _there)
        return self._locks.take(ids, facts) if ids else {}


def _rank_of(member: MemberRecord) -> Rank:
    return member_rank(member.household)


def _itself(rank: Rank) -> Rank:
    return rank


def _rank(_: FactRecord) -> Rank:
    return Rank.FACT


def _there(ids: Collection[FactId]) -> Mapping[FactId, Rank]:
    return dict.fromkeys(ids, Rank.FACT)  # no fact is ever deleted
