"""Which settings are deprecated: of those that a configuration has, and of all there are."""

from __future__ import annotations

from collections import abc
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from loyalty_core.domain.deprecation import MARK, Deprecated


def deprecated_settings(kind: Any, section: object, where: str) -> Iterator[Deprecated]:
    """Those in a section of a configuration that the settings dataclass ``kind`` describes.

    Each with its path below ``where``.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin is tuple and isinstance(section, list | tuple):
        for place, one in enumerate(section):
            yield from deprecated_settings(parts[0], one, f"{where}[{place}]")
    elif origin is abc.Mapping and isinstance(section, abc.Mapping):
        for name, one in section.items():
            yield from deprecated_settings(parts[1], one, f"{where}.{name}")
    elif origin in (Union, UnionType):
        for part in parts:
            yield from deprecated_settings(part, section, where)
    elif isinstance(kind, type) and is_dataclass(kind) and isinstance(section, abc.Mapping):
        for item in fields(kind):
            if item.name in section:
                at = f"{where}.{item.name}" if where else item.name
                if item.metadata.get(MARK):
                    yield Deprecated(what=at, deprecation=item.metadata[MARK])
                yield from deprecated_settings(_types(kind)[item.name], section[item.name], at)


@lru_cache(maxsize=256)
def _types(kind: type) -> Mapping[str, Any]:
    """The types of a dataclass's fields: to read them takes longer than all else here."""
    return get_type_hints(kind)


def all_deprecated_settings(kind: Any, seen: set[Any] | None = None) -> Iterator[Deprecated]:
    """Every one that a settings dataclass has, and those inside it, by class and field."""
    seen = set() if seen is None else seen
    if isinstance(kind, type) and is_dataclass(kind) and kind not in seen:
        seen.add(kind)
        for item in fields(kind):
            if item.metadata.get(MARK):
                what = f"the setting {kind.__name__}.{item.name}"
                yield Deprecated(what=what, deprecation=item.metadata[MARK])
        for hint in get_type_hints(kind).values():
            yield from all_deprecated_settings(hint, seen)
    for inner in get_args(kind):
        yield from all_deprecated_settings(inner, seen)
