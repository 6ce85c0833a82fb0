"""Facts that wait for a claim: orders that name nobody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from loyalty_core.domain.facts import FactId
from loyalty_core.storage import tables
from loyalty_core.storage.grants import Grants


class Claims(Grants):
    """The part of a unit of work that gives orders of nobody to who claims them."""

    def take_unclaimed(self, fact_id: FactId, now: datetime) -> bool:
        """Whether a fact waits, in time, for a claim and for nobody by name; it waits no more."""
        waiting = tables.waiting
        mine = waiting.c.fact_id == fact_id
        found = self._connection.execute(select(waiting.c.kind, waiting.c.until).where(mine))
        if [(row.kind, row.until > now) for row in found] != [("", True)]:
            return False
        self._connection.execute(delete(waiting).where(mine))
        return True
