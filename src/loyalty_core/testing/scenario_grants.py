"""The steps and looks of a scenario that are about the catalogue and grants.

redeem = { reward = "voucher" }            # as ever; then
use = { reward = "voucher", cart = ... }   # the latest grant of it that is not over
approve, reject, fulfil, revoke = { reward = "voucher" }
give = { reward = "voucher", reason = ... }
import_codes = { pool = "ten-off", codes = [...] }
rewards = {}                               # nothing but a look at the catalogue
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from loyalty_core import GrantReceipt, Loyalty, Money, RedemptionReceipt, RewardView
from loyalty_core.testing.scenario_front import Front

Table = Mapping[str, Any]
LIVE = ("requested", "preparing", "issued")


class Playing(Protocol):
    """What of the player is needed here."""

    loyalty: Loyalty
    front: Front

    def member_id(self, step: Table) -> str:
        """The id of the step's member."""
        ...


def _latest(player: Playing, step: Table, reward: str) -> GrantReceipt:
    """The latest grant of a reward, one that is not over before others."""
    mine = [one for one in player.front.grants(player.member_id(step)) if one.reward == reward]
    live = [one for one in mine if one.state in LIVE]
    return (live or mine)[0]


def _on_grant(command: str) -> Callable[[Any, Table, Any, str], GrantReceipt]:
    def act(player: Any, step: Table, wish: Table, key: str) -> GrantReceipt:
        grant = _latest(player, step, wish["reward"])
        more = {name: value for name, value in wish.items() if name != "reward"}
        made: GrantReceipt = getattr(player.loyalty, command)(grant.grant_id, key=key, **more)
        return made

    return act


def _give(player: Any, step: Table, wish: Table, key: str) -> GrantReceipt:
    made: GrantReceipt = player.loyalty.give_grant(player.member_id(step), key=key, **wish)
    return made


def _import_codes(player: Any, step: Table, wish: Table, key: str) -> Any:
    return player.loyalty.import_codes(wish["pool"], wish["codes"])


ACTIONS: Mapping[str, Callable[[Any, Table, Any, str], Any]] = {
    "use": _on_grant("use_grant"),
    "approve": _on_grant("approve_grant"),
    "reject": _on_grant("reject_grant"),
    "fulfil": _on_grant("fulfil_grant"),
    "revoke": _on_grant("revoke_grant"),
    "give": _give,
    "import_codes": _import_codes,
    "rewards": lambda player, step, wish, key: None,
}


def _catalogue(player: Playing, step: Table) -> Mapping[str, RewardView]:
    views = player.front.rewards(player.member_id(step))
    return {view.id: view for view in views if view.kind is not None}


def _grant(result: Any, expected: Table) -> dict[str, Any]:
    """What the expectation names of the grant that the step bought or changed."""
    grant = result.grant if isinstance(result, RedemptionReceipt) else result
    found = {name: getattr(grant, name) for name in expected}
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    return value if hasattr(value, "isoformat") or value is None else str(value)


def _grants(player: Playing, step: Table) -> dict[str, str]:
    """The state of the latest grant of each reward."""
    found = player.front.grants(player.member_id(step))
    return {one.reward: one.state.value for one in reversed(found)}


def _costs(player: Playing) -> dict[str, str]:
    sums: Counter[tuple[str, str]] = Counter()
    for one in player.loyalty.costs():
        sums[one.borne_by, one.cost.currency] += one.cost.amount_minor
    return {bearer: str(Money(minor, currency)) for (bearer, currency), minor in sums.items()}


def _owned(player: Playing, step: Table) -> dict[str, int]:
    grants = player.front.statement(player.member_id(step)).grants
    return dict(Counter(one.reward for one in grants))


VIEWS: Mapping[str, Callable[[Any, Table, Any, Any], Any]] = {
    "grant": lambda player, step, result, expected: _grant(result, expected),
    "grants": lambda player, step, result, _: _grants(player, step),
    "owned": lambda player, step, result, _: _owned(player, step),
    "saved": lambda player, step, result, _: [
        str(money) for money in player.front.statement(player.member_id(step)).saved
    ],
    "added": lambda player, step, result, _: result.added,
    "costs": lambda player, step, result, _: _costs(player),
    "catalogue": lambda player, step, result, _: {
        name: view.points for name, view in _catalogue(player, step).items()
    },
    "refusals": lambda player, step, result, _: {
        name: view.refusal for name, view in _catalogue(player, step).items()
    },
    "missing": lambda player, step, result, expected: {
        name: _catalogue(player, step)[name].missing for name in expected
    },
    "left": lambda player, step, result, expected: {
        name: _catalogue(player, step)[name].left for name in expected
    },
}
