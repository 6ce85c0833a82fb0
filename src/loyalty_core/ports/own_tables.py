"""What the application and the store know of the tables that plugins own: shapes and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from loyalty_core.domain.facts import FactId, Json, Scalar
from loyalty_core.domain.members import MemberId


class ColumnKind(StrEnum):
    """What a column of a plugin's table holds; a ``moment`` is in UTC."""

    TEXT = "text"
    WHOLE = "whole"
    TRUTH = "truth"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnColumn:
    """One column of a plugin's table; ``longest`` is how many characters a text may have."""

    name: str
    kind: ColumnKind
    nullable: bool
    longest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A plugin's table, with the columns that the plugin fills."""

    name: str
    plugin: str
    columns: tuple[OwnColumn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRow:
    """One row that a fact brings; ``member_id`` is who holds the fact's points."""

    member_id: MemberId
    fact_id: FactId
    number: int
    occurred_at: datetime
    values: Mapping[str, Scalar | datetime]


@dataclass(slots=True, kw_only=True)
class OwnRows:
    """What becomes of one table: rows of facts that go, then rows that come."""

    shape: TableShape
    replaced: list[tuple[MemberId, FactId]] = field(default_factory=list)
    rows: list[OwnRow] = field(default_factory=list)


class OwnTableWork(Protocol):
    """The part of a unit of work that lets rows of plugins' tables go with their member.

    Tables of plugins that are off, or not installed any more, are among them.
    """

    def move_rows(
        self, source: MemberId, target: MemberId, facts_of: Sequence[MemberId] | None
    ) -> None:
        """Gives rows to another member: all of ``source``, or those of facts of some members."""
        ...

    def forget_rows(self, members: Iterable[MemberId]) -> None:
        """Deletes the rows of these members."""
        ...


class OwnTableReader(Protocol):
    """The part of a reader that answers from plugins' tables."""

    def own_rows(self, statement: object) -> list[Mapping[str, Json | datetime]]:
        """The rows that a SELECT gives, by column."""
        ...
