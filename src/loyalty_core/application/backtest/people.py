"""Who the members of a replay are at its moment: merged and parted, in households or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from loyalty_core.application.backtest.case import Case
from loyalty_core.application.backtest.spends import Refuse, Spends
from loyalty_core.application.backtest.step import Step
from loyalty_core.application.books import Books
from loyalty_core.application.departing import give_back, hand_over, rules_of
from loyalty_core.application.transfer import Note, move_points
from loyalty_core.domain.grants import GrantRecord
from loyalty_core.domain.households import Contribution, LeavingPolicy
from loyalty_core.domain.ledger import Lot, WalletBook
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.ports.records import MemberRecord

ONCE = (MemberStatus.MERGED, MemberStatus.ERASED)
"""What members become: at the beginning of a replay none of them is that yet."""


@dataclass(slots=True)
class People:
    """The members of one case as they are at the moment that is booked again."""

    books: Books
    case: Case
    spends: Spends
    refuse: Refuse
    members: dict[MemberId, MemberRecord] = field(default_factory=dict)
    _into: dict[MemberId, MemberId] = field(default_factory=dict)
    _debts: dict[tuple[str, str], int] = field(default_factory=dict)

    def begin(self) -> None:
        """Lets all members be there, each for itself."""
        for one in self.case.decided_members.values():
            passing = one.household or one.status in ONCE
            self.members[one.id] = replace(
                one,
                status=MemberStatus.ACTIVE if passing else one.status,
                contributions=[replace(each, returned=False) for each in one.contributions],
            )

    def end(self) -> None:
        """Lets the members say what became of what they contributed."""
        for id, one in self.members.items():
            self.case.decided_members[id].contributions = one.contributions

    def holder(self, member: MemberId) -> MemberId:
        """Who answers for a member now."""
        return [member, *self._into_whom(member)][-1]

    def steps(self) -> Iterator[Step]:
        """Every merge, every one that was taken back, and every leaving of a household."""
        for gone in self.case.members.values():
            for absence in gone.absences:
                at, act = absence.since, partial(self._merge, gone.id, absence.into)
                yield Step(at, at.at, act, 0)
                if over := absence.until:
                    yield Step(over, over.at, partial(self._part, gone.id, absence.into), 0)
        lefts = sorted(
            (shared.left, member.id, shared.household, shared.until)
            for member in self.case.members.values()
            for shared in member.contributions
            if shared.left and shared.until
        )
        last = {household: left for left, _, household, _ in lefts}
        for left, member, household, until in lefts:
            closed = self.case.members[household].status is MemberStatus.CLOSED
            ends = closed and last[household] == left
            act = partial(self._leave, member, household, until, ends)
            yield Step(left, left.at, act, 0)

    def _merge(self, gone: MemberId, kept: MemberId) -> None:
        """Lets all that a member has become another's, as when they were merged."""
        books, note = self.books, Note(self.books.now, "", "")
        self._into[gone], self.members[gone].status = kept, MemberStatus.MERGED
        for source in self._books_of(gone):
            target = books.wallet(kept, source.wallet)
            every = list(source.lots.values())
            for lot in every:
                lot.came_from = lot.came_from or gone
            moments = [at for at in (source.lapses_at, target.lapses_at) if at]
            target.lapses_at, source.lapses_at = max(moments, default=None), None
            self._debts[gone, source.wallet] = source.debt
            details = {"merged_into": kept}, {"merged_from": gone}
            books.move_held(source, target, books.holding(source))
            full = [lot for lot in every if lot.remaining]
            move_points(books, (source, target), full, source.debt, details, note)
            _bring(every, source, target)
        for one in self._owned():
            if one.member_id == gone:
                one.member_id, one.came_from = kept, one.came_from or gone

    def _part(self, gone: MemberId, kept: MemberId) -> None:
        """Gives a member back what came with it and is left, as when the merge was undone."""
        books, note = self.books, Note(self.books.now, "", "")
        group = self._group(gone)
        del self._into[gone]
        self.members[gone].status = MemberStatus.ACTIVE
        for source in self._books_of(kept):
            target = books.wallet(gone, source.wallet)
            theirs = [lot for lot in source.lots.values() if lot.came_from in group]
            lots = self._part_holds(theirs, source, target)
            for lot in lots:
                lot.came_from = None if lot.came_from == gone else lot.came_from
            debt = min(source.debt, self._debts.pop((gone, source.wallet), 0))
            target.lapses_at = source.lapses_at
            details = {"unmerged_to": gone}, {"unmerged_from": kept}
            full = [lot for lot in lots if lot.remaining]
            move_points(books, (source, target), full, debt, details, note)
            _bring(lots, source, target)
        for one in self._owned():
            if one.member_id == kept and one.came_from in group:
                one.member_id = gone
                one.came_from = None if one.came_from == gone else one.came_from

    def _leave(self, member: MemberId, household: MemberId, until: datetime, ends: bool) -> None:
        """Takes a member out of a household, which may end with that, as when they left it."""
        books, group = self.books, self._group(member)
        returns = rules_of(books.rules).on_leaving is LeavingPolicy.RETURN

        def mine(each: Contribution) -> bool:
            return each.household == household and each.since < until

        if ends:
            self._dissolve(member, household)
        elif returns:
            give_back(books, member, household, group)
        for one in group if returns else ():
            self.members[one].contributions = [
                replace(each, returned=each.returned or mine(each))
                for each in self.members[one].contributions
            ]

    def _dissolve(self, member: MemberId, household: MemberId) -> None:
        books = self.books
        for source in self._books_of(household):
            target = books.wallet(member, source.wallet)
            books.move_held(source, target, books.holding(source))
        hand_over(books, member, household)
        for one in self._owned():
            if one.member_id == household:
                one.member_id, one.came_from = member, None
        self.members[household].status = MemberStatus.CLOSED

    def _part_holds(
        self, lots: Sequence[Lot], source: WalletBook, target: WalletBook
    ) -> Sequence[Lot]:
        """The lots that can leave, after the redemptions that hold them and nothing else.

        Where a redemption holds points of both members, the merge could not have been undone: what
        it holds of stays.
        """
        leaving, going = {lot.id for lot in lots}, self.books.holding(source)
        going = [one for one in going if not leaving.isdisjoint(one.lots)]
        while mixed := [one for one in going if not leaving.issuperset(one.lots)]:
            leaving.difference_update(*(one.lots for one in mixed))
            going = [one for one in going if one not in mixed]
            for one in mixed:
                why, now = "a redemption holds points of both", self.books.now
                self.refuse("transfer", target.member_id, source.wallet, one.points, now, why)
        for one in going:
            one.member_id = target.member_id
            one.came_from = None if one.came_from == target.member_id else one.came_from
        self.books.move_held(source, target, going)
        return [lot for lot in lots if lot.id in leaving]

    def _group(self, member: MemberId) -> list[MemberId]:
        """A member, and all that are merged into it now."""
        return [one for one in self.members if one == member or member in self._into_whom(one)]

    def _into_whom(self, member: MemberId) -> Iterator[MemberId]:
        """Those whom a member was merged into, one after the other."""
        while member in self._into:
            member = self._into[member]
            yield member

    def _owned(self) -> Iterator[Redemption | GrantRecord]:
        yield from self.spends.made.values()
        yield from self.books.changes.grants.values()

    def _books_of(self, member: MemberId) -> list[WalletBook]:
        return [one for one in self.books.wallets.values() if one.member_id == member]


def _bring(lots: Sequence[Lot], source: WalletBook, target: WalletBook) -> None:
    """Lets empty lots go along with the others: points may come back into them."""
    for lot in lots:
        if lot.id in source.lots:
            del source.lots[lot.id]
            lot.member_id, target.lots[lot.id] = target.member_id, lot
