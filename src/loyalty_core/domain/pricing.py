"""The member price of a cart: benefits applied to its lines, stacked as stated, to the cent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor

from loyalty_core.domain.amounts import Minor, Money
from loyalty_core.domain.benefits import BenefitKind, Checkout, GrantedBenefit, Stacking
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.facts import SHIPPING, Line, LineKind, Order
from loyalty_core.domain.orders import line_nets

Shares = Mapping[str, Fraction]
"""By benefit, how much of a price it takes off: parts of 1, or minor units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePrice:
    """One line of a cart (``SHIPPING`` for shipping): its price and the member's, in minor units.

    ``price`` has the cart's own discounts taken off. ``discounts`` is what each benefit takes off
    further, by its name; they sum to the difference.
    """

    line: str
    price: int
    member_price: int
    discounts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitUse:
    """A benefit that a cart uses: what it takes off, and why the member has it.

    ``why`` is empty where members are not told of the benefit.
    """

    benefit: str
    source: str
    why: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedBenefit:
    """A benefit that the cart would use if its goods cost ``missing`` more."""

    benefit: str
    text: str
    missing: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """What a cart costs the member, per line and in sum; ``missed`` has the nearest first."""

    price: Money
    member_price: Money
    lines: tuple[LinePrice, ...]
    used: tuple[BenefitUse, ...] = ()
    missed: tuple[MissedBenefit, ...] = ()


def price(
    order: Order, granted: Sequence[GrantedBenefit], checkout: Checkout, today: date
) -> Pricing:
    """The member price of a cart; line prices sum to it exactly.

    Percents go together on each line as ``checkout`` says; amounts off come after them, on what
    goods then cost. Under ``best`` whichever takes most off the cart counts alone. Free shipping is
    beside all that. The discount on goods is rounded once, and shared by largest remainder.
    """
    nets = line_nets(order)
    goods = [line for line in order.lines if line.kind is LineKind.GOODS and nets[line.id] > 0]
    value = sum(nets[line.id] for line in goods)
    usable, missed = _usable(order, granted, value, today)
    cells = _discounts(order.currency, goods, nets, usable, checkout)
    exact = {line: _sum(parts) for line, parts in cells.items()}
    total = checkout.rounding.apply(_decimal(_sum(exact)))
    by_line = apportion(total, exact)
    off = {line: apportion(by_line[line], parts) for line, parts in cells.items()}
    free = [one for one in usable if one.benefit.kind is BenefitKind.FREE_SHIPPING]
    if free and order.shipping:
        off[SHIPPING] = {free[0].benefit.benefit: order.shipping}
    return _pricing(order.currency, nets, off, usable, missed)


def discounted(order: Order, pricing: Pricing) -> Order:
    """The order at the member price: its lines carry all discounts, the order none of its own."""
    prices = {one.line: one.member_price for one in pricing.lines}
    lines = tuple(
        replace(line, discount=Minor(line.amount - prices[line.id])) for line in order.lines
    )
    shipping = Minor(prices.get(SHIPPING, 0))
    return replace(order, lines=lines, discount=Minor(0), shipping=shipping)


def apportion(total: int, shares: Shares) -> dict[str, int]:
    """Whole numbers that sum to ``total``, each its share rounded down or up: largest remainder.

    ``total`` is the sum of the shares rounded somehow. Ties go to the earlier share.

    >>> apportion(1, {"a": Fraction(1, 2), "b": Fraction(1, 2)})
    {'a': 1, 'b': 0}
    """
    whole = {name: floor(share) for name, share in shares.items()}
    rest = total - sum(whole.values())
    for name in sorted(shares, key=lambda name: whole[name] - shares[name])[:rest]:
        whole[name] += 1
    return whole


def stacked(units: Sequence[Shares], policy: Stacking) -> dict[str, Fraction]:
    """What each benefit takes off a price of 1 when these reductions go together.

    >>> vip, day = {"vip": Fraction(12, 100)}, {"day": Fraction(20, 100)}
    >>> [1 - sum(stacked([vip, day], policy).values()) for policy in ("multiply", "add", "best")]
    [Fraction(88, 125), Fraction(17, 25), Fraction(4, 5)]
    """
    if policy == "best":
        largest: Shares = max(units, key=lambda unit: _sum(unit)) if units else {}
        return dict(largest)
    off: dict[str, Fraction] = {}
    left = Fraction(1)
    for unit in units:
        whole = _sum(unit)
        scale = left if policy == "multiply" else min(left / whole, Fraction(1)) if whole else left
        for name, share in unit.items():
            off[name] = off.get(name, Fraction(0)) + share * scale
        left -= whole * scale
    return off


