"""Reading JSON that somebody else writes: each reader says what is wrong, and where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from loyalty_core import AmountInvalid, FactError, Json, parse_scaled

Doc = Mapping[str, Json]


def table(value: Json, where: str) -> dict[str, Json]:
    """The object that a value is; raises ``FactError``."""
    if not isinstance(value, dict):
        raise FactError("it is not a JSON object", where=where)
    return value


def maybe(value: Json) -> dict[str, Json]:
    """The object that a value is, an empty one for null or anything else."""
    return value if isinstance(value, dict) else {}


def rows(value: Json) -> list[dict[str, Json]]:
    """The objects in a list, or in the ``nodes`` of a connection; none for null."""
    if isinstance(value, dict):
        value = value.get("nodes")
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Json) -> str:
    """The text that a value is, without blanks around it; empty for null and no text."""
    return value.strip() if isinstance(value, str) else ""


def name(value: Json, where: str) -> str:
    """An id as text, however it is written: a number beyond 2^53, digits, or ``gid://…/digits``.

    Raises ``FactError``.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = text(value).rpartition("/")[2].partition("?")[0]
    if not found:
        raise FactError("the id is missing", where=where)
    return found


def count(value: Json, where: str) -> int:
    """A whole number of pieces; raises ``FactError``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FactError("it is not a number of pieces", where=where)
    return value


def moment(value: Json, where: str) -> datetime:
    """A moment with its time zone; raises ``FactError``."""
    try:
        read = datetime.fromisoformat(text(value))
    except ValueError:
        raise FactError("it is not a moment", where=where) from None
    if read.tzinfo is None:
        raise FactError("the moment has no time zone", where=where)
    return read.astimezone(UTC)


def amount(value: Json | Decimal, digits: int, where: str) -> int:
    """An amount in minor units, exactly; raises ``AmountInvalid``."""
    try:
        return parse_scaled(value, digits)
    except AmountInvalid as error:
        error.where = where
        raise


def shop_money(doc: Doc, names: tuple[str, str], money: tuple[str, int], where: str) -> int:
    """An amount in the shop's currency, in minor units; zero if it is not there.

    ``names`` are those of the pair of amounts and of the plain one, which is in the shop's
    currency; ``money`` is that currency and its digits. Raises ``FactError``.
    """
    pair, plain = names
    both = maybe(doc.get(pair)).get("shop_money")
    if both is None:
        given = doc.get(plain)
        return 0 if given is None else amount(given, money[1], f"{where}.{plain}")
    mine = table(both, f"{where}.{pair}.shop_money")
    if (code := text(mine.get("currency_code"))) not in ("", money[0]):
        raise FactError(f"the shop's money is {code}, not {money[0]}", where=f"{where}.{pair}")
    return amount(mine.get("amount"), money[1], f"{where}.{pair}")
