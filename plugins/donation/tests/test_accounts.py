"""What charities have: the merchant's part, campaigns and their goals, pay-outs, the givers."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import FactError, IdempotencyConflict, Loyalty, PluginError
from loyalty_donation import Charities
from plugins.donation.tests.build import (
    ADA,
    BOB,
    OAKS,
    ONE_PERCENT,
    REEF,
    SHELTER,
    STEPS,
    Opened,
    gift,
)

MATCHED = [{**REEF, "match": {"percent": "33.3", "budget": "4.00"}}, SHELTER]
DURING = "2026-05-02T12:00:00Z"


def test_the_merchant_adds_its_percent_of_the_sum_within_its_budget(opened: Opened) -> None:
    shop = opened(charity=MATCHED)
    for number, (amount, matched) in enumerate(
        [("0.01", 0), ("0.01", 0), ("0.02", 1), ("10.00", 334), ("2.00", 400), ("500.00", 400)]
    ):
        shop.buy(str(number), more=[gift(amount)])
        assert shop.account("reef").matched == matched
    shop.refund("5")
    shop.refund("4")
    assert (shop.account("reef").given, shop.account("reef").matched) == (1004, 334)


def test_what_the_merchant_adds_is_booked_once_and_follows_refunds(opened: Opened) -> None:
    shop = opened(charity=MATCHED)
    shop.buy("1", more=[gift("10.00")])
    assert shop.outstanding()["reef"] == 1000
    for _ in range(2):
        (account, *_rest) = shop.charities.book(actor="sam")
        assert (account.matched, account.total) == (333, 1333)
        assert shop.outstanding()["reef"] == 1333
    shop.refund("1", lines=[{"line": "gift", "amount": "5.00"}])
    assert shop.account("reef").total == 500 + 166
    shop.charities.book(actor="sam")
    assert shop.outstanding()["reef"] == 666
    shop.refund("1", "s")
    shop.charities.book(actor="sam")
    assert shop.outstanding()["reef"] == 0
    assert shop.loyalty.verify().problems == ()


def test_two_who_book_at_once_book_once(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one books between what the first has read and what it books."""
    shop = opened(charity=MATCHED)
    shop.buy("1", more=[gift("10.00")])
    other, move = Charities(shop.loyalty), shop.charities._move

    def overtaken(*given: Any) -> None:
        monkeypatch.undo()
        other.book(actor="sam")
        move(*given)

    monkeypatch.setattr(shop.charities, "_move", overtaken)
    shop.charities.book(actor="sam")
    assert shop.outstanding()["reef"] == 1333


