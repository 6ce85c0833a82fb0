"""An order whose parts contradict one another, and refunds of more than was bought."""

from typing import Any

import pytest

from loyalty_core import (
    SHIPPING,
    FactError,
    LineKind,
    Minor,
    Order,
    OrderSumsMismatch,
    Refund,
    RefundExceedsOrder,
)
from loyalty_core.domain.orders import check_order, refund_excess
from tests.unit.domain.purchases import MIXED, document, line, order, pieces, refund, worth


@pytest.mark.parametrize(
    ("lines", "more", "kind", "where"),
    [
        ([line("a", 1), line("a", 2)], {}, FactError, "$.lines"),
        ([line(SHIPPING, 1)], {}, FactError, "$.lines"),
        ([], {}, FactError, "$.lines"),
        (
            [line("a", 1), line("b", 5, discount=Minor(6))],
            {},
            OrderSumsMismatch,
            "$.lines[1].discount",
        ),
        ([line("a", 5)], {"discount": Minor(6)}, OrderSumsMismatch, "$.discount"),
        (
            [line("a", 5, kind=LineKind.TIP)],
            {"discount": Minor(1)},
            OrderSumsMismatch,
            "$.discount",
        ),
        ([line("a", 5)], {"total": Minor(4)}, OrderSumsMismatch, "$.total"),
        ([line("a", 5)], {"total": Minor(6)}, OrderSumsMismatch, "$.total"),
        ([line("a", 5)], {"refunds": (refund("r"), refund("r"))}, FactError, "$.refunds"),
        (
            [line("a", 5)],
            {"refunds": (refund("r", worth("a", 6)),)},
            RefundExceedsOrder,
            "$.refunds[r]",
        ),
    ],
)
def test_contradictions_are_refused(
    lines: list[Any], more: dict[str, Any], kind: type[FactError], where: str
) -> None:
    with pytest.raises(FactError) as raised:
        check_order(order(*lines, **more))
    assert type(raised.value) is kind
    assert raised.value.where == where


@pytest.mark.parametrize(
    "body",
    [
        order(line("a", 5, discount=Minor(5)), total=Minor(0)),
        order(line("a", 500, tax=Minor(80)), total=Minor(500)),
        order(line("a", 500, tax=Minor(80)), tax_included=False, total=Minor(580)),
        order(
            line("a", 500),
            shipping=Minor(99),
            shipping_tax=Minor(19),
            tax_included=False,
            discount=Minor(50),
            total=Minor(568),
        ),
        order(line("a", 5), refunds=(refund("r"), refund("s"))),
    ],
)
def test_what_agrees_is_taken(body: Order) -> None:
    check_order(body)
    assert refund_excess(document(body, body.refunds)) is None


@pytest.mark.parametrize(
    ("backs", "where", "message"),
    [
        ([refund("r", worth("mug", 731))], "r", "refunds more of line 'mug' than was bought"),
        (
            [refund("r", worth("mug", 730)), refund("s", worth("mug", 1))],
            "s",
            "refunds more of line 'mug' than was bought",
        ),
        ([refund("r", pieces("shirt", 4))], "r", "refunds more of line 'shirt' than was bought"),
        (
            [refund("r", pieces("shirt", 2)), refund("s", pieces("shirt", 2))],
            "s",
            "refunds more of line 'shirt' than was bought",
        ),
        ([refund("r", pieces("hat", 1))], "r", "refunds line 'hat', which the order does not have"),
        ([refund("r", amount=Minor(9494))], "r", "refunds more than the order's total"),
        (
            [refund("r", amount=Minor(9000)), refund("s", amount=Minor(494))],
            "s",
            "refunds more than the order's total",
        ),
        ([refund("r", shipping=Minor(703))], "r", "refunds more shipping than was paid"),
    ],
)
def test_the_first_refund_of_too_much_is_named(
    backs: list[Refund], where: str, message: str
) -> None:
    found = refund_excess(document(MIXED, backs))
    assert found is not None
    assert (found.where, found.message) == (f"$.refunds[{where}]", message)
    assert found.code == "refund_exceeds_order"


@pytest.mark.parametrize(
    "backs",
    [
        [],
        [refund("r")],
        [refund("r", worth("mug", 730), pieces("shirt", 3), pieces("sticker", 2))],
        [refund("r", amount=Minor(9493))],
        [refund("r", amount=Minor(9493), shipping=Minor(702))],  # shipping with its tax
        [refund("r", worth("mug", 1), amount=Minor(99999))],  # its lines say what came back
    ],
)
def test_all_that_was_bought_may_come_back(backs: list[Refund]) -> None:
    assert refund_excess(document(MIXED, backs)) is None


def test_a_refund_before_its_order_exceeds_nothing() -> None:
    unknown = document(MIXED, [refund("r", worth("mug", 10**9))])
    unknown = type(unknown)(unknown.currency, None, unknown.refunds)
    assert refund_excess(unknown) is None
