"""A process killed at any moment loses nothing it has acknowledged and books nothing twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loyalty_core import Loyalty, RecordStatus
from tests.books import books_of
from tests.faults.recording import BATCH, MEMBERS, email, facts, issued, opened, redeem, redeems

ROOT = Path(__file__).resolve().parents[2]
KILLS = 200 if os.environ.get("LOYALTY_NIGHTLY") else 3
MOST_SAID = 25

Said = dict[tuple[int, str], str]


def killed(database: str, first: int, after: int, pause: float) -> Said:
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
    return {(number, kind): found for number, kind, found in said}


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


def check_nothing_is_lost_or_doubled(database: str, said: Said, steps: int) -> None:
    with opened(database) as loyalty:
        assert loyalty.verify().problems == ()
        answers, statuses = repeated(loyalty, steps)
        assert {name: answers[name] for name in said} == said
        lost = [name for name in said if statuses.get(name) is RecordStatus.BOOKED]
        assert lost == []
        assert loyalty.verify().problems == ()
        before = books_of(loyalty)
        again, statuses = repeated(loyalty, steps)
        assert again == answers
        assert set(statuses.values()) == {RecordStatus.DUPLICATE}
        assert books_of(loyalty) == before
        spent = sum(map(redeems, range(steps)))
        (totals,) = loyalty.report().wallets
        assert totals.issued == issued(steps)
        assert (totals.redeemed, totals.expired, totals.debt) == (10 * spent, 0, 0)


@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_by_kill_9(database_url: str) -> None:
    chance = random.Random(9)
    said: Said = {}
    first = 0
    for _ in range(KILLS):
        pause = chance.choice([0, 0.002, 0.01, 0.03])
        said |= killed(database_url, first, chance.randrange(1, MOST_SAID), pause)
        first = max(number for number, _ in said)  # and the rest of its batch a second time
        with opened(database_url) as loyalty:
            assert loyalty.verify().problems == ()
    assert {email(number) for number, _ in said} == {email(number) for number in range(MEMBERS)}
    check_nothing_is_lost_or_doubled(database_url, said, first + 2 * BATCH)
