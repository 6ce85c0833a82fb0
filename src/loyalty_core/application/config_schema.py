"""The JSON Schema of a configuration: what the settings dataclasses say, for editors and checks.

It says of each setting what it is, what it may be, what it is if left out, and what for. What
depends on other settings (a wallet that is named must be there) only `loyalty check` knows.

The dialect is draft 2020-12. Only what older ones have as well is used, and nothing stands beside a
reference: editors of TOML read schemas as they did years ago.
"""

from __future__ import annotations

import inspect
import re
from collections import abc
from collections.abc import Container, Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from loyalty_core.application.campaigns import DAYS, KEY, SECTIONS
from loyalty_core.application.config import ConfigFile
from loyalty_core.domain.amounts import LARGEST_AMOUNT
from loyalty_core.domain.clock import LocalMoment
from loyalty_core.domain.deprecation import MARK
from loyalty_core.domain.facts import Json
from loyalty_core.domain.names import LONGEST_NAME, Name
from loyalty_core.domain.secrets import REFERENCE
from loyalty_core.domain.settings import SECRET

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Json]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer", "minimum": 1 - LARGEST_AMOUNT, "maximum": LARGEST_AMOUNT - 1}
DECIMAL = r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
HOUR = r"^[0-9]{2}:[0-9]{2}"
MOMENT = rf"{DAY[:-1]}[Tt ]{HOUR[1:]}.*([Zz]|[+-][0-9]{{2}}:?[0-9]{{2}})$"
LOCAL = rf"{DAY[:-1]}([Tt ]{HOUR[1:]}.*)?$"
VARIABLE = f"{REFERENCE}[A-Za-z_][A-Za-z0-9_]*"
SIMPLE: Mapping[Any, Schema] = {
    str: TEXT,
    Name: {**TEXT, "minLength": 1, "maxLength": LONGEST_NAME},
    int: WHOLE,
    bool: {"type": "boolean"},
    Decimal: {"anyOf": [{"type": "number"}, {"type": "string", "pattern": DECIMAL}]},
    date: {"type": "string", "pattern": DAY},
    datetime: {"type": "string", "pattern": MOMENT},
    time: {"type": "string", "pattern": HOUR},
    LocalMoment: {"type": "string", "pattern": LOCAL},
}


def schema_of(plugins: Mapping[str, type | None], sections: Mapping[str, type]) -> Schema:
    """The schema of a ``loyalty.toml`` with the settings of these plugins, by id.

    ``sections`` are the settings of those sections that other distributions read.
    """
    making = _Making()
    top = making.table(ConfigFile, dated_keys=SECTIONS)
    known = cast(dict[str, Schema], top["properties"])
    for name, kind in sections.items():
        known[name] = making.of(kind)
    known["plugins"] = {
        "type": "object",
        "description": "Each plugin that is on, with its settings.",
        "properties": {
            name: making.of(kind, dated=True) if kind is not None else _closed({})
            for name, kind in sorted(plugins.items())
        },
        "additionalProperties": False,
    }
    return {
        "$schema": DIALECT,
        "title": "loyalty.toml",
        **top,
        "$defs": dict(sorted(making.made.items())),
    }


def _closed(properties: Mapping[str, Json]) -> Schema:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _needing(names: Iterable[str]) -> Schema:
    return {"required": [*names]}


