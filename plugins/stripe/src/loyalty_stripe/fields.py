"""Reading what only Stripe writes so: lists, references, moments in seconds, and its amounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from loyalty_core import (
    FactError,
    Json,
    JsonObject,
    Minor,
    as_objects,
    as_text,
    minor_digits,
    needed_id,
)

NO_DIGITS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF"}
    | {"XOF", "XPF"}
)
"""Stripe's currencies without decimals. Its króna (ISK) and its shilling (UGX) have two."""
THREE_DIGITS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def rows(value: Json) -> list[dict[str, Json]]:
    """The objects in a list, or in the ``data`` of one of Stripe's; none for null."""
    return as_objects(value.get("data") if isinstance(value, dict) else value)


def ref(value: Json | JsonObject) -> str:
    """The id in a field, which is the id itself or the expanded object; empty for none."""
    return as_text(value.get("id")) if isinstance(value, Mapping) else as_text(value)


def name(value: Json, where: str) -> str:
    """An id that must be there; raises ``FactError``."""
    return needed_id(ref(value), where)


def whole(value: Json, where: str) -> int:
    """A whole number, zero for null; raises ``FactError``."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise FactError("it is not a whole number", where=where)
    return value


def moment(value: Json, where: str) -> datetime:
    """A moment that is written in seconds since 1970; raises ``FactError``."""
    seconds = whole(value, where)
    if not 0 < seconds < 10**11:
        raise FactError("it is not a moment", where=where)
    return datetime.fromtimestamp(seconds, UTC)


def currency_of(doc: JsonObject) -> str:
    """The currency of a document, in capitals; raises ``CurrencyUnknown``."""
    code = as_text(doc.get("currency")).upper()
    minor_digits(code)
    return code


def digits_at_stripe(currency: str) -> int:
    """How many decimal digits an amount has at Stripe: not always as many as by ISO 4217.

    >>> digits_at_stripe("JPY"), digits_at_stripe("ISK"), digits_at_stripe("KWD")
    (0, 2, 3)
    """
    if currency in NO_DIGITS:
        return 0
    return 3 if currency in THREE_DIGITS else 2


def minor(amount: int, currency: str) -> Minor:
    """An amount of Stripe's in the currency's minor unit; what is less than one is cut off.

    >>> minor(500, "ISK"), minor(500, "MGA"), minor(5125, "KWD"), minor(199, "EUR")
    (5, 50000, 5125, 199)
    """
    shift = minor_digits(currency) - digits_at_stripe(currency)
    if shift >= 0:
        return Minor(amount * 10**shift)
    cut = abs(amount) // 10**-shift
    return Minor(cut if amount >= 0 else -cut)


def at_stripe(amount: int, currency: str) -> int | None:
    """An amount in minor units as Stripe wants it; None if it cannot be charged there.

    The last digit of a currency with three must be zero.

    >>> at_stripe(5, "ISK"), at_stripe(5125, "KWD"), at_stripe(5120, "KWD"), at_stripe(5, "MGA")
    (500, None, 5120, None)
    """
    shift = digits_at_stripe(currency) - minor_digits(currency)
    if shift >= 0:
        made = amount * 10**shift
    elif amount % 10**-shift:
        return None
    else:
        made = amount // 10**-shift
    return None if currency in THREE_DIGITS and made % 10 else made
