"""The rules of gold: it is described in full, says what is wrong, and stays small."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from loyalty_core.application.deprecations import all_deprecated_settings
from loyalty_core.domain.clock import utc_now
from loyalty_core.errors import ConfigError
from loyalty_core.plugins.deprecating import deprecated_of
from loyalty_core.plugins.registry import Registry, read_config
from loyalty_core.testing.quality import plays
from loyalty_core.testing.quality.pages import run_python
from loyalty_core.testing.quality.playing import happening, record, refusals, stages, words
from loyalty_core.testing.quality.rules import Idle, Unchecked, rule
from loyalty_core.testing.quality.silver import names_in_tests
from loyalty_core.testing.quality.subject import Document, Subject

STATE_LIMIT = 16_384
"""How many characters of JSON a plugin may keep of a member after ``STATE_FACTS`` facts."""
STATE_FACTS = 120


def settings_kinds(subject: Subject) -> list[type]:
    """The plugin's dataclasses that its settings are made of; raises ``Idle`` if it has none."""
    kind = subject.plugin.manifest.config
    if kind is None:
        raise Idle("it has no settings")
    found: list[type] = []
    _collect(kind, subject.package.__name__, found, set())
    return found


def _collect(kind: Any, package: str, found: list[type], seen: set[Any]) -> None:
    if isinstance(kind, type) and is_dataclass(kind):
        own = kind.__module__ == package or kind.__module__.startswith(f"{package}.")
        if not own or kind in seen:
            return
        seen.add(kind)
        found.append(kind)
        for hint in get_type_hints(kind).values():
            _collect(hint, package, found, seen)
    for argument in get_args(kind):
        _collect(argument, package, found, seen)


@rule(
    "LQ301",
    "settings-described",
    why="The configuration page and the messages about faults are made of these sentences.",
    mend='Give each field a sentence: `field(metadata=doc("How many stamps buy one."))`.',
)
def settings_described(subject: Subject) -> Iterator[str]:
    """Every field of its settings says what it is, in a sentence."""
    for kind in settings_kinds(subject):
        for item in fields(kind):
            if not str(item.metadata.get("doc", "")).endswith("."):
                yield f"{kind.__name__}.{item.name} has no doc that is a sentence"


@rule(
    "LQ302",
    "settings-in-readme",
    why="A setting that nobody finds is not used.",
    mend="Name it in the README in the letters of code, or use it in a sample there.",
)
def settings_in_readme(subject: Subject) -> Iterator[str]:
    """The README names every setting."""
    text = _readme(subject)
    used = {part for block in subject.sections for path in paths(block) for part in path}
    for kind in settings_kinds(subject):
        for item in fields(kind):
            if item.name not in used and not re.search(rf"`{item.name}\b[^`]*`", text):
                yield f"{kind.__name__}.{item.name} is not in the README"


def _readme(subject: Subject) -> str:
    if subject.folder is None:
        raise Unchecked("its README is not there")
    if not subject.readme:
        raise AssertionError("there is no README.md")
    return subject.readme


@rule(
    "LQ303",
    "readme-runs",
    why="A sample is copied, and then believed.",
    mend="Correct the block that is named. What stands behind a `print` as a comment is what it "
    "prints.",
)
def readme_runs(subject: Subject) -> Iterator[str]:
    """The README shows the plugin's settings, and its Python runs and prints what it says."""
    text = _readme(subject)
    shown = f"plugins.{subject.id}" in text
    if subject.plugin.manifest.config is not None and not shown:
        yield f"the README has no sample with [plugins.{subject.id}]"
    yield from run_python(subject.blocks, "README.md")


@rule(
    "LQ304",
    "events-in-readme",
    why="Others subscribe to events by their names.",
    mend="Name each event in the README, with what its data say.",
)
def events_in_readme(subject: Subject) -> Iterator[str]:
    """The README names every event that the histories have it emit."""
    told = sorted(plays.played(subject).notes.told)
    if not told:
        raise Idle("it emits no events in these histories")
    text = _readme(subject)
    for name in told:
        if f"`{name}`" not in text and f"`{name.partition('.')[2]}`" not in text:
            yield f"the event {name!r} is not in the README"


@rule(
    "LQ305",
    "faults-have-a-place",
    why="Whoever writes a configuration needs the path of what is wrong, and all of it at once.",
    mend="Check settings in the hook and raise `ConfigError` with a `Problem` for each fault: its "
    "path, what is wrong, and the remedy.",
)
def faults_have_a_place(subject: Subject) -> Iterator[str]:
    """Settings that are wrong are refused as a `ConfigError` with a path, and nothing else.

    Each setting that the samples use is made another one in turn, and taken away.
    """
    if subject.plugin.manifest.config is None:
        raise Idle("it has no settings")
    tried: set[str] = set()
    for sample in subject.samples:
        for what, broken in _broken(subject, sample, tried):
            if found := _refusal(subject, broken):
                yield f"{what}: {found}"


_OTHERS: tuple[Any, ...] = ("?", "", -1, 0, 10**12, True, {})


