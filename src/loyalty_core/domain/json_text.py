"""JSON text read exactly: fractions as decimals, never as binary floats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from loyalty_core.domain.facts import Json
from loyalty_core.errors import EncodingBroken, FactError

_HALF_PAIR = r"\ud"


def parse_object(text: str) -> Mapping[str, Json]:
    """The JSON object that ``text`` is; raises ``EncodingBroken`` or ``FactError``."""
    value = parse_json(text)
    if not isinstance(value, dict):
        raise FactError("a fact is a JSON object")
    return value


def parse_json(text: str) -> Json:
    """The JSON value that ``text`` is, fractions exact; raises ``EncodingBroken``."""
    try:
        value = cast(Json, json.loads(text, parse_float=Decimal, parse_constant=_no_number))
        if _HALF_PAIR in text.lower():  # an escape such as \ud800 alone is no character
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column" if error.lineno > 1 else "column"
        raise EncodingBroken(
            f"this is not JSON: {error.msg}, {place} {error.colno}", remedy="Correct the JSON."
        ) from None
    except (ValueError, RecursionError) as error:
        reason = str(error)
        if isinstance(error, RecursionError):
            reason = "it is nested too deeply"
        elif isinstance(error, UnicodeEncodeError):
            reason = "it holds half of a character (a lone surrogate)"
        raise EncodingBroken(
            f"this JSON cannot be read: {reason}", remedy="Correct the JSON."
        ) from None
    return value


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is not a number")
