"""What programs show members besides wallets, tiers and benefits."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from loyalty_core.application.plain import is_document
from loyalty_core.application.rules import Rules
from loyalty_core.application.standing import Person
from loyalty_core.domain.facts import Json

logger = logging.getLogger("loyalty_core")


def shown(
    rules: Rules, person: Person, at: datetime, ranks: Mapping[str, int]
) -> dict[str, Mapping[str, Json]]:
    """What every program shows the member at a moment, by plugin.

    A plugin that fails or is in quarantine is left out: it must not take a statement's balances
    with it.
    """
    person = replace(person, ranks=ranks) if ranks else person
    found: dict[str, Mapping[str, Json]] = {}
    for plugin, program in rules.showing.items():
        if rules.quarantine.holds(plugin, "show"):
            continue
        try:
            with rules.quarantine.asking(plugin, "show"):
                made = program.show(person.view(plugin), at)
                if not is_document(made):
                    raise TypeError("what is shown is not a JSON object")
        except Exception:
            log = {"plugin": plugin}
            logger.exception("plugin %s failed to show a member", plugin, extra=log)
        else:
            found[plugin] = made
    return found
