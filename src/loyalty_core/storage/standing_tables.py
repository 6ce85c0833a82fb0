"""The table of what was told about members' tiers, and when to look again."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, text

from loyalty_core.schema.columns import Moment, identifier
from loyalty_core.storage.tables import metadata

standing = Table(
    "loyalty_standing",
    metadata,
    Column("member_id", identifier(), primary_key=True),
    Column("scheme", String(128), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("tier", String(128), nullable=False),
    Column("since", Moment),
    Column("due_at", Moment),
    Column("config_version", Integer, nullable=False),
    Index("loyalty_standing_config", "program", "config_version"),
)
_due = text("due_at IS NOT NULL")
Index("loyalty_standing_due", standing.c.due_at, postgresql_where=_due, sqlite_where=_due)
