"""Histories that are replayed, and must come to what they came to: nothing differs for anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from loyalty_core import Backtest, Loyalty, TransactionKind
from tests.contract.backtests import member_of
from tests.contract.conftest import Shop
from tests.toy import START, order, refund

LONG_AGO = START - timedelta(days=400)
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
