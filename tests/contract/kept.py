"""What an erasure leaves: columns of text that say nothing of a person."""

from __future__ import annotations

from tests.contract.catalogue import KEPT_OF_GRANTS
from tests.contract.connected import KEPT_OF_CONNECTORS

KEPT = {
    "loyalty_fact.source": "the shop's own name",
    "loyalty_fact.type": "ours",
    "loyalty_fact.external_id": "the shop's own number, by which a late refund is known",
    "loyalty_fact.status": "ours",
    "loyalty_fact.awards": "rules, amounts and moments",
    "loyalty_fact.currency": "three letters, taken out all the same",
    "loyalty_segment_count.fingerprint": "a hash of the rules",
    "loyalty_member.status": "ours",
    "loyalty_member.said": "names of fields, and of shops",
    "loyalty_member.birthday": "a day that is taken out, which the tests of the calendar look at",
    "loyalty_calendar.kind": "ours",
    "loyalty_calendar.after": "an id",
    "loyalty_scored.rules": "a hash of the configuration",
    "loyalty_scored.after": "an id",
    "loyalty_transaction.kind": "ours",
    "loyalty_transaction.actor": "who of the shop did it",
    "loyalty_transaction.detail": "ids, rules and rewards",
    "loyalty_entry.account": "ours",
    "loyalty_event.type": "ours",
    "loyalty_delivery.subscription": "a plugin's",
    "loyalty_block.previous": "a hash",
    "loyalty_block.root": "a hash",
    "loyalty_block.head": "a hash",
    "loyalty_delivery.state": "ours",
    "loyalty_receipt.input_hash": "a hash, which the test for receipts looks at",
    "loyalty_secret.value": "random",
    "loyalty_erased.digest": "keyed by the secret",
    "loyalty_identity.kind": "ours",
    "loyalty_waiting.kind": "ours",
    "loyalty_waiting.source": "the shop's own name",
    "loyalty_stock.item": "a plugin's",
    **{
        f"loyalty_{table}.{column}": "a board and its period, of the configuration"
        for table in ("score", "score_moved", "ladder", "fence", "place")
        for column in ("board", "period")
    },
    **KEPT_OF_GRANTS,
    **KEPT_OF_CONNECTORS,
    "loyalty_member.absences": "ids of members, and moments",
    "loyalty_member.contributions": "ids of households, moments and percents",
    "loyalty_household_member.role": "ours",
    "loyalty_household_member.state": "ours",
    "loyalty_household_member.share": "a percentage",
    "loyalty_presence.subscriptions": "plugins'",
    "loyalty_link.partner": "a program",
    "loyalty_redemption.came_back": "ids and amounts of lots",
    "loyalty_partner_redemption.issuer": "a program",
    "loyalty_partner_redemption.source": "the shop's own name",
    "loyalty_partner_redemption.order_id": "the shop's own number, as of a redemption",
    "loyalty_partner_redemption.currency": "of its price",
    "loyalty_own_table.name": "a plugin's",
    "loyalty_own_table.plugin": "a plugin's",
    "loyalty_own_table.moments": "a plugin's columns",
    "loyalty_quarantine.plugin": "a plugin's",
    "loyalty_quarantine.call": "a method's name",
    "loyalty_quarantine.of": "a plugin's",
    "loyalty_quarantine.version": "a plugin's",
    "loyalty_quarantine.reason": "the class of an error",
    "loyalty_settlement.debtor": "a program",
    "loyalty_settlement.creditor": "a program",
    "loyalty_settlement.kind": "ours",
    "loyalty_settlement.currency": "of its price",
    "loyalty_settlement.reference": "of a payment between shops",
    "loyalty_settlement.actor": "who of the shop did it",
}
"""Texts that say nothing of a person, each with the reason; every other one must be planted."""
