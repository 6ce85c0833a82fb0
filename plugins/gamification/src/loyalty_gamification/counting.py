"""Which facts count, and how much each one counts for."""

from __future__ import annotations

from decimal import Decimal

from loyalty_core import Activity, Order, Outcome, ProgramConfig, is_purchase, minor_digits
from loyalty_gamification.config import Counts, What

ORDER = "order"
"""The ``kind`` of orders."""


def amount_of(what: What, counts: Counts, outcome: Outcome, currency: str) -> int:
    """How much a fact counts for: its number (1), or its value in minor units; 0 if it does not.

    An order counts with what all its refunds have left of it, and not at all once it was wholly
    given back: what it had won is taken back with it.
    """
    if not fits(what, outcome.fact):
        return 0
    left = outcome.returned[-1] if outcome.returned else None
    if left is not None and left.whole:
        return 0
    if counts == "times":
        return 1
    if not isinstance(outcome.fact, Order) or outcome.fact.currency != currency:
        return 0
    return left.value if left is not None else outcome.value


def fits(what: What, fact: Order | Activity) -> bool:
    """Whether a fact is one of those that count."""
    if isinstance(fact, Order):
        lines = not what.skus or any(line.sku in what.skus for line in fact.lines)
        wanted = set(what.categories)
        lines = lines and (not wanted or any(wanted & set(one.categories) for one in fact.lines))
        if what.kind != ORDER or what.data or not lines or not is_purchase(fact):
            return False
    elif what.kind != fact.kind or any(fact.data.get(k) != v for k, v in what.data.items()):
        return False
    return (
        (not what.channels or fact.channel in what.channels)
        and (not what.stores or fact.store in what.stores)
        and (not what.tags or bool(set(what.tags) & set(fact.tags)))
    )


def whole(needs: Decimal, counts: Counts, program: ProgramConfig) -> int:
    """What is needed as a whole number: a count, or minor units."""
    digits = minor_digits(program.program.currency) if counts == "spend" else 0
    return int(needs.scaleb(digits))
