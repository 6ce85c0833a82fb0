"""The JSON Schema of a ``loyalty.toml`` with all plugins that are installed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from importlib.metadata import entry_points
from typing import Any, get_type_hints

from loyalty_core.application.config_schema import schema_of
from loyalty_core.domain.facts import Json
from loyalty_core.errors import PluginError
from loyalty_core.plugins.loader import GROUP, load
from loyalty_core.plugins.manifest import PluginManifest

SECTIONS = "loyalty.sections"
"""Entry points that read a section of the configuration: a function that raises its faults."""
logger = logging.getLogger("loyalty_core")


def config_schema(plugins: Iterable[object] = ()) -> dict[str, Json]:
    """The JSON Schema (draft 2020-12) of a ``loyalty.toml``, for editors and other checks.

    It knows the settings of the plugins that are installed and of those given, and those of the
    gateway where that is installed. Every setting has its documentation, its default and what it
    may be; secrets are references to environment variables.

    A plugin that cannot be loaded is left out: a configuration that has it on is refused anyway.
    """
    given = tuple(plugins)
    names = {found.name for found in entry_points(group=GROUP)}
    kinds: dict[str, type | None] = {}
    for name in sorted(names | {_manifest(one).id for one in given}):
        try:
            kinds[name] = load(name, given).manifest.config
        except PluginError as error:
            logger.warning("the plugin %s is not in the schema: %s", name, error)
    sections = {found.name: found.load() for found in entry_points(group=SECTIONS)}
    settings = {name: _settings(read) for name, read in sorted(sections.items())}
    return schema_of(kinds, {name: kind for name, kind in settings.items() if kind is not None})


def _manifest(plugin: Any) -> PluginManifest:
    manifest: PluginManifest = plugin.manifest
    return manifest


def _settings(read: Callable[..., object]) -> type | None:
    """The settings dataclass that the reader of a section returns, if it says so."""
    kind = get_type_hints(read).get("return")
    return kind if isinstance(kind, type) and is_dataclass(kind) else None
