"""What is written of a lot: what points changed of it, and all of it where anything else did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from loyalty_core import Loyalty
from loyalty_core.domain.ledger import Lot
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.records import Changes
from loyalty_core.ports.store import UnitOfWork
from loyalty_core.storage.engine import open_engine
from loyalty_core.storage.store import SqlStore
from loyalty_core.testing import FrozenClock
from tests.toy import START, Toy, config_of, order

LATER = timedelta(days=30)
PROGRAM = "shop"


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = open_engine(request.getfixturevalue(request.param))
    yield engine
    engine.dispose()


@pytest.fixture
def owner(engine: Engine) -> MemberId:
    loyalty = Loyalty.open(config_of(), engine, plugins=[Toy()], clock=FrozenClock(START))
    return MemberId(loyalty.record(order("1")).member_id or "")


def lot_of(uow: UnitOfWork, owner: MemberId) -> Lot:
    (lot,) = uow.books([owner], (), [owner])[1]
    return lot


def test_points_that_move_leave_the_other_columns_alone(engine: Engine, owner: MemberId) -> None:
    seen: list[str] = []

    def note(_: object, __: object, text: str, *___: object) -> None:
        seen.extend(re.findall("UPDATE loyalty_lot SET (.*) WHERE", text))

    event.listen(engine, "before_cursor_execute", note)
    store = SqlStore(engine, PROGRAM, owned=False)

    def spend(uow: UnitOfWork) -> Lot:
        lot = lot_of(uow, owner)
        lot.remaining -= 7
        lot.held = 3
        uow.save(Changes(lots=[lot]))
        return lot

    left = store.write(spend)
    assert store.write(lambda uow: lot_of(uow, owner)) == left
    if engine.dialect.name == "sqlite":
        assert seen == ["remaining = ?, expired = ?, forgiven = ?, held = ?, pending = ?"]


def test_dates_that_change_are_written_each_time(engine: Engine, owner: MemberId) -> None:
    store = SqlStore(engine, PROGRAM, owned=False)
    first = store.write(lambda uow: lot_of(uow, owner))

    def put_off_and_back(uow: UnitOfWork) -> Lot:
        lot = lot_of(uow, owner)
        lot.expires_at = START + LATER
        lot.member_id = lot.came_from = owner
        uow.save(Changes(lots=[lot]))
        put_off = lot_of(uow, owner)
        assert put_off == lot
        lot.expires_at, lot.came_from = first.expires_at, None
        lot.remaining = 5
        uow.save(Changes(lots=[lot]))
        return lot

    assert store.write(put_off_and_back) == replace(first, remaining=5)
    assert store.write(lambda uow: lot_of(uow, owner)) == replace(first, remaining=5)


def test_dates_that_change_back_are_written_though_nobody_read_the_lot_again(
    engine: Engine, owner: MemberId
) -> None:
    store = SqlStore(engine, PROGRAM, owned=False)

    def there_and_back(uow: UnitOfWork) -> Lot:
        lot = lot_of(uow, owner)
        first = replace(lot)
        lot.activates_at = START + LATER
        uow.save(Changes(lots=[lot]))
        uow.save(Changes(lots=[first]))
        return first

    first = store.write(there_and_back)
    assert store.write(lambda uow: lot_of(uow, owner)) == first
