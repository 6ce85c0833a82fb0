"""The rules of bronze: the plugin is what it says, fits the core, and opens."""

from __future__ import annotations

import ast
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

import loyalty_core
from loyalty_core.application.structure import converter, read_settings
from loyalty_core.errors import ConfigError, LoyaltyError
from loyalty_core.plugins import hookspecs
from loyalty_core.plugins.loader import GROUP, Hooks
from loyalty_core.plugins.manifest import PLUGIN_API_VERSION
from loyalty_core.plugins.registry import Registry, read_config
from loyalty_core.testing.quality.playing import words
from loyalty_core.testing.quality.rules import Idle, Unchecked, rule
from loyalty_core.testing.quality.subject import Document, Subject, entries
from loyalty_core.testing.quality.watching import Notes, Watching

_PARAMETERS = "__dataclass_params__"
_ID = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


@rule(
    "LQ101",
    "manifest",
    why="The id is in every name that the plugin owns, and the range decides with which releases "
    "of the core it starts.",
    mend="Fill in `PluginManifest`: an id of lower case letters, digits and underscores, the "
    'version of the distribution, `requires_plugin_api=">=1.2,<2"`, a summary that is a sentence, '
    "and a frozen dataclass as `config`.",
)
def manifest(subject: Subject) -> Iterator[str]:
    """The manifest says what the plugin is, and with which versions of the core it works."""
    said = subject.plugin.manifest
    if not _ID.fullmatch(said.id):
        yield f"the id {said.id!r} is not of lower case letters, digits and underscores"
    if not said.summary.endswith("."):
        yield f"the summary {said.summary!r} is no sentence"
    try:
        Version(said.version)
    except InvalidVersion:
        yield f"the version {said.version!r} is none"
    try:
        accepted = SpecifierSet(said.requires_plugin_api)
    except InvalidSpecifier:
        yield f"requires_plugin_api {said.requires_plugin_api!r} is no range of versions"
    else:
        if PLUGIN_API_VERSION not in accepted:
            yield f"requires_plugin_api {said.requires_plugin_api!r} is not {PLUGIN_API_VERSION}"
        major = int(PLUGIN_API_VERSION.partition(".")[0])
        if f"{major + 1}.0" in accepted:
            yield f"requires_plugin_api {said.requires_plugin_api!r} takes a version with breaks"
    kind = said.config
    if kind is not None and not getattr(getattr(kind, _PARAMETERS, None), "frozen", False):
        yield f"its config, {kind.__name__}, is no frozen dataclass"


@rule(
    "LQ102",
    "entry-point",
    why="The core finds plugins by this entry point, and a program names them by its id.",
    mend='Write `[project.entry-points."loyalty.plugins"]` with `<id> = "loyalty_<id>:plugin"`.',
)
def entry_point(subject: Subject) -> Iterator[str]:
    """Its distribution names the plugin, by its id, under the entry points `loyalty.plugins`."""
    if subject.folder is not None:
        named = entries(subject.folder / "pyproject.toml")
        if subject.id not in named:
            yield f"pyproject.toml names {', '.join(named) or 'nothing'}, and not {subject.id!r}"
            return
        module, _, attribute = named[subject.id].partition(":")
        there = getattr(sys.modules.get(module), attribute or "plugin", None)
        if there is not subject.plugin:
            yield f"{named[subject.id]!r} is not the plugin that is looked at"
    elif subject.id not in entry_points(group=GROUP).names:
        raise Unchecked("there is no pyproject.toml above its package, and it is not installed")


@rule(
    "LQ103",
    "hooks",
    why="A misspelt hook is never called, and a plugin without one does nothing.",
    mend="See the page of hooks for their names and parameters. Mark each with `@hookimpl`, those "
    "of the gateway with `@hookimpl(optionalhook=True)`.",
)
def hooks(subject: Subject) -> Iterator[str]:
    """It implements hooks that there are, with parameters that they have, at least one."""
    try:
        Hooks({subject.id: subject.plugin})
    except LoyaltyError as error:
        yield str(error)
    marked = [name for name in dir(subject.plugin) if _is_marked(subject, name)]
    if not marked:
        yield "it implements no hook"


def _is_marked(subject: Subject, name: str) -> bool:
    attribute = getattr(subject.plugin, name)
    return callable(attribute) and bool(getattr(attribute, f"{hookspecs.PROJECT}_impl", None))


@rule(
    "LQ104",
    "opens",
    why="A sample that does not open is the first thing that somebody tries.",
    mend="Run `loyalty check` on the sample, and correct it or the plugin.",
)
def opens(subject: Subject) -> Iterator[str]:
    """A program opens with each sample configuration, and the plugin registers something in it."""
    for number, sample in enumerate(subject.samples, 1):
        notes = Notes()
        try:
            _register(subject, sample, notes)
        except LoyaltyError as error:
            yield f"sample {number}: {words(error)}"
            continue
        if not notes.registered and not _extends(subject):
            yield f"sample {number}: the plugin registers nothing"


def _extends(subject: Subject) -> bool:
    """Whether it has a hook of somebody else, such as the gateway."""
    return any(
        _is_marked(subject, name) and not hasattr(hookspecs, name) for name in dir(subject.plugin)
    )


