"""The part of the reader that is about one member's orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select, union_all

from loyalty_core.application.forms import load_document
from loyalty_core.domain.amounts import Money
from loyalty_core.domain.habits import Purchases
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.ports.habits import SoldOrder
from loyalty_core.storage.tables import fact, member


class HabitRows:
    """``ports.habits.HabitReader`` on one SQLAlchemy connection."""

    _connection: Connection
    _program: str

    def lifetime(self, member: MemberId) -> tuple[Purchases, ...]:
        """All of them, summed by currency: a range of the index, without the rows."""
        sums = select(fact.c.currency, func.count(), func.sum(fact.c.kept))
        chosen = sums.where(self._sold_to(member)).group_by(fact.c.currency)
        rows = self._connection.execute(chosen.order_by(fact.c.currency))
        return tuple(Purchases(int(row[1]), Money(int(row[2]), row[0])) for row in rows)

    def orders_since(self, member: MemberId, since: datetime) -> Iterator[SoldOrder]:
        """Those that were made at or after a moment, in the order of time."""
        wanted = select(fact.c.occurred_at, fact.c.kept, fact.c.currency, fact.c.document)
        chosen = wanted.where(self._sold_to(member), fact.c.occurred_at >= since)
        place = (fact.c.occurred_at, fact.c.source, fact.c.external_id)
        for row in self._connection.execute(chosen.order_by(*place)):
            document = load_document("order", row[3])
            assert isinstance(document, OrderDocument)
            yield SoldOrder(row[0], Money(int(row[1]), row[2]), document)

    def _sold_to(self, one: MemberId) -> ColumnElement[bool]:
        itself = select(member.c.id).where(member.c.id == one, member.c.program == self._program)
        merged = select(member.c.id).where(member.c.merged_into == itself.scalar_subquery())
        return and_(fact.c.member_id.in_(union_all(itself, merged)), fact.c.kept.is_not(None))
