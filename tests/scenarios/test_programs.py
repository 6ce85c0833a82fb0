"""Every program in `examples/programs` does what its scenario says, on every database."""

import os
from pathlib import Path
from random import Random

import pytest

from loyalty_core.testing.scenarios import Player, StandingClock, opened, read_scenario

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "programs"
NIGHTLY = bool(os.environ.get("LOYALTY_NIGHTLY"))
SEEDS = range(1, 21) if NIGHTLY else (1,)
NAMES = sorted(path.parent.name for path in PROGRAMS.glob("*/scenario.toml"))
FIRST_COME = "instant-win"
"""A program whose prizes are for who asks first: there the order of arrival is the rule."""


def some(names: list[str], one_of: int) -> list[str]:
    """All of the programs at night, by day one of so many."""
    return names if NIGHTLY else names[::one_of]


def test_there_are_programs_and_each_has_a_scenario() -> None:
    assert NAMES
    assert sorted(path.name for path in PROGRAMS.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_scenario_comes_out(name: str, database_url: str) -> None:
    clock = StandingClock()
    scenario = read_scenario(PROGRAMS / name / "scenario.toml")
    with opened(PROGRAMS / name, database_url, clock) as programs:
        player = Player(programs, clock, scenario)
        for check in player.play():
            assert check.found == check.expected, check
        assert player.replay()
        assert [one.verify().problems for one in programs.values()] == [()] * len(programs)


@pytest.mark.parametrize("name", some([one for one in NAMES if one != FIRST_COME], 3))
@pytest.mark.parametrize("seed", SEEDS)
def test_the_facts_in_any_order_end_in_the_same_books(name: str, seed: int) -> None:
    scenario = read_scenario(PROGRAMS / name / "scenario.toml")
    numbered = list(enumerate(scenario["step"], 1))
    recorded = [step for step in numbered if "record" in step[1]]
    before = [step for step in numbered if not {"enrol", "code"}.isdisjoint(step[1])]
    shuffled = Random(seed).sample(recorded, len(recorded))
    balances, standings = [], []
    for order in (recorded, shuffled):
        clock = StandingClock()
        clock.now = scenario["step"][-1]["at"]
        with opened(PROGRAMS / name, "sqlite://", clock) as programs:
            player = Player(programs, clock, scenario)
            for number, step in before + order:
                player.do(step, number)
            found = [player.statement(step) for _, step in recorded]
            balances.append([player.balances(step) for _, step in recorded])
            standings.append([(one.standings, one.benefits, one.shown) for one in found])
            assert [one.verify().problems for one in programs.values()] == [()] * len(programs)
    assert balances[0] == balances[1]
    assert standings[0] == standings[1]
