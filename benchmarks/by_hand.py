"""The same rows by hand: plain statements on the driver's own cursor, prepared where it can."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from benchmarks.shop import NOW, Shop

AWARD = {
    "plugin": "points",
    "rule": "base",
    "wallet": "points",
    "amount": 10,
    "lines": {"1": 10},
    "awarded_at": "1998-01-01T12:00:00Z",
    "activates_at": "1998-01-01T12:00:00Z",
    "expires_at": "1999-01-01T00:00:00Z",
    "net": 10,
}
HISTORY = {"orders": 9, "first_order_at": "1997-01-01T12:00:00Z", "spend": {"USD": 9000}}
ORDER_OF_TABLES = ("member", "identity", "fact", "lot", "wallet", "transaction", "entry")
Rows = dict[str, list[dict[str, Any]]]
CHUNK = 1000


def new() -> str:
    return str(uuid.uuid4())


def posted(shop: Shop, member: str, fact: dict[str, Any], rows: Rows) -> None:
    """Adds the rows of one order: fact, lot, transaction and both entries."""
    fact_id, lot, made = new(), new(), new()
    at, now = shop.moment(datetime.fromisoformat(fact["occurred_at"])), shop.moment(NOW)
    both = {"member_id": member, "wallet": "points"}
    times = {"occurred_at": at, "received_at": now}
    rows["fact"].append({"id": fact_id, "member_id": member, **times, **fact_columns(fact, lot)})
    rows["lot"].append(
        {
            "id": lot,
            **both,
            "fact_id": fact_id,
            "created_at": at,
            "activates_at": at,
            "expires_at": now,
            "remaining": 10,
            "expired": 0,
            "forgiven": 0,
            "held": 0,
            "pending": False,
            "reinstated": False,
        }
    )
    rows["transaction"].append(
        {
            "id": made,
            **both,
            "kind": "accrual",
            "amount": 10,
            "occurred_at": at,
            "booked_at": now,
            "fact_id": fact_id,
            "config_version": 1,
            "actor": "",
            "reason": "",
            "detail": {"plugin": "points", "rule": "base"},
        }
    )
    sides = (("member", lot, 10), ("issuer", None, -10))
    for position, (account, of, amount) in enumerate(sides):
        line = {"transaction_id": made, "position": position, **both}
        rows["entry"].append({**line, "account": account, "lot_id": of, "amount": amount})


def fact_columns(fact: dict[str, Any], lot: str) -> dict[str, Any]:
    return {
        "program": "bench",
        "source": "shop",
        "type": "order",
        "external_id": fact["id"],
        "status": "booked",
        "document": {"currency": "USD", "body": fact, "refunds": {}},
        "awards": [{**AWARD, "lot_id": lot}],
        "gifts": [],
        "kept": 1000,
        "currency": "USD",
        "categories": [],
        "measures": {},
        "causes": [],
        "state_before": {"history": HISTORY},
        "config_version": 1,
        "deferred": [],
        "attempts": 0,
        "retry_at": None,
    }


def insert(cursor: Any, shop: Shop, rows: Rows, tail: str = "") -> None:
    """One insertion a table: from JSON on PostgreSQL, by ``executemany`` on SQLite."""
    for table in ORDER_OF_TABLES:
        if not (given := rows.get(table)):
            continue
        names = ", ".join(given[0])
        into = f"INSERT INTO loyalty_{table} ({names})"
        if shop.postgresql:
            source = f"json_populate_recordset(NULL::loyalty_{table}, %s::json)"
            text = json.dumps(given, default=datetime.isoformat)
            cursor.execute(f"{into} SELECT {names} FROM {source} {tail}", (text,))
        else:
            marks = ", ".join("?" for _ in given[0])
            cursor.executemany(f"{into} VALUES ({marks}) {tail}", [values(one) for one in given])


def values(row: dict[str, Any]) -> list[Any]:
    return [json.dumps(one) if isinstance(one, dict | list) else one for one in row.values()]


def post(cursor: Any, shop: Shop, customer: str, member: str, fact: dict[str, Any]) -> None:
    """One order as plain statements: look up, lock, check for a duplicate, write every table."""
    ours = "program = 'bench' AND source = 'shop'"
    lock = " FOR UPDATE" if shop.postgresql else ""
    for text, key in (
        (f"loyalty_identity WHERE {ours} AND kind = 'customer_id' AND value = ?", customer),
        (f"loyalty_member WHERE id = ?{lock}", member),
        (f"loyalty_fact WHERE {ours} AND type = 'order' AND external_id = ?", fact["id"]),
        ("loyalty_wallet WHERE member_id = ?", member),
    ):
        cursor.execute(f"SELECT * FROM {text}".replace("?", shop.mark), (key,))
        cursor.fetchall()
    rows: Rows = {table: [] for table in ORDER_OF_TABLES}
    posted(shop, member, fact, rows)
    for table, given in rows.items():
        for row in given:
            names, marks = ", ".join(row), ", ".join(shop.mark for _ in row)
            cursor.execute(f"INSERT INTO loyalty_{table} ({names}) VALUES ({marks})", values(row))
    update(cursor, shop, "wallet SET balance = balance + 10, earned = earned + 10", member)
    columns = {  # the moment is the order's: one of later would make the next come too late
        "history": HISTORY,
        "decided_at": shop.moment(datetime.fromisoformat(fact["occurred_at"])),
        "decided_key": ["shop", "order", fact["id"]],
    }
    changed = ", ".join(f"{name} = {shop.mark}" for name in columns)
    cursor.execute(
        f"UPDATE loyalty_member SET {changed} WHERE id = {shop.mark}", [*values(columns), member]
    )


def update(cursor: Any, shop: Shop, what: str, member: str) -> None:
    cursor.execute(f"UPDATE loyalty_{what} WHERE member_id = {shop.mark}", (member,))


class Loader:
    """Loads orders and their members, in transactions of ``CHUNK``, one statement a table."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.members: dict[str, str] = {}
        self.balances: dict[str, int] = {}

    def load(self, orders: Sequence[dict[str, Any]]) -> int:
        for start in range(0, len(orders), CHUNK):
            self._load(orders[start : start + CHUNK])
        return len(orders)

    def _load(self, orders: Sequence[dict[str, Any]]) -> None:
        shop, members, balances = self.shop, self.members, self.balances
        rows: Rows = {table: [] for table in ORDER_OF_TABLES}
        caches: Rows = {"wallet": [], "member": []}
        touched = {}
        for fact in orders:
            customer = fact["identities"]["customer_id"]
            if customer not in members:
                members[customer] = new()
                rows["identity"].append(identity(members[customer], customer))
            member = touched[members[customer]] = members[customer]
            balances[member] = balances.get(member, 0) + 10
            posted(shop, member, fact, rows)
        for member in touched:
            caches["member"].append(member_row(shop, member))
            caches["wallet"].append(wallet_row(member, balances[member]))
        with shop.driver() as (cursor, connection):
            insert(cursor, shop, rows)
            upsert(cursor, shop, caches)
            connection.commit()


