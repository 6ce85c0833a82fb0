"""Asking rewards what they would cost and give, and what they see of a member."""

from __future__ import annotations

import logging
from datetime import datetime

from loyalty_core.application.plain import is_json
from loyalty_core.application.rules import Rules
from loyalty_core.application.standing import STRANGER, Person, person_of, stood
from loyalty_core.domain.amounts import LARGEST_AMOUNT, Money
from loyalty_core.domain.members import MemberView
from loyalty_core.domain.rewards import SpendOffer, SpendRequest
from loyalty_core.errors import PluginFailed
from loyalty_core.ports.program import Owned, RewardKind
from loyalty_core.ports.records import MemberRecord

logger = logging.getLogger("loyalty_core")


def priced(
    owned: Owned[RewardKind], request: SpendRequest, view: MemberView, rules: Rules
) -> SpendOffer:
    """What a reward would cost and give; raises ``PluginFailed`` if its plugin does not say.

    After the last day of the program points buy nothing.
    """
    program = rules.config.program
    if request.at is not None and not program.spends(request.at):
        nothing = Money(0, program.currency)
        over = "the program has ended"
        return SpendOffer(wallet=owned.item.wallet, points=0, worth=nothing, refusal=over)
    with rules.quarantine.asking(owned.plugin, "offer", owned.item.id):
        try:
            offer = owned.item.offer(request, view)
            fault = _fault(offer, owned.item)  # rubbish may raise when it is looked at
        except Exception as error:
            logger.exception("plugin %s failed to price %s", owned.plugin, owned.item.id)
            raise PluginFailed(
                f"plugin {owned.plugin!r} raised {type(error).__name__} pricing {owned.item.id!r}",
                where=owned.plugin,
            ) from error
    if fault:
        logger.error("plugin %s offered for %s %s", owned.plugin, owned.item.id, fault)
        raise PluginFailed(f"plugin {owned.plugin!r} offered {fault}", where=owned.plugin)
    if not 0 <= offer.points <= max(request.available, 0):
        raise PluginFailed(
            f"plugin {owned.plugin!r} offered what the member does not have", where=owned.plugin
        )
    return offer


def _fault(offer: object, reward: RewardKind) -> str:
    """What is wrong with an offer, in words that follow the plugin's name; empty if nothing."""
    if not isinstance(offer, SpendOffer):
        return f"{offer!r}, which is not an offer"
    if offer.wallet != reward.wallet:
        return f"to take points of {offer.wallet!r}, and not of {reward.wallet!r}"
    amounts = [offer.points, offer.worth.amount_minor, offer.minimum, offer.step]
    amounts += [*offer.lines.values(), offer.stock or 0]
    if any(type(one) is not int or not 0 <= one < LARGEST_AMOUNT for one in amounts):
        return f"{offer.points!r} points for {offer.worth!r}: amounts are sensible whole numbers"
    texts = {"": [offer.refusal, offer.item, offer.account, offer.worth.currency, *offer.lines]}
    if not is_json(texts) or not is_json(offer.detail) or not offer.step:
        return "what cannot be kept: texts and details are JSON, and a step is at least one"
    return ""


def buyer(record: MemberRecord | None, rules: Rules, at: datetime) -> Person:
    """A member as rewards see them at a moment, with the tiers held then; or a stranger."""
    return stood(rules, person_of(record, rules), at).person if record else STRANGER.person
