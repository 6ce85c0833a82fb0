"""What plugins show of a member; one that fails is left out and takes nothing with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_core.application.rules import Rules
from loyalty_core.application.showing import shown
from loyalty_core.application.standing import Person
from loyalty_core.domain.programs import Program, ProgramConfig
from loyalty_core.ports.program import Owned

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Quiet:
    """A program that shows nothing."""

    def decide(self, fact: object, member: object) -> list[Any]:
        return []


class Showing(Quiet):
    def __init__(self, what: object) -> None:
        self.what = what

    def show(self, member: Any, at: datetime) -> Any:
        if self.what == "raise":
            raise RuntimeError("a defect")
        return (
            {"seen": dict(member.state), "at": at.isoformat()} if self.what is None else self.what
        )


def asked(**programs: Any) -> Any:
    config = ProgramConfig(program=Program(id="shop", currency="USD"))
    rules = Rules(config, tuple(Owned(name, program) for name, program in programs.items()))
    return shown(rules, Person(state={"a": {"count": 1}, "b": {"count": 2}}), NOW, {})


def test_each_plugin_shows_what_follows_from_its_own_state() -> None:
    found = asked(a=Showing(None), b=Showing(None), c=Quiet())
    assert found == {
        "a": {"seen": {"count": 1}, "at": NOW.isoformat()},
        "b": {"seen": {"count": 2}, "at": NOW.isoformat()},
    }


@pytest.mark.parametrize("fault", ["raise", {"at": NOW}])
def test_a_plugin_that_fails_is_left_out(fault: object, caplog: pytest.LogCaptureFixture) -> None:
    found = asked(a=Showing(fault), b=Showing({"ok": True}))
    assert found == {"b": {"ok": True}}
    assert "plugin a failed to show a member" in caplog.text
