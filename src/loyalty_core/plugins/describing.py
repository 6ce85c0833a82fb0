"""What plugins say of themselves, and which are installed and off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loyalty_core.domain.facts import Json
from loyalty_core.domain.plugin_states import PluginState, PluginStatus
from loyalty_core.plugins.deprecating import deprecated_of
from loyalty_core.plugins.loader import Hooks, Plugin, installed


def versions_of(plugins: Mapping[str, Plugin]) -> Mapping[str, str]:
    """The versions of these plugins, by id."""
    return {name: plugin.manifest.version for name, plugin in plugins.items()}


def described(
    plugins: Mapping[str, Plugin], sections: Mapping[str, Mapping[str, Json]]
) -> Iterator[PluginStatus]:
    """The plugins that are on, then those installed and off, which are not imported for it."""
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
    for name, version in sorted(installed().items()):
        if name not in plugins:
            yield PluginStatus(id=name, version=version, state=PluginState.OFF)
