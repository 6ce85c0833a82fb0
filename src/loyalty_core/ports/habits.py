"""What questions about a member's habits need of a store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.amounts import Money
from loyalty_core.domain.habits import Purchases
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.orders import OrderDocument


class SoldOrder(NamedTuple):
    """An order of which something was kept, and what was paid for that."""

    occurred_at: datetime
    paid: Money
    document: OrderDocument


class HabitReader(Protocol):
    """Members' orders of which something was kept, with those of who was merged into them."""

    def lifetime(self, member: MemberId) -> tuple[Purchases, ...]:
        """All of them, summed by currency, in the order of the currencies."""
        ...

    def orders_since(self, member: MemberId, since: datetime) -> Iterable[SoldOrder]:
        """Those that were made at or after a moment, in the order of time."""
        ...
