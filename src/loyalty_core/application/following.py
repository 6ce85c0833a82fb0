"""What a fact came to, as programs that follow facts are told it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import floor

from loyalty_core.domain.effects import Credit
from loyalty_core.domain.facts import Activity, Decidable, LineKind, Order
from loyalty_core.domain.orders import OrderDocument, kept_share, line_nets, refunded_values
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.domain.tiers import Outcome, Returned


def outcome_of(
    fact: Decidable,
    document: OrderDocument | Activity,
    credits: Sequence[Credit],
    measures: Mapping[str, int],
    goodwill: GoodwillPolicy,
) -> Outcome:
    """What a fact came to, with the refunds of its document in their order."""
    if not isinstance(fact, Order):
        return Outcome(fact=fact, credits=tuple(credits), measures=measures)
    returned: tuple[Returned, ...] = ()
    if isinstance(document, OrderDocument) and document.refunds:
        returned = tuple(_returned(fact, document, credits, goodwill))
    return Outcome(
        fact=fact,
        credits=tuple(credits),
        measures=measures,
        value=int(_goods(fact, line_nets(fact))),
        returned=returned,
    )


def _returned(
    order: Order, document: OrderDocument, credits: Sequence[Credit], goodwill: GoodwillPolicy
) -> Iterator[Returned]:
    """What is left after each refund; a refund from before its order happens with it."""
    refunds = sorted(
        document.counting(goodwill),
        key=lambda one: (max(one.occurred_at, order.occurred_at), one.id),
    )
    known = {}
    for refund in refunds:
        known[refund.id] = refund
        part = replace(document, refunds=known)
        back = refunded_values(part, goodwill)
        points: dict[str, int] = {}
        for credit in credits:
            lines = credit.lines or {"": credit.amount}
            left = sum(kept_share(lines, part, goodwill).values())
            points[credit.wallet] = points.get(credit.wallet, 0) + left
        yield Returned(
            at=max(refund.occurred_at, order.occurred_at),
            value=int(_goods(order, line_nets(order))) - floor(_goods(order, back)),
            points=points,
            whole=not sum(kept_share({"": 1}, part, goodwill).values()),
            gone=tuple(
                line.id
                for line in order.lines
                if not kept_share({line.id: 1}, part, goodwill)[line.id]
            ),
        )


def _goods(order: Order, values: Mapping[str, int] | Mapping[str, Fraction]) -> Fraction:
    """The sum of what is on goods."""
    return Fraction(sum(values[line.id] for line in order.lines if line.kind is LineKind.GOODS))
