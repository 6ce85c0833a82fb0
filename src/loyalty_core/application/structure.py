"""Mappings into frozen dataclasses, strictly: no coercion, no unknown key, every fault at once.

cattrs does the work (kept, pure Python, fast by code generation); here are the hooks that make
it strict, and the translation of its error groups into ``Problem``s with path and remedy.
"""

from __future__ import annotations

import difflib
import re
from collections import abc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache, partial
from types import GenericAlias
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from cattrs import Converter
from cattrs.cols import mapping_structure_factory
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from loyalty_core.application.plain import is_storable
from loyalty_core.domain.adjustments import ExpiresAt
from loyalty_core.domain.amounts import (
    LARGEST_AMOUNT,
    Minor,
    format_scaled,
    parse_decimal,
    parse_scaled,
)
from loyalty_core.domain.clock import LocalMoment
from loyalty_core.domain.facts import Json, Scalar
from loyalty_core.domain.names import LONGEST_NAME, Name, is_name
from loyalty_core.errors import ConfigError, DateOutOfRange, LoyaltyError, Problem

T = TypeVar("T")


def read_settings(kind: type[T], section: Mapping[str, Json], *, where: str) -> T:
    """The settings dataclass ``kind`` that a section of a configuration describes.

    Raises ``ConfigError`` with every unknown key, wrong type and missing value at once, each
    with its path below ``where``.
    """
    try:
        return converter(0).structure(section, kind)
    except BaseExceptionGroup as error:
        problems = list(problems_of(error, where, kind))
    except (LoyaltyError, ValueError, TypeError, KeyError) as error:
        problems = [Problem(where, str(error))]
    raise ConfigError(problems)


@lru_cache(maxsize=8)
def converter(digits: int, *, texts: bool = False) -> Converter:
    """The strict converter for documents whose money has ``digits`` digits in its minor unit.

    With ``texts`` a whole number and a truth value may be texts as well, as in a CSV file's cells.
    """
    made = Converter(forbid_extra_keys=True, detailed_validation=True)
    whole, truth = (_or_text(int), _or_text(bool)) if texts else (_exactly(int), _exactly(bool))
    plain = {str: _exactly(str), int: whole, bool: truth, Decimal: _decimal}
    for kind, hook in {
        **plain,
        datetime: _moment,
        date: _date,
        time: _time,
        StrEnum: _enum,
    }.items():
        made.register_structure_hook(kind, hook)
    made.register_structure_hook_func(_is_minor, _minor(digits))
    made.register_structure_hook_func(_is_named, _name)
    made.register_structure_hook_func(_is_scalar, _scalar)
    made.register_structure_hook_func(_is_json, _json)
    made.register_structure_hook_func(_is_expires_at, _expires_at)
    made.register_structure_hook_func(_is_local, _local)
    made.register_structure_hook_factory(_is_literal, lambda kind: _literal(get_args(kind)))
    made.register_structure_hook_factory(
        lambda kind: isinstance(kind, type) and is_dataclass(kind), lambda kind: _table(made, kind)
    )
    made.register_structure_hook_factory(_is_mapping, lambda kind: _mapping(made, kind))
    made.register_structure_hook_factory(_is_tuple, lambda kind: _sequence(made, kind))
    made.register_unstructure_hook(Decimal, str)
    made.register_unstructure_hook(datetime, iso)
    made.register_unstructure_hook(date, lambda day: day.isoformat())
    made.register_unstructure_hook(time, lambda moment: moment.isoformat())
    made.register_unstructure_hook_func(_is_minor, lambda amount: format_scaled(amount, digits))
    made.register_unstructure_hook_factory(
        lambda kind: is_dataclass(kind) and isinstance(kind, type), lambda kind: _sparse(made, kind)
    )
    return made


def _sparse(made: Converter, kind: type) -> Callable[[Any], Any]:
    return make_dict_unstructure_fn(kind, made, _cattrs_omit_if_default=True)


class Wrong(ValueError):
    """A value that is not what its place needs, with the remedy."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


def shown(value: object) -> str:
    """A value as a message shows it: its beginning, or its type where it cannot be written."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # thousands of digits, or nested too deeply
        return f"this {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


_NAMES = {str: "a text", int: "a whole number", bool: "true or false"}


