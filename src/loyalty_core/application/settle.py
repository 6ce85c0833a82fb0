"""Settling a batch: deciding what changed, and booking the difference to what is in the books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from loyalty_core.application.abroad import return_abroad
from loyalty_core.application.automatic import buy_due
from loyalty_core.application.batch import Batch
from loyalty_core.application.books import Books
from loyalty_core.application.causes import MOST_ROUNDS, cause
from loyalty_core.application.fold import Causing, Folded, fold, fold_start
from loyalty_core.application.gifts import Given, follow, unfollowed
from loyalty_core.application.own_rows import Putting, rows_after
from loyalty_core.application.returns import changed_at, goodwill_of, return_spent, spent_on
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.application.scoring import keep_scores
from loyalty_core.application.sharing import Due, households, lots_of
from loyalty_core.application.standing import tell_standings
from loyalty_core.application.taken import Emitted
from loyalty_core.domain.facts import FactId, Json
from loyalty_core.domain.ledger import Transaction
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.orders import OrderDocument, kept_share
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.domain.sales import Sale, sale_of
from loyalty_core.errors import LedgerFault
from loyalty_core.ports.records import Award, FactRecord, MemberRecord
from loyalty_core.ports.store import UnitOfWork

AwardName = tuple[str, str, str, str]


def settle(uow: UnitOfWork, batch: Batch, books: Books, rules_at: RulesAt) -> None:
    """Decides what changed and what that causes, then books the difference to the books."""
    spent = spent_on(uow, books.changes.facts.values(), books.rules, rules_at)
    by_member: Mapping[MemberId, list[FactRecord]] = defaultdict(list)
    for record in batch.redecide.values():
        assert record.member_id is not None
        by_member[record.member_id].append(record)
    for member_id in batch.undone:
        by_member[member_id] += []
    rules_then = partial(rules_at, uow)
    books.rules.quarantine.look(uow)
    folding = Folding(uow, batch, books, rules_then)
    for _ in range(MOST_ROUNDS):
        causing = folding.fold(by_member)
        by_member = cause(uow, batch, books, causing) if causing else {}
        if not by_member:
            break
    else:
        kinds = sorted({one.key.source for changed in by_member.values() for one in changed})
        raise LedgerFault(f"facts of {', '.join(kinds)} cause each other without an end")
    folding.tell()
    _book(batch, books, list(folding.redated.values()), spent, rules_at)
    if books.rules.coalition:
        return_abroad(books, books.changes.facts.values(), batch.records, rules_at)


@dataclass(slots=True)
class Folding:
    """Folds the facts of members, in as many rounds as facts cause others."""

    uow: UnitOfWork
    batch: Batch
    books: Books
    rules_then: Callable[[int], Rules]
    redated: dict[tuple[FactId, AwardName], tuple[FactRecord, Award]] = field(default_factory=dict)
    _first: set[FactId | tuple[FactId, str]] = field(default_factory=set)
    _emitted: dict[FactId, list[tuple[MemberRecord, Emitted]]] = field(default_factory=dict)
    _putting: dict[FactId, tuple[Putting, MemberId, bool]] = field(default_factory=dict)
    _touched: dict[FactId, FactRecord] = field(default_factory=dict)
    _members: dict[MemberId, MemberRecord] = field(default_factory=dict)

    def fold(self, by_member: Mapping[MemberId, Sequence[FactRecord]]) -> list[Causing]:
        """Decides these facts and what they make a difference to; those that cause others."""
        batch, books, causing = self.batch, self.books, []
        later = _later(self.uow, batch, by_member)
        for member_id, changed in by_member.items():
            member = self._members[member_id] = batch.members[member_id]
            rest, undone = later[member_id], batch.undone.pop(member_id, None)
            folded = fold(
                member, changed, rest, books.rules, self.rules_then, books.now, self.uow, undone
            )
            for record in folded.touched:
                record.was_at = record.position if record.decided else None
                self._touched[record.id] = batch.revalue[record.id] = record
                books.changes.facts[record.id] = record
            for record, award in folded.redated:
                self.redated[record.id, award.name] = record, award
            self._keep_emitted(member, folded)
            for one in folded.putting if books.rules.tables else ():
                again = one.record.id not in self._first  # new facts have no rows to be replaced
                self._putting[one.record.id] = one, member.holder, again
            causing += folded.causing
            if member.changed and not member.fresh:
                books.changes.members[member_id] = member
        return causing

    def _keep_emitted(self, member: MemberRecord, folded: Folded) -> None:
        """Keeps what is emitted when a fact is first decided: what its last round here says."""
        self._first.update(folded.fresh)
        self._first.update((one.record.id, one.plugin) for one in folded.emitted if one.first)
        for record in folded.touched:
            self._emitted.pop(record.id, None)
        for one in folded.emitted:
            fact = one.record.id
            if fact in self._first or (fact, one.plugin) in self._first:
                self._emitted.setdefault(fact, []).append((member, one))

    def tell(self) -> None:
        """Tells what programs emit and put, of programs that failed, and of tiers that changed."""
        for member, one in (pair for pairs in self._emitted.values() for pair in pairs):
            emit = one.emit
            self.books.tell(emit.type, member.holder, one.record.occurred_at, emit.data)
        for record in self._touched.values():
            for plugin in record.deferred:
                data: Mapping[str, Json] = {"plugin": plugin, "fact_id": record.id}
                self.books.tell(
                    "decision_deferred", self.batch.holder(record), self.books.now, data
                )
        self.books.changes.own_rows = rows_after(
            list(self._putting.values()), self.books.rules.tables
        )
        self.books.rules.quarantine.note(self.uow, self._touched.values(), self.books.now)
        tell_standings(self.books, self._members.values())
        keep_scores(self.books, self._members.values())


def _later(
    uow: UnitOfWork, batch: Batch, by_member: Mapping[MemberId, Sequence[FactRecord]]
) -> dict[MemberId, list[FactRecord]]:
    """The facts after the first change, of those members for whom it is not the last."""
    starts = {member: fold_start(changed) for member, changed in by_member.items() if changed}
    for member_id, merge in batch.undone.items():
        starts[member_id] = min(starts.get(member_id, merge.position), merge.position)
    since = {}
    for member_id, start in starts.items():
        decided_to = batch.members[member_id].decided_to
        if decided_to is not None and start <= decided_to:
            since[member_id] = start.occurred_at
    for record in uow.facts_since(since):
        batch.records.setdefault(record.key, record)
    later: dict[MemberId, list[FactRecord]] = defaultdict(list)
    for record in batch.records.values() if since else ():
        if record.member_id in since and record.position >= starts[record.member_id]:
            later[record.member_id].append(record)
    return later


def _book(
    batch: Batch,
    books: Books,
    redated: list[tuple[FactRecord, Award]],
    spent: list[Redemption],
    rules_at: RulesAt,
) -> None:
    rules_then = partial(rules_at, books.uow)
    due: list[Due] = []
    given: list[Given] = []
    for record in sorted(batch.revalue.values(), key=lambda one: one.position):
        goodwill = goodwill_of(record, books.rules, rules_then)
        record.sale = _sale(record, goodwill)
        for award, delta in _differences(record, goodwill):
            due.append((record, award, delta))
        for gift, is_due in unfollowed(record, goodwill):
            given.append(Given(record, gift, is_due, batch.holder(record)))
    losing = {batch.holder(record) for record, _, delta in due if delta < 0}
    losing |= households(award for _, award, delta in due if delta < 0)
    posted = {batch.holder(record) for record, _, _ in due}
    payers = {MemberId(redemption.member_id) for redemption in spent}
    sharing = households([one[1] for one in due] + [award for _, award in redated])
    if sharing:
        batch.members.update(books.uow.lock_members(sharing))
    booked = lots_of(due) | {award.lot_id for _, award in redated if award.lot_id}
    booked |= {lot_id for redemption in spent for lot_id in redemption.lot_ids}
    books.load(
        posted | payers | sharing | {batch.holder(record) for record, _ in redated},
        lots=booked,
        open_of=losing | payers | (posted if books.rules.automatic else set()),
    )
    for record, award in redated:
        books.redate(batch.keepers(books, record).of(award), award)
    for record, award, delta in due:
        _post(batch, books, record, award, delta)
        books.changes.facts[record.id] = record
    before = len(books.changes.transactions)
    return_spent(books, spent, batch.records, rules_at)
    for returned in books.changes.transactions[before:]:
        if returned.fact_id is not None:
            _count_returned(batch, books.changes.facts[FactId(returned.fact_id)], returned)
    if given:
        for record, problem in follow(books, given, rules_then):
            batch.problems[record.id].append(problem)
    if books.rules.automatic:
        buy_due(books, batch.members, (posted | payers) - sharing)


def _post(batch: Batch, books: Books, record: FactRecord, award: Award, delta: int) -> None:
    posted, keepers = len(books.changes.transactions), batch.keepers(books, record)
    keepers.book(award, delta, _last_change(record))
    owner = keepers.owner
    for made in books.changes.transactions[posted:]:
        batch.transactions[record.id].append(made.id)
        side = batch.booked if made.member_id == owner else batch.shared
        side[record.id][award.wallet] += made.amount


def _count_returned(batch: Batch, record: FactRecord, returned: Transaction) -> None:
    """Notes what was given back for an order: another person may have paid for it."""
    batch.transactions[record.id].append(returned.id)
    member = batch.members[batch.holder(record)] if record.member_id else None
    if member is not None and returned.member_id == member.id:
        batch.booked[record.id][returned.wallet] += returned.amount
    elif member is not None and returned.member_id in {
        one.household for one in member.contributions
    }:
        batch.shared[record.id][returned.wallet] += returned.amount


def sold(record: FactRecord, rules: Rules, rules_then: Callable[[int], Rules]) -> Sale | None:
    """What a fact counts as in segments, by the rules that it was first decided by."""
    return _sale(record, goodwill_of(record, rules, rules_then))


def _sale(record: FactRecord, goodwill: GoodwillPolicy) -> Sale | None:
    """What a fact counts as in segments: nothing while it is not decided."""
    if not record.decided:
        return None
    document = record.document
    return sale_of(document, goodwill) if isinstance(document, OrderDocument) else None


def _differences(record: FactRecord, goodwill: GoodwillPolicy) -> Iterable[tuple[Award, int]]:
    """By how much each award's books differ from what it should be worth after refunds."""
    for award in record.awards:
        kept = award.amount
        if isinstance(record.document, OrderDocument) and award.amount and not award.whole:
            lines = award.lines or {"": award.amount}
            kept = sum(kept_share(lines, record.document, goodwill).values())
        kept = award.part(kept) if award.share else kept
        if kept != award.net:
            yield award, kept - award.net


def _last_change(record: FactRecord) -> datetime:
    """When what is booked now happened: the fact itself, its latest refund, or its latest edit."""
    booked = any(award.lot_id for award in record.awards)
    return changed_at(record) if booked else record.occurred_at
