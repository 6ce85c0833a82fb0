"""A program with a catalogue for tests: prices, limits and codes that are easy to work out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from sqlalchemy import Connection, insert

from loyalty_core import (
    Credit,
    Decidable,
    Effect,
    Grant,
    GrantState,
    Json,
    Loyalty,
    MemberView,
    Order,
    PluginManifest,
    ProgramConfig,
    RewardType,
    hookimpl,
    line_nets,
)
from loyalty_core.domain.grants import GrantId, GrantRecord, Terms
from loyalty_core.storage import grant_tables
from loyalty_core.storage.grants import grant_row
from tests.contract.conftest import Shop
from tests.toy import START

CARD: Mapping[str, Json] = {"kind": "gift_card", "amount": "10.00", "points": 100}


class Giver:
    """A plugin: a point a dollar, and a grant of ``welcome`` with the first order."""

    manifest = PluginManifest(id="giver", version="1", requires_plugin_api=">=1.0,<2")

    @hookimpl
    def loyalty_register_programs(self, config: None, program: ProgramConfig) -> Any:
        return [self]

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        if not isinstance(fact, Order):
            return [Grant(reward="welcome", rule=fact.kind)]
        points = sum(line_nets(fact).values()) // 100
        earned = Credit(wallet="points", amount=points, rule="base")
        first = [] if member.history.orders else [Grant(reward="welcome", rule="first")]
        return [earned, *first]


class Numbered:
    """Draws codes that count: `000000000001`, `000000000002`, ..."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self, alphabet: str, length: int) -> str:
        return f"{next(self._numbers):0{length}d}"


KEPT_OF_GRANTS = {
    "loyalty_redemption.plugin": "a plugin's",
    "loyalty_redemption.reward": "a plugin's",
    "loyalty_redemption.item": "a plugin's",
    "loyalty_redemption.state": "ours",
    "loyalty_redemption.currency": "of what it is worth",
    "loyalty_redemption.lines": "the shop's own numbers of lines, and amounts",
    "loyalty_redemption.account": "a wallet and an id",
    "loyalty_redemption.lots": "ids and amounts",
    "loyalty_redemption.source": "the shop's own name",
    "loyalty_redemption.order_id": "the shop's own number, by which a late refund is known",
    "loyalty_fact.gifts": "rules, rewards and moments",
    "loyalty_fact.claims": "a plugin's names of what is limited",
    "loyalty_fact.causes": "a plugin, a rule and a hash",
    "loyalty_grant.reward": "the configuration's",
    "loyalty_grant.state": "ours",
    "loyalty_grant.terms": "what the configuration said",
    "loyalty_grant.currency": "of what it is worth",
    "loyalty_grant.borne_by": "a partner, not a person",
    "loyalty_grant.revoked_for": "ours",
    "loyalty_grant.plugin": "a plugin's",
    "loyalty_grant.rule": "a plugin's",
    "loyalty_grant.source": "the shop's own name",
    "loyalty_grant.order_id": "the shop's own number",
    "loyalty_grant.actor": "who of the shop did it",
    "loyalty_code.pool": "the configuration's",
}
"""Texts of redemptions and grants that say nothing of a person, each with the reason."""


def plant_grant(connection: Connection, member: str, mark: str) -> None:
    """A grant with the mark in all that is personal; its id is the member's, as any would do."""
    made = GrantRecord(
        id=GrantId(member),
        member_id=member,
        reward="gift",
        state=GrantState.ISSUED,
        terms=Terms(kind=RewardType.CUSTOM, name="gift", currency="USD"),
        code=mark,
        reason=mark,
        created_at=START,
    )
    connection.execute(insert(grant_tables.grant).values(grant_row(made, "shop")))
    drawn = {"program": "shop", "code": mark, "pool": "", "taken": True, "grant_id": member}
    connection.execute(insert(grant_tables.code).values(drawn))


def catalogue(shop: Shop, rewards: Mapping[str, Any], **program: Any) -> Loyalty:
    """The program with these rewards, and the plugin on."""
    config = {
        "program": {"id": "shop", **program},
        "wallets": {"points": {}},
        "rewards": rewards,
        "plugins": {"giver": {}},
    }
    return shop.open(config=config, toys=(Giver(),), draw=Numbered())


def funded(loyalty: Loyalty, points: int, email: str = "ada@example.org") -> str:
    """A member with so many points, from nowhere."""
    member = loyalty.enrol({"email": email}).id
    loyalty.adjust(member, "points", points, reason="test", actor="test", key=f"fund {email}")
    return member


def sound(loyalty: Loyalty) -> None:
    """The books have nothing to say."""
    assert loyalty.verify().problems == ()
