"""Activities of the kinds that a plugin declares, with data of the types that it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from loyalty_core.application.activities import ActivityKind
from loyalty_core.domain.facts import Activity
from loyalty_core.errors import LoyaltyError

_VALUES: Mapping[Any, list[Any]] = {
    str: ["a", "b"],
    int: [1, 2],
    bool: [True, False],
    Decimal: ["1.5", "2"],
    date: ["2026-06-18"],
    datetime: ["2026-06-18T12:00:00Z"],
}


def activities_of(kinds: Iterable[ActivityKind[object]]) -> Iterator[Mapping[str, Any]]:
    """An activity of each kind, its data a choice of values for each field.

    A kind whose fields have rules beside their types may refuse all of them, and is left out: the
    plugin's quality.toml has to say what it takes.
    """
    for kind in kinds:
        hints = get_type_hints(kind.data)
        data = {item.name: _choices(hints[item.name]) for item in kind.fields()}
        first = {name: values[0] for name, values in data.items()}
        try:
            kind.read(
                Activity(
                    source="web",
                    id="1",
                    kind=kind.kind,
                    occurred_at=datetime(2026, 6, 18, tzinfo=UTC),
                    data=first,
                )
            )
        except LoyaltyError:
            continue
        yield {"kind": kind.kind, "data": data} if data else {"kind": kind.kind}


def _choices(hint: Any) -> list[Any]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return [one.value for one in hint]
    named = [one for one in get_args(hint) if one is not NoneType]
    return _VALUES.get(hint) or (_choices(named[0]) if named else ["a"])
