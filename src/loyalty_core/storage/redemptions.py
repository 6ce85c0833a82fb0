"""Redemptions in the unit of work: those that hold points, and those that paid for orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from loyalty_core.domain.redemptions import Redemption
from loyalty_core.storage import rows, tables
from loyalty_core.storage.outbox import Outbox
from loyalty_core.storage.sql import Write

_table = tables.redemption
_stock = tables.stock
_ids: Any = bindparam("ids", expanding=True)
_ours = _table.c.program == bindparam("program")
_one = select(_table).where(_ours, _table.c.id == bindparam("id"))
_held = (
    select(_table)
    .where(_ours, _table.c.member_id.in_(_ids), _table.c.state == "held")
    .order_by(_table.c.id)
)
_of_orders = (
    select(_table)
    .where(_ours, _table.c.source == bindparam("source"), _table.c.order_id.in_(_ids))
    .where(_table.c.state == "captured")
    .order_by(_table.c.id)
)


class Redemptions(Outbox):
    """The part of a unit of work that keeps redemptions."""

    def redemption(self, redemption_id: str) -> Redemption | None:
        """One redemption; current if its member is locked."""
        found = self._rows(_one, {"program": self._program, "id": redemption_id})
        return next(map(rows.redemption_of, found), None)

    def held_redemptions(self, members: Iterable[str]) -> list[Redemption]:
        """The redemptions of these members that hold points, oldest first."""
        ids = sorted(set(members))
        found = self._rows(_held, {"program": self._program, "ids": ids}) if ids else ()
        return list(map(rows.redemption_of, found))

    def redemptions_of(self, orders: Iterable[tuple[str, str]]) -> list[Redemption]:
        """The captured redemptions that paid for these orders, oldest first: a query a source."""
        grouped: dict[str, list[str]] = defaultdict(list)
        for source, order_id in set(orders):
            grouped[source].append(order_id)
        found: list[Redemption] = []
        for source, ids in grouped.items():
            key = {"program": self._program, "source": source, "ids": ids}
            found += map(rows.redemption_of, self._rows(_of_orders, key))
        return sorted(found, key=lambda one: one.id)

    def due_redemptions(
        self, now: datetime, limit: int, without: Sequence[str]
    ) -> list[Redemption]:
        """Redemptions whose reward is to be handed over (again) by ``now``, longest due first.

        But for those of the rewards ``without``.
        """
        named = _table.c.reward.not_in(without)
        due = select(_table).where(_ours, _table.c.retry_at <= now, named)
        ordered = due.order_by(_table.c.retry_at, _table.c.id).limit(limit)
        return list(map(rows.redemption_of, self._rows(ordered, {"program": self._program})))

    def claim_stock(self, item: str, stock: int, amount: int = 1) -> bool:
        """Whether so many more of ``stock`` were left of a limited item, and are claimed now."""
        self._locks.item(self._program, item)
        values = {"program": self._program, "item": item, "claimed": amount}
        first = self._insert(_stock).values(values)
        claim = first.on_conflict_do_update(
            index_elements=[_stock.c.program, _stock.c.item],
            set_={"claimed": _stock.c.claimed + amount},
            where=_stock.c.claimed <= stock - amount,
        ).returning(_stock.c.claimed)
        return amount <= stock and self._connection.execute(claim).first() is not None

    def unclaim_stock(self, item: str, amount: int = 1) -> None:
        """Puts so many back that were claimed."""
        self._locks.item(self._program, item)
        mine = (_stock.c.program == self._program) & (_stock.c.item == item)
        put_back = update(_stock).where(mine).values(claimed=_stock.c.claimed - amount)
        self._connection.execute(put_back)

    def save_redemptions(self, changed: Iterable[Redemption]) -> None:
        """Writes redemptions by themselves, where nothing else of their books changes."""
        self._sql.write(self._runner, self.redemption_writes(changed))

    def redemption_writes(self, changed: Iterable[Redemption]) -> tuple[Write, Write]:
        """What is to be written of new and of changed redemptions."""
        each = [(one.fresh, rows.redemption_row(one, self._program)) for one in changed]
        made = [row for fresh, row in each if fresh]
        kept = [row for fresh, row in each if not fresh]
        return Write(_table, made), Write(_table, kept, update=True)
