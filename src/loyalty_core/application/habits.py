"""What a member usually does, from the orders that were recorded."""

from __future__ import annotations

from datetime import timedelta

from loyalty_core.application.enrol import found_members
from loyalty_core.application.rules import Rules
from loyalty_core.domain.clock import Clock, day_of, start_of
from loyalty_core.domain.habits import (
    Habits,
    Kept,
    days_between,
    purchases_of,
    usual_order_of,
    usual_stores_of,
)
from loyalty_core.domain.sales import goods_kept
from loyalty_core.errors import FactError, MemberNotFound
from loyalty_core.ports.store import Reader, Store

MOST_DAYS = 3660


class HabitQuestions:
    """Answers about one member's orders."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def habits(self, member_id: str, days: int) -> Habits:
        """The habits of the last ``days`` days, today included: two queries."""
        if not 1 <= days <= MOST_DAYS:
            raise FactError(f"{days} is not from 1 to {MOST_DAYS}", where="days")
        zone = self._rules.config.program.time_zone
        since = start_of(day_of(self._clock(), zone) - timedelta(days=days - 1), zone)

        def look(reader: Reader) -> Habits:
            found = found_members(reader, [member_id])
            if member_id not in found:
                raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
            holder = found[member_id][0].id
            orders = []
            for sold in reader.orders_since(holder, since):
                body = sold.document.body
                assert body is not None
                goods = tuple(goods_kept(sold.document))
                orders.append(Kept(sold.occurred_at, body.store, sold.paid, goods))
            return Habits(
                member_id=holder,
                since=since,
                lifetime=reader.lifetime(holder),
                recent=purchases_of(orders),
                usual_order=usual_order_of(orders),
                usual_stores=usual_stores_of(orders),
                days_between=days_between(orders, zone),
            )

        return self._store.read(look)
