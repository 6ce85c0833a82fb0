"""What a change of the public names is to plugins, and which API version it needs.

Two snapshots are compared: what the last release promised, and what there is now. What is taken
away or changed breaks plugins, what is new does not. Functions that plugins only call may ask for
less and answer more narrowly, and the Protocols and hooks that they implement the other way round.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path

PROMISED = Path(__file__).with_name("promised_names.txt")
NO_RELEASE = "no release"
VERSION = "value PLUGIN_API_VERSION = "
CALLABLE = {"def", "async def", "classmethod", "staticmethod"}
LINE = re.compile(
    r"(?P<inner>    )?(?P<kind>async def|\w+) (?P<name>[\w.]+)"
    r"(?P<rest> = (?P<value>.*?)|.*?)"
    r"(?:  # until (?P<until>\S+))?"
)


class Weight(Enum):
    """What a change needs: a raised minor version, a raised major one, or that it is left."""

    ADDS = "is new"
    BREAKS = "breaks plugins"
    TOO_EARLY = "was promised"


@dataclass(frozen=True)
class Change:
    """One change of a name, in words, and its weight."""

    name: str
    what: str
    weight: Weight

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


@dataclass
class Line:
    """A line of a snapshot: ``rest`` is all after the name; ``inner`` is below a class.

    ``value`` is what stands behind an equals sign there; empty without one.
    """

    kind: str
    rest: str
    value: str
    until: date | None
    inner: dict[str, "Line"] = field(default_factory=dict)

    @property
    def bases(self) -> set[str]:
        return set(re.findall(r"\w+", self.rest)) if self.kind == "class" else set()

    @property
    def implemented(self) -> bool:
        """Whether plugins write it, and the core calls it."""
        return bool(self.bases & {"Protocol", "ABC"})


def faults(promised: str, now: str, today: date) -> list[str]:
    """What the version of the API, or a promise, does not allow; nothing if all is well."""
    was, is_now = version_of(promised), version_of(now)
    needed = {Weight.TOO_EARLY: "it has to stay until then"}
    if is_now[0] <= was[0]:
        needed[Weight.BREAKS] = f"raise PLUGIN_API_VERSION to {was[0] + 1}.0, or leave it"
    if is_now <= was:
        needed[Weight.ADDS] = f"raise PLUGIN_API_VERSION to {was[0]}.{was[1] + 1}"
    found = changes(promised, now, today)
    told = [f"{one}; {needed[one.weight]}" for one in found if one.weight in needed]
    if is_now < was:
        told.append(f"PLUGIN_API_VERSION is below {was[0]}.{was[1]}, which was promised")
    return told


def version_of(text: str) -> tuple[int, int]:
    """The plugin API that a snapshot is of."""
    (line,) = [line for line in text.splitlines() if line.startswith(VERSION)]
    major, minor = ast.literal_eval(line.removeprefix(VERSION)).split(".")
    return int(major), int(minor)


def parse(text: str) -> dict[str, Line]:
    """The lines of a snapshot by section and name, those of a class below it."""
    found: dict[str, Line] = {}
    section, owner = "", found
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, line
            until = date.fromisoformat(match["until"]) if match["until"] else None
            told = Line(match["kind"], match["rest"], match["value"] or "", until)
            if match["inner"]:
                owner[match["name"]] = told
            else:
                found[f"{section}.{match['name']}"] = told
                owner = told.inner
    return found


def changes(promised: str, now: str, today: date) -> Iterator[Change]:
    """Each change of a name; that of the version itself is none."""
    old, new = parse(promised), parse(now)
    classes = {name.rpartition(".")[2]: one for name, one in new.items() if one.kind == "class"}
    for name in sorted(old.keys() | new.keys()):
        if name.endswith(".PLUGIN_API_VERSION"):
            continue
        before, after = old.get(name), new.get(name)
        yield from _changed(name, before, after, today, new_breaks=False)
        if before is None or after is None:
            continue
        for part in sorted(before.inner.keys() | after.inner.keys()):
            whole = f"{name}.{part}"
            was = before.inner.get(part)
            is_now = after.inner.get(part) or _inherited(part, after, classes)
            if part == "__init__" and was and is_now:
                gone = {one for one, told in before.inner.items() if told.until}
                yield from _signatures(whole, _function(was), _function(is_now), gone)
            else:
                yield from _changed(whole, was, is_now, today, new_breaks=before.implemented)


def _inherited(part: str, owner: Line, classes: Mapping[str, Line]) -> Line | None:
    if part == "__init__":  # it stands with each class that has one, inherited or not
        return None
    for base in owner.bases & classes.keys():
        found = classes[base].inner.get(part) or _inherited(part, classes[base], classes)
        if found is not None:
            return found
    return None


def _changed(
    name: str, old: Line | None, new: Line | None, today: date, *, new_breaks: bool
) -> Iterator[Change]:
    if old is None and new is not None:
        weight = Weight.BREAKS if new_breaks else Weight.ADDS
        yield Change(name, "plugins have to have it now" if new_breaks else "it is new", weight)
    elif old is not None and new is None:
        if old.until is None:
            yield Change(name, "it is gone, and was not deprecated", Weight.BREAKS)
        elif today <= old.until:
            yield Change(name, f"it is gone, and was promised until {old.until}", Weight.TOO_EARLY)
        else:
            yield Change(name, f"it is gone after {old.until}", Weight.ADDS)
    elif old is not None and new is not None:
        if old.until and (new.until is None or new.until < old.until):
            weight = Weight.ADDS if new.until is None else Weight.TOO_EARLY
            yield Change(name, f"it was promised until {old.until}", weight)
        elif old.until is None and new.until:
            yield Change(name, f"it goes after {new.until}", Weight.ADDS)
        if (old.kind, old.rest) != (new.kind, new.rest):
            yield from _differs(name, old, new, implemented=new_breaks)


def _differs(name: str, old: Line, new: Line, *, implemented: bool) -> Iterator[Change]:
    """How two lines of one name differ."""
    if old.kind != new.kind:
        yield Change(name, f"it was a {old.kind}, and is a {new.kind}", Weight.BREAKS)
    elif old.kind == "class":
        yield from _sets(name, "base", old.bases, new.bases)
    elif old.kind == "event":
        words = [set(re.findall(r"\w+", one.rest)) for one in (old, new)]
        yield from _sets(name, "value", *words)
    elif old.kind == "union":
        yield from _sets(name, "kind", *(_united(one.value) for one in (old, new)))
    elif old.kind == "limit":
        was, is_now = int(old.value), int(new.value)
        weight = Weight.BREAKS if is_now < was else Weight.ADDS
        yield Change(name, f"it was {was}, and is {is_now}", weight)
    elif old.kind == "hook" or (old.kind in CALLABLE and implemented):
        before, after = _function(old), _function(new)
        if old.kind == "hook":  # pluggy gives an implementation what it asks for, by name
            given = [_given(one) for one in (before, after)]
            yield from _sets(name, "parameter", *given)
        elif ast.unparse(before.args) != ast.unparse(after.args):
            yield Change(name, f"it was called with {ast.unparse(before.args)}", Weight.BREAKS)
        yield from _answers(name, before, after, implemented=True)
    elif old.kind in CALLABLE:
        yield from _signatures(name, _function(old), _function(new), set())
    else:
        yield Change(name, f"it was{old.rest}", Weight.BREAKS)


def _sets(name: str, what: str, old: set[str], new: set[str]) -> Iterator[Change]:
    yield from (Change(name, f"the {what} {one} is gone", Weight.BREAKS) for one in old - new)
    yield from (Change(name, f"the {what} {one} is new", Weight.ADDS) for one in new - old)


def _function(told: Line) -> ast.FunctionDef:
    node = ast.parse(f"def f{told.rest}: pass").body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def _given(function: ast.FunctionDef) -> set[str]:
    return {ast.unparse(one) for one in function.args.args}


def _united(text: str) -> set[str]:
    """The parts of a type that is one of several."""
    node, found = ast.parse(text or "None", mode="eval").body, set[str]()
    while isinstance(node, ast.BinOp):
        found.add(ast.unparse(node.right))
        node = node.left
    return found | {ast.unparse(node)}


def _answers(
    name: str, before: ast.FunctionDef, after: ast.FunctionDef, *, implemented: bool = False
) -> Iterator[Change]:
    """Whether an answer still fits: the core's to plugins, or that of plugins to the core."""
    old, new = _text(before.returns), _text(after.returns)
    if old != new:
        less, more = (old, new) if implemented else (new, old)
        weight = Weight.ADDS if _united(less) <= _united(more) else Weight.BREAKS
        yield Change(name, f"it answered {old or 'nothing'}", weight)


