"""Going through a shop: where a walk is, and what there may not be readable."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, is_dataclass
from typing import TypeVar

from loyalty_core.domain.connectors import Input, Unreadable
from loyalty_core.domain.facts import JsonObject
from loyalty_core.errors import ConnectorError, FactError

_Place = TypeVar("_Place")


def cursor_of(place: object) -> str:
    """The cursor that stands for a place in a walk, a dataclass: only what is not empty."""
    assert is_dataclass(place)
    assert not isinstance(place, type)
    return json.dumps({key: value for key, value in asdict(place).items() if value})


def place_at(kind: type[_Place], cursor: str) -> _Place:
    """The place of a kind that a cursor stands for; the start of a walk for an empty one.

    Raises ``ConnectorError`` for what is none of this connector's.
    """
    try:
        return kind(**json.loads(cursor)) if cursor else kind()
    except (TypeError, ValueError):
        message = f"{cursor[:60]!r} is no place in a walk"
        raise ConnectorError(message, remedy="Run backfill --again.") from None


def inputs_of(
    what: str, document: JsonObject, read: Callable[[JsonObject], Iterable[Input]]
) -> list[Input]:
    """What a document comes to; one that cannot be read is kept aside, and holds up no other.

    ``what`` names it for whoever looks, such as ``order 17``.
    """
    try:
        return list(read(document))
    except FactError as error:
        return [Unreadable(what=what, raw=json.dumps(document, default=str).encode(), error=error)]
