"""Questions to the books, each answered by a fixed few indexed queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select, tuple_

from loyalty_core.domain.facts import CAUSED
from loyalty_core.domain.ledger import Transaction, WalletBook
from loyalty_core.domain.members import Identity, MemberId, MemberStatus
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.ports.records import FactRecord, WalletSums
from loyalty_core.schema import columns
from loyalty_core.storage import rows, tables
from loyalty_core.storage.accounts import AccountRows
from loyalty_core.storage.actions import ActionAnswers
from loyalty_core.storage.board_reads import BoardReads
from loyalty_core.storage.checks import check_books, count_transactions
from loyalty_core.storage.configs import ConfigReads
from loyalty_core.storage.habits import HabitRows
from loyalty_core.storage.households import HouseholdReads
from loyalty_core.storage.inbox import InboxAnswers
from loyalty_core.storage.migrations import applied
from loyalty_core.storage.own_rows import OwnTableReads
from loyalty_core.storage.partners import PartnerReads
from loyalty_core.storage.past import PastRows
from loyalty_core.storage.people import PeopleRows
from loyalty_core.storage.posted import find_transaction, with_entries
from loyalty_core.storage.quarantine import QuarantineReads
from loyalty_core.storage.rebuild import CacheReads
from loyalty_core.storage.recorded import RecordedRows
from loyalty_core.storage.seal import SealRows
from loyalty_core.storage.segments import SegmentRows

Pair = tuple[str, str]
GONE = (MemberStatus.ERASED.value, MemberStatus.MERGED.value)


class SqlReader(
    PeopleRows,
    HouseholdReads,
    SealRows,
    PastRows,
    CacheReads,
    AccountRows,
    BoardReads,
    HabitRows,
    PartnerReads,
    SegmentRows,
    InboxAnswers,
    ActionAnswers,
    OwnTableReads,
    QuarantineReads,
    RecordedRows,
    ConfigReads,
):
    """``ports.store.Reader`` on one SQLAlchemy connection, for one program."""

    def _rows(self, statement: Any, parameters: Mapping[str, Any] | None = None) -> Iterable[Any]:
        return self._connection.execute(statement, parameters or {}).mappings()

    def owners(self, identities: Iterable[Identity]) -> dict[Identity, MemberId]:
        """The member of each identity that is known."""
        return self._queries.owners(identities)

    def held(self, books: Iterable[WalletBook]) -> list[tuple[Redemption, Mapping[str, datetime]]]:
        """What is held in these wallets, each with the moments at which its lots end."""
        holding = {book.member_id for book in books if book.held}
        if not holding:
            return []
        redemption, lot = tables.redemption, tables.lot
        chosen = select(redemption).where(
            redemption.c.member_id.in_(sorted(holding)), redemption.c.state == "held"
        )
        found = [rows.redemption_of(row) for row in self._rows(chosen)]
        of_these = lot.c.id.in_(sorted({lot_id for one in found for lot_id in one.lots}))
        dated = select(lot.c.id, lot.c.expires_at).where(of_these, lot.c.expires_at.is_not(None))
        ends = {row[0]: row[1] for row in self._connection.execute(dated)}
        return [(one, {key: ends[key] for key in one.lots if key in ends}) for one in found]

    def redemption(self, redemption_id: str) -> Redemption | None:
        """One redemption."""
        table = tables.redemption
        mine = and_(table.c.id == redemption_id, table.c.program == self._program)
        return next(map(rows.redemption_of, self._rows(select(table).where(mine))), None)

    def redemptions(
        self, member: str, before: str | None, limit: int, *, held: bool
    ) -> list[Redemption]:
        """A member's redemptions before the one with this id, latest first."""
        table = tables.redemption
        mine = select(table).where(table.c.member_id == member)
        if held:
            mine = mine.where(table.c.state == "held")
        if before is not None:
            mine = mine.where(table.c.id < before)
        latest = mine.order_by(table.c.id.desc()).limit(limit)
        return list(map(rows.redemption_of, self._rows(latest)))

    def history(
        self, member: str, wallet: str | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[Transaction]:
        """A member's transactions before a position, latest first."""
        table = tables.transaction
        chosen = select(table).where(table.c.member_id == member)
        if wallet is not None:
            chosen = chosen.where(table.c.wallet == wallet)
        if before is not None:
            place = tuple_(table.c.occurred_at, table.c.id)
            chosen = chosen.where(place < tuple_(*before, types=[columns.Moment, table.c.id.type]))
        latest = chosen.order_by(table.c.occurred_at.desc(), table.c.id.desc()).limit(limit)
        return with_entries(self._connection, list(self._rows(latest)))

    def transaction(self, transaction_id: str) -> Transaction | None:
        """One transaction with its entries."""
        return find_transaction(self._connection, self._program, transaction_id)

    def fact(self, fact_id: str) -> FactRecord | None:
        """One fact."""
        table = tables.fact
        mine = and_(table.c.id == fact_id, table.c.program == self._program)
        found = list(self._rows(select(table).where(mine)))
        return rows.fact_record(found[0]) if found else None

    def totals(self, now: datetime) -> list[WalletSums]:
        """Each wallet summed over all members."""
        wallet, member, lot = tables.wallet, tables.member, tables.lot
        names = ("balance", "debt", "earned", "redeemed", "expired", "adjusted")
        earners = func.count().filter(wallet.c.earned > 0)
        sums = [*(func.sum(wallet.c[name]) for name in names), earners]
        ours = member.c.program == self._program
        due = {
            row[0]: int(row[1])
            for row in self._connection.execute(
                select(lot.c.wallet, func.sum(lot.c.remaining - lot.c.held))
                .join(member, member.c.id == lot.c.member_id)
                .where(ours, lot.c.remaining > 0, lot.c.expires_at <= now)
                .group_by(lot.c.wallet)
            )
        }
        whole = (
            select(wallet.c.wallet, *sums)
            .join(member, member.c.id == wallet.c.member_id)
            .where(ours)
            .group_by(wallet.c.wallet)
            .order_by(wallet.c.wallet)
        )
        return [
            WalletSums._make((row[0], *map(int, row[1:]), due.get(row[0], 0)))
            for row in self._connection.execute(whole)
        ]

    def top(self, wallet: str, limit: int) -> list[WalletBook]:
        """The wallets that earned most, ties by member id."""
        table, member = tables.wallet, tables.member
        best = (
            select(table)
            .join(member, member.c.id == table.c.member_id)
            .where(member.c.program == self._program, table.c.wallet == wallet)
            .where(member.c.status.not_in(GONE), member.c.household.is_(False))
            .order_by(table.c.earned.desc(), table.c.member_id)
            .limit(limit)
        )
        return [rows.wallet_book(row.values()) for row in self._rows(best)]

    def counts(self) -> Mapping[str, int]:
        """How many members, facts from outside, waiting and deferred facts, deliveries."""
        member, fact, delivery = tables.member, tables.fact, tables.delivery
        there = member.c.status.not_in(GONE) & member.c.household.is_(False)
        members = select(func.count()).where(member.c.program == self._program, there)
        counted = {"members": self._connection.scalar(members) or 0}
        from_outside = fact.c.source.not_like(f"{CAUSED}%")
        kinds = (
            select(
                fact.c.type,
                func.sum(case((from_outside, 1), else_=0)),
                func.sum(case((fact.c.status == "waiting", 1), else_=0)),
                func.sum(case((fact.c.status == "deferred", 1), else_=0)),
            )
            .where(fact.c.program == self._program)
            .group_by(fact.c.type)
        )
        found = {row[0]: row[1:] for row in self._connection.execute(kinds)}
        nothing = (0, 0, 0)
        counted["orders"] = int(found.get("order", nothing)[0])
        counted["activities"] = int(found.get("activity", nothing)[0])
        counted["waiting"] = sum(int(row[1]) for row in found.values())
        counted["deferred"] = sum(int(row[2]) for row in found.values())
        states = (
            select(delivery.c.state, func.count())
            .where(delivery.c.program == self._program)
            .group_by(delivery.c.state)
        )
        delivered = {row[0]: int(row[1]) for row in self._connection.execute(states)}
        counted["pending_deliveries"] = delivered.get("pending", 0)
        counted["dead_deliveries"] = delivered.get("dead", 0)
        return counted

    def checks(self) -> tuple[Mapping[str, int], list[tuple[str, str]]]:
        """Row counts, and each broken invariant as (where, what)."""
        return check_books(self._runner, self._program)

    def transactions(self, most: int) -> int:
        """How many transactions the database has; ``most`` if there are so many or more."""
        return count_transactions(self._connection, most)

    def describe(self) -> tuple[str, list[str]]:
        """The database in words, without secrets, and the migrations it has."""
        url = self._connection.engine.url.render_as_string(hide_password=True)
        return url, applied(self._connection, "core")
