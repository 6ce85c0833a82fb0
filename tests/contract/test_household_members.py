"""Who is in a household: invited, joined, left, removed, merged, erased; and their points."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty_core import (
    AsyncLoyalty,
    ConfigError,
    HouseholdNotFound,
    HouseholdRefused,
    HouseholdRole,
    HouseholdState,
    MemberInactive,
    MemberStatus,
)
from tests.contract.conftest import Shop
from tests.contract.household import home, opened
from tests.toy import START, Toy, config_of, order, refund

RETURN: dict[str, Any] = {"share": "50", "on_leaving": "return"}


def test_what_was_contributed_stays(shop: Shop) -> None:
    loyalty = opened(shop, share="50")
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 40)
    shop.clock.advance(days=1)
    assert ours.leaves("bob").points == {}
    assert (ours.has(), ours.of("bob")) == ((20, 20, 0, 0), (20, 20, 0, 0))
    assert ours.buys("bob", "late", 10) == {"points": 5}
    assert ours.buys("bob", "2", 10, at=shop.clock()) == {}
    assert (ours.has(), ours.of("bob")) == ((25, 25, 0, 0), (35, 35, 0, 0))
    assert loyalty.statement(ours.people["bob"]).household_id is None
    with pytest.raises(HouseholdRefused, match="not in the household"):
        ours.spends("bob", 1)
    loyalty.record(refund("r"))
    assert (ours.has(), ours.of("bob")) == ((5, 5, 0, 0), (15, 15, 0, 0))
    assert loyalty.verify().problems == ()


def test_what_is_unspent_of_it_returns(shop: Shop) -> None:
    loyalty = opened(shop, wallet={"expiry": {"after_days": 30}}, **RETURN)
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 40)
    ours.buys("ada", "2", 100, at=START + timedelta(hours=1))
    shop.clock.advance(days=1)
    ours.spends("ada", 5)
    assert ours.leaves("bob").points == {"points": 15}
    assert (ours.has(), ours.of("bob")) == ((50, 50, 0, 0), (35, 35, 0, 0))
    data: Any = loyalty.export(ours.people["bob"])["data"]
    assert [(row["remaining"], row["came_from"]) for row in data["lot"]] == [(20, None), (15, None)]
    assert ours.buys("bob", "late", 10) == {}
    loyalty.record(refund("r"))
    assert (ours.has(), ours.of("bob")) == ((50, 50, 0, 0), (5, 5, 0, 0))
    assert loyalty.verify().problems == ()
    shop.clock.set(START + timedelta(days=30))
    assert loyalty.tick().expired == {"points": 105}


@pytest.mark.hard_case("H3")
def test_what_was_spent_of_what_returned_is_given_back_to_the_household(shop: Shop) -> None:
    loyalty = opened(shop, wallet={"expiry": {"after_days": 30}}, **RETURN)
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 40)
    ours.spends("ada", 5, source="web", order_id="9")
    loyalty.record(order("9", "8.00", email="cy@example.org"))
    assert ours.leaves("bob").points == {"points": 15}
    receipt = loyalty.record(refund("r", "9"))  # of somebody who shares nothing with them
    assert (receipt.changes, receipt.shared) == ({"points": -8}, {})
    assert (ours.has(), ours.of("bob")) == ((5, 5, 0, 0), (35, 35, 0, 0))
    shown = loyalty.household(ours.id).wallet("points").expiring
    assert [(one.at, one.amount) for one in shown] == [(datetime(2026, 7, 1, tzinfo=UTC), 5)]
    assert loyalty.verify().problems == ()


def test_what_is_held_of_it_does_not_return(shop: Shop) -> None:
    loyalty = opened(shop, **RETURN)
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 40)
    held = loyalty.hold(ours.id, points=8, spender=ours.people["ada"], key="h")
    assert ours.leaves("bob").points == {"points": 12}
    assert (ours.has(), ours.of("bob")) == ((8, 0, 0, 0), (32, 32, 0, 0))
    loyalty.capture(held.redemption_id)
    assert (ours.has(), ours.of("bob")) == ((0, 0, 0, 0), (32, 32, 0, 0))
    loyalty.record(refund("all"))
    assert (ours.has(), ours.of("bob")) == ((0, 0, 0, 0), (-8, -8, 0, 8))
    assert loyalty.verify().problems == ()


def test_the_last_one_takes_what_is_left(shop: Shop) -> None:
    loyalty = opened(shop, share="50")
    ours = home(loyalty, "ada", "bob")
    ours.buys("ada", "1", 100)
    ours.buys("bob", "2", 20)
    cy = loyalty.enrol({"email": "cy@example.org"}).id
    loyalty.invite_to_household(ours.id, cy, by=ours.people["ada"], key="i")
    ours.spends("bob", 25, source="web", order_id="3")
    loyalty.record(order("3", "8.00", email="cy@example.org"))
    held = loyalty.hold(ours.id, points=15, spender=ours.people["ada"], key="h")
    ours.leaves("ada")
    assert [one.role for one in loyalty.household(ours.id).members[:1]] == [HouseholdRole.HEAD]
    assert loyalty.household(ours.id).members[0].member_id == ours.people["bob"]
    assert ours.leaves("bob").points == {"points": 35}
    ended = loyalty.household(ours.id)
    assert ended.dissolved
    assert {one.state for one in ended.members} == {HouseholdState.LEFT, HouseholdState.DECLINED}
    assert (ours.has(), ours.of("bob")) == ((0, 0, 0, 0), (45, 30, 0, 0))
    with pytest.raises(HouseholdNotFound):
        loyalty.join_household(ours.id, cy, key="j")
    loyalty.release(held.redemption_id)
    loyalty.record(refund("r3", "3"))
    assert ours.of("bob") == (70, 70, 0, 0)
    loyalty.record(refund("r1", "1"))
    assert (ours.of("ada"), ours.of("bob")) == ((-50, -50, 0, 50), (70, 70, 0, 0))
    assert ours.buys("ada", "late", 60) == {}
    assert ours.of("ada") == (10, 10, 0, 0)
    loyalty.record(refund("r2", "2"))
    assert ours.of("bob") == (50, 50, 0, 0)
    assert loyalty.verify().problems == ()


def test_who_has_been_in_it_for_longest_is_the_next_head(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada")
    for name in ("cy", "bob"):
        shop.clock.advance(days=1)
        ours.joins(name)
    ours.leaves("ada")
    members = loyalty.household(ours.id).members
    assert [(one.member_id, one.role.value) for one in members] == [
        (ours.people["cy"], "head"),
        (ours.people["ada"], "member"),
        (ours.people["bob"], "member"),
    ]
    with pytest.raises(HouseholdRefused, match="only the head"):
        loyalty.remove_from_household(ours.id, ours.people["cy"], by=ours.people["bob"], key="coup")
    removed = loyalty.remove_from_household(
        ours.id, ours.people["bob"], by=ours.people["cy"], key="r"
    )
    assert removed.state is HouseholdState.LEFT
    with pytest.raises(HouseholdRefused, match="the head removes others"):
        loyalty.remove_from_household(ours.id, ours.people["cy"], by=ours.people["cy"], key="s")


def test_nobody_is_in_two_households_nor_soon_in_another(shop: Shop) -> None:
    loyalty = opened(shop, days_between=10)
    ours, theirs = home(loyalty, "ada", "bob"), home(loyalty, "cy")
    with pytest.raises(HouseholdRefused, match="in a household already"):
        loyalty.create_household(ours.people["bob"], key="c")
    theirs.people["bob"] = ours.people["bob"]
    with pytest.raises(HouseholdRefused, match="in a household already"):
        theirs.joins("bob")
    ours.leaves("bob")
    shop.clock.advance(days=10, seconds=-1)
    with pytest.raises(HouseholdRefused, match="less than 10 days ago") as refused:
        loyalty.join_household(theirs.id, ours.people["bob"], key="j")
    assert refused.value.remedy == "They can be in one again from 2026-06-11."
    shop.clock.advance(seconds=1)
    loyalty.join_household(theirs.id, ours.people["bob"], key="j")
    assert loyalty.statement(ours.people["bob"]).household_id == theirs.id


def test_a_household_has_so_many_places(shop: Shop) -> None:
    loyalty = opened(shop, most_members=2)
    ours = home(loyalty, "ada")
    bob, cy = (loyalty.enrol({"email": f"{name}@example.org"}).id for name in ("bob", "cy"))
    loyalty.invite_to_household(ours.id, bob, by=ours.people["ada"], key="1")
    with pytest.raises(HouseholdRefused, match="2 members at most"):
        loyalty.invite_to_household(ours.id, cy, by=ours.people["ada"], key="2")
    declined = loyalty.decline_household(ours.id, bob, key="3")
    assert declined.state is HouseholdState.DECLINED
    with pytest.raises(HouseholdRefused, match="not invited"):
        loyalty.join_household(ours.id, bob, key="4")
    loyalty.invite_to_household(ours.id, cy, by=ours.people["ada"], key="5")
    with pytest.raises(HouseholdRefused, match="only the head"):
        loyalty.invite_to_household(ours.id, bob, by=cy, key="6")


def test_who_is_suspended_earns_for_the_household_and_spends_nothing(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada", "bob")
    loyalty.update_member(ours.people["bob"], status=MemberStatus.SUSPENDED)
    ours.buys("bob", "1", 40)
    with pytest.raises(MemberInactive):
        ours.spends("bob", 1)
    assert ours.has() == (40, 40, 0, 0)


def test_a_household_is_not_a_person(shop: Shop) -> None:
    loyalty = opened(shop, wallet={"transfer": {"allowed": True}}, share="90")
    ours = home(loyalty, "ada")
    ours.buys("ada", "1", 40)
    ada = ours.people["ada"]
    for refused in (
        lambda: loyalty.transfer(ours.id, ada, "points", 1, key="t"),
        lambda: loyalty.transfer(ada, ours.id, "points", 1, key="t"),
        lambda: loyalty.merge(ada, ours.id, key="m"),
        lambda: loyalty.erase(ours.id, reason="r", actor="a", key="e"),
        lambda: loyalty.update_member(ours.id, status=MemberStatus.CLOSED),
        lambda: loyalty.claim(ours.id, source="web", order_id="1", key="c"),
        lambda: loyalty.create_household(ours.id, key="h"),
    ):
        with pytest.raises(HouseholdRefused, match="is a household"):
            refused()
    loyalty.adjust(ours.id, "points", 5, reason="sorry", actor="desk", key="a")
    assert ours.has() == (41, 41, 0, 0)
    assert [one.member.id for one in loyalty.report().top_members] == [ada]


def test_a_program_without_households_has_none(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.enrol({"email": "ada@example.org"}).id
    with pytest.raises(HouseholdRefused, match="has no households"):
        loyalty.create_household(ada, key="c")


def test_what_is_wrong_with_the_configuration(shop: Shop) -> None:
    config = config_of() | {
        "household": {
            "wallets": {"stars": {}, "points": {"per_day": 0}},
            "share": "101",
            "most_members": 1,
            "days_between": -1,
        }
    }
    with pytest.raises(ConfigError) as error:
        shop.open(config=config)
    assert [one.where for one in error.value.problems] == [
        "household.wallets.stars",
        "household.wallets.points.per_day",
        "household.least_share",
        "household.share",
        "household.most_share",
        "household.most_members",
        "household.days_between",
    ]


def test_what_is_told_of_a_household(shop: Shop) -> None:
    kinds = (
        "household_created",
        "household_member_invited",
        "household_member_joined",
        "household_member_left",
        "household_head_changed",
        "household_dissolved",
        "points_credited",
    )
    shop.toy = Toy(subscribed=kinds)
    loyalty = opened(shop)
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 40)
    ours.leaves("ada")
    ours.leaves("bob")
    loyalty.tick()
    ada, bob = ours.people["ada"], ours.people["bob"]
    assert [(one.type, one.member_id) for one in shop.toy.received] == [
        ("household_created", ada),
        ("household_member_invited", bob),
        ("household_member_joined", bob),
        ("points_credited", ours.id),
        ("household_head_changed", bob),
        ("household_member_left", ada),
        ("household_dissolved", bob),
        ("household_member_left", bob),
    ]
    credited = shop.toy.received[3].data
    assert (credited["amount"], credited["member"]) == (40, bob)


def test_households_are_awaited_too(shop: Shop) -> None:
    async def play(ours: AsyncLoyalty) -> int:
        ada = (await ours.enrol({"email": "ada@example.org"})).id
        made = await ours.create_household(ada, key="c")
        await ours.record(order("1", "60.00"))
        return (await ours.household(made.household_id)).wallet("points").balance

    assert asyncio.run(play(AsyncLoyalty(opened(shop), threads=2))) == 60
