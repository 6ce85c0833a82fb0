"""Facts that are taken as they come, domain objects that are checked alike, and carts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from loyalty_core import Cart, Fact, FactError, Line, Minor, Order, OrderRefund, Refund
from loyalty_core.application.forms import read_cart, read_fact
from tests.toy import START, activity, order, refund

LATER = START.astimezone(timezone.max) + timedelta(days=2)


def refused(fact: Fact) -> FactError:
    with pytest.raises(FactError) as raised:
        read_fact(fact, START)
    return raised.value


def test_the_last_that_is_taken() -> None:
    fact: Any = read_fact(
        order(
            "1" * 200,
            at=START + timedelta(days=1),
            lines=[{"id": "a" * 200, "amount": "9999999999999.99", "quantity": 10**15 - 1}],
            total="9999999999999.99",
        ),
        START,
    )
    assert (len(fact.id), fact.lines[0].amount) == (200, 10**15 - 1)
    first: Any = read_fact(order(occurred_at="1970-01-01T00:00:00Z"), START)
    assert first.occurred_at.timestamp() == 0


def test_moments_are_kept_in_utc_to_the_microsecond() -> None:
    fact: Any = read_fact(order(occurred_at="2026-05-31T23:30:00.123456789-02:30"), START)
    assert fact.occurred_at.isoformat() == "2026-06-01T02:00:00.123456+00:00"


def test_amounts_are_read_in_the_digits_of_their_currency() -> None:
    read: list[Any] = [
        read_fact(order(currency=code, lines=[{"id": "a", "amount": "12"}]), START)
        for code in ("USD", "JPY", "KWD", "CLF")
    ]
    assert [fact.lines[0].amount for fact in read] == [1200, 12, 12000, 120000]


BACK = {"id": "r", "occurred_at": START.isoformat(), "lines": [{"line": "a", "quantity": 1}]}


@pytest.mark.parametrize(
    "fact",
    [
        order(refunds=[BACK], shipping="1.00"),
        refund("r", amount="5.00"),
        activity("1", data={"stars": 5, "text": "good", "yes": True, "none": None}),
    ],
)
def test_a_domain_object_is_checked_like_its_json(fact: Any) -> None:
    read = read_fact(fact, START)
    assert read_fact(read, START) == read


def bought(*, at: datetime = START, **more: Any) -> Fact:
    line = Line(id="a", amount=Minor(100), **more)
    return Order(source="web", id="1", currency="USD", occurred_at=at, lines=(line,))


@pytest.mark.parametrize(
    ("fact", "code", "where"),
    [
        (bought(discount=Minor(101)), "order_sums_mismatch", "$.lines[0].discount"),
        (bought(tax=Minor(-1)), "amount_invalid", "$.lines[0].tax"),
        (bought(quantity="1"), "fact_malformed", "$.lines[0].quantity"),
        (bought(sku="\x00"), "fact_malformed", "$.lines[0].sku"),
        (
            bought(at=START.astimezone(timezone.max) + timedelta(days=2)),
            "date_out_of_range",
            "$.occurred_at",
        ),
    ],
)
def test_a_faulty_domain_object_is_refused(fact: Fact, code: str, where: str) -> None:
    error = refused(fact)
    assert (error.code, error.where) == (code, where)


def test_a_domain_object_of_an_unknown_currency_is_refused() -> None:
    back = Refund(id="r", occurred_at=START)
    fact = OrderRefund(source="web", order_id="1", currency="usd", refund=back)
    assert refused(fact).code == "currency_unknown"


# -- carts -----------------------------------------------------------------------------------------

CART: dict[str, Any] = {"currency": "USD", "lines": [{"id": "a", "amount": "10.00"}]}


def test_a_cart_is_read_like_an_order() -> None:
    cart = read_cart(CART, START)
    assert cart == Cart(currency="USD", lines=(Line(id="a", amount=Minor(1000)),))
    assert read_cart(cart, START) == cart


@pytest.mark.parametrize(
    ("changed", "code", "where"),
    [
        ({"currency": "X"}, "currency_unknown", "$.currency"),
        ({"lines": []}, "fact_malformed", "$.lines"),
        ({"lines": [{"id": "b", "amount": "-1"}]}, "amount_invalid", "$.lines[0].amount"),
        ({"discount": "10.01"}, "order_sums_mismatch", "$.discount"),
        ({"total": "10.00"}, "fact_malformed", "$.total"),
        (
            {"tenders": [{"kind": "points", "amount": "-1"}]},
            "amount_invalid",
            "$.tenders[0].amount",
        ),
        ({1: 2}, "fact_malformed", "$.1"),
    ],
)
def test_bad_carts_have_a_code_and_a_path(changed: Any, code: str, where: str) -> None:
    with pytest.raises(FactError) as raised:
        read_cart(CART | changed, START)
    assert (raised.value.code, raised.value.where) == (code, where)
