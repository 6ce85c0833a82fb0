"""What is made in the shop: each code once, for as long as its grant can be used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import bag, line, order, webhook
from loyalty_core import GrantReceipt, Loyalty
from loyalty_core.testing import Fault, FrozenClock
from plugins.shopify.tests.build import CONNECTOR, ada, points, sent
from plugins.shopify.tests.stand import REWARDS, making


@pytest.fixture
def shop(double: Shopify, clock: FrozenClock) -> Iterator[Loyalty]:
    with making(double, clock, rewards=REWARDS) as loyalty:
        yield loyalty


def bought(loyalty: Loyalty, reward: str) -> GrantReceipt:
    loyalty.redeem(ada(loyalty), reward=reward, key=reward)
    return grant(loyalty)


def grant(loyalty: Loyalty) -> GrantReceipt:
    return loyalty.grants(ada(loyalty))[0]


def made(double: Shopify) -> dict[str, Any]:
    (one,) = double.codes.values()
    return dict(one["given"])


@pytest.mark.parametrize(
    ("reward", "said"),
    [
        (
            "five",
            {
                "customerGets": {
                    "value": {"discountAmount": {"amount": "5.00", "appliesOnEachItem": False}},
                    "items": {"all": True},
                }
            },
        ),
        ("tenth", {"customerGets": {"value": {"percentage": 0.125}, "items": {"all": True}}}),
        (
            "post",
            {
                "destination": {"all": True},
                "minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": "20.00"}},
            },
        ),
    ],
)
def test_a_code_is_made_as_its_reward_says(
    double: Shopify, shop: Loyalty, reward: str, said: dict[str, Any]
) -> None:
    assert bought(shop, reward).state == "preparing"
    assert shop.tick().actions == 1
    found, given = grant(shop), made(double)
    assert (found.state, found.code) == ("issued", given["code"])
    assert found.grant_id in given["title"]
    common = {
        "code": found.code,
        "title": given["title"],
        "startsAt": given["startsAt"],
        "endsAt": None,
        "context": {"customers": {"add": ["gid://shopify/Customer/7000"]}},
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
    }
    assert given == common | said
    assert points(shop) == 50


def test_what_expires_here_ends_in_the_shop_as_well(double: Shopify, clock: FrozenClock) -> None:
    """A job that does not run leaves no code that works for ever."""
    ending = {name: one | {"valid_days": 30} for name, one in REWARDS.items()}
    double.scopes.append("write_gift_cards")
    with making(double, clock, rewards=ending) as shop:
        for reward in ("five", "card"):
            bought(shop, reward)
        shop.tick()
        ends = {one.kind: one.expires_at for one in shop.grants(ada(shop))}
        discount, card = ends["discount"], ends["gift_card"]
        assert discount is not None
        assert card is not None
        assert made(double)["endsAt"] == discount.isoformat()
        assert [one["expiresOn"] for one in double.gift_cards] == ["2026-08-30"]
        assert card.date().isoformat() == "2026-08-30"


@pytest.mark.parametrize("reward", ["five", "post"])
def test_a_code_that_was_deactivated_gets_its_end_back(
    double: Shopify, clock: FrozenClock, reward: str
) -> None:
    """Activating takes the end away; an answer that is lost between the two changes nothing."""
    ending = {name: one | {"valid_days": 30} for name, one in REWARDS.items() if name != "card"}
    with making(double, clock, rewards=ending) as shop:
        bought(shop, reward)
        double.faults += [Fault(kind="delay", seconds=0)] * 2 + [Fault(kind="forget")]
        shop.tick()
        (discount,) = (one["codeDiscount"] for one in double.codes.values())
        discount |= {"status": "EXPIRED", "endsAt": double.now.isoformat()}
        double.faults += [Fault(kind="delay", seconds=0), Fault(kind="forget")]
        for _ in range(2):
            clock.advance(hours=1)
            shop.tick()
        ends = grant(shop).expires_at
        assert ends is not None
        assert (discount["status"], discount["endsAt"]) == ("ACTIVE", ends.isoformat())
        assert (grant(shop).state, len(double.codes)) == ("issued", 1)


def test_a_card_that_was_made_days_ago_ends_when_its_grant_does(
    double: Shopify, clock: FrozenClock
) -> None:
    """The answer was lost, and the shop away: its days count from when it can be used."""
    double.scopes.append("write_gift_cards")
    ending = {"card": REWARDS["card"] | {"valid_days": 30}}
    with making(double, clock, rewards=ending) as shop:
        bought(shop, "card")
        double.faults += [Fault(kind="delay", seconds=0)] * 2 + [Fault(kind="forget")]
        shop.tick()
        assert [one["expiresOn"] for one in double.gift_cards] == ["2026-08-30"]
        clock.advance(days=2)
        shop.tick()
        assert [one["expiresOn"] for one in double.gift_cards] == ["2026-09-01"]
        ends = grant(shop).expires_at
        assert ends is not None
        assert ends.isoformat() == "2026-09-01T00:00:00+00:00"


def test_health_names_the_scopes_that_rewards_need(double: Shopify, shop: Loyalty) -> None:
    assert shop.connector_health(CONNECTOR).detail == "the app lacks the scopes write_gift_cards"
    double.scopes = ["read_orders", "write_customers", "write_gift_cards"]
    assert shop.connector_health(CONNECTOR).detail == "the app lacks the scopes write_discounts"


def test_a_member_without_an_account_gets_a_code_for_everybody(
    double: Shopify, clock: FrozenClock
) -> None:
    with making(double, clock, rewards=REWARDS) as shop:
        guest = order(2, customer=None, email="bob@example.org")
        guest["line_items"] = [line(price="50.00", price_set=bag("50.00"))]
        sent(shop, webhook(guest))
        bob = shop.find({"email": "bob@example.org"})
        assert bob is not None
        shop.redeem(bob.id, reward="five", key="k")
        shop.tick()
        assert made(double)["context"] == {"all": "ALL"}


def test_a_gift_card_is_the_members_and_worth_what_they_paid(
    double: Shopify, shop: Loyalty
) -> None:
    bought(shop, "card")
    shop.tick()
    (card,) = double.gift_cards
    found = grant(shop)
    assert card["given"] == {
        "initialValue": "5.00",
        "code": found.code,
        "note": f"Card [{found.grant_id}]",
        "customerId": "gid://shopify/Customer/7000",
        "expiresOn": None,
    }


def test_a_gift_card_that_is_not_found_yet_is_looked_for_again(
    double: Shopify, shop: Loyalty, clock: FrozenClock
) -> None:
    """It was made, its answer was lost, and the search does not know it yet."""
    bought(shop, "card")
    double.gift_cards_are_found = False
    double.faults += [Fault(kind="delay", seconds=0)] * 2 + [Fault(kind="forget")]
    shop.tick()
    clock.advance(hours=1)
    shop.tick()
    assert grant(shop).state == "preparing"
    double.gift_cards_are_found = True
    clock.advance(hours=1)
    shop.tick()
    assert (grant(shop).state, len(double.gift_cards)) == ("issued", 1)


def test_what_the_shop_refuses_is_given_back(
    double: Shopify, shop: Loyalty, monkeypatch: pytest.MonkeyPatch
) -> None:
    no = {"userErrors": [{"field": [], "message": "Title is too rude", "code": "INVALID"}]}
    monkeypatch.setattr(double, "_make", lambda *_, **__: no)
    bought(shop, "five")
    shop.tick()
    assert (grant(shop).state, points(shop)) == ("revoked", 100)
    shop.tick()
    assert shop.verify().problems == ()


@pytest.mark.parametrize("reward", ["five", "card"])
def test_what_is_taken_back_is_of_no_use_in_the_shop(
    double: Shopify, shop: Loyalty, reward: str
) -> None:
    found = bought(shop, reward)
    shop.tick()
    shop.revoke_grant(found.grant_id, key="r")
    shop.tick()
    if reward == "card":
        assert [one["enabled"] for one in double.gift_cards] == [False]
    else:
        assert [one["codeDiscount"]["status"] for one in double.codes.values()] == ["EXPIRED"]


def test_a_code_that_is_used_uses_the_grant_up_once(double: Shopify, shop: Loyalty) -> None:
    bought(shop, "five")
    shop.tick()
    code = grant(shop).code
    assert code is not None
    used = order(2, discount_codes=[{"code": code.lower(), "amount": "5.00", "type": "fixed"}])
    for document in (
        used,
        used | {"updated_at": "2026-06-05T00:00:00Z"},
        used | {"updated_at": "2026-06-06T00:00:00Z", "test": True},
    ):
        sent(shop, webhook(document))
    found = grant(shop)
    assert (found.state, found.order_id) == ("used", "2")
    assert shop.connector_status(CONNECTOR).dead == 0
    shop.tick()
    assert [one["codeDiscount"]["status"] for one in double.codes.values()] == ["ACTIVE"]


def test_codes_of_the_shops_own_mean_nothing(double: Shopify, shop: Loyalty) -> None:
    sent(shop, webhook(order(3, discount_codes=[{"code": "Summer"}])))
    assert shop.connector_status(CONNECTOR).dead == 0


def test_a_throttled_shop_delays_and_loses_nothing(
    double: Shopify, shop: Loyalty, clock: FrozenClock, waited: list[int]
) -> None:
    bought(shop, "five")
    double.faults.append(Fault(kind="delay", seconds=0))
    for _ in range(4):
        double.throttle(wanted=100, there=0)
    shop.tick()
    assert (waited, len(double.codes)) == ([1, 1, 1], 0)
    clock.advance(minutes=1)
    shop.tick()
    assert grant(shop).state == "issued"
