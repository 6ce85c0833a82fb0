"""How slow calls are counted: by threads at once, through failed writes, and by processes."""

from __future__ import annotations

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from loyalty_core.application.quarantine import MOST_FAILURES as TEN
from loyalty_core.application.quarantine import Call, Quarantine
from loyalty_core.errors import StoreBusy
from tests.contract.conftest import Shop
from tests.contract.test_handing_over import Giving, funded
from tests.platform.stopwatch import quarantine_of
from tests.toy import START, order

SHOW = Call("slow", "show")
SECOND = 10**9


def _store(shop: Shop) -> Any:
    return shop.open()._parts.store


def _slow(quarantine: Quarantine, times: int, call: Call = SHOW) -> None:
    for _ in range(times):
        quarantine.took(call, "", 2 * SECOND, 2 * SECOND)


def test_what_is_asked_by_many_threads_is_counted_by_all() -> None:
    quarantine = Quarantine()

    def work(number: int) -> None:
        _slow(quarantine, 1, Call("slow", "show", str(number % 5)))
        quarantine.know({})
        quarantine.took(Call("slow", "show", str(number % 5)), "", 0, 0)

    often, usual = 1e-6, sys.getswitchinterval()
    sys.setswitchinterval(often)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(2000)))
    finally:
        sys.setswitchinterval(usual)
    assert quarantine.held == frozenset()


def test_a_count_that_could_not_be_written_is_not_lost(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, quarantine = _store(shop), Quarantine()
    _slow(quarantine, TEN)

    def busy(_: Any) -> Any:
        raise StoreBusy("somebody else writes")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", busy, raising=True)
        quarantine.save(store, START)
    assert quarantine.held == {SHOW}
    quarantine.save(store, START)
    other = Quarantine()
    other.know(store.read(lambda reader: reader.quarantined()))
    assert other.held == {SHOW}


def test_it_begins_anew_for_a_process_that_only_knew_of_it(shop: Shop) -> None:
    store, here, there = _store(shop), Quarantine(), Quarantine()
    _slow(here, TEN - 1)
    here.save(store, START)
    there.know(store.read(lambda reader: reader.quarantined()))
    store.write(lambda uow: uow.lift("slow", START))
    there.know(store.read(lambda reader: reader.quarantined()))
    _slow(there, TEN - 1)
    assert there.held == frozenset()


def test_another_version_of_a_plugin_is_counted_anew_and_nothing_of_it_is_due(shop: Shop) -> None:
    store, old = _store(shop), Quarantine(versions={"slow": "1"})
    _slow(old, 3)
    old.save(store, START)
    new = Quarantine(versions={"slow": "2"})
    store.write(lambda uow: new.enter(uow, START))
    assert store.read(lambda reader: reader.quarantined()) == {}


def test_who_only_asks_does_not_wait_for_who_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow call that was counted is written at its time, and not with the next question."""
    path = tmp_path / "loyalty.db"
    loyalty = Shop(f"sqlite:///{path}").open()
    member = loyalty.record(order()).member_id
    assert member is not None
    asked: list[str] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        _slow(quarantine_of(loyalty), 1)
        monkeypatch.setattr(loyalty._parts.store, "write", asked.append)
        assert loyalty.statement(member).member.id == member
        other.execute("ROLLBACK")
    assert asked == []


def test_what_is_to_be_handed_over_waits_while_its_reward_is_held(shop: Shop) -> None:
    toy = Giving()
    loyalty = shop.open(toys=(toy,))
    member = funded(loyalty, 60)
    _slow(quarantine_of(loyalty), TEN, Call("toy", "fulfil", "toy.gift"))
    name = loyalty.redeem(member, key="1").redemption_id
    for _ in range(20):
        shop.clock.advance(days=1)
        assert loyalty.tick().retried_redemptions == 0
    assert (loyalty.redemption(name).state, toy.gift.handed) == ("held", [])
    loyalty.lift("toy")
    assert loyalty.tick().retried_redemptions == 1
    assert loyalty.redemption(name).state == "captured"
