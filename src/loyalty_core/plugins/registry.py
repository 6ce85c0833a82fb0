"""Collects what the plugins register for one version of a configuration, and refuses clashes."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Self, TypeVar, cast

from loyalty_core.application.acting import events_for
from loyalty_core.application.activities import ActivityKind
from loyalty_core.application.catalogue import CATALOGUE, CatalogueReward
from loyalty_core.application.config import ConfigFile, document_of, load_config
from loyalty_core.application.deprecations import deprecated_settings
from loyalty_core.application.kept_states import States
from loyalty_core.application.partners import elsewhere
from loyalty_core.application.rules import Rules
from loyalty_core.application.segments import SegmentBenefits
from loyalty_core.application.structure import read_settings
from loyalty_core.domain.events import CORE_EVENTS
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import ConfigError, LoyaltyError, PluginError, Problem
from loyalty_core.plugins.loader import Hooks, Plugin, find
from loyalty_core.plugins.shapes import SHAPES, refuse_misshapen, refuse_tables
from loyalty_core.ports.connectors import ActsOnShop, Connector
from loyalty_core.ports.own_tables import TableShape
from loyalty_core.ports.payments import PaymentProvider
from loyalty_core.ports.program import (
    BenefitSource,
    Command,
    FollowsFacts,
    Owned,
    ProgramType,
    RewardKind,
    Subscription,
)
from loyalty_core.schema.own import OwnTables, shape_of

T = TypeVar("T")
logger = logging.getLogger("loyalty_core")


@dataclass(frozen=True, slots=True)
class Registry:
    """The plugins that are on, and how to build the rules of a configuration with them."""

    plugins: Mapping[str, Plugin]
    _hooks: Hooks = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises ``PluginError`` for a plugin whose hooks do not fit."""
        object.__setattr__(self, "_hooks", Hooks(self.plugins))

    @classmethod
    def of(cls, config: ProgramConfig, given: Iterable[object]) -> Self:
        """The plugins that ``config`` has on, of those installed and ``given``.

        Raises ``PluginError`` for one that cannot be had, and ``ConfigError`` where that is not all
        that is wrong: with all of those, and the faults of the others' sections.
        """
        plugins, refused = find(config.plugins, given)
        if refused:
            _, faults = settings_of(plugins, config.plugins)
            if faults or len(refused) > 1:
                raise ConfigError([*map(_problem, refused), *faults])
            raise refused[0]
        return cls(plugins)

    def rules(self, config: ProgramConfig, *, past: bool = False) -> Rules:
        """The rules of ``config``; without what acts on the present, of one of the ``past``.

        Raises ``ConfigError`` with the faults of all plugins' sections together, ``PluginError``
        for a clash or a plugin that raises while it registers.
        """
        on = {name: self.plugins[name] for name in config.plugins}
        settings, problems = settings_of(on, config.plugins)
        collected: dict[str, list[Owned[object]]] = defaultdict(list)
        given: dict[str, object] = {"program": config}
        for kind in (one for one in _ASKED if not (past and one in _PRESENT)):
            for name in (one for one in on if one in settings):
                try:
                    collected[kind] += _registered(self._hooks, kind, name, settings[name], given)
                except ConfigError as error:
                    problems += [one for one in error.problems if one not in problems]
            if kind == "payments":
                given = {**given, kind: _providers(collected[kind])}
        if problems:
            raise ConfigError(problems)
        states = States({one: plugin.manifest.state_steps for one, plugin in self.plugins.items()})
        return _rules_of(config, collected, states)

    def own_tables(self) -> Sequence[Owned[OwnTables]]:
        """The tables of all plugins that are on, in the order of the configuration."""
        found = [_registered(self._hooks, "tables", name, None, {}) for name in self.plugins]
        return [cast(Owned[OwnTables], one) for each in found for one in each]


