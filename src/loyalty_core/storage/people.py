"""The part of a unit of work that moves points between members."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from loyalty_core.domain.ledger import TransactionKind
from loyalty_core.domain.members import MemberId
from loyalty_core.storage import tables
from loyalty_core.storage.outbox import Outbox


class People(Outbox):
    """``ports.people.PeopleWork`` on one SQLAlchemy connection, for one program."""

    def given_away(self, member: MemberId, wallet: str, since: datetime) -> int:
        """How many points the member has given to others since a moment, merges left out."""
        made = tables.transaction
        given = select(made.c.amount, made.c.detail).where(
            made.c.member_id == member,
            made.c.occurred_at >= since,
            made.c.wallet == wallet,
            made.c.kind == TransactionKind.TRANSFER.value,
            made.c.amount < 0,
        )
        return sum(-row["amount"] for row in self._rows(given, {}) if "to" in row["detail"])
