"""The JSON form of facts: a page for people and a JSON Schema for machines.

Both are read off the dataclasses by the rules of ``application/structure.py``, which is what
reads facts: strict types, decimal texts for money, moments with a time zone, no unknown keys.
"""

from __future__ import annotations

import inspect
import json
from collections import abc
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from docs.generate.facts_words import DECLARED, EXAMPLES, INTRODUCTION, WORDS
from docs.generate.text import code, prose, table
from docs.generate.text import page as whole_page
from loyalty_core import (
    SHIPPING,
    Activity,
    ActivityKind,
    Cart,
    Line,
    Loyalty,
    Minor,
    Order,
    OrderRefund,
    Refund,
    RefundLine,
    Scalar,
    Tender,
)
from loyalty_core.application.activities import MOMENT_PATTERN
from loyalty_core.application.forms import LONGEST_ID
from loyalty_core.application.identify import BY_ID
from loyalty_core.application.identities import GIVEN, LONGEST_VALUE
from loyalty_core.domain.currencies import MINOR_DIGITS

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "programs"

FACTS: tuple[type, ...] = (Order, OrderRefund, Activity)
PARTS: tuple[type, ...] = (Line, Tender, Refund, RefundLine)
KINDS = (*FACTS, *PARTS, Cart)

AMOUNT = {
    "title": "amount",
    "description": "Money in major units: a decimal text such as 12.50, or a whole number.",
    "oneOf": [
        {"type": "string", "pattern": r"^[0-9]{1,18}(\.[0-9]{1,12})?$"},
        {"type": "integer", "minimum": 0},
    ],
}
MOMENT = {
    "title": "moment",
    "description": "ISO 8601 with a time zone, such as 2026-11-21T10:00:00Z.",
    "type": "string",
    "format": "date-time",
    "pattern": MOMENT_PATTERN,
}
STORABLE = "^[^\\u0000]*$"
TEXT = {"title": "text", "type": "string", "pattern": STORABLE}
ID = {"maxLength": LONGEST_ID, "pattern": r"\S"}
IDENTITIES = {
    "type": "object",
    "propertyNames": {"enum": [*GIVEN, BY_ID]},
    "additionalProperties": {"$ref": "#/$defs/text", "maxLength": LONGEST_VALUE},
}
NARROWER: dict[str, dict[str, Any]] = {
    **{f"{kind.__name__}.source": ID for kind in FACTS},
    "Order.id": ID,
    "Activity.id": ID,
    "OrderRefund.order_id": ID,
    **{f"{kind.__name__}.identities": IDENTITIES for kind in FACTS},
    **{
        f"{kind.__name__}.currency": {"$ref": "#/$defs/currency"}
        for kind in (Order, OrderRefund, Cart)
    },
    **{f"{kind.__name__}.lines": {"minItems": 1} for kind in (Order, Cart)},
    "Line.id": {"not": {"const": SHIPPING}},
    "Line.quantity": {"minimum": 0},
    "RefundLine.quantity": {"minimum": 0},
}
"""What the SDK asks of some fields beyond their types."""


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) of facts and carts."""
    document: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fact",
        "description": "What a loyalty program records. Written by `python -m docs.generate`.",
        "oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in FACTS],
        "$defs": {kind.__name__: _object(kind) for kind in KINDS}
        | {"text": TEXT, "amount": AMOUNT, "moment": MOMENT}
        | {"currency": {"title": "currency", "enum": sorted(MINOR_DIGITS)}}
        | {kind.kind: kind.schema() for kind in declared()},
    }
    document["$defs"]["Activity"]["allOf"] = [_narrowed(kind) for kind in declared()]
    return json.dumps(document, indent=2) + "\n"


@cache
def declared() -> tuple[ActivityKind[object], ...]:
    """The kinds of activity that the plugins of the example programs declare, by name."""
    found: dict[str, ActivityKind[object]] = {}
    for config in sorted(PROGRAMS.rglob("loyalty.toml")):
        with Loyalty.open(config, "sqlite://") as loyalty:
            found |= {kind.kind: kind for kind in loyalty.activities}
    return tuple(found[name] for name in sorted(found))


def _narrowed(kind: ActivityKind[object]) -> dict[str, Any]:
    """That an activity of this kind has such data."""
    needed = ["data"] if any(field.needed for field in kind.fields()) else []
    named = {"properties": {"kind": {"const": kind.kind}}, "required": ["kind"]}
    then = {"properties": {"data": {"$ref": f"#/$defs/{kind.kind}"}}, "required": needed}
    return {"if": named, "then": then}


def _object(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {
        "description": prose(kind.__doc__),
        "type": "object",
        "additionalProperties": False,
        "required": [item.name for item in fields(kind) if needed(item)],
        "properties": {
            item.name: {"description": WORDS[f"{kind.__name__}.{item.name}"]}
            | _typed(hints[item.name])
            | NARROWER.get(f"{kind.__name__}.{item.name}", {})
            | _default(item, hints[item.name])
            for item in fields(kind)
        },
    }


def needed(item: Field[Any]) -> bool:
    """Whether a document must say this: ``type`` too, for it tells what the rest is."""
    left_out = item.default is MISSING and item.default_factory is MISSING
    return left_out or item.name == "type"


def _typed(kind: Any) -> dict[str, Any]:
    simple: dict[Any, dict[str, Any]] = {
        str: {"$ref": "#/$defs/text"},
        int: {"type": "integer"},
        bool: {"type": "boolean"},
        NoneType: {"type": "null"},
        Minor: {"$ref": "#/$defs/amount"},
        datetime: {"$ref": "#/$defs/moment"},
        Scalar: {"type": ["string", "integer", "boolean", "null"], "pattern": STORABLE},
    }
    if kind in simple:
        return simple[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"const": arguments[0]}
    if origin in (Union, UnionType):
        return {"anyOf": [_typed(part) for part in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _typed(arguments[0])}
    if origin is abc.Mapping:
        return {"type": "object", "additionalProperties": _typed(arguments[1])}
    if inspect.isclass(kind) and issubclass(kind, StrEnum):
        return {"enum": [member.value for member in kind]}
    assert is_dataclass(kind), kind
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _default(item: Field[Any], kind: Any) -> dict[str, Any]:
    if item.default is MISSING or item.name == "type":
        return {}
    if kind is Minor:
        return {"default": str(item.default)}
    return {"default": list(item.default) if isinstance(item.default, tuple) else item.default}


def _in_words(kind: Any) -> str:
    simple = {
        str: "text",
        int: "whole number",
        bool: "true or false",
        Minor: "amount",
        datetime: "moment",
        Scalar: "text, whole number, true, false or null",
    }
    if kind in simple:
        return simple[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return f'`"{arguments[0]}"`'
    if origin in (Union, UnionType):
        return " or ".join(_in_words(part) for part in arguments if part is not NoneType)
    if origin is tuple:
        return f"list of {_in_words(arguments[0])}"
    if origin is abc.Mapping:
        return f"object of {_in_words(arguments[1])}"
    if issubclass(kind, StrEnum):
        return ", ".join(f'`"{member.value}"`' for member in kind)
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


def _usual(item: Field[Any], kind: Any) -> str:
    if needed(item):
        return "**needed**"
    value = item.default_factory() if item.default is MISSING else item.default
    if kind is Minor:
        return '`"0"`'
    return code(json.dumps(value)) if value not in (None, (), {}, "") else ""


def _section(kind: type) -> str:
    hints = get_type_hints(kind)
    rows = [
        (
            code(item.name),
            _in_words(hints[item.name]),
            _usual(item, hints[item.name]),
            WORDS[f"{kind.__name__}.{item.name}"],
        )
        for item in fields(kind)
    ]
    parts = [f"## {kind.__name__}", prose(kind.__doc__)]
    if kind.__name__ in EXAMPLES:
        example = json.dumps(EXAMPLES[kind.__name__], indent=2, ensure_ascii=False)
        parts.append(f"```json\n{example}\n```")
    parts.append(table(("field", "is", "if left out", "what it says"), rows))
    return "\n\n".join(parts)


def page() -> str:
    """The page about facts."""
    kinds = [_declared(kind) for kind in declared()]
    sections = [_section(kind) for kind in KINDS]
    return whole_page("Facts", INTRODUCTION, *sections, DECLARED, *kinds)


def _declared(kind: ActivityKind[object]) -> str:
    rows = [
        (code(one.name), one.type, "**needed**" if one.needed else "", one.doc)
        for one in kind.fields()
    ]
    head = ("in `data`", "is", "if left out", "what it says")
    return "\n\n".join((f"### {kind.kind}", kind.summary, table(head, rows)))
