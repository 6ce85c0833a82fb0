"""The machine's own clock steps back: ids come out of their order, and the books stay right."""

from __future__ import annotations

import time
from itertools import count
from types import SimpleNamespace

import pytest

from loyalty_core.application import ids
from tests.contract.conftest import Shop
from tests.toy import order, points, refund

SECOND_NS = 1_000_000_000


def test_nothing_depends_on_the_order_of_ids(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    began, ticks = time.time_ns(), count()
    clock = SimpleNamespace(time_ns=lambda: began - next(ticks) * SECOND_NS)
    monkeypatch.setattr(ids, "time", clock)
    loyalty = shop.open(wallet={"debt": "negative", "expiry": {"after_days": 30}})
    made = [ids.new_id() for _ in range(3)]
    assert made == sorted(made, reverse=True)
    member = loyalty.record(order("1", "60.00")).member_id or ""
    held = loyalty.hold(member, points=20, minutes=60, key="h").redemption_id
    loyalty.seal()
    shop.clock.advance(minutes=10)
    loyalty.capture(held)
    spent = loyalty.redeem(member, points=30, source="web", order_id="2", key="r")
    loyalty.record_many([order("2", "40.00", at=shop.clock()), order("3", at=shop.clock())])
    loyalty.record(refund("r", "2", at=shop.clock()))
    assert loyalty.redemption(spent.redemption_id).returned == 30
    assert points(loyalty, member) == (100, 100, 0, 0)
    loyalty.seal()
    assert loyalty.seal().transactions == 0
    shop.clock.advance(days=40)
    assert loyalty.tick().expired == {"points": 100}
    report = loyalty.verify()
    assert report.problems == ()
    history = loyalty.history(member, first=100).items
    assert sum(item.transaction.amount for item in history) == 0
    pages = [
        loyalty.history(member, first=1, after=after).items[0].cursor
        for after in (None, *(item.cursor for item in history[:-1]))
    ]
    assert pages == [item.cursor for item in history]
