"""The invariants of the books as queries that find what breaks them (DESIGN: invariants 1 to 3)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
)

from loyalty_core.domain.ledger import MEMBER, TRANSFER, TransactionKind
from loyalty_core.domain.redemptions import RedemptionState
from loyalty_core.storage import tables
from loyalty_core.storage.grant_checks import grant_checks
from loyalty_core.storage.holds import unequal_holds, wrong_holds
from loyalty_core.storage.households import wrong_places
from loyalty_core.storage.partner_checks import partner_checks
from loyalty_core.storage.running import Runner
from loyalty_core.storage.sql import kind_of, sql_of
from loyalty_core.storage.stock import wrong_stock

MOST = 100
"""How many faults of one kind are listed."""

LOT_SUMS = ("remaining", "expired")
WALLET_SUMS = ("balance", "debt", "earned", "redeemed", "expired", "adjusted", "transferred")
"""The columns that are sums of entries."""


def check_books(runner: Runner, program: str) -> tuple[Mapping[str, int], list[tuple[str, str]]]:
    """How many rows there are, and every broken invariant as (where, what), up to 100 a kind."""
    connection, faults = runner.connection, list[tuple[str, str]]()
    checks, counting = _texts(kind_of(connection.dialect), sql_of(connection.dialect).mark)
    for what, text, marks in checks:
        found = runner.fetch(text, (program,) * marks)
        faults += [(str(row[0]), what.format(*row)) for row in found]
    for wrong in islice(wrong_holds(connection, program), MOST):
        name = "lot" if wrong.lot_id else f"wallet {wrong.wallet} of this member"
        what = f"{wrong.stored} held, its redemptions hold {wrong.right}"
        faults.append((wrong.lot_id or wrong.member_id, f"{name} has {what}"))
    faults += islice(unequal_holds(connection, program), MOST)
    faults += islice(wrong_places(connection, program), MOST)
    counts = {}
    for name, text, marks in counting:
        ((number,),) = runner.fetch(text, (program,) * marks)
        counts[name] = int(number)
    return counts, faults


def count_transactions(connection: Connection, most: int) -> int:
    """How many transactions there are of all programs, counted up to ``most``.

    Entries have no index by member: to check a program's is to read them all.
    """
    some = select(literal(1)).select_from(tables.transaction).limit(most).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


_PROGRAM: Any = literal_column(":program")
_Text = tuple[str, str, int]
"""A name, a statement, and how often the program's id is in it."""


@lru_cache(maxsize=4)
def _texts(kind: Any, mark: str) -> tuple[list[_Text], list[_Text]]:
    """What finds faults, and what counts rows: writing these takes longer than running them."""
    dialect = kind()

    def written(name: str, query: Select[Any]) -> _Text:
        text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        return name, text.replace(_PROGRAM.name, mark), text.count(_PROGRAM.name)

    def counted(name: str) -> Select[Any]:
        table = getattr(tables, name)
        return select(func.count()).select_from(table).where(ours(table.c.member_id, _PROGRAM))

    checks = [written(what, query.limit(MOST)) for what, query in _queries(_PROGRAM, dialect.name)]
    names = ("transaction", "entry", "lot", "wallet")
    return checks, [written(name, counted(name)) for name in names]


def _queries(program: str, dialect: str) -> list[tuple[str, Select[Any]]]:
    return [
        ("transaction sums to {1}, not zero", _unbalanced(program)),
        ("transaction states {2}, its entries move {1}", _misstated(program)),
        ("lot has {2} remaining, its entries sum to {1}", wrong_lots(program, "remaining")),
        ("lot has {2} expired, its entries sum to {1}", wrong_lots(program, "expired")),
        ("wallet {1} of this member does not equal its entries", wrong_wallets(program)),
        ("wallet {1} of this member does not equal its lots less its debt", _holdings(program)),
        ("lot has {1} points less than none", _negative(program)),
        ("transfers of this wallet sum to {1} over the program, not zero", _transfers(program)),
        ("lot has {2} of {1} points held", _overheld(program)),
        ("redemption has {1} points, its transaction spends {2}", _misspent(program)),
        ("redemption has {2} of {1} points given back", _overreturned(program)),
        ("wallet {1} of this member is missing, though it has entries", missing_wallets(program)),
        ("an entry names this transaction, which is missing", _orphans(program)),
        ("an entry names this lot, which is missing", _lotless(program)),
        (
            "{1} are claimed of this item, redemptions and facts have {2}",
            wrong_stock(program, dialect),
        ),
        *grant_checks(program),
        *partner_checks(program),
    ]


