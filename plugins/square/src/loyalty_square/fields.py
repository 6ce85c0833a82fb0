"""Reading Square's documents: ids are texts, and money is whole minor units of a currency."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import ceil

from loyalty_core import FactError, Json, JsonObject, as_object, as_text

LARGEST = 10**15


def money(document: JsonObject, field: str, currency: str, where: str) -> int:
    """The amount of a field in minor units, zero if it is not there; raises ``FactError``."""
    given = as_object(document.get(field))
    amount = given.get("amount", 0)
    if amount is None:
        return 0
    if isinstance(amount, bool) or not isinstance(amount, int) or abs(amount) >= LARGEST:
        raise FactError("it is not an amount of minor units", where=f"{where}.{field}")
    if amount and (code := as_text(given.get("currency"))) != currency:
        raise FactError(
            f"it is {code or 'of no currency'}, not {currency}", where=f"{where}.{field}"
        )
    return amount


def pieces(value: Json, where: str) -> int:
    """A number of pieces, a started one counting whole: tills sell by weight and hours as well."""
    try:
        read = Decimal(as_text(value))
    except InvalidOperation:
        raise FactError("it is not a number of pieces", where=where) from None
    if not read.is_finite() or not 0 <= read < LARGEST:
        raise FactError("it is not a number of pieces", where=where)
    return ceil(read)
