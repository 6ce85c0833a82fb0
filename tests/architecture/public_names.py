"""The public names of the distributions and their signatures, as text one can review.

A line is a kind, a name and the rest; what belongs to a class stands below it. `contract.py` reads
it back: signatures are written as Python has them.
"""

import dataclasses
import enum
import importlib
import inspect
import re
import types
import typing
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from loyalty_core.domain.deprecation import MARK, deprecation_of
from loyalty_core.domain.events import CORE_EVENTS

PUBLIC_MODULES = (
    "loyalty_core",
    "loyalty_core.testing",
    "loyalty_core.testing.plugin",
    "loyalty_gateway.extension",
    "loyalty_gateway.testing",
)
HOOKS = ("loyalty_core.plugins.hookspecs", "loyalty_gateway.hookspecs")
LIMITS = {
    "loyalty_core.application.causes": ("MOST_ROUNDS",),
    "loyalty_core.application.granting": ("LONGEST_CODE",),
    "loyalty_core.application.inbox": ("LONGEST_KEY",),
    "loyalty_core.application.plain": ("MOST_BITS",),
    "loyalty_core.application.quarantine": ("MOST_FAILURES", "SLOW_MS"),
    "loyalty_core.application.rules": ("LARGEST_AMOUNT", "MOST_EFFECTS"),
    "loyalty_core.application.statement": ("LONGEST_PAGE",),
    "loyalty_core.domain.names": ("LONGEST_ID", "LONGEST_NAME"),
    "loyalty_core.schema.own": ("LONGEST_INDEXED", "LONGEST_NAME"),
}
"""What plugins are held to: a limit that is lowered breaks them as much as a name that is gone."""
SNAPSHOT = Path(__file__).with_name("public_names.txt")
REFRESH = "python -m tests.architecture.refresh"


def snapshot() -> str:
    """All that plugins may rely on: names, hooks, the events of the core, and its limits."""
    lines = [f"# Refreshed by `{REFRESH}`."]
    for module_name in PUBLIC_MODULES:
        lines += section(module_name)
    for module_name in HOOKS:
        module = vars(importlib.import_module(module_name))
        lines += ["", f"[{module_name}]"]
        lines += [
            f"hook {name}{signature(module[name])}{until(module[name])}"
            for name in sorted(module)
            if name.startswith("loyalty_")
        ]
    lines += ["", "[events]"]
    lines += [f"event {name}: {', '.join(data_of(CORE_EVENTS[name]))}" for name in CORE_EVENTS]
    lines += ["", "[limits]"]
    for module_name, limits in LIMITS.items():
        module, where = vars(importlib.import_module(module_name)), module_name.split(".")[-1]
        lines += [f"limit {where}.{name} = {module[name]}" for name in limits]
    return "\n".join(lines) + "\n"


def section(module_name: str) -> list[str]:
    """One line per public name, and below a class one per public member."""
    module = importlib.import_module(module_name)
    lines = ["", f"[{module_name}]"]
    for name in sorted(module.__all__):
        lines += describe(name, getattr(module, name))
    return lines


def data_of(told: str) -> list[str]:
    """What an event holds, by the sentence about it."""
    named = re.sub(r"\(.*?\)", "", told.partition("data: ")[2]).partition(".")[0]
    return [word for word in re.findall(r"\w+", named) if word not in {"and", "or", "none"}]


def describe(name: str, thing: object) -> Iterator[str]:
    if inspect.isclass(thing):
        bases = [b.__name__ for b in thing.__bases__ if b is not object and not hidden(b)]
        yield f"class {name}({', '.join(bases)}){until(thing)}"
        inner = [f"member {m.name} = {m.value!r}" for m in thing] if is_enum(thing) else []
        inner += [] if is_enum(thing) else sorted(members(thing))
        if has_own_init(thing):
            inner.insert(0, f"def __init__{signature(thing)}")
        yield from (f"    {line}" for line in inner)
    elif isinstance(thing, typing.NewType):
        yield f"type {name} = {getattr(thing.__supertype__, '__name__', thing.__supertype__)}"
    elif typing.get_origin(thing) is typing.Annotated:
        yield f"type {name} = {typing.get_args(thing)[0].__name__}, checked"
    elif isinstance(thing, types.UnionType):
        told = plain(inspect.formatannotation(thing))
        yield f"union {name} = {re.sub(r'(?:[a-z_]+[.])+', '', told)}"
    elif callable(thing) and hasattr(thing, "__module__") and hasattr(thing, "__name__"):
        yield f"def {name}{signature(thing)}{until(thing)}"
    elif inspect.ismodule(thing):
        yield f"module {name}"
    elif isinstance(thing, str | int) and not name.startswith("__"):
        yield f"value {name} = {thing!r}"
    else:
        yield f"value {name}: {type(thing).__name__}"


