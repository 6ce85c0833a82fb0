"""Spending points, and reading statements."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from benchmarks.by_hand import new, values
from benchmarks.shop import FIRST, Measured, Shop, in_turns, order, part

LOTS = 10
HASH = "0" * 64
"""As long as the digest of a command's input."""


def redeem(shop: Shop, number: int) -> Measured:
    """100 points out of ten lots; by hand: lock, read the lots, and write every row."""
    facts = [
        order(f"{n}-{lot}", str(n), FIRST + timedelta(days=lot))
        for n in range(number)
        for lot in range(LOTS)
    ]
    shop.loyalty.record_many(facts)
    half = number // 2
    found = (shop.loyalty.find({"customer_id": str(n)}, source="shop") for n in range(2 * half))
    ids = [member.id for member in found if member]

    def ours(turn: int) -> int:
        some = part(ids[:half], turn)
        return len([shop.loyalty.redeem(one, points=100, key=one) for one in some])

    def by_hand(turn: int) -> int:
        some = part(ids[half:], turn)
        for one in some:
            with shop.driver() as (cursor, connection):
                redeem_by_hand(cursor, shop, one)
                connection.commit()
        return len(some)

    return in_turns(ours, by_hand)


def redeem_by_hand(cursor: Any, shop: Shop, member: str) -> None:
    def run(text: str, *given: Any) -> list[Any]:
        cursor.execute(text.replace("?", shop.mark), given)
        return list(cursor.fetchall()) if text.startswith("SELECT") else []

    lock = " FOR UPDATE" if shop.postgresql else ""
    run(f"SELECT * FROM loyalty_member WHERE id = ?{lock}", member)
    run("SELECT * FROM loyalty_receipt WHERE program = 'bench' AND key = ?", member)
    run("SELECT * FROM loyalty_wallet WHERE member_id = ?", member)
    lots = run(
        "SELECT id, remaining FROM loyalty_lot WHERE member_id = ? AND remaining > 0 "
        "ORDER BY expires_at, id",
        member,
    )
    made, now = new(), shop.moment(shop.now)
    redemption = redeemed(member, made, lots, now)
    names, marks = ", ".join(redemption), ", ".join("?" for _ in redemption)
    run(f"INSERT INTO loyalty_redemption ({names}) VALUES ({marks})", *values(redemption))
    detail = {"plugin": "points", "reward": "points.discount", "redemption": redemption["id"]}
    run(
        "INSERT INTO loyalty_transaction VALUES "
        "(?, ?, 'points', 'redemption', -100, ?, ?, NULL, 1, '', '', ?)",
        *(made, member, now, now, json.dumps(detail)),
    )
    entry = "INSERT INTO loyalty_entry VALUES (?, ?, ?, 'points', ?, ?, ?)"
    for position, (lot, remaining) in enumerate(lots):
        run("UPDATE loyalty_lot SET remaining = 0 WHERE id = ?", str(lot))
        run(entry, made, position, member, "member", str(lot), -remaining)
    run(entry, made, len(lots), member, "issuer", None, 100)
    run(
        "UPDATE loyalty_wallet SET balance = balance - 100, redeemed = redeemed + 100 "
        "WHERE member_id = ?",
        member,
    )
    receipt = {"redemption_id": redemption["id"], "transaction_id": made, "member_id": member}
    told = {"state": "captured", "points": 100, "worth": {"amount_minor": 100, "currency": "USD"}}
    run(
        "INSERT INTO loyalty_receipt VALUES ('bench', ?, ?, ?, ?, ?)",
        *(member, HASH, member, json.dumps({**receipt, **told}), now),
    )


def redeemed(member: str, made: str, lots: list[Any], now: Any) -> dict[str, Any]:
    """The row of a redemption of a hundred points, in the transaction ``made``."""
    return {
        "id": new(),
        "program": "bench",
        "member_id": member,
        "wallet": "points",
        "plugin": "points",
        "reward": "points.discount",
        "state": "captured",
        "points": 100,
        "worth_minor": 100,
        "currency": "USD",
        "lines": {},
        "item": "",
        "lots": [(str(lot), remaining) for lot, remaining in lots],
        "returned": 0,
        "came_back": {},
        "source": "",
        "created_at": now,
        "ended_at": now,
        "ended_id": new(),
        "transaction_id": made,
        "attempts": 0,
        "account": ["", None],
    }


def statement(shop: Shop, number: int) -> Measured:
    """A member's statement; by hand: the member, the wallet and the sums of open lots."""
    ids = shop.join(number)
    queries = (
        "SELECT * FROM loyalty_member WHERE id = ?",
        "SELECT * FROM loyalty_identity WHERE member_id = ?",
        "SELECT * FROM loyalty_wallet WHERE member_id = ?",
        (
            "SELECT expires_at, sum(remaining) FROM loyalty_lot "
            "WHERE member_id = ? AND remaining > 0 GROUP BY expires_at"
        ),
    )

    def ours(turn: int) -> int:
        return len([shop.loyalty.statement(one) for one in part(ids, turn)])

    def by_hand(turn: int) -> int:
        some = part(ids, turn)
        for member in some:
            with shop.driver() as (cursor, _):
                for text in queries:
                    cursor.execute(text.replace("?", shop.mark), (member,))
                    cursor.fetchall()
        return len(some)

    return in_turns(ours, by_hand)
