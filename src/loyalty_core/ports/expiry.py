"""What ending points by the thousand needs from storage, beside the unit of work's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.ledger import LotId
from loyalty_core.domain.members import MemberId


class EndedLot(NamedTuple):
    """A lot whose points have expired and are still in the books."""

    id: LotId
    member_id: MemberId
    wallet: str
    points: int
    expires_at: datetime


class ExpiryWork(Protocol):
    """The part of a unit of work that ends points set by set."""

    def lock(self, members: Iterable[MemberId]) -> list[MemberId]:
        """The members there are, locked until the transaction ends; nothing is read of them."""
        ...

    def entangled(self, members: Collection[MemberId], now: datetime) -> set[MemberId]:
        """Those of the members in whose wallets more than lots that have ended can matter.

        They hold points, or have points that become active or lapse.
        """
        ...

    def ended_lots(self, members: Collection[MemberId], now: datetime, most: int) -> list[EndedLot]:
        """Lots of these members that have expired and hold points, no more than ``most``."""
        ...

    def book_expiry(
        self, lots: Sequence[EndedLot], stamp: str, now: datetime, config_version: int
    ) -> None:
        """Books an expiry for each lot that is not entangled, and takes its points.

        The id of the transaction is the ``stamp`` in front of the lot's own chance.
        """
        ...
