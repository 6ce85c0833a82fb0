"""Boards: the heaviest read, and what a board costs the order that moves it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from benchmarks.growth import ROWS_A_TRANSACTION, SMALL
from benchmarks.shop import CONFIG, FIRST, Measured, Shop, in_turns, order, part
from loyalty_core import Loyalty

READS = 300
MOVED = 1000
"""How many scores have moved since ``tick`` counted them: what it finds every some seconds."""
BOARD = {"board": "friends", "per": "lifetime", "counts": "spend"}
EQUAL = 5000
"""The amount that every other member has, all since the same moment: half of all are one tie."""


def opened(shop: Shop, *, program: str, boards: int) -> Loyalty:
    """A program with so many boards in the shop's database."""
    named = [{**BOARD, "board": f"friends-{number}"} for number in range(boards)]
    plugins = {**CONFIG["plugins"], "gamification": {"board": named}}
    config: dict[str, Any] = {**CONFIG, "program": {**CONFIG["program"], "id": program}}
    return Loyalty.open({**config, "plugins": plugins}, shop.engine, clock=lambda: shop.now)


def ranked(shop: Shop, number: int) -> Measured:
    """A member's rank with five neighbours on either side, out of ``number``, anywhere.

    Half of all are one tie, and a thousand scores have moved since they were counted. Reference:
    out of 1,000, of which as many have moved as can.
    """
    both = []
    for name, members in (("few", min(SMALL, number)), ("many", number)):
        loyalty = opened(shop, program=name, boards=1)
        ids = placed(shop, loyalty, name, members)[:: max(members // READS, 1)]
        read = partial(loyalty.board_around, "friends-0", neighbours=5)
        both.append([partial(read, one) for one in ids])
    return compared(*both)


def first_page(shop: Shop, number: int) -> Measured:
    """The first hundred places out of ``number``; reference: out of 1,000."""
    both = []
    for name, members in (("few", min(SMALL, number)), ("many", number)):
        loyalty = opened(shop, program=name, boards=1)
        placed(shop, loyalty, name, members)
        both.append([partial(loyalty.board, "friends-0")] * READS)
    return compared(*both)


def compared(few: Sequence[Callable[[], object]], many: Sequence[Callable[[], object]]) -> Measured:
    """Reads of many and of few, one of each in turns, so that both meet the same machine."""
    pairs = list(zip(many, few, strict=False))
    for pair in pairs:  # what is prepared once is, from here on
        [read() for read in pair]
    times = zip(*(map(timed, pair) for pair in pairs), strict=True)
    ours, theirs = (sorted(one) for one in times)
    p99, their_p99 = (one[len(one) * 99 // 100] * 1000 for one in (ours, theirs))
    return Measured(1 / statistics.mean(ours), 1 / statistics.mean(theirs), p99, their_p99)


def scored(shop: Shop, number: int) -> Measured:
    """Orders that move a board, one by one; reference: the same without a board."""
    both = []
    for boards in (1, 0):
        loyalty = opened(shop, program=f"boards-{boards}", boards=boards)
        facts = [
            order(f"{boards}-{n}", str(n % 100), FIRST + timedelta(minutes=n))
            for n in range(2 * number)
        ]
        loyalty.record_many(facts[:number])
        both.append(partial(recorded, loyalty, facts[number:]))
    return in_turns(*both)


def recorded(loyalty: Loyalty, facts: list[dict[str, Any]], turn: int) -> int:
    return len([loyalty.record(fact) for fact in part(facts, turn)])


def timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def placed(shop: Shop, loyalty: Loyalty, program: str, members: int) -> list[str]:
    """The ids of members with scores as ``record`` leaves them, counted; some have moved since."""
    first = f"0000000{len(program)}-0000-7000-8000-"
    for start in range(0, members, ROWS_A_TRANSACTION):
        with shop.driver() as (cursor, connection):
            for insert in filled(
                shop, program, first, start, min(start + ROWS_A_TRANSACTION, members)
            ):
                cursor.execute(insert)
            connection.commit()
    shop.vacuum()
    count, store = loyalty._ticker._closing.count, loyalty._store
    store.write(lambda uow: uow.recount_scores())
    while store.write(partial(count, now=shop.now)):
        pass
    shop.vacuum()  # a million rows have moved and were counted
    ids = [f"{first}{n:012x}" for n in range(members)]
    moved = ids[:: max(members // MOVED, 1)]
    with shop.driver() as (cursor, connection):
        several = ", ".join(f"'{one}'" for one in moved)
        columns = "program, board, period, member_id"
        cursor.execute(
            f"INSERT INTO loyalty_score_moved SELECT {columns}, minus - 100, reached_at, minus, "
            f"reached_at FROM loyalty_score WHERE member_id IN ({several})"
        )
        cursor.execute(
            f"UPDATE loyalty_score SET minus = minus - 100 WHERE member_id IN ({several})"
        )
        connection.commit()
    shop.vacuum()
    return ids


def filled(shop: Shop, program: str, first: str, start: int, end: int) -> tuple[str, str]:
    """What makes members, each with a score; every other one has the same one."""
    if shop.postgresql:
        numbers = f"(SELECT i FROM generate_series({start}, {end - 1}) AS i)"
        made = f"('{first}' || lpad(to_hex(i::bigint), 12, '0'))::uuid"
    else:
        counted = f"SELECT {start} AS i UNION ALL SELECT i + 1 FROM n WHERE i < {end - 1}"
        numbers = f"(WITH RECURSIVE n(i) AS ({counted}) SELECT i FROM n)"
        made = f"('{first}' || printf('%012x', i))"
    no = "false" if shop.postgresql else "0"
    at = moment(shop, FIRST)
    minus = f"CASE WHEN i % 2 = 0 THEN -{EQUAL} ELSE -100 * (1 + i % 100000 * 7919 % 1000) END"
    members = (
        "INSERT INTO loyalty_member (id, program, status, joined_at, profile, said, history, "
        "state, merges, absences, household, contributions, segments) "
        f"SELECT {made}, '{program}', 'active', {at}, "
        f"'{{}}', '{{}}', '{{}}', '{{}}', '[]', '[]', {no}, '[]', '{{}}' FROM {numbers} AS numbers"
    )
    scores = (
        "INSERT INTO loyalty_score (member_id, board, period, program, minus, reached_at) "
        f"SELECT {made}, 'friends-0', '', '{program}', {minus}, {at} FROM {numbers} AS numbers"
    )
    return members, scores


def moment(shop: Shop, at: datetime) -> str:
    return f"'{at.isoformat()}'" if shop.postgresql else str(shop.moment(at))
