"""Rows of plugins' own tables: what may be put, and what a fact's decision leaves in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from loyalty_core.application.plain import is_json
from loyalty_core.domain.amounts import LARGEST_AMOUNT
from loyalty_core.domain.clock import is_moment
from loyalty_core.domain.effects import PutRow
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.own_tables import ColumnKind, OwnColumn, OwnRow, OwnRows, TableShape
from loyalty_core.ports.records import FactRecord

LONGEST_TEXT = 10_000
"""How long a text in a column without a length may be."""


class Putting(NamedTuple):
    """The rows a fact brings now; what it brought to plugins that are ``silent`` stays."""

    record: FactRecord
    rows: Sequence[tuple[str, PutRow]] = ()
    silent: frozenset[str] = frozenset()


def row_fault(effect: PutRow, plugin: str, tables: Mapping[str, TableShape]) -> str:
    """What is wrong with a row, in words that follow the plugin's name; empty if nothing.

    Nothing that passes is refused by a database: it would refuse everybody's facts with it.
    """
    shape = tables.get(effect.table)
    if shape is None or shape.plugin != plugin:
        return f"put a row into {effect.table!r}, which is not a table of its own"
    unknown = effect.values.keys() - {one.name for one in shape.columns}
    if unknown:
        return f"put a row with {sorted(unknown)}, which {effect.table!r} does not have"
    for column in shape.columns:
        if not _fits(column, effect.values.get(column.name)):
            put = _told(effect.values.get(column.name))
            return f"put {put} into {effect.table}.{column.name}, which holds a {column.kind}"
    return ""


def _told(value: object) -> str:
    """A value in a message: of a text its length, since it may say who somebody is."""
    if isinstance(value, str):
        return f"a text of {len(value):,} characters"
    return "nothing" if value is None else f"a {type(value).__name__}"


def _fits(column: OwnColumn, value: object) -> bool:
    if value is None:
        return column.nullable
    if column.kind is ColumnKind.WHOLE:
        return type(value) is int and abs(value) < LARGEST_AMOUNT
    if column.kind is ColumnKind.TRUTH:
        return type(value) is bool
    if column.kind is ColumnKind.MOMENT:
        return is_moment(value)
    longest = column.longest or LONGEST_TEXT
    return type(value) is str and len(value) <= longest and is_json({"": value})


def rows_after(
    putting: Sequence[tuple[Putting, MemberId, bool]], tables: Mapping[str, TableShape]
) -> dict[str, OwnRows]:
    """What becomes of each table after facts were decided: who holds each, and whether again."""
    changed: dict[str, OwnRows] = {}
    for one, holder, again in putting:
        for shape in tables.values():
            if shape.plugin in one.silent:
                continue
            rows = list(_rows(one, holder, shape))
            if rows or again:
                into = changed.setdefault(shape.name, OwnRows(shape=shape))
                into.replaced += [(holder, one.record.id)] if again else []
                into.rows += rows
    return changed


def _rows(one: Putting, holder: MemberId, shape: TableShape) -> Iterator[OwnRow]:
    mine = (row for _, row in one.rows if row.table == shape.name)
    for number, row in enumerate(mine):
        yield OwnRow(
            member_id=holder,
            fact_id=one.record.id,
            number=number,
            occurred_at=one.record.occurred_at,
            values=row.values,
        )
