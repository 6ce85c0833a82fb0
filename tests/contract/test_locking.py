"""What is read with a lock is what the one who had it before has left; nobody waits in a circle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Event
from time import sleep
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from loyalty_core import Loyalty
from loyalty_core.domain.facts import FactKey
from loyalty_core.domain.members import Identity, IdentityKind
from loyalty_core.storage.engine import open_engine
from loyalty_core.storage.running import Seen
from loyalty_core.storage.store import SqlStore
from loyalty_core.storage.work import SqlUnitOfWork
from loyalty_core.testing import FrozenClock
from tests.contract.coalition import coalition
from tests.contract.conftest import Shop
from tests.contract.test_coalition import bought
from tests.toy import START, Toy, config_of, order, points, refund

ADA = Identity(IdentityKind.EMAIL, "ada@example.org")


def test_a_member_is_as_of_the_lock_however_often_it_is_named(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    clock = FrozenClock(START)
    loyalty = Loyalty.open(config_of(), engine, plugins=[Toy()], clock=clock)
    loyalty.record(order("1", at=START - timedelta(days=2)))
    keys = [FactKey("web", "order", "1")]  # the same member by identity and by fact

    def orders_seen() -> int:
        with engine.begin() as connection:
            uow = SqlUnitOfWork(Seen(connection), loyalty.config.program.id)
            owner = uow.lock_owners([ADA], keys)[ADA]
            return uow.lock_members([owner])[owner].history.orders

    with ThreadPoolExecutor(1) as pool:
        with engine.connect() as connection, connection.begin(), loyalty.using(connection) as first:
            first.record(order("2", at=START - timedelta(days=1)))
            waiting = pool.submit(orders_seen)
            sleep(0.5)
            assert not waiting.done()
        assert waiting.result(10) == 2
    loyalty.close()
    engine.dispose()


# -- nobody waits in a circle ---------------------------------------------------------------------

LOCK = text("SELECT 1 FROM loyalty_member WHERE id = CAST(:id AS uuid) FOR UPDATE")
WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    " AND datname = current_database()"
)


@pytest.fixture
def pg_shop(postgresql_url: str) -> Iterator[Shop]:
    made = Shop(postgresql_url)
    yield made
    made.close()


@contextmanager
def engine_of(shop: Shop) -> Iterator[Engine]:
    engine = create_engine(shop.url)
    yield engine
    engine.dispose()


def wait_for_a_waiting_session(connection: Connection, answer: Future[Any]) -> None:
    while not connection.scalar(WAITING):
        assert not answer.done(), "it waited for nobody"
        Event().wait(0.005)


def beside(shop: Shop, ids: Sequence[str], act: Callable[[], Any]) -> Any:
    """What a command answers beside somebody who locks these members in their order.

    They have the first one when the command begins, and take the others once it waits for them.
    In a circle the database would end one of the two.
    """
    with engine_of(shop) as engine, ThreadPoolExecutor(1) as pool, engine.connect() as other:
        other.execute(text("SET deadlock_timeout = '10ms'"))
        first, *rest = sorted(ids)
        other.execute(LOCK, {"id": first})
        answer = pool.submit(act)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
            wait_for_a_waiting_session(looking, answer)
        for one in rest:
            other.execute(LOCK, {"id": one})
        other.commit()
        return answer.result(30)


@pytest.mark.parametrize("accepting_first", [False, True])
def test_what_is_decided_late_waits_for_a_partners_member_in_their_order(
    pg_shop: Shop, accepting_first: bool
) -> None:
    """An order that was paid for with a partner's points, deferred and decided by ``tick``."""
    both = coalition(pg_shop, accepting_first=accepting_first)
    both.earn(300)
    pg_shop.toy.failing.add("novel")
    both.books.record(bought("novel", "5.00"))
    both.redeem(100, source="web", order_id="novel")
    both.books.record(refund("r", "novel"))
    pg_shop.toy.failing.clear()
    pg_shop.clock.advance(hours=1)
    people = (both.ada, both.reader)
    assert beside(pg_shop, people, both.books.tick).retried_facts == 1
    assert points(both.bakery, both.ada) == (300, 300, 0, 0)
    assert both.sound()


