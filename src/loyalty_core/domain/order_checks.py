"""What is wrong with an order: what it is refused for, and what of its refunds is only told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from loyalty_core.domain.amounts import Money
from loyalty_core.domain.facts import SHIPPING, LineKind, Order, Refund
from loyalty_core.domain.orders import (
    OrderDocument,
    line_nets,
    open_total,
    order_total,
    paid_back,
    values_by_line,
)
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.errors import (
    CurrencyUnknown,
    FactError,
    OrderSumsMismatch,
    Problem,
    RefundExceedsOrder,
)


def check_order(order: Order) -> None:
    """Returns nothing when the order's parts agree with one another.

    Raises ``OrderSumsMismatch`` or ``FactError`` naming the path. What refunds give back is not
    checked here: the order may have been edited since.
    """
    ids = [line.id for line in order.lines]
    if len(set(ids)) != len(ids) or SHIPPING in ids:
        raise FactError("line ids must be unique", where="$.lines", ids=ids)
    if not ids:
        raise FactError("an order has at least one line", where="$.lines")
    if len({refund.id for refund in order.refunds}) != len(order.refunds):
        raise FactError("refund ids must be unique", where="$.refunds")
    for index, line in enumerate(order.lines):
        if line.discount > line.amount:
            raise OrderSumsMismatch(
                f"line {line.id!r} is discounted by more than its amount",
                where=f"$.lines[{index}].discount",
            )
    goods = sum(line.net for line in order.lines if line.kind is LineKind.GOODS)
    if order.discount > goods:
        raise OrderSumsMismatch("the discount exceeds the goods", where="$.discount")
    total = order_total(order)
    if order.total is not None and order.total != total:
        stated, summed = Money(order.total, order.currency), Money(total, order.currency)
        raise OrderSumsMismatch(
            f"the order states a total of {stated}, its parts sum to {summed}",
            where="$.total",
            remedy="Send every line, discount, tax and shipping, or leave the total out.",
        )


def refund_problems(
    document: OrderDocument, goodwill: GoodwillPolicy = GoodwillPolicy.KEEP
) -> tuple[Problem, ...]:
    """What is wrong with an order's refunds: beyond what was bought, or in another currency.

    They take no more points than were earned, whatever they say. The earlier refund is in the
    right, and the one that goes beyond is named. The same refunds always give the same problems.
    """
    if document.body is None or not (document.refunds or document.strays):
        return ()
    refunds = sorted(document.counting(goodwill), key=lambda one: (one.occurred_at, one.id))
    return (*_strays(document), *_excesses(document.body, refunds))


def _strays(document: OrderDocument) -> Iterator[Problem]:
    for currency, refunds in sorted(document.strays.items()):
        for name in sorted(refunds):
            message = f"is in {currency}, the order in {document.currency}: it takes nothing"
            remedy = "An order and its refunds are in one currency."
            yield Problem(f"$.refunds[{name}]", message, remedy, CurrencyUnknown.code)


def _excesses(body: Order, refunds: Sequence[Refund]) -> Iterator[Problem]:
    nets, taken = line_nets(body), dict.fromkeys(line_nets(body), 0)
    quantities = {line.id: line.quantity for line in body.lines}
    returned = dict.fromkeys(quantities, 0)
    shipped = body.shipping + (0 if body.tax_included else body.shipping_tax)
    loose = shipping = 0
    told = set()
    for refund in refunds:
        shipping += refund.shipping
        loose += 0 if refund.lines else (refund.paid_out or 0)
        messages = []
        if refund.shipping and shipping > shipped:
            messages.append("refunds more shipping than was paid")
        if not refund.lines and loose > order_total(body):
            messages.append("refunds more than the order's total")
        for part in refund.lines:
            if part.line not in quantities:
                messages.append(f"refunds line {part.line!r}, which the order does not have")
                continue
            taken[part.line] += part.amount or 0
            returned[part.line] += part.quantity or 0
            if taken[part.line] > nets[part.line] or returned[part.line] > quantities[part.line]:
                messages.append(f"refunds more of line {part.line!r} than was bought")
        if messages:
            told.add(refund.id)
            yield _excess(refund, messages[0])
    yield from _mixed_excess(body, [refund for refund in refunds if refund.id not in told])


def _mixed_excess(body: Order, refunds: Sequence[Refund]) -> Iterator[Problem]:
    """The last refund that names no lines, if others that do leave less than it gives back."""
    loose = [refund for refund in refunds if not refund.lines and refund.paid_out]
    _, left = values_by_line(body, refunds)
    if loose and paid_back(refunds) > ceil(open_total(body, left)):
        yield _excess(loose[-1], "refunds, with those by line, more than the order's total")


def _excess(refund: Refund, message: str) -> Problem:
    return Problem(f"$.refunds[{refund.id}]", message, code=RefundExceedsOrder.code)
