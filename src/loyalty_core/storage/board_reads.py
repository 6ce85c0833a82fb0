"""Ranks and places: a few range scans, however many members are ranked.

The scores of a ladder lie between fences, some hundred between any two, and each fence knows how
many were counted behind it. The rank of a key is the sum of the fences before its own, what has
moved across that fence since it was counted, and the scores between the fence and the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, case, func, literal, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from loyalty_core.domain.boards import Key
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.boards import Closed, Ladder, Placed
from loyalty_core.storage.board_tables import COUNTED, KEY, fence, ladder, place, score
from loyalty_core.storage.columns import Moment, identifier

FENCE = (fence.c.minus, fence.c.reached_at, fence.c.member_id)


def key_tuple(key: Key) -> Any:
    """A key as a row value."""
    minus, reached_at, member_id = key
    types = fence.c.minus.type, Moment(), identifier()
    pairs = zip((minus, reached_at, member_id), types, strict=True)
    return tuple_(*(literal(value, kind) for value, kind in pairs))


def before(columns: Sequence[Any], key: Key) -> ColumnElement[bool]:
    """Whether the columns are ahead of a key; not where they are null."""
    made: ColumnElement[bool] = tuple_(*columns) < key_tuple(key)
    return made


def on(table: Any, program: str, where: Ladder) -> ColumnElement[bool]:
    """The rows of a ladder."""
    made: ColumnElement[bool] = and_(
        table.c.program == program, table.c.board == where.board, table.c.period == where.period
    )
    return made


def number(condition: ColumnElement[bool]) -> Any:
    """How many rows it holds for."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def scores_on(connection: Connection, program: str, where: Ladder) -> int:
    """How many members have a place: what was counted, and what has moved since."""
    counted = select(func.coalesce(func.sum(fence.c.scores), 0)).where(on(fence, program, where))
    come, gone = score.c.minus.is_not(None), score.c.counted_minus.is_not(None)
    moved = select(number(come) - number(gone)).where(on(score, program, where), score.c.moved)
    return int(connection.scalar(select(counted.scalar_subquery() + moved.scalar_subquery())) or 0)


