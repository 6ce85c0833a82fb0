"""The nightly jobs: points that end, and the seal."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from functools import partial
from typing import Any

from benchmarks.growth import Grower
from benchmarks.shop import FIRST, Measured, Shop, rate

LOTS_EACH = 10
ROWS_A_BLOCK = 1000


def expire(shop: Shop, lots: int) -> Measured:
    """Lots that ``tick`` ends, ten of a member, without sealing.

    By hand: as many again, in five statements and one transaction.
    """
    members = lots // LOTS_EACH
    Grower(shop).grow(members, LOTS_EACH)
    shop.now = FIRST + timedelta(days=800)
    ours = rate(lambda: move_points(shop))
    shop.now = FIRST + timedelta(days=1)
    Grower(shop, members).grow(members, LOTS_EACH)
    return Measured(ours, rate(lambda: expire_by_hand(shop, lots)))


def move_points(shop: Shop) -> int:
    """The step of ``tick`` that ends points, alone; how many lots it ended."""
    store, step = shop.loyalty._store, partial(shop.loyalty._ticker._move_points, now=shop.now)
    return sum(done.counts["expired_lots"] for done in iter(lambda: store.write(step), None))


def expire_by_hand(shop: Shop, lots: int) -> int:
    now = shop.mark
    at = shop.moment(FIRST + timedelta(days=800))
    due = f"remaining > 0 AND expires_at <= {now}"
    made = "gen_random_uuid()" if shop.postgresql else "hex(randomblob(16))"
    with shop.driver() as (cursor, connection):
        cursor.execute(
            f"INSERT INTO loyalty_transaction SELECT {made}, member_id, wallet, 'expiry', "
            f"-remaining, expires_at, {now}, id, 1, '', '', '{{}}' FROM loyalty_lot WHERE {due}",
            (at, at),
        )
        for position, account, lot, sign in (
            (0, "member", "t.fact_id", ""),
            (1, "issuer", "NULL", "-"),
        ):
            cursor.execute(
                f"INSERT INTO loyalty_entry SELECT t.id, {position}, t.member_id, t.wallet, "
                f"'{account}', {lot}, {sign}t.amount FROM loyalty_transaction AS t "
                f"JOIN loyalty_lot AS l ON l.id = t.fact_id WHERE t.kind = 'expiry'"
            )
        cursor.execute(
            "UPDATE loyalty_wallet SET balance = balance - gone.points, "
            "expired = expired + gone.points FROM (SELECT member_id, sum(remaining) AS points "
            f"FROM loyalty_lot WHERE {due} GROUP BY member_id) AS gone "
            "WHERE loyalty_wallet.member_id = gone.member_id",
            (at,),
        )
        cursor.execute(
            f"UPDATE loyalty_lot SET expired = expired + remaining, remaining = 0 WHERE {due}",
            (at,),
        )
        connection.commit()
    return lots


def seal(shop: Shop, number: int) -> Measured:
    """Transactions that ``seal`` chains; by hand: as many rows read, hashed and noted."""
    Grower(shop).grow(number // LOTS_EACH, LOTS_EACH)
    by_hand = rate(lambda: seal_by_hand(shop))
    return Measured(rate(lambda: shop.loyalty.seal().transactions), by_hand)


def seal_by_hand(shop: Shop) -> int:
    """SHA-256 of every row as JSON, kept beside its transaction, a block at a time; rolled back."""
    after, done, mark = "00000000-0000-0000-0000-000000000000", 0, shop.mark
    with shop.driver() as (cursor, connection):
        while True:
            cursor.execute(
                f"SELECT * FROM loyalty_transaction WHERE id > {mark} "
                f"ORDER BY id LIMIT {ROWS_A_BLOCK}",
                (after,),
            )
            if not (found := cursor.fetchall()):
                break
            hashes = {str(row[0]): hashed(row) for row in found}
            of_these = ", ".join(mark for _ in found)
            cursor.execute(
                f"SELECT * FROM loyalty_entry WHERE transaction_id IN ({of_these}) "
                "ORDER BY transaction_id, position",
                list(hashes),
            )
            for row in cursor.fetchall():
                hashes[str(row[0])] += hashed(row)
            cursor.executemany(
                f"INSERT INTO loyalty_sealed VALUES ('bench', {mark}, 0, {mark}, {mark})",
                [(one, done + place, parts) for place, (one, parts) in enumerate(hashes.items())],
            )
            after, done = str(found[-1][0]), done + len(found)
        connection.rollback()
    return done


def hashed(row: Any) -> bytes:
    return hashlib.sha256(json.dumps(row, default=str).encode()).digest()