def settings_of(
    on: Mapping[str, Plugin], sections: Mapping[str, Mapping[str, Json]]
) -> tuple[dict[str, object], list[Problem]]:
    """The settings of plugins by id, and what is wrong with those that cannot be read."""
    settings: dict[str, object] = {}
    problems: list[Problem] = []
    for name, plugin in on.items():
        section = sections[name]
        kind = plugin.manifest.config
        where = f"plugins.{name}"
        if kind is None:
            if section:
                problems.append(Problem(where, "this plugin has no settings", "Empty it."))
            settings[name] = None
            continue
        try:
            settings[name] = read_settings(kind, section, where=where)
        except ConfigError as error:
            problems += error.problems
    return settings, problems


def _registered(
    hooks: Hooks, kind: str, name: str, settings: object, given: Mapping[str, object]
) -> list[Owned[object]]:
    """What one plugin registers of a kind; raises ``PluginError`` where it raises itself."""
    hook = f"loyalty_register_{kind}"
    wanted = {one: given[one] for one in _GIVEN.get(kind, ("program",))}
    try:
        found = list(hooks.register(hook, name, config=settings, **wanted))
        for item in found:
            if kind == "tables":
                refuse_tables(item, name)
            else:
                refuse_misshapen(item, kind, cast(ProgramConfig, given["program"]))
    except LoyaltyError:
        raise
    except Exception as error:
        raise PluginError(
            f"the plugin {name!r} raised {type(error).__name__} in {hook}: {error}",
            where=f"plugins.{name}",
            plugin=name,
        ) from error
    return [Owned(name, item) for item in found]


def commands_of(plugin: Plugin, config: ProgramConfig) -> Mapping[str, Command]:
    """The commands of a plugin that is on, by name; raises ``ConfigError`` or ``PluginError``."""
    name = plugin.manifest.id
    settings, problems = settings_of({name: plugin}, config.plugins)
    if problems:
        raise ConfigError(problems)
    found = _registered(
        Hooks({name: plugin}), "commands", name, settings[name], {"program": config}
    )
    commands = [cast(Command, owned.item) for owned in found]
    named = {command.name: command for command in commands}
    if len(named) < len(commands) or not all(map(_COMMAND.fullmatch, named)):
        raise PluginError(
            f"the plugin {name!r} registers the commands {[one.name for one in commands]}",
            where=f"plugins.{name}",
            remedy="Each needs a name of its own: lower case letters, digits and hyphens.",
            plugin=name,
        )
    return named


def _providers(collected: list[Owned[object]]) -> Mapping[str, PaymentProvider]:
    """The payment providers by id; refuses names that are taken twice."""
    providers = cast(list[Owned[PaymentProvider]], collected)
    _unique(providers, lambda provider: provider.id, "payment provider")
    return {owned.item.id: owned.item for owned in providers}


def _rules_of(
    config: ProgramConfig, collected: Mapping[str, list[Owned[object]]], states: States
) -> Rules:
    """The rules of what was registered; refuses names that are taken twice."""
    rewards = cast(list[Owned[RewardKind]], collected["rewards"])
    catalogue: dict[str, Owned[RewardKind]] = {
        name: Owned(CATALOGUE, CatalogueReward(name, reward, config))
        for name, reward in config.rewards.items()
    }
    handlers = cast(list[Owned[Subscription]], collected["handlers"])
    _unique(rewards, lambda reward: reward.id, "reward")
    sources = cast(list[Owned[BenefitSource]], collected["benefits"])
    own: list[Owned[BenefitSource]] = [Owned(CATALOGUE, one) for one in SegmentBenefits.of(config)]
    _unique(handlers, lambda subscription: subscription.id, "subscription")
    _unique(sources, lambda source: source.id, "source of benefits")
    connectors = cast(list[Owned[Connector]], collected["connectors"])
    _unique(connectors, lambda connector: connector.id, "connector")
    _refuse_rewards(connectors, config)
    _refuse_unheard(handlers, connectors, config)
    activities = cast(list[Owned[ActivityKind[object]]], collected["activities"])
    _unique(activities, lambda kind: kind.kind, "kind of activity")
    subscribed: dict[str, list[Owned[Subscription]]] = defaultdict(list)
    for owned in [*handlers, *_noted(connectors)]:
        subscribed[owned.item.event_type].append(owned)
    programs = collected["programs"]
    rules = Rules(
        config,
        tuple(cast(Owned[ProgramType], one) for one in programs if hasattr(one.item, "decide")),
        {owned.item.id: owned for owned in rewards} | catalogue,
        subscribed,
        followers=tuple(
            cast(Owned[FollowsFacts], one) for one in programs if isinstance(one.item, FollowsFacts)
        ),
        sources=(*sources, *own),
        connectors={owned.item.id: owned for owned in connectors},
        activities={owned.item.kind: owned.item for owned in activities},
        tables=_shapes(cast(list[Owned[OwnTables]], collected["tables"])),
        states=states,
    )
    _refuse_shared_boards(rules)
    return rules


