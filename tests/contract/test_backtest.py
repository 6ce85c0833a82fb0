"""The books replayed under another configuration: what would be, what could not have been."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from loyalty_core import (
    ConfigError,
    FactError,
    Figures,
    Loyalty,
    StoreError,
)
from loyalty_core.ports.store import UnitOfWork
from loyalty_core.storage import tables
from loyalty_core.storage.engine import open_engine
from loyalty_core.storage.store import SqlStore
from loyalty_core.testing import FrozenClock
from loyalty_core.testing.books import books_of
from tests.contract.backtests import DAY, SINCE, member_of, months, replayed
from tests.contract.conftest import Shop
from tests.toy import START, Toy, activity, config_of, order, refund


def test_what_happened_before_is_decided_as_it_was(shop: Shop) -> None:
    loyalty = shop.open()
    shop.clock.advance(days=14)
    loyalty.record(order("1", "10.00", at=SINCE - timedelta(microseconds=1)))
    loyalty.record(order("2", "20.00", at=SINCE))
    shop.clock.advance(days=31)
    loyalty.record(order("3", "30.00", at=shop.clock()))
    found, report = replayed(loyalty, settings={"per_unit": 3})
    assert found == {
        "2026-06": (Figures(earned=20, owed=30), Figures(earned=60, owed=70)),
        "2026-07": (Figures(earned=30, owed=60), Figures(earned=90, owed=160)),
    }
    assert (report.replayed, report.members_total, report.gaining, report.losing) == (1, 1, 1, 0)
    assert [(one.about, one.was.owed, one.would.owed) for one in report.members] == [
        (member_of(loyalty), 60, 160)
    ]


def test_the_state_that_rules_keep_goes_over_the_date(shop: Shop) -> None:
    """The first order was before; the second is not the first one under the new rules either."""
    loyalty = shop.open()
    loyalty.record(order("1", "10.00", at=START))
    shop.clock.advance(days=20)
    loyalty.record(order("2", "20.00", at=shop.clock()))
    loyalty.record(order("3", "20.00", at=shop.clock(), email="bob@example.org"))
    found, _ = replayed(loyalty, settings={"first_order": 500})
    assert found["2026-06"][1] == Figures(earned=540, owed=550)


def test_a_refund_takes_back_what_would_have_been_earned(shop: Shop) -> None:
    loyalty = shop.open()
    shop.clock.advance(days=20)
    at = shop.clock()
    lines = [{"id": "a", "amount": "60.00"}, {"id": "b", "amount": "40.00"}]
    loyalty.record(order("1", at=at, lines=lines))
    shop.clock.advance(days=20)
    loyalty.record(refund("r", "1", at=shop.clock(), lines=[{"line": "b"}]))
    found, _ = replayed(loyalty, settings={"per_unit": 5})
    assert found == {
        "2026-06": (Figures(earned=100, owed=100), Figures(earned=500, owed=500)),
        "2026-07": (Figures(earned=-40, owed=60), Figures(earned=-200, owed=300)),
    }


def test_what_could_not_have_been_spent_is_told(shop: Shop) -> None:
    loyalty = shop.open(wallet={"transfer": {"allowed": True}})
    shop.clock.advance(days=20)
    at = shop.clock()
    loyalty.record(order("1", "100.00", at=at))
    bob = loyalty.enrol({"email": "bob@example.org"}).id
    member = member_of(loyalty)
    loyalty.redeem(member, points=30, key="k1")
    loyalty.redeem(member, points=40, key="k2")
    loyalty.transfer(member, bob, "points", 20, key="k3")
    wallet = {"transfer": {"allowed": True}}
    settings = {"per_unit": 0, "activities": {"review": 1}}
    found, report = replayed(loyalty, wallet=wallet, settings=settings)
    assert found["2026-06"] == (Figures(earned=100, spent=70, owed=30), Figures())
    assert report.impossible_count == 3
    assert [(one.what, one.points, one.member_id, one.at) for one in report.impossible] == [
        ("redemption", 30, member, at),
        ("redemption", 40, member, at),
        ("transfer", 20, member, at),
    ]
    assert report.impossible[0].reason == "30 needed, 0 available"


def test_a_hold_is_captured_in_part_released_and_given_back(shop: Shop) -> None:
    loyalty = shop.open()
    shop.clock.advance(days=20)
    loyalty.record(order("1", "100.00", at=shop.clock()))
    member = member_of(loyalty)
    held = loyalty.hold(member, points=50, minutes=60, key="h1")
    loyalty.capture(held.redemption_id, points=20)
    other = loyalty.hold(member, points=10, minutes=60, key="h2")
    loyalty.release(other.redemption_id)
    loyalty.record(order("2", "50.00", at=shop.clock()))
    loyalty.redeem(member, points=40, source="web", order_id="2", key="k")
    shop.clock.advance(days=1)
    loyalty.record(refund("r", "2", at=shop.clock()))
    found, report = replayed(loyalty, settings={"per_unit": 2})
    assert found["2026-06"] == (
        Figures(earned=100, spent=20, owed=80),
        Figures(earned=200, spent=20, owed=180),
    )
    assert report.impossible == ()


def test_another_expiry(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 100}})
    shop.clock.advance(days=20)
    loyalty.record(order("1", "100.00", at=shop.clock()))
    shop.clock.advance(days=20)
    loyalty.redeem(member_of(loyalty), points=10, key="k")
    found, report = replayed(loyalty, wallet={"expiry": {"after_days": 10}})
    assert found == {
        "2026-06": (Figures(earned=100, owed=100), Figures(earned=100, owed=100)),
        "2026-07": (Figures(spent=10, owed=90), Figures(expired=100)),
    }
    assert [one.reason for one in report.impossible] == ["10 needed, 0 available"]


def test_what_is_written_again_is_counted_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction of the scratch database that broke off is done again, as any other."""
    loyalty = shop.open()
    shop.clock.advance(days=20)
    loyalty.record(order("1", "10.00", at=shop.clock()))
    write = SqlStore.write

    def twice(store: SqlStore, work: Callable[[UnitOfWork], Any]) -> Any:
        def broken(uow: UnitOfWork) -> None:
            work(uow)
            raise ConnectionError

        with suppress(ConnectionError):
            write(store, broken)
        return write(store, work)

    monkeypatch.setattr(SqlStore, "write", twice)
    found, report = replayed(loyalty, settings={"per_unit": 2})
    assert found["2026-06"] == (Figures(earned=10, owed=10), Figures(earned=20, owed=20))
    assert (report.members_total, report.replayed, report.gaining) == (1, 1, 1)