def upsert(cursor: Any, shop: Shop, caches: Rows) -> None:
    for table, key in (("member", "id"), ("wallet", "member_id, wallet")):
        changed = ", ".join(f"{name} = excluded.{name}" for name in caches[table][0])
        tail = f"ON CONFLICT ({key}) DO UPDATE SET {changed}"
        insert(cursor, shop, {table: caches[table]}, tail)


def identity(member: str, customer: str) -> dict[str, Any]:
    named = {"program": "bench", "kind": "customer_id", "value": customer, "source": "shop"}
    return {**named, "member_id": member}


def member_row(shop: Shop, member: str) -> dict[str, Any]:
    return {
        "id": member,
        "program": "bench",
        "status": "active",
        "joined_at": shop.moment(NOW),
        "profile": {},
        "said": {},
        "history": HISTORY,
        "state": {},
        "merges": [],
        "absences": [],
        "household": False,
        "contributions": [],
        "segments": {},
        "birthday": None,
        "decided_at": shop.moment(NOW),
        "decided_key": "[]",
    }


def wallet_row(member: str, balance: int) -> dict[str, Any]:
    sums = dict.fromkeys(("debt", "redeemed", "expired", "adjusted", "transferred", "held"), 0)
    return {
        "member_id": member,
        "wallet": "points",
        "balance": balance,
        "earned": balance,
        **sums,
        "lapses_at": None,
    }
