"""Fees: collected once whatever breaks, declined, paid on a page, renewed, given back."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core.testing import Answer, Fault
from loyalty_paid import Memberships
from plugins.stripe.tests.build import sent
from plugins.stripe.tests.club import Opening, Shop


def test_the_first_fee_is_paid_on_a_page_and_the_next_by_the_card_that_was_kept(
    opening: Opening,
) -> None:
    with opening() as shop:
        shop.do("subscribe", "club")
        due = shop.shown()["due"]
        assert (due["pay_url"], shop.taken) == (shop.page()["url"], [])
        shop.clock.advance(hours=1)
        shop.double.till.pay(shop.page(), "pm_1")
        sent(shop.loyalty, shop.double)
        shown = shop.shown()
        assert (shown["status"], shown["fees"], shop.taken) == ("active", 1000, [1000])
        assert shown["paid_until"] == "2026-04-01T00:00:00+00:00"
        shown = shop.shown(days=31)
        assert (shown["paid_until"], shown["fees"]) == ("2026-05-01T00:00:00+00:00", 2000)
        assert shop.taken == [1000, 1000]
        sent(shop.loyalty, shop.double)  # what the provider has answered comes as webhooks, too
        sent(shop.loyalty, shop.double, *reversed(shop.double.till.told()))
        shown = shop.shown()
        assert (shown["fees"], shown["status"]) == (2000, "active")
        assert shop.loyalty.report().orders == 2
        assert shop.loyalty.report().members == 1
        assert shop.loyalty.verify().problems == ()


def test_a_fee_earns_no_points_and_is_no_second_payment(shop: Shop) -> None:
    shop.join()
    shop.loyalty.backfill("stripe.main")
    assert shop.loyalty.reconcile("stripe.main").drift == ()
    statement = shop.loyalty.statement(shop.ada)
    assert (statement.wallet("points").balance, shop.loyalty.report().orders) == (0, 1)


def test_the_webhook_may_be_faster_than_the_answer(shop: Shop) -> None:
    shop.double.faults.append(Fault(kind="forget"))  # the customer is made, and nobody knows
    shop.do("subscribe", "club")
    sent(shop.loyalty, shop.double)
    assert shop.loyalty.report().members == 1  # the customer is nobody new
    shop.shown(minutes=1)
    shop.double.till.pay(shop.page(), "pm_1")
    sent(shop.loyalty, shop.double)
    assert shop.shown()["status"] == "active"
    assert len(shop.double.till.held("customer")) == 1
    assert shop.loyalty.report().members == 1


FAULTS = (
    Fault(kind="drop"),
    Fault(kind="forget"),
    Fault(kind="truncate"),
    Fault(kind="delay", seconds=2),
    Fault(kind="answer", answer=Answer(status=500)),
    Fault(kind="answer", answer=Answer(status=409)),
    Fault(kind="answer", answer=Answer(status=429, headers={"retry-after": "30"})),
)
ASKED = 4
"""How much is asked before a renewal is charged: for pages, payments, the customer, methods."""


@pytest.mark.parametrize(
    ("fault", "before"),
    [
        *((fault, ASKED) for fault in FAULTS),
        *((FAULTS[place], place) for place in range(ASKED)),
    ],
    ids=str,
)
def test_whatever_breaks_a_renewal_is_charged_once(shop: Shop, fault: Fault, before: int) -> None:
    shop.join()
    shop.clock.advance(days=31)
    shop.double.asked.clear()

    def breaking(asked: Any) -> None:
        if len(shop.double.asked) == before:
            shop.double.faults.append(fault)

    shop.double.during = breaking
    if not before:
        shop.double.faults.append(fault)
    shop.loyalty.tick()
    shown = shop.shown(minutes=5)
    assert (shown["status"], shown["fees"], shop.taken) == ("active", 2000, [1000, 1000])
    assert shown["paid_until"] == "2026-05-01T00:00:00+00:00"


@pytest.mark.parametrize("done", [True, False])
def test_an_error_that_stripe_keeps_under_the_key_charges_once(shop: Shop, done: bool) -> None:
    shop.join()
    shop.clock.advance(days=31)
    shop.double.broken.append(done)
    shop.loyalty.tick()
    shown = shop.shown(hours=5)
    assert shown["status"] == ("active" if done else "grace")
    shown = shop.shown(hours=25)  # the key is forgotten, and with it the error
    assert (shown["status"], shop.taken) == ("active", [1000, 1000])


# -- what banks say -------------------------------------------------------------------------------


def test_a_decline_is_tried_again_by_the_plan_and_by_another_key(shop: Shop) -> None:
    shop.join()
    shop.double.till.bank["pm_1"] = "insufficient_funds"
    shown = shop.shown(days=31)
    assert (shown["status"], shown["due"]["reason"]) == ("grace", "insufficient_funds")
    sent(shop.loyalty, shop.double)
    assert shop.shown()["due"]["attempts"] == 1  # the webhook tells what the answer has told
    made = shop.double.till.held("payment_intent")
    assert [one["status"] for one in made] == ["canceled", "succeeded"]
    shop.double.till.bank.clear()
    shown = shop.shown(days=1)
    assert (shown["status"], shown["paid_until"]) == ("active", "2026-05-01T00:00:00+00:00")
    assert (len(shop.double.till.held("payment_intent")), shop.taken) == (3, [1000, 1000])


@pytest.mark.parametrize(
    ("says", "advice", "kind"),
    [
        ("authentication_required", "", "card"),
        ("expired_card", "", "link"),
        ("transaction_not_allowed", "", "card"),
        ("highest_risk_level", "", "card"),
        ("generic_decline", "do_not_try_again", "card"),
    ],
)
def test_a_card_that_would_be_declined_again_is_asked_for_anew(
    shop: Shop, says: str, advice: str, kind: str
) -> None:
    shop.join()
    shop.double.till.bank["pm_1"], shop.double.till.advice = says, advice
    shop.double.till.kind = kind
    shown = shop.shown(days=31)
    assert (shown["status"], shown["due"]["pay_url"]) == ("grace", shop.page()["url"])
    sent(shop.loyalty, shop.double)
    assert shop.shown()["due"]["attempts"] == 0  # it waits for the member, and is not declined
    shop.double.till.pay(shop.page(), "pm_2")
    sent(shop.loyalty, shop.double)
    shown = shop.shown()
    assert (shown["status"], shop.taken) == ("active", [1000, 1000])
    shop.shown(days=31)
    assert shop.taken == [1000, 1000, 1000]
    assert shop.loyalty.connector_status("stripe.main").dead == 0


def test_a_card_that_wants_its_owner_before_the_bank_is_asked_is_asked_for_anew(
    shop: Shop,
) -> None:
    shop.join()
    shop.double.till.bank["pm_1"] = "unasked"
    shown = shop.shown(days=31)
    assert (shown["status"], shown["due"]["pay_url"]) == ("grace", shop.page()["url"])
    sent(shop.loyalty, shop.double)
    assert shop.shown()["due"]["attempts"] == 0
    shop.double.till.pay(shop.page(), "pm_2")
    sent(shop.loyalty, shop.double)
    assert (shop.shown()["status"], shop.taken) == ("active", [1000, 1000])


def test_a_page_that_nobody_pays_on_is_an_attempt_that_failed(shop: Shop) -> None:
    shop.join()
    shop.double.till.bank["pm_1"] = "expired_card"
    shop.shown(days=31)
    first = shop.page()
    shop.clock.advance(hours=23)
    shop.double.till.expire(first)
    sent(shop.loyalty, shop.double)
    due = shop.shown()["due"]
    assert (due["attempts"], due["reason"]) == (1, "expired")
    assert due["pay_url"] == shop.page()["url"] != first["url"]  # the next attempt was due
    shop.double.till.pay(shop.page(), "pm_2")
    sent(shop.loyalty, shop.double)
    assert (shop.shown()["status"], shop.taken) == ("active", [1000, 1000])


@pytest.mark.parametrize("well", [True, False])
def test_a_debit_that_takes_days_is_pending_until_then(shop: Shop, well: bool) -> None:
    shop.join()
    shop.double.till.bank["pm_1"] = "later"
    assert shop.shown(days=31)["status"] == "grace"
    (made, *_) = shop.double.till.held("payment_intent")
    shop.clock.advance(days=2)
    shop.double.till.settle(made, well=well)
    sent(shop.loyalty, shop.double)
    shown = shop.shown()
    if well:
        assert (shown["status"], shown["paid_until"]) == ("active", "2026-05-01T00:00:00+00:00")
    else:
        assert (shown["status"], shown["due"]["attempts"]) == ("grace", 1)
        assert shown["due"]["reason"] == "insufficient_funds"


@pytest.mark.parametrize("well", [True, False])
def test_a_debit_on_a_page_begins_the_membership_when_it_came_in(shop: Shop, well: bool) -> None:
    shop.do("subscribe", "club")
    made = shop.double.till.pay(shop.page(), "pm_1", "later")
    sent(shop.loyalty, shop.double)
    assert shop.shown()["status"] == "unpaid"
    shop.clock.advance(days=3)
    shop.double.till.settle(made, well=well, page=shop.page())
    sent(shop.loyalty, shop.double)
    shown = shop.shown()
    assert shown["status"] == ("active" if well else "unpaid")
    assert (shown["due"] or {}).get("reason") == (None if well else "insufficient_funds")


def test_what_stripe_can_never_charge_is_said_at_once_and_tried_as_the_plan_says(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.join()
    shop.double.till.least = 5000
    shown = shop.shown(days=31)
    assert (shown["status"], shown["due"]["attempts"]) == ("grace", 1)
    assert (shown["due"]["reason"], shown["due"]["pay_url"]) == ("amount_too_small", None)
    assert "It is too small" in caplog.text
    shop.double.asked.clear()
    shop.shown(hours=6)
    assert shop.double.asked == []
    shop.double.till.least = 0
    shown = shop.shown(days=1)
    assert (shown["status"], shown["fees"], shop.taken) == ("active", 2000, [1000, 1000])


def test_a_first_fee_that_stripe_can_never_charge_is_said_at_once(shop: Shop) -> None:
    shop.double.till.least = 5000
    shop.do("subscribe", "club")
    shown = shop.shown()
    assert (shown["status"], shown["due"]["reason"]) == ("unpaid", "amount_too_small")


def test_a_customer_who_was_deleted_at_stripe_pays_on_a_page(shop: Shop) -> None:
    shop.join()
    for one in shop.double.till.held("customer"):
        shop.double.till.put(
            {"id": one["id"], "object": "customer", "deleted": True} | {"created": 1}
        )
    assert shop.shown(days=31)["due"]["pay_url"] == shop.page()["url"]
    assert shop.taken == [1000]


def test_a_member_who_was_merged_pays_by_the_card_they_had(shop: Shop) -> None:
    shop.join()
    eve = shop.loyalty.enrol({"email": "eve@example.org"}).id
    shop.clock.advance(hours=1)
    shop.loyalty.merge(eve, shop.ada, key="m")
    shop.clock.advance(days=31)
    shop.loyalty.tick()
    assert shop.taken == [1000, 1000]
    assert Memberships(shop.loyalty).of(eve)["status"] == "active"


# -- back -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, *FAULTS[:5]], ids=str)
def test_who_cancels_in_the_window_has_the_fee_back_once(shop: Shop, fault: Fault | None) -> None:
    shop.join()
    shop.clock.advance(days=1)
    Memberships(shop.loyalty).cancel(shop.ada, key="c", when="now")
    shop.double.asked.clear()

    def breaking(asked: Any) -> None:
        if (
            fault and len(shop.double.asked) == 2
        ):  # the page, the refunds there are; then the refund
            shop.double.faults.append(fault)

    shop.double.during = breaking
    shop.loyalty.tick()
    shown = shop.shown(minutes=5)
    assert (shop.taken, shown["status"], shown["fees"]) == ([1000, -1000], "ended", 0)
    sent(shop.loyalty, shop.double)
    shown = shop.shown()
    assert (shown["status"], shown["fees"], shown["command"].get("refused")) == ("ended", 0, None)
    assert shop.loyalty.reconcile("stripe.main").drift == ()


def test_a_refund_by_the_merchant_ends_the_period_and_a_failed_one_gives_it_back(
    shop: Shop,
) -> None:
    shop.join()
    shop.clock.advance(days=1)
    back = shop.double.till.give_back(shop.page()["payment_intent"], 1000)
    sent(shop.loyalty, shop.double)
    assert shop.shown()["status"] == "ended"
    shop.clock.advance(days=1)
    shop.double.till.take_back(back)
    sent(shop.loyalty, shop.double)
    assert shop.shown()["status"] == "active"


def test_a_dispute_takes_the_period_until_it_is_won(shop: Shop) -> None:
    shop.join()
    shop.clock.advance(days=1)
    paid = shop.page()["payment_intent"]
    found = shop.double.till.doubt(paid, 1000, status="warning_needs_response")
    sent(shop.loyalty, shop.double)
    assert shop.shown()["status"] == "active"  # it is a question, and no money was taken
    shop.double.till.decide(found, "needs_response")
    sent(shop.loyalty, shop.double)
    assert shop.shown()["status"] == "ended"
    shop.double.till.decide(found, "won")
    sent(shop.loyalty, shop.double, *reversed(shop.double.till.told()))
    assert shop.shown()["status"] == "active"


# -- keys -----------------------------------------------------------------------------------------


def test_a_key_that_is_not_taken_holds_fees_up_and_loses_none(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.join()
    monkeypatch.setenv("STRIPE_KEY", "sk_test_key")  # of the other mode: it is not even asked with
    shop.double.asked.clear()
    shop.shown(days=31)
    assert shop.double.asked == []
    monkeypatch.setenv("STRIPE_KEY", "sk_live_old")
    assert shop.shown(hours=1)["status"] == "grace"
    monkeypatch.undo()
    monkeypatch.setenv("STRIPE_KEY", "sk_live_key")
    for name in ("STRIPE_SECRET", "STRIPE_OLD"):
        monkeypatch.setenv(name, "whsec_new")
    assert shop.shown(hours=13)["status"] == "active"
    assert shop.taken == [1000, 1000]
