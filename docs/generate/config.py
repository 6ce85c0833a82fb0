"""The page about ``loyalty.toml``: every section and key, read off the settings dataclasses."""

from __future__ import annotations

import inspect
import json
import tomllib
from collections import abc
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from docs.generate.text import code, markdown, prose, table
from docs.generate.text import page as whole_page
from loyalty_core import (
    Calendar,
    Campaign,
    Checkout,
    HouseholdRules,
    Name,
    Partner,
    Plugin,
    Program,
    Reward,
    Segment,
    Wallet,
)
from loyalty_core.domain.clock import LocalMoment
from loyalty_gateway.settings import GatewaySettings

ROOT = Path(__file__).resolve().parents[2]

INTRODUCTION = """
A program is described by one file, `loyalty.toml`. `loyalty init` writes one to start from, and
`loyalty check` reports everything that is wrong with it at once. The sections are
[`[program]`](#program), a [`[wallets.*]`](#walletsname) for each unit members hold,
[`[household]`](#household) where members may share points, a [`[rewards.*]`](#rewardsid) for each
reward of the catalogue, a [`[segments.*]`](#segmentsid) for each group of members that is counted,
a [`[campaigns.*]`](#campaignsname) for days that are named more than once, a
[`[partners.*]`](#partnersprogram) for each program that accepts our points or whose points are
accepted, [`[checkout]`](#checkout), a `[plugins.*]` for each plugin that is on, and
[`[gateway]`](#gateway).

How values are written:

- **A decimal** is a text such as `"1.5"`, or a number. An amount of money is a decimal text in
  major units.
- **A name** has 1 to 50 characters, and no spaces around them.
- **A day** is `2026-11-21`, **a moment** has an offset as well: `2026-11-21T10:00:00Z`. Days
  begin in the program's time zone; a **local moment** may leave the offset out, and is in it too.
- **A campaign**: below `[rewards.*]`, `[segments.*]` and `[plugins.*]`, a table with a `starts_on`
  and an `ends_on` may say `during = "name"`, a campaign, instead of both.
- An unknown key is a fault, and the nearest known one is proposed.
- Secrets never stand in the file: `"env:NAME"` means the environment variable `NAME`, where a key
  says so.

**In an editor.** A file that begins with `#:schema ./loyalty.schema.json` is completed, explained
and checked while it is written, by editors that know TOML and JSON Schema: Even Better TOML for
VS Code, or any other with Taplo. `loyalty init` writes that schema beside the file, and
`loyalty schema --write loyalty.schema.json` writes it again when a plugin was installed or
upgraded; `config_schema()` is the same from Python. What depends on other settings only
`loyalty check` knows.

Every version of the file that the program was opened with is kept in the database. A fact stays
with the version it was first decided by; a file may say from when on it decides: see [changing the
rules](../changing-rules.md).
"""
SIMPLE: dict[Any, str] = {
    str: "text",
    Name: "name",
    int: "whole number",
    bool: "true or false",
    Decimal: "decimal",
    date: "day",
    datetime: "moment",
    LocalMoment: "local moment",
    time: "time of day",
}


CORE: Mapping[str, type] = {
    "program": Program,
    "wallets.<name>": Wallet,
    "household": HouseholdRules,
    "calendar": Calendar,
    "rewards.<id>": Reward,
    "segments.<id>": Segment,
    "campaigns.<name>": Campaign,
    "checkout": Checkout,
    "partners.<program>": Partner,
}


def page() -> str:
    """The page about the configuration."""
    seen: set[type] = set()
    parts = [_tables(f"`[{name}]`", kind, seen) for name, kind in sections().items()]
    return whole_page("Configuration", INTRODUCTION, *parts)


def sections() -> dict[str, type]:
    """The settings dataclass of every section, by its name."""
    manifests = [plugin.manifest for plugin in own_plugins()]
    plugins = {f"plugins.{one.id}": one.config for one in manifests if one.config}
    return {**CORE, **plugins, "gateway": GatewaySettings}


def own_plugins() -> list[Plugin]:
    """The plugins of this repository, in the order of their folders."""
    names: list[str] = []
    for project in sorted(ROOT.glob("plugins/*/pyproject.toml")):
        declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["entry-points"]
        names += declared["loyalty.plugins"]
    return [entry_points(group="loyalty.plugins")[name].load() for name in names]


def _tables(title: str, kind: type, seen: set[type]) -> str:
    """A section, and below it the tables that its keys name and no section before it had."""
    parts = [f"## {title}", _table(kind)]
    for inner in inside(kind):
        if inner not in seen:
            seen.add(inner)
            parts += [f"### {_name(inner)}", _table(inner)]
    return "\n\n".join(parts)


def _name(kind: type) -> str:
    """A table's heading: what is not the core's says whose it is."""
    owner = kind.__module__.split(".")[0].removeprefix("loyalty_")
    return kind.__name__ if owner == "core" else f"{owner} {kind.__name__}"


def inside(kind: type) -> Iterator[type]:
    """The settings dataclasses and the choices below one, nearest first."""
    for hint in get_type_hints(kind).values():
        for part in _leaves(hint):
            if is_dataclass(part) and isinstance(part, type):
                yield part
                yield from inside(part)
            elif _is_choice(part):
                yield part


def _is_choice(kind: Any) -> bool:
    return inspect.isclass(kind) and issubclass(kind, StrEnum)


def _leaves(kind: Any) -> Iterator[Any]:
    arguments = get_args(kind)
    if not arguments or get_origin(kind) is Literal:
        yield kind
    for argument in arguments:
        yield from _leaves(argument)


def _table(kind: type) -> str:
    if _is_choice(kind):
        return prose(kind.__doc__)
    hints = get_type_hints(kind, include_extras=True)
    rows = [
        (code(item.name), _in_words(hints[item.name]), _usual(item), _told(item))
        for item in fields(kind)
    ]
    documented = [row for row in rows if row[3]]
    head = ("key", "is", "if left out") + (("what it says",) if documented else ())
    return f"{prose(kind.__doc__)}\n\n{table(head, [row[: len(head)] for row in rows])}"


def _told(item: Field[Any]) -> str:
    going = item.metadata.get("deprecated")
    doc = markdown(item.metadata.get("doc", ""))
    return f"{doc} **{going.reason}**" if going else doc


def _in_words(kind: Any) -> str:
    if kind in SIMPLE:
        return SIMPLE[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return ", ".join(f'`"{value}"`' for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(_in_words(part) for part in arguments if part is not NoneType)
    if origin is tuple:
        return f"list of {_in_words(arguments[0])}"
    if origin is abc.Mapping:
        return f"table of {_in_words(arguments[1])}"
    link = f"(#{_name(kind).lower().replace(' ', '-')})"
    if _is_choice(kind):
        return ", ".join(f'`"{member.value}"`' for member in kind) + f": [{kind.__name__}]{link}"
    assert is_dataclass(kind), kind
    return f"[{kind.__name__}]{link}"


def _usual(item: Field[Any]) -> str:
    if item.default is MISSING and item.default_factory is MISSING:
        return "**needed**"
    value = item.default if item.default is not MISSING else None
    if value in (None, (), "") or is_dataclass(value):
        return ""
    return code(json.dumps(_plain(value)))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Decimal) else value
