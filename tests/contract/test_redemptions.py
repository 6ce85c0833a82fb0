"""Redeeming in two steps: points held, then captured or set free."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from loyalty_core import (
    FactError,
    IdempotencyConflict,
    InsufficientPoints,
    Loyalty,
    LoyaltyError,
    Money,
    RedemptionEnded,
    RedemptionNotFound,
    TransactionKind,
)
from tests.contract.conftest import Shop
from tests.toy import START, order, points, refund, totals

PAID = {"source": "web", "order_id": "2"}


def funded(loyalty: Loyalty, amount: int, number: str = "1", **more: Any) -> str:
    return loyalty.record(order(number, amount=f"{amount}.00", **more)).member_id or ""


def held(loyalty: Loyalty, member: str) -> int:
    return loyalty.statement(member).wallet("points").held


# -- holds ----------------------------------------------------------------------------------------


@pytest.mark.hard_case("H11")
def test_held_points_cannot_be_spent_twice(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    receipt = loyalty.hold(member, points=50, key="h")
    assert (receipt.state, receipt.points, receipt.transaction_id) == ("held", 50, None)
    assert (points(loyalty, member), held(loyalty, member)) == ((60, 10, 0, 0), 50)
    with pytest.raises(InsufficientPoints) as refused:
        loyalty.redeem(member, points=11, key="r")
    assert refused.value.facts["available"] == 10
    assert loyalty.history(member).items[0].transaction.kind is TransactionKind.ACCRUAL
    assert loyalty.hold(member, points=50, key="h") == receipt
    with pytest.raises(IdempotencyConflict):
        loyalty.hold(member, points=49, key="h")
    assert loyalty.verify().problems == ()


def test_a_hold_is_captured_in_part_and_the_rest_is_free(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    hold = loyalty.hold(member, points=50, key="h")
    receipt = loyalty.capture(hold.redemption_id, points=30)
    assert (receipt.state, receipt.points, receipt.worth) == ("captured", 30, Money(30, "USD"))
    assert points(loyalty, member) == (30, 30, 0, 0)
    assert (held(loyalty, member), totals(loyalty, member)) == (0, (60, 30, 0, 0))
    assert loyalty.capture(hold.redemption_id, points=30) == receipt
    assert loyalty.capture(hold.redemption_id) == receipt
    for again in (
        lambda: loyalty.capture(hold.redemption_id, points=31),
        lambda: loyalty.release(hold.redemption_id),
    ):
        with pytest.raises(RedemptionEnded):
            again()
    assert points(loyalty, member) == (30, 30, 0, 0)


def test_a_hold_is_released_once(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    hold = loyalty.hold(member, points=50, key="h")
    assert loyalty.release(hold.redemption_id).state == "released"
    assert loyalty.release(hold.redemption_id).state == "released"
    assert (points(loyalty, member), held(loyalty, member)) == ((60, 60, 0, 0), 0)
    with pytest.raises(RedemptionEnded):
        loyalty.capture(hold.redemption_id)


@pytest.mark.hard_case("H11")
@pytest.mark.parametrize("ticked", [False, True])
def test_a_hold_times_out_by_itself(shop: Shop, ticked: bool) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    hold = loyalty.hold(member, points=50, minutes=10, key="h")
    shop.clock.advance(minutes=9, seconds=59)
    assert points(loyalty, member)[1] == 10
    shop.clock.advance(seconds=1)
    if ticked:
        assert loyalty.tick().timed_out_holds == 1
        assert loyalty.tick().timed_out_holds == 0
    assert (points(loyalty, member), held(loyalty, member)) == ((60, 60, 0, 0), 0)
    assert loyalty.redemption(hold.redemption_id).state == "timed_out"
    with pytest.raises(RedemptionEnded):
        loyalty.capture(hold.redemption_id)
    assert loyalty.redeem(member, points=60, key="r").points == 60
    assert loyalty.verify().problems == ()


@pytest.mark.parametrize("ticked", [False, True])
def test_held_points_do_not_expire_until_they_are_free(shop: Shop, ticked: bool) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 1}})
    member = funded(loyalty, 60)
    kept = loyalty.hold(member, points=20, minutes=5 * 24 * 60, key="kept")
    loyalty.hold(member, points=15, minutes=2 * 24 * 60, key="lost")
    shop.clock.advance(days=1)
    if ticked:
        loyalty.tick()
    assert points(loyalty, member)[1] == 0
    shop.clock.advance(days=2)
    assert loyalty.capture(kept.redemption_id).points == 20
    loyalty.tick()
    assert (points(loyalty, member), totals(loyalty, member)) == ((0, 0, 0, 0), (60, 20, 40, 0))


def test_a_refund_leaves_held_points_alone_and_is_paid_when_they_are_free(shop: Shop) -> None:
    loyalty = shop.open(wallet={"debt": "clamp"})
    member = funded(loyalty, 60)
    hold = loyalty.hold(member, points=50, key="h")
    loyalty.record(refund("r"))
    assert (points(loyalty, member), held(loyalty, member)) == ((0, -50, 0, 50), 50)
    loyalty.release(hold.redemption_id)
    assert points(loyalty, member) == (0, 0, 0, 0)
    assert loyalty.verify().problems == ()


def test_refunds_of_two_orders_owe_held_points_once_where_debt_is_forgiven(shop: Shop) -> None:
    """Found: each of them made all that was held a debt, and a clamped wallet stayed in debt."""
    loyalty = shop.open(wallet={"debt": "clamp"})
    member = funded(loyalty, 60)
    funded(loyalty, 40, "3")
    loyalty.redeem(member, points=40, key="k")
    hold = loyalty.hold(member, points=50, key="h")
    loyalty.record(refund("r"))
    assert (points(loyalty, member), held(loyalty, member)) == ((0, -50, 0, 50), 50)
    loyalty.record(refund("r", "3"))
    assert (points(loyalty, member), held(loyalty, member)) == ((0, -50, 0, 50), 50)
    loyalty.release(hold.redemption_id)
    assert points(loyalty, member) == (0, 0, 0, 0)
    assert loyalty.verify().problems == ()


def test_a_hold_costs_what_the_quote_says(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    cart = {"currency": "USD", "lines": [{"id": "a", "amount": "5.00"}]}
    quoted = loyalty.quote(cart, member).offers["toy.money"]
    hold = loyalty.hold(member, cart=cart, key="h")
    assert (hold.points, hold.worth) == (quoted.points, quoted.worth)
    assert loyalty.quote(cart, member).offers["toy.money"].points == 0


def test_a_hold_that_cannot_be_is_refused_and_nothing_is_held(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    with pytest.raises(InsufficientPoints):
        loyalty.hold(member, points=61, key="a")
    with pytest.raises(FactError, match="minutes"):
        loyalty.hold(member, minutes=0, key="b")
    with pytest.raises(FactError, match="source"):
        loyalty.hold(member, order_id="7", key="c")
    hold = loyalty.hold(member, points=50, key="d")
    for points_ in (0, 51, -1):
        with pytest.raises(FactError, match="50 are held"):
            loyalty.capture(hold.redemption_id, points=points_)
    for unknown in ("x", START.isoformat(), member):
        with pytest.raises(RedemptionNotFound):
            loyalty.capture(unknown)
    assert held(loyalty, member) == 50


def test_redemptions_are_listed_latest_first(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    first = loyalty.hold(member, points=10, key="a")
    second = loyalty.redeem(member, points=20, key="b")
    third = loyalty.hold(member, points=5, minutes=5, key="c")
    assert loyalty.redemptions(member) == (third, second, first)
    assert loyalty.redemptions(member, held=True) == (third, first)
    assert loyalty.redemptions(member, first=1, after=third.redemption_id) == (second,)
    shop.clock.advance(minutes=5)
    assert loyalty.redemptions(member, held=True) == (first,)


def at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    def one(number: int) -> Any:
        try:
            return work(number)
        except LoyaltyError as error:
            return error.code

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(one, range(times)))


@pytest.mark.hard_case("H11")
def test_holds_from_many_threads_never_hold_more_than_there_is(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 100)
    done = at_once(lambda n: loyalty.hold(member, points=30, key=f"h{n}").points, 8)
    assert sorted(done, key=str) == [30, 30, 30, *["insufficient_points"] * 5]
    assert (points(loyalty, member)[1], held(loyalty, member)) == (10, 90)
    assert loyalty.verify().problems == ()


def test_capture_and_release_at_once_end_one_way(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 100)
    for n in range(5):
        name = loyalty.hold(member, points=10, key=f"h{n}").redemption_id
        ends = [loyalty.capture, loyalty.release]
        at_once(lambda i, ends=ends, name=name: ends[i % 2](name), 4)
    captured = [one for one in loyalty.redemptions(member) if one.state == "captured"]
    assert held(loyalty, member) == 0
    assert points(loyalty, member)[0] == 100 - 10 * len(captured)
    assert loyalty.verify().problems == ()


# -- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [1.5, 50.0, "5", True, 0, -1, Decimal(5)])
def test_points_that_are_no_whole_number_are_neither_held_nor_spent(shop: Shop, given: Any) -> None:
    """Found: a capture of 1.5 points booked them, in a database that takes fractions."""
    loyalty = shop.open()
    member = funded(loyalty, 60)
    hold = loyalty.hold(member, points=50, key="h")
    with pytest.raises(FactError) as refused:
        loyalty.capture(hold.redemption_id, points=given)
    assert refused.value.where == "points"
    for command in (loyalty.redeem, loyalty.hold):
        with pytest.raises(FactError) as refused:
            command(member, points=given, key="k")
        assert refused.value.where == "points"
    with pytest.raises(FactError) as refused:
        loyalty.hold(member, points=5, minutes=given if given != 50.0 else None, key="k")
    assert refused.value.where == "minutes"
    assert (points(loyalty, member), held(loyalty, member)) == ((60, 10, 0, 0), 50)


@pytest.mark.parametrize("wrong", [None, 7, b"k"])
def test_what_is_no_text_is_no_key_and_no_order(shop: Shop, wrong: Any) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    hold = loyalty.hold(member, points=50, key="h")
    with pytest.raises(FactError, match="key is not a text"):
        loyalty.redeem(member, points=5, key=wrong)
    with pytest.raises(FactError, match="source is not a text"):
        loyalty.capture(hold.redemption_id, source=wrong, order_id="2")
    with pytest.raises(RedemptionNotFound):
        loyalty.release(wrong)
    assert held(loyalty, member) == 50
