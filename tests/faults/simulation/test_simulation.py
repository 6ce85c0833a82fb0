"""The books hold through everything that a seed can think of; see ``run.py``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.simulation.run import simulated

NIGHTLY = bool(os.environ.get("LOYALTY_NIGHTLY"))
GIVEN = os.environ.get("LOYALTY_SIMULATION_SEED")
ROUNDS = 300 if NIGHTLY else 14
SEEDS = [int(GIVEN)] if GIVEN else list(range(1, 11 if NIGHTLY else 2))


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("clock_goes_back", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_hold(database_url: str, seed: int, clock_goes_back: bool) -> None:
    trace = simulated(database_url, seed, ROUNDS, clock_goes_back=clock_goes_back)
    assert len(trace) > 20 * ROUNDS


def test_the_same_seed_makes_the_same_run(tmp_path: Path) -> None:
    one, two = (simulated(f"sqlite:///{tmp_path}/{name}.db", 5, ROUNDS) for name in "ab")
    assert one == two
    other = simulated(f"sqlite:///{tmp_path}/c.db", 6, ROUNDS)
    assert other != one