def is_enum(thing: type) -> typing.TypeGuard[type[enum.Enum]]:
    return issubclass(thing, enum.Enum)


def hidden(base: type) -> bool:
    """Whether a base only holds a part of one class's methods, and is no name of its own."""
    return base.__module__.startswith("loyalty_core.facade.")


def has_own_init(owner: type) -> bool:
    inherited = all("__init__" not in vars(base) for base in owner.__mro__[:-1])
    made = is_enum(owner) or typing.is_typeddict(owner) or getattr(owner, "_is_protocol", False)
    return not inherited and not made


def members(owner: type) -> Iterator[str]:
    """The public methods, properties, class attributes and fields a class adds to its bases."""
    for base in filter(hidden, owner.__bases__):
        yield from members(base)
    for name, value in vars(owner).items():
        if name.startswith("_") and name != "__call__":
            continue
        if isinstance(value, property):
            yield f"property {name}{returns(value.fget)}{until(value.fget)}"
        elif isinstance(value, classmethod | staticmethod):
            inner = value.__func__
            yield f"{type(value).__name__} {name}{signature(inner)}{until(inner)}"
        elif inspect.isfunction(value):
            kind = "async def" if inspect.iscoroutinefunction(value) else "def"
            yield f"{kind} {name}{signature(value)}{until(value)}"
        elif isinstance(value, str | int) and name == "code":
            yield f"value {name} = {value!r}"
    fields = getattr(owner, "__dataclass_fields__", {})
    for name, annotation in inspect.get_annotations(owner).items():
        if not name.startswith("_"):
            told = plain(inspect.formatannotation(annotation))
            yield f"field {name}: {told}{until(fields.get(name))}"


def until(thing: object) -> str:
    """Until when it is there, for what is deprecated."""
    found = deprecation_of(thing)
    if isinstance(thing, dataclasses.Field):
        found = thing.metadata.get(MARK)
    day: date | None = getattr(found, "last_day", None)
    return f"  # until {day}" if day else ""


def returns(getter: object) -> str:
    annotation = getattr(getter, "__annotations__", {}).get("return")
    return "" if annotation is None else f": {plain(inspect.formatannotation(annotation))}"


class Told:
    """A default as it is written: without what differs from run to run."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        value = self.value
        if isinstance(value, enum.Enum):
            return f"{type(value).__name__}.{value.name}"
        if value is None or isinstance(value, str | int | bytes):
            return repr(value).translate(HIDDEN)
        if isinstance(value, tuple):
            return f"({''.join(f'{Told(one)!r}, ' for one in value).strip()})"
        if isinstance(value, Decimal):
            return f"Decimal({value})"
        return f"{type(value).__name__}(...)" if dataclasses.is_dataclass(value) else "..."


HIDDEN = str.maketrans("'\"", "\0\1")
SHOWN = str.maketrans("\0\1", "'\"")
"""The quotes of a default are none of those that differ."""


def signature(thing: typing.Any) -> str:
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return "(*args, **kwargs)"
    told = [
        one if one.default is one.empty else one.replace(default=Told(one.default))
        for one in found.parameters.values()
    ]
    return plain(str(found.replace(parameters=told))).translate(SHOWN)


def plain(text: str) -> str:
    """Without quotes, which differ from Python to Python, and without what Python cannot read."""
    text = re.sub(r"<(?:\w+\.)*(\w+)[^<>]*>", r"\1", text)
    return text.replace("'", "").replace('"', "").replace("typing.", "")
