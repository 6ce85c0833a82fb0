"""Ranks and places: a few range scans, however many members are ranked.

The scores of a ladder lie between fences, some hundred between any two, and each fence knows how
many were counted behind it. The rank of a key is the sum of the fences before its own, what has
moved across that fence since it was counted, and the scores between the fence and the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from loyalty_core.domain.boards import Key
from loyalty_core.domain.members import MemberId
from loyalty_core.ports.boards import Closed, Ladder, Placed
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


def on(table: Any) -> ColumnElement[bool]:
    """The rows of the ladder that ``of_ladder`` names."""
    names = ("program", "board", "period")
    made: ColumnElement[bool] = and_(
        *(table.c[name] == bindparam(f"the_{name}", type_=table.c[name].type) for name in names)
    )
    return made


def key_of(name: str) -> Any:
    """A row value of the key that ``of_key`` gives this name."""
    return tuple_(*(bindparam(f"{name}_{one.name}", type_=one.type) for one in KEY))


def of_ladder(program: str, where: Ladder) -> dict[str, Any]:
    """The parameters of ``on``."""
    return {"the_program": program, "the_board": where.board, "the_period": where.period}


def of_key(name: str, key: Key) -> dict[str, Any]:
    """The parameters of ``key_of``."""
    return {f"{name}_{column}": value for column, value in key._asdict().items()}


def _number(condition: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _sum(*conditions: ColumnElement[bool]) -> Any:
    """How many were counted behind the fences for which these hold."""
    total = select(func.coalesce(func.sum(fence.c.scores), 0)).where(on(fence), *conditions)
    return total.scalar_subquery()


def _latest(columns: Sequence[Any]) -> list[Any]:
    return [column.desc() for column in columns]


_moved = select(_number(NOW[0].is_not(None)) - _number(COUNTED[0].is_not(None))).where(on(moved))
_ranked = select(_sum() + _moved.scalar_subquery())
_closed = select(ladder.c.closed_at, ladder.c.ranked, ladder.c.booked).where(
    on(ladder), ladder.c.closed_at.is_not(None)
)
_may_lie = fence.c.scores + select(func.count()).where(on(moved)).scalar_subquery()
_own_fence = select(*FENCE, _may_lie).where(on(fence), tuple_(*FENCE) <= key_of("key"))
_own_fence = _own_fence.order_by(*_latest(FENCE)).limit(1)
_first = select(func.count()).where(on(score), tuple_(*KEY) < key_of("key"))
# no more than may lie behind the fence: PostgreSQL, which takes a range between two rows for many,
# reads them by the index then and not the whole table
_behind = select(*KEY).where(on(score), tuple_(*KEY) >= key_of("own"))
_behind_own = _behind.order_by(*KEY).limit(bindparam("most")).subquery()
_near = select(func.count()).where(tuple_(*_behind_own.c) < key_of("key"))
_across = select(
    _number(tuple_(*NOW) < key_of("own")) - _number(tuple_(*COUNTED) < key_of("own"))
).where(on(moved))
_ahead = select(
    _sum(tuple_(*FENCE) < key_of("own")) + _across.scalar_subquery() + _near.scalar_subquery()
)
_top = select(*KEY).where(on(score)).order_by(*KEY).limit(bindparam("most"))
_next = _top.where(tuple_(*KEY) > key_of("key"))
_previous = select(*KEY).where(on(score), tuple_(*KEY) < key_of("key"))
_previous = _previous.order_by(*_latest(KEY)).limit(bindparam("most"))
_places = select(place.c.rank, place.c.member_id, place.c.amount, place.c.reached_at).where(
    on(place)
)
_kept = _places.where(place.c.rank > bindparam("after")).order_by(place.c.rank)
_kept = _kept.limit(bindparam("most"))
_own_place = _places.where(place.c.member_id == bindparam("member")).order_by(place.c.rank)


def scores_on(connection: Connection, program: str, where: Ladder) -> int:
    """How many members have a place: what was counted, and what has moved since."""
    return int(connection.scalar(_ranked, of_ladder(program, where)) or 0)


def next_keys(
    connection: Connection, program: str, where: Ladder, after: Key | None, limit: int
) -> list[Key]:
    """The keys behind one, or the first ones, in the order of the ladder."""
    given = of_ladder(program, where) | {"most": limit}
    if after is None:
        return [read_key(row) for row in connection.execute(_top, given)]
    return [read_key(row) for row in connection.execute(_next, given | of_key("key", after))]


def kept_places(
    connection: Connection, program: str, where: Ladder, after: int, limit: int
) -> list[Placed]:
    """Places kept of a closed ladder, after a rank."""
    given = of_ladder(program, where) | {"after": after, "most": limit}
    return [_placed(row) for row in connection.execute(_kept, given)]


def read_key(row: Any) -> Key:
    """The key of a row."""
    return Key(int(row[0]), row[1], MemberId(row[2]))


def _placed(row: Any) -> Placed:
    return Placed(int(row[0]), MemberId(row[1]), int(row[2]), row[3])


class BoardReads:
    """``ports.boards.BoardReader`` on one connection: a part of the reader."""

    _connection: Connection
    _program: str

    def closed(self, ladder_: Ladder) -> Closed | None:
        """What is known of a ladder that was closed."""
        row = self._connection.execute(_closed, of_ladder(self._program, ladder_)).first()
        return Closed(row[0], int(row[1]), int(row[2])) if row else None

    def ranked(self, ladder_: Ladder) -> int:
        """How many members have a place on a ladder that is not closed."""
        return scores_on(self._connection, self._program, ladder_)

    def ahead(self, ladder_: Ladder, key: Key) -> int:
        """How many members are ahead of a key."""
        given = of_ladder(self._program, ladder_) | of_key("key", key)
        row = self._connection.execute(_own_fence, given).first()
        if row is None:  # nothing was counted yet
            return int(self._connection.scalar(_first, given) or 0)
        given |= of_key("own", read_key(row)) | {"most": int(row[3])}
        return int(self._connection.scalar(_ahead, given) or 0)

    def score_keys(
        self, ladders: Sequence[Ladder], members: Iterable[str]
    ) -> dict[tuple[Ladder, str], Key]:
        """The keys of those of the members who have a place on those of the ladders."""
        wanted = or_(
            *(and_(score.c.board == one.board, score.c.period == one.period) for one in ladders)
        )
        chosen = select(score.c.board, score.c.period, *KEY).where(
            score.c.member_id.in_(sorted(set(members))), wanted
        )
        found = {}
        for board, period, *key in self._connection.execute(chosen):
            found[Ladder(board, period), str(key[2])] = read_key(key)
        return found

    def next_keys(self, ladder_: Ladder, after: Key | None, limit: int) -> list[Key]:
        """The keys behind one, or the first ones, in the order of the ladder."""
        return next_keys(self._connection, self._program, ladder_, after, limit)

    def previous_keys(self, ladder_: Ladder, before: Key, limit: int) -> list[Key]:
        """The last keys ahead of one, in the order of the ladder."""
        given = of_ladder(self._program, ladder_) | of_key("key", before) | {"most": limit}
        return [read_key(row) for row in self._connection.execute(_previous, given)][::-1]

    def kept_places(self, ladder_: Ladder, after: int, limit: int) -> list[Placed]:
        """Places kept of a closed ladder, after a rank."""
        return kept_places(self._connection, self._program, ladder_, after, limit)

    def kept_place(self, ladder_: Ladder, member: str) -> Placed | None:
        """The member's place on a closed ladder, if it was kept."""
        given = of_ladder(self._program, ladder_) | {"member": member}
        row = self._connection.execute(_own_place, given).first()
        return _placed(row) if row else None

    def miscounted(self) -> list[tuple[Ladder, int, int]]:
        """The ladders whose counts differ from their scores: counted, and how many there are."""
        there, counted = (
            self._by_ladder(score, func.count()),
            self._by_ladder(fence, func.sum(fence.c.scores)),
        )
        come, gone = _number(NOW[0].is_not(None)), _number(COUNTED[0].is_not(None))
        ahead = self._by_ladder(moved, come - gone)
        over = self._by_ladder(ladder, func.count(ladder.c.closed_at))
        return [
            (one, counted.get(one, 0) + ahead.get(one, 0), there.get(one, 0))
            for one in sorted({*there, *counted, *ahead})
            if not over.get(one) and counted.get(one, 0) + ahead.get(one, 0) != there.get(one, 0)
        ]

    def _by_ladder(self, table: Any, total: Any) -> dict[Ladder, int]:
        names = table.c.board, table.c.period
        chosen = select(*names, total).where(table.c.program == self._program).group_by(*names)
        return {Ladder(row[0], row[1]): int(row[2]) for row in self._connection.execute(chosen)}
