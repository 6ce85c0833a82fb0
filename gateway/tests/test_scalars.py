"""Scalars take what they say and nothing that only looks like it."""

from typing import Any

import pytest
from graphql import GraphQLError

from gateway.tests.shop import Front
from loyalty_gateway import enums
from loyalty_gateway.scalars import (
    parsed_count,
    parsed_data,
    parsed_day,
    parsed_decimal,
    parsed_moment,
    written_moment,
)

WRONG: dict[Any, list[Any]] = {
    parsed_decimal: [
        "NaN", "Infinity", "-Infinity", "1E+5", "1e5", "1_000", "1,5", " 1", "1 ", "+1", "", ".5",
        "5.", "01", "\uff11\uff12", "0x10", "--1", "1" * 19, "0." + "1" * 13, "1\n", 1.5, 1.0,
        True, None, 10**18, [], {}, b"1",
    ],
    parsed_count: ["1.0", "1e3", "", "01", "x", 1.0, True, None, 10**18, "9" * 5000, []],
    parsed_moment: [
        "2026-11-21T10:00:00", "2026-11-21", "2026-11-21 10:00:00Z", "20261121T100000Z",
        "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-21T24:01:00Z",
        "0001-01-01T00:00:00+23:59", "2026-W47-6T10:00:00Z", "now", "", 0, 1.5, True, None,
        "\uff12\uff10\uff12\uff16-11-21T10:00:00Z",
    ],
    parsed_day: ["2026-11-31", "20261121", "2026-W47-6", "2026-11-21T00:00:00Z", "", 0, None],
    parsed_data: [[], "x", None, {"a": 1.5}, {"a": {}}, {"a": [1]}],
}  # fmt: skip
RIGHT: list[tuple[Any, Any, Any]] = [
    (parsed_decimal, "12.50", "12.50"),
    (parsed_decimal, "-0.05", "-0.05"),
    (parsed_decimal, 7, "7"),
    (parsed_decimal, 2**40, str(2**40)),
    (parsed_count, 2**40, 2**40),
    (parsed_count, "17", 17),
    (
        parsed_data,
        {"a": 1, "b": "x", "c": None, "d": True},
        {"a": 1, "b": "x", "c": None, "d": True},
    ),
]


@pytest.mark.parametrize(
    ("parse", "value"), [(p, v) for p, values in WRONG.items() for v in values]
)
def test_what_only_looks_like_it_is_refused(parse: Any, value: Any) -> None:
    with pytest.raises(GraphQLError):
        parse(value)


@pytest.mark.parametrize(("parse", "value", "expected"), RIGHT)
def test_what_is_meant_is_taken(parse: Any, value: Any, expected: Any) -> None:
    assert parse(value) == expected
    assert type(parse(value)) is type(expected)


def test_moments_are_kept_to_the_offset() -> None:
    assert written_moment(parsed_moment("2026-11-21T10:00:00+02:00")) == "2026-11-21T08:00:00Z"
    assert (
        written_moment(parsed_moment("2026-11-21t10:00:00.250z")) == "2026-11-21T10:00:00.250000Z"
    )


def quote_of(amount: str) -> str:
    """A quote with the amount written into the query."""
    cart = f'{{currency: "EUR", lines: [{{id: "x", amount: {amount}}}]}}'
    return f"{{ quote(cart: {cart}) {{ ... on Quote {{ earnings {{ points }} }} }} }}"


LITERALS = ["1.5", "1e3", '"NaN"', "true", "[1]", "{a: 1}", "A", '"1_0"']


@pytest.mark.parametrize("literal", LITERALS)
def test_literals_are_as_strict(standing: tuple[Front, str], literal: str) -> None:
    answer = standing[0].post("/graphql", {"query": quote_of(literal)})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


@pytest.mark.parametrize("literal", ["12", '"12.00"'])
def test_right_literals_are_taken(front: Front, literal: str) -> None:
    assert front.data(quote_of(literal))["quote"] == {"earnings": [{"points": "12"}]}


def test_data_may_be_written_into_the_query(front: Front) -> None:
    query = """mutation { recordFacts(facts: [{activity: {source: "web", id: "1", kind: "review",
      occurredAt: "2026-11-21T09:00:00Z", identities: [{kind: EMAIL, value: "a@example.org"}],
      data: {stars: 5, text: "x", ok: true, none: null}}}]) { receipts { status } } }"""
    assert front.admin_data(query)["recordFacts"]["receipts"] == [{"status": "BOOKED"}]
    wrong = query.replace("stars: 5", "stars: 5.5")
    assert "data" not in front.admin(wrong)


@pytest.mark.parametrize(
    "name",
    [
        "MemberStatus",
        "IdentityKind",
        "TransactionKind",
        "RecordStatus",
        "OrderStatus",
        "LineKind",
        "RefundKind",
    ],
)
def test_choices_mirror_the_sdks(name: str) -> None:
    import loyalty_core

    mine, theirs = getattr(enums, name), getattr(loyalty_core, name)
    assert {item.name: item.value for item in mine} == {item.name: item.value for item in theirs}
