"""Finding plugins: what is installed by entry point, what is given directly, what is switched on.

Entry points say what is installed, the program's configuration names what is on. pluggy checks
names and signatures; nothing of it is used after start-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, cast, runtime_checkable

import pluggy
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from loyalty_core.application.catalogue import CATALOGUE
from loyalty_core.application.plain import is_document
from loyalty_core.domain.plugin_states import StateStep
from loyalty_core.errors import PluginError, PluginMissing
from loyalty_core.plugins import hookspecs
from loyalty_core.plugins.manifest import PLUGIN_API_VERSION, PluginManifest

GROUP = "loyalty.plugins"
COMMANDS_HOOK = "loyalty_register_commands"
_ID = re.compile(r"[a-z][a-z0-9_]{0,30}")
_VERSION = re.compile(r"[!-~]{1,64}")

# fmt: off
COMMANDS = frozenset((
    "activities", "adjust", "backtest", "balance", "board", "capture", "check", "connect", "demo",
    "erase", "example", "explain", "export", "grants", "habits", "head", "history", "household",
    "import", "init", "link", "member", "merge", "plugin", "plugins", "proof", "quote", "record",
    "redeem", "reinstate", "release", "report", "rewards", "schema", "seal", "segments", "serve",
    "settle", "settlement", "statement", "status", "tick", "transfer", "unlink", "unmerge", "use",
    "verify", "versions",
))
# fmt: on
"""The commands of ``loyalty`` itself: a plugin that has commands cannot be called like one."""


@runtime_checkable
class Plugin(Protocol):
    """An object with a manifest and hook implementations."""

    @property
    def manifest(self) -> PluginManifest:
        """What the plugin says of itself."""
        ...


def find(
    wanted: Iterable[str], given: Iterable[object]
) -> tuple[dict[str, Plugin], list[PluginError]]:
    """The plugins that are switched on, by id, and why those that are lacking cannot be had.

    Both are in the order of the configuration. Raises ``PluginError`` for what is given and is no
    plugin.
    """
    direct = _by_id(given)
    wanted = tuple(wanted)
    looked = not set(wanted) <= set(direct)  # reading what is installed takes its time
    points = {point.name: point for point in entry_points(group=GROUP)} if looked else {}
    found: dict[str, Plugin] = {}
    refused: list[PluginError] = []
    for name in wanted:
        try:
            plugin = direct[name] if name in direct else _installed(name, points, direct)
            _check_version(plugin.manifest)
            found[name] = plugin
        except PluginError as error:
            refused.append(error)
    return found, refused


def load(name: str, given: Iterable[object] = ()) -> Plugin:
    """One plugin, by id; raises ``PluginMissing`` or ``PluginError``."""
    found, refused = find([name], given)
    if refused:
        raise refused[0]
    return found[name]


def _installed(name: str, points: Mapping[str, EntryPoint], direct: Mapping[str, Plugin]) -> Plugin:
    if name in points:
        return _imported(name, points[name].load, points[name].value)
    known = ", ".join(sorted({*direct, *points})) or "none"
    raise PluginMissing(
        f"the plugin {name!r} is switched on but not installed",
        where=f"plugins.{name}",
        remedy=f"Install loyalty-{name}, or delete the section. Installed: {known}.",
        plugin=name,
    )


def installed() -> dict[str, str]:
    """The plugins that are installed, by id, with the versions of their distributions."""
    return {
        point.name: point.dist.version if point.dist else "" for point in entry_points(group=GROUP)
    }


def _by_id(given: Iterable[object]) -> dict[str, Plugin]:
    found: dict[str, Plugin] = {}
    for one in given:
        plugin = _checked(one, "given to Loyalty.open")
        if found.setdefault(plugin.manifest.id, plugin) is not plugin:
            raise PluginError(
                f"two plugins with the id {plugin.manifest.id!r} were given",
                where="given to Loyalty.open",
                remedy="Give each plugin once.",
                plugin=plugin.manifest.id,
            )
    return found


def _imported(name: str, load_it: object, where: str) -> Plugin:
    try:
        plugin = load_it()  # type: ignore[operator]
    except Exception as error:
        raise PluginError(
            f"the plugin {name!r} cannot be imported: {type(error).__name__}: {error}",
            where=where,
            remedy="Reinstall or upgrade it, or delete its section.",
            plugin=name,
        ) from error
    checked = _checked(plugin, where)
    if checked.manifest.id != name:
        raise PluginError(
            f"the plugin {name!r} calls itself {checked.manifest.id!r}",
            where=where,
            remedy="Its entry point must have the name of its manifest's id.",
            plugin=name,
        )
    return checked


def _checked(plugin: object, where: str) -> Plugin:
    manifest = getattr(plugin, "manifest", None)
    if not isinstance(manifest, PluginManifest):
        raise PluginError(f"{plugin!r} has no manifest", where=where, remedy="Add one.")
    if not _ID.fullmatch(str(manifest.id)) or manifest.id == CATALOGUE:
        raise PluginError(
            f"a plugin cannot have the id {manifest.id!r}",
            where=where,
            remedy="An id has small letters, digits and underscores, starts with a letter, and "
            f"is not {CATALOGUE!r}.",
        )
    if manifest.id in COMMANDS and implements(plugin, COMMANDS_HOOK):
        raise PluginError(
            f"the plugin {manifest.id!r} has commands, and 'loyalty {manifest.id}' is the core's",
            where=where,
            remedy="Give it another id, or let it register no commands.",
            plugin=manifest.id,
        )
    version: object = manifest.version
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise PluginError(
            f"the plugin {manifest.id!r} cannot have the version {version!r}",
            where=where,
            remedy="Write it as packages do, such as 1.2.0.",
            plugin=manifest.id,
        )
    _check_steps(manifest)
    return cast(Plugin, plugin)


def _check_steps(manifest: PluginManifest) -> None:
    steps: object = manifest.state_steps
    for one in steps if isinstance(steps, tuple) else (steps,):
        fits = isinstance(one, StateStep) and is_document(one.example)
        if not (fits and callable(one.upgrade)):
            raise PluginError(
                f"the plugin {manifest.id!r} has {one!r} among its state_steps",
                where=f"plugins.{manifest.id}",
                remedy="It is a tuple of StateStep, each with a function and a JSON object.",
                plugin=manifest.id,
            )


def _check_version(manifest: PluginManifest) -> None:
    try:
        accepted = PLUGIN_API_VERSION in SpecifierSet(manifest.requires_plugin_api)
    except (InvalidSpecifier, TypeError, AttributeError):
        accepted = False
    if not accepted:
        raise PluginError(
            f"the plugin {manifest.id!r} {manifest.version} needs plugin API "
            f"{manifest.requires_plugin_api}, this is {PLUGIN_API_VERSION}",
            where=f"plugins.{manifest.id}",
            remedy="Install a release of the plugin made for this one.",
            plugin=manifest.id,
        )


def implements(plugin: object, hook: str) -> bool:
    """Whether a plugin has an implementation of a hook."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    return manager.parse_hookimpl_opts(plugin, hook) is not None


