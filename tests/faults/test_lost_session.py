"""A database session that ends at any moment: the work is done again, whole, and once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text

from loyalty_core import Loyalty, RecordStatus, StoreUnreachable, hookimpl
from loyalty_core.storage import store
from loyalty_core.storage.engine import open_engine
from loyalty_core.testing.books import books_of
from tests.toy import START, Toy, config_of, order

FACTS = [order(str(number), email=f"m{number % 3}@example.org") for number in range(9)]


@dataclass(frozen=True)
class Interrupted:
    """A program during whose work something happens."""

    program: Any
    happens: Callable[[], None]

    def decide(self, fact: Any, member: Any) -> Any:
        if fact.id == "5":
            self.happens()
        return self.program.decide(fact, member)


class Interrupting(Toy):
    happens: Callable[[], None] = staticmethod(lambda: None)

    @hookimpl
    def loyalty_register_programs(self, config: Any, program: Any) -> Any:
        (toy,) = super().loyalty_register_programs(config, program)
        return [Interrupted(toy, lambda: self.happens())]


@dataclass(frozen=True)
class Shop:
    """An open program on PostgreSQL, and a way to end its sessions from outside."""

    loyalty: Loyalty
    engine: Engine
    toy: Interrupting
    end_sessions: Callable[[], int]


@pytest.fixture
def shop(postgresql_url: str) -> Iterator[Shop]:
    toy, engine, other = Interrupting(), open_engine(postgresql_url), create_engine(postgresql_url)

    def end_sessions() -> int:
        ours = "datname = current_database() and pid <> pg_backend_pid()"
        query = f"select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where {ours}"
        with other.connect() as connection:
            return connection.scalar(text(query)) or 0

    with Loyalty.open(config_of(), engine, plugins=[toy], clock=lambda: START) as loyalty:
        yield Shop(loyalty, engine, toy, end_sessions)
    engine.dispose()
    other.dispose()


def once(end: Callable[[], int], ended: list[int]) -> Callable[..., None]:
    """Ends the sessions the first time it is called, and notes how many there were."""

    def call(*_: object) -> None:
        if not ended:
            ended.append(end())

    return call


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, no lost session is replaced."""
    monkeypatch.setattr(store, "OUTAGE_MS", -1)


def check_all_are_booked_once(shop: Shop) -> None:
    loyalty = shop.loyalty
    assert loyalty.verify().problems == ()
    assert loyalty.record_many(FACTS).counts == {RecordStatus.DUPLICATE: 9}
    assert loyalty.report().wallets[0].issued == 9 * 60


def test_a_session_that_ends_while_a_batch_is_decided(shop: Shop) -> None:
    shop.loyalty.record(FACTS[0])
    ended = list[int]()
    shop.toy.happens = once(shop.end_sessions, ended)
    counts = {RecordStatus.BOOKED: 8, RecordStatus.DUPLICATE: 1}
    assert shop.loyalty.record_many(FACTS).counts == counts
    assert ended == [1]
    check_all_are_booked_once(shop)


@pytest.mark.parametrize("moment", ["before_cursor_execute", "after_cursor_execute"])
def test_a_session_that_ends_while_a_batch_is_written(shop: Shop, moment: str) -> None:
    """All tables are written by one statement: the session ends just before it, or just after."""
    shop.loyalty.record(FACTS[0])
    ended = list[int]()
    end = once(shop.end_sessions, ended)

    def at(_: Any, __: Any, statement: str, *___: Any) -> None:
        if all(f"INSERT INTO loyalty_{name}" in statement for name in ("member", "lot", "entry")):
            end()

    event.listen(shop.engine, moment, at)
    counts = {RecordStatus.BOOKED: 8, RecordStatus.DUPLICATE: 1}
    assert shop.loyalty.record_many(FACTS).counts == counts
    assert ended == [1]
    check_all_are_booked_once(shop)


def test_a_session_that_ends_before_the_commit(shop: Shop) -> None:
    ended = list[int]()
    event.listen(shop.engine, "commit", once(shop.end_sessions, ended))
    assert shop.loyalty.record_many(FACTS).counts == {RecordStatus.BOOKED: 9}
    assert ended == [1]
    check_all_are_booked_once(shop)


