"""What members share with their household of each award: the parts of it, and how they are booked.

A household's part is booked like any award, into a lot of the household with the award's dates.
What is taken back of it comes from that lot. What was spent of that lot by then is taken from the
member whose fact it was, as the wallet's debt policy says, and goes back to them first if it turns
out to be theirs after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from loyalty_core.application.books import Books
from loyalty_core.application.ids import new_id
from loyalty_core.application.rules import Rules
from loyalty_core.domain.clock import Booked
from loyalty_core.domain.facts import Json
from loyalty_core.domain.ledger import LotId
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.ports.records import Award, Change, FactRecord, MemberRecord

Due = tuple[FactRecord, Award, int]


def parts(award: Award, member: MemberRecord, at: datetime, rules: Rules) -> list[Award]:
    """The award of a fact that happened at a moment; where it is shared, both its parts."""
    household = rules.config.household
    if household is not None and award.wallet in household.wallets:
        for one in member.contributions:
            if one.covers(at) and one.share:
                own = replace(award, share=one.share)
                return [own, replace(own, household=one.household)]
    return [award]


def households(awards: Iterable[Award]) -> set[MemberId]:
    """The households that have, or get, a part of these awards."""
    return {award.household for award in awards if award.household}


def lots_of(due: Iterable[Due]) -> set[LotId]:
    """The lots that booking these differences may touch."""
    found: set[LotId] = set()
    for record, award, _ in due:
        concerned = record.awards if award.household else [award]
        found.update(one.lot_id for one in concerned if one.lot_id)
    return found


@dataclass(frozen=True, slots=True)
class Keepers:
    """Who keeps what a fact is awarded: its ``owner``, and of shared awards the household."""

    books: Books
    record: FactRecord
    owner: MemberId
    members: Mapping[MemberId, MemberRecord]

    def of(self, award: Award) -> MemberId:
        """Who keeps an award: where its lot is, if it is with the owner or the household.

        Without a lot it is the household's, unless that is dissolved, or the owner has left it
        and took along what they had contributed.
        """
        if award.household is None:
            return self.owner
        household = self.members[award.household]
        open_ = household.status is MemberStatus.ACTIVE
        if award.lot_id in self.books.wallet(self.owner, award.wallet).lots:
            return self.owner
        if open_ and award.lot_id in self.books.wallet(household.id, award.wallet).lots:
            return household.id
        return household.id if open_ and not self._returned(award.household) else self.owner

    def _returned(self, household: MemberId) -> bool:
        at, member = self.record.occurred_at, self.members[self.record.member_id or self.owner]
        kept = (one for one in member.contributions if one.household == household)
        return any(one.returned and one.covers(at) for one in kept)

    def book(self, award: Award, delta: int, at: datetime) -> None:
        """Books a difference of an award where it is kept, and notes what it is worth since."""
        books, keeper, known = self.books, self.of(award), award.lot_id
        posted = len(books.changes.transactions)
        if award.household is None:
            self._book_own(award, delta, at)
        else:
            self._book_shared(award, keeper, delta, at)
        lot = books.wallet(keeper, award.wallet).lots.get(award.lot_id or LotId(""))
        if lot is not None and keeper != self.record.member_id:
            lot.came_from = lot.came_from or self.record.member_id
        if known is not None or award.household:
            made = [one.id for one in books.changes.transactions[posted : posted + 1]]
            booked = Booked(books.now, made[0] if made else new_id())
            change = Change(booked, at, award.net, books.rules.config.version)
            award.changes = (*award.changes, change)

    def _book_shared(self, award: Award, keeper: MemberId, delta: int, at: datetime) -> None:
        fact = self.record.id
        if keeper == self.owner:
            self._book_own(award, delta, at)
            return
        detail: Mapping[str, Json] = {"member": self.owner}
        if delta < 0:
            short = self.books.take_back(keeper, fact, award, -delta, at, detail)
            award.answered += short
            self._answer(award, -short, at)
        else:
            answered = min(delta, award.answered)
            award.answered -= answered
            award.net += answered
            self._answer(award, answered, at)
            if delta > answered:
                self.books.accrue(keeper, fact, award, delta - answered, at, detail)

    def _book_own(self, award: Award, delta: int, at: datetime) -> None:
        lots = self.books.wallet(self.owner, award.wallet).lots
        if delta > 0:
            self.books.accrue(self.owner, self.record.id, award, delta, at)
        elif award.lot_id is None or award.lot_id in lots:
            self.books.reverse(self.owner, self.record.id, award, -delta, at)
        else:  # what was a dissolved household's is another member's now
            award.net += delta
            award.answered -= delta
            self._answer(award, delta, at)

    def _answer(self, award: Award, delta: int, at: datetime) -> None:
        """Books to the owner what they pay of the household's part, or get back of that."""
        name = (award.plugin, award.rule, award.wallet, "")
        own = next(one for one in self.record.awards if one.name == name)
        detail: Mapping[str, Json] = {"household": award.household}
        self.books.answer(self.owner, self.record.id, own, -delta, at, detail)
