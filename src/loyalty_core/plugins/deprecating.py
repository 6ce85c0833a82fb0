"""What a plugin uses, or has switched on, that will go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loyalty_core.application.deprecations import deprecated_settings
from loyalty_core.domain.deprecation import Deprecated, Deprecation, deprecation_of
from loyalty_core.domain.facts import Json
from loyalty_core.plugins import hookspecs
from loyalty_core.plugins.loader import Plugin, implements


def deprecated_of(plugin: Plugin, section: Mapping[str, Json]) -> Iterator[Deprecated]:
    """The deprecated hooks that a plugin has, and the settings of its that a program has."""
    name = plugin.manifest.id
    for hook, deprecation in deprecated_hooks():
        if implements(plugin, hook):
            yield Deprecated(what=f"the hook {hook} of {name!r}", deprecation=deprecation)
    yield from deprecated_settings(plugin.manifest.config, section, f"plugins.{name}")


def deprecated_hooks() -> Iterator[tuple[str, Deprecation]]:
    """The hooks of the core that will go."""
    for name, specification in vars(hookspecs).items():
        found = deprecation_of(specification)
        if name.startswith("loyalty_") and found is not None:
            yield name, found