def _shapes(owned: list[Owned[OwnTables]]) -> Mapping[str, TableShape]:
    """The shapes of plugins' tables by name; refuses names that are taken twice."""
    shapes: dict[str, TableShape] = {}
    for one in owned:
        for table in one.item.tables:
            known = shapes.setdefault(table.name, shape_of(one.plugin, table))
            if known.plugin != one.plugin:
                raise PluginError(
                    f"the table {table.name!r} is registered by {known.plugin!r} and "
                    f"{one.plugin!r}",
                    where=f"plugins.{one.plugin}",
                    remedy="Switch one of them off.",
                    plugin=one.plugin,
                )
    return shapes


def _refuse_shared_boards(rules: Rules) -> None:
    """Raises ``PluginError`` where two programs name a board alike."""
    owners: dict[str, str] = {}
    for owned in rules.scoring:
        for board in owned.item.boards:
            if board.board in owners:
                raise PluginError(
                    f"the board {board.board!r} is registered by {owners[board.board]!r} and "
                    f"{owned.plugin!r}",
                    where=f"plugins.{owned.plugin}",
                    remedy="Give one of them another name.",
                )
            owners[board.board] = owned.plugin


def _noted(connectors: Iterable[Owned[Connector]]) -> Iterator[Owned[Subscription]]:
    """Subscriptions to what asks for something at shops; the core itself handles those."""
    for owned in connectors:
        if isinstance(owned.item, ActsOnShop):
            for event in events_for(owned.item):
                yield Owned(owned.plugin, elsewhere(event, owned.item.id))


def _refuse_rewards(connectors: Iterable[Owned[Connector]], config: ProgramConfig) -> None:
    """Raises ``ConfigError`` for rewards whose codes no connector, or more than one, can make."""
    problems: list[Problem] = []
    makers: dict[str, str] = {}
    for owned in connectors:
        names = owned.item.wants.rewards if isinstance(owned.item, ActsOnShop) else ()
        for name in names:
            where, reward = f"plugins.{owned.item.id}", config.rewards.get(name)
            if reward is None:
                known = f"Rewards of the catalogue: {', '.join(config.rewards) or 'none'}."
                problems.append(Problem(where, f"there is no reward {name!r}", known))
            elif reward.code is None or reward.code.pool:
                remedy = f"Give it a [rewards.{name}.code] without a pool: its codes are drawn."
                problems.append(Problem(where, f"{name!r} has no codes to be made", remedy))
            elif makers.setdefault(name, owned.item.id) != owned.item.id:
                message = f"the codes of {name!r} are made by {makers[name]!r} already"
                problems.append(
                    Problem(where, message, "A code that two shops take is used twice.")
                )
    if problems:
        raise ConfigError(problems)


