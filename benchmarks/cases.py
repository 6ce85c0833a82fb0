"""The cases: each does some work through the SDK, and the same work in plain SQL."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, create_engine

from loyalty_core import Loyalty
from loyalty_core.storage.engine import add_sqlite_hooks

CONFIG: dict[str, Any] = {
    "program": {"id": "bench", "currency": "USD"},
    "wallets": {"points": {"expiry": {"after_months": 12}}},
    "plugins": {"points": {"earn": [{"rule": "base", "wallet": "points", "rate": {"USD": "1"}}]}},
}
NOW = datetime(1998, 7, 1, tzinfo=UTC)
SINGLES = 300


@dataclass(frozen=True)
class Measured:
    """Operations a second of one run: ours, and of the hand-written SQL."""

    name: str
    ours: float
    raw: float


class Shop:
    """A fresh database with a program in it, and the orders to record."""

    def __init__(self, url: str, orders: list[dict[str, str]]) -> None:
        self.loyalty = Loyalty.open(CONFIG, url, clock=lambda: NOW)
        self.orders = orders
        self.engine = create_engine(url)
        self.mark = "%s" if self.engine.dialect.name == "postgresql" else "?"
        if self.mark == "?":
            add_sqlite_hooks(self.engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.engine.dispose()
        self.loyalty.close()

    def documents(self) -> Iterator[dict[str, Any]]:
        for row in self.orders:
            yield order(row["order_id"], row["customer_id"], row["date"], row["amount"])

    @contextmanager
    def driver(self) -> Iterator[tuple[Any, Connection]]:
        with self.engine.connect() as connection:
            connection.begin()
            driver: Any = connection.connection.driver_connection
            yield driver.cursor(), connection


def order(name: str, customer: str, day: str, amount: str) -> dict[str, Any]:
    return {
        "type": "order",
        "source": "shop",
        "id": name,
        "identities": {"customer_id": customer},
        "currency": "USD",
        "occurred_at": f"{day}T12:00:00Z",
        "lines": [{"id": "1", "amount": amount}],
    }


def rate(work: Callable[[], int]) -> float:
    started = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - started)


def record_one(database: str, shop: Shop) -> Measured:
    """One paid order of a known member, each in its own transaction."""
    members = [shop.loyalty.enrol({"customer_id": str(n)}, source="shop").id for n in range(50)]
    for n in range(50):
        shop.loyalty.record(order(f"first-{n}", str(n), "1998-01-01", "10.00"))
    numbers = count()

    def ours() -> int:
        for n in range(SINGLES):
            day = f"1998-{2 + n // 150:02}-{1 + n // 50 % 28:02}"
            shop.loyalty.record(order(f"o-{next(numbers):06}", str(n % 50), day, "10.00"))
        return SINGLES

    def raw() -> int:
        for n in range(SINGLES):
            with shop.driver() as (cursor, connection):
                post(cursor, shop, str(n % 50), members[n % 50], f"raw-{n:06}")
                connection.commit()
        return SINGLES

    return Measured(f"{database}: record one order", rate(ours), rate(raw))


def record_many(database: str, shop: Shop) -> Measured:
    """All the orders, their members enrolled on the way; by hand: one statement a table."""
    mine = rate(lambda: shop.loyalty.record_many(shop.documents()).total)
    return Measured(
        f"{database}: import {len(shop.orders):,} orders", mine, rate(lambda: load(shop))
    )


def statement(database: str, shop: Shop) -> Measured:
    """A member's statement; by hand: the member, the wallet and the open lots."""
    shop.loyalty.record_many(shop.documents())
    sources = sorted({row["customer_id"] for row in shop.orders})[:SINGLES]
    found = [shop.loyalty.find({"customer_id": one}, source="shop") for one in sources]
    ids = [member.id for member in found if member]

    def ours() -> int:
        return len([shop.loyalty.statement(member) for member in ids])

    def raw() -> int:
        for member in ids:
            with shop.driver() as (cursor, _):
                for table in ("loyalty_member WHERE id", "loyalty_wallet WHERE member_id"):
                    cursor.execute(f"SELECT * FROM {table} = {shop.mark}", (member,))
                    cursor.fetchall()
                cursor.execute(
                    "SELECT expires_at, sum(remaining) FROM loyalty_lot "
                    f"WHERE member_id = {shop.mark} AND remaining > 0 GROUP BY expires_at",
                    (member,),
                )
                cursor.fetchall()
        return len(ids)

    return Measured(f"{database}: statement of a member", rate(ours), rate(raw))


