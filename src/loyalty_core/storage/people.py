"""The part of a unit of work that moves points between members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from loyalty_core.domain.facts import Json
from loyalty_core.domain.ledger import TransactionKind
from loyalty_core.domain.members import MemberId
from loyalty_core.storage import tables
from loyalty_core.storage.erasure import Erasure


class People(Erasure):
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


class PeopleRows:
    """``ports.people.PeopleReader`` on one SQLAlchemy connection."""

    _connection: Connection

    def everything(self, members: Sequence[MemberId]) -> Mapping[str, list[Mapping[str, Json]]]:
        """All rows that belong to these members, by table: every table that names members."""
        found: dict[str, list[Mapping[str, Json]]] = {}
        for table in tables.metadata.sorted_tables:
            owner = table.c.id if table is tables.member else table.c.get("member_id")
            if owner is None:
                continue
            mine = select(table).where(owner.in_(members)).order_by(*table.primary_key.columns)
            name = table.name.removeprefix("loyalty_")
            rows = self._connection.execute(mine).mappings()
            found[name] = [{key: _json(value) for key, value in row.items()} for row in rows]
        return found


def _json(value: Any) -> Json:
    """A column's value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value
