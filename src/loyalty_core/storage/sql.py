"""SQL text and conversions, made once for each dialect from the tables.

Statements that matter run as prebuilt text through ``Connection.exec_driver_sql``: SQLAlchemy's
transactions, events and errors stay, what it would do anew for each statement does not. Lists go
in as one parameter, so a text is the same for any number of rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Table

from loyalty_core.storage import tables

Row = dict[str, Any]


class Write(NamedTuple):
    """Rows to insert into a table or to update in it, found again by their primary key."""

    table: Table
    rows: Sequence[Mapping[str, Any]]
    update: bool = False


class Form:
    """How one table's rows are read and written in one dialect."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        kinds = {column.name: column.type.dialect_impl(dialect) for column in table.c}
        self.table = table
        self.names = tuple(kinds)
        self.keys = tuple(column.name for column in table.primary_key)
        self.types = {name: kind.compile(dialect=dialect) for name, kind in kinds.items()}
        writers = {name: kind.bind_processor(dialect) for name, kind in kinds.items()}
        readers = {name: kind.result_processor(dialect, None) for name, kind in kinds.items()}
        self._writers = writers
        self._readers = [(name, read) for name, read in readers.items() if read is not None]

    def row(self, fetched: Sequence[Any]) -> Row:
        """A fetched row by column names, in Python's types."""
        made = dict(zip(self.names, fetched, strict=True))
        for name, read in self._readers:
            made[name] = read(made[name])
        return made

    def values(self, row: Mapping[str, Any], names: Iterable[str]) -> tuple[Any, ...]:
        """The columns of a row as the driver takes them."""
        writers = self._writers
        return tuple(
            row[name] if (write := writers[name]) is None else write(row[name]) for name in names
        )

    def value(self, name: str, value: Any) -> Any:
        """One column's value as the driver takes it."""
        write = self._writers[name]
        return value if write is None else write(value)

    def listed(self, alias: str) -> str:
        """All columns, as they are selected."""
        return ", ".join(f"{alias}.{name}" for name in self.names)


class Sql:
    """The texts of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.forms = {table: Form(table, dialect) for table in tables.metadata.sorted_tables}
        self.postgresql = dialect.name == "postgresql"
        self.mark = "?" if dialect.paramstyle == "qmark" else "%s"

    def form(self, table: Table) -> Form:
        """How rows of the table are read and written."""
        return self.forms[table]

    def any_id(self) -> str:
        """What an id is compared with to be one of a list, given as ``ids``."""
        if self.postgresql:
            return f"= ANY({self.mark}::uuid[])"
        return f"IN (SELECT value FROM json_each({self.mark}))"

    def ids(self, ids: Iterable[str]) -> Any:
        """A list of ids as the parameter of ``any_id``."""
        wanted = sorted(set(ids))
        return wanted if self.postgresql else json.dumps(wanted)

    def as_id(self, name: str) -> str:
        """A text column as an id."""
        return f"{name}::uuid" if self.postgresql else name

    def asked(self, *names: str) -> str:
        """A relation ``asked`` of text columns, given as one parameter made by ``encode``."""
        if self.postgresql:
            columns = ", ".join(f"{name} text" for name in names)
            return f"json_to_recordset({self.mark}::json) AS asked({columns})"
        columns = ", ".join(f"value ->> '{name}' AS {name}" for name in names)
        return f"(SELECT {columns} FROM json_each({self.mark})) AS asked"

    def found(self, table: str, names: Sequence[str]) -> str:
        """The rows ``found`` of a program that match those ``asked`` for, through their index."""
        join = "JOIN" if self.postgresql else "CROSS JOIN"  # SQLite: keeps this order of tables
        same = " AND ".join(f"found.{name} = asked.{name}" for name in names)
        where = f"found.program = {self.mark} AND {same}"
        return f"{self.asked(*names)} {join} {table} AS found ON {where}"

    def write(self, connection: Connection, writes: Iterable[Write]) -> None:
        """Writes rows: on PostgreSQL all in one statement, on SQLite one for each table."""
        due = [one for one in writes if one.rows]
        if self.postgresql and due:
            text = self._together(tuple((one.table, one.update) for one in due))
            connection.exec_driver_sql(text, tuple(encode(one.rows) for one in due))
            return
        for one in due:
            text, names = self._one_by_one(one.table, one.update)
            form = self.forms[one.table]
            connection.exec_driver_sql(text, [form.values(row, names) for row in one.rows])

    @lru_cache(maxsize=256)  # noqa: B019 - as many as there are tables, kept as long as the texts
    def _one_by_one(self, table: Table, update: bool) -> tuple[str, tuple[str, ...]]:
        form = self.forms[table]
        if not update:
            marks = ", ".join(self.mark for _ in form.names)
            return f"INSERT INTO {table} ({', '.join(form.names)}) VALUES ({marks})", form.names
        changed = tuple(name for name in form.names if name not in form.keys)
        values = ", ".join(f"{name} = {self.mark}" for name in changed)
        found = " AND ".join(f"{name} = {self.mark}" for name in form.keys)
        return f"UPDATE {table} SET {values} WHERE {found}", (*changed, *form.keys)

    @lru_cache(maxsize=256)  # noqa: B019 - few combinations of tables occur
    def _together(self, due: tuple[tuple[Table, bool], ...]) -> str:
        parts = (f"w{number} AS ({self._part(*one)})" for number, one in enumerate(due))
        return f"WITH {', '.join(parts)} SELECT 1"

    def _part(self, table: Table, update: bool) -> str:
        form = self.forms[table]
        columns = ", ".join(f"{name} {kind}" for name, kind in form.types.items())
        given = f"json_to_recordset({self.mark}::json) AS given({columns})"
        if not update:
            return (
                f"INSERT INTO {table} ({', '.join(form.names)}) "
                f"SELECT {form.listed('given')} FROM {given}"
            )
        changed = (name for name in form.names if name not in form.keys)
        values = ", ".join(f"{name} = given.{name}" for name in changed)
        found = " AND ".join(f"{table}.{name} = given.{name}" for name in form.keys)
        return f"UPDATE {table} SET {values} FROM {given} WHERE {found}"


@lru_cache(maxsize=16)
def sql_of(dialect: Dialect) -> Sql:
    """The texts of a dialect, made on first use."""
    return Sql(dialect)


def _moment(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is not JSON")
    return value.isoformat()


encode: Callable[[Any], str] = json.JSONEncoder(default=_moment).encode
"""The JSON text of rows; moments are ISO 8601."""
