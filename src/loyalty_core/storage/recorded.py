"""Everything that members have, many at a time: what replaying the books reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Text, cast, func, select

from loyalty_core.application.many import batched
from loyalty_core.domain.grants import GrantRecord
from loyalty_core.domain.ledger import Lot, LotId, Transaction, TransactionKind, WalletBook
from loyalty_core.domain.members import Identity, IdentityKind, MemberId
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.ports.recorded import EARLIEST
from loyalty_core.ports.records import FactRecord, MemberRecord
from loyalty_core.storage import rows, tables
from loyalty_core.storage.grant_tables import grant as grants
from loyalty_core.storage.grants import grant_of
from loyalty_core.storage.households_tables import household_member
from loyalty_core.storage.posted import with_entries
from loyalty_core.storage.queries import Queries

AT_ONCE = 5000
"""How many ids one query names at most: every driver takes so many."""


class RecordedRows:
    """``ports.recorded.RecordedReader`` on one SQLAlchemy connection, for one program."""

    _connection: Connection
    _program: str
    _queries: Queries

    def _recorded(self, statement: Any) -> Iterator[dict[str, Any]]:
        return (dict(row) for row in self._connection.execute(statement).mappings())

    def member_count(self) -> int:
        """How many members there are, of any status, households among them."""
        table = tables.member
        counted = select(func.count()).where(table.c.program == self._program)
        return int(self._connection.scalar(counted) or 0)

    def members_after(self, after: str, limit: int) -> list[MemberRecord]:
        """Members in the order of their ids, after one of them."""
        table = tables.member
        ours = select(table).where(table.c.program == self._program).order_by(table.c.id)
        page = ours.where(table.c.id > after) if after else ours
        return list(map(rows.member_record, self._recorded(page.limit(limit))))

    def members_of(self, ids: Iterable[str]) -> list[MemberRecord]:
        """The members with these ids."""
        table = tables.member
        return [
            rows.member_record(row)
            for some in batched(sorted(set(ids)), AT_ONCE)
            for row in self._recorded(select(table).where(table.c.id.in_(some)))
        ]

    def ties(self) -> Iterator[tuple[str, str]]:
        """Pairs of members between whom points moved, or who became one."""
        member, made, spent = tables.member, tables.transaction, tables.redemption
        ours = member.c.program == self._program
        merged = select(member.c.id, member.c.merged_into).where(
            ours, member.c.merged_into.is_not(None)
        )
        shared = (
            select(household_member.c.household_id, household_member.c.member_id)
            .join(member, member.c.id == household_member.c.member_id)
            .where(ours)
        )
        spenders = select(spent.c.member_id, spent.c.spender).where(
            spent.c.program == self._program, spent.c.spender.is_not(None)
        )
        for pairs in (merged, shared, spenders):
            for one, other in self._connection.execute(pairs):
                yield str(one), str(other)
        were_merged = select(member.c.id, member.c.absences).where(
            ours, cast(member.c.absences, Text) != "[]"
        )
        for gone, absences in self._connection.execute(were_merged):
            yield from ((str(gone), absence["into"]) for absence in absences)
        moved = (
            select(made.c.member_id, made.c.detail)
            .join(member, member.c.id == made.c.member_id)
            .where(ours, made.c.kind == TransactionKind.TRANSFER.value, made.c.amount < 0)
        )
        for giver, detail in self._connection.execute(moved):
            others = (detail.get(name) for name in _RECEIVERS)
            yield from ((str(giver), str(other)) for other in others if other)

    def codes_of(self, members: Iterable[str]) -> Mapping[Identity, MemberId]:
        """The codes by which these members are known; no other identity."""
        table = tables.identity
        found = {}
        for some in batched(sorted(set(members)), AT_ONCE):
            mine = select(table.c.kind, table.c.value, table.c.source, table.c.member_id).where(
                table.c.member_id.in_(some), table.c.kind == IdentityKind.CODE.value
            )
            for row in self._connection.execute(mine):
                found[rows.identity_from(row)] = MemberId(row[3])
        return found

    def facts_of_members(self, members: Iterable[str]) -> list[FactRecord]:
        """All facts of these members, in no order."""
        return list(self._queries.facts_since(map(MemberId, members), EARLIEST))

    def booked(self, members: Iterable[str]) -> list[Transaction]:
        """All transactions of these members, in the order they were booked."""
        table = tables.transaction
        found: list[dict[str, Any]] = []
        for some in batched(sorted(set(members)), AT_ONCE):
            found += self._recorded(select(table).where(table.c.member_id.in_(some)))
        made = [
            one for some in batched(found, AT_ONCE) for one in with_entries(self._connection, some)
        ]
        return sorted(made, key=lambda one: (one.booked_at, one.id))

    def wallets_of(self, members: Iterable[str]) -> list[WalletBook]:
        """The wallets of these members, without lots."""
        return self._queries.books(members, (), ())[0]

    def named_lots(self, ids: Iterable[LotId]) -> list[Lot]:
        """The lots with these ids."""
        return self._queries.books((), ids, ())[1]

    def redemptions_by(self, members: Iterable[str]) -> list[Redemption]:
        """All redemptions that these members have, oldest first."""
        table = tables.redemption
        found: list[Redemption] = []
        for some in batched(sorted(set(members)), AT_ONCE):
            mine = select(table).where(table.c.program == self._program)
            found += map(
                rows.redemption_of, self._recorded(mine.where(table.c.member_id.in_(some)))
            )
        return sorted(found, key=lambda one: one.id)

    def grants_by(self, members: Iterable[str]) -> list[GrantRecord]:
        """All grants that these members have, oldest first."""
        found: list[GrantRecord] = []
        for some in batched(sorted(set(members)), AT_ONCE):
            found += map(
                grant_of, self._recorded(select(grants).where(grants.c.member_id.in_(some)))
            )
        return sorted(found, key=lambda one: one.id)


_RECEIVERS = ("to", "merged_into", "unmerged_to", "returned_to")
"""How the detail of what one member gives names the other one."""