class BoardReads:
    """``ports.boards.BoardReader`` on one connection: a part of the reader."""

    _connection: Connection
    _program: str

    def closed(self, ladder_: Ladder) -> Closed | None:
        """What is known of a ladder that was closed."""
        chosen = select(ladder.c.closed_at, ladder.c.ranked, ladder.c.booked).where(
            on(ladder, self._program, ladder_), ladder.c.closed_at.is_not(None)
        )
        row = self._connection.execute(chosen).first()
        return Closed(row[0], int(row[1]), int(row[2])) if row else None

    def ranked(self, ladder_: Ladder) -> int:
        """How many members have a place on a ladder that is not closed."""
        return scores_on(self._connection, self._program, ladder_)

    def ahead(self, ladder_: Ladder, key: Key) -> int:
        """How many members are ahead of a key."""
        behind = select(*FENCE).where(
            on(fence, self._program, ladder_), tuple_(*FENCE) <= key_tuple(key)
        )
        ordered = behind.order_by(*(column.desc() for column in FENCE)).limit(1)
        row = self._connection.execute(ordered).first()
        mine = on(score, self._program, ladder_)
        near = select(func.count()).where(mine, before(KEY, key))
        if row is None:  # nothing was counted yet
            return int(self._connection.scalar(near) or 0)
        own = Key(int(row[0]), row[1], MemberId(row[2]))
        near = near.where(tuple_(*KEY) >= key_tuple(own))
        counted = select(func.coalesce(func.sum(fence.c.scores), 0)).where(
            on(fence, self._program, ladder_), before(FENCE, own)
        )
        moved = select(number(before(KEY, own)) - number(before(COUNTED, own))).where(
            mine, score.c.moved
        )
        parts = [one.scalar_subquery() for one in (counted, moved, near)]
        return int(self._connection.scalar(select(parts[0] + parts[1] + parts[2])) or 0)

    def score_keys(
        self, ladders: Sequence[Ladder], members: Iterable[str]
    ) -> dict[tuple[Ladder, str], Key]:
        """The keys of those of the members who have a place on those of the ladders."""
        wanted = or_(
            *(and_(score.c.board == one.board, score.c.period == one.period) for one in ladders)
        )
        chosen = select(score.c.board, score.c.period, *KEY).where(
            score.c.member_id.in_(sorted(set(members))), wanted, score.c.minus.is_not(None)
        )
        found = {}
        for board, period, *key in self._connection.execute(chosen):
            found[Ladder(board, period), str(key[2])] = _key(key)
        return found

    def next_keys(self, ladder_: Ladder, after: Key | None, limit: int) -> list[Key]:
        """The keys behind one, or the first ones, in the order of the ladder."""
        return next_keys(self._connection, self._program, ladder_, after, limit)

    def previous_keys(self, ladder_: Ladder, before_: Key, limit: int) -> list[Key]:
        """The last keys ahead of one, in the order of the ladder."""
        chosen = select(*KEY).where(on(score, self._program, ladder_), before(KEY, before_))
        backwards = chosen.order_by(*(column.desc() for column in KEY)).limit(limit)
        return [_key(row) for row in self._connection.execute(backwards)][::-1]

    def kept_places(self, ladder_: Ladder, after: int, limit: int) -> list[Placed]:
        """Places kept of a closed ladder, after a rank."""
        return kept_places(self._connection, self._program, ladder_, after, limit)

    def kept_place(self, ladder_: Ladder, member: str) -> Placed | None:
        """The member's place on a closed ladder, if it was kept."""
        chosen = _places(self._program, ladder_).where(place.c.member_id == member)
        row = self._connection.execute(chosen.order_by(place.c.rank).limit(1)).first()
        return _placed(row) if row else None

    def miscounted(self) -> list[tuple[Ladder, int, int]]:
        """The ladders whose counts differ from their scores: counted, and how many there are."""
        names = score.c.board, score.c.period
        rows = number(score.c.counted_minus.is_not(None))
        there = select(*names, rows).where(score.c.program == self._program).group_by(*names)
        counts = select(fence.c.board, fence.c.period, func.sum(fence.c.scores)).where(
            fence.c.program == self._program
        )
        closed = select(ladder.c.board, ladder.c.period).where(
            ladder.c.program == self._program, ladder.c.closed_at.is_not(None)
        )
        over = {Ladder(*row) for row in self._connection.execute(closed)}
        execute = self._connection.execute
        right = {Ladder(row[0], row[1]): int(row[2]) for row in execute(there)}
        grouped = counts.group_by(fence.c.board, fence.c.period)
        counted = {Ladder(row[0], row[1]): int(row[2]) for row in execute(grouped)}
        return [
            (one, counted.get(one, 0), right.get(one, 0))
            for one in sorted({*right, *counted} - over)
            if counted.get(one, 0) != right.get(one, 0)
        ]


def next_keys(
    connection: Connection, program: str, where: Ladder, after: Key | None, limit: int
) -> list[Key]:
    """The keys behind one, or the first ones, in the order of the ladder."""
    chosen = select(*KEY).where(on(score, program, where), score.c.minus.is_not(None))
    if after is not None:
        chosen = chosen.where(tuple_(*KEY) > key_tuple(after))
    return [_key(row) for row in connection.execute(chosen.order_by(*KEY).limit(limit))]


def kept_places(
    connection: Connection, program: str, where: Ladder, after: int, limit: int
) -> list[Placed]:
    """Places kept of a closed ladder, after a rank."""
    chosen = _places(program, where).where(place.c.rank > after)
    return [_placed(row) for row in connection.execute(chosen.order_by(place.c.rank).limit(limit))]


def _places(program: str, where: Ladder) -> Any:
    columns = place.c.rank, place.c.member_id, place.c.amount, place.c.reached_at
    return select(*columns).where(on(place, program, where))


def _placed(row: Any) -> Placed:
    return Placed(int(row[0]), MemberId(row[1]), int(row[2]), row[3])


def _key(row: Any) -> Key:
    return Key(int(row[0]), row[1], MemberId(row[2]))