def test_another_plugin_alone(shop: Shop) -> None:
    loyalty = shop.open(toys=(Toy(), Toy(id="other")))
    shop.clock.advance(days=20)
    loyalty.record(order("1", "10.00", at=shop.clock()))
    found, _ = replayed(loyalty, plugins={"other": {"per_unit": 7}})
    assert found["2026-06"][1] == Figures(earned=70, owed=70)


def test_a_plugin_that_fails_is_counted(shop: Shop) -> None:
    other = Toy(id="other", failing={"1"})
    loyalty = shop.open(toys=(Toy(), other))
    shop.clock.advance(days=20)
    loyalty.record(order("1", "10.00", at=shop.clock()))
    found, report = replayed(loyalty, plugins={"toy": {}, "other": {}})
    assert found["2026-06"][1] == Figures(earned=10, owed=10)
    assert report.failed == {"other": 1}


def test_merges_and_adjustments_are_done_again(shop: Shop) -> None:
    loyalty = shop.open()
    shop.clock.advance(days=20)
    loyalty.record(order("1", "10.00", at=shop.clock()))
    loyalty.record(order("2", "20.00", at=shop.clock(), email="bob@example.org"))
    ada, bob = member_of(loyalty), loyalty.find({"email": "bob@example.org"})
    assert bob is not None
    loyalty.adjust(bob.id, "points", 5, reason="r", actor="a", key="a")
    loyalty.merge(ada, bob.id, key="m")
    loyalty.redeem(ada, points=33, key="k")
    found, report = replayed(loyalty, settings={"per_unit": 2})
    was, would = found["2026-06"]
    assert was == Figures(earned=30, spent=33, moved=5, owed=2)
    assert would == Figures(earned=60, spent=33, moved=5, owed=32)
    assert report.impossible == ()


