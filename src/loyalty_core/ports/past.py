"""What questions about the past need of a store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.ledger import TransactionKind
from loyalty_core.ports.records import Upcoming


class AsOf(NamedTuple):
    """What counts: what had happened by ``at``, of that which was booked by ``known_at``."""

    at: datetime
    known_at: datetime | None = None


class PastReader(Protocol):
    """Sums of entries up to a moment."""

    def moved(self, member: str, as_of: AsOf) -> Mapping[str, Mapping[TransactionKind, int]]:
        """By how much each kind of transaction moved the member's wallets, by wallet name."""
        ...

    def holdings(self, member: str, as_of: AsOf) -> Mapping[str, tuple[int, list[Upcoming]]]:
        """The member's debt and the points in their lots, by wallet name."""
        ...
