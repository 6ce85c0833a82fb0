"""The rules in force: a configuration, and what its plugins registered under it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Literal, NamedTuple

from loyalty_core.application.activities import Kinds
from loyalty_core.application.codes import random_code
from loyalty_core.application.ids import is_id
from loyalty_core.application.kept_states import VERSION, States
from loyalty_core.application.own_rows import row_fault
from loyalty_core.application.plain import is_document, is_json
from loyalty_core.application.quarantine import Quarantine
from loyalty_core.application.tracing import (
    effects_told,
    fact_told,
    member_told,
    outcome_told,
)
from loyalty_core.domain.amounts import LARGEST_AMOUNT
from loyalty_core.domain.boards import Board
from loyalty_core.domain.clock import is_moment
from loyalty_core.domain.decisions import Decision, Trace
from loyalty_core.domain.effects import (
    Cause,
    Credit,
    Effect,
    Emit,
    Grant,
    KeepState,
    Measure,
    PutRow,
)
from loyalty_core.domain.facts import SHIPPING, Decidable, Order
from loyalty_core.domain.members import MemberView
from loyalty_core.domain.names import LONGEST_ID
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.tiers import Outcome
from loyalty_core.errors import PluginFailed
from loyalty_core.ports.configs import ConfigReader
from loyalty_core.ports.connectors import ActsOnShop, Connector
from loyalty_core.ports.grants import CodeSource
from loyalty_core.ports.own_tables import TableShape
from loyalty_core.ports.program import (
    BenefitSource,
    FollowsFacts,
    Fulfils,
    Owned,
    ProgramType,
    RewardKind,
    ScoresMembers,
    ShowsMembers,
    Subscription,
    TierScheme,
)
from loyalty_core.ports.store import Documents

MOST_EFFECTS = 1000
"""How many effects one decision may have: a program that never ends is stopped here."""
logger = logging.getLogger("loyalty_core")


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the configuration with what its plugins registered.

    ``followers`` are programs that follow facts, ``sources`` what gives benefits, tier schemes
    among them: ``schemes`` has these alone, ``showing`` the programs that show something to
    members, by plugin, ``scoring`` those that rank them, and ``handed_over`` the ids of rewards
    that are. ``gone`` are plugins of an older version that cannot be asked any more: what they gave
    stands.
    ``activities`` are the kinds that plugins declare, by name.
    ``draw`` makes the codes of grants. ``coalition``: whether points of partners are, or ever were,
    accepted here. ``tables`` are those of the plugins, by name. ``quarantine`` times every call
    into a plugin, and knows which are not made now; all versions of a program's rules have the
    same. ``trace`` is told decisions. ``states`` reads what plugins kept of members.
    """

    config: ProgramConfig
    programs: Sequence[Owned[ProgramType]] = ()
    rewards: Mapping[str, Owned[RewardKind]] = field(default_factory=dict)
    subscriptions: Mapping[str, Sequence[Owned[Subscription]]] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    followers: Sequence[Owned[FollowsFacts]] = ()
    sources: Sequence[Owned[BenefitSource]] = ()
    draw: CodeSource = random_code
    coalition: bool = False
    connectors: Mapping[str, Owned[Connector]] = field(default_factory=dict)
    activities: Kinds = field(default_factory=dict)
    tables: Mapping[str, TableShape] = field(default_factory=dict)
    quarantine: Quarantine = field(default_factory=Quarantine)
    trace: Trace | None = None
    states: States = field(default_factory=States)
    schemes: Sequence[Owned[TierScheme]] = field(init=False)
    handed_over: frozenset[str] = field(init=False)
    showing: Mapping[str, ShowsMembers] = field(init=False)
    scoring: Sequence[Owned[ScoresMembers]] = field(init=False)

    def __post_init__(self) -> None:
        """Picks out once what every fact and every statement would look for."""
        schemes = [
            Owned(owned.plugin, owned.item)
            for owned in self.sources
            if isinstance(owned.item, TierScheme)
        ]
        every = self.uniting.items()
        showing = {plugin: item for plugin, item in every if isinstance(item, ShowsMembers)}
        scoring = [
            Owned(plugin, item)
            for plugin, item in every
            if isinstance(item, ScoresMembers) and item.boards
        ]
        handed_over = {name for name, one in self.rewards.items() if isinstance(one.item, Fulfils)}
        object.__setattr__(self, "schemes", schemes)
        object.__setattr__(self, "handed_over", frozenset(handed_over))
        object.__setattr__(self, "showing", showing)
        object.__setattr__(self, "scoring", scoring)

    @property
    def automatic(self) -> tuple[str, ...]:
        """The rewards that are bought by themselves."""
        return tuple(name for name, one in self.config.rewards.items() if one.auto_issue)

    def subscribers(self, event_type: str) -> tuple[str, ...]:
        """The ids of the subscriptions to a type of event."""
        named = (*self.subscriptions.get(event_type, ()), *self.subscriptions.get("*", ()))
        return tuple(owned.item.id for owned in named)

    @property
    def made(self) -> Mapping[str, str]:
        """The connectors that make the codes of rewards at their shops, by reward."""
        return {
            reward: name
            for name, owned in self.connectors.items()
            if isinstance(owned.item, ActsOnShop)
            for reward in owned.item.wants.rewards
        }

    @property
    def uniting(self) -> Mapping[str, object]:
        """The programs that may unite states of their plugin, by plugin."""
        programs: list[Owned[ProgramType] | Owned[FollowsFacts]] = [
            *self.programs,
            *self.followers,
        ]
        return {owned.plugin: owned.item for owned in programs}

    @property
    def boards(self) -> Mapping[str, Board]:
        """The boards of all programs, by name."""
        return {board.board: board for owned in self.scoring for board in owned.item.boards}


