"""What is read with a member's lock is what the one who had the lock before has left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

from loyalty_core import Loyalty
from loyalty_core.domain.facts import FactKey
from loyalty_core.domain.members import Identity, IdentityKind
from loyalty_core.storage.engine import open_engine
from loyalty_core.storage.running import Seen
from loyalty_core.storage.work import SqlUnitOfWork
from loyalty_core.testing import FrozenClock
from tests.toy import START, Toy, config_of, order

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
