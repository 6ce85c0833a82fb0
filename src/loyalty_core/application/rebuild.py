"""Caches computed again from the entries, and written where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from itertools import groupby

from loyalty_core.application.books import Books
from loyalty_core.application.rules import Rules
from loyalty_core.application.scoring import keep_scores
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.receipts import Difference, RebuildReport
from loyalty_core.errors import StoreBusy
from loyalty_core.ports.boards import ScoreRecord
from loyalty_core.ports.rebuild import WrongCache
from loyalty_core.ports.store import Store, UnitOfWork

MOST_A_ROUND = 100_000
MEMBERS_A_CHUNK = 500
ROUNDS = 100
LISTED = 1000


class Rebuilding:
    """Rebuilds the caches of one program.

    A round compares everything in one consistent view, then mends chunk by chunk under the
    members' locks. A posting changes a cache and its entries alike, so a cache that is still as it
    was found is still wrong by as much; one that has moved is left for the next round.
    """

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def rebuild(self, progress: Callable[[int], None] | None) -> RebuildReport:
        """Every cache right again; the report says which were not."""
        found: dict[tuple[str, str], Difference] = {}
        for item, stored, right in self._store.write(lambda uow: uow.mend_stock()):
            where = f"stock of {item}"
            found[where, "claimed"] = Difference(
                where=where, column="claimed", stored=stored, recomputed=right
            )
        now = self._clock()
        for told in self._scores(now):
            found[told.where, told.column] = told
        for _ in range(ROUNDS):
            wrong = self._store.read(lambda reader: reader.wrong_caches(now, MOST_A_ROUND))
            if not wrong:
                listed = tuple(found.values())[:LISTED]
                return RebuildReport(rebuilt=len(found), differences=listed)
            for chunk in _chunks(wrong):
                self._store.write(partial(_mend, wrong=chunk))
                for one in chunk:
                    told = Difference(
                        where=one.where, column=one.column, stored=one.stored, recomputed=one.right
                    )
                    found.setdefault((one.where, one.column), told)
                if progress:
                    progress(len(found))
        raise StoreBusy("caches kept changing while they were rebuilt", where="rebuild")

    def _scores(self, now: datetime) -> Iterator[Difference]:
        """Every score as it follows from its member's state, and all counts of them anew."""
        if not self._rules.boards:
            return
        after = ""

        def mend(uow: UnitOfWork) -> tuple[str, list[ScoreRecord]]:
            members = uow.lock_members(uow.members_after(after, MEMBERS_A_CHUNK))
            books = Books(uow, self._rules, now)
            changed = keep_scores(books, members.values())
            books.flush()
            return max(members, default=""), changed

        while True:
            after, changed = self._store.write(mend)
            for one in changed:
                yield Difference(
                    where=f"board {one.board} {one.period} of {one.member_id}",
                    column="amount",
                    stored=-one.before.minus if one.before else None,
                    recomputed=one.amount or 0,
                )
            if not after:
                break
        wrong = self._store.read(lambda reader: reader.miscounted())
        if wrong:
            self._store.write(lambda uow: uow.recount_scores())
        for ladder, counted, scores in wrong:
            where = f"board {ladder.board} {ladder.period}".rstrip()
            yield Difference(where=where, column="scores", stored=counted, recomputed=scores)


def _chunks(wrong: list[WrongCache]) -> Iterator[list[WrongCache]]:
    """The differences of so many members at once."""
    chunk: list[WrongCache] = []
    members = 0
    for _, some in groupby(sorted(wrong, key=lambda one: one.member_id), lambda one: one.member_id):
        chunk += some
        members += 1
        if members == MEMBERS_A_CHUNK:
            yield chunk
            chunk, members = [], 0
    if chunk:
        yield chunk


def _mend(uow: UnitOfWork, *, wrong: list[WrongCache]) -> None:
    uow.lock_members({one.member_id for one in wrong})
    uow.mend_caches(wrong)
