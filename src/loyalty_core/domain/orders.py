"""Orders as converging documents: merging versions, validating, and what refunds leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from loyalty_core.domain.amounts import Money, split
from loyalty_core.domain.facts import (
    SHIPPING,
    LineKind,
    Order,
    OrderRefund,
    OrderStatus,
    Refund,
)
from loyalty_core.errors import (
    CurrencyUnknown,
    FactError,
    IdempotencyConflict,
    OrderSumsMismatch,
    Problem,
    RefundExceedsOrder,
)

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OrderDocument:
    """All that is known of one order: its latest body, if any came yet, and all its refunds.

    Merging is commutative, associative and idempotent (a join-semilattice), so versions and
    refunds may arrive in any order, any number of times.
    """

    currency: str
    body: Order | None = None
    refunds: Mapping[str, Refund] = field(default_factory=dict)

    @staticmethod
    def of(fact: Order | OrderRefund) -> OrderDocument:
        """The document that one fact alone makes."""
        if isinstance(fact, OrderRefund):
            return OrderDocument(fact.currency, None, {fact.refund.id: fact.refund})
        refunds = {refund.id: refund for refund in fact.refunds}
        body = replace(fact, refunds=()) if refunds else fact
        return OrderDocument(fact.currency, body, refunds)

    def merge(self, other: OrderDocument) -> OrderDocument:
        """What both documents know together.

        Raises ``IdempotencyConflict`` when both bodies differ though neither says which is later,
        ``CurrencyUnknown`` when they are not in one currency.
        """
        if self.currency != other.currency:
            raise CurrencyUnknown(
                f"the order is in {self.currency}, this is in {other.currency}",
                where="$.currency",
                remedy="An order and its refunds are in one currency.",
            )
        refunds = dict(self.refunds)
        for refund in other.refunds.values():
            known = refunds.get(refund.id)
            if known is None or _refund_rank(known) < _refund_rank(refund):
                refunds[refund.id] = refund
        return OrderDocument(self.currency, _later(self.body, other.body), refunds)


def _refund_rank(refund: Refund) -> tuple[datetime, str]:
    return refund.occurred_at, repr(replace(refund, occurred_at=refund.occurred_at.astimezone(UTC)))


def _later(one: Order | None, other: Order | None) -> Order | None:
    if one is None or other is None or one == other:
        return one or other
    ranks = [(body.version, body.updated_at or NEVER) for body in (one, other)]
    if ranks[0] != ranks[1]:
        return one if ranks[0] > ranks[1] else other
    if ranks[0] == (0, NEVER):
        raise IdempotencyConflict(
            f"order {one.id!r} of {one.source!r} is already recorded with other content",
            remedy="If the order changed, send it with a higher version or an updated_at.",
            source=one.source,
            id=one.id,
        )
    return max(one, other, key=_canonical)  # same stated moment: any fixed choice converges


def _canonical(order: Order) -> str:
    """The same text for equal bodies, whichever way a database gave them back."""
    updated_at = order.updated_at
    return repr(
        replace(
            order,
            identities=dict(sorted(order.identities.items())),
            occurred_at=order.occurred_at.astimezone(UTC),
            updated_at=updated_at.astimezone(UTC) if updated_at else None,
        )
    )


def earns(order: Order) -> bool:
    """Whether programs are asked about this order: it is paid and not a test."""
    return order.status is OrderStatus.PAID and not order.test


def line_nets(order: Order) -> dict[str, int]:
    """The value of each line after its own and its share of the order's discount, minor units.

    The order's discount falls on goods alone, by value, largest remainder; shipping is a line
    called ``SHIPPING`` when there is any.
    """
    goods = [line for line in order.lines if line.kind is LineKind.GOODS]
    shares = split(order.discount, [line.net for line in goods])
    share_of = {line.id: share for line, share in zip(goods, shares, strict=True)}
    nets = {line.id: line.net - share_of.get(line.id, 0) for line in order.lines}
    if order.shipping:
        nets[SHIPPING] = order.shipping
    return nets


def order_total(order: Order) -> int:
    """What the customer owed, in minor units: lines − discounts + shipping + taxes on top."""
    taxes = 0 if order.tax_included else sum(line.tax for line in order.lines) + order.shipping_tax
    return sum(line.net for line in order.lines) - order.discount + order.shipping + taxes


def refunded_values(document: OrderDocument) -> dict[str, int]:
    """How much of each line's value has been given back by all refunds together, minor units.

    Capped at the line's value, so that refunds sum to the whole order and never beyond. Depends
    on the set of refunds alone, not on their order.
    """
    assert document.body is not None
    nets = line_nets(document.body)
    refunds = document.refunds.values()
    if any(refund.whole for refund in refunds):
        return nets
    given, quantities = dict.fromkeys(nets, 0), _returned_quantities(document)
    if SHIPPING in given:
        given[SHIPPING] = sum(refund.shipping for refund in refunds)
    for part in (part for refund in refunds for part in refund.lines if part.line in given):
        given[part.line] += part.amount or 0
    for line in document.body.lines:
        if quantities[line.id]:
            given[line.id] += nets[line.id] * quantities[line.id] // max(line.quantity, 1)
    given = {line: min(amount, nets[line]) for line, amount in given.items()}
    left = [nets[line] - amount for line, amount in given.items()]
    shares = split(min(_loose_value(document), sum(left)), left)
    return {line: given[line] + share for line, share in zip(given, shares, strict=True)}


def _returned_quantities(document: OrderDocument) -> dict[str, int]:
    """How many pieces of each line came back: those counted, or all where nothing is said.

    An amount says nothing of pieces, but on a line that cost nothing it can only mean all.
    """
    assert document.body is not None
    nets = line_nets(document.body)
    bought = {line.id: max(line.quantity, 1) for line in document.body.lines}
    returned = dict.fromkeys(bought, 0)
    for refund in document.refunds.values():
        for part in refund.lines:
            if part.line in bought and (part.amount is None or not nets[part.line]):
                pieces = bought[part.line] if part.quantity is None else part.quantity
                returned[part.line] = min(returned[part.line] + pieces, bought[part.line])
    return returned


def _loose_value(document: OrderDocument) -> int:
    """The value, before taxes on top, of what was paid back without naming lines."""
    assert document.body is not None
    paid_back = sum(
        max((refund.amount or 0) - refund.shipping, 0)
        for refund in document.refunds.values()
        if not refund.lines
    )
    total, value = order_total(document.body), sum(line_nets(document.body).values())
    return paid_back * value // total if total else 0


def kept_share(points: Mapping[str, int], document: OrderDocument) -> dict[str, int]:
    """Of ``points`` earned by each line, how many are left after all refunds.

    A line refunded in part loses the floor of its share, wholly refunded it loses all: N partial
    refunds in any order take exactly what one full refund takes. A line that cost nothing goes
    by its pieces. Points under the name "" go by the whole order.
    """
    if document.body is None or not document.refunds:
        return dict(points)
    nets, back = line_nets(document.body), refunded_values(document)
    shares = {line: (back[line], nets[line]) for line in nets}
    pieces = _returned_quantities(document)
    for bought in document.body.lines:
        if not nets[bought.id]:
            shares[bought.id] = (pieces[bought.id], max(bought.quantity, 1))
    everything = all(returned >= of for returned, of in shares.values())
    everything |= any(refund.whole for refund in document.refunds.values())
    shares[""] = (sum(back.values()), sum(nets.values()))
    kept = {}
    for line, earned in points.items():
        returned, of = shares.get(line, (0, 0))
        gone = everything or (of > 0 and returned >= of)
        kept[line] = 0 if gone else earned - (earned * returned // of if of else 0)
    return kept


def check_order(order: Order) -> None:
    """Returns nothing when the order's parts agree with one another.

    Raises ``OrderSumsMismatch``, ``RefundExceedsOrder`` or ``FactError`` naming the path.
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
    if excess := refund_excess(OrderDocument.of(order)):
        raise RefundExceedsOrder(excess.message, where=excess.where)


