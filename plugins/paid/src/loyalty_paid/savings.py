"""What a membership has saved: the discounts that orders had by its benefits."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from loyalty_core import (
    BenefitKind,
    LineKind,
    Minor,
    Order,
    ProgramConfig,
    price,
)
from loyalty_paid.config import Plan
from loyalty_paid.turn import Turn


def save(turn: Turn, order: Order, program: ProgramConfig) -> None:
    """Adds what the order saved to the period it falls into; refunds take their share."""
    membership = turn.membership
    span = (membership.span(turn.at) or membership.last(turn.at)) if membership else None
    plan = turn.plans.get(span.plan) if span else None
    if span is None or plan is None or order.currency != turn.plans.currency:
        return
    saved = _goods(turn, order, program)
    left = turn.outcome.returned[-1] if turn.outcome.returned else None
    if left is not None:
        value = turn.outcome.value
        saved = 0 if left.whole or not value else saved * left.value // value
    if left is None or not left.whole:
        saved += _shipping(turn, order, plan)
    span.saved += saved


def _goods(turn: Turn, order: Order, program: ProgramConfig) -> int:
    """What our benefits take off the goods by their list prices, and no more than was taken off."""
    goods = [line for line in order.lines if line.kind is LineKind.GOODS]
    given = sum(line.discount for line in goods) + order.discount
    if not given:
        return 0
    lines = tuple(replace(line, discount=Minor(0)) for line in order.lines)
    listed = replace(order, lines=lines, discount=Minor(0), shipping=Minor(0), total=None)
    pricing = price(listed, turn.member.benefits, program.checkout, turn.plans.day(turn.at))
    ours = sum(use.amount.amount_minor for use in pricing.used if _ours(use.source))
    return min(ours, given)


def _shipping(turn: Turn, order: Order, plan: Plan) -> int:
    """What free shipping was worth, by the plan's word for it, if the order had it."""
    shipped = [line for line in order.lines if line.kind is LineKind.GOODS]
    free = any(
        one.benefit.kind is BenefitKind.FREE_SHIPPING and _ours(one.source)
        for one in turn.member.benefits
    )
    return turn.plans.shipping_worth(plan) if free and shipped and not order.shipping else 0


def _ours(source: str) -> bool:
    return source.startswith("paid.")


def earned_back_at(plan: Plan, fee: int) -> int | None:
    """What has to be spent, at list prices, for the plan's percents alone to save the fee.

    Rounded up to the minor unit; None if nothing it gives is a percent off everything.

    >>> from decimal import Decimal
    >>> from loyalty_core import Benefit
    >>> off = Benefit(benefit="b", kind=BenefitKind.PERCENT_OFF, percent=Decimal(20))
    >>> earned_back_at(Plan(plan="p", price=Decimal(99), period="year", benefits=(off,)), 9900)
    49500
    """
    percents = [
        one.percent
        for one in plan.benefits
        if one.percent
        and not (one.skus or one.categories or one.line_tags or one.dates or one.for_tags)
    ]
    if not percents:
        return None
    return -int(-Fraction(fee) * 100 // Fraction(max(percents)))
