"""The tables of boards: scores, how many there are between any two fences, and closed periods.

A score's row says as well under which key it was last counted (``counted_*``). It has ``moved``
while that is not its key of now. So a write touches the member's own row alone, and counts are
exact at any time: those of the fences, corrected by the rows that have moved since.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, text

from loyalty_core.storage.columns import Moment, identifier
from loyalty_core.storage.tables import metadata

score = Table(
    "loyalty_score",
    metadata,
    Column("member_id", identifier(), primary_key=True),
    Column("board", String(64), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("minus", BigInteger),
    Column("reached_at", Moment),
    Column("counted_minus", BigInteger),
    Column("counted_at", Moment),
    Column("moved", Boolean, nullable=False),
)
KEY = (score.c.minus, score.c.reached_at, score.c.member_id)
COUNTED = (score.c.counted_minus, score.c.counted_at, score.c.member_id)
Index("loyalty_score_rank", score.c.program, score.c.board, score.c.period, *KEY)
_moved_postgresql, _moved_sqlite = text("moved"), text("moved = 1")
Index(
    "loyalty_score_moved",
    score.c.program,
    score.c.board,
    score.c.period,
    postgresql_where=_moved_postgresql,
    sqlite_where=_moved_sqlite,
)

ladder = Table(
    "loyalty_ladder",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("board", String(64), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("closed_at", Moment),
    Column("ranked", BigInteger, nullable=False),
    Column("booked", Integer, nullable=False),
    Column("dropped", Boolean, nullable=False),
)

fence = Table(
    "loyalty_fence",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("board", String(64), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("minus", BigInteger, primary_key=True, autoincrement=False),
    Column("reached_at", Moment, primary_key=True),
    Column("member_id", identifier(), primary_key=True),
    Column("scores", BigInteger, nullable=False),
)

place = Table(
    "loyalty_place",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("board", String(64), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("member_id", identifier(), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reached_at", Moment, nullable=False),
    Index("loyalty_place_member", "member_id"),
)
