"""Points end alike, whether as sets or lot by lot: both ways leave the same rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from loyalty_core import DebtPolicy, InsufficientPoints, Loyalty
from loyalty_core.application.expire import Done, move_points
from loyalty_core.domain.members import MemberId
from loyalty_core.storage import tables
from loyalty_core.storage.work import SqlUnitOfWork
from loyalty_core.testing import FrozenClock
from tests.properties.engines import engine, examples, fresh_program
from tests.properties.histories import Document, histories
from tests.properties.sales import Shape
from tests.toy import START, Toy, config_of

__all__ = ["engine"]

SHAPES = {  # the facts are 18 to 30 days old, so that all this is still to come
    "ending": Shape(DebtPolicy.NEGATIVE, expiry=40),
    "waiting": Shape(DebtPolicy.PENDING_FIRST, pending=25, expiry=40),
    "owing": Shape(DebtPolicy.NEGATIVE, pending=25, expiry=30),
    "lapsing": Shape(DebtPolicy.CLAMP, pending=22, expiry=50, inactivity=20),
    "never_active": Shape(DebtPolicy.NEGATIVE, pending=40, expiry=32),
}

MADE = {
    tables.redemption: ("ended_id",),
    tables.transaction: ("id",),
    tables.entry: ("transaction_id",),
    tables.event: ("id", "transaction_id"),
    tables.delivery: ("event_id",),
}
"""The tables whose rows get new ids, and the columns that hold those."""


def rows_of(connection: Connection, program: str) -> dict[str, list[str]]:
    """All rows of a program's books; where ids are new, of each only what it is the id of."""
    member = tables.member
    ours = select(member.c.id).where(member.c.program == program)
    transaction = tables.transaction
    made = dict(
        connection.execute(
            select(transaction.c.id, transaction.c.occurred_at).where(
                transaction.c.member_id.in_(ours)
            )
        ).all()
    )
    found: dict[str, list[str]] = {}
    for table in (tables.wallet, tables.lot, *MADE):
        mine = table.c.program == program if "program" in table.c else table.c.member_id.in_(ours)
        new = MADE.get(table, ())
        found[table.name] = sorted(
            str({name: made.get(row[name]) if name in new else row[name] for name in row})
            for row in connection.execute(select(table).where(mine)).mappings()
        )
    return found


def book_all(loyalty: Loyalty, rules: Any, now: datetime) -> list[Done]:
    """What moving all points that are due came to, chunk by chunk."""

    def step(uow: Any) -> Done | None:
        due = uow.due_members(now, 1)
        return move_points(uow, rules, due, now, most=2) if due else None

    return list(iter(partial(loyalty._store.write, step), None))


def everybody(self: SqlUnitOfWork, members: Iterable[MemberId], now: datetime) -> set[MemberId]:
    return set(members)


@pytest.mark.parametrize("shape", SHAPES)
@examples(12, 300)
@given(
    facts=histories(),
    holds=st.lists(st.tuples(st.sampled_from(["ada", "bob"]), st.integers(1, 40)), max_size=3),
    days=st.integers(0, 60),
)
def test_sets_leave_the_rows_that_lots_one_by_one_would(
    engine: Engine, shape: str, facts: list[Document], holds: list[tuple[str, int]], days: int
) -> None:
    program, clock = fresh_program(), FrozenClock(START)
    wallet = SHAPES[shape].wallet()
    settings = {"pending_days": SHAPES[shape].pending, "activities": {"review": 7}}
    toy = Toy(subscribed=("points_expired", "points_activated"))
    config = config_of(program, wallet=wallet, settings=settings)
    with Loyalty.open(config, engine, plugins=[toy], clock=clock) as loyalty:
        loyalty.record_many(facts, chunk=4)
        for number, (customer, amount) in enumerate(holds):
            member = loyalty.find({"customer_id": customer}, source="web")
            with contextlib.suppress(InsufficientPoints):
                if member is not None:
                    minutes = timedelta(days=amount) // timedelta(minutes=1)
                    loyalty.hold(member.id, points=amount, minutes=minutes, key=str(number))
        clock.advance(days=days)
        ways = []
        for entangled in (SqlUnitOfWork.entangled, everybody):
            with (
                engine.connect() as connection,
                connection.begin() as whole,
                mock.patch.object(SqlUnitOfWork, "entangled", entangled),
                loyalty.using(connection) as inside,
            ):
                done = book_all(inside, loyalty._parts.rules, clock())
                counts = sum((one.counts for one in done), start=Done().counts)
                expired = sum((one.expired for one in done), start=Done().expired)
                ways.append((rows_of(connection, program), counts, expired))
                whole.rollback()
        assert ways[0] == ways[1]
