"""Runs the migrations of a plugin's own tables, from each release that there may have been."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, MetaData, Table, func, insert, select

from loyalty_core.schema.columns import EPOCH
from loyalty_core.schema.own import Migration, OwnTables
from loyalty_core.storage.engine import open_engine
from loyalty_core.testing.quality.copies import copies


def migration_faults(plugin: str, own: OwnTables, url: str) -> Iterator[str]:
    """What is wrong with the steps: run on a new database, and on one with rows of each release.

    In SQLite files, or in databases of the PostgreSQL server that the URL names.
    """
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        copies(url, Path(folder)) as empty,
    ):
        for done in range(len(own.migrations) + 1):
            empty.copy()
            engine = open_engine(empty.url)
            try:
                with engine.connect() as connection:
                    yield from _faults(connection, plugin, own, done)
            finally:
                engine.dispose()


def _faults(connection: Connection, plugin: str, own: OwnTables, done: int) -> Iterator[str]:
    """What is wrong with the steps after so many that were done, which have left rows."""
    prefix = f"loyalty_{plugin}_"
    if _run(connection, own.migrations[:done]):
        return  # it is a fault of those steps, and was found from the beginning
    counts = _planted(connection, prefix)
    fault = _run(connection, own.migrations[done:])
    yield from [fault] if fault else _lost(connection, own, prefix, counts)


def _run(connection: Connection, steps: Sequence[Migration]) -> str:
    """Runs steps; the first failure in words, empty if there is none."""
    for step in steps:
        try:
            step.upgrade(connection)
        except Exception as error:  # noqa: BLE001 - whatever a step does is a fault of it
            return f"{step.name} raises {type(error).__name__}: {error}".splitlines()[0]
    return ""


def _there(connection: Connection, prefix: str) -> dict[str, Table]:
    found = MetaData()
    found.reflect(connection)
    return {name: table for name, table in found.tables.items() if name.startswith(prefix)}


def _planted(connection: Connection, prefix: str) -> dict[str, int]:
    """The tables that are there by now, with a row in each."""
    tables = _there(connection, prefix)
    for table in tables.values():
        connection.execute(insert(table).values({one.name: _value(one) for one in table.c}))
    return dict.fromkeys(tables, 1)


_VALUES: dict[type, object] = {bool: True, int: 1, datetime: EPOCH, UUID: UUID(int=1)}


def _value(column: Any) -> object:
    return _VALUES.get(column.type.python_type, "a")


def _lost(
    connection: Connection, own: OwnTables, prefix: str, counts: dict[str, int]
) -> Iterator[str]:
    """Where the tables are not those declared, or rows are gone."""
    there, declared = _there(connection, prefix), {table.name: table for table in own.tables}
    for name in sorted(there.keys() ^ declared.keys()):
        yield f"{name} is {'there, and not declared' if name in there else 'declared, not there'}"
    for name in sorted(there.keys() & declared.keys()):
        found, wanted = set(there[name].c.keys()), set(declared[name].c.keys())
        if found != wanted:
            yield f"{name} has other columns than declared: {', '.join(sorted(found ^ wanted))}"
        kept = connection.execute(select(func.count()).select_from(there[name])).scalar_one()
        if kept < counts.get(name, 0):
            yield f"{name} loses its rows"