def _broken(subject: Subject, sample: Document, tried: set[str]) -> Iterator[tuple[str, Document]]:
    """Configurations with one fault or another, each with a word on what was done.

    What was ``tried`` of one item of a list is not tried of the others.
    """
    section = sample["plugins"][subject.id]
    for path in paths(section):
        at = "".join("[]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        if at in tried:
            continue
        tried.add(at)
        for value in _OTHERS:
            yield f"{at} = {value!r}", _with(subject, sample, path, value)
        yield f"{at} left out", _with(subject, sample, path, _GONE)
    yield "a key more", _with(subject, sample, ("no_such_setting",), 1)
    wallets = {f"other-{name}": value for name, value in sample["wallets"].items()}
    yield "other wallets", {**sample, "wallets": wallets}
    yield "another currency", {**sample, "program": {**sample["program"], "currency": "KWD"}}


_GONE = object()


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to everything inside a document: keys, and places in lists."""
    if path:
        yield path
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from paths(inner, (*path, place))


def _with(subject: Subject, sample: Document, path: tuple[Any, ...], value: object) -> Document:
    made = copy.deepcopy(sample)
    inner = made["plugins"][subject.id]
    for part in path[:-1]:
        inner = inner[part]
    if value is _GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = copy.deepcopy(value)
    return made


def _refusal(subject: Subject, sample: Document) -> str:
    """What is wrong with how a configuration is refused; empty if it is taken or refused well."""
    try:
        with refusals():
            config = read_config(sample, [subject.plugin])
            Registry.of(config, [subject.plugin]).rules(config)
    except ConfigError as error:
        bare = [one for one in error.problems if not one.where or not one.message]
        return f"a problem has no path: {bare[0]}" if bare else ""
    except Exception as error:  # noqa: BLE001 - anything else is the fault that is looked for
        return words(error)
    return ""


@rule(
    "LQ306",
    "exact-numbers",
    why="0.1 + 0.2 is not 0.3, and points are money.",
    mend="Use whole numbers of the smallest unit, `Decimal` for rates, and `Fraction` in between.",
)
def exact_numbers(subject: Subject) -> Iterator[str]:
    """There is no binary fraction anywhere in its source."""
    if not subject.modules:
        raise Unchecked("its source is not there")
    for path in subject.modules:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Constant(value=float() | complex()) | ast.Name(id="float" | "complex"):
                    yield f"{path.name}:{node.lineno}: {ast.unparse(node)}"


@rule(
    "LQ307",
    "small-state",
    why="A member's states are read and written with each of their facts.",
    mend="Keep sums and what is open now, the latest few of a list, and a count of the others.",
)
def small_state(subject: Subject) -> Iterator[str]:
    """A member's state stays below 16 KiB, however much has happened."""
    longest = 0
    with stages(subject) as each, refusals():
        for stage in each:
            facts = happening(stage, 2).of_one("ada", STATE_FACTS)
            with stage.opened() as (loyalty, _):
                record(loyalty, [facts])
                longest = max(longest, len(plays.state_of(loyalty, "ada", subject.id)))
    if not longest:
        raise Idle("it keeps no state")
    if longest > STATE_LIMIT:
        yield f"{longest:,} characters of a member after {STATE_FACTS} facts"


@rule(
    "LQ308",
    "tested",
    why="What is checked once is right once.",
    mend="Write `tests/test_conformance.py`: a class that derives from `PluginSuite` of "
    "`loyalty_core.testing.plugin` and names the plugin.",
)
def tested(subject: Subject) -> Iterator[str]:
    """Its tests run these rules."""
    if "PluginSuite" not in names_in_tests(subject):
        yield "no test uses PluginSuite"


@rule(
    "LQ309",
    "typed",
    why="Without the marker, type checkers take everything of a package as unknown.",
    mend="Add an empty file `py.typed` beside `__init__.py`, and see that the wheel has it.",
)
def typed(subject: Subject) -> Iterator[str]:
    """Its package says that it has types."""
    if not subject.modules or not hasattr(subject.package, "__path__"):
        raise Unchecked("its source is not there")
    if not (subject.modules[0].parent / "py.typed").is_file():
        yield "there is no py.typed"


@rule(
    "LQ311",
    "nothing-that-goes",
    why="What is deprecated will be taken away, and the plugin breaks on that day.",
    mend="Use what the warning names instead; the page of deprecations lists them all. Take away a "
    "setting of the plugin's own once its last day is over.",
)
def nothing_that_goes(subject: Subject) -> Iterator[str]:
    """It uses nothing deprecated, and what it has deprecated itself goes when it says."""
    found = {
        str(one): None
        for sample in subject.samples
        for one in deprecated_of(subject.plugin, sample["plugins"][subject.id])
    }
    yield from found
    today = utc_now().date()
    for one in all_deprecated_settings(subject.plugin.manifest.config):
        if one.deprecation.is_over(today):
            yield f"{one}: that day is over"


RULES = (
    settings_described,
    settings_in_readme,
    readme_runs,
    events_in_readme,
    faults_have_a_place,
    exact_numbers,
    small_state,
    tested,
    typed,
    nothing_that_goes,
)
