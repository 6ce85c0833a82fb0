"""What a `scenario.toml` can do with memberships.

    member_does = { subscribe = "club" }      # cancel = "now", pause = 14, resume = true,
    expect = { membership = { status = "trial" } }  # change = "plus", give = ["club", "CODE"]

`membership` in `expect` has what the member is shown of the membership, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from loyalty_core import Loyalty
from loyalty_paid.commands import Memberships

Table = Mapping[str, Any]


class Playing(Protocol):
    """What of the player is needed here."""

    loyalty: Loyalty

    def member_id(self, step: Table) -> str:
        """The id of the step's member."""
        ...


def _does(player: Playing, step: Table, command: Table, key: str) -> Mapping[str, Any]:
    memberships, member = Memberships(player.loyalty), player.member_id(step)
    ((name, word),) = command.items()
    match name:
        case "cancel":
            return memberships.cancel(member, key=key, when=word)
        case "pause":
            return memberships.pause(member, key=key, days=word)
        case "resume":
            return memberships.resume(member, key=key)
        case "give":
            return memberships.give(member, *word, key=key)
        case "change":
            return memberships.change(member, word, key=key)
        case _:
            return memberships.subscribe(member, word, key=key)


def _seen(player: Playing, step: Table, result: Any, expected: Table) -> dict[str, Any]:
    """What the member is shown under the names expected; what is nothing is written ""."""
    shown = Memberships(player.loyalty).of(player.member_id(step))
    return {name: "" if shown.get(name) is None else shown[name] for name in expected}


ACTIONS: Mapping[str, Callable[[Any, Table, Any, str], Any]] = {"member_does": _does}
VIEWS: Mapping[str, Callable[[Any, Table, Any, Any], Any]] = {"membership": _seen}
