"""What an order counts as, for questions over many members: what its customer kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from loyalty_core.domain.facts import Line, LineKind
from loyalty_core.domain.orders import (
    OrderDocument,
    earns,
    is_purchase,
    kept_share,
    line_nets,
    refunded_values,
    returned_quantities,
)
from loyalty_core.domain.programs import GoodwillPolicy


@dataclass(frozen=True, slots=True)
class Sale:
    """An order of which something was kept.

    ``kept`` is what its goods cost after discounts and refunds, in minor units, and ``categories``
    are those of the lines that were not wholly given back.
    """

    kept: int
    currency: str
    categories: tuple[str, ...] = ()


def sale_of(document: OrderDocument, goodwill: GoodwillPolicy) -> Sale | None:
    """What was kept of a purchase; None while it is not paid, and once all of it was given back."""
    body = document.body
    if body is None or not earns(body) or not is_purchase(body):
        return None
    nets = line_nets(body)
    goods = [line for line in body.lines if line.kind is LineKind.GOODS]
    kept = sum([nets[line.id] for line in goods])
    if document.refunds and (refunds := document.counting(goodwill)):
        if not kept_share({"": 1}, document, goodwill)[""]:
            return None
        back, pieces = refunded_values(document, goodwill), returned_quantities(body, refunds)
        kept -= floor(sum(back[line.id] for line in goods))
        goods = [line for line in goods if _pieces_kept(line, nets, back, pieces)]
    named = [category for line in goods for category in line.categories]
    return Sale(kept, document.currency, tuple(dict.fromkeys(named)) if named else ())


def goods_kept(document: OrderDocument) -> list[tuple[Line, int]]:
    """The lines of goods of which the customer has something, each with how many pieces.

    Money given back as goodwill takes no goods.
    """
    body = document.body
    assert body is not None
    nets, back = line_nets(body), refunded_values(document)
    pieces = returned_quantities(body, document.counting(GoodwillPolicy.KEEP))
    goods = [line for line in body.lines if line.kind is LineKind.GOODS]
    kept = [(line, _pieces_kept(line, nets, back, pieces)) for line in goods]
    return [(line, number) for line, number in kept if number]


def _pieces_kept(
    line: Line,
    nets: Mapping[str, int],
    back: Mapping[str, Fraction],
    returned: Mapping[str, int],
) -> int:
    """How many pieces of a line are left, at least one while some of its value is."""
    left = max(line.quantity, 1) - returned[line.id]
    if not nets[line.id]:
        return left
    return max(left, 1) if back[line.id] < nets[line.id] else 0