class Hooks:
    """pluggy behind typed methods: what one plugin registers under each hook."""

    def __init__(self, plugins: Mapping[str, Plugin]) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._plugins = plugins
        for name, plugin in plugins.items():
            try:
                hash(plugin)  # pluggy keeps plugins in sets
                self._manager.register(plugin, name=name)
                self._refuse_unknown(name, plugin)
            except (pluggy.PluginValidationError, TypeError) as error:
                raise PluginError(
                    f"the plugin {name!r} does not fit: {error}",
                    where=f"plugins.{name}",
                    remedy="A plugin is a hashable object with the hooks' own argument names.",
                    plugin=name,
                ) from error

    def _refuse_unknown(self, name: str, plugin: Plugin) -> None:
        known = {hook for hook in dir(hookspecs) if hook.startswith("loyalty_")}
        seen: set[str] = set()
        for attribute in dir(plugin):
            options = self._manager.parse_hookimpl_opts(plugin, attribute)
            hook = (options and options["specname"]) or attribute
            if options and hook in seen:
                raise PluginError(
                    f"the plugin {name!r} implements the hook {hook!r} twice",
                    where=f"plugins.{name}",
                    remedy="Return everything from one of them.",
                    plugin=name,
                )
            if options:
                seen.add(hook)
            if options and hook not in known and not options["optionalhook"]:
                raise PluginError(
                    f"the plugin {name!r} implements the unknown hook {hook!r}",
                    where=f"plugins.{name}",
                    remedy=f"Hooks: {', '.join(sorted(known))}.",
                    plugin=name,
                )

    def of(self, name: str) -> tuple[str, ...]:
        """The names of the hooks that a plugin has."""
        callers = self._manager.get_hookcallers(self._plugins[name]) or []
        return tuple(sorted(caller.name for caller in callers))

    def register(self, hook: str, name: str, **arguments: object) -> Iterator[object]:
        """What the plugin ``name`` returns for a hook that is called with these arguments."""
        plugin = self._plugins[name]
        others = [other for other in self._plugins.values() if other is not plugin]
        caller = self._manager.subset_hook_caller(hook, others)
        for registered in caller(**arguments):
            yield from registered or ()
