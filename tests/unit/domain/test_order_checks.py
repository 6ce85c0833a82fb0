"""An order whose parts contradict one another, and refunds of more than was bought."""

from datetime import timedelta
from typing import Any

import pytest

from loyalty_core import (
    SHIPPING,
    FactError,
    GoodwillPolicy,
    LineKind,
    Minor,
    Order,
    OrderRefund,
    OrderSumsMismatch,
    Refund,
    RefundKind,
    Tender,
)
from loyalty_core.domain.order_checks import check_order, refund_problems
from loyalty_core.domain.orders import OrderDocument
from tests.unit.domain.purchases import AT, MIXED, document, line, order, pieces, refund, worth


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
    assert refund_problems(document(body, body.refunds)) == ()


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
        (
            [refund("r", amount=Minor(9000)), refund("s", pieces("shirt", 1))],
            "r",
            "refunds, with those by line, more than the order's total",
        ),
        (
            [
                refund("r", tenders=(Tender(kind="card", amount=Minor(9494)),)),
                refund("g", amount=Minor(99999), kind=RefundKind.GOODWILL),
                refund("v", amount=Minor(99999), voided_at=AT),
            ],
            "r",
            "refunds more than the order's total",
        ),
    ],
)
def test_the_refund_of_too_much_is_named(backs: list[Refund], where: str, message: str) -> None:
    (found,) = refund_problems(document(MIXED, backs))
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
    assert refund_problems(document(MIXED, backs)) == ()


def test_a_refund_before_its_order_exceeds_nothing() -> None:
    unknown = document(MIXED, [refund("r", worth("mug", 10**9))])
    unknown = type(unknown)(unknown.currency, None, unknown.refunds)
    assert refund_problems(unknown) == ()


def test_every_refund_of_too_much_is_told_in_the_order_they_were_given() -> None:
    backs = [
        refund("z", pieces("hat", 1)),
        refund("y", worth("mug", 731), at=AT + timedelta(hours=1)),
        refund("x", shipping=Minor(703), at=AT + timedelta(hours=2)),
    ]
    told = [found.where for found in refund_problems(document(MIXED, reversed(backs)))]
    assert told == ["$.refunds[z]", "$.refunds[y]", "$.refunds[x]"]


def test_a_refund_in_another_currency_is_told() -> None:
    dollars = OrderRefund(source="web", order_id="1", currency="USD", refund=refund("r"))
    both = OrderDocument.of(dollars).merge(OrderDocument.of(MIXED))
    (found,) = refund_problems(both)
    assert (found.where, found.code) == ("$.refunds[r]", "currency_unknown")
    assert found.message == "is in USD, the order in EUR: it takes nothing"
    assert refund_problems(OrderDocument.of(dollars)) == ()


def test_goodwill_counts_where_the_program_says_so() -> None:
    given = document(MIXED, [refund("r", amount=Minor(9494), kind=RefundKind.GOODWILL)])
    assert refund_problems(given) == ()
    assert len(refund_problems(given, GoodwillPolicy.TAKE_BACK)) == 1
