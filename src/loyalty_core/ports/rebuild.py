"""What rebuilding caches needs of a store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.members import MemberId


class WrongCache(NamedTuple):
    """One cached value that is not what the entries sum to.

    ``lot_id`` is None for a wallet's cache; ``stored`` is None when the wallet's row is missing.
    """

    member_id: MemberId
    wallet: str
    lot_id: str | None
    column: str
    stored: int | None
    right: int

    @property
    def where(self) -> str:
        """The row, in words."""
        return f"lot {self.lot_id}" if self.lot_id else f"wallet {self.wallet} of {self.member_id}"


class CacheReader(Protocol):
    """Comparing caches with the entries."""

    def wrong_caches(self, now: datetime, limit: int) -> list[WrongCache]:
        """Caches that differ from their entries, up to ``limit`` of a kind, by member."""
        ...


class CacheWriter(Protocol):
    """Writing caches."""

    def mend_caches(self, wrong: Iterable[WrongCache]) -> None:
        """Writes the right values where the stored ones are still those that were found."""
        ...
