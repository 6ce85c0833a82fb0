"""The table of configurations that were stated ahead of the moment they start at."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from loyalty_core.schema.columns import Moment, document
from loyalty_core.storage.tables import metadata

scheduled = Table(
    "loyalty_config_scheduled",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    Column("starts_at", Moment, primary_key=True),
    Column("document", document(), nullable=False),
    Column("stated_at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
    Column("version", Integer),
)
