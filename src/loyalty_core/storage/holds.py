"""What is held, compared with the redemptions that hold it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from loyalty_core.domain.members import MemberId
from loyalty_core.ports.rebuild import WrongCache
from loyalty_core.storage import rows, tables

IDS_A_QUERY = 1000


def wrong_holds(connection: Connection, program: str) -> Iterator[WrongCache]:
    """Wallets and lots that do not hold what the redemptions in state ``held`` say."""
    redemption = tables.redemption
    chosen = select(redemption).where(redemption.c.program == program, redemption.c.state == "held")
    wallets: Counter[tuple[str, str]] = Counter()
    lots: Counter[str] = Counter()
    for one in map(rows.redemption_of, connection.execute(chosen).mappings()):
        wallets[one.member_id, one.wallet] += one.points
        lots.update(one.lots)
    for member, wallet, stored in _wallets(connection, program, wallets):
        right = wallets[member, wallet]
        if stored != right:
            yield WrongCache(MemberId(member), wallet, None, "held", stored, right)
    for lot_id, member, wallet, stored in _lots(connection, program, lots):
        if stored != lots[lot_id]:
            yield WrongCache(MemberId(member), wallet, lot_id, "held", stored, lots[lot_id])


def unequal_holds(connection: Connection, program: str) -> Iterator[tuple[str, str]]:
    """Redemptions whose points are not those of their lots, as (id, what is wrong)."""
    redemption = tables.redemption
    chosen = select(redemption).where(redemption.c.program == program, redemption.c.state == "held")
    for one in map(rows.redemption_of, connection.execute(chosen).mappings()):
        if (reserved := sum(one.lots.values())) != one.points:
            yield one.id, f"redemption holds {one.points} points, its lots {reserved}"


def _wallets(
    connection: Connection, program: str, expected: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str, int]]:
    wallet, member = tables.wallet, tables.member
    columns = select(wallet.c.member_id, wallet.c.wallet, wallet.c.held)
    ours = columns.join(member, member.c.id == wallet.c.member_id).where(
        member.c.program == program
    )
    by_member: dict[str, set[str]] = defaultdict(set)
    for member_id, name in expected:
        by_member[member_id].add(name)
    for row in connection.execute(ours.where(wallet.c.held != 0)):
        by_member[row[0]].discard(row[1])
        yield row[0], row[1], row[2]
    for some in _portions(by_member):
        for row in connection.execute(ours.where(wallet.c.member_id.in_(some))):
            if row[1] in by_member[row[0]]:
                yield row[0], row[1], row[2]


def _lots(
    connection: Connection, program: str, expected: Iterable[str]
) -> Iterator[tuple[str, str, str, int]]:
    lot, member = tables.lot, tables.member
    columns = select(lot.c.id, lot.c.member_id, lot.c.wallet, lot.c.held)
    ours = columns.join(member, member.c.id == lot.c.member_id).where(member.c.program == program)
    missing = set(expected)
    for row in connection.execute(ours.where(lot.c.held != 0)):
        missing.discard(row[0])
        yield row[0], row[1], row[2], row[3]
    for some in _portions(missing):
        for row in connection.execute(ours.where(lot.c.id.in_(some))):
            yield row[0], row[1], row[2], row[3]


def _portions(keys: Iterable[str]) -> Iterator[list[str]]:
    every = sorted(keys)
    for start in range(0, len(every), IDS_A_QUERY):
        yield every[start : start + IDS_A_QUERY]
