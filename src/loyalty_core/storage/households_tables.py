"""The table of who is in which household."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from loyalty_core.storage import tables

household_member = Table(
    "loyalty_household_member",
    tables.metadata,
    Column("household_id", tables.member.c.id.type, primary_key=True),
    Column("member_id", tables.member.c.id.type, primary_key=True),
    Column("role", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("share", String(40), nullable=False),
    Column("invited_by", tables.member.c.id.type),
    Column("invited_at", tables.Moment),
    Column("joined_at", tables.Moment),
    Column("left_at", tables.Moment),
    Column("came_from", tables.member.c.id.type),
    Index("loyalty_household_member_member", "member_id"),
)
