"""The seal's rows: blocks, and where each transaction was sealed. Both are only ever added to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, exists, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from loyalty_core.domain.seal import ENTRY_FIELDS, TRANSACTION_FIELDS, Block, plain
from loyalty_core.ports.seal import Contents, SealedBlock, SealedRow
from loyalty_core.storage import tables

IDS_A_QUERY = 1000

_block, _sealed, _made = tables.block, tables.sealed, tables.transaction
_BLOCK_NAMES = ("program", "number", "previous", "root", "count", "sealed_at", "through")
_ROW_NAMES = ("transaction_id", "block", "position", "hashes")
_contents_of = select(*(_made.c[name] for name in TRANSACTION_FIELDS))
_entries_of = select(*(tables.entry.c[name] for name in ENTRY_FIELDS))


class SealRows:
    """``ports.seal.SealReader`` on one connection: a part of the reader."""

    _connection: Connection
    _program: str

    def last_block(self) -> SealedBlock | None:
        """The latest block."""
        latest = self._blocks().order_by(_block.c.number.desc()).limit(1)
        row = self._connection.execute(latest).mappings().first()
        return _stored(row) if row else None

    def blocks(self, after: int, limit: int) -> list[SealedBlock]:
        """Blocks with numbers above ``after``, in their order."""
        chosen = self._blocks().where(_block.c.number > after)
        ordered = chosen.order_by(_block.c.number).limit(limit)
        return [_stored(row) for row in self._connection.execute(ordered).mappings()]

    def _blocks(self) -> Select[Any]:
        return select(_block).where(_block.c.program == self._program)

    def unknown_blocks(self, limit: int) -> list[int]:
        """The numbers of blocks that sealed transactions name and that are not there."""
        known = exists().where(
            _block.c.program == _sealed.c.program, _block.c.number == _sealed.c.block
        )
        unknown = select(_sealed.c.block).where(_sealed.c.program == self._program, ~known)
        ordered = unknown.distinct().order_by(_sealed.c.block).limit(limit)
        return list(self._connection.scalars(ordered))

    def unsealed(self, after: str, limit: int) -> dict[str, Contents]:
        """Booked transactions with ids above ``after`` that no block has, in the order of ids."""
        chosen = self._unsealed(_contents_of).where(_made.c.id > after)
        return self._contents_by(chosen.order_by(_made.c.id).limit(limit))

    def unsealed_ids(self, up_to: str, limit: int) -> list[str]:
        """The ids up to ``up_to`` of booked transactions that no block has."""
        chosen = self._unsealed(select(_made.c.id)).where(_made.c.id <= up_to)
        return list(self._connection.scalars(chosen.order_by(_made.c.id).limit(limit)))

    def _unsealed(self, chosen: Select[Any]) -> Select[Any]:
        member = tables.member
        taken = exists().where(
            _sealed.c.program == self._program, _sealed.c.transaction_id == _made.c.id
        )
        whose = select(member.c.program).where(member.c.id == _made.c.member_id)
        ours = whose.scalar_subquery() == self._program  # a join: SQLite would walk all members
        return chosen.where(~taken, ours)

    def sealed(self, first: int, last: int) -> list[SealedRow]:
        """The transactions of blocks ``first`` to ``last``, in their order."""
        chosen = self._rows_sealed().where(_sealed.c.block.between(first, last))
        ordered = chosen.order_by(_sealed.c.block, _sealed.c.position)
        return [SealedRow(*row) for row in self._connection.execute(ordered)]

    def sealed_row(self, transaction_id: str) -> SealedRow | None:
        """Where one transaction was sealed."""
        chosen = self._rows_sealed().where(_sealed.c.transaction_id == transaction_id)
        row = self._connection.execute(chosen).first()
        return SealedRow(*row) if row else None

    def _rows_sealed(self) -> Select[Any]:
        names = (_sealed.c[name] for name in _ROW_NAMES)
        return select(*names).where(_sealed.c.program == self._program)

    def contents(self, ids: Collection[str]) -> Mapping[str, Contents]:
        """The rows of these transactions as they stand in the books, whosever they are."""
        found: dict[str, Contents] = {}
        for some in _portions(ids):
            found |= {one: Contents() for one in some}
            found |= self._contents_by(_contents_of.where(_made.c.id.in_(some)))
        return found

    def _contents_by(self, chosen: Select[Any]) -> dict[str, Contents]:
        found: dict[str, Contents] = {}
        for row in self._connection.execute(chosen):
            made = plain(TRANSACTION_FIELDS, row)
            found[row[0]] = Contents(made)
        for some in _portions(found):
            lines = _entries_of.where(tables.entry.c.transaction_id.in_(some))
            for transaction_id, position, *rest in self._connection.execute(lines):
                entry = plain(ENTRY_FIELDS, (transaction_id, position, *rest))
                found[transaction_id].entries[position] = entry
        return found


class SealWrites:
    """``ports.seal.SealWriter`` on one connection: a part of the unit of work."""

    _connection: Connection
    _program: str

    def append_block(self, block: Block, rows: Sequence[SealedRow]) -> bool:
        """Whether the block was written: False if its number is taken by another one by now.

        The number is the lock: of two processes that made the same one, the second waits for the
        first and then finds it taken.
        """
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        values = {name: getattr(block, name) for name in _BLOCK_NAMES} | {"head": block.head}
        first: Any = dialect.insert(_block).values(values).on_conflict_do_nothing()
        if self._connection.scalar(first.returning(_block.c.number)) is None:
            return False
        sealed = [
            {"program": self._program} | {name: getattr(row, name) for name in _ROW_NAMES}
            for row in rows
        ]
        self._connection.execute(insert(_sealed), sealed)
        return True


def _stored(row: Mapping[Any, Any]) -> SealedBlock:
    return SealedBlock(Block(**{name: row[name] for name in _BLOCK_NAMES}), row["head"])


def _portions(ids: Collection[str]) -> Iterator[list[str]]:
    left = iter(ids)
    while some := list(islice(left, IDS_A_QUERY)):
        yield some
