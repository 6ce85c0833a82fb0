"""What replaying the books needs of a store: everything that members have, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol

from loyalty_core.domain.grants import GrantRecord
from loyalty_core.domain.ledger import Lot, LotId, Transaction, WalletBook
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.ports.records import FactRecord, MemberRecord

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
"""Before everything that was ever recorded, in every time zone."""


class RecordedReader(Protocol):
    """Everything that was recorded, page by page."""

    def member_count(self) -> int:
        """How many members there are, of any status, households among them."""
        ...

    def members_after(self, after: str, limit: int) -> list[MemberRecord]:
        """Members in the order of their ids, after one of them."""
        ...

    def members_of(self, ids: Iterable[str]) -> list[MemberRecord]:
        """The members with these ids."""
        ...

    def ties(self) -> Iterator[tuple[str, str]]:
        """Pairs of members between whom points moved, or who became one."""
        ...

    def codes_of(self, members: Iterable[str]) -> Mapping[Identity, MemberId]:
        """The codes by which these members are known; no other identity."""
        ...

    def facts_of_members(self, members: Iterable[str]) -> list[FactRecord]:
        """All facts of these members, in no order."""
        ...

    def booked(self, members: Iterable[str]) -> list[Transaction]:
        """All transactions of these members, in the order they were booked."""
        ...

    def wallets_of(self, members: Iterable[str]) -> list[WalletBook]:
        """The wallets of these members, without lots."""
        ...

    def named_lots(self, ids: Iterable[LotId]) -> list[Lot]:
        """The lots with these ids."""
        ...

    def redemptions_by(self, members: Iterable[str]) -> list[Redemption]:
        """All redemptions that these members have, oldest first."""
        ...

    def grants_by(self, members: Iterable[str]) -> list[GrantRecord]:
        """All grants that these members have, oldest first."""
        ...
