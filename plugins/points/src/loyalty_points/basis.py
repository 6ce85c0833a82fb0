"""What of an order can earn under a rule: the value of each line, and the share paid for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from loyalty_core import SHIPPING, Line, Order, line_nets, minor_digits, order_total
from loyalty_points.conditions import chooses_lines, matching_lines
from loyalty_points.config import Basis, EarnRule, OrderWhen

WHOLE = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a rule looks at in one order.

    ``values`` are the minor units by line (``SHIPPING`` for shipping) that can earn, before
    ``share`` of them is taken: the part of the order paid with tenders that earn. ``lines`` are
    the goods concerned.
    """

    lines: tuple[Line, ...]
    values: Mapping[str, int]
    share: Fraction

    @property
    def amount(self) -> Fraction | int:
        """What earns in all, in minor units, exactly."""
        return self.shared(sum(self.values.values()))

    def shared(self, minor: int) -> Fraction | int:
        """The part of ``minor`` units that was paid with tenders that earn, exactly."""
        return minor if self.share is WHOLE else minor * self.share


def scope_of(rule: EarnRule, order: Order) -> Scope | None:
    """What the rule looks at in the order, or None where the rule does not apply to it.

    It does not where no line fits, where nothing was paid with tenders that earn, and where
    what can earn stays below ``minimum_amount`` or that names no amount in this currency.
    """
    lines = matching_lines(rule.when, order)
    share = _paid_share(order, rule.when.payments, rule.basis.unearning_tenders)
    if not lines or not share:
        return None
    values = _values(order, lines, rule.basis)
    if rule.basis.shipping and order.shipping and not chooses_lines(rule.when):
        values[SHIPPING] = _with_tax(order.shipping, order.shipping_tax, order, rule.basis)
    scope = Scope(lines=lines, values=values, share=share)
    return scope if _reaches(rule.when, order.currency, scope) else None


def _values(order: Order, lines: tuple[Line, ...], basis: Basis) -> dict[str, int]:
    nets = line_nets(order) if basis.discounts == "after" else {}
    return {
        line.id: _with_tax(nets.get(line.id, line.amount), line.tax, order, basis) for line in lines
    }


def _with_tax(price: int, tax: int, order: Order, basis: Basis) -> int:
    if basis.tax == "include" and not order.tax_included:
        return price + tax
    if basis.tax == "exclude" and order.tax_included:
        return max(price - tax, 0)
    return price


def _paid_share(order: Order, payments: tuple[str, ...], unearning: tuple[str, ...]) -> Fraction:
    kinds = payments or unearning
    concerned = [tender.amount for tender in order.tenders if tender.kind in kinds]
    if not concerned:
        return Fraction(0) if payments else WHOLE
    total = order_total(order)
    if total <= 0:
        return WHOLE
    part = min(sum(concerned), total)
    return Fraction(part if payments else total - part, total)


def _reaches(when: OrderWhen, currency: str, scope: Scope) -> bool:
    if not when.minimum_amount:
        return True
    minimum = when.minimum_amount.get(currency)
    return minimum is not None and scope.amount >= Fraction(minimum) * 10 ** minor_digits(currency)
