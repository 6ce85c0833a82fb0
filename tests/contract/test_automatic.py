"""Rewards that are bought by themselves: whatever command brought the points, or took them."""

from __future__ import annotations

from typing import Any

from loyalty_core import Loyalty
from tests.contract.catalogue import CARD, funded, sound
from tests.contract.conftest import Shop
from tests.contract.household import home
from tests.toy import order, points

DAY = 24 * 60


def opened(shop: Shop, **sections: Any) -> Loyalty:
    """A program whose certificates cost 100 points, and are bought as soon as these are there."""
    config = {
        "program": {"id": "shop"},
        "wallets": {"points": {"expiry": {"after_days": 30}, "transfer": {"allowed": True}}},
        "rewards": {"certificate": {**CARD, "auto_issue": True}},
        "plugins": {"toy": {}},
        **sections,
    }
    return shop.open(config=config)


def owned(loyalty: Loyalty, member: str) -> tuple[int, int]:
    """How many certificates somebody has to use, and their points."""
    sound(loyalty)
    live = [one for one in loyalty.grants(member) if one.state == "issued"]
    return len(live), points(loyalty, member)[0]


def adjusted(loyalty: Loyalty, member: str, amount: int) -> None:
    key = f"{member} {amount} {loyalty.statement(member).wallet('points').adjusted}"
    loyalty.adjust(member, "points", amount, reason="r", actor="a", key=key)


def test_an_adjustment(shop: Shop) -> None:
    loyalty = opened(shop)
    member = funded(loyalty, 250)
    assert owned(loyalty, member) == (2, 50)
    funded(loyalty, 250)  # the same command again
    assert owned(loyalty, member) == (2, 50)
    adjusted(loyalty, member, -120)
    assert owned(loyalty, member) == (1, 30)
    adjusted(loyalty, member, 70)
    assert owned(loyalty, member) == (2, 0)


def test_many_adjustments_at_once(shop: Shop) -> None:
    loyalty = opened(shop)
    rows = [
        {
            "identities": {"email": f"m{number}@example.org"},
            "wallet": "points",
            "amount": 60 * number,
            "reason": "r",
            "actor": "a",
            "key": str(number),
        }
        for number in range(1, 5)
    ]
    assert loyalty.adjust_many(rows, enrol=True).counts == {"booked": 4}
    found = [loyalty.find(row["identities"]) for row in rows]
    assert [owned(loyalty, one.id) for one in found if one] == [(0, 60), (1, 20), (1, 80), (2, 40)]


def test_a_transfer(shop: Shop) -> None:
    loyalty = opened(shop)
    giver, receiver = funded(loyalty, 90), funded(loyalty, 80, "bob@example.org")
    loyalty.transfer(giver, receiver, "points", 30, key="t")
    assert (owned(loyalty, giver), owned(loyalty, receiver)) == ((0, 60), (1, 10))


def test_points_set_free(shop: Shop) -> None:
    loyalty = opened(shop)
    member = funded(loyalty, 90)
    holds = [
        loyalty.hold(member, points=40, reward="toy.money", minutes=days * DAY, key=f"{days}")
        for days in (5, 6)
    ]
    adjusted(loyalty, member, 80)
    assert owned(loyalty, member) == (0, 170)
    loyalty.release(holds[0].redemption_id)
    assert owned(loyalty, member) == (1, 70)
    adjusted(loyalty, member, 40)
    assert owned(loyalty, member) == (1, 110)
    loyalty.capture(holds[1].redemption_id, points=5)
    assert owned(loyalty, member) == (2, 5)


def test_points_reinstated(shop: Shop) -> None:
    loyalty = opened(shop)
    member = funded(loyalty, 70)
    shop.clock.advance(days=40)
    loyalty.tick()
    (expiry,) = (
        item.transaction
        for item in loyalty.history(member).items
        if item.transaction.kind == "expiry"
    )
    adjusted(loyalty, member, 50)
    loyalty.reinstate(member, expiry.id, reason="r", actor="a", key="r")
    assert owned(loyalty, member) == (1, 20)


def test_two_who_become_one(shop: Shop) -> None:
    loyalty = opened(shop)
    kept, gone = funded(loyalty, 60), funded(loyalty, 60, "bob@example.org")
    loyalty.merge(kept, gone, key="m")
    assert owned(loyalty, kept) == (1, 20)


def test_debt_that_comes_with_a_merge_takes_what_is_unused_back(shop: Shop) -> None:
    loyalty = opened(shop)
    kept, gone = funded(loyalty, 100), funded(loyalty, 20, "bob@example.org")
    adjusted(loyalty, gone, -60)
    assert (owned(loyalty, kept), owned(loyalty, gone)) == ((1, 0), (0, -40))
    loyalty.merge(kept, gone, key="m")
    assert owned(loyalty, kept) == (0, 60)


def test_a_household_buys_nothing_by_itself_and_its_members_do(shop: Shop) -> None:
    household = {"wallets": {"points": {}}, "on_leaving": "return"}
    loyalty = opened(shop, household=household)
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 120)
    assert owned(loyalty, ours.id) == (0, 120)
    held = ours.loyalty.hold(
        ours.id, points=30, reward="toy.money", spender=ours.people["ada"], minutes=DAY, key="h"
    )
    shop.clock.advance(days=2)
    loyalty.tick()
    assert loyalty.redemption(held.redemption_id).state == "timed_out"
    assert owned(loyalty, ours.id) == (0, 120)
    assert ours.leaves("bob").points == {"points": 120}
    assert (owned(loyalty, ours.id), owned(loyalty, ours.people["bob"])) == ((0, 0), (1, 20))


def test_without_such_rewards_no_command_asks_for_them(shop: Shop) -> None:
    loyalty = opened(shop, rewards={"certificate": CARD})
    member = loyalty.record(order("1", "160.00")).member_id or ""
    adjusted(loyalty, member, 100)
    assert owned(loyalty, member) == (0, 260)