@dataclass(frozen=True)
class Parameter:
    place: int | None
    """Among those that may be given by place; None for one by name alone."""
    kind: str
    default: str


def _parameters(node: ast.FunctionDef) -> dict[str, Parameter]:
    args, found = node.args, dict[str, Parameter]()
    placed = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(placed) - len(args.defaults)) + list(args.defaults)
    for place, (one, default) in enumerate(zip(placed, defaults, strict=True)):
        found[one.arg] = Parameter(place, _text(one.annotation), _text(default))
    for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        found[one.arg] = Parameter(None, _text(one.annotation), _text(default))
    for star, rest in (("*", args.vararg), ("**", args.kwarg)):
        if rest is not None:
            found[star] = Parameter(None, _text(rest.annotation), star)
    return found


def _text(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)


def _signatures(
    name: str, before: ast.FunctionDef, after: ast.FunctionDef, gone: set[str]
) -> Iterator[Change]:
    """How what plugins call has changed; of parameters that are ``gone`` their fields tell."""
    old, new = _parameters(before), _parameters(after)
    for one in [one for one in old if one not in new and one not in gone]:
        yield Change(name, f"the parameter {one!r} is gone", Weight.BREAKS)
    for one, is_now in new.items():
        was = old.get(one)
        if was is None:
            weight = Weight.ADDS if is_now.default else Weight.BREAKS
            yield Change(name, f"the parameter {one!r} is new", weight)
        elif was != is_now:
            placed = was.place is None or was.place == is_now.place
            kept = is_now.default == was.default or not was.default
            fits = _united(was.kind) <= _united(is_now.kind)
            weight = Weight.ADDS if placed and kept and fits else Weight.BREAKS
            yield Change(name, f"the parameter {one!r} is another", weight)
    yield from _answers(name, before, after)


def release_of(promised: str) -> str:
    """Which release a snapshot was promised with."""
    return promised.partition("\n")[0].removeprefix("# What plugins rely on, of ").rstrip(".")


def promise(now: str, release: str) -> str:
    """A snapshot as what that release promises."""
    _, _, rest = now.partition("\n")
    return f"# What plugins rely on, of {release}.\n{rest}"
