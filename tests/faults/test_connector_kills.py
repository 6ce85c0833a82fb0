"""Processes killed between a shop and the books: nothing is lost, and no code is there twice."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from pathlib import Path

import pytest

from loyalty_core import RedemptionState
from tests.faults.doomed import Doomed
from tests.faults.shelving import SOLD, opened, shelve
from tests.toy import order

KILLS = 60 if os.environ.get("LOYALTY_NIGHTLY") else 3


@pytest.mark.timeout(3600)
def test_killed_processes_lose_no_webhook_and_make_no_second_code(
    database_url: str, tmp_path: Path
) -> None:
    chance, shelf = random.Random(11), tmp_path / "shelf"
    received: set[str] = set()
    keys: set[str] = set()
    for kill in range(KILLS):
        process = Doomed(shelve, database_url, str(kill), kill, str(shelf))
        pause = chance.randint(0, 60) / 1000
        for line in process.killed(chance.randint(2, 12), pause=pause):
            word, _, name = line.partition(" ")
            received |= {name} if word == "received" else set()
            keys |= {name} if word == "spent" else set()
    assert received
    assert keys
    with opened(database_url, KILLS + 1, shelf) as loyalty:
        for _ in range(3):  # what the dead had taken, then what comes of it
            loyalty.work_inbox()
            loyalty.tick()
        while not loyalty.reconcile("stall").finished:
            pass
        assert loyalty.verify().problems == ()
        listed = [order(f"sold {one}", "1.00", email="bob@example.org") for one in range(SOLD)]
        told = [order(name, "60.00") for name in sorted(received)]
        again = loyalty.record_many([*told, *listed])
        assert again.counts == {"duplicate": len(received) + SOLD}
        status = loyalty.connector_status("stall")
        assert (status.pending, status.dead) == (0, 0)
        assert (status.actions_pending, status.actions_dead) == (0, 0)
        ada = loyalty.find({"email": "ada@example.org"})
        assert ada is not None
        redeemed = loyalty.redemptions(ada.id, first=1000)
        assert {one.state for one in redeemed} == {RedemptionState.CAPTURED}
        assert len(redeemed) >= len(keys)
        grants = loyalty.grants(ada.id, first=1000)
        assert {one.state for one in grants} == {"issued"}
        assert len(grants) == len(redeemed)
        made: dict[str, set[str]] = defaultdict(set)
        for line in shelf.read_text().splitlines():
            did, code, grant = line.split()
            assert did == "MakeCode"
            made[grant].add(code)
        assert {one.grant_id: {one.code} for one in grants} == made