def _register(subject: Subject, sample: Document, notes: Notes) -> None:
    """Notes what the plugin registers in a program; raises ``LoyaltyError``."""
    plugin = Watching(subject.plugin, notes)
    config = read_config(sample, [plugin])
    Registry.of(config, [plugin]).rules(config)


@rule(
    "LQ108",
    "prefixes",
    why="Names that begin with the plugin's id meet nobody else's.",
    mend="Begin the id of each reward, source of benefits, payment provider, subscription and "
    "connector with the plugin's id and a dot.",
)
def prefixes(subject: Subject) -> Iterator[str]:
    """The ids of all that it registers begin with its own id and a dot."""
    notes = Notes()
    for sample in subject.samples:
        with contextlib.suppress(LoyaltyError):  # what was registered until then is noted
            _register(subject, sample, notes)
    for name in sorted(notes.ids):
        if not name.startswith(f"{subject.id}."):
            yield f"{name!r} does not begin with '{subject.id}.'"


@rule(
    "LQ105",
    "round-trip",
    why="A configuration is kept with each version of the rules and read again years later: old "
    "facts must be decided by what was written then.",
    mend="Use the types of settings: text, whole numbers, `Decimal`, days, enumerations, tuples, "
    "mappings and frozen dataclasses of them. Compute nothing in `__post_init__`.",
)
def round_trip(subject: Subject) -> Iterator[str]:
    """Settings that are written out and read again are the same settings."""
    kind = subject.plugin.manifest.config
    if kind is None:
        raise Idle("it has no settings")
    where = f"plugins.{subject.id}"
    for number, sample in enumerate(subject.samples, 1):
        try:
            settings: object = read_settings(kind, sample["plugins"][subject.id], where=where)
            written = json.loads(json.dumps(converter(0).unstructure(settings)))
            again: object = read_settings(kind, written, where=where)
        except ConfigError as error:
            yield f"sample {number}: {words(error)}"
        except (TypeError, ValueError, AttributeError) as error:
            yield f"sample {number}: the settings cannot be written out: {error}"
        else:
            if again != settings:
                yield f"sample {number}: {again} was {settings}"


@rule(
    "LQ106",
    "public-names",
    why="What is not public may change in any release, and plugins that import each other cannot "
    "be installed one by one.",
    mend="Import from `loyalty_core`, `loyalty_core.testing` and, in the module `graphql` alone, "
    "`loyalty_gateway.extension`. Meet other plugins through facts, events and what is measured. "
    "If something is missing, ask for it to become public.",
)
def public_names(subject: Subject) -> Iterator[str]:
    """It imports nothing of the core and the gateway but their public names, and no plugin."""
    if not subject.modules:
        raise Unchecked("its source is not there")
    own = subject.package.__name__
    points = entry_points(group=GROUP)
    others = {point.value.partition(":")[0].partition(".")[0] for point in points} - {own}
    for path in subject.modules:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _imported(node):
                top, _, rest = name.partition(".")
                public = not rest or rest.partition(".")[0] in (*loyalty_core.__all__, "testing")
                if top in others or (top == "loyalty_core" and not public):
                    yield f"{path.name}:{node.lineno}: imports {name}"  # type: ignore[attr-defined]
                if top == "loyalty_gateway" and rest not in ("extension", "testing"):
                    yield f"{path.name}:{node.lineno}: imports {name}"  # type: ignore[attr-defined]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        if node.module == "loyalty_core":  # its names, or modules of it
            return [f"{node.module}.{alias.name}" for alias in node.names]
        return [node.module]
    return []


_QUIET = """
import importlib, os, sys, threading

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
LOUD = ("socket.", "sqlite3.connect", "subprocess.Popen", "os.system", "os.fork")

def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
    if on and (event.startswith(LOUD) or writes):
        sys.stderr.write(f"{on[0]}: {event} {arguments!r:.200}\\n")
        sys.stderr.flush()
        os._exit(3)

def start(thread):
    sys.stderr.write(f"{on[0]}: starts the thread {thread.name}\\n")
    os._exit(3)

import loyalty_core
on = []
sys.addaudithook(watch)
threading.Thread.start = start
for name in sys.argv[1:]:
    on[:] = [name]
    importlib.import_module(name)
"""


@rule(
    "LQ107",
    "quiet-import",
    why="Plugins are imported by every command, also by those that only ask what is installed.",
    mend="Do in a hook, or when it is needed, what the module does while it is imported.",
)
def quiet_import(subject: Subject) -> Iterator[str]:
    """Importing it opens no connection, starts no thread or process and writes no file."""
    if not subject.modules or not hasattr(subject.package, "__path__"):
        raise Unchecked("its source is not there")
    names = [
        _dotted(subject, path.relative_to(subject.modules[0].parent).with_suffix("").parts)
        for path in subject.modules
        if path.name != "__main__.py"
    ]
    paths = f"import sys\nsys.path[:0] = {[str(subject.modules[0].parents[1])]!r}\n"
    done = subprocess.run(  # noqa: S603 - this interpreter, on its own modules
        [sys.executable, "-B", "-W", "ignore", "-c", paths + _QUIET, *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        yield (done.stderr.strip().splitlines() or ["it cannot be imported"])[-1]


def _dotted(subject: Subject, parts: tuple[str, ...]) -> str:
    inner = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join((subject.package.__name__, *inner))


RULES = (
    manifest,
    entry_point,
    hooks,
    opens,
    round_trip,
    public_names,
    quiet_import,
    prefixes,
)
