"""Recording facts: the one road, for a batch at a time; one fact is a batch of one.

fact -> identify -> merge with what is known -> decide (``fold``) -> book -> publish. Every table
is read and written once for the whole batch. A fact that fails is left out, its neighbours not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from loyalty_core.application.books import Books
from loyalty_core.application.fold import decidable, fold, fold_start
from loyalty_core.application.forms import read_fact
from loyalty_core.application.identify import Identified, identify, identities_of
from loyalty_core.application.ids import new_id
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Activity, Fact, FactId, FactKey, OrderRefund, key_of
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.domain.orders import OrderDocument, kept_share, refund_excess
from loyalty_core.domain.receipts import FactReceipt, RecordStatus
from loyalty_core.errors import (
    CustomerMissing,
    FactError,
    IdempotencyConflict,
    LoyaltyError,
    Problem,
    StoreError,
)
from loyalty_core.ports.store import Award, FactRecord, FactStatus, MemberRecord, Store, UnitOfWork

_STATUS = {
    FactStatus.BOOKED: RecordStatus.BOOKED,
    FactStatus.IDLE: RecordStatus.IDLE,
    FactStatus.WAITING: RecordStatus.WAITING,
    FactStatus.LAPSED: RecordStatus.IDLE,
    FactStatus.DEFERRED: RecordStatus.DEFERRED,
}


@dataclass(slots=True)
class Outcome:
    """What became of one fact of a batch, until its receipt is written."""

    record: FactRecord | None = None
    changed: bool = False
    enrolled: bool = False
    problems: tuple[Problem, ...] = ()
    error: LoyaltyError | None = None


@dataclass(slots=True)
class Batch:
    """The working state of one unit of work that records facts."""

    members: dict[MemberId, MemberRecord] = field(default_factory=dict)
    records: dict[FactKey, FactRecord] = field(default_factory=dict)
    redecide: dict[FactId, FactRecord] = field(default_factory=dict)
    revalue: dict[FactId, FactRecord] = field(default_factory=dict)
    booked: dict[FactId, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    transactions: dict[FactId, list[str]] = field(default_factory=lambda: defaultdict(list))


class Recorder:
    """Records facts under the current rules."""

    def __init__(self, store: Store, rules: Rules, rules_at: RulesAt, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._rules_at = rules_at
        self._clock = clock

    def record(self, given: Sequence[Any]) -> list[FactReceipt]:
        """The receipts of a batch of facts, in their order; errors are in the receipts.

        Raises ``StoreError`` when nothing of the batch could be booked.
        """
        now = self._clock()
        facts = [_read(one, now) for one in given]
        try:
            return self._store.write(lambda uow: self.record_in(uow, facts, now))
        except StoreError:
            raise
        except Exception as error:  # a defect on one fact must not cost the others theirs
            if len(facts) > 1:
                return [receipt for one in facts for receipt in self.record([one])]
            if not isinstance(error, LoyaltyError):
                raise
            return [FactReceipt(status=RecordStatus.REJECTED, error=error)]

    def record_in(
        self, uow: UnitOfWork, facts: Sequence[Fact | LoyaltyError], now: datetime
    ) -> list[FactReceipt]:
        """The receipts of facts recorded inside a unit of work."""
        batch = Batch()
        books = Books(uow, self._rules, now)
        found = self._identify(uow, facts, now)
        self._load(uow, facts, found, batch)
        outcomes = [
            self._merge(fact, owner, identities, batch, books)
            for fact, owner, identities in zip(facts, found.owner, found.identities, strict=True)
        ]
        self._enrol(found, outcomes, books)
        self.settle(uow, batch, books)
        books.flush()
        return [_receipt(outcome, batch) for outcome in outcomes]

    def redecide_in(
        self, uow: UnitOfWork, records: Iterable[FactRecord], owner: MemberId | None, now: datetime
    ) -> int:
        """Decides stored facts again: deferred ones, or those that waited for ``owner``."""
        batch = Batch()
        books = Books(uow, self._rules, now)
        loaded = {record.key: record for record in records}
        wanted = {owner or record.member_id for record in loaded.values()}
        batch.members = uow.lock_members(one for one in wanted if one)
        for record in uow.facts_by_key(loaded).values():  # again: now under lock
            if owner is not None and record.member_id is None:
                record.member_id, record.status = owner, FactStatus.IDLE
            if record.member_id in batch.members:
                batch.records[record.key] = batch.redecide[record.id] = record
        self.settle(uow, batch, books)
        books.flush()
        return len(batch.redecide)

    # -- identify -----------------------------------------------------------------------------

    def _identify(
        self, uow: UnitOfWork, facts: Sequence[Fact | LoyaltyError], now: datetime
    ) -> Identified:
        program = self._rules.config.program
        given: list[tuple[Identity, ...] | LoyaltyError] = []
        for fact in facts:
            try:
                given.append(
                    fact if isinstance(fact, LoyaltyError) else identities_of(fact, program)
                )
            except LoyaltyError as error:
                given.append(error)
        moments = [min(now, getattr(fact, "occurred_at", now)) for fact in facts]
        return identify(uow, given, moments, program)

    def _load(
        self,
        uow: UnitOfWork,
        facts: Sequence[Fact | LoyaltyError],
        found: Identified,
        batch: Batch,
    ) -> None:
        """Locks the members in id order, then loads the facts already known, as of the lock."""
        keys = {key_of(fact) for fact in facts if not isinstance(fact, LoyaltyError)}
        owners = {owner for owner in found.owner if isinstance(owner, str)}
        unowned = {
            key_of(fact)
            for fact, owner in zip(facts, found.owner, strict=True)
            if owner is None and not isinstance(fact, LoyaltyError)
        }
        if unowned:
            known = uow.facts_by_key(unowned).values()
            owners |= {record.member_id for record in known if record.member_id}
        batch.members = uow.lock_members(owners - found.enrolled.keys())
        batch.members.update(found.enrolled)
        batch.records = uow.facts_by_key(keys)
        missing = {
            record.member_id
            for record in batch.records.values()
            if record.member_id and record.member_id not in batch.members
        }
        batch.members.update(uow.lock_members(missing))

    def _enrol(self, found: Identified, outcomes: list[Outcome], books: Books) -> None:
        for member_id, record in found.enrolled.items():
            books.changes.members_added.append(record)
            books.tell("member_enrolled", member_id, record.joined_at, {})
        first_seen = set()
        for outcome in outcomes:
            member = outcome.record.member_id if outcome.record else None
            outcome.enrolled = member in found.enrolled and member not in first_seen
            first_seen.add(member)

    # -- merge --------------------------------------------------------------------------------

    def _merge(
        self,
        fact: Fact | LoyaltyError,
        owner: MemberId | LoyaltyError | None,
        identities: tuple[Identity, ...],
        batch: Batch,
        books: Books,
    ) -> Outcome:
        if isinstance(fact, LoyaltyError):
            return Outcome(error=fact)
        if isinstance(owner, LoyaltyError):
            return Outcome(error=owner)
        known = batch.records.get(key_of(fact))
        try:
            if known is None:
                record = self._new(fact, owner, identities, books)
                batch.records[record.key] = record
                self._mark(record, batch, body=True)
                return Outcome(record, changed=True, problems=_problems(record))
            return self._update(known, fact, owner, batch, books)
        except LoyaltyError as error:
            return Outcome(error=error)

    def _new(
        self,
        fact: Fact,
        owner: MemberId | None,
        identities: tuple[Identity, ...],
        books: Books,
    ) -> FactRecord:
        if not identities and owner is None and not isinstance(fact, OrderRefund):
            raise CustomerMissing("the fact does not say whose it is", where="$.identities")
        record = FactRecord(
            id=FactId(new_id()),
            key=key_of(fact),
            member_id=owner,
            status=FactStatus.IDLE if owner or not identities else FactStatus.WAITING,
            occurred_at=_moment(fact),
            received_at=books.now,
            document=fact if isinstance(fact, Activity) else OrderDocument.of(fact),
        )
        books.changes.facts[record.id] = record
        if record.status is FactStatus.WAITING:
            self._wait(record, identities, books)
        return record

    def _wait(self, record: FactRecord, identities: tuple[Identity, ...], books: Books) -> None:
        until = books.now + timedelta(days=self._rules.config.program.join_wait_days)
        books.changes.waiting += [(identity, record.id, until) for identity in identities]

    def _update(
        self,
        known: FactRecord,
        fact: Fact,
        owner: MemberId | None,
        batch: Batch,
        books: Books,
    ) -> Outcome:
        if isinstance(fact, Activity):
            if known.document != fact:
                raise IdempotencyConflict(
                    f"activity {fact.id!r} of {fact.source!r} is already recorded with other "
                    "content",
                    remedy="Activities happen once: send another one under its own id.",
                )
            merged: OrderDocument | Activity = fact
        else:
            assert isinstance(known.document, OrderDocument)
            merged = known.document.merge(OrderDocument.of(fact))
        joined = known.member_id is None and owner is not None
        if merged == known.document and not joined:
            return Outcome(known)
        body = joined or _body(merged) != _body(known.document)
        if joined:
            known.member_id, known.status = owner, FactStatus.IDLE
        known.document = merged
        if isinstance(merged, OrderDocument) and merged.body:
            known.occurred_at = merged.body.occurred_at
        self._mark(known, batch, body=body)
        books.changes.facts[known.id] = known
        return Outcome(known, changed=True, problems=_problems(known))

    def _mark(self, record: FactRecord, batch: Batch, *, body: bool) -> None:
        member = batch.members.get(record.member_id) if record.member_id else None
        if member is None:
            return
        relevant = record.was_at is not None or decidable(record, member) is not None
        if body and relevant:
            batch.redecide[record.id] = record
        batch.revalue[record.id] = record

    # -- decide and book ----------------------------------------------------------------------

    def settle(self, uow: UnitOfWork, batch: Batch, books: Books) -> None:
        """Decides what changed, then books the difference between awards and books."""
        by_member: dict[MemberId, list[FactRecord]] = defaultdict(list)
        for record in batch.redecide.values():
            assert record.member_id is not None
            by_member[record.member_id].append(record)
        later = self._later(uow, batch, by_member)
        for member_id, changed in by_member.items():
            member = batch.members[member_id]
            folded = fold(member, changed, later[member_id], self._rules, self._rules_at, books.now)
            for record in folded.touched:
                batch.revalue[record.id] = record
                books.changes.facts[record.id] = record
            for record, emit in folded.emitted:
                books.tell(emit.type, member_id, record.occurred_at, emit.data)
            if member.changed and not member.fresh:
                books.changes.members[member_id] = member
        self._book(batch, books)

    def _later(
        self,
        uow: UnitOfWork,
        batch: Batch,
        by_member: dict[MemberId, list[FactRecord]],
    ) -> dict[MemberId, list[FactRecord]]:
        """The facts after the first change, of those members for whom it is not the last."""
        starts = {member: fold_start(changed) for member, changed in by_member.items()}
        since = {}
        for member_id, start in starts.items():
            decided_to = batch.members[member_id].decided_to
            if decided_to is not None and start <= decided_to:
                since[member_id] = start.occurred_at
        later: dict[MemberId, list[FactRecord]] = defaultdict(list)
        for record in uow.facts_since(since):
            mine = batch.records.setdefault(record.key, record)
            if mine.member_id and mine.position >= starts[mine.member_id]:
                later[mine.member_id].append(mine)
        return later

    def _book(self, batch: Batch, books: Books) -> None:
        due: list[tuple[FactRecord, Award, int]] = []
        for record in sorted(batch.revalue.values(), key=lambda one: one.position):
            for award, delta in _differences(record):
                due.append((record, award, delta))
        losing = {record.member_id for record, _, delta in due if delta < 0}
        books.load(
            {record.member_id for record, _, _ in due if record.member_id},
            lots=[award.lot_id for _, award, _ in due if award.lot_id],
            open_of=[member for member in losing if member],
        )
        for record, award, delta in due:
            assert record.member_id is not None
            at = _last_change(record)
            if delta > 0:
                made = books.accrue(record.member_id, record.id, award, delta, at)
            else:
                made = books.reverse(record.member_id, record.id, award, -delta, at)
            if made is not None:
                batch.transactions[record.id].append(made)
                moved = books.changes.transactions[-1].amount
                batch.booked[record.id][award.wallet] += moved
            books.changes.facts[record.id] = record


def _differences(record: FactRecord) -> Iterable[tuple[Award, int]]:
    """By how much each award's books differ from what it should be worth after refunds."""
    for award in record.awards:
        kept = award.amount
        if isinstance(record.document, OrderDocument) and award.amount:
            kept = sum(kept_share(award.lines or {"": award.amount}, record.document).values())
        if kept != award.net:
            yield award, kept - award.net


