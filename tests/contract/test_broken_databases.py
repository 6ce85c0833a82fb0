"""Books that somebody tampered with, and databases that do not do what they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, event, make_url, text

from loyalty_core import (
    Loyalty,
    LoyaltyError,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnreachable,
)
from loyalty_core.storage.engine import open_engine
from loyalty_core.testing import FrozenClock
from tests.contract.conftest import Shop
from tests.toy import START, Toy, config_of, order, points


@contextmanager
def behind_our_back(shop: Shop) -> Iterator[Connection]:
    engine = create_engine(shop.url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            "update loyalty_entry set amount = amount + 1 where account = 'member' and amount = 60",
            {
                "transaction sums to 1, not zero",
                "transaction states 60, its entries move 61",
                "lot has 35 remaining, its entries sum to 36",
                "wallet points of this member does not equal its entries",
            },
        ),
        (
            "update loyalty_wallet set balance = 36",
            {
                "wallet points of this member does not equal its entries",
                "wallet points of this member does not equal its lots less its debt",
            },
        ),
        (
            "update loyalty_wallet set earned = 61",
            {"wallet points of this member does not equal its entries"},
        ),
        (
            "update loyalty_lot set remaining = 34",
            {
                "lot has 34 remaining, its entries sum to 35",
                "wallet points of this member does not equal its lots less its debt",
            },
        ),
        (
            "update loyalty_lot set expired = 1",
            {"lot has 1 expired, its entries sum to 0"},
        ),
        (
            "delete from loyalty_entry where account = 'issuer' and amount = 25",
            {"transaction sums to -25, not zero"},
        ),
        (
            "delete from loyalty_wallet",
            {"wallet points of this member is missing, though it has entries"},
        ),
        (
            "update loyalty_redemption set points = 250",
            {"redemption has 250 points, its transaction spends 25"},
        ),
        (
            "update loyalty_redemption set returned = -25",
            {"redemption has -25 of 25 points given back"},
        ),
        (
            "delete from loyalty_transaction where kind = 'redemption'",
            {
                "redemption has 25 points, its transaction spends 0",
                "an entry names this transaction, which is missing",
                "wallet points of this member does not equal its entries",
            },
        ),
    ],
)
def test_verify_finds_what_was_changed(shop: Shop, damage: str, found: set[str]) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    loyalty.redeem(member, points=25, key="k")
    assert loyalty.verify().problems == ()
    with behind_our_back(shop) as connection:
        assert connection.execute(text(damage)).rowcount == 1
    problems = loyalty.verify().problems
    assert {problem.message for problem in problems} == found
    assert {problem.code for problem in problems} == {"ledger_fault"}


def test_verify_counts_what_it_looked_at(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    loyalty.redeem(member, points=25, key="k")
    report = loyalty.verify()
    assert (report.transactions, report.entries, report.lots, report.wallets) == (2, 4, 1, 1)


def test_a_database_of_a_newer_release_is_left_alone(shop: Shop) -> None:
    shop.open().record(order())
    with behind_our_back(shop) as connection:
        connection.execute(
            text(
                "insert into loyalty_migration "
                "select owner, '9999_later', applied_at from loyalty_migration"
            )
        )
    with pytest.raises(StoreError) as refused:
        shop.open()
    assert "newer release" in refused.value.message


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////nowhere/at/all/loyalty.db",
        "postgresql://nobody@127.0.0.1:1/none",
        "mysql://x@127.0.0.1/none",
        "nonsense",
    ],
)
def test_a_database_that_cannot_be_reached(url: str) -> None:
    with pytest.raises(StoreUnreachable) as refused:
        Loyalty.open(config_of(), url, plugins=[Toy()], clock=FrozenClock(START))
    assert refused.value.code == "store_unreachable"


def test_a_file_that_is_no_database(tmp_path) -> None:
    broken = tmp_path / "loyalty.db"
    broken.write_bytes(b"this is not a database, though it is long enough to be one" * 100)
    before = broken.read_bytes()
    with pytest.raises(StoreUnreachable):
        Loyalty.open(config_of(), f"sqlite:///{broken}", plugins=[Toy()])
    assert broken.read_bytes() == before


def test_a_read_only_sqlite_database(sqlite_shop: Shop) -> None:
    member = sqlite_shop.open().record(order()).member_id or ""
    engine = open_engine(sqlite_shop.url)
    loyalty = Loyalty.open(config_of(), engine, plugins=[Toy()], clock=sqlite_shop.clock)

    def forbid(connection: object, *rest: object) -> None:
        connection.execute("PRAGMA query_only = 1")  # type: ignore[attr-defined]

    engine.dispose()
    event.listen(engine, "connect", forbid)
    check_read_only(loyalty, member)
    engine.dispose()


def test_a_read_only_postgresql_role(postgresql_url: str) -> None:
    shop = Shop(postgresql_url)
    member = shop.open().record(order()).member_id or ""
    role = f"reader_{uuid4().hex}"
    with behind_our_back(shop) as connection:
        connection.execute(text(f"create role {role} login"))
        connection.execute(text(f"grant select on all tables in schema public to {role}"))
    engine = open_engine(make_url(postgresql_url).set(username=role).render_as_string(False))
    check_read_only(Loyalty.open(config_of(), engine, plugins=[Toy()], clock=shop.clock), member)
    engine.dispose()
    with behind_our_back(shop) as connection:
        connection.execute(text(f"drop owned by {role}"))
        connection.execute(text(f"drop role {role}"))
    shop.close()


def check_read_only(loyalty: Loyalty, member: str) -> None:
    assert points(loyalty, member) == (60, 60, 0, 0)
    for refused in (
        lambda: loyalty.record(order("2")),
        lambda: loyalty.record_many([order("2"), order("3")]),
        lambda: loyalty.redeem(member, points=5, key="k"),
        lambda: loyalty.enrol({"email": "bob@example.org"}),
    ):
        with pytest.raises(StoreReadOnly) as error:
            refused()
        assert error.value.code == "store_read_only"
    assert points(loyalty, member) == (60, 60, 0, 0)
    assert loyalty.report().orders == 1


def test_a_full_disk_books_nothing_by_halves(sqlite_shop: Shop) -> None:
    engine = open_engine(sqlite_shop.url, pool_size=1)
    loyalty = Loyalty.open(config_of(), engine, plugins=[Toy()], clock=sqlite_shop.clock)
    member = loyalty.record(order()).member_id or ""

    def limit(pages: int) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with engine.connect() as connection:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    limit(used + 4)
    facts = [order(f"n{n}", email=f"m{n}@example.org") for n in range(300)]
    with pytest.raises(StoreFull) as full:
        loyalty.record_many(facts)
    assert full.value.code == "store_full"
    assert loyalty.report().orders == 1
    assert loyalty.report().members == 1
    assert loyalty.verify().problems == ()
    limit(100_000)
    assert loyalty.record_many(facts).counts == {"booked": 300}
    assert points(loyalty, member) == (60, 60, 0, 0)
    assert loyalty.verify().problems == ()
    engine.dispose()


def test_a_database_that_goes_away(postgres_server, monkeypatch) -> None:
    monkeypatch.setattr("loyalty_core.storage.store.OUTAGE_MS", 200)
    url = postgres_server.create_database()
    loyalty = Loyalty.open(config_of(), url, plugins=[Toy()], clock=FrozenClock(START))
    loyalty.record(order())
    postgres_server.drop_database(url)
    with pytest.raises(LoyaltyError) as gone:
        loyalty.record(order("2"))
    assert gone.value.code == "store_unreachable"
    loyalty.close()
