"""The table of who is in which household, and how what they spend of its points is found."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, text

from loyalty_core.schema.columns import Moment, identifier
from loyalty_core.storage.tables import metadata, redemption

household_member = Table(
    "loyalty_household_member",
    metadata,
    Column("household_id", identifier(), primary_key=True),
    Column("member_id", identifier(), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("share", String(40), nullable=False),
    Column("invited_by", identifier()),
    Column("invited_at", Moment),
    Column("joined_at", Moment),
    Column("left_at", Moment),
    Column("came_from", identifier()),
    Index("loyalty_household_member_member", "member_id"),
)
_spent = text("spender IS NOT NULL")
Index(
    "loyalty_redemption_spender",
    redemption.c.member_id,
    redemption.c.spender,
    redemption.c.created_at,
    postgresql_where=_spent,
    sqlite_where=_spent,
)