def _usable(
    order: Order, granted: Sequence[GrantedBenefit], value: int, today: date
) -> tuple[list[GrantedBenefit], list[MissedBenefit]]:
    """The benefits that count for this cart, and those that only lack value."""
    usable, missed = [], []
    for one in granted:
        benefit = one.benefit
        if not benefit.in_force(today) or not _among(order.channel, benefit.channels):
            continue
        if benefit.minimum and order.currency not in benefit.minimum:
            continue
        least = _minor(benefit.minimum.get(order.currency, Decimal(0)), order.currency)
        if value >= least:
            usable.append(one)
        elif benefit.visible:
            missing = Money(-floor(value - least), order.currency)
            missed.append(
                MissedBenefit(benefit=benefit.benefit, text=benefit.text, missing=missing)
            )
    return usable, sorted(missed, key=lambda one: one.missing.amount_minor)


def _discounts(
    currency: str,
    goods: Sequence[Line],
    nets: Mapping[str, int],
    usable: Sequence[GrantedBenefit],
    checkout: Checkout,
) -> dict[str, dict[str, Fraction]]:
    """What each benefit takes off each line of goods, exactly, in minor units."""
    cells = {line.id: _percents(line, nets[line.id], usable, checkout) for line in goods}
    best = checkout.stacking == "best"
    most = sum((_sum(parts) for parts in cells.values()), Fraction(0))
    for one in usable:
        if one.benefit.kind is not BenefitKind.AMOUNT_OFF:
            continue
        taken = {} if best else cells
        left = {
            line.id: nets[line.id] - _sum(taken.get(line.id, {}))
            for line in goods
            if _fits(line, one)
        }
        open_value = _sum(left)
        amount = min(_minor(one.benefit.amount.get(currency, Decimal(0)), currency), open_value)
        if not amount or (best and amount <= most):
            continue
        if best:
            cells, most = {line.id: {} for line in goods}, amount
        for line, value in left.items():
            cells[line][one.benefit.benefit] = amount * value / open_value
    return cells


def _percents(
    line: Line, net: int, usable: Sequence[GrantedBenefit], checkout: Checkout
) -> dict[str, Fraction]:
    groups: dict[str, list[Shares]] = {}
    for one in usable:
        percent = one.benefit.percent
        if one.benefit.kind is BenefitKind.PERCENT_OFF and percent and _fits(line, one):
            name = one.benefit.benefit
            key = f"group {one.benefit.group}" if one.benefit.group else f"alone {name}"
            groups.setdefault(key, []).append({name: Fraction(percent) / 100})
    policies = {f"group {name}": policy for name, policy in checkout.groups.items()}
    units = [stacked(units, policies.get(key, "best")) for key, units in groups.items()]
    return {name: share * net for name, share in stacked(units, checkout.stacking).items()}


def _pricing(
    currency: str,
    nets: Mapping[str, int],
    off: Mapping[str, Mapping[str, int]],
    usable: Sequence[GrantedBenefit],
    missed: Sequence[MissedBenefit],
) -> Pricing:
    lines = []
    sums: dict[str, int] = {}
    for line, net in nets.items():
        discounts = {name: amount for name, amount in off.get(line, {}).items() if amount}
        member_price = net - sum(discounts.values())
        lines.append(
            LinePrice(line=line, price=net, member_price=member_price, discounts=discounts)
        )
        for name, amount in discounts.items():
            sums[name] = sums.get(name, 0) + amount
    used = tuple(
        BenefitUse(
            benefit=one.benefit.benefit,
            source=one.source,
            why=one.why if one.benefit.visible else "",
            amount=Money(sums.pop(one.benefit.benefit), currency),
        )
        for one in usable
        if one.benefit.benefit in sums
    )
    return Pricing(
        price=Money(sum(nets.values()), currency),
        member_price=Money(sum(line.member_price for line in lines), currency),
        lines=tuple(lines),
        used=used,
        missed=tuple(missed),
    )


def _fits(line: Line, one: GrantedBenefit) -> bool:
    benefit = one.benefit
    return (
        _among(line.sku, benefit.skus)
        and (not benefit.categories or not set(line.categories).isdisjoint(benefit.categories))
        and (not benefit.line_tags or not set(line.tags).isdisjoint(benefit.line_tags))
        and set(line.categories).isdisjoint(benefit.without_categories)
    )


def _among(value: str, wanted: Collection[str]) -> bool:
    return not wanted or value in wanted


def _sum(shares: Shares) -> Fraction:
    return sum(shares.values(), Fraction(0))


def _minor(amount: Decimal, currency: str) -> Fraction:
    scale: int = 10 ** minor_digits(currency)
    return Fraction(amount) * scale


def _decimal(value: Fraction) -> Decimal:
    """A decimal that rounds as ``value`` does: only which side of one half it lies on matters."""
    whole, rest = divmod(value.numerator, value.denominator)
    if not rest:
        return Decimal(whole)
    side = (2 * rest > value.denominator) - (2 * rest < value.denominator)
    return Decimal(whole * 4 + 2 + side) / 4
