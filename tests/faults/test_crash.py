"""A process killed at any moment loses nothing it has acknowledged and books nothing twice."""

from __future__ import annotations

import json
import os
import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from loyalty_core import Loyalty, RecordStatus, TickReport
from loyalty_core.storage import tables
from loyalty_core.testing.books import books_of
from tests.faults.doomed import Doomed
from tests.faults.recording import (
    BATCH,
    MEMBERS,
    email,
    facts,
    issued,
    moment,
    opened,
    redeem,
    redeems,
    work,
)
from tests.toy import START

KILLS = 200 if os.environ.get("LOYALTY_NIGHTLY") else 3
MOST_SAID = 40

Said = dict[tuple[int, str], str]


def repeated(loyalty: Loyalty, steps: int) -> tuple[Said, dict[tuple[int, str], RecordStatus]]:
    """What all commands answer when they are given again, and what became of the facts."""
    answers: Said = {}
    statuses: dict[tuple[int, str], RecordStatus] = {}
    for number in range(steps):
        for fact in facts(number):
            receipt = loyalty.record(fact)
            answers[number, fact["type"]] = receipt.fact_id or ""
            statuses[number, fact["type"]] = receipt.status
        if redeems(number):
            answers[number, "redemption"] = redeem(loyalty, number)
    return answers, statuses


def events_of(loyalty: Loyalty) -> set[str]:
    with loyalty._parts.store._engine.connect() as connection:
        return set(connection.scalars(select(tables.event.c.id)))


def check_nothing_is_lost_or_doubled(
    database: str, said: Said, received: set[str], steps: int
) -> None:
    again: list[str] = []
    later = moment(steps) + timedelta(days=1)
    with opened(database, lambda: later, lambda event: again.append(event.id)) as loyalty:
        assert loyalty.verify().problems == ()
        answers, statuses = repeated(loyalty, steps)
        assert {name: answers[name] for name in said} == said
        lost = [name for name in said if statuses.get(name) is RecordStatus.BOOKED]
        assert lost == []
        loyalty.tick()
        assert len(again) == len(set(again))
        assert received | set(again) == events_of(loyalty)
        status = loyalty.status()
        assert (status.pending_deliveries, status.dead_deliveries) == (0, 0)
        assert loyalty.verify().problems == ()
        before = books_of(loyalty)
        twice, statuses = repeated(loyalty, steps)
        assert twice == answers
        assert set(statuses.values()) == {RecordStatus.DUPLICATE}
        assert loyalty.tick() == TickReport()
        assert books_of(loyalty) == before
        spent = sum(map(redeems, range(steps)))
        (totals,) = loyalty.report().wallets
        assert totals.issued == issued(steps)
        assert (totals.redeemed, totals.expired, totals.debt) == (10 * spent, 0, 0)


@pytest.mark.timeout(3600)
def test_nothing_is_lost_or_doubled_by_kill_9(database_url: str) -> None:
    chance = random.Random(9)
    said: Said = {}
    received: set[str] = set()
    activated = 0
    first = 0
    for _ in range(KILLS):
        pause = chance.choice([0, 0.002, 0.01, 0.03])
        after = chance.randrange(1, MOST_SAID)
        lines = Doomed(work, database_url, first).killed(after, pause=pause)
        for number, kind, found in map(json.loads, lines):
            if kind == "event":
                received.add(found)
            elif kind == "tick":
                activated += int(found)
            else:
                said[number, kind] = found
        first = max((number for number, _ in said), default=first)  # its batch a second time
        with opened(database_url, lambda: START, lambda _: None) as loyalty:
            assert loyalty.verify().problems == ()
            assert received <= events_of(loyalty)  # nobody is told of what is not booked
    assert {email(number) for number, _ in said} == {email(number) for number in range(MEMBERS)}
    assert activated
    assert received
    check_nothing_is_lost_or_doubled(database_url, said, received, first + 2 * BATCH)
