"""Several programs in one database: nothing of one ever reaches another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from sqlalchemy import create_engine, update

from loyalty_core import Loyalty, RecordStatus, RedemptionNotFound, TransactionNotFound
from loyalty_core.storage import tables
from loyalty_core.testing.books import books_of
from tests.contract.conftest import Shop
from tests.toy import order, points, refund, totals

ADA = {"email": "ada@example.org", "customer_id": "7"}


def two(shop: Shop, **given: Any) -> tuple[Loyalty, Loyalty]:
    return shop.open(program="bakery", **given), shop.open(program="books", **given)


def raised(kind: type[Exception], call: Any) -> bool:
    try:
        call()
    except kind:
        return True
    return False


def test_the_same_names_and_keys_are_others_in_another_program(shop: Shop) -> None:
    bakery, books = two(shop, plugins={"toy": {}})
    ids = [each.enrol(ADA, source="web", key="joins").id for each in (bakery, books)]
    assert ids[0] != ids[1]
    receipts = [bakery.record(order("1", "60.00")), books.record(order("1", "25.00"))]
    assert [one.status for one in receipts] == [RecordStatus.BOOKED] * 2
    assert [one.changes for one in receipts] == [{"points": 60}, {"points": 25}]
    spent = [
        each.redeem(one, points=10, key="k") for each, one in zip((bakery, books), ids, strict=True)
    ]
    assert spent[0].redemption_id != spent[1].redemption_id
    held = books.hold(ids[1], points=5, key="h")
    assert bakery.adjust(ids[0], "points", 3, reason="r", actor="eve", key="h").amount == 3
    bakery.redeem(ids[0], points=7, source="web", order_id="1", key="paid")
    bakery.record(refund("r"))  # of the order that both have
    assert points(bakery, ids[0]) == (-7, -7, 0, 7)
    assert points(books, ids[1]) == (15, 10, 0, 0)
    assert raised(RedemptionNotFound, lambda: bakery.capture(held.redemption_id))
    assert raised(RedemptionNotFound, lambda: bakery.redemption(held.redemption_id))
    transaction = spent[1].transaction_id or ""
    assert raised(TransactionNotFound, lambda: bakery.explain(transaction))
    assert bakery.members([ids[1]]) == {}
    assert bakery.report().orders == books.report().orders == 1


def test_the_jobs_of_one_leave_the_others_books_alone(shop: Shop) -> None:
    rules = {"wallet": {"expiry": {"after_days": 10}}, "settings": {"pending_days": 2}}
    bakery, books = two(shop, **rules)
    ids = [each.record(order()).member_id or "" for each in (bakery, books)]
    shop.clock.advance(days=3)
    held = [
        each.hold(one, points=5, minutes=9, key="h")
        for each, one in zip((bakery, books), ids, strict=True)
    ]
    shop.clock.advance(days=20)
    before = books_of(books)
    done = bakery.tick()
    assert (done.expired, done.timed_out_holds, done.expired_lots) == ({"points": 60}, 1, 1)
    assert books_of(books) == before
    assert bakery.head() is not None
    assert books.head() is None
    assert books.redemptions(ids[1]) == (books.redemption(held[1].redemption_id),)
    assert totals(books, ids[1]) == (60, 0, 0, 0)
    assert books.tick().expired == {"points": 60}
    assert totals(books, ids[1]) == totals(bakery, ids[0]) == (60, 0, 60, 0)


def test_each_verifies_seals_and_rebuilds_its_own_books(shop: Shop) -> None:
    bakery, books = two(shop)
    ids = [each.record(order()).member_id or "" for each in (bakery, books)]
    bakery.adjust(ids[0], "points", 5, reason="r", actor="eve", key="a")
    assert (bakery.seal().transactions, books.seal().transactions) == (2, 1)
    heads = bakery.head(), books.head()
    assert heads[0] is not None
    assert heads[1] is not None
    assert heads[0].head != heads[1].head
    engine = create_engine(shop.url)
    with engine.begin() as connection:
        for table in (tables.wallet, tables.lot):
            theirs = update(table).where(table.c.member_id == ids[0])
            connection.execute(theirs.values({"expired": 4}))
    engine.dispose()
    assert books.verify().problems == ()
    assert (books.verify().transactions, bakery.verify().transactions) == (1, 2)
    assert bakery.verify().problems != ()
    assert books.rebuild().rebuilt == 0
    assert bakery.verify().problems != ()
    assert bakery.rebuild().rebuilt == 3
    assert bakery.verify().problems == ()


def test_erasing_and_merging_in_one_is_nothing_to_the_other(shop: Shop) -> None:
    bakery, books = two(shop)
    ids = [each.record(order()).member_id or "" for each in (bakery, books)]
    before = books_of(books)
    bakery.merge(bakery.enrol({"card": "9"}).id, ids[0], key="m")
    bakery.erase(ids[0], reason="asked", actor="eve", key="e")
    assert books_of(books) == before
    assert points(books, ids[1]) == (60, 60, 0, 0)
    late = order("late", at=shop.clock() - timedelta(days=1))
    assert bakery.record(late).status is RecordStatus.ERASED
    assert books.record(late).changes == {"points": 60}


def test_each_has_its_own_versions_and_its_own_state(shop: Shop) -> None:
    bakery, books = two(shop)
    assert (bakery.config.version, books.config.version) == (1, 1)
    assert shop.open(program="books", settings={"per_unit": 2}).config.version == 2
    assert shop.open(program="bakery").config.version == 1
    bakery.record(order())
    assert (bakery.report().members, books.report().members) == (1, 0)


def test_both_at_once_by_many_threads(shop: Shop) -> None:
    bakery, books = two(shop)

    def record(number: int) -> None:
        (bakery, books)[number % 2].record(order(str(number // 2)))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(record, range(40)))
    for each in (bakery, books):
        member = each.find({"email": "ada@example.org"})
        assert member is not None
        assert points(each, member.id) == (1200, 1200, 0, 0)
        assert each.verify().problems == ()
