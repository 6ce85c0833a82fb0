"""Strict scalars: decimal texts for points and money, aware moments, whole numbers of any size."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from graphql import (
    BooleanValueNode,
    GraphQLError,
    IntValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
)
from strawberry.types.scalar import ScalarDefinition

from loyalty_core import Json, Scalar

Points = NewType("Points", str)
"""A plain decimal text, in the unit of the wallet it belongs to."""

Amount = NewType("Amount", str)
"""A plain decimal text of money, in the major unit of the currency it stands beside."""

Percent = NewType("Percent", str)
"""A plain decimal text of percent."""

Document = NewType("Document", dict[str, Json])
"""A JSON object whose form another page describes."""

Count = NewType("Count", int)
"""A whole number that may be larger than GraphQL's Int."""

ActivityData = NewType("ActivityData", dict[str, Scalar])
"""A flat JSON object of texts, whole numbers, booleans and nulls."""

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?", re.ASCII)
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parsed_decimal(value: object) -> str:
    """``value`` as a plain decimal text, if it is one or a whole number.

    Raises ``GraphQLError`` for floats, exponents, not-a-number and everything else.
    """
    text = str(value) if type(value) is int and abs(value) < 10**18 else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise GraphQLError(f'{_shown(value)} is not a decimal text such as "12.50".')
    return text


def parsed_count(value: object) -> int:
    """``value`` as a whole number; raises ``GraphQLError`` for anything else."""
    text = str(value) if type(value) is int and abs(value) < 10**18 else value
    if not isinstance(text, str) or not _WHOLE.fullmatch(text):
        raise GraphQLError(f"{_shown(value)} is not a whole number.")
    return int(text)


def parsed_moment(value: object) -> datetime:
    """``value`` as an aware moment in UTC; raises ``GraphQLError`` unless it is RFC 3339."""
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise GraphQLError(
        f"{_shown(value)} is not a moment with its offset such as 2026-11-21T10:00:00Z."
    )


def parsed_day(value: object) -> date:
    """``value`` as a calendar day; raises ``GraphQLError`` unless it is RFC 3339's full-date."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise GraphQLError(f"{_shown(value)} is not a day such as 2026-11-21.")


def parsed_data(value: object) -> dict[str, Scalar]:
    """``value`` as a flat object; raises ``GraphQLError`` for floats and nested values."""
    if isinstance(value, dict) and all(
        item is None or type(item) in (str, int, bool) for item in value.values()
    ):
        return {str(key): item for key, item in value.items()}
    raise GraphQLError("Expected an object of texts, whole numbers, booleans and nulls.")


def written_moment(moment: datetime) -> str:
    """``moment`` in UTC, as RFC 3339 with ``Z``.

    >>> written_moment(datetime(2026, 11, 21, 10, 0, tzinfo=UTC))
    '2026-11-21T10:00:00Z'
    """
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**18 else "the number"
    return text if len(text) <= 40 else text[:37] + "..."


def _literal_of(parse: Callable[[object], Any]) -> Callable[..., Any]:
    """The same check for a value written into the query: texts and whole numbers as they stand."""

    def parsed(node: ValueNode, _: object = None) -> Any:
        if isinstance(node, StringValueNode | IntValueNode):
            return parse(node.value)
        raise GraphQLError("Expected a text or a whole number.")

    return parsed


def _data_literal(node: ValueNode, variables: Mapping[str, Any] | None = None) -> dict[str, Scalar]:
    if not isinstance(node, ObjectValueNode):
        raise GraphQLError("Expected an object.")
    return parsed_data({field.name.value: _plain(field.value) for field in node.fields})


def _plain(node: ValueNode) -> Json:
    match node:
        case IntValueNode():
            return parsed_count(node.value)
        case StringValueNode() | BooleanValueNode():
            return node.value
        case NullValueNode():
            return None
    raise GraphQLError("Expected a text, whole number, boolean or null.")


def scalar_map() -> dict[object, ScalarDefinition]:
    """The scalars of both schemas by the Python type they stand for."""
    plain: Mapping[object, tuple[str, Callable[..., Any], Callable[[object], Any], str, str]] = {
        Points: ("Points", str, parsed_decimal, _POINTS, ""),
        Amount: ("Amount", str, parsed_decimal, _AMOUNT, ""),
        Percent: ("Percent", str, parsed_decimal, _PERCENT, ""),
        Count: ("Count", int, parsed_count, _COUNT, ""),
        datetime: ("DateTime", written_moment, parsed_moment, _DATE_TIME, _RFC_3339),
        date: ("Date", date.isoformat, parsed_day, _DATE, _RFC_3339),
    }
    made = {
        kind: strawberry.scalar(
            name=name,
            description=description,
            serialize=serialize,
            parse_value=parse,
            parse_literal=_literal_of(parse),
            specified_by_url=url or None,
        )
        for kind, (name, serialize, parse, description, url) in plain.items()
    }
    data = strawberry.scalar(
        name="ActivityData",
        description=_DATA,
        serialize=dict,
        parse_value=parsed_data,
        parse_literal=_data_literal,
    )
    document = strawberry.scalar(name="Document", description=_DOCUMENT, serialize=dict)
    return {**made, ActivityData: data, Document: document}


_RFC_3339 = "https://www.rfc-editor.org/rfc/rfc3339"
_POINTS = (
    'An amount of points as a plain decimal text such as "120" or "12.50", in the unit of its '
    "wallet. Whole numbers are taken too. No exponent, no float, no not-a-number."
)
_AMOUNT = (
    'An amount of money as a plain decimal text such as "12.50", in the major unit of its '
    "currency. Whole numbers are taken too. No exponent, no float, no not-a-number."
)
_PERCENT = 'Percent as a plain decimal text such as "12.5".'
_DOCUMENT = "A JSON object; only answers have it."
_COUNT = "A whole number, which may be larger than an Int. Whole-number texts are taken too."
_DATE_TIME = 'A moment with its offset such as "2026-11-21T10:00:00Z"; answers are in UTC.'
_DATE = 'A calendar day such as "2026-11-21".'
_DATA = "A flat object of texts, whole numbers, booleans and nulls."
