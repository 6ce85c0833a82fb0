"""Verifying the books: their invariants, and every sealed row against the seal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice

from loyalty_core.application.ids import earlier
from loyalty_core.application.seal import BLOCKS_A_PAGE, OVERLAP
from loyalty_core.domain.receipts import VerifyReport
from loyalty_core.domain.seal import NOTHING, leaf_hash, merkle_root, row_hash
from loyalty_core.errors import BooksTooLarge, LedgerFault, Problem, SealBroken
from loyalty_core.ports.seal import Contents, SealedBlock, SealedRow
from loyalty_core.ports.store import Reader, Store

TRANSACTIONS_AT_ONCE = 2000
MOST = 1000
"""How many faults of the seal are listed."""

REMEDY = "Restore it from a backup; what is booked is corrected by new transactions only."
REBUILD = "Run `loyalty verify --rebuild`."
LATE = "See `loyalty explain`. If it is right, seal it with `loyalty seal --late`."


def verify(
    store: Store, head: str | None, most: int | None, progress: Callable[[int], None] | None
) -> VerifyReport:
    """What is wrong with the books; ``head`` is one that was published, to be found in them.

    Raises ``BooksTooLarge`` if the database has more than ``most`` transactions, before reading.
    """

    def look(reader: Reader) -> VerifyReport:
        if most is not None and reader.transactions(most + 1) > most:
            raise BooksTooLarge(f"the database has more than {most:,} transactions")
        counts, faults = reader.checks()
        invariants = [Problem(where, what, code=LedgerFault.code) for where, what in faults]
        audit = Audit(reader, progress)
        audit.run()
        if head is not None:
            audit.expect(head.strip().lower())
        for ladder, counted, scores in reader.miscounted():
            where = f"board {ladder.board} {ladder.period}".rstrip()
            what = f"{counted} scores are counted, there are {scores}"
            invariants.append(Problem(where, what, REBUILD, code=LedgerFault.code))
        return VerifyReport(
            transactions=counts["transaction"],
            entries=counts["entry"],
            lots=counts["lot"],
            wallets=counts["wallet"],
            blocks=len(audit.heads),
            sealed=audit.sealed,
            head=audit.heads[-1] if audit.heads else None,
            problems=(*invariants, *audit.problems),
        )

    return store.read(look)


@dataclass(slots=True)
class Audit:
    """One walk along the chain of blocks that compares every sealed row with the books.

    ``heads`` are the blocks' heads as they are computed from what is there.
    """

    reader: Reader
    progress: Callable[[int], None] | None = None
    heads: list[str] = field(default_factory=list)
    sealed: int = 0
    problems: list[Problem] = field(default_factory=list)
    _last: SealedBlock | None = None
    _gone: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Finds everything that is not as it was sealed."""
        for blocks in self._portions():
            rows = self._rows(blocks)
            sealed = [row.transaction_id for some in rows.values() for row in some]
            contents = self.reader.contents(sealed)
            for stored in blocks:
                self._link(stored)
                self._block(stored, rows.get(stored.block.number, []), contents)
            self.sealed += len(sealed)
            if self.progress:
                self.progress(self.sealed)
        for number in self.reader.unknown_blocks(MOST):
            if number not in self._gone:
                self._fault(f"block {number}", "is gone, though transactions are sealed in it")
        if self._last is not None:
            looked_at = earlier(self._last.block.through, OVERLAP)
            for late in self.reader.unsealed_ids(looked_at, MOST):
                self._fault(late, "came into the books behind the seal", LATE)

    def expect(self, head: str) -> None:
        """Finds whether a head that was published is one of the chain's."""
        if head not in self.heads:
            text = "is no head of these books: what it stood for was rewritten or removed"
            self._fault(f"head {head}", text)

    def _portions(self) -> Iterator[list[SealedBlock]]:
        """The blocks in their order, so many at once that their transactions fit into memory."""
        after, portion, size = -1, [], 0
        while page := self.reader.blocks(after, BLOCKS_A_PAGE):
            after = page[-1].block.number
            for stored in page:
                portion.append(stored)
                size += stored.block.count
                if size >= TRANSACTIONS_AT_ONCE:
                    yield portion
                    portion, size = [], 0
        if portion:
            yield portion

    def _rows(self, blocks: Sequence[SealedBlock]) -> dict[int, list[SealedRow]]:
        found = self.reader.sealed(blocks[0].block.number, blocks[-1].block.number)
        return {number: list(some) for number, some in groupby(found, key=lambda row: row.block)}

    # -- blocks -------------------------------------------------------------------------------

    def _link(self, stored: SealedBlock) -> None:
        """Finds whether a block is what it was, and follows the one before it."""
        block, last = stored.block, self._last
        number = last.block.number + 1 if last else 1
        if block.number > number:
            gone = range(number, block.number)
            self._gone.update(islice(gone, MOST))
            which = f"block {number}" if len(gone) == 1 else f"blocks {number} to {gone[-1]}"
            self._fault(which, "is gone" if len(gone) == 1 else "are gone")
        heads = {last.block.head, last.head} if last else {NOTHING}
        if block.head != stored.head:
            self._fault(f"block {block.number}", "was altered: its head is not that of its content")
        elif block.number == number and block.previous not in heads:
            text = f"does not follow block {number - 1}: the chain is broken"
            self._fault(f"block {block.number}", text)
        self.heads.append(block.head)
        self._last = stored

    def _block(
        self, stored: SealedBlock, rows: list[SealedRow], contents: Mapping[str, Contents]
    ) -> None:
        block, name = stored.block, f"block {stored.block.number}"
        if block.head == stored.head:  # then it says truly what was sealed in it
            added = [row for row in rows if not 0 <= row.position < block.count]
            for row in added:
                self._fault(row.transaction_id, f"was added to {name} after it was sealed")
            rows = [row for row in rows if row not in added]
            if len(rows) < block.count:
                self._lost(block.count, name, rows)
            elif not _makes(block.root, [row.rows for row in rows]):
                if _makes(block.root, [contents[row.transaction_id].hashes for row in rows]):
                    self._misread(rows, contents)
                    return
                self._fault(name, "its transactions are not those it sealed, or in another order")
        for row in rows:
            self._compare(row, contents[row.transaction_id])

    def _lost(self, count: int, name: str, rows: list[SealedRow]) -> None:
        places = {row.position for row in rows}
        lost = (position for position in range(count) if position not in places)
        for position in islice(lost, MOST):
            self._fault(f"{name} position {position}", "is gone from the seal")

    def _misread(self, rows: list[SealedRow], contents: Mapping[str, Contents]) -> None:
        """The books make the block's root and the seal's own rows do not: those were altered."""
        for row in rows:
            if row.rows != contents[row.transaction_id].hashes:
                self._fault(row.transaction_id, "is right, but its row in the seal was altered")

    # -- transactions -------------------------------------------------------------------------

    def _compare(self, row: SealedRow, contents: Contents) -> None:
        if contents.transaction is None:
            self._fault(row.transaction_id, f"is gone: it was sealed in block {row.block}")
            return
        made, *lines = row.rows or [b""]
        if row_hash(contents.transaction) != made:
            self._fault(row.transaction_id, f"was altered after block {row.block} sealed it")
        for position, line in enumerate(lines):
            entry = contents.entries.get(position)
            if entry is None:
                self._fault(f"{row.transaction_id} entry {position}", "is gone")
            elif row_hash(entry) != line:
                self._fault(f"{row.transaction_id} entry {position}", "was altered")
        for position in contents.entries:
            if not 0 <= position < len(lines):
                self._fault(f"{row.transaction_id} entry {position}", "was added")

    def _fault(self, where: str, what: str, remedy: str = REMEDY) -> None:
        if len(self.problems) < MOST:
            self.problems.append(Problem(where, what, remedy, code=SealBroken.code))


def _makes(root: str, hashes: Sequence[Sequence[bytes]]) -> bool:
    """Whether these transactions, by the hashes of their rows, make the root."""
    return merkle_root([leaf_hash(rows) for rows in hashes]).hex() == root
