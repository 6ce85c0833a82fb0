"""Facts and carts as JSON: what is refused, with which code and at which path."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty_core import (
    FactError,
)
from loyalty_core.application.forms import read_fact
from tests.toy import START, activity, order, refund


def refused(fact: Any, now: datetime = START) -> FactError:
    with pytest.raises(FactError) as raised:
        read_fact(fact, now)
    str(raised.value).encode()  # it can be shown and logged
    return raised.value


def lines(**of_the_second: Any) -> list[dict[str, Any]]:
    return [{"id": "a", "amount": "1.00"}, {"id": "b", "amount": "2.00", **of_the_second}]


def given_back(**more: Any) -> list[dict[str, Any]]:
    return [{"id": "r", "occurred_at": START.isoformat(), **more}]


AMOUNT = "amount_invalid"
MALFORMED = "fact_malformed"
DATE = "date_out_of_range"

FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown currency": (order(currency="EURO"), "currency_unknown", "$.currency"),
    "small letters": (order(currency="usd"), "currency_unknown", "$.currency"),
    "no currency": (order(currency=None), "currency_unknown", "$.currency"),
    "currency of a refund": (refund("r") | {"currency": "X"}, "currency_unknown", "$.currency"),
    "float": (order(lines=lines(amount=2.5)), AMOUNT, "$.lines[1].amount"),
    "NaN": (order(lines=lines(amount=float("nan"))), AMOUNT, "$.lines[1].amount"),
    "infinity": (order(lines=lines(amount=float("inf"))), AMOUNT, "$.lines[1].amount"),
    "NaN text": (order(lines=lines(amount="NaN")), AMOUNT, "$.lines[1].amount"),
    "exponent": (order(lines=lines(amount="1e2")), AMOUNT, "$.lines[1].amount"),
    "huge exponent": (
        order(lines=lines(amount=Decimal("1E+999999999"))),
        AMOUNT,
        "$.lines[1].amount",
    ),
    "comma": (order(lines=lines(amount="1,50")), AMOUNT, "$.lines[1].amount"),
    "boolean": (order(lines=lines(amount=True)), AMOUNT, "$.lines[1].amount"),
    "too fine": (order(lines=lines(amount="1.005")), AMOUNT, "$.lines[1].amount"),
    "yen with sen": (order(currency="JPY", lines=lines(amount="1.5")), AMOUNT, "$.lines[1].amount"),
    "absurd": (order(lines=lines(amount="10000000000000")), AMOUNT, "$.lines[1].amount"),
    "negative line": (order(lines=lines(amount="-2")), AMOUNT, "$.lines[1].amount"),
    "negative discount": (order(lines=lines(discount="-1")), AMOUNT, "$.lines[1].discount"),
    "negative tax": (order(lines=lines(tax="-1")), AMOUNT, "$.lines[1].tax"),
    "negative quantity": (order(lines=lines(quantity=-1)), AMOUNT, "$.lines[1].quantity"),
    "negative shipping": (order(shipping="-1"), AMOUNT, "$.shipping"),
    "negative shipping tax": (order(shipping_tax="-1"), AMOUNT, "$.shipping_tax"),
    "negative order discount": (order(discount="-1"), AMOUNT, "$.discount"),
    "negative tender": (
        order(tenders=[{"kind": "card", "amount": "-1"}]),
        AMOUNT,
        "$.tenders[0].amount",
    ),
    "negative refund": (order(refunds=given_back(amount="-1")), AMOUNT, "$.refunds[r].amount"),
    "negative refund alone": (refund("r", amount="-1"), AMOUNT, "$.refunds[r].amount"),
    "negative shipping back": (refund("r", shipping="-1"), AMOUNT, "$.refunds[r].shipping"),
    "negative pieces back": (
        refund("r", lines=[{"line": "a", "quantity": -1}]),
        AMOUNT,
        "$.refunds[r].lines[a].quantity",
    ),
    "negative amount back": (
        refund("r", lines=[{"line": "a", "amount": "-1"}]),
        AMOUNT,
        "$.refunds[r].lines[a].amount",
    ),
    "all together absurd": (
        order(lines=[{"id": str(n), "amount": "9000000000000"} for n in range(2)]),
        AMOUNT,
        "$.lines",
    ),
    "absurd quantity": (order(lines=lines(quantity=10**15)), MALFORMED, "$.lines[1].quantity"),
    "quantity of 5001 digits": (
        order(lines=lines(quantity=10**5000)),
        MALFORMED,
        "$.lines[1].quantity",
    ),
    "sums": (order(total="59.99"), "order_sums_mismatch", "$.total"),
    "discounted below nothing": (
        order(lines=lines(discount="2.01")),
        "order_sums_mismatch",
        "$.lines[1].discount",
    ),
    "order discounted below nothing": (
        order(discount="60.01"),
        "order_sums_mismatch",
        "$.discount",
    ),
    "two refunds of one id": (
        order(refunds=given_back(amount="1") + given_back(amount="2")),
        MALFORMED,
        "$.refunds",
    ),
    "far future": (order(at=START + timedelta(days=1, seconds=1)), DATE, "$.occurred_at"),
    "before 1970": (order(occurred_at="1969-12-31T23:59:59Z"), DATE, "$.occurred_at"),
    "no date can say": (order(occurred_at="0001-01-01T00:00:00+14:00"), DATE, "$.occurred_at"),
    "edited in the future": (order(updated_at="2026-06-09T00:00:00Z"), DATE, "$.updated_at"),
    "refunded in the future": (
        order(refunds=given_back(occurred_at="2999-01-01T00:00:00Z")),
        DATE,
        "$.refunds[r].occurred_at",
    ),
    "voided in the future": (
        order(refunds=given_back(voided_at="2999-01-01T00:00:00Z")),
        DATE,
        "$.refunds[r].voided_at",
    ),
    "negative tender back": (
        order(refunds=given_back(tenders=[{"kind": "card", "amount": "-1"}])),
        AMOUNT,
        "$.refunds[r].tenders[0].amount",
    ),
    "no such kind of refund": (
        order(refunds=given_back(kind="gift")),
        MALFORMED,
        "$.refunds[0].kind",
    ),
    "refund alone in the future": (
        refund("r", occurred_at="2999-01-01T00:00:00Z"),
        DATE,
        "$.refund.occurred_at",
    ),
    "activity in the future": (
        activity("1", occurred_at="2999-01-01T00:00:00Z"),
        DATE,
        "$.occurred_at",
    ),
    "no time zone": (order(occurred_at="2026-06-01T12:00:00"), MALFORMED, "$.occurred_at"),
    "no moment": (order(occurred_at="yesterday"), MALFORMED, "$.occurred_at"),
    "a number as moment": (order(occurred_at=20260601), MALFORMED, "$.occurred_at"),
    "id is a number": (order() | {"id": 5}, MALFORMED, "$.id"),
    "id is nothing": (order() | {"id": None}, MALFORMED, "$.id"),
    "blank id": (order(" "), MALFORMED, "$.id"),
    "long id": (order("1" * 201), MALFORMED, "$.id"),
    "blank source": (order(source=""), MALFORMED, "$.source"),
    "long source": (activity("1", source="s" * 201), MALFORMED, "$.source"),
    "long order id": (refund("r", of="1" * 201), MALFORMED, "$.order_id"),
    "blank refund": (refund(""), MALFORMED, "$.refund.id"),
    "blank refund inside": (
        order(refunds=given_back() + given_back(id=" ")),
        MALFORMED,
        "$.refunds[1].id",
    ),
    "blank line": (order(lines=lines(id="")), MALFORMED, "$.lines[1].id"),
    "long line": (order(lines=lines(id="b" * 201)), MALFORMED, "$.lines[1].id"),
    "line twice": (order(lines=lines(id="a")), MALFORMED, "$.lines"),
    "no lines": (order(lines=[]), MALFORMED, "$.lines"),
    "lines are a text": (order(lines="a"), MALFORMED, "$.lines"),
    "lines are a table": (order(lines={"a": 1}), MALFORMED, "$.lines"),
    "line is a text": (order(lines=["a"]), MALFORMED, "$.lines[0]"),
    "status": (order(status="payed"), MALFORMED, "$.status"),
    "status is a list": (order(status=[]), MALFORMED, "$.status"),
    "kind of line": (order(lines=lines(kind="gift")), MALFORMED, "$.lines[1].kind"),
    "test is a number": (order(test=1), MALFORMED, "$.test"),
    "version is a truth": (order(version=True), MALFORMED, "$.version"),
    "version is a text": (order(version="2"), MALFORMED, "$.version"),
    "tags are a text": (order(tags="vip"), MALFORMED, "$.tags"),
    "tag is a number": (order(tags=["vip", 1]), MALFORMED, "$.tags[1]"),
    "identity is nothing": (order(identities={"email": None}), MALFORMED, "$.identities.email"),
    "identities are a list": (order(identities=["a@b.org"]), MALFORMED, "$.identities"),
    "type": (order() | {"type": "oder"}, MALFORMED, "$.type"),
    "type is a list": (order() | {"type": ["order"]}, MALFORMED, "$.type"),
    "no type": ({}, MALFORMED, "$.type"),
    "data is a float": (activity("1", data={"stars": 4.5}), MALFORMED, "$.data.stars"),
    "data is a list": (activity("1", data={"stars": [5]}), MALFORMED, "$.data.stars"),
    "data is too large": (activity("1", data={"n": -(10**15)}), MALFORMED, "$.data.n"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_bad_input_has_a_code_and_a_path(name: str) -> None:
    fact, code, where = FAULTS[name]
    error = refused(fact)
    assert (error.code, error.where) == (code, where)


@pytest.mark.parametrize("given", [None, [], "order", 5, b"{}"])
def test_a_fact_is_an_object(given: Any) -> None:
    error = refused(given)
    assert (error.code, error.where, error.message) == (MALFORMED, "$", "a fact is a JSON object")


@pytest.mark.parametrize(
    ("fact", "where", "remedy"),
    [
        (order(curency="USD"), "$.curency", "Did you mean currency?"),
        (order(lines=lines(ammount="1")), "$.lines[1].ammount", "Did you mean amount?"),
        (refund("r", shiping="1"), "$.refund.shiping", "Did you mean shipping?"),
        (activity("1", datum={}), "$.datum", "Did you mean data?"),
        (
            refund("r") | {"xyz": 1},
            "$.xyz",
            "Known here: type, source, order_id, currency, refund, identities.",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known(
    fact: Any, where: str, remedy: str
) -> None:
    error = refused(fact)
    assert [(p.where, p.message, p.remedy) for p in error.problems] == [
        (where, "unknown key", remedy)
    ]
    assert error.code == MALFORMED


@pytest.mark.parametrize("missing", ["source", "id", "occurred_at", "lines"])
def test_a_missing_key_is_named(missing: str) -> None:
    fact = order()
    del fact[missing]
    error = refused(fact)
    assert [(p.where, p.message, p.remedy) for p in error.problems] == [
        (f"$.{missing}", "missing", "Add it.")
    ]


def test_every_fault_is_told_at_once() -> None:
    fact = order(
        lines=[{"id": 1, "amount": "x"}, {"amount": "1.005"}],
        status="payed",
        curency="USD",
        identities={"email": 7},
    )
    error = refused(fact)
    assert {(p.where, p.code) for p in error.problems} == {
        ("$.lines[0].id", MALFORMED),
        ("$.lines[0].amount", AMOUNT),
        ("$.lines[1].id", MALFORMED),
        ("$.lines[1].amount", AMOUNT),
        ("$.status", MALFORMED),
        ("$.curency", MALFORMED),
        ("$.identities.email", MALFORMED),
    }
    assert len(error.problems) == 7
    assert error.code == MALFORMED
    assert error.message.endswith("(and 6 more)")


def test_faults_of_one_kind_keep_their_code() -> None:
    error = refused(order(lines=[{"id": "a", "amount": "x"}, {"id": "b", "amount": "y"}]))
    assert (error.code, len(error.problems)) == (AMOUNT, 2)


def nested(depth: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("fact", "where"),
    [
        (activity("1", data={"deep": nested(50_000)}), "$.data.deep"),
        (order(lines=nested(50_000)), "$.lines[0]"),
        (order() | {"type": nested(50_000)}, "$.type"),
        (order() | {"deep": nested(50_000)}, "$.deep"),
        (order(status=nested(50_000)), "$.status"),
    ],
    ids=["data", "lines", "type", "unknown", "status"],
)
def test_deep_nesting_is_refused_like_any_other_fault(fact: Any, where: str) -> None:
    error = refused(fact)
    assert (error.code, error.where) == (MALFORMED, where)
    assert "recursion" not in error.message


# -- texts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800", "ok \udfff"])
@pytest.mark.parametrize(
    ("fact", "where"),
    [
        (lambda bad: order(bad), "$.id"),
        (lambda bad: order(source=bad), "$.source"),
        (lambda bad: order(channel=bad), "$.channel"),
        (lambda bad: order(tags=[bad]), "$.tags[0]"),
        (lambda bad: order(lines=lines(sku=bad)), "$.lines[1].sku"),
        (lambda bad: order(identities={"card": bad}), "$.identities.card"),
        (lambda bad: refund(bad), "$.refund.id"),
        (lambda bad: activity("1", bad), "$.kind"),
        (lambda bad: activity("1", data={"text": bad}), "$.data.text"),
    ],
)
def test_texts_no_database_stores_are_refused(fact: Any, where: str, bad: str) -> None:
    error = refused(fact(bad))
    assert (error.code, error.where) == (MALFORMED, where)


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800"])
def test_a_key_that_cannot_be_stored_is_shown_so_that_it_can_be_printed(bad: str) -> None:
    for fact in (activity("1", data={bad: 1}), {**order(), bad: 1}):
        error = refused(fact)
        assert error.where.endswith(repr(bad))


def test_a_key_that_is_no_text_is_refused() -> None:
    mixed: Any = {**order(), 1: 2, None: 3}
    assert {problem.where for problem in refused(mixed).problems} == {"$.1", "$.None"}
