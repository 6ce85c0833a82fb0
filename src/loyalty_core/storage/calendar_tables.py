"""The table of how far the days of members that come every year were recorded."""

from __future__ import annotations

from sqlalchemy import Column, Date, String, Table

from loyalty_core.storage.tables import metadata

calendar = Table(
    "loyalty_calendar",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("day", Date, nullable=False),
    Column("after", String(36), nullable=False),
)