@pytest.mark.parametrize("spender", ["older", "younger"])
def test_a_refund_waits_for_who_paid_with_points_in_their_order(
    pg_shop: Shop, spender: str
) -> None:
    loyalty = pg_shop.open()
    one, other = (loyalty.enrol({"email": f"{name}@example.org"}).id for name in ("ada", "bob"))
    payer, owner = (one, "bob") if spender == "older" else (other, "ada")
    loyalty.adjust(payer, "points", 100, reason="r", actor="a", key="given")
    loyalty.record(order("1", email=f"{owner}@example.org"))
    loyalty.redeem(payer, points=50, key="k", source="web", order_id="1")
    assert beside(pg_shop, (one, other), lambda: loyalty.record(refund("r"))).error is None
    assert points(loyalty, payer) == (100, 100, 0, 0)


def test_an_erasure_waits_for_who_was_merged_in_their_order(pg_shop: Shop) -> None:
    loyalty = pg_shop.open()
    gone, kept = (loyalty.enrol({"email": f"{name}@example.org"}).id for name in ("ada", "bob"))
    loyalty.merge(kept, gone, key="m")
    erase = {"reason": "r", "actor": "a", "key": "e"}
    assert beside(pg_shop, (gone, kept), lambda: loyalty.erase(kept, **erase)).member_id == kept


@pytest.mark.parametrize("erased", ["older", "younger"])
def test_an_erasure_waits_for_whoever_gave_them_points_in_their_order(
    pg_shop: Shop, erased: str
) -> None:
    """What they gave each other says the reason to both: each erasure writes rows of the other."""
    loyalty = pg_shop.open(wallet={"transfer": {"allowed": True}})
    one, other = (loyalty.enrol({"email": f"{name}@example.org"}).id for name in ("ada", "bob"))
    loyalty.adjust(one, "points", 100, reason="r", actor="a", key="given")
    loyalty.transfer(one, other, "points", 40, reason="for Bob", actor="a", key="t")
    gone, kept = (one, other) if erased == "older" else (other, one)
    erase = {"reason": "r", "actor": "a", "key": "e"}
    receipt = beside(pg_shop, (one, other), lambda: loyalty.erase(gone, **erase))
    assert receipt.member_id == gone
    reasons = {edge.transaction.reason for edge in loyalty.history(kept).items}
    assert "for Bob" not in reasons


def test_two_that_claim_the_first_of_two_items_do_not_wait_for_each_other(pg_shop: Shop) -> None:
    engine = open_engine(pg_shop.url)
    errors: list[str] = []
    event.listen(engine, "handle_error", lambda one: errors.append(str(one.original_exception)))
    pg_shop.open().close()
    store = SqlStore(engine, "shop", owned=False)
    both, tries = Barrier(2), Counter[str]()

    def claim(items: str) -> bool:
        def work(uow: Any) -> bool:
            tries[items] += 1
            first = uow.claim_stock(items[0], 2)
            if tries[items] == 1:
                both.wait(10)
            return first and uow.claim_stock(items[1], 2)

        return store.write(work)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(claim, ("ab", "ba"))) == [True, True]
    assert errors == []
    assert tries == {"ab": 1, "ba": 2}
    with engine.connect() as connection:
        left = connection.execute(text("SELECT item, claimed FROM loyalty_stock ORDER BY item"))
        assert [tuple(row) for row in left] == [("a", 2), ("b", 2)]
    engine.dispose()


def test_a_hosts_savepoint_is_begun_again(pg_shop: Shop) -> None:
    """What the host did before stays; the others' locks are waited for in their order."""
    loyalty = pg_shop.open()
    gone, kept = (loyalty.enrol({"email": f"{name}@example.org"}).id for name in ("ada", "bob"))
    loyalty.merge(kept, gone, key="m")

    def erase() -> str:
        with engine_of(pg_shop) as engine, engine.begin() as host:
            host.execute(text("CREATE TABLE hosts (done int)"))
            with loyalty.using(host) as inside:
                return inside.erase(kept, reason="r", actor="a", key="e").member_id

    assert beside(pg_shop, (gone, kept), erase) == kept
    with engine_of(pg_shop) as engine, engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM hosts")) == 0
        connection.execute(text("DROP TABLE hosts"))
