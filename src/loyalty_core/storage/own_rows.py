"""Tables that plugins own: brought up to date with the program, written and moved by the core.

Their names are recorded, so that a member's rows go along with the member whether or not the
plugin is installed still.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    MetaData,
    String,
    Table,
    column,
    delete,
    insert,
    inspect,
    select,
    table,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import TypeEngine

from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import MemberId
from loyalty_core.errors import PluginError, StoreError
from loyalty_core.ports.own_tables import ColumnKind, OwnRow, OwnRows, TableShape
from loyalty_core.ports.program import Owned
from loyalty_core.schema.columns import Moment, identifier
from loyalty_core.schema.own import OWN, OwnTables, shape_of
from loyalty_core.storage import tables
from loyalty_core.storage.engine import collided, lost
from loyalty_core.storage.migrations import migrate
from loyalty_core.storage.outbox import Outbox
from loyalty_core.storage.own_tables import own_table

CHUNK = 500
"""How many facts one statement names: databases bound the parameters of one."""

_TYPES: Mapping[ColumnKind, Any] = {
    ColumnKind.TEXT: String,
    ColumnKind.WHOLE: BigInteger,
    ColumnKind.TRUTH: Boolean,
    ColumnKind.MOMENT: Moment,
}


# -- opening --------------------------------------------------------------------------------------


def prepare_own(connection: Connection, owned: Iterable[Owned[OwnTables]], now: datetime) -> None:
    """Brings the tables of plugins up to date, and records them.

    Raises ``PluginError`` naming the plugin whose step failed, or whose tables are others after
    all its steps. The transaction must be rolled back then, with the steps of all.
    """
    for one in owned:
        try:
            migrate(connection, one.plugin, one.item.migrations, now)
        except StoreError as error:
            raise PluginError(
                f"the tables of the plugin {one.plugin!r} are of a newer release: {error.message}",
                where=error.where,
                remedy="Install that release of the plugin, or switch it off: its rows stay.",
                plugin=one.plugin,
            ) from error
        except Exception as error:
            if isinstance(error, SQLAlchemyError) and (collided(error) or lost(error)):
                raise
            raise _broken(one.plugin, f"raised {type(error).__name__}: {error}") from error
        for each in one.item.tables:
            shape = shape_of(one.plugin, each)
            _refuse_core(shape)
            if fault := _table_fault(connection, shape, each):
                raise _broken(one.plugin, fault)
            _record(connection, shape)


def _broken(plugin: str, what: str) -> PluginError:
    return PluginError(
        f"a migration of the plugin {plugin!r} {what}",
        where=f"migrations of {plugin}",
        remedy="Nothing was changed. Install a release that mends it, or delete its section.",
        plugin=plugin,
    )


def _table_fault(connection: Connection, shape: TableShape, declared: Table) -> str:
    """What is wrong with a table in the database, in words that follow "a migration"."""
    found = inspect(connection)
    if not found.has_table(shape.name):
        return f"left no table {shape.name!r}"
    there = {one["name"]: one for one in found.get_columns(shape.name)}
    if lacking := sorted(declared.c.keys() - there.keys()):
        return f"left {shape.name!r} without the columns {', '.join(lacking)}"
    if surplus := sorted(there.keys() - declared.c.keys()):
        return f"left {shape.name!r} with the columns {', '.join(surplus)}, which it does not have"
    for each in shape.columns:
        if each.nullable and not there[each.name]["nullable"]:
            return f"left {shape.name}.{each.name} without room for nothing, which it may hold"
        kind, wanted = there[each.name]["type"], declared.c[each.name].type
        if not _holds(kind, wanted, connection.dialect):
            told = kind.compile(dialect=connection.dialect)
            return f"left {shape.name}.{each.name} as {told}, which is too small for it"
    key = found.get_pk_constraint(shape.name)["constrained_columns"]
    if key != [one.name for one in OWN.primary_key]:
        return f"left {shape.name!r} with another key than own_table gives"
    constraints: list[object] = [
        *found.get_unique_constraints(shape.name),
        *(one for one in found.get_indexes(shape.name) if one["unique"]),
        *found.get_foreign_keys(shape.name),
        *found.get_check_constraints(shape.name),
    ]
    if constraints:
        return f"left {shape.name!r} with a constraint: one row would stop others"
    return ""


def _holds(kind: TypeEngine[Any], wanted: TypeEngine[Any], dialect: Dialect) -> bool:
    """Whether a column of a type holds all that one of the wanted type does."""
    if isinstance(kind, String) and isinstance(wanted, String):
        if kind.length is None or dialect.name == "sqlite":  # which takes texts of any length
            return True
        return wanted.length is not None and wanted.length <= kind.length
    return kind.compile(dialect=dialect) == wanted.compile(dialect=dialect)


def _refuse_core(shape: TableShape) -> None:
    if shape.name in tables.metadata.tables:
        raise PluginError(
            f"the plugin {shape.plugin!r} has a table {shape.name!r}, as the core has",
            where=f"plugins.{shape.plugin}",
            remedy="Its author has to name it differently.",
            plugin=shape.plugin,
        )


def _record(connection: Connection, shape: TableShape) -> None:
    moments = [OWN.c.occurred_at.name]
    moments += [one.name for one in shape.columns if one.kind is ColumnKind.MOMENT]
    row = {"plugin": shape.plugin, "moments": " ".join(moments)}
    known = select(own_table.c.plugin, own_table.c.moments).where(own_table.c.name == shape.name)
    found = connection.execute(known).mappings().first()
    if found is None:
        connection.execute(insert(own_table).values(name=shape.name, **row))
    elif found["plugin"] != shape.plugin:
        raise PluginError(
            f"the table {shape.name!r} of the plugin {shape.plugin!r} is in the database as one of "
            f"{found['plugin']!r}",
            where=f"plugins.{shape.plugin}",
            remedy="Switch it off: two plugins cannot have the same table.",
            plugin=shape.plugin,
        )
    elif dict(found) != row:
        connection.execute(update(own_table).where(own_table.c.name == shape.name).values(**row))


def _recorded(connection: Connection) -> list[tuple[str, list[str]]]:
    """The tables of all plugins that are there, with their moments; dropped ones are not."""
    rows = connection.execute(select(own_table.c.name, own_table.c.moments)).all()
    there = set(inspect(connection).get_table_names()) if rows else set()
    return [(name, moments.split()) for name, moments in sorted(rows) if name in there]


# -- writing --------------------------------------------------------------------------------------


class OwnTableRows(Outbox):
    """``ports.own_tables.OwnTableWork`` on one SQLAlchemy connection, and what ``save`` writes."""

    def save_own(self, changed: Iterable[OwnRows]) -> None:
        """Writes rows of plugins' tables: for each table those that go, then those that come."""
        for one in changed:
            target = _target(one.shape)
            for start in range(0, len(one.replaced), CHUNK):
                gone = one.replaced[start : start + CHUNK]
                mine = target.c.member_id.in_({member for member, _ in gone})
                facts = target.c.fact_id.in_([fact for _, fact in gone])
                self._connection.execute(delete(target).where(mine, facts))
            self._write(insert(target), [self._own_row(one.shape, row) for row in one.rows])

    def _own_row(self, shape: TableShape, row: OwnRow) -> dict[str, Any]:
        return {
            "program": self._program,
            "member_id": row.member_id,
            "fact_id": row.fact_id,
            "number": row.number,
            "occurred_at": row.occurred_at,
            **{one.name: row.values.get(one.name) for one in shape.columns},
        }

    def move_rows(
        self, source: MemberId, target: MemberId, facts_of: Sequence[MemberId] | None
    ) -> None:
        """Gives rows to another member: all of ``source``, or those of facts of some members."""
        fact = tables.fact
        for mine in self._own_tables():
            moved = update(mine).where(mine.c.member_id == source)
            if facts_of is not None:
                theirs = select(fact.c.id).where(fact.c.member_id.in_(facts_of))
                moved = moved.where(mine.c.fact_id.in_(theirs))
            self._connection.execute(moved.values(member_id=target))

    def forget_rows(self, members: Iterable[MemberId]) -> None:
        """Deletes the rows of these members."""
        gone = list(members)
        for mine in self._own_tables():
            self._connection.execute(delete(mine).where(mine.c.member_id.in_(gone)))

    def _own_tables(self) -> Iterator[TableClause]:
        for name, _ in _recorded(self._connection):
            yield table(name, column("member_id", identifier()), column("fact_id", identifier()))


