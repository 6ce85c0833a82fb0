"""Recording facts: the one road, for a batch at a time; one fact is a batch of one.

fact -> identify -> merge with what is known -> decide (``fold``) -> book -> publish. Every table
is read and written once for the whole batch. A fact that fails is left out, its neighbours not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from loyalty_core.application.activities import read_or_error
from loyalty_core.application.batch import Batch
from loyalty_core.application.books import Books
from loyalty_core.application.causes import ready
from loyalty_core.application.fold import decidable
from loyalty_core.application.group import Group
from loyalty_core.application.identify import (
    BY_ID,
    ERASED,
    GONE,
    Identified,
    Overtaken,
    identify,
    identities_of,
)
from loyalty_core.application.ids import new_id
from loyalty_core.application.many import Summary, batched
from loyalty_core.application.outcome import Outcome, receipt_of, rejected
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.application.settle import settle
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Activity, Fact, FactId, OrderRefund, key_of
from loyalty_core.domain.members import Identity, MemberId, MemberStatus
from loyalty_core.domain.order_checks import refund_problems
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.domain.receipts import FactReceipt, RecordSummary
from loyalty_core.errors import (
    CustomerMissing,
    IdempotencyConflict,
    IdentityConflict,
    LedgerFault,
    LoyaltyError,
    MemberErased,
    Problem,
    StoreError,
)
from loyalty_core.ports.records import FactRecord, FactStatus
from loyalty_core.ports.store import Store, UnitOfWork

logger = logging.getLogger("loyalty_core")


class _LeaveOut(Exception):
    """Rolls a batch back to do it again without the facts that left traces and were refused."""

    def __init__(self, refused: Mapping[int, LoyaltyError]) -> None:
        self.refused = refused


class Recorder:
    """Records facts under the current rules."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        rules_now: Callable[[datetime], Rules],
        rules_at: RulesAt,
        clock: Clock,
    ) -> None:
        self._store = store
        self._rules = rules
        self._rules_now = rules_now
        self.rules_at = rules_at
        self._clock = clock
        self._group = Group(self._book)

    def record_one(self, given: Any) -> FactReceipt:
        """The receipt of one fact, booked together with those that others record meanwhile.

        Raises ``StoreError`` when it could not be booked.
        """
        fact = read_or_error(given, self._now(), self._rules.activities)
        if isinstance(fact, LoyaltyError):
            return rejected(fact)
        return self._group.record(fact)

    def record(self, given: Sequence[Any]) -> list[FactReceipt]:
        """The receipts of a batch of facts, in their order; errors are in the receipts.

        Raises ``StoreError`` when nothing of the batch could be booked.
        """
        now = self._now()
        return self._book([read_or_error(one, now, self._rules.activities) for one in given])

    def _now(self) -> datetime:
        """The present moment: what is decided from then on is decided by its rules."""
        now = self._clock()
        self._rules = self._rules_now(now)  # they change in the middle of long imports, too
        return now

    def _book(self, facts: Sequence[Fact | LoyaltyError]) -> list[FactReceipt]:
        now = self._now()
        try:
            receipts = self._store.write(lambda uow: self.record_in(uow, facts, now))
        except _LeaveOut as left:
            refused = left.refused
            return self._book([refused.get(place, fact) for place, fact in enumerate(facts)])
        except Overtaken:
            return self._book(facts)
        except StoreError:
            raise
        except Exception as error:  # a defect on one fact must not cost the others theirs
            if len(facts) > 1:
                return [receipt for one in facts for receipt in self._book([one])]
            if not isinstance(error, LoyaltyError):
                logger.exception("recording a fact failed")
                error = LedgerFault(f"recording failed: {type(error).__name__}: {error}")
            return [rejected(error)]
        self._rules.quarantine.save(self._store, now)
        return receipts

    def record_many(
        self,
        facts: Iterable[Any],
        on_receipt: Callable[[int, FactReceipt], None] | None,
        progress: Callable[[int], None] | None,
        chunk: int,
    ) -> RecordSummary:
        """What became of any number of facts, recorded in batches of ``chunk``."""
        summary = Summary()
        for batch in batched(facts, chunk):
            summary.add(batch, self.record(batch), on_receipt)
            if progress is not None:
                progress(summary.done)
        return summary.result()

    def record_in(
        self, uow: UnitOfWork, facts: Sequence[Fact | LoyaltyError], now: datetime
    ) -> list[FactReceipt]:
        """The receipts of facts recorded inside a unit of work."""
        batch = Batch()
        books = Books(uow, self._rules, now)
        found = self._identify(uow, facts, now)
        self._load(uow, facts, found, batch, books)
        outcomes = [
            self._merge(fact, owner, identities, batch, books)
            for fact, owner, identities in zip(facts, found.owner, found.identities, strict=True)
        ]
        refused = {
            place: outcome.error
            for place, outcome in enumerate(outcomes)
            if outcome.error and not found.claimed.isdisjoint(found.identities[place])
        }
        if refused:
            raise _LeaveOut(refused)
        self._enrol(found, outcomes, books)
        settle(uow, batch, books, self.rules_at)
        books.flush()
        return [receipt_of(outcome, batch) for outcome in outcomes]

    def redecide_in(
        self, uow: UnitOfWork, records: Iterable[FactRecord], owner: MemberId | None, now: datetime
    ) -> int:
        """Decides stored facts (again): deferred or scheduled ones, or those of a new ``owner``."""
        batch = Batch()
        books = Books(uow, self._rules, now)
        loaded = {record.key: record for record in records}
        wanted = {owner or record.member_id for record in loaded.values()}
        batch.members = uow.lock_members(one for one in wanted if one)
        batch.lock_holders(uow)
        known, wallets = uow.known(loaded, batch.members)  # again: now under lock
        books.keep(batch.members, wallets)
        for record in known.values():
            if owner is not None and record.member_id is None:
                record.member_id = owner
                ready(record, now)
            elif record.status is FactStatus.SCHEDULED:
                record.member_id = batch.holder(record)  # who they are now, if they were merged
                ready(record, now)
            member = batch.members.get(record.member_id) if record.member_id else None
            if member is not None and member.status is not MemberStatus.ERASED:
                batch.records[record.key] = batch.redecide[record.id] = record
        settle(uow, batch, books, self.rules_at)
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
        keys = [key_of(fact) for fact in facts if not isinstance(fact, LoyaltyError)]
        named = {
            place: fact.identities[BY_ID]
            for place, fact in enumerate(facts)
            if not isinstance(fact, LoyaltyError) and fact.identities.get(BY_ID)
        }
        return identify(uow, given, moments, program, keys=keys, named=named)

    def _load(
        self,
        uow: UnitOfWork,
        facts: Sequence[Fact | LoyaltyError],
        found: Identified,
        batch: Batch,
        books: Books,
    ) -> None:
        """Loads members, the facts already known and the wallets, all as of the members' lock."""
        keys = [key_of(fact) for fact in facts if not isinstance(fact, LoyaltyError)]
        owners = {owner for owner in found.owner if isinstance(owner, str)}
        batch.members = uow.lock_members(owners - found.enrolled.keys())
        if any(batch.members[one].status in GONE for one in found.known()):
            raise Overtaken
        wallets = batch.read(uow, keys, found.enrolled.keys())
        books.keep(batch.members, wallets)
        batch.members.update(found.enrolled)
        books.keep(found.enrolled, ())
        found.refuse_erased(uow, map(_moment_of, facts), batch.members)
        batch.lock_holders(uow)

    def _enrol(self, found: Identified, outcomes: list[Outcome], books: Books) -> None:
        kinds = found.kinds()
        for record in found.enrolled.values():
            books.enrol(record, kinds[record.id])
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
        owned = batch.members.get(known.member_id) if known and known.member_id else None
        if owned is not None and owned.status is MemberStatus.ERASED:
            return Outcome(error=MemberErased(ERASED))
        try:
            if known is None:
                record = self._new(fact, owner, identities, books)
                batch.records[record.key] = record
                self._mark(record, batch, body=True)
                return Outcome(record, changed=True, problems=self._problems(record))
            outcome = self._update(known, fact, owner, batch, books)
            if outcome.changed and known.member_id is None:
                self._await_owner(known, fact, identities, books)
            if owner is not None and batch.holder(known) != owner:
                outcome.problems += (_OTHER_MEMBER,)
            return outcome
        except LoyaltyError as error:
            return Outcome(error=error)

    def _new(
        self,
        fact: Fact,
        owner: MemberId | None,
        identities: tuple[Identity, ...],
        books: Books,
    ) -> FactRecord:
        if not identities and owner is None and isinstance(fact, Activity):
            raise CustomerMissing("the fact does not say whose it is", where="$.identities")
        record = FactRecord(
            id=FactId(new_id()),
            key=key_of(fact),
            member_id=owner,
            status=FactStatus.IDLE,
            occurred_at=_moment(fact),
            received_at=books.now,
            document=fact if isinstance(fact, Activity) else OrderDocument.of(fact),
        )
        books.changes.facts[record.id] = record
        if owner is None:
            self._await_owner(record, fact, identities, books)
        return record

    def _await_owner(
        self, record: FactRecord, fact: Fact, identities: tuple[Identity, ...], books: Books
    ) -> None:
        """Lets a fact of nobody wait for whom it names; an order that names nobody, for a claim.

        A refund alone that names nobody waits for nothing but its order. What has waited too long
        waits no more, but is found by those whom it names: for them to be forgotten.
        """
        if record.status is FactStatus.LAPSED:
            books.changes.waiting += [(name, record.id, None) for name in identities]
        if record.status not in (FactStatus.IDLE, FactStatus.WAITING):
            return
        names: tuple[Identity | None, ...] = identities
        if (
            not identities
            and record.status is FactStatus.IDLE
            and not isinstance(fact, OrderRefund)
        ):
            names = (None,)
        if names:
            record.status = FactStatus.WAITING
            until = books.now + timedelta(days=self._rules.config.program.join_wait_days)
            books.changes.waiting += [(name, record.id, until) for name in names]

    def _update(
        self, known: FactRecord, fact: Fact, owner: MemberId | None, batch: Batch, books: Books
    ) -> Outcome:
        if isinstance(fact, Activity):
            if known.document != fact:
                raise IdempotencyConflict(
                    f"activity {fact.id!r} of {fact.source!r} is already recorded with other "
                    "content",
                    remedy="Activities happen once: send another one under its own id.",
                )
            merged, same = cast(OrderDocument | Activity, fact), True
        else:
            assert isinstance(known.document, OrderDocument)
            merged = known.document.merge(OrderDocument.of(fact))
            same = known.document.says_the_same(merged)
        joined = known.member_id is None and owner is not None
        if same and not joined:
            if merged != known.document:  # its refunds were listed again: a later one weighs more
                known.document = merged
                books.changes.facts[known.id] = known
            return Outcome(known)
        body = joined or _body(merged) != _body(known.document)
        followed = bool(self._rules.followers) and _refunds(merged) != _refunds(known.document)
        if joined:
            known.member_id, known.status = owner, FactStatus.IDLE
        known.document = merged
        if isinstance(merged, OrderDocument) and merged.body:
            known.occurred_at = merged.body.occurred_at
        self._mark(known, batch, body=body, followed=followed)
        books.changes.facts[known.id] = known
        return Outcome(known, changed=True, problems=self._problems(known))

    def _problems(self, record: FactRecord) -> tuple[Problem, ...]:
        document, goodwill = record.document, self._rules.config.program.goodwill
        return () if isinstance(document, Activity) else refund_problems(document, goodwill)

    def _mark(
        self, record: FactRecord, batch: Batch, *, body: bool, followed: bool = False
    ) -> None:
        """Notes what has to be done: decide it again if its body says so, or what follows it."""
        member = batch.members.get(record.member_id) if record.member_id else None
        if member is None:
            return
        earning = decidable(record, member) is not None
        if (body and (record.was_at is not None or earning)) or (followed and earning):
            batch.redecide[record.id] = record
        batch.revalue[record.id] = record


_OTHER_MEMBER = Problem(
    "$.identities",
    "they belong to another member than the order's, which stays with the first",
    IdentityConflict.default_remedy,
    IdentityConflict.code,
)


def _body(document: OrderDocument | Activity) -> object:
    """What programs would be asked about: versions alone are no reason to decide again."""
    return document.body if isinstance(document, OrderDocument) else document


def _refunds(document: OrderDocument | Activity) -> object:
    """What programs that follow facts would be told besides."""
    return (document.refunds, document.deleted()) if isinstance(document, OrderDocument) else ()


def _moment(fact: Fact) -> datetime:
    return fact.refund.occurred_at if isinstance(fact, OrderRefund) else fact.occurred_at


def _moment_of(fact: Fact | LoyaltyError) -> datetime | None:
    return None if isinstance(fact, LoyaltyError) else _moment(fact)
