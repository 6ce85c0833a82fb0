"""Two shops with the same points: at the same time, in a host's transaction, and what it costs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from loyalty_core import (
    InsufficientPoints,
    Loyalty,
    Money,
    RedemptionNotFound,
    add_sqlite_hooks,
)
from loyalty_core.storage.store import Retries
from tests.contract.coalition import CRUMBS, books, coalition
from tests.contract.conftest import Shop
from tests.contract.test_coalition import bought
from tests.contract.test_questions import statements_of
from tests.toy import order, points, refund


def test_both_shops_at_once_never_spend_a_point_twice(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(100)

    def spend(number: int) -> int:
        try:
            if number % 2:
                return both.redeem(10, key=f"b{number}").points
            return both.bakery.redeem(both.ada, points=10, key=f"a{number}").points
        except InsufficientPoints:
            return 0

    with ThreadPoolExecutor(8) as pool:
        spent = list(pool.map(spend, range(24)))
    assert sum(spent) == 100
    assert points(both.bakery, both.ada) == (0, 0, 0, 0)
    assert both.owed == sum(spent[1::2]) * 90 // 100
    assert both.sound()


@pytest.mark.parametrize("accepting_first", [False, True])
def test_refunds_and_redemptions_at_once_wait_for_each_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, accepting_first: bool
) -> None:
    """Whoever of the two members is the older: no deadlock has to be broken up."""
    deadlocks: list[str] = []
    pause = Retries.pause

    def counting(self: Retries, error: SQLAlchemyError) -> int | None:
        deadlocks.extend([str(error)] if "deadlock" in str(error) else [])
        return pause(self, error)

    monkeypatch.setattr(Retries, "pause", counting)
    both = coalition(shop, accepting_first=accepting_first)
    both.earn(1000)
    for number in range(8):
        both.books.record(bought(f"n{number}", "1.00"))
        both.redeem(points=100, key=f"k{number}", source="web", order_id=f"n{number}")

    def act(number: int) -> object:
        if number % 2:
            return both.books.record(refund("r", f"n{number // 2}"))
        return both.redeem(points=10, key=f"more{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(16)))
    assert points(both.bakery, both.ada) == (920, 920, 0, 0)
    assert both.owed == 72
    assert both.sound()
    assert deadlocks == []


def test_who_has_no_partners_pays_nothing_for_them(shop: Shop) -> None:
    def statements(loyalty: Loyalty) -> list[int]:
        member = loyalty.record(order("1", "60.00")).member_id or ""
        counted = []
        for act in (
            lambda: loyalty.record(order("2")),
            lambda: loyalty.record(refund("r", "2")),
            lambda: loyalty.redeem(member, points=10, key="k"),
            lambda: loyalty.release(loyalty.hold(member, points=10, key="h").redemption_id),
        ):
            with statements_of(loyalty) as seen:
                act()
            counted.append(len(seen))
        return counted

    alone = statements(shop.open(program="alone"))
    partnered = statements(shop.open(config=books()))
    assert [more - less for more, less in zip(partnered, alone, strict=True)] == [0, 1, 0, 1]


def test_in_a_hosts_transaction_both_books_go_with_it(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(300)
    engine = create_engine(shop.url)
    if engine.dialect.name == "sqlite":
        add_sqlite_hooks(engine)
    with engine.connect() as connection, connection.begin() as host:
        with both.books.using(connection) as inside:
            made = inside.redeem(both.reader, reward=CRUMBS, points=100, key="k")
            assert inside.settlements()[0].closing == Money(90, "USD")
        host.rollback()
    with pytest.raises(RedemptionNotFound):
        both.books.redemption(made.redemption_id)
    assert points(both.bakery, both.ada) == (300, 300, 0, 0)
    with engine.begin() as connection, both.books.using(connection) as inside:
        inside.redeem(both.reader, reward=CRUMBS, points=100, key="k")
    engine.dispose()
    assert points(both.bakery, both.ada) == (200, 200, 0, 0)
    assert both.owed == 90
    assert both.sound()
