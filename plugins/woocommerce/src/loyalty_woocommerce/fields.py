"""Reading JSON that somebody else writes: each reader says what is wrong, and where."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from math import ceil

from loyalty_core import FactError, Json, as_text, needed_moment, round_scaled

LARGEST = Decimal(10) ** 15


def number(value: Json) -> int:
    """The whole number of an id, written as one or as text; 0 for none."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return max(value, 0)
    given = as_text(value)
    return int(given) if given.isascii() and given.isdigit() and len(given) < 25 else 0


def name(value: Json, where: str) -> str:
    """An id as text; raises ``FactError`` for none."""
    found = number(value)
    if not found:
        raise FactError("the id is missing", where=where)
    return str(found)


def moment(value: Json, where: str) -> datetime:
    """A moment of a field ``…_gmt``, which is UTC and says no zone; raises ``FactError``.

    The fields without ``_gmt`` are in the shop's zone, which they do not say either, and are never
    read.
    """
    return needed_moment(value, where, zone=UTC)


def written(at: datetime) -> str:
    """A moment as the API reads it with ``dates_are_gmt``: UTC that says no zone."""
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()


def decimal(value: object, where: str) -> Decimal:
    """A number that is written as text or as a number, exactly; an empty text is zero.

    Raises ``FactError``.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal | None):
        raise FactError("it is not a number", where=where)
    try:
        read = Decimal("0" if value is None or value == "" else str(value))
    except InvalidOperation:
        raise FactError(f"{str(value)[:60]!r} is not a number", where=where) from None
    if not read.is_finite() or abs(read) >= LARGEST:
        raise FactError(f"{str(value)[:60]!r} is not a number that can be meant", where=where)
    return read


def amount(value: object, digits: int, where: str) -> int:
    """An amount in minor units, half of one and more up; raises ``FactError``.

    The shop keeps more decimals than it charges: it rounds in the same way.
    """
    return round_scaled(decimal(value, where), digits, where)


def pieces(value: object, where: str) -> int:
    """A number of pieces, a started one counting whole: shops sell by weight as well."""
    return ceil(abs(decimal(value, where)))
