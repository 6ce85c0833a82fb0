"""The working state of one unit of work that records facts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from loyalty_core.application.books import Books
from loyalty_core.application.sharing import Keepers
from loyalty_core.domain.facts import Fact, FactId, FactKey, Order
from loyalty_core.domain.ledger import WalletBook
from loyalty_core.domain.members import MemberId
from loyalty_core.errors import Problem
from loyalty_core.ports.records import FactRecord, MemberRecord, Merge
from loyalty_core.ports.store import UnitOfWork


@dataclass(slots=True)
class Batch:
    """The working state of one unit of work that records facts."""

    members: dict[MemberId, MemberRecord] = field(default_factory=dict)
    records: dict[FactKey, FactRecord] = field(default_factory=dict)
    redecide: dict[FactId, FactRecord] = field(default_factory=dict)
    undone: dict[MemberId, Merge] = field(default_factory=dict)
    revalue: dict[FactId, FactRecord] = field(default_factory=dict)
    booked: dict[FactId, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    shared: dict[FactId, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    transactions: dict[FactId, list[str]] = field(default_factory=lambda: defaultdict(list))
    problems: dict[FactId, list[Problem]] = field(default_factory=lambda: defaultdict(list))

    def read(
        self, uow: UnitOfWork, keys: Sequence[FactKey], enrolled: Collection[MemberId]
    ) -> list[WalletBook]:
        """Reads the facts with these keys, and locks who they belong to; the members' wallets.

        A fact may have got a member since the locks: it is read again under theirs. Who is
        ``enrolled`` here is nobody's to lock.
        """
        wanted = set(self.members)
        while True:
            self.records, wallets = uow.known(keys, self.members)
            mine = {record.member_id for record in self.records.values() if record.member_id}
            missing = mine.difference(wanted, enrolled)
            if not missing:
                return wallets
            wanted |= missing
            self.members.update(uow.lock_members(missing))

    def hear(self, fact: Fact, record: FactRecord) -> None:
        """Notes that a member was there by a moment, though the fact may earn nothing.

        So may an order that is not paid, or an old version of one: when somebody joined would
        depend on what came first.
        """
        member = self.members.get(record.member_id) if record.member_id else None
        if member is None or not isinstance(fact, Order):
            return
        if fact.occurred_at < (member.heard_of_at or member.joined_at):
            member.heard_of_at = fact.occurred_at
            self.redecide[record.id] = record

    def holder(self, record: FactRecord) -> MemberId:
        """Who holds what the fact was awarded: its member, or whom they were merged into."""
        assert record.member_id is not None
        return self.members[record.member_id].holder

    def keepers(self, books: Books, record: FactRecord) -> Keepers:
        """Who keeps what the fact was awarded: its holder, and the household it is shared with."""
        return Keepers(books, record, self.holder(record), self.members)

    def lock_holders(self, uow: UnitOfWork) -> None:
        """Locks the members that others here were merged into."""
        holders = {member.holder for member in self.members.values()}
        self.members.update(uow.lock_members(holders - self.members.keys()))
