"""Lines that programs suggest for a cart."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from loyalty_core.application.rules import Rules
from loyalty_core.application.standing import Person
from loyalty_core.domain.facts import Line, Order
from loyalty_core.ports.program import SuggestsLines

logger = logging.getLogger("loyalty_core")


def suggested_lines(rules: Rules, cart: Order, person: Person, failed: list[str]) -> Iterator[Line]:
    """What may be added to a cart; plugins that cannot say are added to ``failed``.

    No two lines of the cart have one id, the suggested ones included.
    """
    taken = {line.id for line in cart.lines}
    for owned in rules.programs:
        if not isinstance(owned.item, SuggestsLines):
            continue
        if rules.quarantine.holds(owned.plugin, "suggest"):
            failed.append(owned.plugin)
            continue
        try:
            with rules.quarantine.asking(owned.plugin, "suggest"):
                lines = tuple(owned.item.suggest(cart, person.view(owned.plugin)))
            if not all(isinstance(line, Line) for line in lines):
                raise TypeError("what is suggested is not all lines")
            ids = {line.id for line in lines}
            if len(ids) < len(lines) or ids & taken:
                raise ValueError(f"a line is there already: {sorted(ids)}")
        except Exception:
            logger.exception("plugin %s failed to suggest lines", owned.plugin)
            failed.append(owned.plugin)
            continue
        taken |= ids
        yield from lines
