"""Threads that record at the same time on one program: each gets its own answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from loyalty_core import FactReceipt, IdempotencyConflict, RecordStatus
from tests.contract.conftest import Shop
from tests.contract.test_questions import statements_of
from tests.toy import START, order, points

CALLERS = 8
EACH = 6


def test_orders_of_one_member_by_many_callers(shop: Shop) -> None:
    loyalty = shop.open()
    names = [[f"{caller}-{n}" for n in range(EACH)] for caller in range(CALLERS)]

    def call(mine: list[str]) -> list[FactReceipt]:
        return [loyalty.record(order(name)) for name in mine]

    with ThreadPoolExecutor(CALLERS) as pool:
        receipts = [one for mine in pool.map(call, names) for one in mine]
    assert {one.status for one in receipts} == {RecordStatus.BOOKED}
    assert all(one.changes == {"points": 60} for one in receipts)
    assert sum(one.enrolled for one in receipts) == 1
    (member,) = {one.member_id for one in receipts}
    total = 60 * CALLERS * EACH
    assert points(loyalty, member or "") == (total, total, 0, 0)
    assert loyalty.verify().problems == ()


def test_the_same_order_by_many_callers_is_booked_once(shop: Shop) -> None:
    loyalty = shop.open()
    with ThreadPoolExecutor(CALLERS) as pool:
        receipts = list(pool.map(lambda _: loyalty.record(order()), range(CALLERS)))
    statuses = sorted(str(one.status) for one in receipts)
    assert statuses == ["booked"] + ["duplicate"] * (CALLERS - 1)
    assert points(loyalty, receipts[0].member_id or "") == (60, 60, 0, 0)


def test_one_callers_failure_is_never_anothers(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(order("taken", "5.00"))

    def call(n: int) -> str:
        if n % 2:
            return loyalty.record(order(str(n))).status
        with pytest.raises(IdempotencyConflict):
            loyalty.record(order("taken", "7.00"))
        return "refused"

    with ThreadPoolExecutor(CALLERS) as pool:
        assert list(pool.map(call, range(CALLERS))) == ["refused", "booked"] * (CALLERS // 2)
    member = loyalty.record(order("taken", "5.00")).member_id or ""
    total = 5 + 60 * CALLERS // 2
    assert points(loyalty, member) == (total, total, 0, 0)


def test_what_one_order_costs(shop: Shop) -> None:
    """Locking, looking, writing: one statement each, but SQLite writes table by table."""
    loyalty = shop.open()
    loyalty.record(order("first", at=START - timedelta(days=1)))
    with statements_of(loyalty) as seen:
        assert loyalty.record(order("second")).changes == {"points": 60}
    written = {"sqlite": 6, "postgresql": 1}[shop.url.split("+")[0].split(":")[0]]
    assert len(seen) == 2 + written
    with statements_of(loyalty) as again:
        assert loyalty.record(order("second")).status is RecordStatus.DUPLICATE
    assert len(again) == 2


def test_what_many_orders_cost(shop: Shop) -> None:
    """As many statements as one: they depend on the tables, not on the facts."""
    loyalty = shop.open()

    def bought(day: int, members: int) -> list[str]:
        at = START - timedelta(days=9 - day)
        facts = [order(f"{day}-{n}", at=at, email=f"m{n}@example.org") for n in range(members)]
        with statements_of(loyalty) as seen:
            assert loyalty.record_many(facts).counts == {"booked": members}
        return seen

    bought(0, 40)
    few, many = bought(1, 1), bought(2, 40)
    assert len(few) == len(many)
    assert [text.split()[:3] for text in few] == [text.split()[:3] for text in many]
