"""Caches compared with their entries, and mended: sums over whole tables, writes by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from loyalty_core.domain.members import MemberId
from loyalty_core.ports.rebuild import WrongCache
from loyalty_core.storage import tables
from loyalty_core.storage.checks import (
    LOT_SUMS,
    WALLET_SUMS,
    missing_wallets,
    ours,
    wrong_lots,
    wrong_wallets,
)
from loyalty_core.storage.holds import wrong_holds


class CacheReads:
    """``ports.rebuild.CacheReader`` on one connection: a part of the reader."""

    _connection: Connection
    _program: str

    def wrong_caches(self, now: datetime, limit: int) -> list[WrongCache]:
        """Caches that differ from their entries, up to ``limit`` of a kind, by member.

        Whether a lot is pending is only asked once all lots hold what they should.
        """
        connection, program = self._connection, self._program
        lots = [one for name in LOT_SUMS for one in _lots(connection, program, name, limit)]
        late = () if lots else _pending(connection, program, now, limit)
        holds = islice(wrong_holds(connection, program), limit)
        return [*lots, *late, *_wallets(connection, program, limit), *holds]


def _lots(connection: Connection, program: str, name: str, limit: int) -> Iterator[WrongCache]:
    chosen = wrong_lots(program, name).order_by(tables.lot.c.member_id).limit(limit)
    for lot_id, moved, stored, member_id, wallet in connection.execute(chosen):
        yield WrongCache(MemberId(member_id), wallet, lot_id, name, stored, int(moved))


def _pending(
    connection: Connection, program: str, now: datetime, limit: int
) -> Iterator[WrongCache]:
    """Empty lots that wait, and lots that do not though their time is still to come.

    Of a lot whose time has come, ``pending`` only says whether that was told already.
    """
    lot = tables.lot
    early = and_(~lot.c.pending, lot.c.remaining > 0, lot.c.activates_at > now)
    wrong = or_(early, and_(lot.c.pending, lot.c.remaining <= 0))
    chosen = select(lot).where(ours(lot.c.member_id, program), wrong)
    for row in connection.execute(chosen.order_by(lot.c.member_id).limit(limit)):
        member = MemberId(row.member_id)
        yield WrongCache(member, row.wallet, row.id, "pending", row.pending, not row.pending)


def _wallets(connection: Connection, program: str, limit: int) -> Iterator[WrongCache]:
    for chosen in (wrong_wallets(program), missing_wallets(program)):
        for member_id, wallet, *values in connection.execute(chosen.limit(limit)):
            half = len(WALLET_SUMS)
            for name, moved, stored in zip(WALLET_SUMS, values[:half], values[half:], strict=True):
                if stored != moved:
                    right = int(moved)
                    yield WrongCache(MemberId(member_id), wallet, None, name, stored, right)


class CacheWrites:
    """``ports.rebuild.CacheWriter`` on one connection: a part of the unit of work."""

    _connection: Connection

    def mend_caches(self, wrong: Iterable[WrongCache]) -> None:
        """Writes the right values where the stored ones are still those that were found."""
        columns: dict[tuple[bool, str], list[dict[str, Any]]] = defaultdict(list)
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        for one in wrong:
            if one.stored is None:
                key = {"member_id": one.member_id, "wallet": one.wallet}
                row = rows.setdefault((one.member_id, one.wallet), key)
                row[one.column] = one.right
            else:
                names = ("member_id", "wallet", "lot_id", "stored", "right")
                changed = {f"of_{name}": getattr(one, name) for name in names}
                columns[one.lot_id is not None, one.column].append(changed)
        for (is_lot, column), values in columns.items():
            self._connection.execute(_mend_lot(column) if is_lot else _mend_wallet(column), values)
        if rows:
            dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
            whole = dict.fromkeys((*WALLET_SUMS, "held"), 0)
            made = [whole | row for row in rows.values()]
            missing: Any = dialect.insert(tables.wallet).on_conflict_do_nothing()
            self._connection.execute(missing, made)


def _mend_lot(column: str) -> Any:
    lot = tables.lot
    found = (lot.c.id == bindparam("of_lot_id"), lot.c[column] == bindparam("of_stored"))
    return update(lot).where(*found).values({column: bindparam("of_right")})


def _mend_wallet(column: str) -> Any:
    wallet = tables.wallet
    found = (
        wallet.c.member_id == bindparam("of_member_id"),
        wallet.c.wallet == bindparam("of_wallet"),
        wallet.c[column] == bindparam("of_stored"),
    )
    return update(wallet).where(*found).values({column: bindparam("of_right")})
