"""Balances changed by operators, a batch at a time; one adjustment is a batch of one.

An adjustment that cannot be booked is left out and reported, its neighbours not. What is wrong
with it is found before anything is written, so nothing of it stays.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Never, cast

from loyalty_core.application.adjustment_forms import read_adjustment
from loyalty_core.application.automatic import buy_what_is_due
from loyalty_core.application.books import Books
from loyalty_core.application.identify import ERASED, GONE, Overtaken, erased_at, owner_of
from loyalty_core.application.identities import read_identities
from loyalty_core.application.ids import input_hash, is_id, new_id
from loyalty_core.application.many import MOST_REJECTIONS, batched
from loyalty_core.application.rules import Rules
from loyalty_core.application.structure import converter
from loyalty_core.domain.adjustments import Adjustment, AdjustmentOutcome, AdjustmentSummary
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Json
from loyalty_core.domain.ledger import TransactionKind
from loyalty_core.domain.members import Identity, MemberId, MemberStatus
from loyalty_core.domain.orders import NEVER
from loyalty_core.domain.receipts import AdjustmentReceipt, RecordStatus, Rejection
from loyalty_core.errors import (
    CustomerMissing,
    FactError,
    IdempotencyConflict,
    LedgerFault,
    LoyaltyError,
    MemberErased,
    MemberNotFound,
    StoreError,
)
from loyalty_core.ports.records import MemberRecord, StoredReceipt
from loyalty_core.ports.store import Store, UnitOfWork

logger = logging.getLogger("loyalty_core")

AdjustmentForm = Adjustment | Mapping[str, Json]
OnReceipt = Callable[[int, AdjustmentOutcome], None]


@dataclass(slots=True)
class _Row:
    """One adjustment of a batch: as read, whose it is, and what became of it."""

    wanted: Adjustment
    identities: tuple[Identity, ...]
    given: str
    owner: MemberId | None = None
    outcome: AdjustmentOutcome | None = None
    repeats: _Row | None = None


@dataclass(slots=True)
class _Found:
    """What is known of a batch's members when their locks are held."""

    known: Mapping[Identity, MemberId]
    members: dict[MemberId, MemberRecord]
    stored: Mapping[str, StoredReceipt]
    erased: Mapping[tuple[Identity, ...], datetime]
    claims: dict[Identity, MemberId] = field(default_factory=dict)
    enrolled: dict[MemberId, MemberRecord] = field(default_factory=dict)
    first: dict[str, _Row] = field(default_factory=dict)


class _Rehearsed(Exception):
    """Rolls a dry run back, with what would have become of its rows."""

    def __init__(self, outcomes: list[AdjustmentOutcome]) -> None:
        self.outcomes = outcomes


