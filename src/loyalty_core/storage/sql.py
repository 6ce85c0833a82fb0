"""SQL text and conversions, made once for each dialect from the tables.

Statements that matter are prebuilt text, which a ``Runner`` runs: SQLAlchemy's transactions, events
and errors stay, what it would do anew for each statement does not. Lists go in as one parameter,
so a text is the same for any number of rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from datetime import datetime
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import JSON, Boolean, Dialect, Table
from sqlalchemy.types import TypeEngine

from loyalty_core.schema import columns
from loyalty_core.storage import tables
from loyalty_core.storage.running import Runner

Row = dict[str, Any]


class Write(NamedTuple):
    """Rows to insert into a table or to update in it, found again by their primary key.

    With ``keeps`` those that are not there are inserted, and updates leave these columns alone.
    ``only`` these columns have changed: SQLite writes the others' indexes anew though nothing has.
    Rows are mappings; ``whole`` ones are records that have all columns as attributes.
    """

    table: Table
    rows: Sequence[Any]
    update: bool = False
    keeps: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    whole: bool = False


class Form:
    """How one table's rows are read and written in one dialect."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self.postgresql = dialect.name == "postgresql"
        self.names = tuple(table.c.keys())
        self.columns: Callable[[Any], tuple[Any, ...]] = attrgetter(*self.names)
        self.keys = tuple(column.name for column in table.primary_key)
        self.others = tuple(name for name in self.names if name not in self.keys)
        readers = [self._reader(column.type) for column in table.c]
        self._readers = [(place, read) for place, read in enumerate(readers) if read is not None]

    def _reader(self, kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
        if isinstance(kind, columns.Moment):
            return columns.from_text if self.postgresql else columns.from_microseconds
        if self.postgresql:  # JSON has all others
            return None
        if isinstance(kind, JSON):
            return _json_value
        return bool if isinstance(kind, Boolean) else None

    def values(self, fetched: Sequence[Any], start: int = 0) -> list[Any]:
        """A fetched row in Python's types, in the order of the table's columns.

        They begin at ``start``; what is beyond them is not looked at.
        """
        made = list(fetched[start : start + len(self.names)])
        for place, read in self._readers:
            if made[place] is not None:
                made[place] = read(made[place])
        return made

    def row(self, fetched: Sequence[Any], start: int = 0) -> Row:
        """The same by column names."""
        return dict(zip(self.names, self.values(fetched, start), strict=True))

    def listed(self, alias: str) -> list[str]:
        """All columns, of a table that is called ``alias``."""
        return [f"{alias}.{name}" for name in self.names]


class Marks:
    """A text with a mark for each column of a row, and how a row becomes its parameters."""

    def __init__(self, text: str, table: Table, names: Sequence[str], whole: bool) -> None:
        writers: list[tuple[int, Callable[[Any], Any]]] = []
        for place, name in enumerate(names):
            if isinstance(table.c[name].type, columns.Moment):
                writers.append((place, columns.to_microseconds))
            elif isinstance(table.c[name].type, JSON):
                writers.append((place, _json_text))
        self.text = text
        self._writers = writers
        self._values: Callable[[Any], tuple[Any, ...]]
        self._values = attrgetter(*names) if whole else itemgetter(*names)
        self.parameters = self._written if writers else self._values
        """The columns of a row as SQLite takes them."""

    def _written(self, row: Any) -> tuple[Any, ...]:
        values = list(self._values(row))
        for place, write in self._writers:
            if values[place] is not None:
                values[place] = write(values[place])
        return tuple(values)


class Sql:
    """The texts of one dialect."""

    def __init__(self, dialect: Dialect, *, single: bool = False) -> None:
        """With ``single`` those for lists that have one id at most."""
        self.forms = {table: Form(table, dialect) for table in tables.metadata.sorted_tables}
        self.postgresql = dialect.name == "postgresql"
        self.mark = "?" if dialect.paramstyle == "qmark" else "%s"
        self._single = single
        self._of_one = self if single or self.postgresql else Sql(dialect, single=True)

    def form(self, table: Table) -> Form:
        """How rows of the table are read and written."""
        return self.forms[table]

    def fitting(self, *lists: Sized) -> Sql:
        """The texts for lists of ids as long as these.

        SQLite needs as long to open a list as to find what one id belongs to.
        """
        return self if any(len(one) > 1 for one in lists) else self._of_one

    def any_id(self) -> str:
        """What an id is compared with to be one of a list, given as ``ids``."""
        if self.postgresql:
            return f"= ANY({self.mark}::uuid[])"
        if self._single:
            return f"= {self.mark}"
        return f"IN (SELECT value FROM json_each({self.mark}))"

    def its_own(self) -> str:
        """The condition that rows found by their ids are a program's, which is a mark.

        SQLite would rather walk through all members of the program, by an index on it; the sign
        forbids that.
        """
        return f"{'' if self.postgresql else '+'}program = {self.mark}"

    def ids(self, ids: Iterable[str]) -> Any:
        """A list of ids as the parameter of ``any_id``."""
        wanted = list(ids)
        if self._single:
            return wanted[0] if wanted else None
        return wanted if self.postgresql else encode(wanted)

    def moment(self, moment: datetime) -> Any:
        """A moment as a parameter."""
        return moment if self.postgresql else columns.to_microseconds(moment)

    def read_moment(self, stored: Any) -> datetime:
        """The moment of a fetched column."""
        return columns.from_text(stored) if self.postgresql else columns.from_microseconds(stored)

    def as_moment(self, mark: str) -> str:
        """A parameter as a moment, where nothing else says that it is one."""
        return f"{mark}::timestamptz" if self.postgresql else mark

    def as_id(self, name: str) -> str:
        """A text column as an id."""
        return f"{name}::uuid" if self.postgresql else name

    def row(self, *columns: str, width: int = 0) -> str:
        """What is selected of several columns, of a row that ``rows_of`` reads.

        On PostgreSQL one JSON array: its driver takes its time for each column. SQLite's does not;
        there, all parts of a union are made ``width`` columns wide.
        """
        if self.postgresql:
            return f"json_build_array({', '.join(columns)})::text"
        return ", ".join((*columns, *["NULL"] * (width - len(columns))))

    def rows_of(self, fetched: Iterable[Any]) -> Iterable[Sequence[Any]]:
        """Fetched rows, each as its columns."""
        return (decode(row) for (row,) in fetched) if self.postgresql else fetched

    def asked(self, *names: str) -> str:
        """A relation ``asked`` of text columns, given as one parameter made by ``encode``."""
        if self.postgresql:
            columns = ", ".join(f"{name} text" for name in names)
            return f"json_to_recordset({self.mark}::json) AS asked({columns})"
        columns = ", ".join(f"value ->> '{name}' AS {name}" for name in names)
        return f"(SELECT {columns} FROM json_each({self.mark})) AS asked"

    def found(self, table: str, names: Sequence[str]) -> str:
        """The rows ``found`` of a program that are ``asked`` for by a unique key."""
        same = " AND ".join(f"found.{name} = asked.{name}" for name in names)
        where = f"found.program = {self.mark} AND {same}"
        return f"{self.asked(*names)} {self.each(table, 'found', where, 'LIMIT 1')}"

    def each(self, table: str, name: str, where: str, then: str = "") -> str:
        """A join that looks up, for each row so far, those of a table, in the order so far.

        Both planners walk the table's index, whatever they know of the sizes of tables: a
        prepared plan outlives what it was made on. ``then`` is for PostgreSQL alone.
        """
        if self.postgresql:
            chosen = f"SELECT * FROM {table} AS {name} WHERE {where} {then}"
            return f"CROSS JOIN LATERAL ({chosen}) AS {name}"
        return f"CROSS JOIN {table} AS {name} ON {where}"

    def of_members(self, runner: Runner, table: Table, members: Iterable[str]) -> Iterator[Row]:
        """A table's rows of some members, found by an index that begins with them."""
        form, wanted = self.forms[table], list(members)
        sql = self.fitting(wanted)
        for row in self.rows_of(runner.fetch(sql._of_members(table), (sql.ids(wanted),))):
            yield form.row(row)

    @lru_cache(maxsize=256)  # noqa: B019 - as many as there are tables, kept as long as the texts
    def _of_members(self, table: Table) -> str:
        row = self.row(*self.forms[table].listed(table.name))
        return f"SELECT {row} FROM {table} WHERE member_id {self.any_id()}"

    def write(self, runner: Runner, writes: Iterable[Write]) -> None:
        """Writes rows: on PostgreSQL all in one statement, on SQLite one for each table."""
        due = [one for one in writes if one.rows]
        if self.postgresql and due:
            text = self._together(tuple((one.table, one.update, one.keeps) for one in due))
            runner.run(text, tuple(encode(self._objects(one)) for one in due))
            return
        for one in due:
            marks = self._one_by_one(one.table, one.update, one.keeps, one.only, one.whole)
            given = list(map(marks.parameters, one.rows))
            if len(given) == 1:
                runner.run(marks.text, given[0])
            else:
                runner.run_each(marks.text, given)

    def _objects(self, one: Write) -> Sequence[Any]:
        """The rows as they are written in JSON."""
        if not one.whole:
            return one.rows
        form = self.forms[one.table]
        return [dict(zip(form.names, form.columns(row), strict=True)) for row in one.rows]

    @lru_cache(maxsize=256)  # noqa: B019 - as many as there are tables, kept as long as the texts
    def _one_by_one(
        self, table: Table, update: bool, keeps: tuple[str, ...], only: tuple[str, ...], whole: bool
    ) -> Marks:
        form = self.forms[table]
        names, marks = ", ".join(form.names), ", ".join(self.mark for _ in form.names)
        insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        if not update or keeps:
            text = self._upsert(form, insert, keeps) if keeps else insert
            return Marks(text, table, form.names, whole)
        changed = only or form.others
        values = ", ".join(f"{name} = {self.mark}" for name in changed)
        found = " AND ".join(f"{name} = {self.mark}" for name in form.keys)
        text = f"UPDATE {table} SET {values} WHERE {found}"
        return Marks(text, table, (*changed, *form.keys), whole)

    @lru_cache(maxsize=256)  # noqa: B019 - few combinations of tables occur
    def _together(self, due: tuple[tuple[Table, bool, tuple[str, ...]], ...]) -> str:
        parts = (f"w{number} AS ({self._part(*one)})" for number, one in enumerate(due))
        return f"WITH {', '.join(parts)} SELECT 1"

    def _part(self, table: Table, update: bool, keeps: tuple[str, ...]) -> str:
        # all columns in the table's own order: psycopg reads a text of 4 kB anew at each call
        given = f"json_populate_recordset(NULL::{table}, {self.mark}::json)"
        insert = f"INSERT INTO {table} SELECT * FROM {given}"
        if not update:
            return insert
        # where the rows exist; said like this, they are found through their index in any plan
        return self._upsert(self.forms[table], insert, keeps)

    def _upsert(self, form: Form, insert: str, keeps: tuple[str, ...]) -> str:
        values = [f"{name} = excluded.{name}" for name in form.others if name not in keeps]
        return f"{insert} ON CONFLICT ({', '.join(form.keys)}) DO UPDATE SET {', '.join(values)}"


def kind_of(dialect: Dialect) -> Any:
    """The class of a dialect, for texts that are written once: each engine has its own dialect."""
    return type(dialect)


def sql_of(dialect: Dialect) -> Sql:
    """The texts of a kind of dialect, made on first use."""
    return _sql_of(kind_of(dialect), dialect.paramstyle)


@lru_cache(maxsize=16)
def _sql_of(kind: Any, paramstyle: str) -> Sql:
    return Sql(kind(paramstyle=paramstyle))


def _moment(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is not JSON")
    return value.isoformat()


def _json_text(value: Any) -> str:
    """The JSON text of a column: many hold nothing, and an encoder takes its time for that, too."""
    return encode(value) if value else "[]" if isinstance(value, list | tuple) else "{}"


def _json_value(text: str) -> Any:
    """What the JSON text of a column says; a fresh one, as whoever reads it may change it."""
    return {} if text == "{}" else [] if text == "[]" else decode(text)


def decode(text: str) -> Any:
    """What the JSON text says that a database wrote: it has no blanks around it."""
    return _decoder.raw_decode(text)[0]


_decoder = json.JSONDecoder()


def _encoder() -> Callable[[Any], str]:
    """What writes JSON text; made once, where ``json`` makes its own at each call."""
    made: Any = getattr(json.encoder, "c_make_encoder", None)
    if made is None:  # an interpreter without it has its own ways
        return json.JSONEncoder(default=_moment, separators=(",", ":")).encode
    quote = json.encoder.encode_basestring_ascii
    parts = made(None, _moment, quote, None, ":", ",", False, False, False)
    return lambda value: "".join(parts(value, 0))


encode: Callable[[Any], str] = _encoder()
"""The JSON text of rows; moments are ISO 8601."""
