"""Sealing what has been booked, and proving that it was; never in the way of a write.

A block is made in two steps: a read that finds unsealed transactions and hashes them, and a short
write that adds it under the next number. Nothing of that waits for a command or is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import NamedTuple, NoReturn

from loyalty_core.application.ids import earlier, is_id, new_id
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Json
from loyalty_core.domain.receipts import SealReport
from loyalty_core.domain.seal import (
    NOTHING,
    Block,
    check_proof,
    leaf_hash,
    make_proof,
    merkle_path,
    merkle_root,
)
from loyalty_core.errors import NotSealed, ProofInvalid, SealBroken, StoreBusy, TransactionNotFound
from loyalty_core.ports.seal import Contents, SealedBlock, SealedRow
from loyalty_core.ports.store import Reader, Store, UnitOfWork

TRANSACTIONS_A_BLOCK = 1000
BLOCKS_A_PAGE = 1000
OVERLAP = timedelta(days=1)
"""How long after its id was made a transaction may commit and still be found by every run.

Ids are made before the commit, so one may come to be seen after later ids were sealed. Each run
looks again at the ids of this time before the last block.
"""
LOWEST_ID = "00000000-0000-0000-0000-000000000000"


class _Made(NamedTuple):
    """A block that is not written yet, and its rows."""

    block: Block
    rows: list[SealedRow]


class Sealing:
    """The seal of one program's books."""

    def __init__(self, store: Store, program: str, clock: Clock) -> None:
        self._store = store
        self._program = program
        self._clock = clock

    def seal(self, late: bool, progress: Callable[[int], None] | None) -> SealReport:
        """Seals all that is booked and unsealed, a block at a time; ``late`` looks at every id."""
        blocks = transactions = taken = 0
        after = LOWEST_ID if late else self._store.read(_start)
        while made := self._store.read(partial(self._next, after=after)):
            if self._store.write(partial(_append, made=made)):
                after = made.rows[-1].transaction_id
                blocks += 1
                transactions += made.block.count
                if progress:
                    progress(transactions)
            elif made.block.number == taken:  # who took it is still not to be seen
                raise StoreBusy("another process is sealing these books", where="seal")
            else:
                taken = made.block.number
        return SealReport(blocks=blocks, transactions=transactions)

    def _next(self, reader: Reader, *, after: str) -> _Made | None:
        """The block that comes next, if anything is left to seal."""
        found = reader.unsealed(after, TRANSACTIONS_A_BLOCK)
        if not found:
            return None
        last = reader.last_block()
        number = last.block.number + 1 if last else 1
        hashes = {made: contents.hashes for made, contents in found.items()}
        rows = [
            SealedRow(made, number, position, b"".join(parts))
            for position, (made, parts) in enumerate(hashes.items())
        ]
        through = min(rows[-1].transaction_id, new_id())  # a clock ahead must not hide the present
        block = Block(
            program=self._program,
            number=number,
            previous=last.head if last else NOTHING,
            root=merkle_root([leaf_hash(parts) for parts in hashes.values()]).hex(),
            count=len(rows),
            sealed_at=self._clock(),
            through=max(through, last.block.through) if last else through,
        )
        return _Made(block, rows)

    def head(self) -> Block | None:
        """The latest block; its head stands for all that is sealed."""
        last = self._store.read(lambda reader: reader.last_block())
        return last.block if last else None

    def proof(self, transaction_id: str) -> Mapping[str, Json]:
        """The document that proves a transaction was sealed under the latest head."""

        def look(reader: Reader) -> Mapping[str, Json]:
            place = reader.sealed_row(transaction_id) if is_id(transaction_id) else None
            if place is None:
                _refuse_unsealed(reader, transaction_id)
            return _proof(reader, place)

        return self._store.read(look)


def _refuse_unsealed(reader: Reader, transaction_id: str) -> NoReturn:
    if not is_id(transaction_id) or reader.transaction(transaction_id) is None:
        raise TransactionNotFound(
            f"there is no transaction {transaction_id!r}", transaction_id=transaction_id
        )
    raise NotSealed(
        f"the transaction {transaction_id} is not sealed yet", transaction_id=transaction_id
    )


def _append(uow: UnitOfWork, *, made: _Made) -> bool:
    return uow.append_block(made.block, made.rows)


def _start(reader: Reader) -> str:
    """The id after which a run looks for unsealed transactions."""
    last = reader.last_block()
    return earlier(last.block.through, OVERLAP) if last else LOWEST_ID


def _proof(reader: Reader, place: SealedRow) -> Mapping[str, Json]:
    mates = reader.sealed(place.block, place.block)
    leaves = [leaf_hash(row.rows) for row in mates]
    own = [row.transaction_id for row in mates].index(place.transaction_id)
    contents: Contents = reader.contents([place.transaction_id])[place.transaction_id]
    block, *later = (stored.block for stored in _blocks_from(reader, place.block))
    made = contents.transaction or {}
    proof = make_proof(made, contents.ordered, merkle_path(leaves, own), own, block, later)
    try:
        check_proof(proof)
    except ProofInvalid as invalid:
        raise SealBroken(
            f"the transaction {place.transaction_id} is not as it was sealed: {invalid.message}",
            where=invalid.where,
            remedy="Run `loyalty verify`: it names each row that was changed.",
        ) from None
    return proof


def _blocks_from(reader: Reader, number: int) -> list[SealedBlock]:
    """All blocks from this number on."""
    found: list[SealedBlock] = []
    while page := reader.blocks(found[-1].block.number if found else number - 1, BLOCKS_A_PAGE):
        found += page
    return found
