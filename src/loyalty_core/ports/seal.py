"""What sealing the books needs of a store, and the records that pass between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from loyalty_core.domain.seal import HASH_BYTES, Block, Fields, row_hash


class SealedBlock(NamedTuple):
    """A block as stored, with the head that is stored with it."""

    block: Block
    head: str


@dataclass(frozen=True, slots=True)
class SealedRow:
    """Where a transaction was sealed, and the hashes of its row and of its entries then."""

    transaction_id: str
    block: int
    position: int
    hashes: bytes

    @property
    def rows(self) -> list[bytes]:
        """The hashes one by one: the transaction's, then its entries'."""
        starts = range(0, len(self.hashes), HASH_BYTES)
        return [self.hashes[start : start + HASH_BYTES] for start in starts]


@dataclass(slots=True)
class Contents:
    """The rows of one transaction as they stand in the books: it, and its entries by position.

    ``transaction`` is None when its row is gone.
    """

    transaction: Fields | None = None
    entries: dict[int, Fields] = field(default_factory=dict)

    @property
    def hashes(self) -> list[bytes]:
        """The hashes of the rows there are, in their order."""
        found = [self.transaction] if self.transaction is not None else []
        return [row_hash(one) for one in (*found, *self.ordered)]

    @property
    def ordered(self) -> list[Fields]:
        """The entries in the order of their positions."""
        return [self.entries[position] for position in sorted(self.entries)]


class SealReader(Protocol):
    """Questions to the seal and to the rows below it."""

    def last_block(self) -> SealedBlock | None:
        """The latest block."""
        ...

    def blocks(self, after: int, limit: int) -> list[SealedBlock]:
        """Blocks with numbers above ``after``, in their order."""
        ...

    def unknown_blocks(self, limit: int) -> list[int]:
        """The numbers of blocks that sealed transactions name and that are not there."""
        ...

    def unsealed(self, after: str, limit: int) -> dict[str, Contents]:
        """Booked transactions with ids above ``after`` that no block has, in the order of ids."""
        ...

    def unsealed_ids(self, up_to: str, limit: int) -> list[str]:
        """The ids up to ``up_to`` of booked transactions that no block has."""
        ...

    def sealed(self, first: int, last: int) -> list[SealedRow]:
        """The transactions of blocks ``first`` to ``last``, in their order."""
        ...

    def sealed_row(self, transaction_id: str) -> SealedRow | None:
        """Where one transaction was sealed."""
        ...

    def contents(self, ids: Collection[str]) -> Mapping[str, Contents]:
        """The rows of these transactions as they stand in the books, whosever they are."""
        ...


class SealWriter(Protocol):
    """Writing the seal."""

    def append_block(self, block: Block, rows: Sequence[SealedRow]) -> bool:
        """Whether the block was written: False if its number is taken by another one by now."""
        ...
