"""The core's tables and indexes, for PostgreSQL >= 15 and SQLite >= 3.37.

Everything a command touches carries ``member_id``, the distribution key. The issuer has entries
but no balance row. Caches (balance, remaining, ...) can be rebuilt from ``loyalty_entry``.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from loyalty_core.schema.columns import Moment
from loyalty_core.schema.columns import document as _json
from loyalty_core.schema.columns import identifier as _id

metadata = MetaData()

migration = Table(
    "loyalty_migration",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("applied_at", Moment, nullable=False),
)

config = Table(
    "loyalty_config",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", String(64), nullable=False),
    Column("document", _json(), nullable=False),
    Column("first_used_at", Moment, nullable=False),
)

member = Table(
    "loyalty_member",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("status", String(16), nullable=False),
    Column("joined_at", Moment, nullable=False),
    Column("profile", _json(), nullable=False),
    Column("said", _json(), nullable=False),
    Column("history", _json(), nullable=False),
    Column("state", _json(), nullable=False),
    Column("decided_at", Moment),
    Column("decided_key", Text),
    Column("merged_into", _id()),
    Column("merges", _json(), nullable=False),
    Column("absences", _json(), nullable=False),
    Column("household", Boolean, nullable=False),
    Column("contributions", _json(), nullable=False),
    Column("segments", _json(), nullable=False),
    Column("birthday", String(5)),
    Index("loyalty_member_joined", "program", "joined_at"),
)
_born = text("birthday IS NOT NULL")
Index(
    "loyalty_member_birthday",
    member.c.program,
    member.c.birthday,
    member.c.id,
    postgresql_where=_born,
    sqlite_where=_born,
)
_merged = text("merged_into IS NOT NULL")
Index("loyalty_member_merged", member.c.merged_into, sqlite_where=_merged, postgresql_where=_merged)

identity = Table(
    "loyalty_identity",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("member_id", _id(), nullable=False),
    Index("loyalty_identity_member", "member_id"),
)

fact = Table(
    "loyalty_fact",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("source", Text, nullable=False),
    Column("type", String(16), nullable=False),
    Column("external_id", Text, nullable=False),
    Column("member_id", _id()),
    Column("status", String(16), nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("document", _json(), nullable=False),
    Column("awards", _json(), nullable=False),
    Column("gifts", _json(), nullable=False),
    Column("kept", BigInteger),
    Column("currency", String(3)),
    Column("categories", _json(), nullable=False),
    Column("measures", _json(), nullable=False),
    Column("claims", _json(none_as_null=True)),
    Column("causes", _json(), nullable=False),
    Column("state_before", _json(), nullable=False),
    Column("config_version", Integer, nullable=False),
    Column("deferred", _json(), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", Moment),
    UniqueConstraint("program", "source", "type", "external_id", name="loyalty_fact_key"),
)
Index(  # the rest of it counts segments without looking at the rows
    "loyalty_fact_member", fact.c.member_id, fact.c.occurred_at, fact.c.currency, fact.c.kept
)
_retry = text("retry_at IS NOT NULL")
Index(  # with the program first, or SQLite would rather walk through all of its facts
    "loyalty_fact_retry",
    fact.c.program,
    fact.c.retry_at,
    postgresql_where=_retry,
    sqlite_where=_retry,
)

waiting = Table(  # where `until` is null it is over, but the fact still says whom it is about
    "loyalty_waiting",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("fact_id", _id(), primary_key=True),
    Column("until", Moment),
    Index("loyalty_waiting_fact", "fact_id"),
)
_until = text("until IS NOT NULL")
Index("loyalty_waiting_until", waiting.c.until, sqlite_where=_until, postgresql_where=_until)

wallet = Table(
    "loyalty_wallet",
    metadata,
    Column("member_id", _id(), primary_key=True),
    Column("wallet", String(63), primary_key=True),
    Column("balance", BigInteger, nullable=False),
    Column("debt", BigInteger, nullable=False),
    Column("earned", BigInteger, nullable=False),
    Column("redeemed", BigInteger, nullable=False),
    Column("expired", BigInteger, nullable=False),
    Column("adjusted", BigInteger, nullable=False),
    Column("transferred", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("lapses_at", Moment),
)
_lapses = text("lapses_at IS NOT NULL AND balance > 0")
Index("loyalty_wallet_lapses", wallet.c.lapses_at, postgresql_where=_lapses, sqlite_where=_lapses)

lot = Table(
    "loyalty_lot",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("member_id", _id(), nullable=False),
    Column("wallet", String(63), nullable=False),
    Column("fact_id", _id()),
    Column("created_at", Moment, nullable=False),
    Column("activates_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("remaining", BigInteger, nullable=False),
    Column("expired", BigInteger, nullable=False),
    Column("forgiven", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("pending", Boolean, nullable=False),
    Column("reinstated", Boolean, nullable=False),
    Column("came_from", _id()),
    Index("loyalty_lot_member", "member_id"),
)
is_open = text("remaining > 0")
is_pending = text("pending")  # asked like this: SQLAlchemy's "pending = 1" finds no such index
_dated = text("remaining > 0 AND expires_at IS NOT NULL")
Index(
    "loyalty_lot_open",
    lot.c.member_id,
    lot.c.expires_at,
    postgresql_where=is_open,
    sqlite_where=is_open,
)
Index("loyalty_lot_due", lot.c.expires_at, postgresql_where=_dated, sqlite_where=_dated)
Index(
    "loyalty_lot_pending", lot.c.activates_at, postgresql_where=is_pending, sqlite_where=is_pending
)
Index(
    "loyalty_lot_pending_member",
    lot.c.member_id,
    postgresql_where=is_pending,
    sqlite_where=is_pending,
)

transaction = Table(
    "loyalty_transaction",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("member_id", _id(), nullable=False),
    Column("wallet", String(63), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("booked_at", Moment, nullable=False),
    Column("fact_id", _id()),
    Column("config_version", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", _json(), nullable=False),
    Index("loyalty_transaction_member", "member_id", "occurred_at", "id"),
)

entry = Table(
    "loyalty_entry",
    metadata,
    Column("transaction_id", _id(), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("member_id", _id(), nullable=False),
    Column("wallet", String(63), nullable=False),
    Column("account", String(80), nullable=False),
    Column("lot_id", _id()),
    Column("amount", BigInteger, nullable=False),
)

redemption = Table(
    "loyalty_redemption",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("member_id", _id(), nullable=False),
    Column("wallet", String(63), nullable=False),
    Column("plugin", String(63), nullable=False),
    Column("reward", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("worth_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("lines", _json(), nullable=False),
    Column("item", String(128), nullable=False),
    Column("lots", _json(), nullable=False),
    Column("returned", BigInteger, nullable=False),
    Column("came_back", _json(), nullable=False),
    Column("source", Text, nullable=False),
    Column("order_id", Text),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("ended_at", Moment),
    Column("ended_id", _id()),
    Column("transaction_id", _id()),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", Moment),
    Column("came_from", _id()),
    Column("account", _json(), nullable=False),
    Column("household", _id()),
    Column("spender", _id()),
)
_unfulfilled = text("retry_at IS NOT NULL")
Index(
    "loyalty_redemption_retry",
    redemption.c.retry_at,
    postgresql_where=_unfulfilled,
    sqlite_where=_unfulfilled,
)
_held = text("state = 'held'")
_ordered = text("order_id IS NOT NULL")
Index("loyalty_redemption_member", redemption.c.member_id, redemption.c.id)
Index("loyalty_redemption_held", redemption.c.member_id, postgresql_where=_held, sqlite_where=_held)
Index("loyalty_redemption_due", redemption.c.expires_at, postgresql_where=_held, sqlite_where=_held)
Index(
    "loyalty_redemption_order",
    redemption.c.program,
    redemption.c.source,
    redemption.c.order_id,
    postgresql_where=_ordered,
    sqlite_where=_ordered,
)

stock = Table(
    "loyalty_stock",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("item", String(128), primary_key=True),
    Column("claimed", BigInteger, nullable=False),
)

receipt = Table(
    "loyalty_receipt",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("input_hash", String(64), nullable=False),
    Column("member_id", _id()),
    Column("receipt", _json(), nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("loyalty_receipt_member", "member_id"),
)

secret = Table(
    "loyalty_secret",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("value", String(64), nullable=False),
)

erased = Table(
    "loyalty_erased",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("erased_at", Moment, nullable=False),
)

event = Table(
    "loyalty_event",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("type", String(128), nullable=False),
    Column("member_id", _id(), nullable=False),
    Column("transaction_id", _id()),
    Column("occurred_at", Moment, nullable=False),
    Column("data", _json(), nullable=False),
    Index("loyalty_event_member", "member_id"),
)

delivery = Table(
    "loyalty_delivery",
    metadata,
    Column("event_id", _id(), primary_key=True),
    Column("subscription", String(128), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Moment),
    Column("last_error", Text, nullable=False),
)
_due = text("next_attempt_at IS NOT NULL")
Index(
    "loyalty_delivery_due",
    delivery.c.next_attempt_at,
    postgresql_where=_due,
    sqlite_where=_due,
)

block = Table(
    "loyalty_block",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("previous", String(64), nullable=False),
    Column("root", String(64), nullable=False),
    Column("count", Integer, nullable=False),
    Column("sealed_at", Moment, nullable=False),
    Column("through", _id(), nullable=False),
    Column("head", String(64), nullable=False),
)

sealed = Table(
    "loyalty_sealed",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("transaction_id", _id(), primary_key=True),
    Column("block", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    UniqueConstraint("program", "block", "position", name="loyalty_sealed_place"),
)