class _Making:
    """Makes schemas of types; those of dataclasses are made once, under their names."""

    def __init__(self) -> None:
        self.made: dict[str, Json] = {}
        self._names: dict[tuple[type, bool], str] = {}

    def of(self, kind: Any, *, dated: bool = False, secret: str = "") -> Schema:
        """The schema of a type; ``dated`` tables may name a campaign instead of days.

        Texts match the pattern ``secret``, if one is given.
        """
        if kind in SIMPLE:
            return {**TEXT, "pattern": secret} if secret and kind is str else dict(SIMPLE[kind])
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin in (Union, UnionType):
            parts = [part for part in arguments if part is not NoneType]
            found = [self.of(part, dated=dated, secret=secret) for part in parts]
            return found[0] if len(found) == 1 else {"anyOf": cast(Json, found)}
        if origin is tuple:
            return {"type": "array", "items": self.of(arguments[0], dated=dated, secret=secret)}
        if origin is abc.Mapping:
            inner = self.of(arguments[1], dated=dated, secret=secret)
            return {"type": "object", "additionalProperties": inner}
        if inspect.isclass(kind) and issubclass(kind, StrEnum):
            return {"enum": [member.value for member in kind]}
        if inspect.isclass(kind) and is_dataclass(kind):
            return {"$ref": f"#/$defs/{self._defined(kind, dated)}"}
        return {}  # any JSON

    def table(self, kind: type, *, dated: bool = False, dated_keys: Container[str] = ()) -> Schema:
        """The schema of a settings dataclass: its keys, none besides, and which are needed."""
        hints = get_type_hints(kind, include_extras=True)
        each = fields(cast(Any, kind))
        properties = {
            item.name: self._setting(item, hints[item.name], dated or item.name in dated_keys)
            for item in each
        }
        needed = [
            item.name
            for item in each
            if item.default is MISSING and item.default_factory is MISSING
        ]
        made: Schema = {"description": _prose(kind.__doc__)} if kind.__doc__ else {}
        if dated and set(DAYS) <= properties.keys():
            told = "A campaign, instead of its first and last day."
            properties[KEY] = {**TEXT, "description": told}
            if days := [name for name in needed if name in DAYS]:
                needed = [name for name in needed if name not in days]
                made["anyOf"] = [_needing([KEY]), _needing(days)]
        return {**made, **_closed(properties), **(_needing(needed) if needed else {})}

    def _setting(self, item: Field[Any], kind: Any, dated: bool) -> Schema:
        pattern = ""
        if item.metadata.get(SECRET):
            pattern = f"^({VARIABLE})?$" if item.default == "" else f"^{VARIABLE}$"
        made = self.of(kind, dated=dated, secret=pattern)
        told = [_prose(text)] if (text := item.metadata.get("doc")) else []
        going = item.metadata.get(MARK)
        told += [going.reason] if going else []
        if inspect.isclass(kind) and issubclass(kind, StrEnum):
            told.append(_prose(kind.__doc__))
        if told and "$ref" in made:  # what stands beside a reference is not read everywhere
            made = {"allOf": [made]}
        usual = _usual(item)
        described: Schema = {"description": "\n\n".join(told)} if told else {}
        described |= {"deprecated": True} if going else {}
        return {**made, **described, **({} if usual is None else {"default": usual})}

    def _defined(self, kind: type, dated: bool) -> str:
        """The name under which a settings dataclass is defined, once it is."""
        if (kind, dated) in self._names:
            return self._names[kind, dated]
        owner = kind.__module__.partition(".")[0].removeprefix("loyalty_")
        name = kind.__name__ if owner == "core" else f"{owner}.{kind.__name__}"
        while name in self.made:
            name += "_"
        self._names[kind, dated] = name
        self.made[name] = {}  # it may be inside itself
        self.made[name] = self.table(kind, dated=dated)
        return name


def _usual(item: Field[Any]) -> Json:
    """What a setting is if it is left out; None where that is nothing, or a table of its own."""
    value = item.default
    if value is MISSING or value is None or is_dataclass(value):
        return None
    if isinstance(value, tuple):
        plain = [_plain(one) for one in value]
        return cast(Json, plain) if all(not is_dataclass(one) for one in value) else None
    return _plain(value)


def _plain(value: Any) -> Json:
    if isinstance(value, Enum):
        return cast(Json, value.value)
    return cast(Json, value) if isinstance(value, str | int | bool) else str(value)


def _prose(text: str | None) -> str:
    """A docstring as paragraphs of text, each on one line."""
    paragraphs: Iterable[str] = inspect.cleandoc(text or "").split("\n\n")
    lines = (re.sub(r"\s*\n\s*", " ", one) for one in paragraphs)
    return "\n\n".join(lines).replace("``", "`")
