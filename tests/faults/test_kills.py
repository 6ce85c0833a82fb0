"""What was acknowledged is there after a crash, and nothing of it twice."""

from __future__ import annotations

import os
import random

import pytest

from loyalty_core import Loyalty
from tests.faults.doomed import Doomed
from tests.faults.worker import work
from tests.toy import START, Toy, config_of, order, points, totals

KILLS = 100 if os.environ.get("LOYALTY_NIGHTLY") else 3
WORKERS = 2


@pytest.mark.timeout(3600)
def test_killed_processes_lose_and_double_nothing(database_url: str) -> None:
    chance = random.Random(7)
    orders: set[str] = set()
    keys: set[str] = set()
    for kill in range(KILLS):
        processes = [Doomed(work, database_url, f"{kill}.{number}") for number in range(WORKERS)]
        for process in processes:
            said = [line.split() for line in process.killed(chance.randint(2, 60))]
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
