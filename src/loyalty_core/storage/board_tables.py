"""The tables of boards: scores, how many there are between any two fences, and closed periods.

A score that was written since it was counted has a row among those ``moved``, with its key of now
and the one it was counted under. So a write touches the member's own rows alone, and counts are
exact at any time: those of the fences, corrected by the few rows that have moved since.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from loyalty_core.schema.columns import Moment, identifier
from loyalty_core.storage.tables import metadata

score = Table(
    "loyalty_score",
    metadata,
    Column("member_id", identifier(), primary_key=True),
    Column("board", String(128), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("program", String(63), nullable=False),
    Column("minus", BigInteger, nullable=False),
    Column("reached_at", Moment, nullable=False),
)
KEY = (score.c.minus, score.c.reached_at, score.c.member_id)
Index("loyalty_score_rank", score.c.program, score.c.board, score.c.period, *KEY)

moved = Table(
    "loyalty_score_moved",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("board", String(128), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("member_id", identifier(), primary_key=True),
    Column("minus", BigInteger),
    Column("reached_at", Moment),
    Column("counted_minus", BigInteger),
    Column("counted_at", Moment),
)
NOW = (moved.c.minus, moved.c.reached_at, moved.c.member_id)
COUNTED = (moved.c.counted_minus, moved.c.counted_at, moved.c.member_id)

ladder = Table(
    "loyalty_ladder",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("board", String(128), primary_key=True),
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
    Column("board", String(128), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("minus", BigInteger, primary_key=True, autoincrement=False),
    Column("reached_at", Moment, primary_key=True),
    Column("bound", identifier(), primary_key=True),  # an id, of whoever was just there
    Column("scores", BigInteger, nullable=False),
)

place = Table(
    "loyalty_place",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("board", String(128), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("member_id", identifier(), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reached_at", Moment, nullable=False),
    Index("loyalty_place_member", "member_id"),
)
scored = Table(
    "loyalty_scored",
    metadata,
    Column("program", String(63), primary_key=True),
    Column("rules", String(64), nullable=False),
    Column("config_version", Integer, nullable=False),
    Column("after", String(36)),
)
FENCE = (fence.c.minus, fence.c.reached_at, fence.c.bound)