class Asked(NamedTuple):
    """Who is asked what."""

    plugin: str
    what: Literal["decide", "follow"]
    fact: Decidable
    member: MemberView
    outcome: Outcome | None = None


RulesAt = Callable[[Documents, int], Rules]
"""The rules of a version of the configuration, as the database has it."""

RulesAhead = Callable[[ConfigReader, datetime], Rules | None]
"""The rules that are stated to be in force at a moment to come; None if they are those of now."""


def ask(
    owned: Owned[ProgramType], fact: Decidable, member: MemberView, rules: Rules
) -> Sequence[Effect]:
    """What one program decides, checked.

    Raises ``PluginFailed`` when the plugin raises or returns what it may not.
    """
    decide = partial(owned.item.decide, fact, member)
    return _traced(Asked(owned.plugin, "decide", fact, member), decide, rules)


def ask_follower(
    owned: Owned[FollowsFacts], outcome: Outcome, member: MemberView, rules: Rules
) -> Sequence[Effect]:
    """What one program makes of what a fact came to, checked; raises like ``ask``."""
    follow = partial(owned.item.follow, outcome, member)
    return _traced(Asked(owned.plugin, "follow", outcome.fact, member, outcome), follow, rules)


def _traced(asked: Asked, call: Callable[[], Iterable[Effect]], rules: Rules) -> Sequence[Effect]:
    """What a plugin answers, told to the trace if there is one."""
    if rules.trace is None:
        return _checked(asked, call, rules)
    try:
        effects = _checked(asked, call, rules)
    except PluginFailed as error:
        _tell(rules.trace, asked, rules, (), error.message)
        raise
    _tell(rules.trace, asked, rules, effects, "")
    return effects


def _tell(
    trace: Trace, asked: Asked, rules: Rules, effects: Sequence[Effect], failure: str
) -> None:
    try:
        trace(
            Decision(
                plugin=asked.plugin,
                asked=asked.what,
                config_version=rules.config.version,
                fact=fact_told(asked.fact),
                member=member_told(asked.member),
                outcome=outcome_told(asked.outcome),
                effects=effects_told(effects),
                failure=failure,
            )
        )
    except Exception:  # whoever looks on must not change what happens
        logger.exception("the trace of a decision failed")


def _checked(asked: Asked, call: Callable[[], Iterable[Effect]], rules: Rules) -> Sequence[Effect]:
    plugin, fact = asked.plugin, asked.fact
    with rules.quarantine.asking(plugin, asked.what, fact=fact.id):
        try:
            effects = tuple(islice(call(), MOST_EFFECTS + 1))
            fault = _fault(effects, plugin, fact, rules)  # rubbish may raise when it is looked at
        except Exception as error:
            log = {"plugin": plugin}
            logger.exception("plugin %s failed on fact %s", plugin, fact.id, extra=log)
            what = f"raised {type(error).__name__}"
            rules.quarantine.failed(plugin, what)
            message = f"plugin {plugin!r} {what} on fact {fact.id!r}"
            raise PluginFailed(message, where=plugin) from error
    if fault:
        logger.error("plugin %s: %s", plugin, fault, extra={"plugin": plugin})
        rules.quarantine.failed(plugin, "returned what it may not")
        raise PluginFailed(f"plugin {plugin!r} {fault}", where=plugin)
    return effects


