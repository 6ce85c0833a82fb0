"""Every hook of the core, one function each. Hooks register; none runs afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pluggy

from loyalty_core.application.activities import ActivityKind
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.ports.connectors import Connector
from loyalty_core.ports.payments import PaymentProvider
from loyalty_core.ports.program import (
    BenefitSource,
    Command,
    FollowsFacts,
    ProgramType,
    RewardKind,
    Subscription,
)
from loyalty_core.schema.own import OwnTables

PROJECT = "loyalty"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def loyalty_register_programs(
    config: Any, program: ProgramConfig
) -> Iterable[ProgramType | FollowsFacts]:
    """Returns the ways to earn that this plugin adds, and what follows facts; one may do both.

    ``config`` is the plugin's own settings dataclass, ``program`` the whole configuration.
    Called once when a program opens, in no transaction, and once for each older version of the
    configuration whose facts have to be decided again.
    """
    raise NotImplementedError


@hookspec
def loyalty_register_activities(
    config: Any, program: ProgramConfig
) -> Iterable[ActivityKind[object]]:
    """Returns the kinds of activity that this plugin declares: what their ``data`` holds.

    An activity of such a kind is read by it wherever it comes from, and refused with path and
    remedy if it does not fit, as is one of the plugin's that it does not declare. Called when a
    program opens.
    """
    raise NotImplementedError


@hookspec
def loyalty_register_rewards(config: Any, program: ProgramConfig) -> Iterable[RewardKind]:
    """Returns the rewards that points buy by this plugin. Called when a program opens."""
    raise NotImplementedError


@hookspec
def loyalty_register_benefits(config: Any, program: ProgramConfig) -> Iterable[BenefitSource]:
    """Returns what gives members benefits; a ``TierScheme`` has tiers as well.

    Called when a program opens, and for older versions of its configuration, as for programs.
    """
    raise NotImplementedError


@hookspec
def loyalty_register_payments(config: Any, program: ProgramConfig) -> Iterable[PaymentProvider]:
    """Returns the payment providers of this plugin. Called when a program opens."""
    raise NotImplementedError


@hookspec
def loyalty_register_handlers(
    config: Any, program: ProgramConfig, payments: Mapping[str, PaymentProvider]
) -> Iterable[Subscription]:
    """Returns the plugin's subscriptions to events. Called when a program opens.

    ``payments`` are the payment providers of all plugins that are on, by id.
    """
    raise NotImplementedError


@hookspec
def loyalty_register_connectors(config: Any, program: ProgramConfig) -> Iterable[Connector]:
    """Returns the shops that this plugin connects, one connector for each account.

    Called when a program opens, and for older versions of its configuration: it must ask no shop
    and read no secret.
    """
    raise NotImplementedError


@hookspec
def loyalty_register_commands(config: Any, program: ProgramConfig) -> Iterable[Command]:
    """Returns the plugin's commands for the terminal: ``loyalty <plugin> <name>``.

    Called by the command line alone, when one of them is wanted or help is asked for; in no
    transaction, and before any database is opened. A plugin that has this hook cannot have the
    id of a command of the core, such as ``status``: it is refused when it is loaded.
    """
    raise NotImplementedError


@hookspec
def loyalty_register_tables() -> Iterable[OwnTables]:
    """Returns the tables that the plugin has of its own, with the migrations that lead to them.

    Called when a program opens, before its migrations run, and for older versions of its
    configuration: the tables are the same whatever the settings are.
    """
    raise NotImplementedError
