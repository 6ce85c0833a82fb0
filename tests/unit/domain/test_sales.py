"""What an order counts as in segments: what its customer kept."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core.application.forms import read_fact
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.domain.sales import Sale, sale_of
from tests.toy import START, order

KEEP, TAKE_BACK = GoodwillPolicy.KEEP, GoodwillPolicy.TAKE_BACK
LINES = [
    {"id": "a", "amount": "60.00", "quantity": 2, "categories": ["baby", "toys"]},
    {"id": "b", "amount": "40.00", "categories": ["toys"]},
    {"id": "free", "amount": "0.00", "categories": ["samples"]},
    {"id": "card", "amount": "25.00", "kind": "gift_card", "categories": ["cards"]},
]


def sale(*refunds: dict[str, Any], goodwill: GoodwillPolicy = KEEP, **more: Any) -> Sale | None:
    given = [
        {"id": str(at), "occurred_at": START.isoformat(), **refund}
        for at, refund in enumerate(refunds)
    ]
    made = read_fact(order(lines=LINES, shipping="5.00", refunds=given, **more), START)
    document = OrderDocument.of(made)  # type: ignore[arg-type]
    return sale_of(document, goodwill)


def test_goods_count_after_discounts_without_shipping_and_gift_cards() -> None:
    assert sale() == Sale(10000, "USD", ("baby", "toys", "samples"))
    assert sale(discount="10.00") == Sale(9000, "USD", ("baby", "toys", "samples"))


@pytest.mark.parametrize("more", [{"status": "pending"}, {"status": "cancelled"}, {"test": True}])
def test_what_is_not_paid_counts_for_nothing(more: dict[str, Any]) -> None:
    assert sale(**more) is None


def test_refunds_take_their_goods_and_the_categories_of_lines_that_are_gone() -> None:
    line_a = {"lines": [{"line": "a"}]}
    assert sale(line_a) == Sale(4000, "USD", ("toys", "samples"))
    half = {"lines": [{"line": "a", "quantity": 1}]}
    assert sale(half) == Sale(7000, "USD", ("baby", "toys", "samples"))
    assert sale(half, {"lines": [{"line": "a", "quantity": 1}]}) == sale(line_a)
    free = {"lines": [{"line": "free"}]}
    assert sale(free) == Sale(10000, "USD", ("baby", "toys"))


def test_an_order_that_was_given_back_counts_for_nothing() -> None:
    assert sale({}) is None
    voided = {"voided_at": START.isoformat()}
    assert sale(voided) == sale()


def test_goodwill_counts_as_the_program_says() -> None:
    kind = {"kind": "goodwill", "lines": [{"line": "b"}]}
    assert sale(kind) == sale()
    assert sale(kind, goodwill=TAKE_BACK) == Sale(6000, "USD", ("baby", "toys", "samples"))
