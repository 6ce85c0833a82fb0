"""What plugins say of themselves, and which are installed and off."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping

from loyalty_core.domain.facts import Json
from loyalty_core.domain.plugin_states import PluginState, PluginStatus
from loyalty_core.errors import ConfigError, PluginError
from loyalty_core.plugins.deprecating import deprecated_of
from loyalty_core.plugins.loader import Hooks, Plugin, find, installed


def versions_of(plugins: Mapping[str, Plugin]) -> Mapping[str, str]:
    """The versions of these plugins, by id."""
    return {name: plugin.manifest.version for name, plugin in plugins.items()}


def described(
    plugins: Mapping[str, Plugin], sections: Mapping[str, Mapping[str, Json]]
) -> Iterator[PluginStatus]:
    """The plugins that are on, then those installed and off, which are not imported for it."""
    yield from _on(plugins, sections)
    yield from _off(plugins)


def unopened(
    sections: Mapping[str, Json], error: ConfigError | PluginError
) -> tuple[list[PluginStatus], dict[str, str]]:
    """The plugins of a configuration that does not open, and by id why some are refused.

    ``sections`` are its plugins', and ``error`` is why it does not open. What is on is asked only
    who it is; nothing is known of what waits for it.
    """
    found, lacking = find(sections, ())
    reasons = {name: one.message for name, one in lacking.items()}
    for name, plugin in found.items():
        if told := [*_reasons(name, error), *_misfits(name, plugin)]:
            reasons[name] = "; ".join(dict.fromkeys(told))
    versions = installed()
    refused = [
        PluginStatus(
            id=name,
            version=found[name].manifest.version if name in found else versions.get(name, ""),
            state=PluginState.ON,
        )
        for name in sections
        if name in reasons
    ]
    fine = {name: plugin for name, plugin in found.items() if name not in reasons}
    return [*refused, *_on(fine, {}), *_off(sections)], reasons


def _misfits(name: str, plugin: Plugin) -> Iterator[str]:
    """Why its hooks cannot be called, if they cannot."""
    try:
        Hooks({name: plugin})
    except PluginError as error:
        yield error.message


def _reasons(name: str, error: ConfigError | PluginError) -> Iterator[str]:
    """What an error says of a plugin that is there."""
    if isinstance(error, PluginError):
        if error.facts.get("plugin") == name or error.where == f"plugins.{name}":
            yield error.message
        return
    for problem in error.problems:
        place = re.fullmatch(rf"plugins\.{re.escape(name)}(?:([.\[].*))?", problem.where)
        if place:
            below = (place[1] or "").removeprefix(".")
            yield f"{below}: {problem.message}" if below else problem.message


def _on(
    plugins: Mapping[str, Plugin], sections: Mapping[str, Mapping[str, Json]]
) -> Iterator[PluginStatus]:
    hooks = Hooks(plugins)
    for name, plugin in plugins.items():
        yield PluginStatus(
            id=name,
            version=plugin.manifest.version,
            state=PluginState.ON,
            summary=plugin.manifest.summary,
            stability=plugin.manifest.stability,
            hooks=hooks.of(name),
            personal_data=plugin.manifest.personal_data,
            deprecated=tuple(map(str, deprecated_of(plugin, sections.get(name, {})))),
        )


def _off(on: Container[str]) -> Iterator[PluginStatus]:
    for name, version in sorted(installed().items()):
        if name not in on:
            yield PluginStatus(id=name, version=version, state=PluginState.OFF)
