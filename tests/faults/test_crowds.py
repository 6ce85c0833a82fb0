"""Many threads of many processes that want the same thing: the result is exact, to all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from loyalty_core import Loyalty
from tests.faults.crowd import TASKS, opened
from tests.toy import order, points, totals

ROOT = Path(__file__).resolve().parents[2]
NIGHTLY = bool(os.environ.get("LOYALTY_NIGHTLY"))
PROCESSES = 4 if NIGHTLY else 2
THREADS = 32 if NIGHTLY else 6
EVERYBODY = PROCESSES * THREADS


@pytest.fixture(scope="module")
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """They open the program anew for each test; to start them takes longer than what they do."""
    command, pipe = [sys.executable, "-m", "tests.faults.crowd"], subprocess.PIPE
    with ExitStack() as stack:
        made = []
        for _ in range(PROCESSES):
            one = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
            stack.enter_context(one)
            stack.callback(one.kill)
            made.append(one)
        yield made


def say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the process ended; its error is on standard error"
    return line


def answers(
    processes: list[subprocess.Popen[str]], database: str, task: str, member: str
) -> Counter[str]:
    """What all threads of all processes got, let go together; none of them may fail."""
    for number, process in enumerate(processes):
        say(process, json.dumps([database, task, number * THREADS, THREADS, member]))
    for process in processes:
        assert said(process) == "ready\n"
    for process in processes:
        say(process, "go")
    found: Counter[str] = Counter()
    for process in processes:
        found.update(json.loads(said(process)))
    return found


def check_redeem(loyalty: Loyalty, member: str, got: Counter[str]) -> None:
    assert got.pop("insufficient_points") == EVERYBODY - 4
    assert list(got.values()) == [1, 1, 1, 1]
    assert totals(loyalty, member) == (EVERYBODY + 130, 120, 0, -EVERYBODY)


def check_redeem_once(loyalty: Loyalty, member: str, got: Counter[str]) -> None:
    assert list(got.values()) == [EVERYBODY]
    assert totals(loyalty, member) == (EVERYBODY + 130, 30, 0, -EVERYBODY)


def check_give_back(loyalty: Loyalty, member: str, got: Counter[str]) -> None:
    assert got == {"booked": EVERYBODY}
    assert totals(loyalty, member) == (130, 0, 0, -EVERYBODY)
    assert points(loyalty, member)[0] == 130 - EVERYBODY


def check_record(loyalty: Loyalty, member: str, got: Counter[str]) -> None:
    assert list(got.values()) == [EVERYBODY]
    report = loyalty.report()
    assert (report.orders, report.members) == (2, 2)
    assert report.wallets[0].issued == EVERYBODY + 130 + 7


def check_adjust(loyalty: Loyalty, member: str, got: Counter[str]) -> None:
    assert list(got.values()) == [EVERYBODY]
    assert totals(loyalty, member) == (EVERYBODY + 130, 0, 0, -EVERYBODY - 5)


def check_enrol(loyalty: Loyalty, member: str, got: Counter[str]) -> None:
    assert list(got.values()) == [EVERYBODY]
    assert loyalty.report().members == 2
    (joined,) = got
    assert {one.kind.value for one in loyalty.member(joined).identities} == {"email", "phone"}


CHECKS = {
    "redeem": check_redeem,
    "redeem_once": check_redeem_once,
    "give_back": check_give_back,
    "record": check_record,
    "adjust": check_adjust,
    "enrol": check_enrol,
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("task", TASKS)
def test_everybody_wants_the_same(
    processes: list[subprocess.Popen[str]], database_url: str, task: str
) -> None:
    with opened(database_url) as loyalty:
        sold = order(amount=f"{EVERYBODY + 130}.00")
        member = loyalty.record(sold).member_id or ""
        loyalty.adjust(member, "points", -EVERYBODY, reason="r", actor="a", key="first")
        got = answers(processes, database_url, task, member)
        CHECKS[task](loyalty, member, got)
        assert loyalty.verify().problems == ()
