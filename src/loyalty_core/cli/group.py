"""The root of the command line: mounts other distributions' commands and reports every error."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from loyalty_core.cli import plugged
from loyalty_core.cli.output import (
    DEFECT,
    INTERRUPTED,
    USAGE,
    exit_code,
    print_error,
    print_json,
)
from loyalty_core.domain.facts import Json
from loyalty_core.errors import LoyaltyError, PluginError, PluginMissing

ENTRY_POINTS = "loyalty.commands"
logger = logging.getLogger("loyalty_core")
_UsageError: Any = typer.BadParameter.__mro__[1]  # typer brings its own click, and hides it
PROVIDERS = {"serve": ("loyalty-gateway", "Serves the program over GraphQL.")}
"""Commands that distributions of this project add: which one has it, and what it does."""


class LoyaltyGroup(TyperGroup):
    """The commands of this distribution, those under ``loyalty.commands``, and those of plugins.

    Installed commands are loaded when they are used or help is asked for, so that a status
    query does not wait for a web framework to be imported.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands: our own first, then the mounted ones."""
        own = super().list_commands(ctx)
        mounted = entry_points(group=ENTRY_POINTS)
        for found in mounted:
            if found.name in own:
                logger.warning("%s cannot have the command %s", _distribution(found), found.name)
        others = {found.name for found in mounted} | set(PROVIDERS)
        others |= set(plugged.names())
        return own + sorted(others - set(own))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, loaded from its distribution if it is not our own."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        if mounted := tuple(entry_points(group=ENTRY_POINTS, name=cmd_name)):
            return _the_only(cmd_name, mounted)
        if cmd_name in PROVIDERS:
            distribution, summary = PROVIDERS[cmd_name]
            missing = PluginMissing(
                f"the command {cmd_name!r} is not installed",
                remedy=f"Install its distribution: pip install {distribution}",
            )
            return _refusing(cmd_name, f"{summary} Needs {distribution}.", missing)
        return plugged.group_of(cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; every error becomes a message and a documented exit code."""
        as_json = "--json" in (*ctx._protected_args, *ctx.args)
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            if not as_json:
                raise
            print_json({"error": _document("usage", error.format_message(), "See --help.")})
            raise typer.Exit(USAGE) from None
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except LoyaltyError as error:
            print_error(error, as_json)
            raise typer.Exit(exit_code(error)) from None
        except KeyboardInterrupt:
            sys.stderr.write("stopped: what was acknowledged is booked; run it again to go on\n")
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:  # noqa: BLE001 - a defect, with its traceback, and its own code
            traceback.print_exc()
            if as_json:
                message = f"{type(error).__name__}: {error}"
                print_json({"error": _document("defect", message, "Report it.")})
            raise typer.Exit(DEFECT) from None


def _document(code: str, message: str, remedy: str) -> Json:
    return {"code": code, "message": message, "where": "", "remedy": remedy, "problems": []}


def _the_only(name: str, mounted: Sequence[EntryPoint]) -> Any:
    """The command that a distribution mounts, unless others have one of this name too."""
    owners = [_distribution(found) for found in mounted]
    if plugged.group_of(name) is not None:
        owners.append(f"the plugin {name!r}")
    if len(owners) == 1:
        return _mounted(mounted[0])
    clash = PluginError(
        f"the command {name!r} is that of {' and of '.join(sorted(owners))}",
        remedy="Uninstall one of them.",
    )
    return _refusing(name, "Cannot be used: it is there twice.", clash)


def _distribution(found: EntryPoint) -> str:
    return found.dist.name if found.dist else found.value


def _mounted(found: EntryPoint) -> Any:
    try:
        function = found.load()
    except Exception as error:  # noqa: BLE001 - whatever it is, the other commands must work
        distribution = _distribution(found)
        broken = PluginError(
            f"the command {found.name!r} cannot be loaded: {type(error).__name__}: {error}",
            where=distribution,
            remedy=f"Install {distribution} again, in a version that fits loyalty-core.",
        )
        return _refusing(found.name, f"Cannot be loaded from {distribution}.", broken)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(found.name)(function)
    return get_command(app)


def _refusing(name: str, summary: str, error: LoyaltyError) -> Any:
    def refuse() -> None:
        raise error

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    app.command(name, help=summary, context_settings=anything)(refuse)
    return get_command(app)
