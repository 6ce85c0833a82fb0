"""What a member usually does: what they order, where, how much and how often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty_core.domain.amounts import Money
from loyalty_core.domain.clock import day_of
from loyalty_core.domain.facts import Line
from loyalty_core.domain.members import MemberId


@dataclass(frozen=True, slots=True)
class Purchases:
    """Orders of one currency of which something was kept, and what was paid for what was kept."""

    orders: int
    total: Money

    @property
    def average(self) -> Money:
        """The average order, rounded half up to the currency's minor unit.

        >>> str(Purchases(2, Money(1151, "USD")).average)
        '5.76 USD'
        """
        rounded = (2 * self.total.amount_minor + self.orders) // (2 * self.orders)
        return Money(rounded, self.total.currency)


@dataclass(frozen=True, slots=True)
class UsualItem:
    """One article of a usual order, with the number that was kept of it the last time."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class UsualOrder:
    """The articles that a member orders together, and how often they did."""

    items: tuple[UsualItem, ...]
    orders: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class UsualStore:
    """A store that a member orders in, and how often they did."""

    store: str
    orders: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What a member usually does, by orders that are paid, less what was given back of them.

    ``lifetime`` is by currency of all orders ever; all else is of those since ``since``.
    ``usual_order`` is the set of SKUs ordered together most often, of equals the one ordered last;
    lines without a SKU are no part of it. ``usual_stores`` are at most ten, the first the most
    usual. ``days_between`` is the average number of days from one order to the next, rounded half
    up; None with fewer than two.
    """

    member_id: MemberId
    since: datetime
    lifetime: tuple[Purchases, ...]
    recent: tuple[Purchases, ...]
    usual_order: UsualOrder | None
    usual_stores: tuple[UsualStore, ...]
    days_between: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of one order: when and where it was made, what was paid, and the goods."""

    at: datetime
    store: str
    paid: Money
    goods: tuple[tuple[Line, int], ...]


MOST_STORES = 10


def purchases_of(orders: Iterable[Kept]) -> tuple[Purchases, ...]:
    """The orders summed by currency."""
    sums: dict[str, tuple[int, int]] = {}
    for one in orders:
        number, total = sums.get(one.paid.currency, (0, 0))
        sums[one.paid.currency] = number + 1, total + one.paid.amount_minor
    return tuple(Purchases(sums[name][0], Money(sums[name][1], name)) for name in sorted(sums))


def usual_order_of(orders: Iterable[Kept]) -> UsualOrder | None:
    """The set of SKUs ordered most often, of equals the one ordered last."""
    found: dict[frozenset[str], UsualOrder] = {}
    for one in orders:
        pieces: dict[str, int] = {}
        for line, number in one.goods:
            if line.sku:
                pieces[line.sku] = pieces.get(line.sku, 0) + number
        if not pieces:
            continue
        items = tuple(UsualItem(sku, pieces[sku]) for sku in sorted(pieces))
        known = found.get(frozenset(pieces), UsualOrder(items, 0, one.at))
        latest = items if one.at >= known.last_at else known.items
        last_at = max(one.at, known.last_at)
        found[frozenset(pieces)] = UsualOrder(latest, known.orders + 1, last_at)
    return max(found.values(), key=_rank, default=None)


def _rank(usual: UsualOrder) -> tuple[int, datetime, tuple[str, ...]]:
    return usual.orders, usual.last_at, tuple(item.sku for item in usual.items)


def usual_stores_of(orders: Iterable[Kept]) -> tuple[UsualStore, ...]:
    """The stores ordered in, the most usual first, of equals the last one."""
    found: dict[str, UsualStore] = {}
    for one in orders:
        if one.store:
            known = found.get(one.store, UsualStore(one.store, 0, one.at))
            last_at = max(known.last_at, one.at)
            found[one.store] = UsualStore(one.store, known.orders + 1, last_at)
    stores = sorted(found.values(), key=lambda one: one.store)
    stores.sort(key=lambda one: (one.orders, one.last_at), reverse=True)
    return tuple(stores[:MOST_STORES])


def days_between(orders: Sequence[Kept], zone: str) -> int | None:
    """The average number of days from one order to the next, rounded half up."""
    days = [day_of(one.at, zone) for one in orders]
    gaps = len(days) - 1
    return (2 * (max(days) - min(days)).days + gaps) // (2 * gaps) if gaps > 0 else None
