"""The JSON form of facts and carts: reading it strictly, and writing stored documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from loyalty_core.application.structure import converter, problems_of
from loyalty_core.application.values import shown
from loyalty_core.domain.amounts import LARGEST_AMOUNT
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.facts import CAUSED, Activity, Fact, Json, Order, OrderRefund, Refund
from loyalty_core.domain.members import Profile
from loyalty_core.domain.order_checks import check_order
from loyalty_core.domain.orders import Listing, OrderDocument, order_total
from loyalty_core.domain.statements import Cart
from loyalty_core.errors import (
    AmountInvalid,
    CurrencyUnknown,
    DateOutOfRange,
    FactError,
    Problem,
    all_errors,
)

T = TypeVar("T")

FACT_TYPES: Mapping[str, type[Fact]] = {
    "order": Order,
    "refund": OrderRefund,
    "activity": Activity,
}
CLOCK_SKEW = timedelta(days=1)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_ID = 200

_BY_CODE: Mapping[str, type[FactError]] = {kind.code: kind for kind in all_errors(FactError)}


def read_fact(value: Fact | Mapping[str, Json], now: datetime) -> Fact:
    """The fact that its JSON form describes, checked; a domain object is checked as well.

    Raises ``FactError`` or one of its kinds, with every fault found in ``problems``.
    """
    if isinstance(value, Order | OrderRefund | Activity):
        value = written(value)
    fact = _read(value)
    _check(fact, now)
    return fact


def read_cart(value: Cart | Mapping[str, Json], now: datetime) -> Cart:
    """The cart that its JSON form describes, checked; raises ``FactError`` like ``read_fact``."""
    if isinstance(value, Cart):
        value = written(value)
    cart = read_as(value, Cart, _digits(value))
    _check_amounts(cart.as_order(now))
    check_order(cart.as_order(now))
    return cart


def read_profile(profile: Profile) -> Profile:
    """The profile, checked field by field; raises ``FactError``."""
    return read_as(converter(0).unstructure(profile), Profile, 0)


def asked_moment(name: str, value: object) -> datetime:
    """The moment somebody asks about, in UTC; raises ``FactError`` where it has no time zone."""
    remedy = "Give an aware datetime, such as one in UTC."
    if not isinstance(value, datetime):
        raise FactError(f"{shown(value)} is not a datetime", where=name, remedy=remedy)
    if value.tzinfo is None:
        raise FactError(f"{value} has no time zone", where=name, remedy=remedy)
    return value.astimezone(UTC)


def is_count(value: object, most: int) -> bool:
    """Whether this is a whole number from one to ``most``: points are no fractions."""
    return type(value) is int and 0 < value <= most


def read_text(name: str, value: object, *, where: str = "") -> str:
    """The text, checked: 1 to 200 characters that can be stored; raises ``FactError``."""
    if not isinstance(value, str):
        raise FactError(f"{name} is not a text", where=where or name)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FactError(f"{name} is not valid Unicode", where=where or name) from None
    if not value.strip() or len(value) > LONGEST_ID or "\x00" in value:
        message = f"{name} must be a text of 1 to {LONGEST_ID} characters"
        raise FactError(message, where=where or name)
    return value


def written(value: Order | OrderRefund | Activity | Cart) -> Mapping[str, Json]:
    """The JSON form of a domain object: it is checked like everything that comes in."""
    digits = 0 if isinstance(value, Activity) else minor_digits(value.currency)
    made = cast(dict[str, Json], converter(digits).unstructure(value))
    return made if isinstance(value, Cart) else {**made, "type": value.type}


def _read(value: Mapping[str, Json]) -> Fact:
    if not isinstance(value, Mapping):
        raise FactError("a fact is a JSON object", where="$")
    named = value.get("type")
    kind = FACT_TYPES.get(named) if isinstance(named, str) else None
    if kind is None:
        message = f"{shown(named)} is not one of: {', '.join(FACT_TYPES)}"
        problem = Problem("$.type", message, "Add it." if named is None else "")
        raise fact_error([problem])
    digits = 0 if kind is Activity else _digits(value)
    return read_as(value, kind, digits)


def _digits(value: Mapping[str, Json]) -> int:
    currency = value.get("currency")
    if not isinstance(currency, str):
        raise CurrencyUnknown("the currency is missing or not a text", where="$.currency")
    try:
        return minor_digits(currency)
    except CurrencyUnknown as error:
        error.where = "$.currency"
        raise


def read_as(
    value: Mapping[str, Json], kind: type[T], digits: int, *, where: str = "$", texts: bool = False
) -> T:
    """The ``kind`` that a JSON form describes; with ``texts``, as ``converter`` takes them.

    Raises ``FactError`` with every fault found, each with its path below ``where``.
    """
    try:
        return converter(digits, texts=texts).structure(value, kind)
    except BaseExceptionGroup as error:
        raise fact_error(list(problems_of(error, where, kind))) from None
    except RecursionError:
        raise FactError("the document is nested too deeply", where=where) from None


def fact_error(problems: list[Problem]) -> FactError:
    """The error that says all of these faults; of their own kind where they have one in common."""
    first = problems[0]
    codes = {problem.code for problem in problems}
    kind = _BY_CODE.get(first.code, FactError) if len(codes) == 1 else FactError
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return kind(
        f"{first.where}: {first.message}{more}",
        where=first.where,
        remedy=first.remedy,
        problems=problems,
    )


def _check(fact: Fact, now: datetime) -> None:
    _check_ids(fact)
    moments = [("$.occurred_at", getattr(fact, "occurred_at", None))]
    if isinstance(fact, Order):
        moments += [("$.updated_at", fact.updated_at)]
        moments += [("$.refunds_listed_at", fact.refunds_listed_at)]
        for refund in fact.refunds:
            _check_refund(refund, fact.currency)
            moments += _moments(f"$.refunds[{refund.id}]", refund)
        _check_amounts(fact)
        check_order(fact)
    elif isinstance(fact, OrderRefund):
        minor_digits(fact.currency)
        _check_refund(fact.refund, fact.currency)
        moments += _moments("$.refund", fact.refund)
    for where, moment in moments:
        if moment is None:
            continue
        if moment.tzinfo is None:
            raise DateOutOfRange("the moment has no time zone", where=where)
        if not EARLIEST <= moment <= now + CLOCK_SKEW:
            raise DateOutOfRange(f"{moment.isoformat()} cannot be", where=where, value=moment)


def _moments(where: str, refund: Refund) -> list[tuple[str, datetime | None]]:
    return [(f"{where}.{name}", getattr(refund, name)) for name in ("occurred_at", "voided_at")]


def _check_ids(fact: Fact) -> None:
    ids = [("source", fact.source)]
    if fact.source.startswith(CAUSED):
        message = f"a source that begins with {CAUSED!r} is kept for facts that others cause"
        raise FactError(message, where="$.source", remedy="Give the shop another name.")
    if isinstance(fact, OrderRefund):
        ids += [("order_id", fact.order_id), ("refund.id", fact.refund.id)]
    else:
        ids.append(("id", fact.id))
    if isinstance(fact, Order):
        ids += [(f"lines[{index}].id", line.id) for index, line in enumerate(fact.lines)]
        ids += [(f"refunds[{index}].id", refund.id) for index, refund in enumerate(fact.refunds)]
    for name, value in ids:
        read_text(name, value, where=f"$.{name}")


def _check_amounts(order: Order) -> None:
    minor_digits(order.currency)
    amounts: list[tuple[str, Any]] = [
        (f"$.{name}", getattr(order, name)) for name in ("shipping", "shipping_tax", "discount")
    ]
    for index, line in enumerate(order.lines):
        amounts += [
            (f"$.lines[{index}].{name}", getattr(line, name))
            for name in ("amount", "discount", "tax", "quantity")
        ]
    amounts += [(f"$.tenders[{i}].amount", tender.amount) for i, tender in enumerate(order.tenders)]
    _refuse_negative(amounts)
    if order_total(order) >= LARGEST_AMOUNT:
        raise AmountInvalid("the order is too large to be meant", where="$.lines")


def _check_refund(refund: Refund, currency: str) -> None:
    where = f"$.refunds[{refund.id}]"
    amounts: list[tuple[str, Any]] = [
        (f"{where}.amount", refund.amount or 0),
        (f"{where}.shipping", refund.shipping),
    ]
    amounts += [(f"{where}.tenders[{i}].amount", t.amount) for i, t in enumerate(refund.tenders)]
    for part in refund.lines:
        amounts.append((f"{where}.lines[{part.line}].amount", part.amount or 0))
        amounts.append((f"{where}.lines[{part.line}].quantity", part.quantity or 0))
    _refuse_negative(amounts)


def _refuse_negative(amounts: list[tuple[str, Any]]) -> None:
    for where, amount in amounts:
        if amount < 0:
            raise AmountInvalid(
                "the amount is negative",
                where=where,
                remedy="Send what is given back as a refund, and reductions as discounts.",
                value=amount,
            )


# -- stored documents -------------------------------------------------------------------------


def dump_document(document: OrderDocument | Activity) -> dict[str, Json]:
    """A stored fact as JSON: the activity, or the order's currency, body and refunds."""
    if isinstance(document, Activity):
        return cast(dict[str, Json], converter(0).unstructure(document))
    write = converter(minor_digits(document.currency)).unstructure
    stored: dict[str, Json] = {
        "currency": document.currency,
        "body": write(document.body) if document.body else None,
        "refunds": _dump_refunds(document.refunds, document.currency),
    }
    if document.listing is not None:
        stored["listing"] = write(document.listing)
    strays = {code: _dump_refunds(refunds, code) for code, refunds in document.strays.items()}
    return stored | ({"strays": cast(Json, strays)} if strays else {})


def _dump_refunds(refunds: Mapping[str, Refund], currency: str) -> dict[str, Json]:
    write = converter(minor_digits(currency)).unstructure
    return {name: write(refund) for name, refund in refunds.items()}


def load_document(kind: str, stored: Mapping[str, Json]) -> OrderDocument | Activity:
    """The document that ``dump_document`` wrote, for a fact of type ``order`` or ``activity``."""
    if kind == "activity":
        return converter(0).structure(stored, Activity)
    currency = cast(str, stored["currency"])
    body = stored["body"]
    strays = cast(Mapping[str, Json], stored.get("strays", {}))
    read, listing = converter(minor_digits(currency)).structure, stored.get("listing")
    return OrderDocument(
        currency,
        read(body, Order) if body else None,
        _load_refunds(stored["refunds"], currency),
        {code: _load_refunds(refunds, code) for code, refunds in strays.items()},
        read(listing, Listing) if listing else None,
    )


def _load_refunds(stored: Json, currency: str) -> dict[str, Refund]:
    read = converter(minor_digits(currency)).structure
    refunds = cast(Mapping[str, Json], stored)
    return {name: read(refund, Refund) for name, refund in refunds.items()}