def _last_change(record: FactRecord) -> datetime:
    """When what is booked now happened: the fact itself, its latest refund, or its latest edit."""
    if isinstance(record.document, Activity) or not any(award.net for award in record.awards):
        return record.occurred_at
    moments = [refund.occurred_at for refund in record.document.refunds.values()]
    body = record.document.body
    if body is not None and body.updated_at is not None:
        moments.append(body.updated_at)
    return max([record.occurred_at, *moments])


def _body(document: OrderDocument | Activity) -> object:
    """What programs would be asked about: versions alone are no reason to decide again."""
    return document.body if isinstance(document, OrderDocument) else document


def _moment(fact: Fact) -> datetime:
    return fact.refund.occurred_at if isinstance(fact, OrderRefund) else fact.occurred_at


def _problems(record: FactRecord) -> tuple[Problem, ...]:
    if isinstance(record.document, Activity):
        return ()
    excess = refund_excess(record.document)
    return (excess,) if excess else ()


def _read(given: Any, now: datetime) -> Fact | LoyaltyError:
    if isinstance(given, LoyaltyError):
        return given
    try:
        return read_fact(given, now)
    except LoyaltyError as error:
        return error
    except Exception as error:  # whatever came in, it is the input's fault and not the batch's
        return FactError(f"the fact cannot be read: {type(error).__name__}: {error}")


def _receipt(outcome: Outcome, batch: Batch) -> FactReceipt:
    if outcome.error is not None or outcome.record is None:
        return FactReceipt(status=RecordStatus.REJECTED, error=outcome.error)
    record = outcome.record
    status = _STATUS[record.status] if outcome.changed else RecordStatus.DUPLICATE
    return FactReceipt(
        status=status,
        fact_id=record.id,
        member_id=record.member_id,
        enrolled=outcome.enrolled,
        changes=dict(batch.booked[record.id]) if outcome.changed else {},
        transactions=tuple(batch.transactions[record.id]) if outcome.changed else (),
        problems=outcome.problems,
    )
