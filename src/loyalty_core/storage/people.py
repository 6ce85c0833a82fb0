"""The part of a unit of work that moves points between members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)

from loyalty_core.domain.facts import Json
from loyalty_core.domain.ledger import TransactionKind
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.storage import tables
from loyalty_core.storage.erasure import Erasure
from loyalty_core.storage.grant_tables import grant as grants
from loyalty_core.storage.households import spent_by
from loyalty_core.storage.own_rows import own_rows_of


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

    def merged_into(self, member: MemberId) -> list[MemberId]:
        """The members that were merged into this one."""
        table = tables.member
        found = select(table.c.id).where(table.c.merged_into == member).order_by(table.c.id)
        return list(self._connection.scalars(found))

    def answer_for(self, members: Sequence[MemberId], holder: MemberId) -> None:
        """Lets another member answer for these merged ones."""
        table = tables.member
        if members:
            theirs = update(table).where(table.c.id.in_(members))
            self._connection.execute(theirs.values(merged_into=holder))

    def move_belongings(
        self, source: MemberId, target: MemberId, came_from: Sequence[MemberId] | None
    ) -> None:
        """Gives lots, redemptions and grants to another member, and notes whom they came from."""
        for table in (tables.lot, tables.redemption, grants):
            mine = update(table).where(table.c.member_id == source)
            if came_from is not None:
                mine = mine.where(table.c.came_from.in_(came_from))
            origin = _origin(table, target, came_from)
            self._connection.execute(mine.values(member_id=target, came_from=origin))


def _origin(table: Table, target: MemberId, came_from: Sequence[MemberId] | None) -> Any:
    """Whom a row came from once ``target`` has it: nobody, if it is back where it was made."""
    if came_from is None:
        return func.coalesce(table.c.came_from, table.c.member_id)
    return case((table.c.came_from == target, None), else_=table.c.came_from)


class PeopleRows:
    """``ports.people.PeopleReader`` on one SQLAlchemy connection."""

    _connection: Connection
    _program: str

    def known_only_from(self, source: str, limit: int) -> Sequence[MemberId]:
        """Some members whose customer ids and facts are all from this source; none erased."""
        people, identity, fact = tables.member, tables.identity, tables.fact

        def known(elsewhere: bool) -> Any:
            names = and_(identity.c.source != "", (identity.c.source != source) == elsewhere)
            facts = (fact.c.source != source) == elsewhere
            return or_(
                exists().where(identity.c.member_id == people.c.id, names),
                exists().where(fact.c.member_id == people.c.id, facts),
            )

        there = people.c.status.not_in((MemberStatus.ERASED.value, MemberStatus.MERGED.value))
        found = select(people.c.id).where(people.c.program == self._program, there)
        mine = found.where(known(False), not_(known(True))).order_by(people.c.id).limit(limit)
        return list(self._connection.scalars(mine))

    def everything(self, member: MemberId) -> Mapping[str, list[Mapping[str, Json]]]:
        """All rows of a member and those merged into it: every table that names members."""
        people = tables.member
        same = or_(people.c.id == member, people.c.merged_into == member)
        members = list(self._connection.scalars(select(people.c.id).where(same)))
        made = tables.transaction
        posted = select(made.c.id).where(made.c.member_id.in_(members))
        found: dict[str, list[Mapping[str, Json]]] = {}
        for table in tables.metadata.sorted_tables:
            owner = table.c.id if table is tables.member else table.c.get("member_id")
            if owner is None:
                continue
            theirs: Any = owner.in_(members)
            if table is tables.entry:  # found by their transactions, for which there is an index
                theirs = and_(table.c.transaction_id.in_(posted), theirs)
            elif table is tables.redemption:  # what they spent of a household's points as well
                theirs = or_(theirs, spent_by(members))
            mine = select(table).where(theirs).order_by(*table.primary_key.columns)
            name = table.name.removeprefix("loyalty_")
            rows = self._connection.execute(mine).mappings()
            found[name] = [{key: _json(value) for key, value in row.items()} for row in rows]
        for own, mine_too in own_rows_of(self._connection, members):
            name = own.removeprefix("loyalty_")
            found[name] = [{key: _json(value) for key, value in row.items()} for row in mine_too]
        return found


def _json(value: Any) -> Json:
    """A column's value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value
