"""Reading JSON that somebody else writes: each reader says what is wrong, and where.

``needed_…`` insists on what it is asked for; ``as_…`` takes anything, and makes nothing of what is
not there or is something else.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from loyalty_core.domain.facts import Json
from loyalty_core.errors import FactError


def needed_object(value: Json, where: str) -> dict[str, Json]:
    """The object that a value is; raises ``FactError``."""
    if not isinstance(value, dict):
        raise FactError("it is not a JSON object", where=where)
    return value


def as_object(value: Json) -> dict[str, Json]:
    """The object that a value is, an empty one for null or anything else.

    >>> as_object({"id": 1}), as_object([]), as_object(None)
    ({'id': 1}, {}, {})
    """
    return value if isinstance(value, dict) else {}


def as_objects(value: Json) -> list[dict[str, Json]]:
    """The objects in a list, or in the ``nodes`` of a GraphQL connection; none for null.

    >>> as_objects([{"id": 1}, None, "x"]), as_objects({"nodes": [{"id": 2}]}), as_objects(None)
    ([{'id': 1}], [{'id': 2}], [])
    """
    if isinstance(value, dict):
        value = value.get("nodes")
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def as_text(value: Json) -> str:
    """The text that a value is, without blanks around it; empty for null and no text.

    >>> as_text(" tea "), as_text(None), as_text(7)
    ('tea', '', '')
    """
    return value.strip() if isinstance(value, str) else ""


def needed_id(value: Json, where: str) -> str:
    """The id that a text is; raises ``FactError`` for none.

    >>> needed_id("T1JkZXI6MQ==", "$.id")
    'T1JkZXI6MQ=='
    """
    found = as_text(value)
    if not found:
        raise FactError("the id is missing", where=where)
    return found


def needed_moment(value: Json, where: str, *, zone: tzinfo | None = None) -> datetime:
    """The moment, in UTC, that a text of ISO 8601 is.

    ``zone`` is that of a text that says none. Raises ``FactError``, also for one without a zone
    where none is given.
    """
    try:
        read = datetime.fromisoformat(as_text(value))
    except ValueError:
        raise FactError("it is not a moment", where=where) from None
    if read.tzinfo is None:
        if zone is None:
            raise FactError("the moment has no time zone", where=where)
        read = read.replace(tzinfo=zone)
    return read.astimezone(UTC)