def _exactly(kind: type) -> Callable[[object, Any], Any]:
    def structure(value: object, _: Any) -> Any:
        if type(value) is not kind:
            raise Wrong(f"{shown(value)} is not {_NAMES[kind]}")
        if isinstance(value, str) and not is_storable(value):
            remedy = "Send valid Unicode without U+0000."
            raise Wrong(f"{shown(value)} is not a text that can be stored", remedy)
        if kind is int and abs(cast(int, value)) >= LARGEST_AMOUNT:
            raise Wrong(f"{shown(value)} is too large to be meant")
        return value

    return structure


_HOW = {int: "Send a whole number, such as 12.", bool: "Send true or false."}
_WHOLE = re.compile(r"-?[0-9]{1,15}")
TRUTH = {
    text: text.lower() == "true" for text in ("true", "True", "TRUE", "false", "False", "FALSE")
}
"""How a truth value may be written as a text."""


def _or_text(kind: type) -> Callable[[object, Any], Any]:
    exactly = _exactly(kind)

    def structure(value: object, target: Any) -> Any:
        if isinstance(value, str) and kind is int and _WHOLE.fullmatch(value):
            value = int(value)
        elif isinstance(value, str) and kind is bool:
            value = TRUTH.get(value, value)
        if type(value) is not kind:
            raise Wrong(f"{shown(value)} is not {_NAMES[kind]}", _HOW[kind])
        return exactly(value, target)

    return structure


def _name(value: object, _: Any) -> str:
    if type(value) is not str or not is_name(value):
        remedy = f"Write 1 to {LONGEST_NAME} characters, without spaces around them."
        raise Wrong(f"{shown(value)} is not a name", remedy)
    return value


def _minor(digits: int) -> Callable[[object, Any], int]:
    return lambda value, _: parse_scaled(value, digits)


def _decimal(value: object, _: Any) -> Decimal:
    if isinstance(value, Decimal) or type(value) is int:
        return Decimal(value)
    if isinstance(value, str) and len(value) < 40:
        return parse_decimal(value)
    raise Wrong(f"{shown(value)} is not a decimal number", 'Write it as a text, such as "1.5".')


