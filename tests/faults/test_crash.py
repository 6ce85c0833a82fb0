"""A process killed at any moment loses nothing it has acknowledged and books nothing twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from loyalty_core import Loyalty, RecordStatus, TickReport
from loyalty_core.storage import tables
from loyalty_core.testing.books import books_of
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
)
from tests.toy import START

ROOT = Path(__file__).resolve().parents[2]
KILLS = 200 if os.environ.get("LOYALTY_NIGHTLY") else 3
MOST_SAID = 40

Said = dict[tuple[int, str], str]


def killed(database: str, first: int, after: int, pause: float) -> list[tuple[int, str, str]]:
    """What a process said before it was killed, some time after it had said so many things."""
    command = [sys.executable, "-m", "tests.faults.recording", database, str(first)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(after)]
        time.sleep(pause)
        process.kill()
        lines += process.stdout.readlines()
    assert process.returncode < 0  # it did not end by itself
    if lines and not lines[-1].endswith("\n"):
        lines.pop()  # killed in the middle of a word: that is not said
    said = [json.loads(line) for line in lines]
    assert len(said) >= after
    return [(number, kind, found) for number, kind, found in said]


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
        for number, kind, found in killed(database_url, first, after, pause):
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
