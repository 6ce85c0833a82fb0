"""Codes, links, windows, rewards for both sides, milestones, limits and chains."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from loyalty_core import Loyalty, MemberNotFound, PluginError
from loyalty_referral import claim, link_of, referrals_of
from plugins.referral.tests.build import (
    FRIEND,
    NO_PRINTS,
    NOON,
    REFERRER,
    Opened,
    activity,
    joined,
    known,
    later,
    order,
    refund,
    state_of,
)

SIGN_UP = {"when": "sign_up"}
DAY = 24


def test_both_sides_are_rewarded_for_the_first_order(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(joined("bob"))
    assert shop.points("ada", "bob") == [0, 0]
    shop.record(order("1", "bob"))
    shop.record(order("2", "bob", hours=2))
    assert shop.points("ada", "bob") == [100, 10]
    shop.loyalty.tick()
    (told,) = shop.told
    assert told[0] == "accepted"
    assert shop.loyalty.verify().problems == ()


@pytest.mark.hard_case("H42")
def test_what_is_due_later_comes_after_the_window_and_goes_with_a_refund(opened: Opened) -> None:
    shop = opened(reward=[FRIEND, {**REFERRER, "after_days": 14}])
    shop.enrol("ada")
    shop.clock.set(NOON + timedelta(hours=2))
    shop.record(joined("bob"))
    shop.record(order("1", "bob", hours=1))
    due = NOON + timedelta(hours=1, days=14)
    (friend,) = shop.shown("ada")["friends"]
    assert (friend["state"], friend["due_at"]) == ("bought", due.isoformat())
    for seconds, points in ((-1, 0), (1, 100)):
        shop.clock.set(due + timedelta(seconds=seconds))
        shop.loyalty.tick()
        assert shop.points("ada", "bob") == [points, 10]
    shop.clock.set(NOON + timedelta(days=20))
    shop.record(refund("1", hours=24 * 20))
    assert shop.points("ada", "bob") == [0, 0]
    assert shop.shown("ada")["friends"][0]["state"] == "signed_up"
    assert shop.loyalty.verify().problems == ()


@pytest.mark.hard_case("H42")
def test_a_refund_within_the_window_means_that_nothing_ever_comes(opened: Opened) -> None:
    shop = opened(reward=[{**REFERRER, "after_days": 14}])
    shop.enrol("ada")
    shop.clock.set(NOON + timedelta(days=1))
    shop.record(joined("bob"))
    shop.record(order("1", "bob"))
    shop.record(refund("1", hours=2))
    shop.clock.set(NOON + timedelta(days=30))
    shop.loyalty.tick()
    assert shop.points("ada") == [0]


@pytest.mark.parametrize(("touch", "by"), [("last", "cal"), ("first", "ada")])
def test_of_several_links_the_first_or_the_last_counts(opened: Opened, touch: str, by: str) -> None:
    shop = opened(touch=touch, window_days=2, reward=[REFERRER])
    shop.enrol("ada", "cal", "dan")
    shop.record(activity("touched", "bob", 0, code="dan-10"))
    shop.record(activity("touched", "bob", 1, code="ada-10"))
    shop.record(activity("touched", "bob", 2, code="cal-10"))
    shop.record(activity("joined", "bob", 2 * DAY + 1))
    shop.record(order("1", "bob", hours=2 * DAY + 2))
    assert shop.points(by) == [100]
    assert sum(shop.points("ada", "cal", "dan")) == 100


def test_a_touch_counts_to_the_end_of_the_window(opened: Opened) -> None:
    shop = opened(window_days=1, reward=[REFERRER])
    shop.enrol("ada")
    late = (NOON + timedelta(days=1, microseconds=1)).isoformat()
    for name, at in (("bob", later(DAY)), ("cal", late)):
        shop.record(activity("touched", name, 0, code="ada-10"))
        shop.record(activity("joined", name, occurred_at=at))
    assert shop.shown("bob")["invited_by"]["state"] == "accepted"
    assert shop.shown("cal")["invited_by"] is None


def test_a_guest_comes_with_an_order(opened: Opened) -> None:
    shop = opened(reward=[{**FRIEND, **SIGN_UP}, REFERRER])
    shop.enrol("ada")
    shop.record(order("1", "bob", tags=["referral:ada-10"]))
    shop.record(activity("touched", "cal", 0, code="ada-10"))
    shop.record(order("2", "cal"))
    assert shop.points("ada", "bob", "cal") == [200, 10, 10]
    shop.record(refund("1"))
    shop.record(refund("2", hours=3))
    assert shop.points("ada", "bob", "cal") == [0, 0, 0]
    assert shop.shown("ada")["accepted"] == 0


def test_who_was_refused_may_come_with_an_order(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(activity("joined", "bob", code="no code"))
    shop.record(order("1", "bob", hours=1, tags=["referral:ADA-10"]))
    assert shop.points("ada", "bob") == [100, 10]


def test_a_cart_is_quoted_and_nothing_comes_of_it(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(joined("bob"))
    lines = [{"id": "a", "amount": "20.00"}]
    for member in (None, shop.member("bob")):
        assert shop.loyalty.quote({"currency": "USD", "lines": lines}, member).earnings == ()
    assert shop.points("ada", "bob") == [0, 0]


def test_an_order_of_the_very_moment_of_signing_up_counts(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(order("1", "bob", hours=0))
    shop.record(joined("bob", hours=0))
    shop.record(order("2", "bob", hours=1))
    assert shop.points("ada", "bob") == [100, 10]
    shop.record(refund("2", hours=2))
    assert shop.points("ada", "bob") == [100, 10]
    shop.record(refund("1", hours=2))
    assert shop.points("ada", "bob") == [0, 0]


def test_orders_count_from_a_value_up_and_by_their_number(opened: Opened) -> None:
    second = {"rule": "second", "to": "friend", "order": 2, "at_least": "20.00", "points": 5}
    shop = opened(reward=[second])
    shop.enrol("ada")
    shop.record(joined("bob"))
    shop.record(order("1", "bob", "20.00", 1))
    shop.record(order("2", "bob", "19.99", 2))
    shop.record(order("3", "bob", "900.00", 3, currency="EUR"))
    assert shop.points("bob") == [0]
    shop.record(order("4", "bob", "20.00", 4))
    assert shop.points("bob") == [5]
    shop.record(refund("1", hours=5, amount="0.01"))
    assert shop.points("bob") == [0]
    shop.record(order("5", "bob", "20.00", 6))
    assert shop.points("bob") == [5]


def test_a_referrer_gets_it_so_often_in_a_period(opened: Opened) -> None:
    shop = opened(reward=[{**REFERRER, **SIGN_UP, "most": 2, "per": "day"}, {**FRIEND, **SIGN_UP}])
    shop.enrol("ada")
    names = ["bob", "cal", "dan", "eve"]
    for hours, name in zip([0, 1, 2, 12], names, strict=True):
        shop.record(joined(name, hours=hours))
    assert shop.points("ada", *names) == [300, 10, 10, 10, 10]


@pytest.mark.parametrize(
    ("repeat", "points"), [(False, [0, 0, 7, 7, 7, 7]), (True, [0, 0, 7, 7, 7, 14])]
)
def test_milestones(opened: Opened, repeat: bool, points: list[int]) -> None:
    three = {"rule": "three", "name": "Three", "needs": 3, "repeat": repeat, "points": 7}
    shop = opened(reward=[], milestone=[three])
    shop.enrol("ada")
    found = []
    for number in range(6):
        shop.record(joined(f"friend{number}", hours=number))
        found += shop.points("ada")
    assert found == points
    (shown,) = shop.shown("ada")["milestones"]
    assert shown == {
        "milestone": "three",
        "name": "Three",
        "have": 0 if repeat else 3,
        "needs": 3,
        "times": 2 if repeat else 1,
    }
    shop.loyalty.tick()
    reached = [data for name, data in shop.told if name == "milestone_reached"]
    assert reached == [{"milestone": "three", "times": n + 1} for n in range(1 + repeat)]


def test_a_milestone_of_buyers_goes_with_a_refund(opened: Opened) -> None:
    two = {"rule": "two", "counts": "order", "needs": 2, "reward": "ten-off"}
    shop = opened(reward=[], milestone=[two])
    shop.enrol("ada")
    for name in ("bob", "cal"):
        shop.record(joined(name))
        shop.record(order(name, name))
    (grant,) = shop.loyalty.grants(shop.member("ada"))
    assert grant.state == "issued"
    shop.record(refund("bob"))
    (grant,) = shop.loyalty.grants(shop.member("ada"))
    assert grant.revoked_at is not None


def test_chains_are_off_unless_a_rule_names_a_step(opened: Opened) -> None:
    up = {"rule": "up", "to": "referrer", "step": 2, "points": 1}
    for rules, points in (([REFERRER], [0, 100]), ([REFERRER, up], [1, 100])):
        shop = opened(reward=rules)
        if len(rules) == 2:
            shop.loyalty.close()
            shop = opened(reward=rules, link="https://shop.example/{code}")
        shop.enrol(*(f"{name}{len(rules)}" for name in ("ada", "bob")))
        ada, bob, cal = (f"{name}{len(rules)}" for name in ("ada", "bob", "cal"))
        shop.record(joined(bob, ada))
        shop.record(joined(cal, bob, hours=1))
        shop.record(order(cal, cal, hours=2))
        assert shop.points(ada, bob) == points
        shop.record(refund(cal, hours=3))
        assert shop.points(ada, bob) == [0, 0]


def test_who_was_promised_something_gets_it_when_the_rules_are_others(opened: Opened) -> None:
    shop = opened(reward=[{**REFERRER, "after_days": 14}])
    shop.enrol("ada")
    shop.clock.set(NOON + timedelta(hours=2))
    shop.record(joined("bob"))
    shop.record(order("1", "bob"))
    shop.loyalty.close()
    shop = opened(reward=[])
    shop.loyalty.tick()
    assert shop.points("ada") == [100]


def test_a_code_of_nobody_yet_waits_and_another_may_be_tried(opened: Opened) -> None:
    shop = opened(reward=[{**FRIEND, **SIGN_UP}, {**REFERRER, **SIGN_UP}])
    shop.enrol("ada")
    shop.record(joined("bob", "nobody"))
    assert shop.reasons("bob") == "asked"
    shop.record(joined("bob", "ada", hours=1))
    assert shop.points("ada", "bob") == [100, 10]
    assert shop.loyalty.verify().problems == ()


def test_who_asks_two_at_the_same_moment_is_the_friend_of_one(opened: Opened) -> None:
    shop = opened(reward=[{**FRIEND, **SIGN_UP}, {**REFERRER, **SIGN_UP}])
    shop.enrol("ada", "cal")
    shop.loyalty.record_many([{**joined("bob", by), "id": by} for by in ("ada", "cal")])
    assert shop.points("ada", "bob", "cal") == [0, 10, 100]
    assert [shop.shown(name)["accepted"] for name in ("ada", "cal")] == [0, 1]
    assert [one["reason"] for one in shop.shown("ada")["friends"]] == ["elsewhere"]


def test_two_who_are_merged_keep_their_friends_and_do_not_pay_themselves(opened: Opened) -> None:
    two = {"rule": "two", "needs": 2, "points": 7}
    shop = opened(reward=[REFERRER], milestone=[two])
    shop.enrol("ada", "eve")
    shop.record(joined("bob"))
    shop.record(joined("cal", "eve", hours=1))
    shop.loyalty.merge(shop.member("ada"), shop.member("eve"), key="merge")
    assert shop.shown("ada")["accepted"] == 2
    later_on = shop.clock().isoformat()
    shop.record(joined("dan", "eve", occurred_at=later_on))
    assert shop.points("ada") == [7]
    shop.loyalty.merge(shop.member("ada"), shop.member("dan"), key="friend")
    shop.clock.set(shop.clock() + timedelta(hours=1))
    shop.record(order("1", "dan", occurred_at=shop.clock().isoformat()))
    assert shop.points("ada") == [7]
    assert shop.loyalty.verify().problems == ()


def test_nothing_of_an_erased_friend_is_left_but_an_id(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(joined("bob", device="a device", address="1 Main St", payment="card"))
    shop.record(order("1", "bob"))
    shop.loyalty.erase(shop.member("bob"), reason="asked", actor="sam", key="erase")
    left = str(shop.loyalty.export(shop.member("ada")))
    for personal in ("bob", "a device", "1main", "Main", "card"):
        assert personal not in left
    assert shop.points("ada") == [100]
    assert shop.loyalty.verify().problems == ()


def test_what_an_erased_referrer_was_due_goes_to_nobody_who_takes_the_code(
    opened: Opened,
) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(joined("bob"))
    shop.loyalty.erase(shop.member("ada"), reason="asked", actor="sam", key="erase")
    eve = shop.loyalty.enrol(known("eve")).id
    link_of(shop.loyalty, eve, "ADA-10")
    shop.record(order("1", "bob"))
    assert shop.points("bob", "eve") == [10, 0]
    assert shop.shown("eve")["friends"] == []
    assert shop.loyalty.verify().problems == ()


def test_a_backend_claims_for_members_known_in_any_way_and_once_by_a_key(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    member = shop.loyalty.enrol({"customer_id": "7"}, source="web").id
    for _ in range(2):
        shown: Any = claim(shop.loyalty, member, "ADA-10", key="sign-up 7")
        assert shown["invited_by"]["state"] == "accepted"
        shop.clock.set(shop.clock() + timedelta(hours=1))
    assert shop.shown("ada")["accepted"] == 1
    with pytest.raises(MemberNotFound):
        claim(shop.loyalty, str(uuid4()), "ADA-10", key="nobody")


def test_links_belong_to_a_program_with_referrals(opened: Opened) -> None:
    with Loyalty.open(
        {"program": {"id": "plain"}, "wallets": {"points": {}}}, "sqlite://"
    ) as plain:
        member = plain.enrol(known("ada")).id
        with pytest.raises(PluginError):
            link_of(plain, member)
        assert referrals_of(plain, member) == {}


def test_the_state_stays_small(opened: Opened) -> None:
    shop = opened(velocity={"most": 50, "hours": 1})
    shop.enrol("ada")
    shop.loyalty.record_many(joined(f"friend{number}", hours=number) for number in range(60))
    assert shop.shown("ada")["accepted"] == 60
    friends: Any = shop.shown("ada")["friends"]
    moments = [datetime.fromisoformat(one["at"]) for one in friends]
    assert len(friends) == 50
    assert moments == sorted(moments)
    assert moments[0] >= NOON + timedelta(hours=10)
    assert len(str(state_of(shop, "ada"))) < 10_000


def test_other_activities_and_members_are_left_alone(opened: Opened) -> None:
    shop = opened(checks=NO_PRINTS)
    shop.enrol("ada")
    shop.record({**activity("x", "bob"), "kind": "review"})
    shop.record(order("1", "bob"))
    assert shop.points("bob") == [0]
    assert state_of(shop, "bob") == {}
    assert known("bob") == {"email": "bob@example.org"}
