"""``init`` and ``check``: a configuration to start from, and what is wrong with the one there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, time
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from loyalty_core.application.config import ConfigFile, document_of, effective
from loyalty_core.application.deprecations import deprecated_settings
from loyalty_core.application.structure import read_settings
from loyalty_core.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from loyalty_core.cli.output import answer, plain, print_json
from loyalty_core.cli.template import SCHEMA, configuration
from loyalty_core.cli.views import when
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import ConfigError, FactError, Problem
from loyalty_core.loyalty import Loyalty
from loyalty_core.plugins.manifest import PluginManifest
from loyalty_core.plugins.schema import SECTIONS, config_schema

PLUGINS = "loyalty.plugins"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("init")(init)
    app.command("check")(check)
    app.command("schema")(schema)


def init(
    config: ConfigOption = DEFAULT_CONFIG,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a commented configuration to start from.

    Beside it goes its JSON Schema, for editors that complete and check TOML.
    """
    installed = {found.name for found in entry_points(group=PLUGINS)}
    try:
        with config.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(configuration(config.parent.resolve().name, installed))
    except FileExistsError:
        raise FactError(
            "the file is there already, and was left alone",
            where=str(config),
            remedy="Name another one with --config, or replace it with --force.",
        ) from None
    except OSError as error:
        raise FactError(
            f"the file cannot be written: {error.strerror}",
            where=str(config),
            remedy="Check the folder and its permissions.",
        ) from None
    beside = config.parent / SCHEMA
    _write_schema(beside, config_schema())
    document: dict[str, Json] = {"written": str(config), "schema": str(beside)}
    answer(document, as_json, lambda console: _show_init(console, str(config), str(beside)))


def _show_init(console: Console, path: str, beside: str) -> None:
    console.print(Text(f"wrote {path} and {beside}"), soft_wrap=True)
    console.print(Text("next: read it, then run `loyalty check`"))


def schema(
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="Write it to this file, such as loyalty.schema.json."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the JSON Schema of a configuration, with the plugins that are installed.

    Editors complete and check a loyalty.toml that begins with "#:schema ./loyalty.schema.json".
    Write it again when a plugin was installed or upgraded.
    """
    made = config_schema()
    if write is None:
        print_json(made)
        return
    _write_schema(write, made)
    document: dict[str, Json] = {"written": str(write)}
    answer(document, as_json, lambda console: console.print(Text(f"wrote {write}")))


def _write_schema(path: Path, made: Json) -> None:
    text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise FactError(
            f"the file cannot be written: {error.strerror}",
            where=str(path),
            remedy="Check the folder and its permissions.",
        ) from None


def check(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Report every fault of the configuration at once.

    If there is none, every setting in effect is shown, defaults included, and what is legal but
    perhaps not meant: points that nothing spends. No database is opened: it may be run anywhere.
    """
    problems: list[Problem] = []
    try:
        found, notes = _effective(config)
    except ConfigError as error:
        problems += error.problems
    problems += _others_faults(document_of(config))
    if problems:
        raise ConfigError(problems)
    answer(
        {"ok": True, "config": str(config), "effective": found, "notes": [*notes]},
        as_json,
        lambda console: _show_check(console, str(config), found, notes),
    )


def _effective(config: Path) -> tuple[dict[str, Json], list[str]]:
    with Loyalty.open(config, "sqlite://") as loyalty:
        found = effective(loyalty.config)
        found["plugins"] = {
            plugin.manifest.id: _settings(plugin.manifest, loyalty.config)
            for plugin in loyalty.plugins
        }
        going = deprecated_settings(ConfigFile, document_of(config), "")
        told = [note for one in loyalty.plugin_status() for note in one.deprecated]
        return found, [*_notes(loyalty), *map(str, going), *told]


def _notes(loyalty: Loyalty) -> list[str]:
    """What is legal and perhaps not meant."""
    spent = {reward.wallet for reward in loyalty.rewards()}
    starts_at = loyalty.config.program.starts_at
    starts = [] if starts_at is None else [_starting(when(starts_at, loyalty.config))]
    return starts + [
        f"wallets.{name}: no reward spends {wallet.unit}; that is right if they only count."
        for name, wallet in loyalty.config.wallets.items()
        if name not in spent
    ]


def _starting(at: str) -> str:
    return (
        f"program.in_force_from: it starts to decide at {at}, and the one before goes on so long."
    )


def _others_faults(document: Mapping[str, Json]) -> Iterator[Problem]:
    """The faults of sections that other distributions read, such as the gateway's."""
    for found in entry_points(group=SECTIONS):
        section = document.get(found.name, {})
        if isinstance(section, Mapping):
            try:
                found.load()(section)
            except ConfigError as error:
                yield from error.problems


def _show_check(
    console: Console, path: str, found: Mapping[str, Json], notes: Sequence[str]
) -> None:
    console.print(Text(f"{path}: no faults. In effect, defaults included:"), soft_wrap=True)
    console.print()
    for name, value in _flat("", dict(found)):
        console.print(Text(f"{plain(name)} = {plain(value)}"), soft_wrap=True)
    for note in notes:
        console.print(Text(f"note: {plain(note)}", style="yellow"), soft_wrap=True)


def _settings(manifest: PluginManifest, config: ProgramConfig) -> Json:
    """A plugin's settings with all defaults, as JSON."""
    if manifest.config is None:
        return {}
    section = config.plugins[manifest.id]
    return _plain(read_settings(manifest.config, section, where=f"plugins.{manifest.id}"))


def _plain(value: object) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _flat(path: str, value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for index, inner in enumerate(value):
            yield from _flat(f"{path}[{index}]", inner)
    else:
        yield path, json.dumps(value, ensure_ascii=False, default=str)
