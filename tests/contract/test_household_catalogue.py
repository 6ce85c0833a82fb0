"""A household that buys of the catalogue: one member chooses, and all of them own it."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import InsufficientPoints, Loyalty, RedemptionRefused
from tests.contract.catalogue import CARD, sound
from tests.contract.conftest import Shop
from tests.contract.household import Home, home
from tests.toy import refund

HOUR = 60


def opened(shop: Shop, rewards: Any = None, **household: Any) -> Loyalty:
    config = {
        "program": {"id": "shop"},
        "wallets": {"points": {}},
        "household": {"wallets": {"points": {}}, **household},
        "rewards": rewards or {"card": {**CARD, "code": {}}},
        "plugins": {"toy": {}},
    }
    return shop.open(config=config)


def buys(ours: Home, name: str, reward: str = "card", **more: Any) -> Any:
    spender = ours.people[name]
    return ours.loyalty.redeem(ours.id, reward=reward, spender=spender, key=ours.key(), **more)


def test_what_a_household_buys_is_its_own(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 250)
    bought = buys(ours, "ada")
    assert (bought.points, bought.spender, bought.member_id) == (100, ours.people["ada"], ours.id)
    assert (ours.has()[0], ours.of("ada")[0]) == (150, 0)
    assert [one.grant_id for one in loyalty.grants(ours.id)] == [bought.grant.grant_id]
    assert loyalty.grants(ours.people["ada"]) == ()
    assert [one.reward for one in loyalty.statement(ours.id).grants] == ["card"]
    used = loyalty.use_grant(bought.grant.grant_id, key="u")
    assert used.state == "used"
    with pytest.raises(InsufficientPoints):
        ours.spends("bob", 151, reward="toy.money")
    sound(loyalty)


def test_what_it_bought_can_be_taken_back(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 250)
    bought = buys(ours, "ada")
    loyalty.revoke_grant(bought.grant.grant_id, reason="r", actor="a", key="r", points_back=True)
    assert ours.has()[0] == 250
    assert loyalty.redemption(bought.redemption_id).state == "cancelled"
    sound(loyalty)


def test_the_order_it_paid_for_is_refunded(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 250)
    bought = buys(ours, "ada", source="web", order_id="2")
    ours.buys("ada", "2", 30)
    assert ours.has()[0] == 180
    loyalty.record(refund("r", "2"))
    assert ours.has()[0] == 250
    assert loyalty.grant(bought.grant.grant_id).state == "revoked"
    sound(loyalty)


def test_limits_are_of_the_household(shop: Shop) -> None:
    loyalty = opened(shop, {"card": {**CARD, "per_member": {"limit": 1}, "stock": 5}})
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 250)
    buys(ours, "ada")
    with pytest.raises(RedemptionRefused):
        buys(ours, "bob")
    (card,) = (one for one in loyalty.rewards() if one.id == "card")
    assert card.left == 4
    sound(loyalty)


def test_held_for_a_card_then_left(shop: Shop) -> None:
    loyalty = opened(shop, on_leaving="return")
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 250)
    spender = ours.people["ada"]
    held = loyalty.hold(ours.id, reward="card", spender=spender, minutes=HOUR, key="h")
    assert ours.leaves("bob").points == {"points": 150}
    assert (ours.has(), ours.of("bob")[0]) == ((100, 0, 0, 0), 150)
    loyalty.release(held.redemption_id)
    assert (ours.has(), ours.of("bob")[0]) == ((100, 100, 0, 0), 150)
    assert buys(ours, "ada").grant.state == "issued"
    sound(loyalty)


def test_the_last_one_takes_what_was_bought(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada")
    ours.buys("ada", "1", 250)
    bought = buys(ours, "ada")
    assert ours.leaves("ada").points == {"points": 150}
    assert [one.grant_id for one in loyalty.grants(ours.people["ada"])] == [bought.grant.grant_id]
    assert loyalty.use_grant(bought.grant.grant_id, key="u").state == "used"
    sound(loyalty)
