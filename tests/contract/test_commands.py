"""Redeeming and adjusting: idempotent, and never more than there is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from loyalty_core import (
    FactError,
    IdempotencyConflict,
    InsufficientPoints,
    Loyalty,
    LoyaltyError,
    MemberNotFound,
    Money,
    RewardUnknown,
    WalletUnknown,
)
from tests.contract.conftest import Shop
from tests.toy import START, order, points, refund, totals


def funded(loyalty: Loyalty, amount: int) -> str:
    return loyalty.record(order(amount=f"{amount}.00")).member_id or ""


def test_redeeming(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    receipt = loyalty.redeem(member, points=25, key="k")
    assert (receipt.points, receipt.worth, receipt.reward) == (25, Money(25, "USD"), "toy.money")
    assert (receipt.member_id, receipt.wallet) == (member, "points")
    assert receipt.occurred_at == START
    assert points(loyalty, member) == (35, 35, 0, 0)
    assert loyalty.redeem(member, key="all").points == 35
    assert totals(loyalty, member) == (60, 60, 0, 0)


@pytest.mark.hard_case("H6")
def test_the_same_command_twice_answers_with_the_first_receipt(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    first = loyalty.redeem(member, points=25, key="k")
    shop.clock.advance(days=1)
    assert loyalty.redeem(member, points=25, key="k") == first
    with pytest.raises(IdempotencyConflict):
        loyalty.redeem(member, points=26, key="k")
    with pytest.raises(IdempotencyConflict):
        loyalty.adjust(member, "points", 5, reason="r", actor="a", key="k")
    assert points(loyalty, member) == (35, 35, 0, 0)


def test_the_same_adjustment_twice(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    given = {"reason": "gift", "actor": "eve", "key": "k"}
    first = loyalty.adjust(member, "points", 40, **given)
    assert loyalty.adjust(member, "points", 40, **given) == first
    assert (first.amount, first.reason, first.actor) == (40, "gift", "eve")
    with pytest.raises(IdempotencyConflict):
        loyalty.adjust(member, "points", 41, **given)
    assert points(loyalty, member) == (100, 100, 0, 0)
    made = loyalty.history(member).items[0].transaction
    assert (made.id, made.actor, made.reason) == (first.transaction_id, "eve", "gift")


@pytest.mark.hard_case("H6")
def test_one_key_from_many_threads_spends_once(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 100)
    with ThreadPoolExecutor(8) as threads:
        receipts = list(
            threads.map(lambda _: loyalty.redeem(member, points=10, key="k"), range(16))
        )
    assert len({receipt.transaction_id for receipt in receipts}) == 1
    assert points(loyalty, member) == (90, 90, 0, 0)


@pytest.mark.hard_case("H9")
def test_many_threads_get_exactly_what_there_is(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 100)

    def spend(number: int) -> str:
        try:
            loyalty.redeem(member, points=30, key=f"k{number}")
        except InsufficientPoints as error:
            return error.code
        return "granted"

    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(spend, range(16)))
    assert outcomes.count("granted") == 3
    assert outcomes.count("insufficient_points") == 13
    assert points(loyalty, member) == (10, 10, 0, 0)
    assert totals(loyalty, member) == (100, 90, 0, 0)
    assert loyalty.verify().problems == ()


def test_what_cannot_be_spent_is_refused_and_nothing_is_booked(shop: Shop) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    with pytest.raises(InsufficientPoints) as short:
        loyalty.redeem(member, points=61, key="k")
    assert (short.value.facts["needed"], short.value.facts["available"]) == (61, 60)
    refusals = [
        (FactError, lambda: loyalty.redeem(member, points=0, key="k")),
        (FactError, lambda: loyalty.redeem(member, points=-5, key="k")),
        (RewardUnknown, lambda: loyalty.redeem(member, reward="toy.nothing", key="k")),
        (MemberNotFound, lambda: loyalty.redeem("nobody", points=5, key="k")),
        (WalletUnknown, lambda: loyalty.adjust(member, "x", 5, reason="r", actor="a", key="k")),
        (FactError, lambda: loyalty.adjust(member, "points", 0, reason="r", actor="a", key="k")),
        (FactError, lambda: loyalty.adjust(member, "points", 5, reason=" ", actor="a", key="k")),
        (FactError, lambda: loyalty.adjust(member, "points", 5, reason="r", actor="", key="k")),
        (MemberNotFound, lambda: loyalty.adjust("x", "points", 5, reason="r", actor="a", key="k")),
    ]
    for kind, refused in refusals:
        with pytest.raises(kind):
            refused()
    assert points(loyalty, member) == (60, 60, 0, 0)
    assert loyalty.redeem(member, points=5, key="k").points == 5


@pytest.mark.parametrize("amount", [10**15, -(10**30), 1.5, True])
def test_an_absurd_adjustment_is_refused(shop: Shop, amount: int) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    with pytest.raises(LoyaltyError) as refused:
        loyalty.adjust(member, "points", amount, reason="r", actor="a", key="k")
    assert refused.value.code == "fact_malformed"
    assert points(loyalty, member) == (60, 60, 0, 0)


@pytest.mark.parametrize("key", ["", "k" * 201, "k\x00"])
def test_a_key_that_cannot_be_kept_is_refused(shop: Shop, key: str) -> None:
    loyalty = shop.open()
    member = funded(loyalty, 60)
    with pytest.raises(LoyaltyError) as refused:
        loyalty.redeem(member, points=5, key=key)
    assert refused.value.code == "fact_malformed"
    with pytest.raises(LoyaltyError) as refused:
        loyalty.adjust(member, "points", 5, reason="r", actor="a", key=key)
    assert refused.value.code == "fact_malformed"
    with pytest.raises(LoyaltyError) as refused:
        loyalty.enrol({"email": "bob@example.org"}, key=key)
    assert refused.value.code == "fact_malformed"
    assert points(loyalty, member) == (60, 60, 0, 0)
    assert loyalty.report().members == 1


@pytest.mark.parametrize(
    ("policy", "left", "adjusted"),
    [
        ("negative", (-20, -20, 0, 20), -30),
        ("clamp", (0, 0, 0, 0), -10),
        ("pending_first", (-20, -20, 0, 20), -30),
    ],
)
def test_taking_more_than_there_is(
    shop: Shop, policy: str, left: tuple[int, int, int, int], adjusted: int
) -> None:
    loyalty = shop.open(wallet={"debt": policy})
    member = funded(loyalty, 10)
    receipt = loyalty.adjust(member, "points", -30, reason="r", actor="a", key="k")
    assert receipt.amount == adjusted
    assert points(loyalty, member) == left
    assert loyalty.adjust(member, "points", -30, reason="r", actor="a", key="k") == receipt
    assert points(loyalty, member) == left


@pytest.mark.hard_case("H1")
@pytest.mark.parametrize(
    ("policy", "after", "later"),
    [
        ("negative", (-50, 50), (10, 0)),
        ("clamp", (0, 0), (60, 0)),
        ("pending_first", (-50, 50), (10, 0)),
    ],
)
def test_a_refund_after_the_points_were_spent_and_the_next_order_pays(
    shop: Shop, policy: str, after: tuple[int, int], later: tuple[int, int]
) -> None:
    loyalty = shop.open(wallet={"debt": policy})
    member = funded(loyalty, 50)
    loyalty.redeem(member, points=50, key="k")
    loyalty.record(refund("r"))
    balance, available, pending, debt = points(loyalty, member)
    assert (balance, available, pending, debt) == (after[0], after[0], 0, after[1])
    with pytest.raises(InsufficientPoints):
        loyalty.redeem(member, points=1, key="k2")
    loyalty.record(order("2"))
    assert points(loyalty, member) == (later[0], later[0], 0, later[1])
    assert loyalty.verify().problems == ()
