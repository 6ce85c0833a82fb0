"""Orders and refunds for the tests of what is left of an order; amounts in cents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from loyalty_core import Line, LineKind, Minor, Order, Refund, RefundLine
from loyalty_core.domain.orders import OrderDocument

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def line(name: str, cents: int, quantity: int = 1, **more: Any) -> Line:
    return Line(id=name, amount=Minor(cents), quantity=quantity, **more)


def order(*lines: Line, **more: Any) -> Order:
    return Order(
        **{"source": "web", "id": "1", "currency": "EUR", "occurred_at": AT, "lines": lines} | more
    )


def refund(number: str, *lines: RefundLine, at: datetime = AT, **more: Any) -> Refund:
    """By pieces or amounts of lines; without lines by ``amount``; with nothing, the whole."""
    return Refund(id=number, occurred_at=at, lines=lines, **more)


def pieces(name: str, quantity: int) -> RefundLine:
    return RefundLine(line=name, quantity=quantity)


def worth(name: str, cents: int) -> RefundLine:
    return RefundLine(line=name, amount=Minor(cents))


def document(body: Order, refunds: Iterable[Refund] = ()) -> OrderDocument:
    return OrderDocument("EUR", body, {one.id: one for one in refunds})


MIXED = order(
    line("shirt", 2999, 3),
    line("mug", 1000, discount=Minor(250), tax=Minor(142)),
    line("sticker", 0, 2),
    line("card", 5000, kind=LineKind.GIFT_CARD),
    shipping=Minor(590),
    shipping_tax=Minor(112),
    discount=Minor(100),
    tax_included=False,
)
"""Something of everything: pieces, discounts, taxes on top, a gift, a gift card and shipping.

Its lines are worth 2999 − 80, 750 − 20, 0, 5000 and 590; with taxes it came to 9493.
"""
