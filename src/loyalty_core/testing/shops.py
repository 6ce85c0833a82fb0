"""Histories of a shop, drawn at random, for connectors to be tested with.

They are no platform's: a test says how its platform would write them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from loyalty_core.domain.facts import Json

CUSTOMERS = ("ada@example.org", "bob@example.org", "cy@example.org")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopLine:
    """A line of an order: so many of an article, at a price each, less a discount on all of it.

    ``tax_minor`` comes on top of that. A ``gift_card`` is one that is sold: no purchase.
    """

    id: str
    sku: str
    quantity: int
    price_minor: int
    discount_minor: int = 0
    tax_minor: int = 0
    gift_card: bool = False

    @property
    def net_minor(self) -> int:
        """What the line comes to, without tax."""
        return self.quantity * self.price_minor - self.discount_minor

    def part(self, pieces: int) -> tuple[int, int]:
        """What so many of its pieces come to without tax, and the tax on them; cents cut off."""
        net, tax = self.net_minor * pieces, self.tax_minor * pieces
        return net // self.quantity, tax // self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopRefund:
    """Pieces given back by line, or money alone; what was paid out is ``amount_minor``."""

    id: str
    at: datetime
    pieces: Mapping[str, int] = field(default_factory=dict)
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOrder:
    """An order in a shop with all that became of it; what has happened by a moment is ``as_of``.

    A guest has no ``customer_id``. ``tip_minor`` is what they gave on top of all lines.
    """

    id: str
    email: str
    customer_id: str
    currency: str
    placed_at: datetime
    paid_at: datetime | None
    lines: tuple[ShopLine, ...]
    refunds: tuple[ShopRefund, ...] = ()
    cancelled_at: datetime | None = None
    tip_minor: int = 0

    @property
    def total_minor(self) -> int:
        """What the customer owed, taxes and tip included."""
        return sum(line.net_minor + line.tax_minor for line in self.lines) + self.tip_minor

    @property
    def moments(self) -> tuple[datetime, ...]:
        """When it changed, the first moment being when it was placed."""
        changes = [self.paid_at, self.cancelled_at, *(refund.at for refund in self.refunds)]
        return tuple(sorted({self.placed_at, *(at for at in changes if at is not None)}))

    def as_of(self, at: datetime) -> ShopOrder:
        """The order as the shop knew it at a moment."""
        paid, cancelled = (
            moment if moment and moment <= at else None
            for moment in (self.paid_at, self.cancelled_at)
        )
        refunds = tuple(refund for refund in self.refunds if refund.at <= at)
        return replace(self, paid_at=paid, refunds=refunds, cancelled_at=cancelled)


def changes_of(history: Sequence[ShopOrder]) -> list[tuple[datetime, ShopOrder]]:
    """Each moment at which an order of a history changed, and the order; in the order of time."""
    changes = sorted((at, order.id, order) for order in history for at in order.moments)
    return [(at, order) for at, _, order in changes]


def orders_at(
    history: Sequence[ShopOrder], at: datetime | None = None
) -> list[tuple[datetime, ShopOrder]]:
    """The orders of a history that were placed by a moment, each with the moment to see it as of.

    That is ``at``; without one it is the moment of the order's last change, and all are there.
    """
    return [
        (at or order.moments[-1], order) for order in history if at is None or order.placed_at <= at
    ]


def order_fact(order: ShopOrder, at: datetime, *, source: str) -> dict[str, Json]:
    """An order as a fact of a source, as of a moment: as a shop of one's own tells it."""
    now = order.as_of(at)
    known = {"customer_id": now.customer_id} if now.customer_id else {}
    lines: list[Json] = [_line_fact(line) for line in now.lines]
    if now.tip_minor:
        lines.append({"id": "tip", "amount": _money(now.tip_minor), "kind": "tip"})
    return {
        "type": "order",
        "source": source,
        "id": now.id,
        "identities": {"email": now.email, **known},
        "currency": now.currency,
        "occurred_at": now.placed_at.isoformat(),
        "updated_at": at.isoformat(),
        "status": "cancelled" if now.cancelled_at else "paid" if now.paid_at else "pending",
        "lines": lines,
        "tax_included": False,
        "refunds": [_refund_fact(refund) for refund in now.refunds],
    }


