"""Members whose books touch, with all that was recorded of them and what is decided now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from loyalty_core.domain.facts import FactKey
from loyalty_core.domain.grants import GrantRecord
from loyalty_core.domain.ledger import Lot, LotId, Transaction, TransactionKind, WalletBook
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.ports.records import Award, FactRecord, MemberRecord


@dataclass
class Case:
    """Members whose books touch: as they are, and the facts as they were decided now.

    ``was`` are the facts as they are in the books, ``decided`` as the other rules have them; both
    by key, for they have the same ids.
    """

    members: Mapping[MemberId, MemberRecord]
    decided_members: Mapping[MemberId, MemberRecord]
    was: Mapping[FactKey, FactRecord]
    decided: Mapping[FactKey, FactRecord]
    transactions: Sequence[Transaction]
    lots: Mapping[LotId, Lot]
    wallets: Sequence[WalletBook]
    redemptions: Sequence[Redemption]
    grants: Sequence[GrantRecord]

    @cached_property
    def of_facts(self) -> Mapping[str, Sequence[Transaction]]:
        """The transactions of each fact, as they were booked."""
        found: dict[str, list[Transaction]] = defaultdict(list)
        for one in self.transactions:
            if one.fact_id is not None:
                found[one.fact_id].append(one)
        return found

    def maker(self, redemption: Redemption) -> MemberId:
        """Who had the points of a redemption when it was made, as far as merges do not say."""
        return MemberId(redemption.household or redemption.came_from or redemption.member_id)

    @cached_property
    def erased(self) -> bool:
        """Whether all of the members were erased."""
        return all(one.status is MemberStatus.ERASED for one in self.members.values())

    def ended(self, lot_id: LotId | None) -> Sequence[Transaction]:
        """The transactions by which points of a lot expired."""
        return [
            one
            for one in self.transactions
            if one.kind is TransactionKind.EXPIRY
            and any(entry.lot_id == lot_id and entry.amount < 0 for entry in one.entries)
        ]

    def made(self, lot_id: LotId) -> Lot:
        """A lot with the dates it was made with: an operator may have given it another expiry."""
        lot, ended = self.lots[lot_id], self.ended(lot_id)
        return replace(lot, expires_at=ended[0].occurred_at) if lot.reinstated and ended else lot

    def decided_alike(self) -> bool:
        """Whether the facts are awarded, and given, what they are in the books."""
        if self.was.keys() != self.decided.keys():
            return False
        return all(alike(self.was[key], record) for key, record in self.decided.items())


def alike(was: FactRecord, record: FactRecord) -> bool:
    """Whether a fact is awarded, and given, what it was."""
    awards, before = _worth(record), _worth(was)
    gifts = {gift.name for gift in record.gifts if gift.due}
    return awards == before and gifts == {gift.name for gift in was.gifts if gift.due}


def same_award(one: Award, other: Award | None) -> bool:
    """Whether two awards of a fact come to the same points at the same moments."""
    return other is not None and _sameness(one) == _sameness(other)


def _worth(record: FactRecord) -> dict[tuple[str, ...], object]:
    return {award.name: _sameness(award) for award in record.awards if award.amount}


def _sameness(award: Award) -> object:
    return award.amount, dict(award.lines), award.moments, award.whole, award.share
