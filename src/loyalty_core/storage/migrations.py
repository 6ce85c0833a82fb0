"""Forward-only migrations, recorded for each owner: the core's own, and each plugin's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.schema import CreateIndex, CreateTable

from loyalty_core.errors import StoreError
from loyalty_core.schema.own import Migration
from loyalty_core.storage import (
    board_tables,
    calendar_tables,
    config_tables,
    connector_tables,
    grant_tables,
    own_tables,
    partner_tables,
    quarantine_tables,
    segment_tables,
    standing_tables,
    tables,
)
from loyalty_core.storage.sql import kind_of


def _first_tables(connection: Connection) -> None:
    for text in _first_texts(kind_of(connection.dialect)):
        connection.exec_driver_sql(text)


@lru_cache(maxsize=4)
def _first_texts(kind: Any) -> Sequence[str]:
    """What makes all tables but the one of migrations, which is there; written once a process."""
    added = (
        board_tables.score,
        calendar_tables.calendar,
        config_tables.scheduled,
        connector_tables.message,
        grant_tables.grant,
        own_tables.own_table,
        partner_tables.link,
        quarantine_tables.quarantine,
        segment_tables.segment,
        standing_tables.standing,
    )
    for table in added:
        assert table.metadata is tables.metadata  # its import has added its tables
    dialect, texts = kind(), list[str]()
    for table in tables.metadata.sorted_tables:
        if table is not tables.migration:
            indexes = sorted(table.indexes, key=lambda index: str(index.name))
            texts.append(str(CreateTable(table).compile(dialect=dialect)))
            texts += [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
    return texts


CORE: Sequence[Migration] = (Migration("0001_first_tables", _first_tables),)
_LOCK = 0x6C6F79616C7479  # "loyalty"


def migrate(
    connection: Connection, owner: str, steps: Sequence[Migration], now: datetime
) -> list[str]:
    """The names of the steps that were applied now, in order; those applied before are left.

    Raises ``StoreError`` when the database has steps of this owner that this release lacks.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    if not inspect(connection).has_table(tables.migration.name):
        tables.migration.create(connection)
    done = applied(connection, owner)
    unknown = set(done) - {step.name for step in steps}
    if unknown:
        raise StoreError(
            f"the database was migrated by a newer release: {', '.join(sorted(unknown))}",
            where=f"migrations of {owner}",
            remedy="Install that release, or restore the database from before.",
        )
    fresh = [step for step in steps if step.name not in done]
    for step in fresh:
        step.upgrade(connection)
        row = {"owner": owner, "name": step.name, "applied_at": now}
        connection.execute(insert(tables.migration).values(row))
    return [step.name for step in fresh]


def applied(connection: Connection, owner: str) -> list[str]:
    """The names of an owner's steps that the database has, in the order of their names."""
    names = select(tables.migration.c.name).where(tables.migration.c.owner == owner)
    return list(connection.scalars(names.order_by(tables.migration.c.name)))
