"""Giving back the points that paid for an order when it is refunded, and taking them again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty_core import TransactionKind
from tests.contract.conftest import Shop
from tests.contract.test_redemptions import PAID, funded
from tests.toy import START, order, points, refund, totals


@pytest.mark.hard_case("H3")
def test_points_come_back_to_their_own_lots_with_their_own_expiry(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}})
    member = funded(loyalty, 40)
    shop.clock.advance(days=5)
    funded(loyalty, 60, "later", at=shop.clock())
    spent = loyalty.redeem(member, points=70, key="k", **PAID)
    loyalty.record(order("2", "0.00", at=shop.clock(), lines=_two_lines()))
    before = loyalty.statement(member).wallet("points").expiring
    loyalty.record(refund("r1", "2", at=shop.clock(), lines=[{"line": "a"}]))
    assert loyalty.redemption(spent.redemption_id).returned == 28  # 40 % of 70
    wallet = loyalty.statement(member).wallet("points")
    assert [one.amount for one in before] == [30 + 100]
    assert [one.amount for one in wallet.expiring] == [58 + 60]
    loyalty.record(refund("r2", "2", at=shop.clock(), lines=[{"line": "b"}]))
    wallet = loyalty.statement(member).wallet("points")
    assert [(one.at.day, one.amount) for one in wallet.expiring] == [(1, 40), (6, 60)]
    assert (wallet.redeemed, wallet.balance) == (0, 100)
    assert loyalty.tick().expired == {}
    assert loyalty.verify().problems == ()


def _two_lines() -> list[dict[str, Any]]:
    return [{"id": "a", "amount": "40.00"}, {"id": "b", "amount": "60.00"}]


@pytest.mark.hard_case("H3")
@pytest.mark.parametrize("first", ["capture", "order", "refund"])
def test_the_order_of_order_refund_and_redemption_makes_no_difference(
    shop: Shop, first: str
) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 100)
    hold = loyalty.hold(member, points=50, key="k")
    bought = order("2", lines=_two_lines(), at=START)
    back = refund("r", "2", lines=[{"line": "b"}])
    steps: dict[str, Callable[[], Any]] = {
        "capture": lambda: loyalty.capture(hold.redemption_id, **PAID),
        "order": lambda: loyalty.record(bought),
        "refund": lambda: loyalty.record(back),
    }
    steps.pop(first)()
    for step in steps.values():
        step()
    assert loyalty.redemption(hold.redemption_id).returned == 30
    assert points(loyalty, member) == (100 - 50 + 30 + 40, 120, 0, 0)
    loyalty.record(back)
    assert points(loyalty, member) == (120, 120, 0, 0)


def test_a_cancelled_order_gives_all_back_and_takes_it_again_when_it_is_paid_after_all(
    shop: Shop,
) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 100)
    spent = loyalty.redeem(member, points=50, key="k", **PAID)
    for version, status, returned in ((1, "paid", 0), (2, "cancelled", 50), (3, "paid", 0)):
        loyalty.record(order("2", "9.00", status=status, version=version))
        assert loyalty.redemption(spent.redemption_id).returned == returned
    assert points(loyalty, member) == (59, 59, 0, 0)
    assert totals(loyalty, member) == (109, 50, 0, 0)


@pytest.mark.parametrize(("grace", "available"), [(0, 0), (10, 50)])
def test_points_that_ended_meanwhile_expire_or_have_days_of_grace(
    shop: Shop, grace: int, available: int
) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}, "return_grace_days": grace})
    member = funded(loyalty, 50)
    loyalty.redeem(member, points=50, key="k", **PAID)
    loyalty.record(order("2", "0.50"))
    shop.clock.advance(days=40)
    loyalty.record(refund("r", "2", at=shop.clock()))
    assert points(loyalty, member)[1] == available
    loyalty.tick()
    assert points(loyalty, member) == (available, available, 0, 0)
    shop.clock.advance(days=10)
    loyalty.tick()
    assert (points(loyalty, member), totals(loyalty, member)) == ((0, 0, 0, 0), (50, 0, 50, 0))


@pytest.mark.parametrize("grace", [0, 10])
@pytest.mark.parametrize("days", [0, 20])
def test_points_that_came_back_and_expired_are_spent_when_the_refund_is_undone(
    shop: Shop, grace: int, days: int
) -> None:
    """Found: those with days of grace stayed, for points of their lot that had expired before."""
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}, "return_grace_days": grace})
    member = funded(loyalty, 100)
    loyalty.redeem(member, points=50, key="k", **PAID)
    loyalty.record(order("2", "0.50"))
    shop.clock.advance(days=40)
    moment = shop.clock()
    for name in ("r", "s"):
        loyalty.record(refund(name, "2", at=moment))
        shop.clock.advance(days=days)
        undone = shop.clock()
        loyalty.record(refund(name, "2", at=moment, voided_at=undone.isoformat()))
        loyalty.tick()
        assert (points(loyalty, member), totals(loyalty, member)) == ((0,) * 4, (100, 50, 50, 0))
    assert loyalty.verify().problems == ()
    assert loyalty.rebuild().differences == ()


def test_points_that_came_back_and_were_spent_again_are_owed_when_the_refund_is_undone(
    shop: Shop,
) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}, "return_grace_days": 10})
    member = funded(loyalty, 100)
    loyalty.redeem(member, points=50, key="k", **PAID)
    loyalty.record(order("2", "0.50"))
    shop.clock.advance(days=40)
    moment = shop.clock()
    loyalty.record(refund("r", "2", at=moment))
    loyalty.redeem(member, points=50, key="again")
    loyalty.record(refund("r", "2", at=moment, voided_at=moment.isoformat()))
    assert points(loyalty, member) == (-50, -50, 0, 50)
    assert totals(loyalty, member) == (100, 100, 50, 0)


@pytest.mark.parametrize(("goodwill", "back"), [("keep", 0), ("take_back", 15)])
def test_goodwill_gives_points_back_where_it_takes_them(
    shop: Shop, goodwill: str, back: int
) -> None:
    """A program's goodwill is either no refund, or one like any other: on both sides."""
    loyalty = shop.open(goodwill=goodwill)
    member = funded(loyalty, 50)
    before, after = (loyalty.hold(member, points=20, key=key) for key in ("before", "after"))
    loyalty.capture(before.redemption_id, points=10, **PAID)
    loyalty.record(order("2", "10.00"))
    loyalty.record(refund("r", "2", kind="goodwill", amount="5.00"))
    loyalty.capture(after.redemption_id, **PAID)
    assert points(loyalty, member)[0] == 50 + (5 if back else 10) - 30 + back
    known = [loyalty.redemption(one.redemption_id).returned for one in (before, after)]
    assert sum(known) == back