def ours(column: Any, program: str) -> Any:
    """That a column names one of the program's members."""
    return column.in_(select(tables.member.c.id).where(tables.member.c.program == program))


def _unbalanced(program: str) -> Select[Any]:
    entry = tables.entry
    total = func.sum(entry.c.amount)
    return (
        select(entry.c.transaction_id, total)
        .where(ours(entry.c.member_id, program))
        .group_by(entry.c.transaction_id, entry.c.wallet)
        .having(total != 0)
    )


def _misstated(program: str) -> Select[Any]:
    entry, made = tables.entry, tables.transaction
    moved = func.coalesce(func.sum(entry.c.amount), 0)
    mine = and_(entry.c.transaction_id == made.c.id, entry.c.account == MEMBER)
    return (
        select(made.c.id, moved, made.c.amount)
        .select_from(made.outerjoin(entry, mine))
        .where(ours(made.c.member_id, program))
        .group_by(made.c.id, made.c.amount)
        .having(moved != made.c.amount)
    )


def wrong_lots(program: str, column: str) -> Select[Any]:
    """Lots of which a cache differs: id, sum of entries, stored value, member, wallet."""
    entry, made, lot = tables.entry, tables.transaction, tables.lot
    amount: Any = entry.c.amount
    if column == "expired":
        expiry = made.c.kind == TransactionKind.EXPIRY.value
        amount = case((expiry, -amount), else_=0)
    moved = func.coalesce(func.sum(amount), 0)
    joined = lot.outerjoin(entry, entry.c.lot_id == lot.c.id)
    if column == "expired":
        joined = joined.outerjoin(made, made.c.id == entry.c.transaction_id)
    return (
        select(lot.c.id, moved, lot.c[column], lot.c.member_id, lot.c.wallet)
        .select_from(joined)
        .where(ours(lot.c.member_id, program))
        .group_by(lot.c.id)
        .having(moved != lot.c[column])
    )


def _wallet_sums() -> list[Any]:
    """What the entries of a wallet sum to, in the order of ``WALLET_SUMS``."""
    entry, made = tables.entry, tables.transaction

    def total(*conditions: Any, sign: int = 1) -> Any:
        chosen = case((and_(*conditions), entry.c.amount), else_=0)
        return sign * func.coalesce(func.sum(chosen), 0)

    def kinds(*names: TransactionKind) -> Any:
        return made.c.kind.in_([name.value for name in names])

    balance, debt = total(literal(True)), total(entry.c.lot_id.is_(None), sign=-1)
    earning = (TransactionKind.ACCRUAL, TransactionKind.REVERSAL, TransactionKind.DONATION)
    earned = total(kinds(*earning))
    redeemed = total(kinds(TransactionKind.REDEMPTION), sign=-1)
    expired = total(kinds(TransactionKind.EXPIRY), sign=-1)
    adjusted = total(kinds(TransactionKind.ADJUSTMENT))
    transferred = total(kinds(TransactionKind.TRANSFER))
    return [balance, debt, earned, redeemed, expired, adjusted, transferred]


def wrong_wallets(program: str) -> Select[Any]:
    """Wallets of which a cache differs: member, wallet, sums of entries, stored values."""
    entry, made, wallet = tables.entry, tables.transaction, tables.wallet
    sums, stored = _wallet_sums(), [wallet.c[name] for name in WALLET_SUMS]
    mine = and_(
        entry.c.member_id == wallet.c.member_id,
        entry.c.wallet == wallet.c.wallet,
        entry.c.account == MEMBER,
    )
    joined = wallet.outerjoin(entry, mine).outerjoin(made, made.c.id == entry.c.transaction_id)
    return (
        select(wallet.c.member_id, wallet.c.wallet, *sums, *stored)
        .select_from(joined)
        .where(ours(wallet.c.member_id, program))
        .group_by(wallet.c.member_id, wallet.c.wallet)
        .having(or_(*(moved != column for moved, column in zip(sums, stored, strict=True))))
    )


