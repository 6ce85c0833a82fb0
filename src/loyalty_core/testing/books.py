"""The books as plain values that can be compared, whatever ids they were given."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, select

from loyalty_core.domain.orders import OrderDocument
from loyalty_core.loyalty import Loyalty
from loyalty_core.storage import rows, tables

Books = dict[str, Any]

LOT_NAMES = ("created_at", "activates_at", "expires_at", "remaining", "held", "expired", "pending")
WALLET_NAMES = ("balance", "debt", "earned", "redeemed", "expired", "adjusted", "lapses_at")


def books_of(loyalty: Loyalty) -> Books:
    """Everything the facts of a program led to: members, wallets, lots, facts with awards."""

    def look(reader: Any) -> Books:
        return _look(reader._connection, loyalty.config.program.id)

    return loyalty._parts.store.read(look)


def _look(connection: Connection, program: str) -> Books:
    def all_of(table: Any, condition: Any) -> list[Any]:
        return list(connection.execute(select(table).where(condition)).mappings())

    members = all_of(tables.member, tables.member.c.program == program)
    ids = sorted(row["id"] for row in members)
    names: dict[str, str] = {}
    for row in all_of(tables.identity, tables.identity.c.program == program):
        name = f"{row['kind']}:{row['source']}:{row['value']}"
        names[row["member_id"]] = min(name, names.get(row["member_id"], name))
    names |= {row["id"]: "household" for row in members if row["household"]}
    names = {one: f"nobody {one}" for one in ids} | names  # who was merged or forgotten
    facts = [rows.fact_record(row) for row in all_of(tables.fact, tables.fact.c.program == program)]
    keys = {record.id: record.key for record in facts}
    wallets = all_of(tables.wallet, tables.wallet.c.member_id.in_(ids))
    lots = all_of(tables.lot, tables.lot.c.member_id.in_(ids))
    return {
        "members": {names[row["id"]]: (row["history"], row["state"]) for row in members},
        "wallets": {
            (names[row["member_id"]], row["wallet"]): tuple(row[name] for name in WALLET_NAMES)
            for row in wallets
            if any(row[name] for name in WALLET_NAMES)
        },
        "lots": sorted(
            (
                (
                    names[row["member_id"]],
                    str(keys.get(row["fact_id"])),
                    row["wallet"],
                    *(row[name] for name in LOT_NAMES),
                )
                for row in lots
                if row["remaining"]
            ),
            key=str,
        ),
        "facts": {
            record.key: (
                names.get(record.member_id or ""),
                record.status,
                _known(record.document),
                sorted((_award(award) for award in record.awards if award.amount), key=str),
            )
            for record in facts
        },
    }


def _known(document: Any) -> Any:
    """What is known of a fact: which refunds were deleted, and not when one looked last."""
    if not isinstance(document, OrderDocument):
        return document
    return replace(document, listing=None), sorted(document.deleted())


def _award(award: Any) -> dict[str, Any]:
    found = asdict(award)
    found["household"] = "household" if found["household"] else None
    del found["lot_id"], found["changes"]
    return found
