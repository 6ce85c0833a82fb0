"""The look of a scenario at what plugins show of the step's member.

shown."games.streaks.visits.length" = 3       # plugin, section, which one of it, what of that
shown."games.wheels.june.spins.*.prize" = []  # of each one

Of a list, one is found by its first value. What is not there, or nothing, is written "".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from loyalty_core import Statement

Table = Mapping[str, Any]


class Showing(Protocol):
    """What of the player is needed here."""

    def statement(self, step: Table) -> Statement:
        """The statement of the step's member."""
        ...


def shown(player: Showing, step: Table, result: Any, expected: Table) -> dict[str, Any]:
    """What stands at the paths that the expectation names."""
    found = player.statement(step).shown
    return {path: _at(found, path.split(".")) for path in expected}


def _at(value: Any, path: Sequence[str]) -> Any:
    if not path or value is None:
        return "" if value is None else value
    if isinstance(value, Mapping):
        return _at(value.get(path[0]), path[1:])
    if path[0] == "*":
        return [_at(one, path[1:]) for one in value]
    found = [one for one in value if path[0] in list(one.values())[:1]]
    return _at(found[0] if found else None, path[1:])
