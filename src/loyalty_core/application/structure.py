"""Mappings into frozen dataclasses, strictly: no coercion, no unknown key, every fault at once.

cattrs does the work (kept, pure Python, fast by code generation); here are the hooks that make
it strict, and the translation of its error groups into ``Problem``s with path and remedy.
"""

from __future__ import annotations

import difflib
from collections import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
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

from loyalty_core.application.values import (
    Wrong,
    a_date,
    a_decimal,
    a_local,
    a_member,
    a_minor,
    a_moment,
    a_name,
    a_scalar,
    a_time,
    an_expires_at,
    any_json,
    exactly,
    kind_of,
    one_of,
    or_text,
    shown,
)
from loyalty_core.domain.adjustments import ExpiresAt
from loyalty_core.domain.amounts import Minor, format_scaled
from loyalty_core.domain.clock import LocalMoment
from loyalty_core.domain.facts import Json, Scalar
from loyalty_core.domain.names import Name
from loyalty_core.domain.secrets import unreferenced
from loyalty_core.domain.settings import SECRET
from loyalty_core.errors import ConfigError, LoyaltyError, Problem

T = TypeVar("T")


def read_settings(kind: type[T], section: Mapping[str, Json], *, where: str) -> T:
    """The settings dataclass ``kind`` that a section of a configuration describes.

    Raises ``ConfigError`` with every unknown key, wrong type and missing value at once, each
    with its path below ``where``. What stands in a field that is marked as ``secret`` and is no
    reference is refused, and never shown.
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
    whole, truth = (or_text(int), or_text(bool)) if texts else (exactly(int), exactly(bool))
    plain = {str: exactly(str), int: whole, bool: truth, Decimal: a_decimal}
    for kind, hook in {
        **plain,
        datetime: a_moment,
        date: a_date,
        time: a_time,
        StrEnum: a_member,
    }.items():
        made.register_structure_hook(kind, hook)
    made.register_structure_hook_func(_is_minor, a_minor(digits))
    made.register_structure_hook_func(_is_named, a_name)
    made.register_structure_hook_func(_is_scalar, a_scalar)
    made.register_structure_hook_func(_is_json, any_json)
    made.register_structure_hook_func(_is_expires_at, an_expires_at)
    made.register_structure_hook_func(_is_local, a_local)
    made.register_structure_hook_factory(_is_literal, lambda kind: one_of(get_args(kind)))
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


def _is_json(kind: Any) -> bool:
    """Whether a type is ``Json``, which the typing module unfolds by a level at each look."""
    return kind is Any or any(get_origin(part) is dict for part in get_args(kind))


def _table(made: Converter, kind: Any) -> Callable[[object, Any], Any]:
    plain, whole = get_type_hints(kind), get_type_hints(kind, include_extras=True)
    own: Any = {
        name: override(struct_hook=partial(_structured, made, hint))
        for name, hint in whole.items()
        if hint != plain[name]  # cattrs takes annotations off where they are texts
    }
    for item in fields(kind):
        if item.metadata.get(SECRET):
            hook = partial(_referring, made, whole[item.name], item.default)
            own[item.name] = override(struct_hook=hook)
    inner = make_dict_structure_fn(
        kind,
        made,
        _cattrs_forbid_extra_keys=True,
        _cattrs_detailed_validation=True,
        **own,
    )

    def structure(value: Any, target: Any) -> Any:
        if not isinstance(value, abc.Mapping):
            raise Wrong(f"{kind_of(value)} is not a table of keys and values")
        return inner(cast(Mapping[str, Any], value), target)

    return structure


def _structured(made: Converter, kind: Any, value: object, _: Any) -> Any:
    return made.structure(value, kind)


class _Unreferenced(ValueError):
    """A secret, or more of them, where references are to be; places are below the setting."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("a secret stands in the file")
        self.problems = problems


def _referring(made: Converter, kind: Any, usual: object, value: Any, _: Any) -> Any:
    """A setting that refers to secrets: looked at before any message could tell what it is."""
    left_out = value is None or value == usual == ""
    if not left_out and (problems := list(unreferenced("", value))):
        raise _Unreferenced(problems)
    return made.structure(value, kind)


def _mapping(made: Converter, kind: Any) -> Callable[[object, Any], Any]:
    inner = mapping_structure_factory(kind, made, detailed_validation=True, structure_to=dict)

    def structure(value: object, target: Any) -> Any:
        if not isinstance(value, abc.Mapping):
            raise Wrong(f"{kind_of(value)} is not a table of keys and values")
        return inner(cast(Mapping[str, Any], value), target)

    return structure


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
            raise Wrong(f"{kind_of(value)} is not a list")
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
    elif isinstance(error, _Unreferenced):
        for found in error.problems:
            yield replace(found, where=where + found.where)
    elif isinstance(error, LoyaltyError):
        yield Problem(error.where or where, error.message, error.remedy, error.code)
    else:
        yield Problem(where, str(error) or type(error).__name__)
