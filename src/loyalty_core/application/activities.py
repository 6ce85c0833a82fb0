"""Kinds of activity that plugins declare: what their ``data`` holds, read strictly.

A kind that nobody declares may hold any plain values, as activities always may. Of a declared one
bad input is refused with path and remedy before anything is booked.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Generic, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from loyalty_core.application.forms import fact_error, read_as, read_fact
from loyalty_core.application.structure import converter
from loyalty_core.application.values import TRUTH
from loyalty_core.domain.facts import Activity, Decidable, Fact, Json, Scalar
from loyalty_core.errors import FactError, LoyaltyError, Problem

D_co = TypeVar("D_co", covariant=True)

MOMENT_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})$"
)
"""How a moment is written in JSON: ISO 8601 with a time zone."""

_SIMPLE: Mapping[Any, tuple[str, dict[str, Json]]] = {
    str: ("text", {"type": "string"}),
    int: (
        "whole number",
        {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^-?[0-9]{1,15}$"}]},
    ),
    bool: (
        "true or false",
        {"anyOf": [{"type": "boolean"}, {"enum": [*TRUTH]}]},
    ),
    Decimal: (
        "decimal",
        {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}]},
    ),
    date: (
        "day",
        {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    ),
    datetime: (
        "moment",
        {"type": "string", "format": "date-time", "pattern": MOMENT_PATTERN},
    ),
    NoneType: ("null", {"type": "null"}),
}


@dataclass(frozen=True, slots=True)
class ActivityKind(Generic[D_co]):
    """A kind of activity that a plugin adds, and what its ``data`` holds.

    ``kind`` starts with the plugin's id and a dot. ``data`` is a frozen dataclass; its fields are
    texts, whole numbers, truth values, ``Decimal``, ``date``, ``datetime`` and choices (a
    ``StrEnum``, or a ``Literal`` of texts), or such or None, each with its sentence in
    ``metadata=doc(...)``. What types cannot say its ``__post_init__`` does: it raises
    ``ValueError``, or ``FactError`` with a path and a remedy. ``summary`` says what happened.
    """

    kind: str
    data: type[D_co]
    summary: str

    def read(self, fact: Decidable) -> D_co | None:
        """What an activity of this kind holds; None for any other fact.

        Raises ``FactError`` for what cannot be read: it was recorded before the kind was declared.
        """
        if not isinstance(fact, Activity) or fact.kind != self.kind:
            return None
        return read_as(_json(fact.data), self.data, 0, where="$.data", texts=True)

    def fields(self) -> tuple[ActivityField, ...]:
        """What ``data`` holds, in the order of its dataclass."""
        hints = get_type_hints(self.data)
        return tuple(
            ActivityField(
                name=item.name,
                type=_in_words(hints[item.name]),
                doc=str(item.metadata.get("doc", "")),
                needed=item.default is MISSING and item.default_factory is MISSING,
                schema=_schema(hints[item.name]),
            )
            for item in _fields(self.data)
        )

    def schema(self) -> dict[str, Json]:
        """The JSON Schema of ``data``."""
        told = self.fields()
        return {
            "description": self.summary,
            "type": "object",
            "additionalProperties": False,
            "required": [one.name for one in told if one.needed],
            "properties": {one.name: {"description": one.doc, **one.schema} for one in told},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityField:
    """A field of a kind of activity: its type in words and as JSON Schema, and what it says."""

    name: str
    type: str
    doc: str
    needed: bool
    schema: Mapping[str, Json]


Kinds = Mapping[str, ActivityKind[object]]
"""The kinds that the plugins of a program declare, by name."""


def read_or_error(value: object, now: datetime, kinds: Kinds) -> Fact | LoyaltyError:
    """The fact, checked, or the error that says why it cannot be taken in; errors stay as given."""
    if isinstance(value, LoyaltyError):
        return value
    try:
        return read_declared(cast(Any, value), now, kinds)
    except LoyaltyError as error:
        return error
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        return FactError(f"the fact cannot be read: {type(error).__name__}: {error}")


def read_declared(value: Fact | Mapping[str, Json], now: datetime, kinds: Kinds) -> Fact:
    """The fact, checked as by ``read_fact``, and an activity by what its kind declares as well.

    Raises ``FactError`` or one of its kinds, with every fault found in ``problems``.
    """
    try:
        fact = read_fact(value, now)
    except FactError as error:
        if kinds and isinstance(value, Mapping) and value.get("type") == "activity":
            alone = Problem(error.where, error.message, error.remedy, error.code)
            found = error.problems or (alone,)
            told = {problem.where for problem in found}
            more = [one for one in _problems(value, kinds) if one.where not in told]
            if more:
                raise fact_error([*found, *more]) from None
        raise
    return _typed(fact, kinds) if isinstance(fact, Activity) else fact


def _typed(activity: Activity, kinds: Kinds) -> Activity:
    """The activity with its ``data`` in the types that its kind declares.

    Only what was given is in it, so that a field added later changes no fact.
    """
    kind = kinds.get(activity.kind)
    if kind is None:
        if problem := _undeclared(activity.kind, kinds):
            raise fact_error([problem])
        return activity
    read = read_as(_json(activity.data), kind.data, 0, where="$.data", texts=True)
    write = converter(0).unstructure
    data = {name: cast(Scalar, write(getattr(read, name))) for name in activity.data}
    return replace(activity, data=data)


def _problems(value: Mapping[str, Json], kinds: Kinds) -> Sequence[Problem]:
    """The faults of the kind and the data of an activity that cannot be read as a whole."""
    name, data = value.get("kind"), value.get("data", {})
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        problem = _undeclared(name, kinds) if isinstance(name, str) else None
        return (problem,) if problem else ()
    if not isinstance(data, Mapping):
        return ()
    try:
        read_as(data, kind.data, 0, where="$.data", texts=True)
    except FactError as error:
        return error.problems
    return ()


def _undeclared(name: str, kinds: Kinds) -> Problem | None:
    """That a plugin declares its kinds, and this one is not among them."""
    plugin, dot, given = name.partition(".")
    prefix = f"{plugin}."
    declared = [one.removeprefix(prefix) for one in kinds if dot and one.startswith(prefix)]
    if not declared:
        return None
    near = difflib.get_close_matches(given, declared, 1)
    every = ", ".join(prefix + one for one in declared)
    remedy = f"Did you mean {prefix}{near[0]}?" if near else f"It declares: {every}."
    message = f"the plugin {plugin!r} declares no activity {name[:60]!r}"
    return Problem("$.kind", message, remedy)


def kind_faults(kind: ActivityKind[object]) -> Iterator[str]:
    """What is wrong with how a kind is declared, in words that follow its name."""
    data: Any = kind.data
    if not (isinstance(data, type) and is_dataclass(data)):
        yield "has data that are not a dataclass"
        return
    if not kind.summary:
        yield "has no summary"
    if not cast(Any, data).__dataclass_params__.frozen:
        yield f"has data whose dataclass {data.__name__} is not frozen"
    hints = get_type_hints(data)
    for item in _fields(data):
        if not item.metadata.get("doc"):
            yield f"does not say what {item.name!r} is: metadata=doc(...)"
        if not all(map(_usable, _parts(hints[item.name]))):
            yield f"has {item.name!r} of a type that is not a plain value: {hints[item.name]}"


def _json(data: Mapping[str, Scalar]) -> Mapping[str, Json]:
    return cast(Mapping[str, Json], data)


def _fields(kind: type) -> tuple[Field[Any], ...]:
    return fields(cast(Any, kind))


def _parts(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _usable(hint: Any) -> bool:
    if hint in _SIMPLE:
        return True
    if get_origin(hint) is Literal:
        return all(isinstance(one, str) for one in get_args(hint))
    return isinstance(hint, type) and issubclass(hint, StrEnum)


def _choices(hint: Any) -> list[Json]:
    if get_origin(hint) is Literal:
        return [str(one) for one in get_args(hint)]
    return [str(one.value) for one in hint]


def _in_words(hint: Any) -> str:
    def one(part: Any) -> str:
        if part in _SIMPLE:
            return _SIMPLE[part][0]
        return ", ".join(f'"{choice}"' for choice in _choices(part))

    return " or ".join(one(part) for part in _parts(hint))


def _schema(hint: Any) -> dict[str, Json]:
    made: list[Json] = [
        dict(_SIMPLE[part][1]) if part in _SIMPLE else {"enum": _choices(part)}
        for part in _parts(hint)
    ]
    return {"anyOf": made} if len(made) > 1 else cast(dict[str, Json], made[0])
