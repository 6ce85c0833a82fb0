"""The books as of a moment: sums of a member's entries by when they happened and were known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from loyalty_core.domain.ledger import MEMBER, TransactionKind
from loyalty_core.domain.redemptions import Redemption, RedemptionState
from loyalty_core.ports.past import AsOf, LotThen
from loyalty_core.ports.records import Upcoming
from loyalty_core.storage import rows, tables

_made, _entry, _lot = tables.transaction, tables.entry, tables.lot
_redemption = tables.redemption


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

    def holdings(self, member: str, as_of: AsOf) -> tuple[Mapping[str, int], list[LotThen]]:
        """The member's debts by wallet name, and the points in their lots."""
        amount = func.sum(_entry.c.amount)
        lots = (_entry.c.lot_id, _lot.c.member_id, _lot.c.activates_at, _lot.c.expires_at)
        joined = _made.join(_entry, _entry.c.transaction_id == _made.c.id).outerjoin(
            _lot, _lot.c.id == _entry.c.lot_id
        )
        first = func.min(_made.c.booked_at)
        sums = select(_made.c.wallet, *lots, amount, first).select_from(joined)
        mine = _counting(sums, member, as_of).where(_entry.c.account == MEMBER)
        chosen = mine.group_by(_made.c.wallet, *lots).having(amount != 0)
        debts: dict[str, int] = defaultdict(int)
        found: list[LotThen] = []
        for row in self._connection.execute(chosen):
            wallet, lot_id, owner, activates_at, expires_at, left, booked_at = row
            if lot_id is None:
                debts[wallet] = -int(left)
            elif activates_at is not None:  # of a lot that is missing nothing else is known
                dormant = booked_at < activates_at  # they paid debt, if at all, when they woke
                points = Upcoming(activates_at, expires_at, dormant, int(left))
                found.append(LotThen(wallet, lot_id, owner, points))
        return debts, found

    def holding(self, members: Iterable[str], as_of: AsOf) -> list[Redemption]:
        """What held points as of a moment, of those whose points these members have today.

        With all that timed out by then: nobody wrote down when a job got to them.
        """
        made = _redemption.c
        seen = min(as_of.at, as_of.known_at or as_of.at)
        held = or_(
            made.ended_at.is_(None),
            made.ended_at > seen,
            made.state == RedemptionState.TIMED_OUT.value,
        )
        theirs = select(_redemption).where(made.member_id.in_(sorted(set(members))), held)
        chosen = theirs.where(made.created_at <= seen)
        return list(map(rows.redemption_of, self._connection.execute(chosen).mappings()))


def _counting(chosen: Select[Any], member: str, as_of: AsOf) -> Select[Any]:
    """What counts as of a moment, by a range of the index on a member's transactions."""
    counts = chosen.where(_made.c.member_id == member, _made.c.occurred_at <= as_of.at)
    return counts if as_of.known_at is None else counts.where(_made.c.booked_at <= as_of.known_at)
