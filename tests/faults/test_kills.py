"""What was acknowledged is there after a crash, and nothing of it twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from loyalty_core import Loyalty
from tests.toy import START, Toy, config_of, order, points, totals

ROOT = Path(__file__).resolve().parents[2]
KILLS = 100 if os.environ.get("LOYALTY_NIGHTLY") else 3
WORKERS = 2


def start(url: str, run: str) -> subprocess.Popen[str]:
    worker = [sys.executable, str(ROOT / "tests" / "faults" / "worker.py"), url, run]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path}  # the same sources as here
    return subprocess.Popen(worker, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)


def killed(process: subprocess.Popen[str], after: int) -> list[str]:
    """What the process acknowledged; it is killed in the midst of what follows line ``after``."""
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(after)]
    process.kill()
    lines += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    assert process.returncode != 0
    return [line.rstrip("\n") for line in lines if line.endswith("\n")]


@pytest.mark.timeout(3600)
def test_killed_processes_lose_and_double_nothing(database_url: str) -> None:
    chance = random.Random(7)
    orders: set[str] = set()
    keys: set[str] = set()
    for kill in range(KILLS):
        processes = [start(database_url, f"{kill}.{number}") for number in range(WORKERS)]
        for process in processes:
            said = [line.split() for line in killed(process, chance.randint(2, 60))]
            assert said[0] == ["ready"]
            orders |= {words[1] for words in said[1:] if words[0] == "order"}
            keys |= {words[1] for words in said[1:] if words[0] == "spent"}
        check(database_url, orders, keys)
    assert len(orders) >= 2 * KILLS
    assert keys


def check(url: str, orders: set[str], keys: set[str]) -> None:
    with Loyalty.open(config_of(), url, plugins=[Toy()], clock=lambda: START) as loyalty:
        assert loyalty.verify().problems == ()
        member = loyalty.find({"email": "ada@example.org"})
        assert member is not None
        earned, redeemed, expired, adjusted = totals(loyalty, member.id)
        booked = loyalty.report().orders
        assert earned == 3 * booked
        assert booked >= len(orders)
        assert redeemed % 2 == 0
        assert redeemed >= 2 * len(keys)
        assert (expired, adjusted) == (0, 0)
        assert points(loyalty, member.id) == (earned - redeemed, earned - redeemed, 0, 0)
        again = loyalty.record_many([order(one, "3.00") for one in sorted(orders)])
        assert again.counts == {"duplicate": len(orders)}
        for key in sorted(keys):
            assert loyalty.redeem(member.id, points=2, key=key).points == 2
        assert totals(loyalty, member.id) == (earned, redeemed, 0, 0)