def _holdings(program: str) -> Select[Any]:
    lot, wallet = tables.lot, tables.wallet
    held = func.coalesce(func.sum(lot.c.remaining), 0)
    mine = and_(lot.c.member_id == wallet.c.member_id, lot.c.wallet == wallet.c.wallet)
    return (
        select(wallet.c.member_id, wallet.c.wallet)
        .select_from(wallet.outerjoin(lot, mine))
        .where(ours(wallet.c.member_id, program))
        .group_by(wallet.c.member_id, wallet.c.wallet, wallet.c.balance, wallet.c.debt)
        .having(held - wallet.c.debt != wallet.c.balance)
    )


def missing_wallets(program: str) -> Select[Any]:
    """Wallets that have entries and no row: member, wallet, sums of entries, nulls."""
    entry, made, wallet = tables.entry, tables.transaction, tables.wallet
    own = and_(wallet.c.member_id == entry.c.member_id, wallet.c.wallet == entry.c.wallet)
    joined = entry.outerjoin(wallet, own).outerjoin(made, made.c.id == entry.c.transaction_id)
    return (
        select(entry.c.member_id, entry.c.wallet, *_wallet_sums(), *(null() for _ in WALLET_SUMS))
        .select_from(joined)
        .where(ours(entry.c.member_id, program), wallet.c.member_id.is_(None))
        .where(entry.c.account == MEMBER)
        .group_by(entry.c.member_id, entry.c.wallet)
    )


def _transfers(program: str) -> Select[Any]:
    """Wallets in which what members gave is not what members got."""
    entry = tables.entry
    total = func.sum(entry.c.amount)
    return (
        select(entry.c.wallet, total)
        .where(ours(entry.c.member_id, program), entry.c.account == TRANSFER)
        .group_by(entry.c.wallet)
        .having(total != 0)
    )


def _orphans(program: str) -> Select[Any]:
    entry, made = tables.entry, tables.transaction
    return (
        select(entry.c.transaction_id)
        .select_from(entry.outerjoin(made, made.c.id == entry.c.transaction_id))
        .where(ours(entry.c.member_id, program), made.c.id.is_(None))
        .group_by(entry.c.transaction_id)
    )


def _lotless(program: str) -> Select[Any]:
    entry, lot = tables.entry, tables.lot
    return (
        select(entry.c.lot_id)
        .select_from(entry.outerjoin(lot, lot.c.id == entry.c.lot_id))
        .where(ours(entry.c.member_id, program), entry.c.lot_id.is_not(None), lot.c.id.is_(None))
        .group_by(entry.c.lot_id)
    )


def _misspent(program: str) -> Select[Any]:
    """Redemptions that spent other points than were booked for them."""
    made, spent = tables.transaction, tables.redemption
    booked = func.coalesce(-made.c.amount, 0)
    states = (RedemptionState.CAPTURED.value, RedemptionState.CANCELLED.value)
    return (
        select(spent.c.id, spent.c.points, booked)
        .select_from(spent.outerjoin(made, made.c.id == spent.c.transaction_id))
        .where(spent.c.program == program, spent.c.state.in_(states), spent.c.points != booked)
    )


def _overreturned(program: str) -> Select[Any]:
    spent = tables.redemption
    wrong = or_(spent.c.returned < 0, spent.c.returned > spent.c.points)
    chosen = select(spent.c.id, spent.c.points, spent.c.returned)
    return chosen.where(spent.c.program == program, wrong)


def _overheld(program: str) -> Select[Any]:
    lot = tables.lot
    wrong = or_(lot.c.held < 0, lot.c.held > lot.c.remaining)
    chosen = select(lot.c.id, lot.c.remaining, lot.c.held)
    return chosen.where(ours(lot.c.member_id, program), wrong)


def _negative(program: str) -> Select[Any]:
    lot = tables.lot
    wrong = or_(lot.c.remaining < 0, lot.c.forgiven > lot.c.expired)
    return select(lot.c.id, lot.c.remaining).where(ours(lot.c.member_id, program), wrong)
