"""What one rule gives for one order, exactly, and how much of it each line earned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm

from loyalty_core import Order, Rounding, line_nets, minor_digits, split
from loyalty_points.basis import WHOLE, Scope
from loyalty_points.conditions import chooses_lines
from loyalty_points.config import EarnRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """Points that a rule gives: ``amount`` in the wallet's smallest unit, the sum of ``lines``.

    ``share`` is the part of the order that earned it, by how the order was paid.
    """

    rule: EarnRule
    amount: int
    lines: Mapping[str, int]
    share: Fraction = WHOLE

    def cut(self, amount: int) -> Award:
        """The same award of only ``amount``, each line keeping its share of it."""
        if amount == self.amount:
            return self
        shares = split(amount, list(self.lines.values()))
        return replace(self, amount=amount, lines=dict(zip(self.lines, shares, strict=True)))


def smallest_units(points: Decimal, scale: int) -> int:
    """``points`` in smallest units of a wallet with ``scale`` digits, rounded down.

    >>> smallest_units(Decimal("2.5"), 1), smallest_units(Decimal(3), 0)
    (25, 3)
    """
    return int(points.scaleb(scale))


def rounded(value: Fraction | int, rounding: Rounding) -> int:
    """The whole number that ``rounding`` makes of ``value``, whatever its size and precision.

    >>> rounded(Fraction(5, 2), Rounding.HALF_EVEN), rounded(Fraction(1, 3), Rounding.UP)
    (2, 1)
    """
    return _quotient(value.numerator, value.denominator, rounding)


def _quotient(part: int, of: int, rounding: Rounding) -> int:
    """``part / of`` as a whole number; the fraction need not be in its lowest terms."""
    whole, rest = divmod(part, of)
    if rest == 0 or rounding is Rounding.DOWN:
        return whole
    side = (2 * rest > of) - (2 * rest < of)
    # Only which side of one half the fraction lies on matters, and that is exact in a Decimal.
    return rounding.apply(Decimal(whole * 4 + 2 + side) / 4)


def award_of(
    rule: EarnRule, order: Order, scope: Scope, scale: int, base: Iterable[Award]
) -> Award | None:
    """What ``rule`` gives for the order, before caps; None where it gives nothing.

    ``base`` is what rules by amount and bonuses gave already; multipliers multiply it.
    """
    if rule.multiply is not None:
        lines = _multiplied(rule, rule.multiply, order, scope, base)
    elif rule.bonus is not None:
        lines = _bonus(rule, order, scope, smallest_units(rule.bonus, scale))
    else:
        lines = _by_amount(rule, order.currency, scope, scale)
    lines = {line: points for line, points in lines.items() if points}
    if not lines:
        return None
    return Award(rule=rule, amount=sum(lines.values()), lines=lines, share=scope.share)


def _by_amount(rule: EarnRule, currency: str, scope: Scope, scale: int) -> dict[str, int]:
    price = _price(rule, currency)
    if price is None:
        return {}
    unit, points = price
    if rule.mode == "step" or (rule.mode is None and rule.per):
        size, worth = _per_minor(unit, Decimal(1), 0, currency) ** -1, Fraction(points) * 10**scale

        def earned(minor: Fraction | int) -> int:
            return rounded(minor // size * worth, rule.rounding)
    else:
        rate = _per_minor(unit, points, scale, currency)

        def earned(minor: Fraction | int) -> int:
            part, of = minor.numerator * rate.numerator, minor.denominator * rate.denominator
            return _quotient(part, of, rule.rounding)

    if rule.round_per == "line":
        return {line: earned(scope.shared(value)) for line, value in scope.values.items()}
    return _spread(earned(scope.amount), scope.values)


def _price(rule: EarnRule, currency: str) -> tuple[Decimal, Decimal] | None:
    """The major units that earn, and the points they earn; None in a currency not named."""
    if currency in rule.rate:
        return Decimal(1), rule.rate[currency]
    if currency in rule.per and rule.points is not None:
        return rule.per[currency], rule.points
    return None


@lru_cache(maxsize=256)
def _per_minor(unit: Decimal, points: Decimal, scale: int, currency: str) -> Fraction:
    """The smallest units of points that one minor unit of money earns, exactly."""
    smallest: int = 10**scale
    minor: int = 10 ** minor_digits(currency)
    return Fraction(points) * smallest / (Fraction(unit) * minor)


def _bonus(rule: EarnRule, order: Order, scope: Scope, points: int) -> dict[str, int]:
    if rule.bonus_for == "item":
        return {line.id: points * line.quantity for line in scope.lines}
    nets = line_nets(order)
    values = {line.id: nets[line.id] for line in scope.lines}
    return _spread(points, values if any(values.values()) else dict.fromkeys(values, 1))


def _multiplied(
    rule: EarnRule, multiply: Decimal, order: Order, scope: Scope, base: Iterable[Award]
) -> dict[str, int]:
    wanted = {line.id for line in scope.lines}
    everything = not chooses_lines(rule.when)
    weights: dict[str, Fraction | int] = {}
    for award in base:
        if not _is_multiplied(rule, award.rule):
            continue
        paid = min(WHOLE, scope.share / award.share) if rule.when.payments else 1
        for line, points in award.lines.items():
            if everything or line in wanted:
                weights[line] = weights.get(line, 0) + points * paid
    extra = rounded(sum(weights.values()) * Fraction(multiply - 1), rule.rounding)
    whole = lcm(*(weight.denominator for weight in weights.values()))
    return _spread(extra, {line: int(weight * whole) for line, weight in weights.items()})


def _is_multiplied(multiplier: EarnRule, rule: EarnRule) -> bool:
    if multiplier.multiplies:
        return rule.rule in multiplier.multiplies
    return rule.wallet == multiplier.wallet and rule.bonus is None


def _spread(points: int, weights: Mapping[str, int]) -> dict[str, int]:
    shares = split(points, list(weights.values()))
    return dict(zip(weights, shares, strict=True))
