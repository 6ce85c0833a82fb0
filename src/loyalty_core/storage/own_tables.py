"""The table of the tables that plugins own."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from loyalty_core.storage.tables import metadata

own_table = Table(
    "loyalty_own_table",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("plugin", String(63), nullable=False),
    Column("moments", String(2000), nullable=False),
)
"""Every table of a plugin in this database, with those of its columns that hold moments."""
