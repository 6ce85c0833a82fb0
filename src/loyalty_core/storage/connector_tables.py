"""The tables of connectors: what shops sent, what is to be done there, and where walks are."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from loyalty_core.schema.columns import Moment, document, identifier
from loyalty_core.storage.tables import metadata

message = Table(
    "loyalty_message",
    metadata,
    Column("id", identifier(), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("connector", String(128), nullable=False),
    Column("key", String(200), nullable=False),
    Column("topic", Text, nullable=False),
    Column("about", document(), nullable=False),
    Column("body", LargeBinary),
    Column("size", Integer, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Moment),
    Column("code", String(64), nullable=False),
    Column("error", Text, nullable=False),
    Column("inputs", Integer, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("program", "connector", "key", name="loyalty_message_key"),
)
_due = text("next_attempt_at IS NOT NULL")
_ended = text("ended_at IS NOT NULL")
_dead = text("state = 'dead'")
Index("loyalty_message_due", message.c.next_attempt_at, postgresql_where=_due, sqlite_where=_due)
Index("loyalty_message_ended", message.c.ended_at, postgresql_where=_ended, sqlite_where=_ended)
Index(
    "loyalty_message_dead",
    message.c.program,
    message.c.connector,
    postgresql_where=_dead,
    sqlite_where=_dead,
)

state = Table(
    "loyalty_connector",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("connector", String(128), primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("found", document(), nullable=False),
    Column("walked_at", Moment),
    Column("backfilled_at", Moment),
    Column("next_poll_at", Moment),
    Column("acted_at", Moment),
    Column("failing_since", Moment),
    Column("disabled_at", Moment),
    Column("disabled_for", Text, nullable=False),
)

action = Table(
    "loyalty_action",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("connector", String(128), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("subject", identifier(), primary_key=True),
    Column("member_id", identifier(), nullable=False),
    Column("about", String(128), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("code", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("failed_at", Moment),
    Column("next_attempt_at", Moment),
    Column("ended_at", Moment),
    Column("error_code", String(64), nullable=False),
    Column("error", Text, nullable=False),
)
Index("loyalty_action_due", action.c.next_attempt_at, postgresql_where=_due, sqlite_where=_due)
Index("loyalty_action_ended", action.c.ended_at, postgresql_where=_ended, sqlite_where=_ended)
Index("loyalty_action_log", action.c.program, action.c.connector, action.c.created_at)
Index("loyalty_action_member", action.c.member_id)
Index(
    "loyalty_action_dead",
    action.c.program,
    action.c.connector,
    postgresql_where=_dead,
    sqlite_where=_dead,
)
