"""The JSON Schema of facts takes what the SDK takes, and refuses what the SDK refuses."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docs.generate import REFERENCE
from docs.generate.facts_words import EXAMPLES
from loyalty_core import FactError, Loyalty, RecordStatus

SCHEMA = json.loads((REFERENCE / "facts.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
CART = Draft202012Validator({"$ref": "#/$defs/Cart", "$defs": SCHEMA["$defs"]})
NOW = datetime(2026, 11, 22, tzinfo=UTC)
CONFIG: dict[str, Any] = {"program": {"id": "shop", "currency": "EUR"}, "wallets": {"points": {}}}
GONE = object()
BASES: dict[str, dict[str, Any]] = {
    "order": EXAMPLES["Order"]
    | {"refunds": [{"id": "R1", "occurred_at": "2026-11-21T11:00:00Z", "lines": [{"line": "1"}]}]},
    "refund": EXAMPLES["OrderRefund"],
    "activity": EXAMPLES["Activity"],
}

ACCEPTED: list[tuple[str, str, Any]] = [
    ("order", "id", "x" * 200),
    ("order", "version", 3),
    ("order", "status", "partly_paid"),
    ("order", "identities", {}),
    ("order", "refunds.0.kind", "goodwill"),
    ("order", "refunds.0.tenders", [{"kind": "card", "amount": "10.00"}]),
    ("order", "refunds.0.voided_at", "2026-11-21T12:00:00Z"),
    ("order", "refunds.0.lines.0.line", "9"),
    ("order", "refunds.0.lines.0.amount", "20.01"),
    ("order", "updated_at", "2026-11-21T12:00:00.123456+01:00"),
    ("order", "updated_at", None),
    ("order", "occurred_at", "2026-11-21 10:00+01:00"),
    ("order", "total", None),
    ("order", "total", GONE),
    ("order", "status", "cancelled"),
    ("order", "tenders", []),
    ("order", "tags", ["gift", "b2b"]),
    ("order", "test", True),
    ("order", "channel", ""),
    ("order", "shipping", "4.9"),
    ("order", "tax_included", True),
    ("order", "identities", {"phone": "+49 30 901820"}),
    ("order", "refunds", []),
    ("order", "refunds.0.lines.0.quantity", 1),
    ("order", "refunds.0.lines.0.amount", "3.50"),
    ("order", "refunds.0.amount", 10),
    ("order", "lines.1.kind", "donation"),
    ("order", "lines.0.quantity", 0),
    ("order", "lines.0.categories", ["tea"]),
    ("order", "lines.0.tax", "1.31"),
    ("refund", "refund.lines", []),
    ("refund", "refund.amount", "0.01"),
    ("refund", "refund.shipping", "4.90"),
    ("refund", "identities", {"email": "ada@example.org"}),
    ("activity", "data", {}),
    ("activity", "data.note", None),
    ("activity", "data.photo", False),
    ("activity", "store", "12"),
]
REFUSED: list[tuple[str, str, Any]] = [
    ("order", "type", GONE),
    ("order", "type", "purchase"),
    ("order", "source", GONE),
    ("order", "source", ""),
    ("order", "id", 1001),
    ("order", "id", "x" * 201),
    ("order", "id", "a\x00b"),
    ("order", "id", "  "),
    ("order", "channel", "a\x00b"),
    ("order", "tags", ["a\x00b"]),
    ("activity", "data.product", "a\x00b"),
    ("order", "lines", GONE),
    ("order", "lines", []),
    ("order", "lines", {}),
    ("order", "lines.0.amount", GONE),
    ("order", "lines.0.amount", "-24.00"),
    ("order", "lines.0.amount", 24.5),
    ("order", "lines.0.amount", "24,00"),
    ("order", "lines.0.amount", "2.4e1"),
    ("order", "lines.0.amount", "NaN"),
    ("order", "lines.0.amount", ""),
    ("order", "lines.0.amount", True),
    ("order", "lines.0.quantity", "2"),
    ("order", "lines.0.quantity", -1),
    ("order", "lines.0.quantity", 1.5),
    ("order", "lines.0.kind", "service"),
    ("order", "lines.0.id", "~shipping"),
    ("order", "lines.0.price", "24.00"),
    ("order", "currency", "EURO"),
    ("order", "currency", "eur"),
    ("order", "currency", GONE),
    ("order", "status", "done"),
    ("order", "status", None),
    ("order", "occurred_at", "2026-11-21"),
    ("order", "occurred_at", "2026-11-21T10:00:00"),
    ("order", "occurred_at", "yesterday"),
    ("order", "occurred_at", 1795255200),
    ("order", "identities", {"name": "Ada"}),
    ("order", "identities", None),
    ("order", "identities", {"email": 7}),
    ("order", "test", "yes"),
    ("order", "version", "2"),
    ("order", "shipping", None),
    ("order", "channel", None),
    ("order", "tags", "gift"),
    ("order", "discount", "-1.00"),
    ("order", "customer", {}),
    ("order", "refunds.0.id", GONE),
    ("order", "refunds.0.kind", "gift"),
    ("order", "refunds.0.voided", True),
    ("order", "refunds.0.amount", "-1.00"),
    ("order", "refunds.0.lines.0.quantity", -1),
    ("order", "tenders.0.kind", GONE),
    ("refund", "order_id", GONE),
    ("refund", "refund", GONE),
    ("refund", "refund.lines.0.line", 1),
    ("refund", "currency", "XXX"),
    ("refund", "lines", []),
    ("activity", "kind", GONE),
    ("activity", "data.stars", 4.5),
    ("activity", "data.product", ["TEA-1"]),
    ("activity", "currency", "EUR"),
]
BEYOND_THE_SCHEMA: list[tuple[str, str, Any, str]] = [
    ("order", "total", "44.91", "order_sums_mismatch"),
    ("order", "lines.0.discount", "24.01", "order_sums_mismatch"),
    ("order", "lines.0.amount", "24.001", "amount_invalid"),
    ("order", "lines.0.amount", "1" * 18, "amount_invalid"),
    ("order", "lines.1.id", "1", "fact_malformed"),
    ("order", "occurred_at", "2026-11-24T00:00:00Z", "date_out_of_range"),
    ("order", "occurred_at", "1969-12-31T00:00:00Z", "date_out_of_range"),
    ("order", "identities", {"email": "ada"}, "identity_invalid"),
    ("activity", "identities", {}, "customer_missing"),
]


@pytest.fixture
def loyalty() -> Iterator[Loyalty]:
    with Loyalty.open(CONFIG, "sqlite://", clock=lambda: NOW) as opened:
        yield opened


def changed(kind: str, path: str, value: Any) -> dict[str, Any]:
    """The example of a kind with another value, or none, at a place."""
    document = copy.deepcopy(BASES[kind])
    *way, last = path.split(".")
    place: Any = document
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    if path in ("lines.0.tax", "shipping"):
        document["total"] = document.get("total")
    return document


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("kind", BASES)
def test_the_examples_are_taken(loyalty: Loyalty, kind: str) -> None:
    assert VALIDATOR.is_valid(BASES[kind])
    receipt = loyalty.record(BASES[kind])
    assert receipt.status in (RecordStatus.BOOKED, RecordStatus.IDLE)


@pytest.mark.parametrize(("kind", "path", "value"), ACCEPTED)
def test_both_take(loyalty: Loyalty, kind: str, path: str, value: Any) -> None:
    document = changed(kind, path, value)
    loyalty.record(document)
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@pytest.mark.parametrize(("kind", "path", "value"), REFUSED)
def test_both_refuse(loyalty: Loyalty, kind: str, path: str, value: Any) -> None:
    document = changed(kind, path, value)
    with pytest.raises(FactError):
        loyalty.record(document)
    assert not VALIDATOR.is_valid(document)
    assert loyalty.report().orders + loyalty.report().activities == 0


@pytest.mark.parametrize(("kind", "path", "value", "code"), BEYOND_THE_SCHEMA)
def test_the_sdk_knows_more(loyalty: Loyalty, kind: str, path: str, value: Any, code: str) -> None:
    document = changed(kind, path, value)
    with pytest.raises(FactError) as caught:
        loyalty.record(document)
    assert caught.value.code == code
    assert VALIDATOR.is_valid(document)


def test_carts(loyalty: Loyalty) -> None:
    cart = EXAMPLES["Cart"]
    assert CART.is_valid(cart)
    loyalty.quote(cart)
    for wrong in ({**cart, "id": "1"}, {**cart, "lines": []}, {**cart, "currency": "EURO"}):
        assert not CART.is_valid(wrong)
        with pytest.raises(FactError):
            loyalty.quote(wrong)
