"""What was booked before, as a command reads it under lock: receipts and transactions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, select

from loyalty_core.domain.ledger import Transaction, TransactionKind
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.records import StoredReceipt
from loyalty_core.storage import rows, tables
from loyalty_core.storage.erasure import key_digest
from loyalty_core.storage.outbox import Outbox

_receipts = select(tables.receipt).where(
    tables.receipt.c.program == bindparam("program"),
    tables.receipt.c.key.in_(bindparam("keys", expanding=True)),
)
_transaction = (
    select(tables.transaction)
    .join(tables.member, tables.member.c.id == tables.transaction.c.member_id)
    .where(
        tables.transaction.c.id == bindparam("id"), tables.member.c.program == bindparam("program")
    )
)
_given_back = select(tables.transaction.c.amount, tables.transaction.c.detail).where(
    tables.transaction.c.member_id.in_(bindparam("members", expanding=True)),
    tables.transaction.c.occurred_at >= bindparam("since"),  # by the index of histories
    tables.transaction.c.kind == TransactionKind.EXPIRY.value,
    tables.transaction.c.amount > 0,
)


def with_entries(connection: Connection, found: list[Any]) -> list[Transaction]:
    """The transactions of these rows, with their entries."""
    entry = tables.entry
    lines: dict[str, list[Any]] = defaultdict(list)
    chosen = select(entry).where(entry.c.transaction_id.in_([row["id"] for row in found]))
    for row in connection.execute(chosen).mappings():
        lines[row["transaction_id"]].append(row)
    return [rows.transaction_of(row, lines[row["id"]]) for row in found]


def find_transaction(
    connection: Connection, program: str, transaction_id: str
) -> Transaction | None:
    """One transaction of a program with its entries."""
    key = {"id": transaction_id, "program": program}
    found = list(connection.execute(_transaction, key).mappings())
    return next(iter(with_entries(connection, found)), None)


class Posted(Outbox):
    """The part of a unit of work that reads what was booked before."""

    def receipts(self, keys: Iterable[str]) -> dict[str, StoredReceipt]:
        """What the commands with these idempotency keys returned, by key."""
        asked = {form: key for key in sorted(set(keys)) for form in (key, key_digest(key))}
        if not asked:
            return {}
        names = ("key", "input_hash", "member_id", "receipt", "created_at")
        found = self._rows(_receipts, {"program": self._program, "keys": [*asked]})
        return {
            asked[row["key"]]: StoredReceipt(**{name: row[name] for name in names}) for row in found
        }

    def transaction(self, transaction_id: str) -> Transaction | None:
        """One transaction with its entries."""
        return find_transaction(self._connection, self._program, transaction_id)

    def reinstated(self, expiry: Transaction, holder: MemberId) -> int:
        """How many points of an expiry have been given back, to its member or to ``holder``."""
        key = {"members": [expiry.member_id, holder], "since": expiry.occurred_at}
        found = self._rows(_given_back, key)
        return sum(row["amount"] for row in found if row["detail"].get("corrects") == expiry.id)
