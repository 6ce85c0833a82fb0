"""A backtest of every program in `examples/programs` with its own configuration differs nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from loyalty_core.application.backtest.case import Case
from loyalty_core.testing.scenarios import Player, StandingClock, opened, read_scenario
from tests.scenarios.test_programs import NAMES, PROGRAMS, some

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("everybody", ["copied", "replayed"])
@pytest.mark.parametrize("name", some(NAMES, 6))
def test_its_own_configuration_changes_nothing(
    name: str, everybody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, scenario = StandingClock(), read_scenario(PROGRAMS / name / "scenario.toml")
    with opened(PROGRAMS / name, f"sqlite:///{tmp_path / 'live.db'}", clock) as programs:
        assert all(check.passed for check in Player(programs, clock, scenario).play())
        if everybody == "replayed":
            monkeypatch.setattr(Case, "decided_alike", lambda case: False)
        for folder, loyalty in programs.items():
            config = PROGRAMS / name / folder / "loyalty.toml"
            found = loyalty.backtest(config, since=LONG_AGO)
            assert found.impossible == ()
            assert [one for one in (*found.months, *found.grants) if differs(one)] == []
            assert not found.differs
            assert (found.replayed > 0) is (
                everybody == "replayed" and found.erased < found.members_total
            )


def differs(one: object) -> bool:
    return one.was != one.would  # type: ignore[attr-defined, no-any-return]