def _moment(value: object, _: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    except ValueError:
        raise Wrong(
            f"{shown(value)} is not a moment", "Write ISO 8601, such as 2026-11-21T10:00:00Z."
        ) from None
    if moment.tzinfo is None:
        raise Wrong(f"{shown(value)} has no time zone", "Add Z or an offset such as +01:00.")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise DateOutOfRange(f"{shown(value)} cannot be") from None


def _local(value: object, _: Any) -> LocalMoment:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    except ValueError:
        message = f"{shown(value)} is not a moment"
        raise Wrong(message, "Write a day or a moment, such as 2027-01-01T00:00:00.") from None
    return LocalMoment(moment)


def _expires_at(value: object, kind: Any) -> Any:
    return value if value is None or value == "never" else _moment(value, kind)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _date(value: object, _: Any) -> date:
    if isinstance(value, datetime):
        raise Wrong(f"{shown(value)} is a moment, not a date", "Write a day such as 2026-11-21.")
    try:
        return value if isinstance(value, date) else date.fromisoformat(_text(value))
    except ValueError:
        message = f"{shown(value)} is not a date"
        raise Wrong(message, "Write a day such as 2026-11-21.") from None


def _time(value: object, _: Any) -> time:
    try:
        return value if isinstance(value, time) else time.fromisoformat(_text(value))
    except ValueError:
        raise Wrong(f"{shown(value)} is not a time of day", "Write it as 09:30.") from None


def _scalar(value: object, _: Any) -> Any:
    if isinstance(value, str) and not is_storable(value):
        raise Wrong(f"{shown(value)} is not a text that can be stored", "Send valid Unicode.")
    if type(value) is int and abs(value) >= LARGEST_AMOUNT:
        raise Wrong(f"{shown(value)} is too large", "Send long numbers as texts.")
    if value is None or type(value) in (str, int, bool):
        return value
    raise Wrong(f"{shown(value)} is not a text, whole number, true, false or null")


def _json(value: object, _: Any) -> Any:
    return value


def _is_json(kind: Any) -> bool:
    """Whether a type is ``Json``, which the typing module unfolds by a level at each look."""
    return kind is Any or any(get_origin(part) is dict for part in get_args(kind))


def _literal(allowed: tuple[object, ...]) -> Callable[[object, Any], Any]:
    def structure(value: object, _: Any) -> Any:
        if not any(value == item and type(value) is type(item) for item in allowed):
            names = ", ".join(str(item) for item in allowed)
            raise Wrong(f"{shown(value)} is not one of: {names}")
        return value

    return structure


def _table(made: Converter, kind: Any) -> Callable[[object, Any], Any]:
    plain, whole = get_type_hints(kind), get_type_hints(kind, include_extras=True)
    annotated: Any = {
        name: override(struct_hook=partial(_structured, made, hint))
        for name, hint in whole.items()
        if hint != plain[name]  # cattrs takes annotations off where they are texts
    }
    inner = make_dict_structure_fn(
        kind,
        made,
        _cattrs_forbid_extra_keys=True,
        _cattrs_detailed_validation=True,
        **annotated,
    )

    def structure(value: Any, target: Any) -> Any:
        if not isinstance(value, abc.Mapping):
            raise Wrong(f"{shown(value)} is not a table of keys and values")
        return inner(cast(Mapping[str, Any], value), target)

    return structure


def _structured(made: Converter, kind: Any, value: object, _: Any) -> Any:
    return made.structure(value, kind)


def _mapping(made: Converter, kind: Any) -> Callable[[object, Any], Any]:
    inner = mapping_structure_factory(kind, made, detailed_validation=True, structure_to=dict)

    def structure(value: object, target: Any) -> Any:
        if not isinstance(value, abc.Mapping):
            raise Wrong(f"{shown(value)} is not a table of keys and values")
        return inner(cast(Mapping[str, Any], value), target)

    return structure


def _enum(value: object, kind: Any) -> Any:
    try:
        return kind(_text(value))
    except ValueError:
        allowed = ", ".join(str(item.value) for item in kind)
        raise Wrong(f"{shown(value)} is not one of: {allowed}") from None


def _is_minor(kind: Any) -> bool:
    minor: Any = Minor
    return bool(kind is minor)


def _is_named(kind: Any) -> bool:
    name: Any = Name
    return bool(kind == name)


def _is_expires_at(kind: Any) -> bool:
    expires_at: Any = ExpiresAt
    return bool(kind == expires_at)


def _is_local(kind: Any) -> bool:
    local: Any = LocalMoment
    return bool(kind is local)


def _is_literal(kind: Any) -> bool:
    literal: Any = Literal
    return bool(get_origin(kind) is literal)


def _is_scalar(kind: Any) -> bool:
    scalar: Any = Scalar
    return bool(kind == scalar)


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_mapping(kind: Any) -> bool:
    return bool(get_origin(kind) is abc.Mapping)


def _sequence(made: Converter, kind: Any) -> Callable[[object, Any], Any]:
    items = GenericAlias(list, get_args(kind)[:1])
    inner = cast(Callable[[object, Any], Any], made.get_structure_hook(items))

    def structure(value: object, _: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise Wrong(f"{shown(value)} is not a list")
        return tuple(inner(value, items))

    return structure


def iso(moment: datetime) -> str:
    """The moment as ISO 8601 in UTC, ending in Z."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat().replace("+00:00", "Z")


def _below(where: str, name: object) -> str:
    key = name if isinstance(name, str) and name.isprintable() else shown(name)
    return f"{where}.{key}" if where else key


def problems_of(error: BaseException, where: str, kind: Any = None) -> Iterator[Problem]:
    """Every fault inside a cattrs error, with its path below ``where``."""
    if isinstance(error, ClassValidationError):
        grouped, rest = error.group_exceptions()
        for inner, note in grouped:
            yield from problems_of(inner, _below(where, note.name), note.type)
        for inner in rest:
            yield from problems_of(inner, where, error.cl)
    elif isinstance(error, IterableValidationError):
        indexed, rest = error.group_exceptions()
        for inner, at in indexed:
            listed = isinstance(at.index, int)
            place = f"{where}[{at.index}]" if listed else _below(where, at.index)
            yield from problems_of(inner, place, at.type)
        for inner in rest:
            yield from problems_of(inner, where, kind)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [item.name for item in fields(cast(Any, error.cl))]
        for key in sorted(error.extra_fields, key=str):
            near = difflib.get_close_matches(str(key), known, 1)
            remedy = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(known)}."
            yield Problem(_below(where, key), "unknown key", remedy)
    elif isinstance(error, KeyError):
        yield Problem(where, "missing", "Add it.")
    elif isinstance(error, Wrong):
        yield Problem(where, str(error), error.remedy)
    elif isinstance(error, LoyaltyError):
        yield Problem(error.where or where, error.message, error.remedy, error.code)
    else:
        yield Problem(where, str(error) or type(error).__name__)
