"""Several processes take in webhooks and act at a shop; those that are killed lose nothing."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from loyalty_core import GrantReceipt
from tests.faults.doomed import Doomed
from tests.faults.stalling import opened, work
from tests.toy import order, points

KILLS = 60 if os.environ.get("LOYALTY_NIGHTLY") else 2
PROCESSES = 3


@pytest.mark.timeout(3600)
def test_killed_processes_lose_no_webhook_and_make_no_second_code(
    database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(11)
    kept: set[str] = set()
    bought: set[str] = set()
    place = tmp_path / "stall"
    place.mkdir()
    for hour in range(KILLS):
        given = (database_url, place, hour)
        processes = [Doomed(work, *given, f"{hour}.{number}") for number in range(PROCESSES)]
        for process in processes:
            said = [line.split() for line in process.killed(chance.randint(2, 12))]
            kept |= {words[1] for words in said if words[0] == "kept"}
            bought |= {words[1] for words in said if words[0] == "bought"}
    assert kept
    assert bought
    check(database_url, place, kept, bought)


def check(url: str, place: Path, kept: set[str], bought: set[str]) -> None:
    with opened(url, place, KILLS + 1) as loyalty:
        loyalty.work_inbox()
        loyalty.tick()
        loyalty.tick()  # what the first one booked is told, and done
        status = loyalty.connector_status("stall.main")
        assert (status.pending, status.dead) == (0, 0)
        again = loyalty.record_many([order(one, "100.00") for one in sorted(kept)])
        assert again.counts == {"duplicate": len(kept)}
        member = loyalty.find({"email": "ada@example.org"})
        assert member is not None
        for key in sorted(bought):
            loyalty.redeem(member.id, reward="five", key=key)
        grants: list[GrantReceipt] = []
        while some := loyalty.grants(member.id, after=grants[-1].grant_id if grants else None):
            grants += some
        assert len(grants) >= len(bought)
        assert {one.state for one in grants} == {"issued"}
        made = {file.name: set(file.read_text().split()) for file in place.iterdir()}
        assert made == {str(one.code): {one.grant_id} for one in grants}
        booked = loyalty.report().orders
        assert booked >= len(kept)
        assert points(loyalty, member.id)[0] == 100 * booked - 50 * len(grants)
        assert loyalty.verify().problems == ()
