"""The table of plugins that are not asked any more."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from loyalty_core.schema.columns import Moment
from loyalty_core.storage.tables import metadata

quarantine = Table(
    "loyalty_quarantine",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("plugin", String(63), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("since", Moment, nullable=False),
)
