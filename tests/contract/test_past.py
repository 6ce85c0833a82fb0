"""Balances and statements as of a moment: by when it happened, and by when it was known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from loyalty_core import FactError, Loyalty, MemberNotFound, WalletUnknown
from tests.contract.conftest import Shop
from tests.contract.test_questions import statements_of
from tests.toy import START, order, refund

DAY = timedelta(days=1)
MONTH = {"expiry": {"after_days": 30}}
ENDS = datetime(2026, 7, 1, tzinfo=UTC)
"""When points of ``START`` end under ``MONTH``."""


def shown(
    loyalty: Loyalty, member: str, at: datetime, known_at: datetime | None = None
) -> tuple[int, int, int, int]:
    """Balance, available, pending and debt as of a moment."""
    wallet = loyalty.statement(member, at=at, known_at=known_at).wallet("points")
    assert wallet.balance == loyalty.balance(member, "points", at=at, known_at=known_at)
    assert wallet.balance == wallet.earned - wallet.redeemed - wallet.expired + wallet.adjusted
    return wallet.balance, wallet.available, wallet.pending, wallet.debt


def test_what_had_happened_and_what_was_known(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    shop.clock.advance(days=10)
    loyalty.redeem(member, points=25, key="k")
    late = loyalty.record(order("late", "5.00", at=START + 2 * DAY))
    assert late.changes == {"points": 5}
    assert shown(loyalty, member, START - DAY) == (0, 0, 0, 0)
    assert shown(loyalty, member, START) == (60, 60, 0, 0)
    assert shown(loyalty, member, START + 2 * DAY) == (65, 65, 0, 0)
    assert shown(loyalty, member, START + 2 * DAY, START + 9 * DAY) == (60, 60, 0, 0)
    assert shown(loyalty, member, START + 10 * DAY) == (40, 40, 0, 0)
    assert shown(loyalty, member, START + 10 * DAY, START + 9 * DAY) == (60, 60, 0, 0)
    assert loyalty.balance(member) == 40
    assert loyalty.balance(member, known_at=START) == 60


def test_now_is_what_a_statement_says(shop: Shop) -> None:
    loyalty = shop.open(
        settings={"pending_days": 10}, wallet={"expiry": {"after_days": 30, "inactivity_days": 60}}
    )
    member = loyalty.record(order()).member_id or ""
    loyalty.adjust(member, "points", -25, reason="r", actor="a", key="k")
    shop.clock.advance(days=3)
    loyalty.record(order("2", "7.00", at=shop.clock()))
    for days in (0, 7, 5, 14, 40):
        shop.clock.advance(days=days)
        now = loyalty.statement(member)
        assert now.wallet("points").lapses_at is not None
        assert loyalty.statement(member, at=shop.clock()) == now
        assert loyalty.statement(member, known_at=shop.clock()) == now


def test_what_a_shop_says_whose_clock_is_ahead_is_in_a_balance_as_in_a_statement(
    shop: Shop,
) -> None:
    """Found: for as long as its clock was ahead, the balance did not have what was recorded."""
    loyalty = shop.open()
    ahead = START + timedelta(minutes=5)
    member = loyalty.record(order(at=ahead)).member_id or ""
    assert loyalty.statement(member).wallet("points").balance == loyalty.balance(member) == 60
    assert (loyalty.balance(member, at=START), loyalty.balance(member, at=ahead)) == (0, 60)
    other = loyalty.enrol({"email": "bob@example.org"}).id
    assert loyalty.balance(other) == 0


def test_points_that_were_pending_then(shop: Shop) -> None:
    loyalty = shop.open(settings={"pending_days": 10})
    member = loyalty.record(order()).member_id or ""
    shop.clock.advance(days=20)
    loyalty.tick()
    assert shown(loyalty, member, START + 9 * DAY) == (60, 0, 60, 0)
    assert shown(loyalty, member, START + 10 * DAY) == (60, 60, 0, 0)
    wallet = loyalty.statement(member, at=START).wallet("points")
    assert wallet.next_pending is not None
    assert (wallet.next_pending.at, wallet.next_pending.amount) == (START + 10 * DAY, 60)
    assert shown(loyalty, member, START + 400 * DAY) == (60, 60, 0, 0)


def test_an_expiry_booked_late_happened_when_the_points_ended(shop: Shop) -> None:
    loyalty = shop.open(wallet=MONTH)
    member = loyalty.record(order()).member_id or ""
    shop.clock.advance(days=50)
    before = ENDS - timedelta(microseconds=1)
    assert shown(loyalty, member, before) == (60, 60, 0, 0)
    assert shown(loyalty, member, ENDS) == (60, 0, 0, 0)  # not booked: held, and of no use
    loyalty.tick()
    assert shown(loyalty, member, before) == (60, 60, 0, 0)
    assert shown(loyalty, member, ENDS) == (0, 0, 0, 0)
    assert loyalty.statement(member, at=ENDS).wallet("points").expired == 60
    known = START + 49 * DAY
    assert shown(loyalty, member, before, known) == (60, 60, 0, 0)
    assert shown(loyalty, member, ENDS, known) == (60, 0, 0, 0)
    (expiring,) = loyalty.statement(member, at=before).wallet("points").expiring
    assert (expiring.at, expiring.amount) == (ENDS, 60)


def test_debt_as_it_was(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    loyalty.redeem(member, points=50, key="k")
    shop.clock.advance(days=5)
    loyalty.record(refund("r", at=shop.clock()))
    shop.clock.advance(days=5)
    loyalty.record(order("2", "70.00", at=shop.clock()))
    assert shown(loyalty, member, START) == (10, 10, 0, 0)
    assert shown(loyalty, member, START + 5 * DAY) == (-50, -50, 0, 50)
    assert shown(loyalty, member, START + 10 * DAY) == (20, 20, 0, 0)


def test_inactivity_is_not_told_of_the_past(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"inactivity_days": 30}})
    member = loyalty.record(order()).member_id or ""
    shop.clock.advance(days=40)
    assert loyalty.tick().expired == {"points": 60}
    assert shown(loyalty, member, START + 29 * DAY) == (60, 60, 0, 0)
    assert shown(loyalty, member, START + 30 * DAY) == (0, 0, 0, 0)
    assert loyalty.statement(member, at=START).wallet("points").lapses_at is None


def test_what_cannot_be_asked(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    with pytest.raises(FactError) as naive:
        loyalty.statement(member, at=START.replace(tzinfo=None))
    assert naive.value.where == "at"
    with pytest.raises(FactError) as naive:
        loyalty.balance(member, known_at=START.replace(tzinfo=None))
    assert naive.value.where == "known_at"
    for text in ("2026-06-01T12:00:00Z", 0):
        with pytest.raises(FactError, match="is not a datetime"):
            loyalty.balance(member, at=cast(Any, text))
    with pytest.raises(WalletUnknown):
        loyalty.balance(member, "stars")
    for nobody in ("x", "01900000-0000-7000-8000-000000000000", cast(Any, None)):
        with pytest.raises(MemberNotFound):
            loyalty.balance(nobody)
        with pytest.raises(MemberNotFound):
            loyalty.statement(nobody, at=START)


def test_one_of_several_wallets_must_be_named(shop: Shop) -> None:
    config = {
        "program": {"id": "shop"},
        "wallets": {"points": {}, "stars": {}},
        "plugins": {"toy": {}},
    }
    loyalty = shop.open(config=config)
    member = loyalty.record(order()).member_id or ""
    with pytest.raises(WalletUnknown) as several:
        loyalty.balance(member)
    assert several.value.remedy == "Its wallets: points, stars."
    assert (loyalty.balance(member, "points"), loyalty.balance(member, "stars")) == (60, 0)


def test_a_question_costs_the_same_however_long_the_history(shop: Shop) -> None:
    loyalty = shop.open()
    costs = []
    for size in (1, 30):
        facts = [order(f"{size}-{number}", at=START - number * DAY) for number in range(size)]
        loyalty.record_many(facts)
        found = loyalty.find({"email": "ada@example.org"})
        assert found is not None
        with statements_of(loyalty) as seen:
            loyalty.statement(found.id, at=START, known_at=START)
            loyalty.balance(found.id, at=START)
        costs.append(len(seen))
    assert costs == [8, 8]


# -- what was held --------------------------------------------------------------------------------


def set_aside(
    loyalty: Loyalty, member: str, at: datetime, known_at: datetime | None = None
) -> tuple[int, int]:
    """Held and available as of a moment."""
    wallet = loyalty.statement(member, at=at, known_at=known_at).wallet("points")
    assert wallet.balance == wallet.available + wallet.pending + wallet.held
    return wallet.held, wallet.available


def test_points_that_were_held_then(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    first, second = (
        loyalty.hold(member, points=points, minutes=3 * 24 * 60, key=f"{points}").redemption_id
        for points in (25, 10)
    )
    shop.clock.advance(days=1)
    loyalty.capture(first, points=5)
    shop.clock.advance(days=1)
    loyalty.release(second)
    shop.clock.advance(days=10)
    just_before = timedelta(microseconds=-1)
    assert set_aside(loyalty, member, START + just_before) == (0, 0)
    assert set_aside(loyalty, member, START) == (35, 25)
    assert set_aside(loyalty, member, START + DAY + just_before) == (35, 25)
    assert set_aside(loyalty, member, START + DAY) == (10, 45)
    assert set_aside(loyalty, member, START + 2 * DAY) == (0, 55)
    assert set_aside(loyalty, member, START + DAY, START) == (35, 25)
    assert set_aside(loyalty, member, START + 2 * DAY, START + DAY) == (10, 45)
    assert set_aside(loyalty, member, START + 3 * DAY, START) == (
        0,
        60,
    )  # all would be over by then
    assert set_aside(loyalty, member, START, START + just_before) == (0, 0)


def test_a_hold_that_nobody_captured_in_time(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    loyalty.hold(member, points=25, minutes=24 * 60, key="k")
    shop.clock.advance(days=5)
    for _ in range(2):
        assert set_aside(loyalty, member, START + DAY / 2) == (25, 35)
        assert set_aside(loyalty, member, START + DAY) == (0, 60)
        loyalty.tick()


def test_what_was_set_free_paid_debt_then_or_had_ended(shop: Shop) -> None:
    loyalty = shop.open(wallet=MONTH)
    member = loyalty.record(order()).member_id or ""
    loyalty.hold(member, points=40, minutes=40 * 24 * 60, key="k")
    shop.clock.advance(days=5)
    loyalty.adjust(member, "points", -30, reason="r", actor="a", key="a")
    shop.clock.advance(days=45)
    told = [START + days * DAY for days in (0, 5, 29, 31, 39, 41, 50)]
    for _ in range(2):
        found = [shown(loyalty, member, at) for at in told]
        assert found[:3] == [(60, 20, 0, 0), (30, -10, 0, 10), (30, -10, 0, 10)]
        held = [loyalty.statement(member, at=at).wallet("points").held for at in told]
        assert held == [40, 40, 40, 40, 40, 0, 0]
        loyalty.tick()
    assert found[5:] == [(-10, -10, 0, 10)] * 2


def test_a_refund_of_what_a_hold_paid_leaves_what_was_held(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    loyalty.record(order("2", "10.00"))
    held = loyalty.hold(member, points=40, minutes=60, key="k").redemption_id
    shop.clock.advance(days=1)
    held = loyalty.hold(member, points=40, minutes=60, key="l").redemption_id
    loyalty.capture(held, points=30, source="web", order_id="2")
    shop.clock.advance(days=1)
    loyalty.record(refund("r", "2", at=shop.clock()))
    assert loyalty.redemption(held).returned == 30
    assert set_aside(loyalty, member, START) == (40, 30)
    assert set_aside(loyalty, member, START + DAY) == (0, 40)


def test_a_hold_was_theirs_who_had_the_points(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    other = loyalty.record(order("2", "9.00", email="ada.l@example.org")).member_id or ""
    loyalty.hold(other, points=7, minutes=30 * 24 * 60, key="k")
    shop.clock.advance(days=1)
    loyalty.merge(member, other, key="m")
    assert set_aside(loyalty, other, START) == (7, 2)
    assert set_aside(loyalty, member, START) == (0, 60)
    assert set_aside(loyalty, member, START + DAY) == (7, 62)
    shop.clock.advance(days=1)
    loyalty.unmerge(other, key="u")
    assert set_aside(loyalty, member, START + DAY) == (7, 62)
    assert set_aside(loyalty, member, START + 2 * DAY) == (0, 60)
    assert set_aside(loyalty, other, START + 2 * DAY) == (7, 2)


def test_who_was_merged_is_answered_for_while_they_are(shop: Shop) -> None:
    """By the old id, too: before the merge they have their own, then what both have together."""
    loyalty = shop.open()
    bob, ada, amy = (
        loyalty.record(order(name, f"{units}.00", email=f"{name}@example.org")).member_id or ""
        for name, units in (("bob", 60), ("ada", 9), ("amy", 2))
    )
    shop.clock.advance(days=1)
    loyalty.merge(ada, amy, key="first")
    shop.clock.advance(days=1)
    loyalty.merge(bob, ada, key="second")
    assert loyalty.statement(amy, at=shop.clock()) == loyalty.statement(amy)
    assert [loyalty.balance(one) for one in (amy, ada, bob)] == [71, 71, 71]
    days = (START, START + DAY, START + 2 * DAY)
    assert [loyalty.balance(amy, at=day) for day in days] == [2, 11, 71]
    assert loyalty.balance(amy, known_at=START) == 2
    shop.clock.advance(days=1)
    loyalty.unmerge(ada, key="parted")
    assert [loyalty.balance(amy, at=day) for day in (*days, shop.clock())] == [2, 11, 71, 11]
    loyalty.erase(ada, reason="asked", actor="op", key="erased")
    assert loyalty.statement(amy, at=shop.clock()).wallets == loyalty.statement(amy).wallets
    assert loyalty.balance(amy) == 0
