"""Grants and codes in the database: under lock in the unit of work, and as answers to questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)

from loyalty_core.application.many import batched
from loyalty_core.application.structure import converter
from loyalty_core.domain.amounts import Money
from loyalty_core.domain.grants import (
    LIVE,
    BorneCost,
    GrantId,
    GrantRecord,
    GrantState,
    Revocation,
    Terms,
)
from loyalty_core.domain.members import MemberId
from loyalty_core.storage import tables
from loyalty_core.storage.grant_tables import code as codes
from loyalty_core.storage.grant_tables import grant as grants
from loyalty_core.storage.redemptions import Redemptions
from loyalty_core.storage.sql import Write
from loyalty_core.storage.stock import mend_stock

_plain = converter(0)
_LIVE = [state.value for state in LIVE]
_MANY = 1000
_AS_THEY_ARE = (
    "member_id",
    "reward",
    "cost",
    "borne_by",
    "code",
    "created_at",
    "issued_at",
    "expires_at",
    "used_at",
    "revoked_at",
    "revoked_for",
    "redemption_id",
    "fact_id",
    "plugin",
    "rule",
    "source",
    "order_id",
    "saved",
    "reason",
    "actor",
    "came_from",
)


def grant_row(one: GrantRecord, program: str) -> dict[str, Any]:
    """A grant as a row."""
    return {
        **{name: getattr(one, name) for name in _AS_THEY_ARE},
        "id": one.id,
        "program": program,
        "state": one.state.value,
        "terms": _plain.unstructure(one.terms),
        "currency": one.terms.currency,
    }


def grant_of(row: Mapping[str, Any]) -> GrantRecord:
    """A grant from its row."""
    return GrantRecord(
        **{name: row[name] for name in _AS_THEY_ARE},
        id=GrantId(row["id"]),
        state=GrantState(row["state"]),
        terms=_plain.structure(row["terms"], Terms),
    )


class GrantRows:
    """What both the unit of work and the reader ask of grants."""

    _connection: Connection
    _program: str

    def _found(self, *conditions: Any) -> Iterator[GrantRecord]:
        chosen = select(grants).where(grants.c.program == self._program, *conditions)
        found = self._connection.execute(chosen.order_by(grants.c.id)).mappings()
        return (grant_of(dict(row)) for row in found)

    def grant(self, *, id: str | None = None, code: str | None = None) -> GrantRecord | None:
        """The grant with this id or this code; current if its member is locked."""
        named = grants.c.id == id if id is not None else grants.c.code == code
        return next(self._found(named), None)

    def grants_bought(self, redemptions: Iterable[str]) -> dict[str, GrantRecord]:
        """The grants that these redemptions bought, by redemption."""
        wanted = sorted(set(redemptions))
        found = self._found(grants.c.redemption_id.in_(wanted)) if wanted else ()
        return {one.redemption_id: one for one in found if one.redemption_id}

    def bought(
        self, member: str, since: Mapping[str, datetime | None], now: datetime
    ) -> Mapping[str, int]:
        """How often the member has bought rewards, each since a moment (ever); held ones count."""
        table = tables.redemption
        waiting = or_(table.c.expires_at.is_(None), table.c.expires_at > now)
        counted = or_(table.c.state == "captured", and_(table.c.state == "held", waiting))
        counts = [
            select(literal(reward), func.count()).where(
                table.c.member_id == member,
                table.c.reward == reward,
                counted,
                *([] if moment is None else [table.c.created_at >= moment]),
            )
            for reward, moment in since.items()
        ]
        found = self._connection.execute(union_all(*counts))
        return {row[0]: int(row[1]) for row in found}


class Grants(GrantRows, Redemptions):
    """``ports.grants.GrantWork`` on one SQLAlchemy connection, for one program."""

    def grants(self, ids: Iterable[str]) -> dict[str, GrantRecord]:
        """The grants with these ids; current if their members are locked."""
        wanted = sorted(set(ids))
        return {one.id: one for one in self._found(grants.c.id.in_(wanted))} if wanted else {}

    def unused_grants(self, member: str, rewards: Iterable[str]) -> list[GrantRecord]:
        """A member's bought grants of some rewards that were not used or revoked, latest first."""
        found = self._found(
            grants.c.member_id == member,
            grants.c.reward.in_(sorted(rewards)),
            grants.c.state.in_(_LIVE),
            grants.c.revoked_at.is_(None),
            grants.c.redemption_id.is_not(None),
        )
        return list(found)[::-1]

    def due_grants(self, now: datetime, limit: int) -> list[GrantRecord]:
        """Grants whose last day has passed, and nobody was told."""
        due = (
            select(grants)
            .where(grants.c.program == self._program, grants.c.state == "issued")
            .where(grants.c.revoked_at.is_(None), grants.c.expires_at <= now)
            .order_by(grants.c.expires_at, grants.c.id)
            .limit(limit)
        )
        return [grant_of(dict(row)) for row in self._rows(due, {})]

    def grant_writes(self, changed: Iterable[GrantRecord]) -> tuple[Write, Write]:
        """What is to be written of new and of changed grants."""
        each = [(one.fresh, grant_row(one, self._program)) for one in changed]
        made = [row for fresh, row in each if fresh]
        return Write(grants, made), Write(grants, [row for fresh, row in each if not fresh], True)

    # -- codes ------------------------------------------------------------------------------------

    def add_code(self, code: str, grant_id: str) -> bool:
        """Whether a drawn code is new in the program, and is this grant's now."""
        values = self._code(code, "", taken=True) | {"grant_id": grant_id}
        added = self._insert(codes).values(values).on_conflict_do_nothing()
        return self._connection.execute(added.returning(codes.c.code)).first() is not None

    def take_code(self, pool: str, grant_id: str) -> str | None:
        """A free code of a pool, which is this grant's now and nobody else's; None if none is.

        Codes that others are taking just now are stepped over, not waited for.
        """
        free = (
            select(codes.c.code)
            .where(codes.c.program == self._program, codes.c.pool == pool, ~codes.c.taken)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        chosen = (codes.c.program == self._program) & (codes.c.code == free.scalar_subquery())
        take = update(codes).where(chosen, ~codes.c.taken)
        taken = take.values(taken=True, grant_id=grant_id).returning(codes.c.code)
        found: str | None = self._connection.scalar(taken)
        return found

    def import_codes(self, pool: str, new: Sequence[str]) -> int:
        """How many of the codes were new in the program, and are free in the pool now."""
        added = 0
        for some in batched(new, _MANY):
            rows = [self._code(one, pool, taken=False) for one in some]
            made = self._insert(codes).values(rows).on_conflict_do_nothing()
            added += len(self._connection.execute(made.returning(codes.c.code)).all())
        return added

    def _code(self, code: str, pool: str, *, taken: bool) -> dict[str, Any]:
        row = {"program": self._program, "code": code, "pool": pool}
        return {**row, "taken": taken, "grant_id": None}

    def mend_stock(self) -> list[tuple[str, int, int]]:
        """Counts what is claimed of limited items again: those that were wrong, with both counts.

        One that has moved since it was compared is left for the next time.
        """
        return mend_stock(self._connection, self._program)

    def forget_grants(self, members: Sequence[MemberId], now: datetime) -> None:
        """Revokes the grants of these members that were still to be used, and forgets their codes.

        Drawn codes go. Those of a pool stay taken, so that nobody gets them again, and no more say
        by whom.
        """
        mine = grants.c.member_id.in_(members)
        theirs = codes.c.grant_id.in_(select(grants.c.id).where(mine))
        self._connection.execute(delete(codes).where(theirs, codes.c.pool == ""))
        self._connection.execute(update(codes).where(theirs).values(grant_id=None))
        live = mine & grants.c.state.in_(_LIVE) & grants.c.revoked_at.is_(None)
        gone = {"revoked_at": now, "revoked_for": Revocation.ERASURE.value}
        self._connection.execute(update(grants).where(live).values(**gone))
        self._connection.execute(update(grants).where(mine).values(code=None, reason=""))


class GrantAnswers(GrantRows):
    """``ports.grants.GrantReader`` on one SQLAlchemy connection, for one program."""

    def grants_of(self, member: str, before: str | None, limit: int) -> list[GrantRecord]:
        """A member's grants before the one with this id, latest first."""
        mine = select(grants).where(grants.c.member_id == member)
        if before is not None:
            mine = mine.where(grants.c.id < before)
        latest = mine.order_by(grants.c.id.desc()).limit(limit)
        found = self._connection.execute(latest).mappings()
        return [grant_of(dict(row)) for row in found]

    def claimed(self) -> Mapping[str, int]:
        """How many were claimed of each limited item."""
        stock = tables.stock
        ours = select(stock.c.item, stock.c.claimed).where(stock.c.program == self._program)
        return {row[0]: int(row[1]) for row in self._connection.execute(ours)}

    def free_codes(self) -> Mapping[str, int]:
        """How many codes are free in each pool that has any."""
        free = (
            select(codes.c.pool, func.count())
            .where(codes.c.program == self._program, ~codes.c.taken)
            .group_by(codes.c.pool)
        )
        return {row[0]: int(row[1]) for row in self._connection.execute(free)}

    def costs(self, since: datetime | None, until: datetime | None) -> list[BorneCost]:
        """What grants used in a span of time cost, by bearer and reward."""
        by = (grants.c.borne_by, grants.c.reward, grants.c.currency)
        used = (
            select(*by, func.count(), func.sum(grants.c.cost))
            .where(grants.c.program == self._program, grants.c.state == "used")
            .where(grants.c.cost > 0, grants.c.revoked_at.is_(None))
            .group_by(*by)
            .order_by(*by)
        )
        if since is not None:
            used = used.where(grants.c.used_at >= since)
        if until is not None:
            used = used.where(grants.c.used_at < until)
        return [
            BorneCost(
                borne_by=row[0], reward=row[1], grants=row[3], cost=Money(int(row[4]), row[2])
            )
            for row in self._connection.execute(used)
        ]
