"""What a `scenario.toml` can do with games.

    team_code = "MIA"                # the step's member has this public code from now on

What there is to see is in `shown`, by the plugin's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from loyalty_core import Loyalty

Table = Mapping[str, Any]


class Playing(Protocol):
    """What of the player is needed here."""

    loyalty: Loyalty

    def member_id(self, step: Table) -> str:
        """The id of the step's member."""
        ...


def _team_code(player: Playing, step: Table, code: str, key: str) -> str:
    return player.loyalty.member_code(player.member_id(step), code)


ACTIONS: Mapping[str, Callable[[Any, Table, Any, str], Any]] = {"team_code": _team_code}
VIEWS: Mapping[str, Callable[[Any, Table, Any, Any], Any]] = {}
