"""What a `scenario.toml` can do with referrals.

    code = "ADA-10"                  # the step's member has this code from now on

What there is to see is in `shown`, by the plugin's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from loyalty_core import Loyalty
from loyalty_referral.sharing import Link, link_of

Table = Mapping[str, Any]


class Playing(Protocol):
    """What of the player is needed here."""

    loyalty: Loyalty

    def member_id(self, step: Table) -> str:
        """The id of the step's member."""
        ...


def _code(player: Playing, step: Table, code: str, key: str) -> Link:
    return link_of(player.loyalty, player.member_id(step), code)


ACTIONS: Mapping[str, Callable[[Any, Table, Any, str], Any]] = {"code": _code}
VIEWS: Mapping[str, Callable[[Any, Table, Any, Any], Any]] = {
    "link": lambda player, step, result, _: result.url,
}
