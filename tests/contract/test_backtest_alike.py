"""Histories that are replayed, and must come to what they came to: nothing differs for anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from loyalty_core import Backtest, Figures, Loyalty, TransactionKind
from tests.contract.backtests import SINCE, member_of
from tests.contract.conftest import Shop
from tests.toy import START, activity, config_of, order, refund

LONG_AGO = START - timedelta(days=400)
BOB = "bob@example.org"
GIVEN = {"reason": "r", "actor": "a"}


def replayed_alike(loyalty: Loyalty, document: dict[str, Any]) -> Backtest:
    """A backtest by the same rules and a wallet that nobody uses: everybody is replayed."""
    wallets = {**document["wallets"], "other": {}}
    found = loyalty.backtest({**document, "wallets": wallets}, since=LONG_AGO)
    assert found.impossible == ()
    assert [one for one in (*found.months, *found.segments, *found.grants) if differs(one)] == []
    assert not found.differs
    assert found.replayed > 0
    return found


def differs(one: Any) -> bool:
    return bool(one.was != one.would)


def clamped(shop: Shop) -> tuple[Loyalty, dict[str, Any]]:
    wallet = {"debt": "clamp", "expiry": {"after_days": 20}}
    document = {"program": {"id": "shop"}, "wallets": {"points": wallet}, "plugins": {"toy": {}}}
    return shop.open(config=document), document


def test_what_was_forgiven_and_earned_again(shop: Shop) -> None:
    """A refund took 11 of 24 points, and the rest was forgiven; then all 24 were due again."""
    loyalty, document = clamped(shop)
    at = START - timedelta(days=49)
    loyalty.record(order("1", "24.00", at=at))
    member = member_of(loyalty)
    loyalty.tick()
    loyalty.adjust(member, "points", 11, key="a", **GIVEN)
    loyalty.redeem(member, points=10, key="k1")
    (expiry,) = [
        one.transaction
        for one in loyalty.history(member).items
        if one.transaction.kind is TransactionKind.EXPIRY
    ]
    loyalty.reinstate(member, expiry.id, key="r", **GIVEN)
    loyalty.redeem(member, points=14, key="k2")
    loyalty.record(refund("r", "1", at=at))
    assert loyalty.balance(member) == 0
    loyalty.record(refund("r", "1", at=at, voided_at=at.isoformat()))
    loyalty.record(order("1", "69.00", at=at, version=2))
    assert loyalty.balance(member) == 69
    loyalty.redeem(member, points=69, key="k3")
    replayed_alike(loyalty, document)


def test_a_hold_that_is_released_after_a_refund_of_the_same_moment(shop: Shop) -> None:
    """What is held cannot be taken back: the refund left a debt, and the release paid it."""
    loyalty, document = clamped(shop)
    loyalty.record(order("1", "50.00", at=START))
    member = member_of(loyalty)
    shop.clock.advance(days=1)
    held = loyalty.hold(member, points=40, minutes=60, key="h")
    loyalty.record(refund("r", "1", at=shop.clock()))
    loyalty.adjust(member, "points", -30, key="a", **GIVEN)
    loyalty.release(held.redemption_id)
    replayed_alike(loyalty, document)


def parted(shop: Shop) -> tuple[Loyalty, str, str]:
    """Ada was one with Bob when she spent, first her own points and then some of his."""
    loyalty = shop.open()
    shop.clock.advance(days=20)
    ada = loyalty.record(order("1", "100.00", at=shop.clock())).member_id or ""
    shop.clock.advance(days=1)
    bob = loyalty.record(order("2", "60.00", at=shop.clock(), email=BOB)).member_id or ""
    loyalty.merge(ada, bob, key="m")
    loyalty.redeem(ada, points=130, key="k")
    loyalty.unmerge(bob, key="u")
    return loyalty, ada, bob


def test_members_who_were_one_for_a_time(shop: Shop) -> None:
    loyalty, ada, bob = parted(shop)
    found = replayed_alike(loyalty, config_of())
    assert found.replayed == 2
    loyalty.record(refund("r", "2", at=shop.clock()))  # 30 of his were spent, by her
    loyalty.record(order("3", "10.00", at=shop.clock(), email=BOB))
    assert [loyalty.balance(one) for one in (ada, bob)] == [0, -20]
    replayed_alike(loyalty, config_of())


def test_what_is_left_of_more_points_goes_back_to_whom_they_came_from(shop: Shop) -> None:
    """With two points a dollar she has 200, and spends none of his 120."""
    loyalty, ada, bob = parted(shop)
    found = loyalty.backtest(config_of(settings={"per_unit": 2}), since=SINCE)
    assert {one.about: (one.was, one.would) for one in found.members} == {
        ada: (
            Figures(earned=100, spent=130, moved=30, owed=0),
            Figures(earned=200, spent=130, moved=0, owed=70),
        ),
        bob: (
            Figures(earned=60, moved=-30, owed=30),
            Figures(earned=120, moved=0, owed=120),
        ),
    }
    assert (found.impossible, found.gaining) == ((), 2)


def test_a_merge_that_left_no_points_is_undone_as_well(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.enrol({"email": "ada@example.org"}).id
    bob = loyalty.enrol({"email": BOB}).id
    loyalty.merge(ada, bob, key="m")
    loyalty.record(order("1", "10.00", at=START, email=BOB))
    loyalty.unmerge(bob, key="u")
    loyalty.record(order("2", "10.00", at=START, email=BOB))
    assert [loyalty.balance(one) for one in (ada, bob)] == [10, 10]
    replayed_alike(loyalty, config_of())


def test_what_would_hold_points_of_both(shop: Shop) -> None:
    """With less of her own she would hold his points, too: these stay with her, and it is told."""
    settings = {"activities": {"review": 100}}
    loyalty = shop.open(settings=settings)
    shop.clock.advance(days=20)
    ada = loyalty.record(activity("1", at=shop.clock())).member_id or ""
    shop.clock.advance(days=1)
    bob = loyalty.record(order("2", "60.00", at=shop.clock(), email=BOB)).member_id or ""
    loyalty.merge(ada, bob, key="m")
    loyalty.hold(ada, points=90, minutes=600, key="h")
    loyalty.unmerge(bob, key="u")
    replayed_alike(loyalty, config_of(settings=settings))
    fewer = config_of(settings={"activities": {"review": 40}})
    found = loyalty.backtest(fewer, since=SINCE)
    assert [(one.what, one.member_id, one.points) for one in found.impossible] == [
        ("transfer", bob, 90)
    ]
    assert {one.about: one.would.owed for one in found.members} == {ada: 100, bob: 0}