def _fault(effects: Sequence[object], plugin: str, fact: Decidable, rules: Rules) -> str:
    """What is wrong with the effects, in words that follow the plugin's name; empty if nothing.

    They are logged and traced: names are in them, and no value that may say who somebody is.
    """
    config = rules.config
    if len(effects) > MOST_EFFECTS:
        return f"returned more than {MOST_EFFECTS:,} effects"
    credited: set[tuple[str, str]] = set()
    granted: set[tuple[str, str]] = set()
    caused: set[tuple[str, str]] = set()
    for effect in effects:
        fault = ""
        if isinstance(effect, KeepState):
            kept = is_document(effect.state) and VERSION not in effect.state
            fault = "" if kept else "keeps a state that is not a JSON object of its own"
        elif isinstance(effect, Emit):
            fault = _emit_fault(effect, plugin)
        elif isinstance(effect, Measure):
            fault = _measure_fault(effect, plugin)
        elif isinstance(effect, PutRow):
            fault = row_fault(effect, plugin, rules.tables)
        elif isinstance(effect, Credit):
            fault = _credit_fault(effect, fact, config)
            if not fault and (effect.rule, effect.wallet) in credited:
                fault = f"credited {effect.wallet!r} twice by rule {effect.rule!r}"
            credited.add((effect.rule, effect.wallet))
        elif isinstance(effect, Grant):
            fault = _grant_fault(effect, config)
            if not fault and (effect.rule, effect.reward) in granted:
                fault = f"granted {effect.reward!r} twice by rule {effect.rule!r}"
            granted.add((effect.rule, effect.reward))
        elif isinstance(effect, Cause):
            fault = _cause_fault(effect, plugin)
            name = (effect.rule, effect.member or effect.code)
            if not fault and name in caused:
                fault = f"caused two facts of one member by rule {effect.rule!r}"
            caused.add(name)
        else:
            fault = f"returned a {type(effect).__name__}, which is not an effect"
        if fault:
            return fault
    return ""


def is_short_text(value: object) -> bool:
    """Whether it is a text that every database keeps, of a sensible length and not empty."""
    return type(value) is str and 1 <= len(value) <= LONGEST_ID and is_json(value)


def _emit_fault(effect: Emit, plugin: str) -> str:
    if not is_short_text(effect.type) or not effect.type.startswith(f"{plugin}."):
        return f"emitted {effect.type!r}, which is not below its id"
    return "" if is_json(effect.data) else f"emitted {effect.type!r} with data that is not JSON"


def _measure_fault(effect: Measure, plugin: str) -> str:
    if not is_short_text(effect.metric) or not effect.metric.startswith(f"{plugin}."):
        return f"measured {effect.metric!r}, which is not below its id"
    sensible = type(effect.amount) is int and 0 <= effect.amount < LARGEST_AMOUNT
    return "" if sensible else f"measured {effect.amount!r}, which is not a sensible whole number"


def _cause_fault(effect: Cause, plugin: str) -> str:
    if not is_short_text(effect.kind) or not effect.kind.startswith(f"{plugin}."):
        return f"caused {effect.kind!r}, which is not below its id"
    if not is_short_text(effect.rule):
        return f"caused a fact by rule {effect.rule!r}, which is not a text of a sensible length"
    if effect.member is not None and (effect.code or not is_id(effect.member)):
        return "caused a fact of somebody whom neither one member's id nor a code names"
    if effect.code and not is_short_text(effect.code):
        return "caused a fact by a code that is not a text of a sensible length"
    if effect.at is not None and not is_moment(effect.at):
        return f"caused a fact at {effect.at}, which is no sensible moment with a time zone"
    plain = all(isinstance(value, str | int | None) for value in effect.data.values())
    sensible = plain and is_json(effect.data)
    return "" if sensible else f"caused {effect.kind!r} with data that are not plain values"


def _grant_fault(effect: Grant, config: ProgramConfig) -> str:
    if not is_short_text(effect.rule):
        return f"granted by rule {effect.rule!r}, which is not a text of a sensible length"
    if effect.reward not in config.rewards:
        return f"granted {effect.reward!r}, which is not a reward of the program"
    return ""


def _credit_fault(effect: Credit, fact: Decidable, config: ProgramConfig) -> str:
    if not is_short_text(effect.rule):
        return f"credited by rule {effect.rule!r}, which is not a text of a sensible length"
    parts = [effect.amount, *effect.lines.values()]
    if any(type(part) is not int or not 0 <= part < LARGEST_AMOUNT for part in parts):
        return f"credited {effect.amount!r}, which is not a sensible whole number of points"
    if effect.wallet not in config.wallets:
        return f"credited wallet {effect.wallet!r}, which the program does not have"
    for moment in (effect.activates_at, effect.expires_at):
        if moment is not None and not is_moment(moment):
            return f"credited points with {moment}, which is no sensible moment with a time zone"
    if not effect.lines:
        return ""
    if not isinstance(fact, Order):
        return "split an activity's credit by lines"
    if sum(effect.lines.values()) != effect.amount:
        return f"credited {effect.amount} but its lines sum to {sum(effect.lines.values())}"
    unknown = effect.lines.keys() - {SHIPPING, *(line.id for line in fact.lines)}
    return f"credited lines that the order does not have: {sorted(unknown)}" if unknown else ""
