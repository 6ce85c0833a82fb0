"""The step and looks of a scenario that are about segments.

recount = {}                          # counts them now; a tick does it once a day
expect = { sizes = { core = 1 } }     # how many members those named have
expect = { segments = ["core"] }      # those the step's member is in; told: those that are shown
expect = { entered = { core = 1 }, left = {} }    # what the count changed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from loyalty_core import Loyalty, RecountReport, Statement

Table = Mapping[str, Any]


class Counting(Protocol):
    """What of the player is needed here."""

    loyalty: Loyalty

    def member_id(self, step: Table) -> str:
        """The id of the step's member."""
        ...

    def statement(self, step: Table) -> Statement:
        """The statement of the step's member."""
        ...


def _recount(player: Counting, step: Table, nothing: Table, key: str) -> RecountReport:
    return player.loyalty.recount_segments()


def _segments(player: Counting, step: Table) -> list[str]:
    """Those the member is in, also those that no member is told of."""
    held = player.loyalty.member(player.member_id(step)).segments
    return [name for name in player.loyalty.config.segments if name in held]


def _sizes(player: Counting, expected: Table) -> dict[str, int]:
    found = {one.segment: one.members for one in player.loyalty.segments().segments}
    return {name: found[name] for name in expected}


ACTIONS: Mapping[str, Callable[[Any, Table, Any, str], Any]] = {"recount": _recount}
VIEWS: Mapping[str, Callable[[Any, Table, Any, Any], Any]] = {
    "sizes": lambda player, step, result, expected: _sizes(player, expected),
    "segments": lambda player, step, result, _: _segments(player, step),
    "told": lambda player, step, result, _: [
        one.name for one in player.statement(step).segments if one.visible
    ],
    "in": lambda player, step, result, _: dict(result.entered),
    "out": lambda player, step, result, _: dict(result.left),
}
