"""Reading JSON that somebody else writes: each reader says what is wrong, and where."""

from __future__ import annotations

from decimal import Decimal

from loyalty_core import (
    AmountInvalid,
    FactError,
    Json,
    JsonObject,
    as_object,
    as_text,
    needed_object,
    parse_scaled,
)


def name(value: Json, where: str) -> str:
    """An id as text, however it is written: a number beyond 2^53, digits, or ``gid://…/digits``.

    Raises ``FactError``.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = as_text(value).rpartition("/")[2].partition("?")[0]
    if not found:
        raise FactError("the id is missing", where=where)
    return found


def count(value: Json, where: str) -> int:
    """A whole number of pieces; raises ``FactError``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FactError("it is not a number of pieces", where=where)
    return value


def amount(value: Json | Decimal, digits: int, where: str) -> int:
    """An amount in minor units, exactly; raises ``AmountInvalid``."""
    try:
        return parse_scaled(value, digits)
    except AmountInvalid as error:
        error.where = where
        raise


def shop_money(doc: JsonObject, names: tuple[str, str], money: tuple[str, int], where: str) -> int:
    """An amount in the shop's currency, in minor units; zero if it is not there.

    ``names`` are those of the pair of amounts and of the plain one, which is in the shop's
    currency; ``money`` is that currency and its digits. Raises ``FactError``.
    """
    pair, plain = names
    both = as_object(doc.get(pair)).get("shop_money")
    if both is None:
        given = doc.get(plain)
        return 0 if given is None else amount(given, money[1], f"{where}.{plain}")
    mine = needed_object(both, f"{where}.{pair}.shop_money")
    if (code := as_text(mine.get("currency_code"))) not in ("", money[0]):
        raise FactError(f"the shop's money is {code}, not {money[0]}", where=f"{where}.{pair}")
    return amount(mine.get("amount"), money[1], f"{where}.{pair}")