def test_of_two_who_book_at_once_the_one_with_old_sums_is_refused(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = opened(charity=MATCHED)
    shop.buy("1", more=[gift("10.00")])
    other, move = Charities(shop.loyalty), shop.charities._move

    def overtaken(*given: Any) -> None:
        monkeypatch.undo()
        shop.buy("2", more=[gift("1.00")])
        other.book(actor="sam")
        move(*given)

    monkeypatch.setattr(shop.charities, "_move", overtaken)
    with pytest.raises(IdempotencyConflict):
        shop.charities.book(actor="sam")
    assert shop.outstanding()["reef"] == 1100 + 366


def test_a_campaign_shows_its_progress_and_givers(opened: Opened) -> None:
    shop = opened(campaign=[OAKS])
    shop.buy("1", more=[gift("60.00")], occurred_at=DURING)
    shop.buy("2", more=[gift("39.99")], occurred_at=DURING, identities=BOB)
    account = shop.account("oaks")
    assert (account.total, account.goal, account.progress, account.reached) == (
        9999,
        10000,
        99,
        False,
    )
    assert account.givers == 2
    shop.buy("3", more=[gift("0.01")], occurred_at=DURING)
    assert (shop.account("oaks").progress, shop.account("oaks").reached) == (100, True)
    shop.refund("2")
    assert (shop.account("oaks").progress, shop.account("oaks").givers) == (60, 1)


@pytest.mark.parametrize(("when", "oaks", "reef"), [("continue", 15000, 0), ("stop", 10000, 5000)])
def test_beyond_its_goal_a_campaign_goes_on_or_stops(
    opened: Opened, when: str, oaks: int, reef: int
) -> None:
    shop = opened(campaign=[{**OAKS, "when_reached": when, "match": {"percent": 50}}])
    shop.buy("1", more=[gift("100.00")], occurred_at=DURING)
    assert (shop.account("oaks").total, shop.account("reef").total) == (oaks, reef)
    shop.charities.book(actor="sam")
    assert (shop.outstanding()["oaks"], shop.outstanding()["reef"]) == (oaks, reef)
    shop.refund("1")
    shop.charities.book(actor="sam")
    assert (shop.outstanding()["oaks"], shop.outstanding()["reef"]) == (0, 0)
    assert shop.loyalty.verify().problems == ()


def test_a_payout_is_on_the_books_once_by_its_reference(opened: Opened) -> None:
    shop = opened()
    shop.buy("1", more=[gift("10.00")])
    first = shop.charities.pay_out("reef", 600, reference="SEPA 1", actor="sam")
    assert shop.charities.pay_out("reef", 600, reference="SEPA 1", actor="sam") == first
    account = shop.account("reef")
    assert (account.given, account.paid, account.open, account.total) == (1000, 600, 400, 1000)
    with pytest.raises(IdempotencyConflict):
        shop.charities.pay_out("reef", 400, reference="SEPA 1", actor="sam")
    shop.charities.pay_out("reef", 400, reference="SEPA 2", actor="eve")
    assert [(one.amount, one.reference, one.actor) for one in shop.charities.payouts("reef")] == [
        (400, "SEPA 2", "eve"),
        (600, "SEPA 1", "sam"),
    ]
    assert shop.outstanding()["reef"] == 0
    assert shop.loyalty.verify().problems == ()


@pytest.mark.parametrize("amount", [1001, 0, -5])
def test_no_more_is_paid_than_is_open(opened: Opened, amount: int) -> None:
    shop = opened()
    shop.buy("1", more=[gift("10.00")])
    with pytest.raises(FactError, match="cannot be paid out of 10"):
        shop.charities.pay_out("reef", amount, reference="x", actor="sam")
    assert (shop.charities.payouts("reef"), shop.account("reef").paid) == ((), 0)


def test_a_refund_after_the_payout_is_owed_by_the_charity(opened: Opened) -> None:
    shop = opened()
    shop.buy("1", more=[gift("10.00")])
    shop.charities.pay_out("reef", 1000, reference="1", actor="sam")
    shop.refund("1")
    assert (shop.account("reef").open, shop.outstanding()["reef"]) == (-1000, -1000)
    shop.buy("2", more=[gift("15.00")])
    assert shop.account("reef").open == 500


def test_an_unknown_account_is_refused(opened: Opened) -> None:
    with pytest.raises(FactError, match="no account"):
        opened().charities.account("points")


def test_a_program_without_charities_has_none() -> None:
    with (
        Loyalty.open({"program": {"id": "shop"}}, "sqlite://") as loyalty,
        pytest.raises(PluginError, match="gives to nobody"),
    ):
        Charities(loyalty)


def test_a_givers_statement_is_by_charity_year_and_way(opened: Opened) -> None:
    shop = opened(percent=[ONE_PERCENT], points=STEPS)
    shop.buy("1", "600.00", more=[gift("0.40")], occurred_at="2025-12-31T23:59:59Z")
    shop.buy("2", "100.00", tags=["charity:shelter"], occurred_at="2026-01-01T00:00:00Z")
    shop.loyalty.redeem(shop.member(), points=500, reward="donation.reef", key="k")
    shop.refund("1", lines=[{"line": "a", "amount": "300.00"}])
    given = shop.charities.given(shop.member())
    assert [(one.year, one.charity, one.amount, dict(one.ways)) for one in given] == [
        (2026, "reef", 700, {"points": 1000, "one-percent": -300}),
        (2026, "shelter", 100, {"one-percent": 100}),
        (2025, "reef", 640, {"one-percent": 600, "line": 40}),
    ]
    assert [one.amount for one in shop.charities.given(shop.member(), year=2025)] == [640]
    bob = shop.loyalty.enrol(BOB)
    assert shop.charities.given(bob.id) == ()


def test_what_an_operator_adds_for_a_member_counts(opened: Opened) -> None:
    shop = opened()
    member = shop.loyalty.enrol(ADA).id
    shop.loyalty.adjust(member, "reef", 250, reason="coins in the box", actor="sam", key="k")
    assert shop.account("reef").given == 250
    assert [one.ways for one in shop.charities.given(member)] == [{"adjustment": 250}]