def _line_fact(line: ShopLine) -> dict[str, Json]:
    return {
        "id": line.id,
        "sku": line.sku,
        "quantity": line.quantity,
        "amount": _money(line.quantity * line.price_minor),
        "discount": _money(line.discount_minor),
        "tax": _money(line.tax_minor),
        "kind": "gift_card" if line.gift_card else "goods",
    }


def _refund_fact(refund: ShopRefund) -> dict[str, Json]:
    return {
        "id": refund.id,
        "occurred_at": refund.at.isoformat(),
        "amount": _money(refund.amount_minor),
        "lines": [{"line": line, "quantity": count} for line, count in refund.pieces.items()],
    }


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def shop_history(
    random: Random, start: datetime, *, currency: str = "USD", most: int = 4
) -> tuple[ShopOrder, ...]:
    """Orders of a few customers: paid or not, refunded in parts by pieces or money, cancelled.

    Some are of guests, with tips, with taxes on top of lines, or with gift cards among these. Ids
    of lines and refunds are numbers as text, beyond 2^53 as platforms have them.
    """
    return tuple(
        _order(random, start, number, currency) for number in range(random.randint(1, most))
    )


def _order(random: Random, start: datetime, number: int, currency: str) -> ShopOrder:
    placed = start + timedelta(hours=random.randint(0, 200), minutes=number)
    who = random.randrange(len(CUSTOMERS))
    lines = tuple(
        ShopLine(
            id=f"{9_007_199_254_740_993 + number * 10 + place}",
            sku=f"SKU-{place}",
            quantity=random.randint(1, 4),
            price_minor=random.randint(1, 9_999),
        )
        for place in range(random.randint(1, 3))
    )
    lines = tuple(_sold(random, line) for line in lines)
    paid = placed + timedelta(minutes=random.randint(0, 90)) if random.randrange(10) else None
    order = ShopOrder(
        id=f"{820_982_911_946_154_508 + number}",
        email=CUSTOMERS[who],
        customer_id=f"{7_000 + who}" if random.randrange(4) else "",
        currency=currency,
        placed_at=placed,
        paid_at=paid,
        lines=lines,
        tip_minor=random.choice((0, 0, random.randint(1, 999))),
    )
    refunds = _refunds(random, order) if paid else ()
    latest = max(order.placed_at, *(refund.at for refund in refunds), paid or placed)
    cancelled = latest + timedelta(hours=1) if random.randrange(5) == 0 else None
    return replace(order, refunds=refunds, cancelled_at=cancelled)


def _sold(random: Random, line: ShopLine) -> ShopLine:
    if random.randrange(8) == 0:
        return replace(line, gift_card=True)
    most = line.quantity * line.price_minor
    discounted = replace(line, discount_minor=random.choice((0, 0, random.randint(0, most))))
    return replace(discounted, tax_minor=discounted.net_minor * random.choice((0, 7, 19)) // 100)


def _refunds(random: Random, order: ShopOrder) -> tuple[ShopRefund, ...]:
    left = {line.id: line.quantity for line in order.lines}
    money, made = order.total_minor - order.tip_minor, []
    at = order.paid_at or order.placed_at
    for number in range(random.choice((0, 0, 1, 2, 3))):
        at += timedelta(hours=random.randint(1, 48))
        name = f"{509_562_969 + number}{order.id[-3:]}"
        pieces = {line: random.randint(1, most) for line, most in left.items() if most}
        pieces = dict(random.sample(sorted(pieces.items()), k=min(len(pieces), 1)))
        by_pieces = bool(pieces) and random.randrange(10) < 7
        value = _value(order.lines, pieces) if by_pieces else random.randint(0, money)
        amount = min(value, money)
        money -= amount
        if by_pieces:
            left = {line: most - pieces.get(line, 0) for line, most in left.items()}
        given = pieces if by_pieces else {}
        made.append(ShopRefund(id=name, at=at, pieces=given, amount_minor=amount))
    return tuple(made)


def _value(lines: Sequence[ShopLine], pieces: Mapping[str, int]) -> int:
    by_id = {line.id: line for line in lines}
    return sum(sum(by_id[line].part(count)) for line, count in pieces.items())
