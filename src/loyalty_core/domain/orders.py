"""Orders as converging documents: merging versions, and what refunds leave of what was earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from math import floor

from loyalty_core.domain.amounts import split
from loyalty_core.domain.facts import (
    SHIPPING,
    LineKind,
    Order,
    OrderRefund,
    OrderStatus,
    Refund,
    RefundKind,
)
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.errors import IdempotencyConflict

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Listing:
    """Which refunds a shop had of an order at a moment: these, and no others from before."""

    at: datetime
    ids: tuple[str, ...]

    def merge(self, other: Listing | None) -> Listing:
        """The later one; of the same moment what is on both, for the rest was deleted in it."""
        if other is None or other.at != self.at:
            return self if other is None or self.at > other.at else other
        return Listing(self.at, tuple(sorted(set(self.ids) & set(other.ids))))


@dataclass(frozen=True, slots=True)
class OrderDocument:
    """All that is known of one order: its latest body, if any came yet, and all its refunds.

    Merging is commutative, associative and idempotent (a join-semilattice), so versions and
    refunds may arrive in any order, any number of times. ``strays`` are refunds by currency that
    are not in the order's: they are kept, told about, and take nothing. ``listing`` is the shop's
    latest of its refunds, if it makes any: what is not on it was deleted there.
    """

    currency: str
    body: Order | None = None
    refunds: Mapping[str, Refund] = field(default_factory=dict)
    strays: Mapping[str, Mapping[str, Refund]] = field(default_factory=dict)
    listing: Listing | None = None

    @staticmethod
    def of(fact: Order | OrderRefund) -> OrderDocument:
        """The document that one fact alone makes."""
        if isinstance(fact, OrderRefund):
            return OrderDocument(fact.currency, None, {fact.refund.id: fact.refund})
        refunds = {refund.id: refund for refund in fact.refunds}
        listed_at = fact.refunds_listed_at
        body = replace(fact, refunds=(), refunds_listed_at=None) if refunds or listed_at else fact
        listing = Listing(listed_at.astimezone(UTC), tuple(sorted(refunds))) if listed_at else None
        return OrderDocument(fact.currency, body, refunds, listing=listing)

    def merge(self, other: OrderDocument) -> OrderDocument:
        """What both documents know together.

        Raises ``IdempotencyConflict`` when both bodies differ though neither says which is later.
        """
        body = _later(self.body, other.body)
        united: dict[str, dict[str, Refund]] = {}
        for document in (self, other):
            given = {document.currency: document.refunds, **document.strays}
            for currency, refunds in given.items():
                for refund in refunds.values():
                    known = united.setdefault(currency, {})
                    first = known.setdefault(refund.id, refund)
                    known[refund.id] = max(first, refund, key=_refund_rank)
        currency = body.currency if body else min(united, default=self.currency)
        listing = self.listing.merge(other.listing) if self.listing else other.listing
        return OrderDocument(currency, body, united.pop(currency, {}), united, listing)

    def deleted(self) -> frozenset[str]:
        """The refunds that the shop has deleted: known from before its listing, and not on it.

        One given in the very moment of the listing may have come after it, and counts.
        """
        if self.listing is None:
            return frozenset()
        known, at = self.refunds.keys() - set(self.listing.ids), self.listing.at
        return frozenset(id for id in known if self.refunds[id].occurred_at < at)

    def says_the_same(self, other: OrderDocument) -> bool:
        """Whether nothing differs but when the refunds were listed last."""
        same = replace(other, listing=self.listing) == self
        return same and self.deleted() == other.deleted()

    def counting(self, goodwill: GoodwillPolicy) -> list[Refund]:
        """The refunds that take points back: none voided or deleted, goodwill by the policy."""
        every, deleted = goodwill is GoodwillPolicy.TAKE_BACK, self.deleted()
        return [
            refund
            for id, refund in self.refunds.items()
            if refund.voided_at is None
            and id not in deleted
            and (every or refund.kind is not RefundKind.GOODWILL)
        ]


def _refund_rank(refund: Refund) -> tuple[bool, datetime, str]:
    """Of one refund sent twice the later one counts, but once it is voided it stays so."""
    voided = refund.voided_at.astimezone(UTC) if refund.voided_at else None
    same = replace(refund, occurred_at=refund.occurred_at.astimezone(UTC), voided_at=voided)
    return voided is not None, refund.occurred_at, repr(same)


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


def is_purchase(order: Order) -> bool:
    """Whether the order buys anything: the fee of a membership alone is no purchase."""
    return any(line.kind is not LineKind.MEMBERSHIP for line in order.lines) or not order.lines


def line_nets(order: Order) -> dict[str, int]:
    """The value of each line after its own and its share of the order's discount, minor units.

    The order's discount falls on goods alone, by value, largest remainder; shipping is a line
    called ``SHIPPING`` when there is any.
    """
    nets = {line.id: line.net for line in order.lines}
    if order.discount:
        goods = [line for line in order.lines if line.kind is LineKind.GOODS]
        shares = split(order.discount, [line.net for line in goods])
        for line, share in zip(goods, shares, strict=True):
            nets[line.id] -= share
    if order.shipping:
        nets[SHIPPING] = order.shipping
    return nets


def order_total(order: Order) -> int:
    """What the customer owed, in minor units: lines − discounts + shipping + taxes on top."""
    taxes = 0 if order.tax_included else sum(line.tax for line in order.lines) + order.shipping_tax
    return sum(line.net for line in order.lines) - order.discount + order.shipping + taxes


def refunded_values(
    document: OrderDocument, goodwill: GoodwillPolicy = GoodwillPolicy.KEEP
) -> dict[str, Fraction]:
    """How much of each line's value has been given back by all refunds together, minor units.

    Exact, as a cent of a cheap line may have earned many points. Capped at the line's value, so
    that refunds sum to the whole order and never beyond. Depends on the set of refunds alone, not
    on their order, and another refund never makes it less.
    """
    assert document.body is not None
    refunds = document.counting(goodwill)
    if any(refund.whole for refund in refunds):
        return {line: Fraction(net) for line, net in line_nets(document.body).items()}
    given, left = values_by_line(document.body, refunds)
    loose = min(paid_back(refunds) / (open_total(document.body, left) or Fraction(1)), Fraction(1))
    return {line: given[line] + loose * left[line] for line in given}


def values_by_line(body: Order, refunds: Sequence[Refund]) -> tuple[dict[str, int], dict[str, int]]:
    """What refunds that name lines, or shipping, give back of each, and what they leave of it."""
    nets = line_nets(body)
    given, quantities = dict.fromkeys(nets, 0), returned_quantities(body, refunds)
    if SHIPPING in given:
        given[SHIPPING] = sum(refund.shipping for refund in refunds)
    for part in (part for refund in refunds for part in refund.lines if part.line in given):
        given[part.line] += part.amount or 0
    for line in body.lines:
        if quantities[line.id]:
            given[line.id] += nets[line.id] * quantities[line.id] // max(line.quantity, 1)
    given = {line: min(amount, nets[line]) for line, amount in given.items()}
    return given, {line: nets[line] - amount for line, amount in given.items()}


def returned_quantities(body: Order, refunds: Sequence[Refund]) -> dict[str, int]:
    """How many pieces of each line came back: those counted, or all where nothing is said.

    An amount says nothing of pieces, but on a line that cost nothing it can only mean all.
    """
    nets = line_nets(body)
    bought = {line.id: max(line.quantity, 1) for line in body.lines}
    returned = dict.fromkeys(bought, 0)
    for refund in refunds:
        for part in refund.lines:
            if part.line in bought and (part.amount is None or not nets[part.line]):
                pieces = bought[part.line] if part.quantity is None else part.quantity
                returned[part.line] = min(returned[part.line] + pieces, bought[part.line])
    return returned


def paid_back(refunds: Sequence[Refund]) -> int:
    """What was paid back without naming lines or shipping, in minor units."""
    return sum(
        max((refund.paid_out or 0) - refund.shipping, 0) for refund in refunds if not refund.lines
    )


def open_total(body: Order, left: Mapping[str, int]) -> Fraction:
    """What of the order's total is still there when so much of its lines' values is left.

    Taxes on top go with the lines that they are on.
    """
    nets, total = line_nets(body), Fraction(order_total(body))
    taxes = {line.id: line.tax for line in body.lines} | {SHIPPING: body.shipping_tax}
    for line, net in nets.items():
        back = net - left[line]
        total -= back if body.tax_included else back + Fraction(back * taxes[line], net or 1)
    return total


def kept_share(
    points: Mapping[str, int],
    document: OrderDocument,
    goodwill: GoodwillPolicy = GoodwillPolicy.KEEP,
) -> dict[str, int]:
    """Of ``points`` earned by each line, how many are left after all refunds.

    All lines together lose the floor of their shares, spread by largest remainder; a line wholly
    refunded loses all. So N partial refunds in any order take exactly what one full refund takes.
    A line that cost nothing goes by its pieces. Points under the name "" go by the whole order.
    """
    body, refunds = document.body, document.counting(goodwill)
    if body is None or not refunds:
        return dict(points)
    nets, back = line_nets(body), refunded_values(document, goodwill)
    shares: dict[str, tuple[Fraction | int, int]] = {
        line: (back[line], nets[line]) for line in nets
    }
    pieces = returned_quantities(body, refunds)
    for bought in body.lines:
        if not nets[bought.id]:
            shares[bought.id] = (pieces[bought.id], max(bought.quantity, 1))
    everything = all(returned >= of for returned, of in shares.values())
    everything |= any(refund.whole for refund in refunds)
    everything |= paid_back(refunds) > 0 and back == nets  # the free lines as well
    shares[""] = (sum(back.values()), sum(nets.values()))
    lost = {}
    for line, earned in points.items():
        returned, of = shares.get(line, (0, 0))
        gone = everything or (of > 0 and returned >= of)
        lost[line] = Fraction(earned) if gone else Fraction(earned * returned) / (of or 1)
    taken = _whole(lost)
    return {line: earned - taken[line] for line, earned in points.items()}


def _whole(lost: Mapping[str, Fraction]) -> dict[str, int]:
    """Whole numbers in these proportions that sum to the floor of the sum: largest remainder."""
    taken = {line: floor(share) for line, share in lost.items()}
    rest = floor(sum(lost.values())) - sum(taken.values())
    for line in sorted(lost, key=lambda line: (taken[line] - lost[line], line))[:rest]:
        taken[line] += 1
    return taken
