"""The steps and looks of a scenario that are about who people are.

enrol = { name = "Ada", tags = ["press"] }    # makes the step's member one, or changes the profile
find = {}                                     # asks who is known by the step's identities
expect = { name = "Ada", members = 1 }        # what a till is told of who was found, "" of nobody
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from loyalty_core import Loyalty, Member, Profile

Table = Mapping[str, Any]


class Knowing(Protocol):
    """What of the player is needed here."""

    loyalty: Loyalty

    def identities(self, step: Table) -> dict[str, str]:
        """How the step's member is known."""
        ...


def _enrol(player: Knowing, step: Table, profile: Table, key: str) -> Member:
    given: Mapping[str, Any] = {
        name: tuple(value) if name == "tags" else value for name, value in profile.items()
    }
    made = Profile(**given)
    return player.loyalty.enrol(player.identities(step), source="shop", profile=made, key=key)


def _find(player: Knowing, step: Table, nothing: Table, key: str) -> Member | None:
    return player.loyalty.find(player.identities(step), source="shop")


ACTIONS: Mapping[str, Callable[[Any, Table, Any, str], Any]] = {"enrol": _enrol, "find": _find}
VIEWS: Mapping[str, Callable[[Any, Table, Any, Any], Any]] = {
    "members": lambda player, step, result, _: player.loyalty.report().members,
    "name": lambda player, step, result, _: result.profile.name if result else "",
}
