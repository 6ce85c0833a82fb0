"""Commands of plugins: ``loyalty <plugin> <command>``, run and printed as all others are.

A plugin's command returns its answer as data, and the core prints it: so ``--json`` is one document
whatever the plugin does, and what it raises is told as its own failure.
"""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.main import get_command

from loyalty_core.application.plain import is_json
from loyalty_core.cli.options import DEFAULT_CONFIG, ConfigOption, DatabaseOption, JsonOption
from loyalty_core.cli.output import add, answer, facts_table, table
from loyalty_core.cli.session import opened
from loyalty_core.domain.facts import Json
from loyalty_core.errors import LoyaltyError, PluginError, PluginFailed, PluginMissing
from loyalty_core.plugins.loader import COMMANDS_HOOK, GROUP, Plugin, implements, load
from loyalty_core.plugins.registry import commands_of, read_config
from loyalty_core.ports.program import Command

VARIABLE = "LOYALTY_CONFIG"
logger = logging.getLogger("loyalty_core")


def names() -> list[str]:
    """The ids of the installed plugins that have commands; one that cannot be loaded has none."""
    found = []
    for name in sorted({point.name for point in entry_points(group=GROUP)}):
        try:
            if implements(load(name), COMMANDS_HOOK):
                found.append(name)
        except LoyaltyError as error:
            logger.warning("%s", error)
    return found


def group_of(name: str) -> Any:
    """The commands of an installed plugin; None if there is none of this id, or it has none.

    Raises ``PluginError`` for one that cannot be loaded.
    """
    if name not in {point.name for point in entry_points(group=GROUP)}:
        return None
    plugin = load(name)
    return PluginGroup(plugin) if implements(plugin, COMMANDS_HOOK) else None


class PluginGroup(TyperGroup):
    """The commands of one plugin, as the configuration of a program has them.

    The configuration is the one that the command's ``--config`` names, so its arguments are looked
    through for it before the command is known.
    """

    def __init__(self, plugin: Plugin) -> None:
        manifest = plugin.manifest
        super().__init__(
            name=manifest.id,
            help=f"{manifest.summary}\n\nA program's configuration says which commands there are.",
            short_help=manifest.summary,
            no_args_is_help=True,
            rich_markup_mode=None,
        )
        self._plugin = plugin
        self._config = Path(os.environ.get(VARIABLE) or DEFAULT_CONFIG)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of these arguments, under the configuration that they name."""
        self._config = _config_in(args) or self._config
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands under the configuration that is there; none without one."""
        try:
            return list(self._found())
        except LoyaltyError:
            return []

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, ready to run."""
        command = self._found().get(cmd_name)
        return None if command is None else _click(self._plugin.manifest.id, command)

    def _found(self) -> Mapping[str, Command]:
        name = self._plugin.manifest.id
        config = read_config(self._config, ())
        if name not in config.plugins:
            raise PluginMissing(
                f"the plugin {name!r} is not switched on in {self._config}",
                where=f"plugins.{name}",
                remedy=f"Add a section [plugins.{name}], or name another file with --config.",
                plugin=name,
            )
        return commands_of(self._plugin, config)


def _config_in(args: Sequence[str]) -> Path | None:
    """The file that ``--config`` names, however it is written."""
    for place, one in enumerate(args):
        if one in ("--config", "-c") and place + 1 < len(args):
            return Path(args[place + 1])
        if one.startswith("--config="):
            return Path(one.removeprefix("--config="))
        if one.startswith("-c"):
            return Path(one.removeprefix("-c"))
    return None


def _click(plugin: str, command: Command) -> Any:
    """The command as the command line's library has it."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    try:
        app.command(command.name)(_function(plugin, command))
        return get_command(app)
    except Exception as error:
        raise PluginError(
            f"the command {command.name!r} of {plugin!r} cannot be read: "
            f"{type(error).__name__}: {error}",
            where=f"plugins.{plugin}",
            remedy="The first parameter is the program, the others need annotations of Typer.",
            plugin=plugin,
        ) from error


def _function(plugin: str, command: Command) -> Callable[..., None]:
    """A function that opens the program, runs the command in it and prints its answer."""
    own = list(inspect.signature(command.run, eval_str=True).parameters.values())[1:]
    shared = {"config": ConfigOption, "database": DatabaseOption, "as_json": JsonOption}
    defaults: dict[str, object] = {"config": DEFAULT_CONFIG, "database": None, "as_json": False}
    if taken := [one.name for one in own if one.name in shared]:
        raise TypeError(f"the core itself adds {', '.join(taken)}")

    def function(config: Path, database: str | None, as_json: bool, **given: object) -> None:
        with opened(config, database) as loyalty:
            document = _answered(plugin, command, lambda: command.run(loyalty, **given))
        answer(document, as_json, lambda console: _show(console, document))

    keyword = inspect.Parameter.KEYWORD_ONLY
    added = [
        inspect.Parameter(name, keyword, default=defaults[name], annotation=annotation)
        for name, annotation in shared.items()
    ]
    parameters = [*(one.replace(kind=keyword) for one in own), *added]
    described: Any = function
    described.__signature__ = inspect.Signature(parameters)
    described.__annotations__ = {one.name: one.annotation for one in parameters}
    described.__doc__ = inspect.getdoc(command.run)
    return function


def _answered(plugin: str, command: Command, run: Callable[[], object]) -> dict[str, Json]:
    """What a command answers, checked; raises ``PluginFailed`` where the plugin fails."""
    what = f"the command {command.name!r} of plugin {plugin!r}"
    try:
        document = run()
    except (LoyaltyError, typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except Exception as error:
        logger.exception("%s failed", what, extra={"plugin": plugin})
        message = f"{what} raised {type(error).__name__}: {error}"
        raise PluginFailed(message, where=plugin) from error
    if not isinstance(document, Mapping) or not is_json(document):
        message = f"{what} answered {document!r:.60}, which is not a JSON object without fractions"
        raise PluginFailed(message, where=plugin)
    return dict(cast(Mapping[str, Json], document))


def _show(console: Console, document: Mapping[str, Json]) -> None:
    """An answer for people: its values by name, and a table for each list of objects in it."""
    tables = {name: value for name, value in document.items() if _is_table(value)}
    rows = [
        row for name, value in document.items() if name not in tables for row in _rows(name, value)
    ]
    if rows:
        console.print(facts_table(rows))
    for name, value in tables.items():
        items = cast(list[dict[str, Json]], value)
        columns = list(dict.fromkeys(column for item in items for column in item))
        listed = table(*columns, title=name if len(document) > 1 else None)
        for item in items:
            add(listed, *(_text(item.get(column)) for column in columns))
        console.print(listed)


def _is_table(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _rows(name: str, value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and _amount(value) is None:
        for inner, item in value.items():
            yield from _rows(f"{name}.{inner}", item)
    else:
        yield name, _text(value)


def _text(value: Json) -> str:
    """A value in a cell: amounts as people write them, the rest as it is."""
    if isinstance(value, dict):
        amount = _amount(value)
        return (
            amount if amount is not None else ", ".join(f"{k} {_text(v)}" for k, v in value.items())
        )
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _amount(value: Mapping[str, Json]) -> str | None:
    if value.keys() == {"units", "decimal"}:
        return str(value["decimal"])
    return (
        f"{value['amount']} {value['currency']}" if value.keys() == {"amount", "currency"} else None
    )
