"""Scores as they are written, counted behind the writes, and kept when their period is closed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from sqlalchemy import and_, delete, exists, select, tuple_, union_all, update

from loyalty_core.domain.boards import Key
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.boards import Closed, Ladder, Placed, ScoreRecord
from loyalty_core.storage.board_reads import (
    FENCE,
    before,
    kept_places,
    key_tuple,
    next_keys,
    on,
    scores_on,
)
from loyalty_core.storage.board_tables import COUNTED, KEY, fence, ladder, place, score
from loyalty_core.storage.columns import EPOCH
from loyalty_core.storage.people import People
from loyalty_core.storage.sql import Write, sql_of

FEW = 512
"""How many scores lie between two fences when they are set; at most twice as many later."""
START = Key(-(2**63), EPOCH, MemberId("00000000-0000-0000-0000-000000000000"))
"""Where the first fence stands: ahead of every score."""
_COUNTED = ("counted_minus", "counted_at")


class Boards(People):
    """``ports.boards.BoardWork`` on one SQLAlchemy connection, for one program."""

    def scores(self, members: Iterable[MemberId]) -> list[ScoreRecord]:
        """The scores of these members that are stored."""
        mine = select(score).where(score.c.member_id.in_(sorted(members)))
        return [
            ScoreRecord(
                member_id=row["member_id"],
                board=row["board"],
                period=row["period"],
                amount=None if row["minus"] is None else -row["minus"],
                reached_at=row["reached_at"],
                stored=True,
            )
            for row in self._rows(mine, {})
        ]

    def forget_scores(self, members: Iterable[MemberId]) -> None:
        """Takes these members from every board that is not closed."""
        theirs = score.c.member_id.in_(sorted(members))
        self._connection.execute(
            update(score).where(theirs).values(minus=None, reached_at=None, moved=True)
        )

    def _score_writes(self, changed: Iterable[ScoreRecord]) -> Iterator[Write]:
        """Writes that leave alone how a row was last counted: somebody may be counting it."""
        rows = [
            (
                one.stored,
                {
                    "member_id": one.member_id,
                    "board": one.board,
                    "period": one.period,
                    "program": self._program,
                    "minus": None if one.amount is None else -one.amount,
                    "reached_at": one.reached_at,
                    "counted_minus": None,
                    "counted_at": None,
                    "moved": True,
                },
            )
            for one in changed
        ]
        yield Write(score, [row for stored, row in rows if not stored])
        yield Write(score, [row for stored, row in rows if stored], update=True, keeps=_COUNTED)

    # -- counting ---------------------------------------------------------------------------------

    def moved_ladders(self) -> list[Ladder]:
        """The ladders with scores that moved since they were counted, and are not closed."""
        names = score.c.board, score.c.period
        found = select(*names).distinct().where(score.c.program == self._program, score.c.moved)
        closed = exists().where(
            on(ladder, self._program, Ladder(score.c.board, score.c.period)),  # type: ignore[arg-type]
            ladder.c.closed_at.is_not(None),
        )
        chosen = found.where(~closed).order_by(*names)
        return [Ladder(*row) for row in self._connection.execute(chosen)]

    def count_scores(self, ladder_: Ladder, limit: int) -> int:
        """How many scores that had moved are counted now; up to ``limit``, 0 when none is left.

        Rows that somebody is writing are stepped over. Whoever counts a ladder has it alone.
        """
        if self._lock_ladder(ladder_) is not None:
            return 0
        mine = on(score, self._program, ladder_)
        chosen = select(*KEY, *COUNTED[:2]).where(mine, score.c.moved).limit(limit)
        rows = self._connection.execute(chosen.with_for_update(skip_locked=True)).all()
        if not rows:
            return 0
        known = self._fences(ladder_)
        keys = sorted(known) or [START]
        counts = {key: known.get(key, 0) for key in keys}
        for minus, reached_at, member_id, counted_minus, counted_at in rows:
            for at, moment, change in ((minus, reached_at, 1), (counted_minus, counted_at, -1)):
                if at is not None:
                    counts[keys[bisect_right(keys, Key(at, moment, member_id)) - 1]] += change
        these = and_(mine, score.c.member_id.in_([row[2] for row in rows]))
        values = {"counted_minus": score.c.minus, "counted_at": score.c.reached_at, "moved": False}
        self._connection.execute(update(score).where(these).values(values))
        if any(row[0] is None for row in rows):
            self._connection.execute(delete(score).where(these, score.c.minus.is_(None)))
        self._keep_fences(ladder_, known, self._spread(ladder_, counts))
        return len(rows)

    def _lock_ladder(self, ladder_: Ladder) -> Closed | None:
        """Has the ladder's row alone until the end, made if need be; how it was closed."""
        row = {"program": self._program, "board": ladder_.board, "period": ladder_.period}
        fresh = {**row, "closed_at": None, "ranked": 0, "booked": 0, "dropped": False}
        self._write(self._insert(ladder).on_conflict_do_nothing(), [fresh])
        chosen = select(ladder.c.closed_at, ladder.c.ranked, ladder.c.booked)
        found = self._connection.execute(
            chosen.where(on(ladder, self._program, ladder_)).with_for_update()
        ).one()
        return None if found[0] is None else Closed(found[0], int(found[1]), int(found[2]))

    def _fences(self, ladder_: Ladder) -> dict[Key, int]:
        chosen = select(*FENCE, fence.c.scores).where(on(fence, self._program, ladder_))
        return {
            Key(int(row[0]), row[1], MemberId(row[2])): int(row[3])
            for row in self._connection.execute(chosen)
        }

    def _spread(self, ladder_: Ladder, counts: dict[Key, int]) -> dict[Key, int]:
        """The fences, with others between where many scores are, and without some where few are."""
        made: dict[Key, int] = {}
        last = START
        for key, following in pairwise([*sorted(counts), None]):
            assert key is not None
            if made and made[last] + counts[key] <= FEW // 2:
                made[last] += counts[key]
                continue
            last = key
            made[key] = counts[key]
            if counts[key] > 2 * FEW:
                inside = self._counted_keys(ladder_, key, following)
                for start in range(0, len(inside), FEW):
                    last = inside[start] if start else key
                    made[last] = len(inside[start : start + FEW])
        return made

    def _counted_keys(self, ladder_: Ladder, since: Key, until: Key | None) -> list[Key]:
        """The keys counted between two fences, in one view: others go on writing."""
        halves = []
        for columns, moved in ((KEY, ~score.c.moved), (COUNTED, score.c.moved)):
            between = tuple_(*columns) >= key_tuple(since)
            if until is not None:
                between = and_(between, before(columns, until))
            halves.append(select(*columns).where(on(score, self._program, ladder_), moved, between))
        found = self._connection.execute(union_all(*halves))
        return sorted(Key(int(row[0]), row[1], MemberId(row[2])) for row in found)

    def _keep_fences(self, ladder_: Ladder, known: dict[Key, int], made: dict[Key, int]) -> None:
        names = {"program": self._program, "board": ladder_.board, "period": ladder_.period}
        rows = [
            (key in known, {**names, **key._asdict(), "scores": scores})
            for key, scores in made.items()
            if known.get(key) != scores
        ]
        for gone in known.keys() - made.keys():
            at = and_(*(column == value for column, value in zip(FENCE, gone, strict=True)))
            self._connection.execute(delete(fence).where(on(fence, self._program, ladder_), at))
        writes = (
            Write(fence, [row for stored, row in rows if not stored]),
            Write(fence, [row for stored, row in rows if stored], update=True),
        )
        sql_of(self._connection.dialect).write(self._connection, writes)

    def recount_scores(self) -> None:
        """Forgets all counts: each score has moved, and is counted again."""
        self._connection.execute(delete(fence).where(fence.c.program == self._program))
        again = update(score).where(score.c.program == self._program)
        values = {"counted_minus": None, "counted_at": None, "moved": True}
        self._connection.execute(again.values(values))

    # -- closing ----------------------------------------------------------------------------------

    def open_ladders(self, board: str) -> list[Ladder]:
        """The ladders of a board that have, or had, members and are not closed."""
        mine = (ladder.c.program == self._program) & (ladder.c.board == board)
        chosen = select(ladder.c.period).where(mine, ladder.c.closed_at.is_(None))
        found = self._connection.scalars(chosen.order_by(ladder.c.period))
        return [Ladder(board, period) for period in found]

    def close_ladder(self, ladder_: Ladder, keeps: int, now: datetime) -> bool:
        """Whether it was closed now, its first places kept: never a second time."""
        if self._lock_ladder(ladder_) is not None:
            return False
        keys = next_keys(self._connection, self._program, ladder_, None, keeps)
        ranked = scores_on(self._connection, self._program, ladder_)
        names = {"program": self._program, "board": ladder_.board, "period": ladder_.period}
        rows = [
            {
                **names,
                "rank": rank,
                "member_id": key.member_id,
                "amount": -key.minus,
                "reached_at": key.reached_at,
            }
            for rank, key in enumerate(keys, 1)
        ]
        self._write(self._insert(place), rows)
        self._connection.execute(delete(fence).where(on(fence, self._program, ladder_)))
        closed = update(ladder).where(on(ladder, self._program, ladder_))
        self._connection.execute(closed.values(closed_at=now, ranked=ranked))
        return True

    def drop_scores(self, limit: int) -> int:
        """How many scores of closed ladders were dropped now, 0 when none is left."""
        over = select(ladder.c.board, ladder.c.period).where(
            ladder.c.program == self._program, ladder.c.closed_at.is_not(None), ~ladder.c.dropped
        )
        for row in self._connection.execute(over.with_for_update(skip_locked=True)).all():
            mine = on(score, self._program, Ladder(*row))
            members = list(self._connection.scalars(select(KEY[2]).where(mine).limit(limit)))
            if members:
                these = delete(score).where(mine, score.c.member_id.in_(members))
                self._connection.execute(these)
                return len(members)
            done = update(ladder).where(on(ladder, self._program, Ladder(*row)))
            self._connection.execute(done.values(dropped=True))
        return 0

    def due_prizes(self, board: str, prizes: int) -> list[tuple[Ladder, Closed]]:
        """The closed ladders of a board that have prizes not booked yet, locked."""
        mine = (ladder.c.program == self._program) & (ladder.c.board == board)
        due = and_(
            ladder.c.closed_at.is_not(None),
            ladder.c.booked < prizes,
            ladder.c.booked < ladder.c.ranked,
        )
        columns = ladder.c.period, ladder.c.closed_at, ladder.c.ranked, ladder.c.booked
        chosen = select(*columns).where(mine, due).order_by(ladder.c.period).limit(1)
        found = self._connection.execute(chosen.with_for_update(skip_locked=True))
        return [
            (Ladder(board, row[0]), Closed(row[1], int(row[2]), int(row[3]))) for row in found.all()
        ]

    def placed(self, ladder_: Ladder, after: int, limit: int) -> list[Placed]:
        """Places kept of a closed ladder, after a rank."""
        return kept_places(self._connection, self._program, ladder_, after, limit)

    def prizes_booked(self, ladder_: Ladder, booked: int) -> None:
        """Notes up to which rank the prizes of a closed ladder are booked."""
        mine = update(ladder).where(on(ladder, self._program, ladder_))
        self._connection.execute(mine.values(booked=booked))