def _refuse_unheard(
    handlers: Iterable[Owned[Subscription]],
    connectors: Iterable[Owned[Connector]],
    config: ProgramConfig,
) -> None:
    """Raises ``PluginError`` or ``ConfigError`` for events that nobody will ever tell of.

    A handler may wait for a plugin that is off; what a shop is told is what settings ask for.
    """
    for one in handlers:
        kind = one.item.event_type
        if "." not in kind and kind not in {"*", *CORE_EVENTS}:
            raise PluginError(
                f"the plugin {one.plugin!r} subscribes to {kind!r}, which is no event",
                where=f"plugins.{one.plugin}",
                remedy=_alike(kind),
                plugin=one.plugin,
            )
    told = {"*", *CORE_EVENTS}
    problems = [
        Problem(f"plugins.{owned.item.id}", f"there is no event {kind!r}", _alike(kind))
        for owned in connectors
        for kind in (owned.item.wants.events if isinstance(owned.item, ActsOnShop) else ())
        if kind not in told and not _is_of_plugin(kind, config)
    ]
    if problems:
        raise ConfigError(problems)


def _is_of_plugin(kind: str, config: ProgramConfig) -> bool:
    """Whether a plugin that is on may emit it."""
    plugin, _, name = kind.partition(".")
    return bool(name) and plugin in config.plugins


def _alike(kind: str) -> str:
    """Which events may be meant."""
    near = get_close_matches(kind, CORE_EVENTS)
    meant = f"Is it {' or '.join(near)}? " if near else ""
    return f"{meant}Events of the core are in docs/reference/events.md; a plugin's have its id."


def read_config(config: str | Path | Mapping[str, Json], given: Iterable[object]) -> ProgramConfig:
    """The configuration; its plugins' sections are read too where the rest has faults.

    Raises ``ConfigError`` with the faults of core and plugins together.
    """
    document = document_of(config)
    for found in deprecated_settings(ConfigFile, document, ""):
        found.deprecation.warn(found.what, stacklevel=2)
    try:
        return load_config(document)
    except ConfigError as error:
        raise ConfigError([*error.problems, *_section_faults(document, given)]) from None


def _section_faults(document: Mapping[str, Json], given: Iterable[object]) -> list[Problem]:
    written = document.get("plugins")
    sections = written if isinstance(written, dict) else {}
    tables = {name: section for name, section in sections.items() if isinstance(section, dict)}
    try:
        found, refused = find(sections, given)
    except PluginError as error:  # what was given is no plugin
        found, refused = {}, [error]
    on = {name: plugin for name, plugin in found.items() if name in tables}
    return [*map(_problem, refused), *settings_of(on, tables)[1]]


def _problem(error: PluginError) -> Problem:
    return Problem(error.where, error.message, error.remedy, error.code)


_ASKED = tuple(kind for kind in SHAPES if kind != "commands")
"""What is registered when a program opens: commands are asked for by the command line alone."""
_COMMAND = re.compile(r"[a-z][a-z0-9-]{0,40}")
_PRESENT = frozenset({"payments", "handlers", "activities"})
"""What is registered for the configuration in force alone: older ones only decide."""
_GIVEN: Mapping[str, tuple[str, ...]] = {"handlers": ("program", "payments"), "tables": ()}
"""What hooks are called with besides the plugin's settings, where it is not the program alone."""


def _unique(owned: list[Owned[T]], id_of: Callable[[T], str], what: str) -> None:
    """Raises ``PluginError`` where an id is taken twice or does not start with its plugin's id."""
    owners: dict[str, str] = {}
    for one in owned:
        name = id_of(one.item)
        if not name.startswith(f"{one.plugin}."):
            raise PluginError(
                f"the plugin {one.plugin!r} registers the {what} {name!r}",
                where=f"plugins.{one.plugin}",
                remedy=f"Its id must start with '{one.plugin}.'.",
            )
        if name in owners:
            raise PluginError(
                f"the {what} {name!r} is registered by {owners[name]!r} and {one.plugin!r}",
                where=f"plugins.{one.plugin}",
                remedy="Switch one of them off.",
            )
        owners[name] = one.plugin
