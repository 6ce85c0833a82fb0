"""How a plugin declares tables of its own, and what the core makes sure of before it uses them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)
from sqlalchemy.schema import CreateColumn

from loyalty_core.ports.own_tables import ColumnKind, OwnColumn, TableShape
from loyalty_core.schema.columns import Moment, identifier

LONGEST_NAME = 50
"""How many letters a table's or column's name may have: databases name a key after the table."""
LONGEST_INDEXED = 600
"""How many letters the texts of an index may have: a row of one holds some 2,700 bytes at most."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a plugin's tables: its name, and what it does inside the opening transaction.

    It runs once in each database, together with all other steps that are due: one that raises
    leaves nothing of any, and the program does not open. It must not commit or roll back.
    """

    name: str
    upgrade: Callable[[Connection], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTables:
    """The tables of a plugin as they are now, and every step there ever was, in order.

    A database of any age runs the steps that it lacks, a new one runs them all, and then has to
    have exactly these tables. So a step creates a table as it was then, and a step that was
    released is never changed.
    """

    tables: Sequence[Table]
    migrations: Sequence[Migration]


def own_table(name: str, *items: Column[object] | Index) -> Table:
    """A table of a plugin, ``loyalty_<plugin>_<rows>``, with the columns that the core fills.

    These are ``program``, ``member_id``, ``fact_id``, ``number`` (among the rows of one fact) and
    ``occurred_at`` (the fact's moment). ``items`` are the plugin's columns, and indexes named after
    the table. Columns are ``String``, ``Text``, ``BigInteger``, ``Boolean`` or ``Moment``. Nothing
    but the key is unique, and nothing is computed by the database.
    """
    return Table(
        name,
        MetaData(),
        Column("program", String(63), nullable=False),
        Column("member_id", identifier(), primary_key=True),
        Column("fact_id", identifier(), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("occurred_at", Moment, nullable=False),
        *items,
    )


def add_column(connection: Connection, table: str, column: Column[object]) -> None:
    """Adds a column to a plugin's table: for migrations.

    Rows that are there need a value: the column is nullable, or has a ``server_default``.
    """
    written = CreateColumn(column).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {written}")


OWN = own_table("loyalty_")
"""The columns that every plugin's table has."""


def shape_of(plugin: str, table: Table) -> TableShape:
    """What the core needs to know of a plugin's table.

    Raises ``ValueError`` saying why it is not one that the core could keep.
    """
    prefix = f"loyalty_{plugin}_"
    rest = table.name.removeprefix(prefix)
    if not table.name.startswith(prefix) or not _NAME.fullmatch(rest):
        raise ValueError(f"the table {table.name!r} must be called {prefix}<rows>")
    if len(table.name) > LONGEST_NAME:
        raise ValueError(f"the table {table.name!r} has a name of more than {LONGEST_NAME} letters")
    for column in OWN.c:
        mine = table.c.get(column.name)
        if mine is None or mine.primary_key != column.primary_key:
            raise ValueError(f"the table {table.name!r} was not made by own_table")
    if any(not isinstance(one, PrimaryKeyConstraint) for one in table.constraints):
        raise ValueError(f"the table {table.name!r} has a constraint: one row would stop others")
    for index in table.indexes:
        _refuse_index(table, index)
    own = tuple(_column_of(table, column) for column in table.c if column.name not in OWN.c)
    return TableShape(name=table.name, plugin=plugin, columns=own)


def _refuse_index(table: Table, index: Index) -> None:
    if index.unique or not str(index.name).startswith(f"{table.name}_"):
        raise ValueError(
            f"the index {index.name!r} must not be unique, and be called {table.name}_<what>"
        )
    if not all(isinstance(one, Column) for one in index.expressions):
        raise ValueError(f"the index {index.name!r} must be of columns alone")
    texts = [one.type.length for one in index.columns if isinstance(one.type, String)]
    if None in texts or sum(filter(None, texts)) > LONGEST_INDEXED:
        raise ValueError(
            f"the index {index.name!r} is of texts that may have more than {LONGEST_INDEXED} "
            "letters together, which databases refuse: give their columns a length"
        )


def _column_of(table: Table, column: Column[object]) -> OwnColumn:
    where = f"the column {table.name}.{column.name}"
    if not _NAME.fullmatch(column.name) or len(column.name) > LONGEST_NAME:
        raise ValueError(f"{where} must be named in small letters, {LONGEST_NAME} at most")
    made = (column.default, column.server_default, column.onupdate, column.computed)
    if column.primary_key or any(one is not None for one in made) or column.foreign_keys:
        raise ValueError(f"{where} is a key, or has a default: the core writes every column")
    for kind, types in _KINDS.items():
        if isinstance(column.type, types):
            longest = column.type.length if isinstance(column.type, String) else None
            return OwnColumn(
                name=column.name, kind=kind, nullable=bool(column.nullable), longest=longest
            )
    raise ValueError(f"{where} has the type {column.type!r}, which own tables do not have")


_KINDS = {
    ColumnKind.TEXT: String,
    ColumnKind.TRUTH: Boolean,
    ColumnKind.MOMENT: Moment,
    ColumnKind.WHOLE: BigInteger,
}