def test_a_session_that_is_not_replaced_leaves_the_whole_batch_out(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    shop.loyalty.record(FACTS[0])
    before, ended = books_of(shop.loyalty), list[int]()
    shop.toy.happens = once(shop.end_sessions, ended)
    with pytest.raises(StoreUnreachable) as raised:
        shop.loyalty.record_many(FACTS)
    assert ended == [1]
    assert raised.value.code == "store_unreachable"
    assert raised.value.message == "terminating connection due to administrator command"
    assert raised.value.remedy == (
        "Check that the database runs, then send the same again: what is booked already is not "
        "booked twice."
    )
    assert books_of(shop.loyalty) == before
    assert shop.loyalty.verify().problems == ()
    assert shop.loyalty.record_many(FACTS).counts[RecordStatus.BOOKED] == 8
    check_all_are_booked_once(shop)


def test_a_redemption_cut_off_spends_nothing_and_can_be_sent_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    member = shop.loyalty.record(FACTS[0]).member_id or ""
    before, ended = books_of(shop.loyalty), list[int]()
    event.listen(shop.engine, "commit", once(shop.end_sessions, ended))
    with pytest.raises(StoreUnreachable):
        shop.loyalty.redeem(member, points=10, key="k")
    assert ended == [1]
    assert books_of(shop.loyalty) == before
    receipt = shop.loyalty.redeem(member, points=10, key="k")
    assert shop.loyalty.redeem(member, points=10, key="k") == receipt
    assert shop.loyalty.statement(member).wallet("points").balance == 50


def test_idle_sessions_that_ended_are_replaced_all_at_once(shop: Shop) -> None:
    """One broken session condemns every other one that the pool has kept."""
    barrier = threading.Barrier(3)
    with ThreadPoolExecutor(3) as threads:
        held = list(threads.map(lambda _: hold(shop.engine, barrier), range(3)))
    assert held == [1, 1, 1]
    assert shop.end_sessions() == 3
    broken: list[Any] = []
    event.listen(shop.engine, "handle_error", broken.append)
    assert shop.loyalty.record(FACTS[0]).status is RecordStatus.BOOKED
    assert len(broken) == 1
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(lambda _: hold(shop.engine, barrier), range(3))) == [1, 1, 1]
    assert len(broken) == 1


def hold(engine: Engine, barrier: threading.Barrier) -> int:
    """Uses a session while others use theirs."""
    with engine.connect() as connection:
        barrier.wait(10)
        return connection.scalar(text("select 1")) or 0


def test_inside_a_hosts_transaction_nothing_is_repeated(shop: Shop) -> None:
    shop.loyalty.record(FACTS[0])
    before, ended, asked = books_of(shop.loyalty), list[int](), len(shop.toy.asked)
    shop.toy.happens = once(shop.end_sessions, ended)
    with (
        shop.engine.connect() as connection,
        shop.loyalty.using(connection) as inside,
        pytest.raises(StoreUnreachable) as raised,
    ):
        inside.record(FACTS[5])
    assert ended == [1]
    assert raised.value.remedy == "Roll back, and do your whole transaction again."
    assert shop.toy.asked[asked:] == ["5"]
    assert books_of(shop.loyalty) == before


def test_a_database_that_was_never_there_is_not_waited_for() -> None:
    began = time.monotonic()
    with pytest.raises(StoreUnreachable):
        Loyalty.open(config_of(), "postgresql://shop@127.0.0.1:1/shop", plugins=[Toy()])
    assert time.monotonic() - began < 5


def test_a_database_that_goes_away_is_waited_for_until_the_bound(
    postgres_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "OUTAGE_MS", 500)
    url = postgres_server.create_database()
    with Loyalty.open(config_of(), url, plugins=[Toy()], clock=lambda: START) as loyalty:
        loyalty.record(FACTS[0])
        postgres_server.drop_database(url)
        began = time.monotonic()
        with pytest.raises(StoreUnreachable) as raised:
            loyalty.record(FACTS[1])
        assert 0.5 <= time.monotonic() - began < 5
        assert "send the same again" in raised.value.remedy
