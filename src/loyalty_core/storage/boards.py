"""Scores as they are written, counted behind the writes, and kept when their period is closed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    union_all,
    update,
)

from loyalty_core.domain.boards import Key
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.boards import Closed, Ladder, Placed, ScoreRecord
from loyalty_core.schema.columns import EPOCH
from loyalty_core.storage import tables
from loyalty_core.storage.board_reads import (
    kept_places,
    key_of,
    next_keys,
    of_key,
    of_ladder,
    on,
    read_key,
    scores_on,
)
from loyalty_core.storage.board_tables import (
    COUNTED,
    FENCE,
    KEY,
    NOW,
    fence,
    ladder,
    moved,
    place,
    score,
)
from loyalty_core.storage.people import People
from loyalty_core.storage.sql import Write

FEW = 256
"""How many scores lie between two fences when they are set; at most twice as many later."""
FEW_MOVED = 10
"""If more than a tenth of a ladder has moved, everything is counted again."""
START = Key(-(2**63), EPOCH, MemberId("00000000-0000-0000-0000-000000000000"))
"""Where the first fence stands: ahead of every score."""
_COUNTED = ("counted_minus", "counted_at")
_moves = exists().where(
    moved.c.program == score.c.program,
    moved.c.board == score.c.board,
    moved.c.period == score.c.period,
    moved.c.member_id == score.c.member_id,
)
_still = select(*KEY).where(on(score), ~_moves)
_before = select(*COUNTED).where(on(moved), COUNTED[0].is_not(None))
_counted = union_all(_still, _before).subquery()
_numbered = select(
    _counted,
    func.row_number().over(order_by=list(_counted.c)).label("number"),
    func.count().over().label("total"),
).subquery()
_every_few = select(_numbered).where((_numbered.c.number - 1) % FEW == 0)
_every_few = _every_few.order_by(_numbered.c.number)


class Boards(People):
    """``ports.boards.BoardWork`` on one SQLAlchemy connection, for one program."""

    def scores(self, members: Iterable[MemberId]) -> list[ScoreRecord]:
        """The scores of these members that are stored."""
        return [
            ScoreRecord(
                member_id=row["member_id"],
                board=row["board"],
                period=row["period"],
                amount=-row["minus"],
                reached_at=row["reached_at"],
                before=Key(row["minus"], row["reached_at"], row["member_id"]),
            )
            for row in self._sql.of_members(self._runner, score, members)
        ]

    def forget_scores(self, members: Iterable[MemberId]) -> None:
        """Takes these members from every board that is not closed."""
        theirs = self.scores(members)
        for one in theirs:
            one.amount, one.reached_at = None, None
        self._sql.write(self._runner, self._score_writes(theirs))
        self._drop_scores(theirs)

    def _score_writes(self, changed: Iterable[ScoreRecord]) -> Iterator[Write]:
        """What was counted of a score that moved before is kept: somebody may be counting it."""
        scores: list[tuple[bool, dict[str, Any]]] = []
        moves: list[dict[str, Any]] = []
        for one in sorted(changed, key=lambda one: (one.board, one.period, one.member_id)):
            now: dict[str, Any] = {
                "program": self._program,
                "board": one.board,
                "period": one.period,
                "member_id": one.member_id,
                "minus": None if one.amount is None else -one.amount,
                "reached_at": one.reached_at,
            }
            counted_minus, counted_at = one.before[:2] if one.before else (None, None)
            moves.append({**now, "counted_minus": counted_minus, "counted_at": counted_at})
            if one.amount is not None:
                scores.append((one.before is not None, now))
        yield Write(score, [row for stored, row in scores if not stored])
        yield Write(score, [row for stored, row in scores if stored], update=True)
        yield Write(moved, moves, update=True, keeps=_COUNTED)

    def _drop_scores(self, changed: Iterable[ScoreRecord]) -> None:
        """Deletes the scores that are none any more."""
        for one in changed:
            if one.amount is None:
                mine = delete(score).where(on(score), score.c.member_id == bindparam("member"))
                given = of_ladder(self._program, Ladder(one.board, one.period))
                self._connection.execute(mine, given | {"member": one.member_id})

    # -- counting ---------------------------------------------------------------------------------

    def moved_ladders(self) -> list[Ladder]:
        """The ladders with scores that moved since they were counted, and are not closed."""
        names = moved.c.board, moved.c.period
        closed = exists().where(
            ladder.c.program == self._program,
            ladder.c.board == moved.c.board,
            ladder.c.period == moved.c.period,
            ladder.c.closed_at.is_not(None),
        )
        chosen = select(*names).distinct().where(moved.c.program == self._program, ~closed)
        return [Ladder(*row) for row in self._connection.execute(chosen.order_by(*names))]

    def count_scores(self, ladder_: Ladder, limit: int) -> int:
        """How many scores that had moved are counted now; up to ``limit``, 0 when none is left.

        Rows that somebody is writing are stepped over. Whoever counts a ladder has it alone.
        """
        if self._lock_ladder(ladder_) is not None:
            return 0
        given, known = of_ladder(self._program, ladder_), self._fences(ladder_)
        many = max(limit, sum(known.values()) // FEW_MOVED)
        some = select(literal(1)).select_from(moved).where(on(moved)).limit(many + 1).subquery()
        if int(self._connection.scalar(select(func.count()).select_from(some), given) or 0) > many:
            return self._count_all(ladder_, known)
        chosen = select(*NOW, *COUNTED[:2]).where(on(moved)).limit(limit)
        rows = self._connection.execute(chosen.with_for_update(skip_locked=True), given).all()
        if not rows:
            return 0
        keys = sorted(known) or [START]
        counts = {key: known.get(key, 0) for key in keys}
        for minus, reached_at, member_id, counted_minus, counted_at in rows:
            for at, moment, change in ((minus, reached_at, 1), (counted_minus, counted_at, -1)):
                if at is not None:
                    counts[keys[bisect_right(keys, Key(at, moment, member_id)) - 1]] += change
        these = moved.c.member_id.in_([row[2] for row in rows])
        self._connection.execute(delete(moved).where(on(moved), these), given)
        self._keep_fences(ladder_, known, self._spread(ladder_, counts))
        return len(rows)

    def _count_all(self, ladder_: Ladder, known: dict[Key, int]) -> int:
        """Sets all fences anew, which takes less than counting many scores one by one."""
        given = of_ladder(self._program, ladder_)
        counted = self._connection.execute(delete(moved).where(on(moved)), given).rowcount
        rows = self._connection.execute(_every_few, given).all()
        made: dict[Key, int] = {}
        for row, following in pairwise([*rows, None]):
            assert row is not None
            end = following.number if following is not None else row.total + 1
            made[read_key(row) if made else START] = int(end - row.number)
        self._keep_fences(ladder_, known, made or {START: 0})
        return counted

    def _lock_ladder(self, ladder_: Ladder) -> Closed | None:
        """Has the ladder's row alone until the end, made if need be; how it was closed."""
        row = {"program": self._program, "board": ladder_.board, "period": ladder_.period}
        fresh = {**row, "closed_at": None, "ranked": 0, "booked": 0, "dropped": False}
        self._write(self._insert(ladder).on_conflict_do_nothing(), [fresh])
        chosen = select(ladder.c.closed_at, ladder.c.ranked, ladder.c.booked)
        given = of_ladder(self._program, ladder_)
        found = self._connection.execute(chosen.where(on(ladder)).with_for_update(), given).one()
        return None if found[0] is None else Closed(found[0], int(found[1]), int(found[2]))

    def _fences(self, ladder_: Ladder) -> dict[Key, int]:
        chosen = select(*FENCE, fence.c.scores).where(on(fence))
        found = self._connection.execute(chosen, of_ladder(self._program, ladder_))
        return {read_key(row): int(row[3]) for row in found}

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
        """The keys counted between two fences: those of now, but for what has moved since.

        All are read in one view, as others go on writing; and without a join, so that no plan of
        it can be slow.
        """
        given = of_ladder(self._program, ladder_) | of_key("since", since)
        parts = []
        for kind, (table, columns) in enumerate(((score, KEY), (moved, NOW), (moved, COUNTED))):
            between = tuple_(*columns) >= key_of("since")
            if until is not None:
                between = and_(between, tuple_(*columns) < key_of("until"))
                given |= of_key("until", until)
            parts.append(select(*columns, literal(kind)).where(on(table), between))
        found: tuple[set[Key], ...] = (set(), set(), set())
        for row in self._connection.execute(union_all(*parts), given):
            found[row[3]].add(read_key(row))
        now, moved_here, counted_here = found
        return sorted(now - moved_here | counted_here)

    def _keep_fences(self, ladder_: Ladder, known: dict[Key, int], made: dict[Key, int]) -> None:
        names = {"program": self._program, "board": ladder_.board, "period": ladder_.period}
        rows = [
            (key in known, {**names, **_fence(key), "scores": scores})
            for key, scores in made.items()
            if known.get(key) != scores
        ]
        gone = delete(fence).where(on(fence), tuple_(*FENCE) == key_of("key"))
        for key in known.keys() - made.keys():
            self._connection.execute(gone, of_ladder(self._program, ladder_) | of_key("key", key))
        writes = (
            Write(fence, [row for stored, row in rows if not stored]),
            Write(fence, [row for stored, row in rows if stored], update=True),
        )
        self._sql.write(self._runner, writes)

    def members_after(self, after: str, limit: int) -> list[MemberId]:
        """Members of the program in the order of their ids, after one or from the first."""
        member = tables.member
        chosen = select(member.c.id).where(member.c.program == self._program)
        if after:
            chosen = chosen.where(member.c.id > after)
        return list(self._connection.scalars(chosen.order_by(member.c.id).limit(limit)))

    def recount_scores(self) -> None:
        """Forgets all counts: each score has moved, and is counted again."""
        ours = score.c.program == self._program
        for table in (fence, moved):
            self._connection.execute(delete(table).where(table.c.program == self._program))
        names = [column.name for column in moved.c]
        nothing = literal(None, moved.c.counted_minus.type), literal(None, moved.c.counted_at.type)
        every = select(*(score.c[name] for name in names[:-2]), *nothing).where(ours)
        self._connection.execute(insert(moved).from_select(names, every))

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
        given = of_ladder(self._program, ladder_)
        self._connection.execute(delete(fence).where(on(fence)), given)
        self._change_ladder(ladder_, closed_at=now, ranked=ranked)
        return True

    def _change_ladder(self, ladder_: Ladder, **values: object) -> None:
        given = of_ladder(self._program, ladder_)
        self._connection.execute(update(ladder).where(on(ladder)).values(**values), given)

    def drop_scores(self, limit: int) -> int:
        """How many scores of closed ladders were dropped now, 0 when none is left."""
        over = select(ladder.c.board, ladder.c.period).where(
            ladder.c.program == self._program, ladder.c.closed_at.is_not(None), ~ladder.c.dropped
        )
        for row in self._connection.execute(over.with_for_update(skip_locked=True)).all():
            given, dropped = of_ladder(self._program, Ladder(*row)), 0
            for table in (score, moved):
                some = select(table.c.member_id).where(on(table)).limit(limit)
                if members := list(self._connection.scalars(some, given)):
                    these = delete(table).where(on(table), table.c.member_id.in_(members))
                    self._connection.execute(these, given)
                    dropped += len(members)
            if dropped:
                return dropped
            self._change_ladder(Ladder(*row), dropped=True)
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
        self._change_ladder(ladder_, booked=booked)


def _fence(key: Key) -> dict[str, object]:
    """The columns of a fence at a key."""
    return {"minus": key.minus, "reached_at": key.reached_at, "bound": key.member_id}
