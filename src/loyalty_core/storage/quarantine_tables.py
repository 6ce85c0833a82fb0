"""The table of what plugins are not called for any more."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from loyalty_core.schema.columns import Moment
from loyalty_core.storage.tables import metadata

quarantine = Table(
    "loyalty_quarantine",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("plugin", String(63), primary_key=True),
    Column("call", String(32), primary_key=True),
    Column("of", String(128), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("times", Integer, nullable=False),
    Column("reason", String(240), nullable=False),
    Column("since", Moment),
)