def _target(shape: TableShape) -> TableClause:
    core = [column(one.name, one.type) for one in OWN.c]
    return table(
        shape.name, *core, *(column(one.name, _TYPES[one.kind]()) for one in shape.columns)
    )


# -- reading --------------------------------------------------------------------------------------


class OwnTableReads:
    """``ports.own_tables.OwnTableReader`` on one SQLAlchemy connection."""

    _connection: Connection

    def own_rows(self, statement: object) -> list[Mapping[str, Json | datetime]]:
        """The rows that a SELECT gives, by column."""
        found = self._connection.execute(cast(Any, statement)).mappings()
        return [dict(row) for row in found]


def own_rows_of(
    connection: Connection, members: Sequence[MemberId]
) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """All rows of these members in tables of plugins, by table; read as the database has them."""
    for name, moments in _recorded(connection):
        typed: list[Column[Any]] = [Column(moment, Moment) for moment in moments]
        typed += [Column(one, identifier(), primary_key=True) for one in ("member_id", "fact_id")]
        found = Table(name, MetaData(), *typed, autoload_with=connection)
        order = found.c.occurred_at, found.c.fact_id, found.c.number
        mine = select(found).where(found.c.member_id.in_(members)).order_by(*order)
        yield name, [dict(row) for row in connection.execute(mine).mappings()]
