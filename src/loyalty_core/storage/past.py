"""The books as of a moment: sums of a member's entries by when they happened and were known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, func, select

from loyalty_core.domain.ledger import MEMBER, TransactionKind
from loyalty_core.ports.past import AsOf
from loyalty_core.ports.records import Upcoming
from loyalty_core.storage import tables

_made, _entry, _lot = tables.transaction, tables.entry, tables.lot


class PastRows:
    """``ports.past.PastReader`` on one connection: a part of the reader."""

    _connection: Connection

    def moved(self, member: str, as_of: AsOf) -> Mapping[str, Mapping[TransactionKind, int]]:
        """By how much each kind of transaction moved the member's wallets, by wallet name."""
        sums = select(_made.c.wallet, _made.c.kind, func.sum(_made.c.amount))
        chosen = _counting(sums, member, as_of).group_by(_made.c.wallet, _made.c.kind)
        found: dict[str, dict[TransactionKind, int]] = defaultdict(dict)
        for wallet, kind, amount in self._connection.execute(chosen):
            found[wallet][TransactionKind(kind)] = int(amount)
        return found

    def holdings(self, member: str, as_of: AsOf) -> Mapping[str, tuple[int, list[Upcoming]]]:
        """The member's debt and the points in their lots, by wallet name."""
        amount = func.sum(_entry.c.amount)
        lots = (_entry.c.lot_id, _lot.c.activates_at, _lot.c.expires_at)
        joined = _made.join(_entry, _entry.c.transaction_id == _made.c.id).outerjoin(
            _lot, _lot.c.id == _entry.c.lot_id
        )
        first = func.min(_made.c.booked_at)
        sums = select(_made.c.wallet, *lots, amount, first).select_from(joined)
        mine = _counting(sums, member, as_of).where(_entry.c.account == MEMBER)
        chosen = mine.group_by(_made.c.wallet, *lots).having(amount != 0)
        debts: dict[str, int] = defaultdict(int)
        points: dict[str, list[Upcoming]] = defaultdict(list)
        for row in self._connection.execute(chosen):
            wallet, lot_id, activates_at, expires_at, left, booked_at = row
            if lot_id is None:
                debts[wallet] = -int(left)
            elif activates_at is not None:  # of a lot that is missing nothing else is known
                dormant = booked_at < activates_at  # they paid debt, if at all, when they woke
                points[wallet].append(Upcoming(activates_at, expires_at, dormant, int(left)))
        return {wallet: (debts[wallet], points[wallet]) for wallet in {*debts, *points}}


def _counting(chosen: Select[Any], member: str, as_of: AsOf) -> Select[Any]:
    """What counts as of a moment, by a range of the index on a member's transactions."""
    counts = chosen.where(_made.c.member_id == member, _made.c.occurred_at <= as_of.at)
    return counts if as_of.known_at is None else counts.where(_made.c.booked_at <= as_of.known_at)
