"""The tables of segments: who is in which, what a count changes, and when it was."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, String, Table

from loyalty_core.schema.columns import Moment, identifier
from loyalty_core.storage.tables import metadata

segment = Table(
    "loyalty_segment",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("segment", String(63), primary_key=True),
    Column("member_id", identifier(), primary_key=True),
    Column("since", Moment, nullable=False),
    Index("loyalty_segment_of_member", "member_id"),
)

change = Table(
    "loyalty_segment_change",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("member_id", identifier(), primary_key=True),
    Column("segment", String(63), primary_key=True),
    Column("enters", Boolean, nullable=False),
)

count = Table(
    "loyalty_segment_count",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("counted_at", Moment, nullable=False),
    Column("day", Date, nullable=False),
    Column("fingerprint", String(64), nullable=False),
)
