"""One value of a document each, strictly: what a place needs, without coercion, or what is wrong.

These are the hooks of ``structure`` for what has no parts. A message shows the value, but nothing
of a list or a table: who wrote one into the wrong place may have written a secret into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from numbers import Number
from typing import Any, cast

from loyalty_core.application.plain import is_storable
from loyalty_core.domain.amounts import LARGEST_AMOUNT, parse_decimal, parse_scaled
from loyalty_core.domain.clock import LocalMoment
from loyalty_core.domain.names import LONGEST_NAME, is_name
from loyalty_core.errors import DateOutOfRange


class Wrong(ValueError):
    """A value that is not what its place needs, with the remedy."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


_KINDS = {str: "text", bool: "truth value", list: "list"}
_PLAIN = str | Number | date | time


def kind_of(value: object) -> str:
    """What a value is, and nothing of what is in it: ``this text``, ``this table``."""
    if isinstance(value, Mapping):
        return "this table"
    number = "number" if isinstance(value, Number) else type(value).__name__
    return f"this {_KINDS.get(type(value), number)}"


def shown(value: object) -> str:
    """A value as a message shows it: its beginning, or only what it is if it has parts."""
    if value is not None and not isinstance(value, _PLAIN):
        return kind_of(value)
    try:
        text = repr(value)
    except ValueError:  # thousands of digits
        return kind_of(value)
    return text if len(text) <= 60 else text[:57] + "..."


_NAMES = {str: "a text", int: "a whole number", bool: "true or false"}


def exactly(kind: type) -> Callable[[object, Any], Any]:
    """Takes values of this type alone, no text for a number and no number for a text."""

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


def or_text(kind: type) -> Callable[[object, Any], Any]:
    """Takes values of this type, or the texts that a file's cells write them as."""
    read = exactly(kind)

    def structure(value: object, target: Any) -> Any:
        if isinstance(value, str) and kind is int and _WHOLE.fullmatch(value):
            value = int(value)
        elif isinstance(value, str) and kind is bool:
            value = TRUTH.get(value, value)
        if type(value) is not kind:
            raise Wrong(f"{shown(value)} is not {_NAMES[kind]}", _HOW[kind])
        return read(value, target)

    return structure


def a_name(value: object, _: Any) -> str:
    """The value as a name: a short text without spaces around it."""
    if type(value) is not str or not is_name(value):
        remedy = f"Write 1 to {LONGEST_NAME} characters, without spaces around them."
        raise Wrong(f"{shown(value)} is not a name", remedy)
    return value


def a_minor(digits: int) -> Callable[[object, Any], int]:
    """Takes amounts of money, with so many digits in the minor unit."""
    return lambda value, _: parse_scaled(value, digits)


def a_decimal(value: object, _: Any) -> Decimal:
    """The value as a decimal number; a fraction is a text."""
    if isinstance(value, Decimal) or type(value) is int:
        return Decimal(value)
    if isinstance(value, str) and len(value) < 40:
        return parse_decimal(value)
    raise Wrong(f"{shown(value)} is not a decimal number", 'Write it as a text, such as "1.5".')


def a_moment(value: object, _: Any) -> datetime:
    """The value as a moment in UTC, written with its offset."""
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


def a_local(value: object, _: Any) -> LocalMoment:
    """The value as a day or a moment whose time zone is said elsewhere."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    except ValueError:
        message = f"{shown(value)} is not a moment"
        raise Wrong(message, "Write a day or a moment, such as 2027-01-01T00:00:00.") from None
    return LocalMoment(moment)


def an_expires_at(value: object, kind: Any) -> Any:
    """The value as when something expires: a moment, ``never``, or None."""
    return value if value is None or value == "never" else a_moment(value, kind)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def a_date(value: object, _: Any) -> date:
    """The value as a day."""
    if isinstance(value, datetime):
        raise Wrong(f"{shown(value)} is a moment, not a date", "Write a day such as 2026-11-21.")
    try:
        return value if isinstance(value, date) else date.fromisoformat(_text(value))
    except ValueError:
        message = f"{shown(value)} is not a date"
        raise Wrong(message, "Write a day such as 2026-11-21.") from None


def a_time(value: object, _: Any) -> time:
    """The value as a time of day."""
    try:
        return value if isinstance(value, time) else time.fromisoformat(_text(value))
    except ValueError:
        raise Wrong(f"{shown(value)} is not a time of day", "Write it as 09:30.") from None


def a_scalar(value: object, _: Any) -> Any:
    """The value as JSON without parts and without fractions."""
    if isinstance(value, str) and not is_storable(value):
        raise Wrong(f"{shown(value)} is not a text that can be stored", "Send valid Unicode.")
    if type(value) is int and abs(value) >= LARGEST_AMOUNT:
        raise Wrong(f"{shown(value)} is too large", "Send long numbers as texts.")
    if value is None or type(value) in (str, int, bool):
        return value
    raise Wrong(f"{shown(value)} is not a text, whole number, true, false or null")


def any_json(value: object, _: Any) -> Any:
    """The value, whatever it is."""
    return value


def one_of(allowed: tuple[object, ...]) -> Callable[[object, Any], Any]:
    """Takes these values alone."""

    def structure(value: object, _: Any) -> Any:
        if not any(value == item and type(value) is type(item) for item in allowed):
            names = ", ".join(str(item) for item in allowed)
            raise Wrong(f"{shown(value)} is not one of: {names}")
        return value

    return structure


def a_member(value: object, kind: Any) -> Any:
    """The value as a member of an enumeration."""
    try:
        return kind(_text(value))
    except ValueError:
        allowed = ", ".join(str(item.value) for item in kind)
        raise Wrong(f"{shown(value)} is not one of: {allowed}") from None
