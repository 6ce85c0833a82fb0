"""What questions about the past need of a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.ledger import LotId, TransactionKind
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.ports.records import Upcoming


class AsOf(NamedTuple):
    """What counts: what had happened by ``at``, of that which was booked by ``known_at``."""

    at: datetime
    known_at: datetime | None = None


class LotThen(NamedTuple):
    """The points that a lot had as of a moment, and the member who has it today."""

    wallet: str
    lot_id: LotId
    member_id: str
    points: Upcoming


class PastReader(Protocol):
    """Sums of entries up to a moment."""

    def moved(self, member: str, as_of: AsOf) -> Mapping[str, Mapping[TransactionKind, int]]:
        """By how much each kind of transaction moved the member's wallets, by wallet name."""
        ...

    def holdings(self, member: str, as_of: AsOf) -> tuple[Mapping[str, int], list[LotThen]]:
        """The member's debts by wallet name, and the points in their lots."""
        ...

    def holding(self, members: Iterable[str], as_of: AsOf) -> list[Redemption]:
        """What held points as of a moment, of those whose points these members have today.

        With all that timed out by then: nobody wrote down when a job got to them.
        """
        ...
