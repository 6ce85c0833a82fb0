"""Booking the life of a few members again, step by step, on what their facts are worth now.

Every step was one in the books: points awarded or taken back, spent, given, merged. Expiry, debt
that is paid and holds that time out follow by themselves, as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from heapq import heappop, heappush

from loyalty_core.application.automatic import buy_due
from loyalty_core.application.backtest.case import Case
from loyalty_core.application.backtest.levels import Level, levels
from loyalty_core.application.backtest.people import People
from loyalty_core.application.backtest.spends import Spends, copied
from loyalty_core.application.backtest.step import Step
from loyalty_core.application.backtest.terms import Terms
from loyalty_core.application.books import Books
from loyalty_core.application.gifts import unfollowed
from loyalty_core.application.grants import new_grant, prepare
from loyalty_core.application.rules import Rules
from loyalty_core.application.sharing import Keepers
from loyalty_core.application.transfer import Note, Side, post_pair
from loyalty_core.domain.backtests import Impossible
from loyalty_core.domain.clock import Booked
from loyalty_core.domain.facts import FactId
from loyalty_core.domain.ledger import LotId, Transaction, TransactionKind
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.programs import Wallet
from loyalty_core.errors import InsufficientPoints
from loyalty_core.ports.records import FactRecord

ERASED = "erased"


@dataclass(slots=True)
class Replay:
    """Books one case again; what was done and cannot be is put into ``impossible``."""

    books: Books
    case: Case
    terms: Terms
    impossible: list[Impossible] = field(default_factory=list)
    _due: list[datetime] = field(default_factory=list)
    _lots: dict[LotId, LotId] = field(default_factory=dict)
    _spends: Spends = field(init=False)
    _people: People = field(init=False)

    def run(self, until: datetime) -> None:
        """Does every step in the order in which the books learnt of it."""
        books, case = self.books, self.case
        self._spends = Spends(books, case, self.terms, self._refuse, self._note, self._holder)
        self._people = People(books, case, self._spends, self._refuse)
        self._people.begin()
        members = self._people.members
        for record in self.case.decided.values():
            for award in record.awards:
                award.lot_id, award.net, award.answered, award.changes = None, 0, 0, ()
        for step in sorted(self._steps(), key=lambda one: one.booked):
            self._stand(step.booked.at, self.terms.rules(step.occurred_at, step.version))
            made = len(self.books.changes.transactions)
            step.act()
            if self.books.rules.automatic:
                buy_due(self.books, members, members)
            self._note_ends(made)
        self._stand(until, self.books.rules)
        self._grants()
        self._people.end()

    def _stand(self, now: datetime, rules: Rules) -> None:
        """Lets the books be at a moment: what time alone does by then is booked."""
        books = self.books
        books.now = max(now, books.now)
        books.rules = rules
        due = False
        while self._due and self._due[0] <= books.now:
            heappop(self._due)
            due = True
        if due:
            made = len(books.changes.transactions)
            for book in list(books.wallets.values()):
                books.catch_up(book)
            self._note_ends(made)

    def _note_ends(self, since: int) -> None:
        """Notes when time will do something to what has just been posted to."""
        now = self.books.now
        for made in self.books.changes.transactions[since:]:
            book = self.books.wallet(made.member_id, made.wallet)
            self._note(book.lapses_at)
            for entry in made.entries:
                lot = book.lots.get(entry.lot_id) if entry.lot_id else None
                if lot is not None and lot.remaining:
                    self._note(lot.activates_at if lot.activates_at > now else None)
                    self._note(lot.expires_at)

    def _note(self, moment: datetime | None) -> None:
        if moment is not None:
            heappush(self._due, moment)

    def _refuse(
        self, what: str, member: str, wallet: str, points: int, at: datetime, reason: str
    ) -> None:
        self.impossible.append(
            Impossible(
                what=what, member_id=member, wallet=wallet, points=points, at=at, reason=reason
            )
        )

    def _holder(self, member: str | None) -> MemberId:
        """Who answers now for a member, such as that of a fact."""
        return self._people.holder(MemberId(member or ""))

    # -- the steps ----------------------------------------------------------------------------

    def _steps(self) -> Iterator[Step]:
        case = self.case
        for record in case.decided.values():
            for level in levels(case, record, self.terms):
                act: Callable[[], None] = partial(self._level, level)
                yield Step(level.booked, record.occurred_at, act, level.version)
        yield from self._spends.steps()
        yield from self._people.steps()
        for made in case.transactions:
            act_on = self._act_of(made)
            if act_on is not None:
                act, booked = partial(act_on, made), Booked(made.booked_at, made.id)
                yield Step(booked, made.occurred_at, act, made.config_version)

    def _act_of(self, made: Transaction) -> Callable[[Transaction], None] | None:
        """What is done again for a transaction; None where it follows from another step."""
        if made.kind is TransactionKind.ADJUSTMENT:
            member = self.case.members[MemberId(made.member_id)]
            gone = made.reason == ERASED and member.status is MemberStatus.ERASED
            return self._close if gone else self._adjust
        if made.kind is TransactionKind.TRANSFER and "to" in made.detail:
            return self._transfer
        if made.kind is TransactionKind.EXPIRY and "corrects" in made.detail:
            return self._reinstate
        return None

    def _level(self, level: Level) -> None:
        """Brings an award to where it is after a version or a refund of its order."""
        award, fact = level.award, level.record
        if level.net != award.net:
            holder = self._holder(fact.member_id)
            keepers = Keepers(self.books, fact, holder, self._people.members)
            keepers.book(award, level.net - award.net, level.at)
        if level.lot_id and award.lot_id:
            self._lots[level.lot_id] = award.lot_id

    def _adjust(self, made: Transaction) -> None:
        books = self.books
        book = books.wallet(made.member_id, made.wallet)
        if made.amount > 0:
            old = next(self.case.made(one.lot_id) for one in made.entries if one.lot_id)
            lot = books.copy_lot(old, made.member_id)
            self._lots[old.id] = lot.id
            entries = book.credit(lot, made.amount, books.now)
        else:
            policy = books.rules.config.wallets.get(made.wallet, Wallet()).debt
            entries = book.deduct(-made.amount, policy, books.now)
        books.post(
            book,
            TransactionKind.ADJUSTMENT,
            entries,
            made.occurred_at,
            actor=made.actor,
            reason=made.reason,
            detail=made.detail,
        )

    def _close(self, made: Transaction) -> None:
        """Ends what an erased person has, as it was ended."""
        books = self.books
        book = books.wallet(made.member_id, made.wallet)
        kind, entries = TransactionKind.ADJUSTMENT, book.close()
        books.post(book, kind, entries, made.occurred_at, actor=made.actor, reason=made.reason)
        book.lapses_at = None
        self._people.members[MemberId(made.member_id)].status = MemberStatus.ERASED

    def _transfer(self, made: Transaction) -> None:
        books, other = self.books, str(made.detail["to"])
        giver = books.wallet(made.member_id, made.wallet)
        receiver = books.wallet(other, made.wallet)
        books.post(giver, TransactionKind.REPAYMENT, giver.repay(books.now), books.now)
        try:
            spent = giver.spend(-made.amount, books.now)
        except InsufficientPoints as short:
            at, points = made.occurred_at, -made.amount
            self._refuse("transfer", made.member_id, made.wallet, points, at, short.message)
            return
        got = []
        for lot_id, amount in ((one.lot_id, one.amount) for one in spent if one.lot_id):
            copy = books.copy_lot(giver.lots[lot_id], other)
            got += receiver.credit(copy, -amount, books.now)
        receiver.lapses_at = receiver.lapses_at or giver.lapses_at
        post_pair(
            books,
            Side(giver, spent, {"to": other}),
            Side(receiver, got, {"from": made.member_id}),
            Note(made.occurred_at, made.reason, made.actor),
        )

    def _reinstate(self, made: Transaction) -> None:
        book = self.books.wallet(made.member_id, made.wallet)
        old = next((one.lot_id for one in made.entries if one.lot_id), LotId(""))
        lot = book.lots.get(self._lots.get(old, old))
        amount = min(made.amount, lot.expired - lot.forgiven) if lot is not None else 0
        if lot is None or amount <= 0:
            points, at, why = made.amount, made.occurred_at, "the points had not expired"
            self._refuse("expiry", made.member_id, made.wallet, points, at, why)
            return
        ends = made.detail.get("expires_at")
        entries = book.reinstate(lot, amount, datetime.fromisoformat(str(ends)) if ends else None)
        lot.pending = lot.activates_at > self.books.now
        self.books.post(
            book,
            TransactionKind.EXPIRY,
            entries,
            made.occurred_at,
            actor=made.actor,
            reason=made.reason,
            detail=made.detail,
        )
        if lot.active(self.books.now):
            now = self.books.now
            self.books.post(book, TransactionKind.REPAYMENT, book.repay_from(lot), now)

    # -- grants -------------------------------------------------------------------------------

    def _grants(self) -> None:
        """Copies the grants that are still given, and gives those that are only given now."""
        records = {one.id: one for one in self.case.decided.values()}
        for grant in self.case.grants:
            record = records.get(FactId(grant.fact_id or ""))
            if grant.redemption_id is None and (record is None or _given(record, grant.id)):
                self.books.changes.grants[grant.id] = copied(grant)
        for record in records.values():
            for gift, due in list(unfollowed(record, self.terms.goodwill(record))):
                if due and gift.grant_id is None:
                    self._give(record, gift.reward, gift.plugin, gift.rule)
                gift.booked = due

    def _give(self, record: FactRecord, reward: str, plugin: str, rule: str) -> None:
        books = self.books
        books.rules = self.terms.rules(record.occurred_at, record.config_version)
        holder = self._holder(record.member_id)
        grant = new_grant(books.rules, holder, reward, record.occurred_at)
        grant.fact_id, grant.plugin, grant.rule = record.id, plugin, rule
        prepare(books, grant, record.occurred_at)


def _given(record: FactRecord, grant_id: str) -> bool:
    """Whether a fact still gives a grant, or never said so: an operator gave it."""
    return all(gift.due for gift in record.gifts if gift.grant_id == grant_id)
