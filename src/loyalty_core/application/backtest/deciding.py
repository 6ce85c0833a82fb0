"""Deciding everything that was recorded again: in the scratch database, a few members at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from loyalty_core.application.batch import Batch
from loyalty_core.application.books import Books
from loyalty_core.application.causes import MOST_ROUNDS, cause
from loyalty_core.application.claiming import count_again
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.application.settle import Folding, sold
from loyalty_core.application.standing import tell_standings
from loyalty_core.domain.households import HouseholdMember
from loyalty_core.domain.members import History, Identity, MemberId, MemberStatus
from loyalty_core.errors import LedgerFault
from loyalty_core.ports.recorded import EARLIEST
from loyalty_core.ports.records import Changes, FactRecord, FactStatus, MemberRecord
from loyalty_core.ports.store import Store, UnitOfWork

UNDECIDED = (FactStatus.WAITING, FactStatus.LAPSED)
DECIDED = (FactStatus.BOOKED, FactStatus.DEFERRED)


class Deciding:
    """Copies what was recorded into the scratch database, and decides it there.

    What happened before ``since`` by the rules that decided it, what happened from then on by
    ``rules``; each fact on the profile that it was first decided on.
    """

    def __init__(self, scratch: Store, rules: Rules, rules_at: RulesAt, since: datetime) -> None:
        self._scratch = scratch
        self._rules = rules
        self._rules_at = rules_at
        self._since = since
        self._ends: dict[str, tuple[History, Mapping[str, object]]] = {}

    def copy(
        self,
        members: Sequence[MemberRecord],
        facts: Iterable[FactRecord],
        codes: Mapping[Identity, MemberId],
        places: Sequence[HouseholdMember],
    ) -> None:
        """Writes members without what their facts left behind, and facts without decisions."""
        changes = Changes()
        for member in members:
            if member.status is MemberStatus.MERGED:
                self._ends[member.id] = member.history, member.state
            changes.members_added.append(_blank(member))
        erased = {one.id for one in members if one.status is MemberStatus.ERASED}
        for fact in facts:
            fact.stored = False
            if fact.member_id not in erased:
                self._open_again(fact)
            changes.facts[fact.id] = fact

        def work(uow: UnitOfWork) -> None:
            uow.save(changes)
            uow.save_household_members(places)
            for fact in changes.facts.values():
                count_again(uow, fact)
            if codes:
                uow.claim(codes)

        self._scratch.write(work)

    def decide(self, members: Sequence[MemberId], now: datetime) -> None:
        """Decides all facts of these members, and what those cause."""
        self._scratch.write(lambda uow: self._decide(uow, members, now))

    def _open_again(self, fact: FactRecord) -> None:
        """Lets a fact be decided again; its awards stay, so that plugins that are gone keep theirs.

        It is not new: so it is decided on the profile of then, and nobody is told.
        """
        if fact.status not in DECIDED:
            return
        if fact.occurred_at >= self._since:
            fact.config_version, fact.claims = self._rules.config.version, {}
        fact.status, fact.deferred, fact.attempts, fact.retry_at = FactStatus.IDLE, (), 0, None
        fact.before = {name: kept for name, kept in fact.before.items() if name == "profile"}

    def _decide(self, uow: UnitOfWork, members: Sequence[MemberId], now: datetime) -> None:
        batch, books = Batch(members=uow.lock_members(members)), Books(uow, self._rules, now)
        for record in uow.facts_since(dict.fromkeys(members, EARLIEST)):
            batch.records[record.key] = record
        by_member: dict[MemberId, list[FactRecord]] = {}
        for member in batch.members.values():
            if member.status is not MemberStatus.ERASED:
                _start_over(member)
                self._bring(uow, member)
                by_member[member.id] = []
        for record in batch.records.values():
            if record.member_id in by_member and record.status not in UNDECIDED:
                record.was_at = None
                by_member[record.member_id].append(record)
        batch.lock_holders(uow)
        by_member = {one: changed for one, changed in by_member.items() if changed}
        folding = Folding(uow, batch, books, lambda version: self._rules_at(uow, version))
        for _ in range(MOST_ROUNDS):
            causing = folding.fold(by_member) if by_member else []
            by_member = cause(uow, batch, books, causing) if causing else {}
            if not by_member:
                break
        else:
            raise LedgerFault("facts cause each other without an end")
        for record in books.changes.facts.values():
            record.sale = sold(record, self._rules, partial(self._rules_at, uow))
        changed = {one: batch.members[one] for one in members if one in batch.members}
        if self._rules.config.segments:  # which may ask for tiers
            tell_standings(books, changed.values())
        uow.save(
            Changes(
                facts=books.changes.facts,
                members={**books.changes.members, **changed},
                waiting=books.changes.waiting,
                standings=books.changes.standings,
            )
        )

    def _bring(self, uow: UnitOfWork, member: MemberRecord) -> None:
        """Lets merges bring what the members who came are decided to have now, if that differs."""
        gone = uow.lock_members(MemberId(merge.member) for merge in member.merges)
        for merge in member.merges:
            came = gone.get(MemberId(merge.member))
            if came is not None and (came.history, came.state) != self._ends.get(came.id):
                merge.history, merge.state = came.history, came.state


def _blank(member: MemberRecord) -> MemberRecord:
    """The member before any fact was decided; who was erased has nothing left anyway."""
    merges = [replace(merge, before={}) for merge in member.merges]
    return replace(member, history=History(), state={}, decided_to=None, merges=merges)


def _start_over(member: MemberRecord) -> None:
    """Forgets what was decided here already, for a fact that another member's fact caused."""
    member.history, member.state, member.decided_to = History(), {}, None
    for merge in member.merges:
        merge.before = {}