def refund_excess(document: OrderDocument) -> Problem | None:
    """The first way in which the refunds give back more than the order; None if they do not."""
    body = document.body
    if body is None or not document.refunds:
        return None
    nets, taken = line_nets(body), dict.fromkeys(line_nets(body), 0)
    quantities = {line.id: line.quantity for line in body.lines}
    returned = dict.fromkeys(quantities, 0)
    shipped = body.shipping + (0 if body.tax_included else body.shipping_tax)
    loose = shipping = 0
    for refund in document.refunds.values():
        where = f"$.refunds[{refund.id}]"
        shipping += refund.shipping
        if shipping > shipped:
            return Problem(where, "refunds more shipping than was paid", code=_EXCESS)
        loose += 0 if refund.lines else (refund.amount or 0)
        if loose > order_total(body):
            return Problem(where, "refunds more than the order's total", code=_EXCESS)
        for part in refund.lines:
            if part.line not in quantities:
                message = f"refunds line {part.line!r}, which the order does not have"
                return Problem(where, message, code=_EXCESS)
            taken[part.line] += part.amount or 0
            returned[part.line] += part.quantity or 0
            if taken[part.line] > nets[part.line] or returned[part.line] > quantities[part.line]:
                message = f"refunds more of line {part.line!r} than was bought"
                return Problem(where, message, code=_EXCESS)
    return None


_EXCESS = RefundExceedsOrder.code
