"""Households: what their members share, who spends it, and what a refund takes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from loyalty_core import (
    FactError,
    HouseholdRefused,
    HouseholdState,
    IdempotencyConflict,
    InsufficientPoints,
)
from tests.contract.conftest import Shop
from tests.contract.household import home, opened
from tests.toy import START, config_of, order, refund


def test_half_of_what_a_member_earns_is_the_households(shop: Shop) -> None:
    loyalty = opened(shop, share="50")
    ours = home(loyalty, "ada", "bob")
    assert ours.buys("ada", "1", 61) == {"points": 30}
    assert ours.buys("bob", "2", 9) == {"points": 4}
    assert (ours.of("ada"), ours.of("bob")) == ((31, 31, 0, 0), (5, 5, 0, 0))
    assert ours.has() == (34, 34, 0, 0)
    assert ours.flows() == {"ada": (30, 0), "bob": (4, 0)}
    assert loyalty.statement(ours.people["bob"]).household_id == ours.id
    assert loyalty.report().wallets[0].issued == 70
    assert loyalty.report().members == 2
    assert loyalty.verify().problems == ()


def test_everything_is_shared_unless_the_program_says_otherwise(shop: Shop) -> None:
    ours = home(opened(shop), "ada", "bob")
    receipt = ours.loyalty.record(order("1", "60.00"))
    assert (receipt.changes, receipt.shared) == ({}, {"points": 60})
    assert (ours.of("ada"), ours.has()) == ((0, 0, 0, 0), (60, 60, 0, 0))


def test_what_happened_before_they_joined_is_their_own(shop: Shop) -> None:
    loyalty = opened(shop)
    ada = home(loyalty, "ada")
    assert ada.buys("ada", "late", 40, at=START - timedelta(seconds=1)) == {}
    assert ada.buys("ada", "then", 40, at=START) == {"points": 40}
    assert (ada.of("ada"), ada.has()) == ((40, 40, 0, 0), (40, 40, 0, 0))


def test_what_was_decided_when_they_joined_is_not_decided_otherwise_again(shop: Shop) -> None:
    loyalty = opened(shop)
    loyalty.record(order("1", "40.00"))
    ada = home(loyalty, "ada")
    assert ada.buys("ada", "2", 10, at=START - timedelta(days=1)) == {}
    assert (ada.of("ada"), ada.has()) == ((50, 50, 0, 0), (0, 0, 0, 0))
    loyalty.leave_household(ada.people["ada"], key="l")
    assert ada.buys("ada", "1", 30, version=2) == {}


def test_shared_points_keep_their_dates(shop: Shop) -> None:
    loyalty = opened(
        shop, wallet={"expiry": {"after_days": 30}}, settings={"pending_days": 5}, share="25"
    )
    ours = home(loyalty, "ada")
    ours.buys("ada", "1", 80)
    assert (ours.of("ada"), ours.has()) == ((60, 0, 60, 0), (20, 0, 20, 0))
    shop.clock.advance(days=5)
    assert (ours.of("ada"), ours.has()) == ((60, 60, 0, 0), (20, 20, 0, 0))
    wallet = loyalty.household(ours.id).wallet("points")
    assert [(one.at, one.amount) for one in wallet.expiring] == [
        (datetime(2026, 7, 1, tzinfo=UTC), 20)
    ]
    shop.clock.set(datetime(2026, 7, 1, tzinfo=UTC))
    assert loyalty.tick().expired == {"points": 80}
    assert (ours.of("ada"), ours.has()) == ((0, 0, 0, 0), (0, 0, 0, 0))
    assert loyalty.verify().problems == ()


@pytest.mark.hard_case("H2")
def test_partial_refunds_take_both_parts_and_sum_to_the_whole(shop: Shop) -> None:
    loyalty = opened(shop, share="33.3")
    ours = home(loyalty, "ada")
    ours.buys("ada", "1", 100)
    assert (ours.of("ada")[0], ours.has()[0]) == (67, 33)
    for number in range(1, 10):
        loyalty.record(refund(f"r{number}", lines=[{"line": "a", "amount": "10.00"}]))
        left = 100 - 10 * number
        shared = left * 333 // 1000
        assert (ours.of("ada")[0], ours.has()[0]) == (left - shared, shared)
    loyalty.record(refund("rest", lines=[{"line": "a", "amount": "10.00"}]))
    assert (ours.of("ada"), ours.has()) == ((0, 0, 0, 0), (0, 0, 0, 0))
    assert ours.flows() == {"ada": (0, 0)}
    assert loyalty.verify().problems == ()


@pytest.mark.hard_case("H1")
def test_what_others_spent_is_owed_by_whose_order_is_refunded(shop: Shop) -> None:
    loyalty = opened(shop, share="50")
    ours = home(loyalty, "ada", "bob")
    ours.buys("ada", "1", 100)
    ours.buys("bob", "2", 20)
    ours.spends("bob", 30)
    receipt = loyalty.record(refund("all"))
    assert (receipt.changes, receipt.shared) == ({"points": -80}, {"points": -20})
    assert ours.of("ada") == (-30, -30, 0, 30)
    assert ours.has() == (10, 10, 0, 0)
    assert ours.of("bob") == (10, 10, 0, 0)
    assert ours.flows() == {"ada": (30, 0), "bob": (10, 30)}
    back = {"id": "all", "occurred_at": START.isoformat(), "voided_at": START.isoformat()}
    loyalty.record(refund("all") | {"refund": back})
    assert (ours.of("ada"), ours.has()) == ((50, 50, 0, 0), (30, 30, 0, 0))
    assert loyalty.verify().problems == ()
    loyalty.record(refund("again"))
    assert (ours.of("ada"), ours.has()) == ((-30, -30, 0, 30), (10, 10, 0, 0))


def test_an_order_that_is_worth_nothing_any_more_takes_back_what_was_all_shared(
    shop: Shop,
) -> None:
    ours = home(opened(shop, wallet={"debt": "negative"}), "ada", "bob")
    ours.buys("ada", "1", 60)
    ours.spends("bob", 20)
    assert ours.buys("ada", "1", 0, version=2) == {"points": -40}
    assert (ours.of("ada"), ours.has()) == ((-20, -20, 0, 20), (0, 0, 0, 0))
    assert ours.buys("ada", "1", 50, version=3) == {"points": 30}
    assert (ours.of("ada"), ours.has()) == ((0, 0, 0, 0), (30, 30, 0, 0))
    assert ours.loyalty.verify().problems == ()


@pytest.mark.hard_case("H3")
def test_points_given_back_return_to_the_households_lots(shop: Shop) -> None:
    loyalty = opened(shop, wallet={"expiry": {"after_days": 30}})
    ours = home(loyalty, "ada", "bob")
    ours.buys("ada", "1", 100)
    ours.spends("bob", 70, source="web", order_id="2")
    loyalty.record(order("2", "50.00", email="bob@example.org"))
    assert ours.has() == (80, 80, 0, 0)
    receipt = loyalty.record(refund("r", "2"))
    assert (receipt.changes, receipt.shared) == ({}, {"points": 20})
    assert ours.has() == (100, 100, 0, 0)
    assert ours.flows() == {"ada": (100, 0), "bob": (0, 0)}
    assert loyalty.verify().problems == ()


def test_an_order_that_moves_out_of_the_time_of_sharing_is_its_members_own(shop: Shop) -> None:
    loyalty = opened(shop, share="50")
    ours = home(loyalty, "ada")
    before = START - timedelta(days=1)
    ours.buys("ada", "1", 60, version=1)
    assert ours.buys("ada", "1", 60, version=2, at=before) == {"points": -30}
    assert (ours.of("ada"), ours.has()) == ((60, 60, 0, 0), (0, 0, 0, 0))
    assert ours.buys("ada", "1", 60, version=3) == {"points": 30}
    assert (ours.of("ada"), ours.has()) == ((30, 30, 0, 0), (30, 30, 0, 0))
    assert loyalty.verify().problems == ()


def test_a_share_of_ones_own_within_the_limits(shop: Shop) -> None:
    loyalty = opened(shop, share="50", least_share="10", most_share="80")
    ours = home(loyalty, "ada", share=Decimal(80))
    ours.joins("bob", share=Decimal("12.5"))
    ours.buys("ada", "1", 100)
    ours.buys("bob", "2", 100)
    assert ours.flows() == {"ada": (80, 0), "bob": (12, 0)}
    shop.clock.advance(days=1)
    loyalty.change_household_share(ours.people["bob"], Decimal(10), key="less")
    assert ours.buys("bob", "3", 50, at=START) == {"points": 6}
    assert ours.buys("bob", "4", 50, at=shop.clock()) == {"points": 5}

    for share in (Decimal(9), Decimal("80.01"), Decimal("NaN"), Decimal("20.1234567")):
        with pytest.raises(FactError):
            loyalty.change_household_share(ours.people["bob"], share, key=f"to {share}")
    assert ours.flows() == {"ada": (80, 0), "bob": (23, 0)}


def test_a_household_spends_by_its_members_alone(shop: Shop) -> None:
    loyalty = opened(shop)
    ours = home(loyalty, "ada", "bob")
    ours.buys("ada", "1", 100)
    stranger = loyalty.enrol({"email": "cy@example.org"}).id
    for more in ({}, {"spender": stranger}):
        with pytest.raises(HouseholdRefused):
            loyalty.redeem(ours.id, points=10, key="no", **more)
    with pytest.raises(HouseholdRefused):
        loyalty.redeem(stranger, points=10, spender=ours.people["bob"], key="no")
    receipt = ours.spends("bob", 60)
    assert (receipt.member_id, receipt.household) == (ours.id, ours.id)
    assert receipt.spender == ours.people["bob"]
    held = loyalty.hold(ours.id, points=40, spender=ours.people["ada"], key="h")
    with pytest.raises(InsufficientPoints):
        ours.spends("bob", 1)
    assert loyalty.redemption(held.redemption_id).spender == ours.people["ada"]
    loyalty.release(held.redemption_id)
    assert ours.has() == (40, 40, 0, 0)
    assert ours.flows() == {"ada": (100, 0), "bob": (0, 60)}
    assert loyalty.verify().problems == ()


def test_only_the_head_spends_where_the_program_says_so(shop: Shop) -> None:
    loyalty = opened(shop, spenders="head")
    ours = home(loyalty, "ada", "bob")
    ours.buys("bob", "1", 100)
    with pytest.raises(HouseholdRefused, match="only the head"):
        ours.spends("bob", 10)
    ours.spends("ada", 10)
    loyalty.change_household_head(ours.id, ours.people["bob"], by=ours.people["ada"], key="c")
    with pytest.raises(HouseholdRefused, match="only the head"):
        ours.spends("ada", 10)
    ours.spends("bob", 10)
    assert ours.has() == (80, 80, 0, 0)


def test_a_member_spends_so_many_in_a_day_of_the_program(shop: Shop) -> None:
    shop.clock.set(datetime(2026, 6, 1, 21, tzinfo=UTC))
    loyalty = opened(shop, wallets={"points": {"per_day": 50}})
    ours = home(loyalty, "ada", "bob")
    ours.buys("ada", "1", 300, at=shop.clock())
    held = loyalty.hold(ours.id, points=30, spender=ours.people["bob"], key="h")
    with pytest.raises(HouseholdRefused, match="20 are left") as refused:
        ours.spends("bob", 21)
    assert refused.value.facts == {"limit": 50, "left": 20}
    ours.spends("bob", 20)
    with pytest.raises(HouseholdRefused, match="0 are left"):
        loyalty.redeem(ours.id, spender=ours.people["bob"], key="as many as there are")
    ours.spends("ada", 50)
    loyalty.release(held.redemption_id)
    most = loyalty.redeem(ours.id, spender=ours.people["bob"], key="as many as are left")
    assert most.points == 30
    shop.clock.advance(hours=3)
    ours.spends("bob", 50, source="web", order_id="2")
    with pytest.raises(HouseholdRefused, match="0 are left"):
        ours.spends("bob", 1)
    assert ours.has() == (150, 150, 0, 0)
    loyalty.record(order("2", "8.00", email="cy@example.org"))
    loyalty.record(refund("r", "2"))
    ours.spends("bob", 50)
    assert ours.has() == (150, 150, 0, 0)
    assert loyalty.verify().problems == ()


def test_the_same_command_twice_is_done_once(shop: Shop) -> None:
    loyalty = opened(shop)
    ada = loyalty.enrol({"email": "ada@example.org"}).id
    bob = loyalty.enrol({"email": "bob@example.org"}).id
    made = loyalty.create_household(ada, key="k")
    assert loyalty.create_household(ada, key="k") == made
    with pytest.raises(IdempotencyConflict):
        loyalty.create_household(bob, key="k")
    invited = loyalty.invite_to_household(made.household_id, bob, by=ada, key="i")
    joined = loyalty.join_household(made.household_id, bob, key="j")
    assert loyalty.invite_to_household(made.household_id, bob, by=ada, key="i") == invited
    assert (invited.state, joined.state) == (HouseholdState.INVITED, HouseholdState.ACTIVE)
    assert loyalty.join_household(made.household_id, bob, key="j") == joined
    left = loyalty.leave_household(bob, key="l")
    assert loyalty.leave_household(bob, key="l") == left
    states = [one.state for one in loyalty.household(made.household_id).members]
    assert states == [HouseholdState.ACTIVE, HouseholdState.LEFT]


def test_a_partners_points_are_no_households(shop: Shop) -> None:
    value = {"points": 100, "amount": "1.00"}
    config = config_of() | {
        "household": {"wallets": {"points": {}}},
        "partners": {"air": {"accepts": {"miles": {"value": value}}}},
    }
    ours = home(shop.open(config=config), "ada")
    ada = ours.people["ada"]
    for owner in (ours.id, ada):
        with pytest.raises(HouseholdRefused, match="a member's own"):
            ours.loyalty.redeem(owner, spender=ada, reward="partner:air.miles", key="k")


def test_several_households_and_invitations_are_read_at_once(shop: Shop) -> None:
    loyalty = opened(shop)
    ours, theirs = home(loyalty, "ada", "bob"), home(loyalty, "cleo")
    ours.buys("bob", "1", 40)
    theirs.buys("cleo", "2", 7)
    dora = loyalty.enrol({"email": "dora@example.org"}).id
    for number, (one, head) in enumerate(((theirs, "cleo"), (ours, "ada"))):
        loyalty.invite_to_household(one.id, dora, by=one.people[head], key=f"invite {number}")
    found = loyalty.households([ours.id, theirs.id, dora, "nobody"])
    assert found == {one.id: loyalty.household(one.id) for one in (ours, theirs)}
    assert [one.wallet("points").balance for one in found.values()] == [40, 7]
    assert [one.member_id for one in found[theirs.id].members] == [theirs.people["cleo"], dora]
    invited = loyalty.household_invitations([dora, ours.people["bob"], "nobody"])
    assert invited[ours.people["bob"]] == ()
    assert {(one.household_id, one.invited_by) for one in invited[dora]} == {
        (theirs.id, theirs.people["cleo"]),
        (ours.id, ours.people["ada"]),
    }
    assert invited.keys() == {dora, ours.people["bob"]}
    loyalty.join_household(ours.id, dora, key="join")
    (left,) = loyalty.household_invitations([dora])[dora]
    assert (left.household_id, left.share) == (theirs.id, Decimal(100))