def test_points_that_come_back_pay_debt(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 50)
    loyalty.redeem(member, points=50, key="k", **PAID)
    loyalty.record(order("2", "0.50"))
    loyalty.record(refund("r", "1"))
    assert points(loyalty, member) == (-50, -50, 0, 50)
    loyalty.record(refund("s", "2"))
    assert points(loyalty, member) == (0, 0, 0, 0)


def test_another_persons_order_gives_back_to_who_paid(shop: Shop) -> None:
    loyalty = shop.open()
    payer = funded(loyalty, 50)
    loyalty.redeem(payer, points=50, key="k", **PAID)
    buyer = loyalty.record(order("2", "9.00", email="bob@example.org")).member_id or ""
    receipt = loyalty.record(refund("r", "2"))
    assert (points(loyalty, payer), points(loyalty, buyer)) == ((50, 50, 0, 0), (0, 0, 0, 0))
    assert (receipt.member_id, receipt.changes, receipt.shared) == (buyer, {"points": -9}, {})
    assert len(receipt.transactions) == 2


def test_what_is_given_back_is_told_and_explained(shop: Shop) -> None:
    shop.toy.subscribed = ("points_held", "points_redeemed", "points_released", "points_returned")
    loyalty = shop.open()
    member = funded(loyalty, 100)
    one = loyalty.hold(member, points=30, key="a")
    loyalty.release(one.redemption_id)
    two = loyalty.redeem(member, points=50, key="b", **PAID)
    loyalty.record(order("2", "0.50"))
    receipt = loyalty.record(refund("r", "2"))
    assert receipt.changes == {"points": 50}
    back = loyalty.explain(receipt.transactions[0])
    assert (back.transaction.kind, back.transaction.amount) == (TransactionKind.REDEMPTION, 50)
    assert back.fact is not None
    assert back.fact.id == "2"
    loyalty.tick()
    told = [(event.type, event.data["amount"]) for event in shop.toy.received]
    assert told == [
        ("points_held", 30),
        ("points_released", 30),
        ("points_redeemed", 50),
        ("points_returned", 50),
    ]
    assert {event.data.get("redemption") for event in shop.toy.received} == {
        one.redemption_id,
        two.redemption_id,
    }
