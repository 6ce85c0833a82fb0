"""A database session that ends in the middle of a batch: an error, and nothing half-booked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text

from loyalty_core import Loyalty, RecordStatus, StoreUnreachable, hookimpl
from loyalty_core.storage.engine import open_engine
from tests.books import books_of
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


def check_whole_batch_was_left_out(shop: Shop, before: dict[str, Any]) -> None:
    loyalty = shop.loyalty
    assert books_of(loyalty) == before
    assert loyalty.verify().problems == ()
    assert loyalty.record_many(FACTS).counts == {
        RecordStatus.BOOKED: 8,
        RecordStatus.DUPLICATE: 1,
    }
    assert loyalty.verify().problems == ()
    assert loyalty.report().wallets[0].issued == 9 * 60


def test_a_session_that_ends_while_a_batch_is_decided(shop: Shop) -> None:
    shop.loyalty.record(FACTS[0])
    before, ended = books_of(shop.loyalty), list[int]()
    shop.toy.happens = once(shop.end_sessions, ended)
    with pytest.raises(StoreUnreachable) as raised:
        shop.loyalty.record_many(FACTS)
    assert ended == [1]
    assert raised.value.code == "store_unreachable"
    assert raised.value.message == "terminating connection due to administrator command"
    check_whole_batch_was_left_out(shop, before)


@pytest.mark.parametrize("moment", ["before_cursor_execute", "after_cursor_execute"])
def test_a_session_that_ends_while_a_batch_is_written(shop: Shop, moment: str) -> None:
    """All tables are written by one statement: the session ends just before it, or just after."""
    shop.loyalty.record(FACTS[0])
    before, ended = books_of(shop.loyalty), list[int]()
    end = once(shop.end_sessions, ended)

    def at(_: Any, __: Any, statement: str, *___: Any) -> None:
        if all(f"INSERT INTO loyalty_{name}" in statement for name in ("member", "lot", "entry")):
            end()

    event.listen(shop.engine, moment, at)
    with pytest.raises(StoreUnreachable):
        shop.loyalty.record_many(FACTS)
    assert ended == [1]
    check_whole_batch_was_left_out(shop, before)


def test_a_session_that_ends_before_the_commit(shop: Shop) -> None:
    shop.loyalty.record(FACTS[0])
    before, ended = books_of(shop.loyalty), list[int]()
    end = once(shop.end_sessions, ended)
    event.listen(shop.engine, "commit", end)
    with pytest.raises(StoreUnreachable):
        shop.loyalty.record_many(FACTS)
    assert ended == [1]
    check_whole_batch_was_left_out(shop, before)


def test_a_redemption_cut_off_spends_nothing_and_can_be_sent_again(shop: Shop) -> None:
    member = shop.loyalty.record(FACTS[0]).member_id or ""
    before, ended = books_of(shop.loyalty), list[int]()
    event.listen(shop.engine, "commit", once(shop.end_sessions, ended))
    with pytest.raises(StoreUnreachable):
        shop.loyalty.redeem(member, points=10, key="k")
    assert ended == [1]
    assert books_of(shop.loyalty) == before
    receipt = shop.loyalty.redeem(member, points=10, key="k")
    assert shop.loyalty.redeem(member, points=10, key="k") == replace(receipt)
    assert shop.loyalty.statement(member).wallet("points").balance == 50


def test_idle_sessions_that_ended_cost_one_command_at_most(shop: Shop) -> None:
    shop.loyalty.record(FACTS[0])
    assert shop.end_sessions() == 1
    with pytest.raises(StoreUnreachable):
        shop.loyalty.record(FACTS[1])
    assert shop.loyalty.record(FACTS[1]).status is RecordStatus.BOOKED
    assert shop.loyalty.verify().problems == ()