class Adjuster:
    """Books adjustments under the current rules."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def adjust(self, adjustment: Adjustment) -> AdjustmentReceipt:
        """The receipt of one adjustment; raises why it cannot be booked."""
        now = self._clock()
        read = self._read(adjustment, now)
        if isinstance(read, LoyaltyError):
            raise read
        (outcome,) = self._booked([read], now, enrol=False)
        if outcome.receipt is None:
            raise outcome.error or LedgerFault("an adjustment ended without a receipt")
        return outcome.receipt

    def adjust_many(
        self,
        adjustments: Iterable[AdjustmentForm],
        *,
        dry_run: bool,
        enrol: bool,
        on_receipt: OnReceipt | None,
        progress: Callable[[int], None] | None,
        chunk: int,
    ) -> AdjustmentSummary:
        """What became of any number of adjustments, booked in batches of ``chunk``."""
        summary = _Summary()
        if dry_run:
            rows = list(adjustments)
            summary.add(rows, self._rehearse(rows, enrol, progress, chunk), on_receipt)
            return summary.result()
        for batch in batched(adjustments, chunk):
            summary.add(batch, self._book(batch, enrol=enrol), on_receipt)
            if progress is not None:
                progress(summary.done)
        return summary.result()

    def _rehearse(
        self,
        rows: list[AdjustmentForm],
        enrol: bool,
        progress: Callable[[int], None] | None,
        chunk: int,
    ) -> list[AdjustmentOutcome]:
        """What would become of all rows: one transaction, so that each sees those before it."""

        def work(uow: UnitOfWork) -> Never:
            outcomes: list[AdjustmentOutcome] = []
            for batch in batched(rows, chunk):
                now = self._clock()
                read = [self._read(one, now) for one in batch]
                outcomes += self._book_in(uow, read, now, enrol=enrol)
                if progress is not None:
                    progress(len(outcomes))
            raise _Rehearsed(outcomes)

        try:
            self._store.write(work)
        except _Rehearsed as rehearsed:
            return rehearsed.outcomes
        except Overtaken:
            return self._rehearse(rows, enrol, progress, chunk)

    def _book(self, given: Sequence[Any], *, enrol: bool) -> list[AdjustmentOutcome]:
        """What became of a batch, in one transaction; raises ``StoreError``."""
        now = self._clock()
        read = [self._read(one, now) for one in given]
        try:
            return self._booked(read, now, enrol=enrol)
        except StoreError:
            raise
        except Exception as error:  # a defect on one row must not cost the others theirs
            if len(given) > 1:
                return [outcome for one in given for outcome in self._book([one], enrol=enrol)]
            if not isinstance(error, LoyaltyError):
                logger.exception("booking an adjustment failed")
                error = LedgerFault(f"adjusting failed: {type(error).__name__}: {error}")
            return [_rejected(error)]

    def _booked(
        self, read: Sequence[_Row | LoyaltyError], now: datetime, *, enrol: bool
    ) -> list[AdjustmentOutcome]:
        while True:
            with contextlib.suppress(Overtaken):
                return self._store.write(lambda uow: self._book_in(uow, read, now, enrol=enrol))

    # -- reading ------------------------------------------------------------------------------

    def _read(self, given: Any, now: datetime) -> _Row | LoyaltyError:
        config = self._rules.config
        if isinstance(given, LoyaltyError):
            return given
        try:
            wanted = read_adjustment(given, config, now)
            country = config.program.default_country
            identities = read_identities(wanted.identities, source=wanted.source, country=country)
            if not identities and not wanted.member_id:
                raise CustomerMissing("all identities are empty", where="$.identities")
        except LoyaltyError as error:
            return error
        except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
            return FactError(f"the adjustment cannot be read: {type(error).__name__}: {error}")
        values = cast(dict[str, Json], converter(0).unstructure(wanted))
        del values["key"]
        return _Row(wanted, identities, input_hash("adjust", values))

    # -- one transaction ----------------------------------------------------------------------

    def _book_in(
        self,
        uow: UnitOfWork,
        read: Sequence[_Row | LoyaltyError],
        now: datetime,
        *,
        enrol: bool,
    ) -> list[AdjustmentOutcome]:
        """What became of each row; every table is read and written once for all of them."""
        rows = [row for row in read if isinstance(row, _Row)]
        found = self._load(uow, rows)
        for row in rows:
            row.outcome, row.owner, row.repeats = None, None, None  # a collision runs this twice
            _settle(row, found, enrol=enrol, now=now)
        if found.claims and uow.claim(found.claims) != found.claims:
            raise Overtaken
        books = Books(uow, self._rules, now)
        mine = [row for row in rows if row.owner is not None]
        losing = {row.owner for row in mine if row.owner and row.wanted.amount < 0}
        books.load({row.owner for row in mine if row.owner}, open_of=losing)
        self._enrol(mine, found, books)
        for row in mine:
            _post(row, books, found)
        books.flush()
        buy_what_is_due(uow, self._rules, {row.owner for row in mine if row.owner}, now)
        return [_outcome(row) for row in read]

    def _load(self, uow: UnitOfWork, rows: Sequence[_Row]) -> _Found:
        """Locks the members named, then reads what their commands returned: current by then."""
        known = uow.lock_owners(identity for row in rows for identity in row.identities)
        named = {MemberId(one) for row in rows if is_id(one := row.wanted.member_id)}
        members = uow.lock_members(named | set(known.values()))
        if any(members[owner].status in GONE for owner in known.values()):
            raise Overtaken
        members |= uow.lock_members({one.holder for one in members.values()} - members.keys())
        strangers = [row.identities for row in rows if known.keys().isdisjoint(row.identities)]
        stored = uow.receipts(row.wanted.key for row in rows)
        return _Found(known, members, stored, erased_at(uow, strangers))

    def _enrol(self, mine: Sequence[_Row], found: _Found, books: Books) -> None:
        kinds: dict[MemberId, set[str]] = {member_id: set() for member_id in found.enrolled}
        for row in mine:
            if row.owner in kinds:
                kinds[row.owner] |= {identity.kind.value for identity in row.identities}
        for member_id, record in found.enrolled.items():
            books.changes.members_added.append(record)
            data: Mapping[str, Json] = {"kinds": [*sorted(kinds[member_id])]}
            books.tell("member_enrolled", member_id, record.joined_at, data)


def _settle(row: _Row, found: _Found, *, enrol: bool, now: datetime) -> None:
    """Finds whose the row is, or that it is known already, or why it cannot be booked."""
    wanted, key = row.wanted, row.wanted.key
    stored, first = found.stored.get(key), found.first.get(key)
    before = stored.input_hash if stored else first.given if first else row.given
    if before != row.given:
        message = f"the key {key!r} was used before for another input"
        row.outcome = _rejected(IdempotencyConflict(message, where="$.key", key=key))
    elif stored is not None:
        receipt = converter(0).structure(stored.receipt, AdjustmentReceipt)
        row.outcome = AdjustmentOutcome(status=RecordStatus.DUPLICATE, receipt=receipt)
    elif first is not None:
        row.repeats = first
    elif isinstance(owner := _owner(row, found), LoyaltyError):
        row.outcome = _rejected(owner)
    elif owner is None and (wanted.awarded_at or now) <= found.erased.get(row.identities, NEVER):
        row.outcome = _rejected(MemberErased(ERASED))
    elif owner is None and not enrol:
        kinds = ", ".join(f"{item.kind} {item.value!r}" for item in row.identities)
        remedy = "Enrol the person first, or let strangers join with this import."
        error = MemberNotFound(f"nobody is known by {kinds}", where="$.identities", remedy=remedy)
        row.outcome = _rejected(error)
    else:
        found.first[key] = row
        row.owner = owner or MemberId(new_id())
        if owner is None:
            joined = min(now, wanted.awarded_at or now)
            found.enrolled[row.owner] = MemberRecord(id=row.owner, joined_at=joined, fresh=True)
        if enrol:
            new = [item for item in row.identities if item not in found.known]
            found.claims.update(dict.fromkeys(new, row.owner))


def _owner(row: _Row, found: _Found) -> MemberId | LoyaltyError | None:
    member_id = row.wanted.member_id
    if not member_id:
        return owner_of(row.identities, found.known, found.claims)
    record = found.members.get(MemberId(member_id))
    if record is not None and record.status is MemberStatus.ERASED:
        return MemberErased(f"the member {member_id!r} was erased", member_id=member_id)
    if record is not None:
        return record.holder
    return MemberNotFound(
        f"there is no member {member_id!r}", where="$.member_id", member_id=member_id
    )


def _post(row: _Row, books: Books, found: _Found) -> None:
    """Books a row; points that have expired already expire with it."""
    wanted, owner = row.wanted, MemberId(row.owner or "")
    book = books.wallet(owner, wanted.wallet)
    at, lot = wanted.awarded_at or books.now, None
    if wanted.amount > 0:
        lot = books.new_lot(owner, wanted.wallet, at, wanted.activates_at, wanted.expires_at)
        entries = book.credit(lot, wanted.amount, books.now)
    else:
        policy = books.rules.config.wallets[wanted.wallet].debt
        entries = book.deduct(-wanted.amount, policy, books.now)
    made = books.post(
        book, TransactionKind.ADJUSTMENT, entries, at, actor=wanted.actor, reason=wanted.reason
    )
    if lot is not None and lot.expires_at is not None and lot.past(books.now):
        books.post(book, TransactionKind.EXPIRY, book.expire(lot), lot.expires_at)
    receipt = AdjustmentReceipt(
        transaction_id=made,
        member_id=owner,
        wallet=wanted.wallet,
        amount=sum(entry.amount for entry in entries),
        reason=wanted.reason,
        actor=wanted.actor,
        occurred_at=at,
    )
    document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
    books.changes.receipts.append(StoredReceipt(wanted.key, row.given, owner, document, books.now))
    joined = found.enrolled.pop(owner, None) is not None  # with the first of its rows
    row.outcome = AdjustmentOutcome(status=RecordStatus.BOOKED, receipt=receipt, enrolled=joined)


def _outcome(row: _Row | LoyaltyError) -> AdjustmentOutcome:
    if isinstance(row, LoyaltyError):
        return _rejected(row)
    if row.repeats is not None and row.repeats.outcome is not None:
        receipt = row.repeats.outcome.receipt
        return AdjustmentOutcome(status=RecordStatus.DUPLICATE, receipt=receipt)
    if row.outcome is None:
        raise LedgerFault("an adjustment was passed over", where=row.wanted.key)
    return row.outcome


def _rejected(error: LoyaltyError) -> AdjustmentOutcome:
    return AdjustmentOutcome(status=RecordStatus.REJECTED, error=error)


class _Summary:
    """A running count of outcomes; of the rows, only the first rejected ones are kept."""

    def __init__(self) -> None:
        self.done = 0
        self._enrolled = 0
        self._counts: Counter[RecordStatus] = Counter()
        self._added: Counter[str] = Counter()
        self._taken: Counter[str] = Counter()
        self._rejected: list[Rejection] = []

    def add(
        self,
        rows: Sequence[AdjustmentForm],
        outcomes: Sequence[AdjustmentOutcome],
        on_receipt: OnReceipt | None,
    ) -> None:
        """Counts outcomes, and tells them to ``on_receipt`` with their places."""
        for row, outcome in zip(rows, outcomes, strict=True):
            self._counts[outcome.status] += 1
            self._enrolled += outcome.enrolled
            if outcome.status is RecordStatus.BOOKED and outcome.receipt is not None:
                amount, wallet = outcome.receipt.amount, outcome.receipt.wallet
                self._added[wallet] += max(amount, 0)
                self._taken[wallet] += max(-amount, 0)
            if outcome.error is not None and len(self._rejected) < MOST_REJECTIONS:
                self._rejected.append(Rejection(self.done, row, outcome.error))
            if on_receipt is not None:
                on_receipt(self.done, outcome)
            self.done += 1

    def result(self) -> AdjustmentSummary:
        """What became of all rows so far."""
        return AdjustmentSummary(
            counts=dict(self._counts),
            enrolled=self._enrolled,
            added=dict(self._added),
            taken=dict(self._taken),
            rejected=tuple(self._rejected),
        )
