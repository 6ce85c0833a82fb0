"""What members have, shown in the shop: balances by compare-and-set, and no echoes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import order, webhook
from loyalty_core import Loyalty
from loyalty_core.testing import Asked, FrozenClock
from plugins.shopify.tests.build import ada, opened, sent
from plugins.shopify.tests.stand import shown

TIERS = {
    "tiers": {
        "scheme": [
            {
                "scheme": "club",
                "tier": [
                    {"tier": "iron"},
                    {"tier": "silver", "any_of": [{"metric": "orders", "at_least": 1}]},
                ],
            }
        ]
    }
}


@pytest.fixture
def showing(double: Shopify, clock: FrozenClock) -> Iterator[Loyalty]:
    with opened(double, clock=clock, show_members=True) as loyalty:
        sent(loyalty, webhook(order(1)))
        yield loyalty


def test_balances_are_written_where_a_theme_can_show_them(
    double: Shopify, showing: Loyalty
) -> None:
    assert showing.tick().actions == 1
    assert shown(double) == {
        "member": ada(showing),
        "revision": 2,
        "tiers": {},
        "wallets": {"points": {"available": "10", "balance": "10", "pending": "0"}},
    }


def test_our_own_writes_are_not_taken_for_news(double: Shopify, clock: FrozenClock) -> None:
    with opened(double, clock=clock, show_members=True, plugins=TIERS) as loyalty:
        double.customers["7000"]["tags"] = "tier:iron, vip"
        sent(loyalty, webhook(order(1)))
        loyalty.tick()
        assert double.customers["7000"]["tags"] == "tier:silver, vip"
        assert shown(double)["tiers"] == {"club": "silver"}
        assert len(double.echoes) == 3
        sent(loyalty, *double.echoes)
        found = loyalty.find({"email": "ada@example.org"})
        assert found is not None
        assert found.profile.tags == ("vip",)
        assert [loyalty.tick().actions for _ in range(2)] == [0, 0]
        assert len(double.echoes) == 3


def test_what_was_written_later_stays(double: Shopify, showing: Loyalty) -> None:
    place = "gid://shopify/Customer/7000", "loyalty.member"
    double.metafields[place] = json.dumps({"member": ada(showing), "revision": 9})
    assert showing.tick().actions == 1
    assert shown(double)["revision"] == 9
    double.metafields[place] = json.dumps({"member": "another program's", "revision": 9})
    sent(showing, webhook(order(2)))
    showing.tick()
    assert shown(double)["wallets"]["points"]["balance"] == "20"


def test_what_somebody_else_writes_meanwhile_is_seen(
    double: Shopify, showing: Loyalty, clock: FrozenClock
) -> None:
    place = "gid://shopify/Customer/7000", "loyalty.member"

    def somebody_writes(asked: Asked) -> None:
        if b"metafieldsSet" in asked.body and place not in double.metafields:
            double.metafields[place] = "{}"

    double.during = somebody_writes
    assert showing.tick().actions == 0
    clock.advance(minutes=1)
    assert showing.tick().actions == 1
    assert shown(double)["wallets"]["points"]["balance"] == "10"


def test_an_account_that_is_gone_is_no_fault(double: Shopify, showing: Loyalty) -> None:
    double.customers.clear()
    assert showing.tick().actions == 1
    assert double.metafields == {}
