"""Ending points set by set: for any number of lots, one statement for each table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache

from loyalty_core.application.ids import STAMP
from loyalty_core.domain.ledger import ISSUER, MEMBER, TransactionKind
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.expiry import EndedLot
from loyalty_core.storage import tables
from loyalty_core.storage.outbox import Outbox
from loyalty_core.storage.sql import Sql


class _Texts:
    """The texts in one dialect."""

    def __init__(self, sql: Sql) -> None:
        mark, any_id = sql.mark, sql.any_id()
        tail = f"substr({'id::text' if sql.postgresql else 'id'}, {STAMP + 1})"
        made = sql.as_id(f"({mark} || {tail})")
        columns = ("id", "member_id", "wallet", "remaining", "expires_at")
        self.entangled = (
            f"SELECT member_id FROM loyalty_wallet WHERE member_id {any_id} "
            f"AND (held > 0 OR lapses_at <= {mark}) "
            f"UNION SELECT member_id FROM loyalty_lot WHERE member_id {any_id} "
            f"AND pending AND (activates_at <= {mark} OR expires_at <= {mark})"
        )
        self.ended = (
            f"SELECT {sql.row(*columns)} FROM loyalty_lot "
            f"WHERE member_id {any_id} AND remaining > 0 AND expires_at <= {mark} LIMIT {mark}"
        )
        these = f"FROM loyalty_lot WHERE id {any_id}"
        self.transactions = (
            f"INSERT INTO loyalty_transaction ({', '.join(tables.transaction.c.keys())}) "
            f"SELECT {made}, member_id, wallet, '{TransactionKind.EXPIRY}', -remaining, "
            f"expires_at, {mark}, NULL, {mark}, '', '', '{{}}' {these}"
        )
        self.entries = (
            f"INSERT INTO loyalty_entry ({', '.join(tables.entry.c.keys())}) "
            f"SELECT {made}, position, member_id, wallet, account, "
            f"CASE account WHEN '{MEMBER}' THEN id END, sign * remaining "
            f"FROM loyalty_lot CROSS JOIN (SELECT 0 AS position, '{MEMBER}' AS account, "
            f"-1 AS sign UNION ALL SELECT 1, '{ISSUER}', 1) AS side WHERE id {any_id}"
        )
        self.wallets = (
            "UPDATE loyalty_wallet SET balance = balance - ended.points, "
            "expired = expired + ended.points FROM ("
            f"SELECT member_id, wallet, sum(remaining) AS points {these} "
            "GROUP BY member_id, wallet) AS ended "
            "WHERE loyalty_wallet.member_id = ended.member_id "
            "AND loyalty_wallet.wallet = ended.wallet"
        )
        self.lots = (
            f"UPDATE loyalty_lot SET expired = expired + remaining, remaining = 0 WHERE id {any_id}"
        )


@lru_cache(maxsize=16)
def _texts(sql: Sql) -> _Texts:
    return _Texts(sql)


class Expiry(Outbox):
    """``ports.expiry.ExpiryWork`` on one connection: a part of the unit of work.

    Its statements leave the rows that ``Books.catch_up`` would of the same lots.
    """

    def entangled(self, members: Collection[MemberId], now: datetime) -> set[MemberId]:
        """Those of the members in whose wallets more than lots that have ended can matter."""
        text, ids = _texts(self._sql).entangled, self._sql.ids(members)
        moment = self._sql.moment(now)
        found = self._runner.fetch(text, (ids, moment, ids, moment, moment))
        return {MemberId(str(one)) for (one,) in found}

    def ended_lots(self, members: Collection[MemberId], now: datetime, most: int) -> list[EndedLot]:
        """Lots of these members that have expired and hold points, no more than ``most``."""
        text, ids = _texts(self._sql).ended, self._sql.ids(members)
        found = self._runner.fetch(text, (ids, self._sql.moment(now), most))
        read = self._sql.read_moment
        return [
            EndedLot(lot, of, wallet, points, read(at))
            for lot, of, wallet, points, at in self._sql.rows_of(found)
        ]

    def book_expiry(
        self, lots: Sequence[EndedLot], stamp: str, now: datetime, config_version: int
    ) -> None:
        """Books an expiry for each lot that is not entangled, and takes its points."""
        texts, run = _texts(self._sql), self._runner.run
        ids = self._sql.ids(lot.id for lot in lots)
        run(texts.transactions, (stamp, self._sql.moment(now), config_version, ids))
        run(texts.entries, (stamp, ids))
        run(texts.wallets, (ids,))
        run(texts.lots, (ids,))
