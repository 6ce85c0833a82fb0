"""What is found by one id is what is found by it among others, whatever the text for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from loyalty_core import Loyalty
from loyalty_core.domain.facts import FactKey
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.store import Reader, UnitOfWork
from loyalty_core.storage.engine import open_engine
from loyalty_core.storage.store import SqlStore
from loyalty_core.testing import FrozenClock
from tests.toy import START, Toy, config_of, order

SOON = START + timedelta(days=90)
PROGRAM = "shop"
Books = tuple[SqlStore, list[MemberId]]


@pytest.fixture
def books(database_url: str) -> Iterator[Books]:
    engine = open_engine(database_url)
    loyalty = Loyalty.open(config_of(), engine, plugins=[Toy()], clock=FrozenClock(START))
    facts = [order(name, email=f"{name}@example.org") for name in ("a", "b", "c")]
    ids = [loyalty.record(fact).member_id or "" for fact in facts]
    yield SqlStore(engine, PROGRAM, owned=False), [MemberId(one) for one in ids]
    engine.dispose()


def test_accounts(books: Books) -> None:
    store, ids = books

    def look(reader: Reader) -> None:
        every = reader.accounts(ids, START, SOON)
        assert sorted(every) == sorted(ids)
        assert all(one.wallets and one.identities for one in every.values())
        for one in ids:
            assert reader.accounts([one], START, SOON) == {one: every[one]}
        assert reader.accounts([], START, SOON) == {}

    store.read(look)


def test_members_with_their_wallets_and_lots(books: Books) -> None:
    store, ids = books

    def look(uow: UnitOfWork) -> None:
        members = uow.lock_members(ids)
        assert sorted(members) == sorted(ids)
        wallets, lots = uow.books(ids, (), ids)
        assert sorted(lot.member_id for lot in lots) == sorted(ids)
        for one in ids:
            assert uow.lock_members([one]) == {one: members[one]}
            mine = [book for book in wallets if book.member_id == one]
            (lot,) = [lot for lot in lots if lot.member_id == one]
            assert uow.books([one], (), [one]) == (mine, [lot])
            assert uow.books([one], [lot.id], ()) == (mine, [lot])
            assert uow.books((), [lot.id], ()) == ([], [lot])
            assert uow.books([one], (), ids)[0] == mine
            assert len(uow.books([one], (), ids)[1]) == len(ids)
            assert uow.books([one], (), ()) == (mine, [])
        assert uow.lock_members([]) == {}

    store.write(look)


def test_facts_with_the_wallets_of_members(books: Books) -> None:
    store, ids = books
    keys = [FactKey("web", "order", name) for name in ("a", "b", "c")]

    def look(uow: UnitOfWork) -> None:
        facts, wallets = uow.known(keys, ids)
        assert (sorted(facts), len(wallets)) == (sorted(keys), len(ids))
        for key, one in zip(keys, ids, strict=True):
            assert facts[key].member_id == one
            mine = [book for book in wallets if book.member_id == one]
            assert uow.known([key], [one]) == ({key: facts[key]}, mine)
            assert uow.known(keys, [])[1] == []

    store.write(look)
