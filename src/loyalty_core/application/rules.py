"""The rules in force: a configuration, and what its plugins registered under it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from loyalty_core.domain.effects import Credit, Effect, Emit, KeepState
from loyalty_core.domain.facts import Decidable, Order
from loyalty_core.domain.members import MemberView
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import PluginFailed
from loyalty_core.ports.program import Owned, ProgramType, RewardKind, Subscription
from loyalty_core.ports.store import UnitOfWork

logger = logging.getLogger("loyalty_core")


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the configuration with its programs, rewards and subscriptions."""

    config: ProgramConfig
    programs: Sequence[Owned[ProgramType]] = ()
    rewards: Mapping[str, Owned[RewardKind]] = field(default_factory=dict)
    subscriptions: Mapping[str, Sequence[Owned[Subscription]]] = field(default_factory=dict)

    def subscribers(self, event_type: str) -> tuple[str, ...]:
        """The ids of the subscriptions to a type of event."""
        return tuple(owned.item.id for owned in self.subscriptions.get(event_type, ()))


RulesAt = Callable[[UnitOfWork, int], Rules]
"""The rules of a version of the configuration, as the database has it."""


def ask(
    owned: Owned[ProgramType], fact: Decidable, member: MemberView, config: ProgramConfig
) -> Sequence[Effect]:
    """What one program decides, checked.

    Raises ``PluginFailed`` when the plugin raises or returns what it may not.
    """
    try:
        effects = tuple(owned.item.decide(fact, member))
    except Exception as error:
        logger.exception(
            "plugin %s failed on fact %s", owned.plugin, fact.id, extra={"plugin": owned.plugin}
        )
        raise PluginFailed(
            f"plugin {owned.plugin!r} raised {type(error).__name__} on fact {fact.id!r}",
            where=owned.plugin,
        ) from error
    for effect in effects:
        if fault := _fault(effect, owned.plugin, fact, config):
            logger.error("plugin %s: %s", owned.plugin, fault, extra={"plugin": owned.plugin})
            raise PluginFailed(f"plugin {owned.plugin!r} {fault}", where=owned.plugin)
    return effects


def _fault(effect: object, plugin: str, fact: Decidable, config: ProgramConfig) -> str:
    if isinstance(effect, KeepState):
        return ""
    if isinstance(effect, Emit):
        mine = effect.type.startswith(f"{plugin}.")
        return "" if mine else f"emitted {effect.type!r}, which is not below its id"
    if not isinstance(effect, Credit):
        return f"returned {effect!r}, which is not an effect"
    if type(effect.amount) is not int or effect.amount < 0:
        return f"credited {effect.amount!r}, which is not a whole number of points"
    if effect.wallet not in config.wallets:
        return f"credited wallet {effect.wallet!r}, which the program does not have"
    if effect.lines:
        if sum(effect.lines.values()) != effect.amount:
            return f"credited {effect.amount} but its lines sum to {sum(effect.lines.values())}"
        if not isinstance(fact, Order):
            return "split an activity's credit by lines"
    return ""
