"""The public names of the distributions and their signatures, as text one can review."""

import enum
import importlib
import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path

PUBLIC_MODULES = (
    "loyalty_core",
    "loyalty_core.testing",
    "loyalty_core.testing.plugin",
    "loyalty_gateway.extension",
    "loyalty_gateway.testing",
)
SNAPSHOT = Path(__file__).with_name("public_names.txt")
REFRESH = "python -m tests.architecture.refresh"


def snapshot(names: tuple[str, ...] = PUBLIC_MODULES) -> str:
    """One line per public name, and below a class one per public member."""
    lines = [f"# Refreshed by `{REFRESH}`."]
    for module_name in names:
        module = importlib.import_module(module_name)
        lines += ["", f"[{module_name}]"]
        for name in sorted(module.__all__):
            lines += describe(name, getattr(module, name))
    return "\n".join(lines) + "\n"


def describe(name: str, thing: object) -> Iterator[str]:
    if inspect.isclass(thing) and issubclass(thing, enum.Enum):
        yield f"enum {name}: {', '.join(f'{m.name}={m.value!r}' for m in thing)}"
    elif inspect.isclass(thing):
        bases = ", ".join(b.__name__ for b in thing.__bases__ if b is not object and not hidden(b))
        yield f"class {name}({bases}){signature(thing) if has_own_init(thing) else ''}"
        yield from (f"    {line}" for line in sorted(members(thing)))
    elif isinstance(thing, typing.NewType):
        yield f"type {name} = {getattr(thing.__supertype__, '__name__', thing.__supertype__)}"
    elif typing.get_origin(thing) is typing.Annotated:
        yield f"type {name} = {typing.get_args(thing)[0].__name__}, checked"
    elif callable(thing) and hasattr(thing, "__module__") and hasattr(thing, "__name__"):
        yield f"def {name}{signature(thing)}"
    elif inspect.ismodule(thing):
        yield f"module {name}"
    else:
        yield f"value {name}: {type(thing).__name__}"


def hidden(base: type) -> bool:
    """Whether a base only holds a part of one class's methods, and is no name of its own."""
    return base.__module__.startswith("loyalty_core.facade.")


def has_own_init(owner: type) -> bool:
    inherited = all("__init__" not in vars(base) for base in owner.__mro__[:-1])
    return not inherited and not typing.is_typeddict(owner)


def members(owner: type) -> Iterator[str]:
    """The public methods, properties, class attributes and fields a class adds to its bases."""
    for base in filter(hidden, owner.__bases__):
        yield from members(base)
    for name, value in vars(owner).items():
        if name.startswith("_"):
            continue
        if isinstance(value, property):
            yield f"property {name}{returns(value.fget)}"
        elif isinstance(value, classmethod | staticmethod):
            yield f"{type(value).__name__} {name}{signature(value.__func__)}"
        elif inspect.isfunction(value):
            kind = "async def" if inspect.iscoroutinefunction(value) else "def"
            yield f"{kind} {name}{signature(value)}"
        elif isinstance(value, str | int) and name == "code":
            yield f"code = {value!r}"
    for name, annotation in inspect.get_annotations(owner).items():
        if not name.startswith("_"):
            yield f"field {name}: {plain(inspect.formatannotation(annotation))}"


def returns(getter: object) -> str:
    annotation = getattr(getter, "__annotations__", {}).get("return")
    return "" if annotation is None else f": {plain(inspect.formatannotation(annotation))}"


def signature(thing: typing.Any) -> str:
    try:
        return plain(str(inspect.signature(thing)))
    except (TypeError, ValueError):
        return "(...)"


def plain(text: str) -> str:
    """Without addresses and quotes, which differ from run to run and from Python to Python."""
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    return text.replace("'", "").replace("typing.", "")