def test_who_was_erased_stays_so(shop: Shop, tmp_path: Path) -> None:
    loyalty = shop.open()
    shop.clock.advance(days=20)
    loyalty.record(order("1", "10.00", at=shop.clock()))
    loyalty.record(order("2", "20.00", at=shop.clock(), email="bob@example.org"))
    loyalty.erase(member_of(loyalty), reason="asked", actor="op", key="e")
    config = config_of(settings={"per_unit": 2})
    url = f"sqlite:///{tmp_path / 'scratch.db'}"
    found = loyalty.backtest(config, since=SINCE, into=url)
    assert months(found)["2026-06"] == (
        Figures(earned=30, moved=-10, owed=20),
        Figures(earned=50, moved=-10, owed=40),
    )
    assert (found.erased, found.replayed) == (1, 1)
    assert b"ada@example" not in (tmp_path / "scratch.db").read_bytes()


def rows_of(url: str) -> dict[str, list[Any]]:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted(map(str, connection.execute(select(table))))
            for table in tables.metadata.sorted_tables
        }
    engine.dispose()
    return found


def test_the_books_are_only_read_and_nobody_is_told(shop: Shop, tmp_path: Path) -> None:
    toy = Toy(subscribed=("points_credited", "points_redeemed"))
    loyalty = shop.open(toys=(toy,), settings={"emits": True})
    shop.clock.advance(days=20)
    loyalty.record(order("1", "10.00", at=shop.clock()))
    loyalty.redeem(member_of(loyalty), points=5, key="k")
    before, url = rows_of(shop.url), f"sqlite:///{tmp_path / 'scratch.db'}"
    config = config_of(settings={"emits": True, "per_unit": 2})
    assert loyalty.backtest(config, since=SINCE, into=url).differs
    assert rows_of(shop.url) == before
    assert toy.received == []
    scratch = rows_of(url)
    for table in ("event", "delivery", "identity", "receipt", "message", "action"):
        assert scratch[f"loyalty_{table}"] == [], table
    with Loyalty.open(config, url, plugins=[Toy()], clock=FrozenClock(shop.clock())) as replay:
        assert replay.verify().problems == ()
        assert replay.statement(member_of(loyalty)).wallet("points").balance == 15


def test_figures_by_segment(shop: Shop) -> None:
    regulars = {"all_of": [{"metric": "orders", "at_least": 2}]}
    loyalty = shop.open(config={**config_of(), "segments": {"regulars": regulars}})
    shop.clock.advance(days=20)
    for number in "12":
        loyalty.record(order(number, "10.00", at=shop.clock()))
    loyalty.record(order("3", "10.00", at=shop.clock(), email="bob@example.org"))
    loyalty.recount_segments()
    new = {**config_of(settings={"per_unit": 2}), "segments": {"regulars": regulars}}
    _, report = replayed(loyalty, new)
    assert [(one.about, one.was, one.would) for one in report.segments] == [
        ("regulars", Figures(earned=20, owed=20), Figures(earned=40, owed=40))
    ]


def test_an_activity_that_earned_nothing(shop: Shop) -> None:
    loyalty = shop.open()
    shop.clock.advance(days=20)
    loyalty.record(activity("1", at=shop.clock()))
    found, _ = replayed(loyalty, settings={"activities": {"review": 9}})
    assert found["2026-06"] == (Figures(), Figures(earned=9, owed=9))


def test_going_back_to_the_rules_of_then(shop: Shop) -> None:
    """What two versions of the configuration decided is decided by one."""
    shop.open(settings={"per_unit": 2})
    shop.clock.advance(days=20)
    first = shop.open(settings={"per_unit": 2})
    first.record(order("1", "10.00", at=shop.clock()))
    loyalty = shop.open(settings={"per_unit": 5})
    loyalty.record(order("2", "10.00", at=shop.clock()))
    before = books_of(loyalty)
    found, _ = replayed(loyalty, settings={"per_unit": 2})
    assert found["2026-06"] == (Figures(earned=70, owed=70), Figures(earned=40, owed=40))
    assert books_of(loyalty) == before


def test_what_cannot_be_asked(shop: Shop) -> None:
    loyalty = shop.open()
    with pytest.raises(FactError, match="no time zone"):
        loyalty.backtest(config_of(), since=datetime(2026, 6, 1))  # noqa: DTZ001 - the fault
    with pytest.raises(FactError, match="still to come"):
        loyalty.backtest(config_of(), since=START + DAY)
    with pytest.raises(ConfigError) as refused:
        loyalty.backtest(config_of("other"), since=START)
    assert [one.where for one in refused.value.problems] == ["program.id"]
    with pytest.raises(StoreError, match="has books of 'shop' already"):
        loyalty.backtest(config_of(), since=START, into=shop.url)