CASES = (record_one, record_many, statement)


# -- the same rows by hand ------------------------------------------------------------------------

INSERT_FACT = (
    "INSERT INTO loyalty_fact VALUES (?,'bench','shop','order',?,?,'booked',?,?,?,"
    "'[]','{}',1,'[]',0,NULL)"
)
INSERT_LOT = (
    "INSERT INTO loyalty_lot (id, member_id, wallet, fact_id, created_at, activates_at, "
    "expires_at, remaining, expired, forgiven, pending) VALUES (?,?,'points',?,?,?,NULL,10,0,0,?)"
)
INSERT_TRANSACTION = (
    "INSERT INTO loyalty_transaction VALUES (?,?,'points','accrual',10,?,?,?,1,'','','{}')"
)
INSERT_ENTRIES = (
    "INSERT INTO loyalty_entry VALUES (?,0,?,'points','member',?,10),"
    "(?,1,?,'points','issuer',NULL,-10)"
)


def moment(shop: Shop) -> Any:
    return NOW if shop.mark == "%s" else int(NOW.timestamp()) * 1_000_000


def post(cursor: Any, shop: Shop, customer: str, member: str, name: str) -> None:
    """One order as plain statements: look up, lock, check for a duplicate, write every table."""
    ids = [new_uuid(name, n) for n in range(3)]
    run = lambda text, values: cursor.execute(text.replace("?", shop.mark), values)  # noqa: E731
    run(
        "SELECT member_id FROM loyalty_identity WHERE program = 'bench' AND kind = 'customer_id' "
        "AND source = 'shop' AND value = ?",
        (customer,),
    )
    cursor.fetchall()
    lock = " FOR UPDATE" if shop.mark == "%s" else ""
    run(f"SELECT * FROM loyalty_member WHERE id = ?{lock}", (member,))
    cursor.fetchall()
    run(
        "SELECT id FROM loyalty_fact WHERE program = 'bench' AND external_id = ?"
        " AND source = 'shop' AND type = 'order'",
        (name,),
    )
    cursor.fetchall()
    run("SELECT * FROM loyalty_wallet WHERE member_id = ?", (member,))
    cursor.fetchall()
    for text, values in inserts(shop, ids, member, name):
        run(text, values)
    run(
        "UPDATE loyalty_wallet SET balance = balance + 10, earned = earned + 10 "
        "WHERE member_id = ?",
        (member,),
    )
    run("UPDATE loyalty_member SET decided_at = ? WHERE id = ?", (moment(shop), member))


def new_uuid(name: str, n: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}/{n}"))


def inserts(shop: Shop, ids: list[str], member: str, name: str) -> list[tuple[str, Any]]:
    """The rows of one order: fact, lot, transaction and both entries."""
    at = moment(shop)
    document = json.dumps({"currency": "USD", "body": order(name, "1", "1998-01-01", "10.00")})
    return [
        (
            INSERT_FACT,
            (ids[0], name, member, at, at, document),
        ),
        (
            INSERT_LOT,
            (ids[1], member, ids[0], at, at, False),
        ),
        (
            INSERT_TRANSACTION,
            (ids[2], member, at, at, ids[0]),
        ),
        (
            INSERT_ENTRIES,
            (ids[2], member, ids[1], ids[2], member),
        ),
    ]


def load(shop: Shop) -> int:
    """All orders once more under other names: members kept, one execution a table."""
    with shop.driver() as (cursor, connection):
        cursor.execute("SELECT value, member_id FROM loyalty_identity")
        members = {row[0]: str(row[1]) for row in cursor.fetchall()}
        tables: dict[str, list[Any]] = {}
        for n, row in enumerate(shop.orders):
            name = f"raw-{n:07}"
            ids = [new_uuid(name, part) for part in range(3)]
            for text, values in inserts(shop, ids, members[row["customer_id"]], name):
                tables.setdefault(text.replace("?", shop.mark), []).append(values)
        for text, values in tables.items():
            cursor.executemany(text, values)
        cursor.executemany(
            f"UPDATE loyalty_wallet SET balance = balance + 10 WHERE member_id = {shop.mark}",
            [(member,) for member in members.values()],
        )
        connection.commit()
    return len(shop.orders)
