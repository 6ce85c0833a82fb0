"""Money and time: fees are asked for once, when they are due, and what becomes of the answers."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from loyalty_core import Money
from loyalty_paid import fee_paid
from plugins.paid.tests.build import ADA, Death, Shop, moment
from plugins.paid.tests.dying import Ledger

Opened = Callable[..., Shop]
ROOT = Path(__file__).resolve().parents[3]


def test_a_fee_is_asked_for_and_benefits_begin_when_it_is_paid(opened: Opened) -> None:
    shop = opened().at("2026-01-31T15:00")
    assert shop.memberships.subscribe(shop.ada, "basic", key="1")["status"] == "unpaid"
    assert shop.benefits() == []
    shop.loyalty.tick()
    shown = shop.shown()
    assert (shown["status"], shown["paid_until"]) == ("active", "2026-02-28T00:00:00+00:00")
    assert shop.benefits() == ["basic-price"]
    assert shop.bank.taken == [Money(1000, "USD")]
    assert shop.loyalty.report().orders == 1
    assert shop.loyalty.verify().problems == ()


@pytest.mark.hard_case("H16")
def test_a_month_from_the_31st_comes_back_to_the_31st(opened: Opened) -> None:
    shop = opened(zone="America/New_York")
    shop.do("subscribe", "basic", when="2027-01-31T15:00")
    ends = []
    for _ in range(5):
        ends.append(shop.shown()["paid_until"])
        shop.clock.now = moment(ends[-1])
        shop.loyalty.tick()
    assert ends == [  # midnight in New York: summer time begins on 14 March
        "2027-02-28T05:00:00+00:00",
        "2027-03-31T04:00:00+00:00",
        "2027-04-30T04:00:00+00:00",
        "2027-05-31T04:00:00+00:00",
        "2027-06-30T04:00:00+00:00",
    ]
    assert len(shop.bank.taken) == 6


def test_29_february_is_the_28th_in_other_years(shop: Shop) -> None:
    shop.do("subscribe", "year", when="2028-02-15")
    assert shop.shown()["paid_until"] == "2028-02-29T00:00:00+00:00"  # the trial
    assert shop.shown("2028-02-29T00:00")["paid_until"] == "2029-02-28T00:00:00+00:00"
    for year, day in ((2029, "28"), (2030, "28"), (2031, "28")):
        shop.shown(f"{year}-02-{day}T00:00")
    assert shop.shown("2031-03-01")["paid_until"] == "2032-02-29T00:00:00+00:00"


def test_a_member_is_never_charged_twice_when_the_process_dies(opened: Opened) -> None:
    shop = opened()
    shop.memberships.subscribe(shop.ada, "basic", key="1")
    shop.bank.dies = True
    with pytest.raises(Death):
        shop.loyalty.tick()
    assert shop.bank.taken == [Money(1000, "USD")]
    assert shop.shown(tick=False)["status"] == "unpaid"
    shop.clock.now += timedelta(hours=1)
    shop.loyalty.close()
    shop.open()  # another process
    shop.loyalty.tick()
    shop.loyalty.tick()
    assert shop.shown()["status"] == "active"
    assert shop.bank.asked[0] == shop.bank.asked[1]
    assert (len(shop.bank.asked), shop.bank.taken) == (2, [Money(1000, "USD")])
    assert shop.shown()["fees"] == 1000


def test_a_process_that_is_killed_after_the_payment_costs_nobody_twice(
    opened: Opened, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "payments")
    shop = opened(ledger=ledger)
    shop.memberships.subscribe(shop.ada, "basic", key="1")
    now = shop.clock.now.isoformat()
    command = [sys.executable, "-m", "plugins.paid.tests.dying", shop.url, str(ledger.file), now]
    killed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (paid,) = ledger.file.read_text().splitlines()
    assert shop.shown(tick=False)["status"] == "unpaid"
    shop.clock.now += timedelta(hours=1)
    shop.loyalty.tick()
    assert ledger.asked == [paid]
    assert ledger.file.read_text().splitlines() == [paid]
    assert (shop.shown()["status"], shop.shown()["fees"]) == ("active", 1000)


def test_no_transaction_is_open_while_the_bank_is_asked(opened: Opened) -> None:
    shop = opened()
    shop.memberships.subscribe(shop.ada, "basic", key="1")

    def by_another() -> None:  # it would wait for a lock that is held, for ever
        visit = {"type": "activity", "id": "v", "kind": "visit"}
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(shop.record, visit).result(timeout=5).member_id

    shop.bank.meanwhile = by_another
    shop.loyalty.tick()
    assert shop.shown()["status"] == "active"
    assert shop.loyalty.report().activities == 2


def test_processes_that_tick_together_charge_once(opened: Opened) -> None:
    shop = opened()
    shop.memberships.subscribe(shop.ada, "basic", key="1")
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(shop.loyalty.tick) for _ in range(8)]:
            done.result()
    assert (shop.bank.asked, shop.shown()["fees"]) == (shop.bank.asked[:1], 1000)


def test_a_refund_is_made_once_when_the_process_dies(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic")
    shop.clock.now += timedelta(days=1)
    shop.memberships.cancel(shop.ada, key="c", when="now")
    shop.bank.dies = True
    with pytest.raises(Death):
        shop.loyalty.tick()
    shop.clock.now += timedelta(hours=1)
    shop.loyalty.tick()
    assert list(shop.bank.returned.values()) == [Money(1000, "USD")]
    assert (shop.shown()["status"], shop.shown()["fees"]) == ("ended", 0)


def test_what_is_declined_is_tried_again_and_ends_with_the_grace(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.bank.says = dict.fromkeys("123", "declined")
    seen = {}
    for day in range(1, 10):
        shown = shop.shown(f"2026-04-{day:02}T00:00:01")
        seen[day] = (shown["status"], len(shop.bank.asked))
    assert seen == {
        1: ("grace", 2),
        2: ("grace", 3),
        3: ("grace", 3),
        4: ("grace", 4),
        5: ("grace", 4),
        6: ("grace", 4),
        7: ("grace", 4),
        8: ("ended", 4),
        9: ("ended", 4),
    }
    assert shop.bank.taken == [Money(1000, "USD")]
    assert shop.benefits() == []
    assert shop.told().count("payment_failed") == 3
    assert ("ended", {"plan": "basic", "why": "unpaid"}) in shop.plugin.told


def test_no_job_has_to_have_run(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    found = [
        (shop.shown(when, tick=False)["status"], shop.benefits(when))
        for when in (
            "2026-03-31T23:59:59",
            "2026-04-01T00:00",
            "2026-04-07T23:59",
            "2026-04-08T00:00",
        )
    ]
    assert found == [
        ("active", ["basic-price"]),
        ("grace", ["basic-price"]),
        ("grace", ["basic-price"]),
        ("ended", []),
    ]


def test_paid_in_the_grace_the_period_is_counted_from_when_it_was_due(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.bank.says = {"1": "declined", "2": "declined"}
    shop.shown("2026-04-01T00:00")
    shop.shown("2026-04-02T00:00")
    shown = shop.shown("2026-04-04T00:00")
    assert (shown["status"], shown["paid_until"]) == ("active", "2026-05-01T00:00:00+00:00")
    shop.bank.says = {}
    shop.bank.says = {}
    assert shop.shown("2026-05-01T00:00")["paid_until"] == "2026-06-01T00:00:00+00:00"


def test_paid_after_the_grace_it_begins_anew(opened: Opened) -> None:
    shop = opened(bank="paid.manual")
    shop.do("subscribe", "basic", when="2026-03-01")
    charge = shop.shown()["due"]["charge"]
    money = Money(1000, "USD")
    shop.loyalty.record(fee_paid("basic", money, identities=ADA, at=shop.clock.now, charge=charge))
    charge = shop.shown("2026-04-01T00:00")["due"]["charge"]
    shop.at("2026-04-20T10:00")
    shop.loyalty.record(fee_paid("basic", money, identities=ADA, at=shop.clock.now, charge=charge))
    shown = shop.shown()
    assert (shown["status"], shown["paid_until"]) == ("active", "2026-05-20T00:00:00+00:00")


def test_a_provider_may_answer_later_and_twice(opened: Opened) -> None:
    shop = opened()
    shop.bank.says = {"1": "pending"}
    shop.do("subscribe", "basic", when="2026-03-01")
    shown = shop.shown()
    assert (shown["status"], shown["due"]["pay_url"]) == ("unpaid", "https://bank/pay")
    line = {"id": shown["due"]["charge"], "sku": "basic", "kind": "membership", "amount": "10.00"}
    paid = {
        "type": "order",
        "source": "bank",
        "id": "pay-0",
        "identities": {},
        "currency": "USD",
        "lines": [line],
        "version": 1,
    }
    shop.at("2026-03-02")
    for _ in range(2):
        shop.record({**paid, "occurred_at": "2026-03-02T12:00:00Z"})
    shown = shop.shown()
    assert (shown["status"], shown["paid_until"]) == ("active", "2026-04-02T00:00:00+00:00")
    assert (shown["fees"], shop.bank.taken) == (1000, [])


def test_a_first_fee_that_is_declined_is_not_tried_again(shop: Shop) -> None:
    shop.bank.says = {"1": "declined"}
    shop.do("subscribe", "basic", when="2026-03-01")
    shown = shop.shown("2026-03-20")
    assert (shown["status"], shown["due"]["reason"]) == ("unpaid", "no money")
    assert len(shop.bank.asked) == 1
    shop.bank.says = {}
    shop.do("subscribe", "plus")
    assert shop.shown()["plan"] == "plus"


def test_a_failure_that_is_told_twice_counts_once(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.bank.says = dict.fromkeys("12", "declined")
    shop.shown("2026-04-01T00:00:01")
    due = shop.shown()["due"]
    told = {"type": "activity", "kind": "paid.payment_failed", "source": "bank", "id": "webhook"}
    shop.record({**told, "data": {"charge": due["charge"], "attempt": 1, "reason": "no money"}})
    assert shop.shown()["due"]["attempts"] == 1
    assert shop.told().count("payment_failed") == 1
    shop.shown("2026-04-02T00:00:01")
    assert (len(shop.bank.asked), shop.shown()["due"]["attempts"]) == (3, 2)


def test_a_trial_costs_nothing_and_is_had_once(shop: Shop) -> None:
    shop.do("subscribe", "year", when="2026-03-01")
    assert (shop.shown()["status"], shop.bank.taken) == ("trial", [])
    shop.do("cancel", when="2026-03-10")
    assert shop.shown("2026-03-14T23:59:59")["status"] == "trial"
    assert (shop.shown("2026-03-15T00:00")["status"], shop.bank.taken) == ("ended", [])
    shop.do("subscribe", "year", when="2026-04-01")
    assert (shop.shown()["status"], shop.bank.taken) == ("active", [Money(9900, "USD")])


@pytest.mark.hard_case("H45")
def test_a_fee_that_is_nothing_renews_all_the_same() -> None:
    free = '[[plan]]\nplan = "free"\nprice = "0"\nperiod = "month"\n'
    shop = Shop(plans=free)
    shop.do("subscribe", "free", when="2026-01-31")
    assert shop.shown("2026-02-28T00:00:01")["paid_until"] == "2026-03-31T00:00:00+00:00"
    shown = shop.shown("2026-06-15")
    assert (shown["status"], shown["paid_until"]) == ("active", "2026-06-30T00:00:00+00:00")
    assert shop.bank.asked == []


@pytest.mark.hard_case("H45")
def test_paid_early_it_is_as_long_as_any(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-01-31")
    shop.pay("basic", "early", "2026-02-01")
    assert shop.shown()["paid_until"] == "2026-03-31T00:00:00+00:00"
    shop.pay("basic", "early", "2026-02-01")
    assert shop.shown()["paid_until"] == "2026-03-31T00:00:00+00:00"
    shop.shown("2026-03-01")
    assert len(shop.bank.taken) == 1
    shop.shown("2026-03-31T00:00")
    assert len(shop.bank.taken) == 2


def test_a_provider_that_bills_itself_is_followed(opened: Opened) -> None:
    shop = opened()
    shop.pay("outside", "in-1", "2026-03-01")
    shown = shop.shown()
    assert (shown["status"], shown["renews_at"]) == ("active", "2026-04-01T00:00:00+00:00")
    assert shop.shown("2026-04-03")["status"] == "grace"
    failed = {"type": "activity", "kind": "paid.payment_failed", "id": "f", "data": {"reason": "x"}}
    shop.record(failed)
    assert shop.shown("2026-04-05T23:59:59")["status"] == "grace"
    shop.pay("outside", "in-2", "2026-04-05T23:59:59")
    assert shop.shown()["paid_until"] == "2026-05-01T00:00:00+00:00"
    assert shop.shown("2026-05-06T00:00:01")["status"] == "ended"
    assert shop.bank.asked == []
    refused = shop.do("subscribe", "outside")
    assert refused["command"]["refused"] == "billed_by_provider"


def test_what_is_sold_at_the_checkout_ends_by_itself(shop: Shop) -> None:
    shop.pay("WEEK-PASS", "1", "2026-03-01T18:00")
    assert (shop.shown()["status"], shop.shown()["plan"]) == ("active", "pass")
    assert shop.shown("2026-03-07T23:59:59")["status"] == "active"
    assert shop.shown("2026-03-08T00:00")["status"] == "ended"
    assert shop.told() == ["started", "ended"]


def test_for_life(shop: Shop) -> None:
    shop.pay("life", "1", "2026-03-01")
    assert shop.shown("2096-03-01")["status"] == "active"
    shop.pay("life", "2", "2096-03-01")
    assert shop.told() == ["started"]
    shop.loyalty.tick()
    assert shop.told() == ["started", "paid_twice"]
    assert shop.shown()["paid_until"] is None


def test_what_was_decided_by_older_settings_is_decided_by_them_again(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.loyalty.close()
    shop.config["plugins"]["paid"]["plan"][0]["price"] = "12.00"
    shop.open()
    shop.shown("2026-04-01T00:00")
    assert shop.bank.taken == [Money(1000, "USD"), Money(1200, "USD")]
    shop.give_back("pay-0", "2026-04-02", source="bank")  # decides the first fee again
    shown = shop.shown()
    assert (shown["status"], shown["fees"]) == ("active", 1200)
    assert shown["paid_until"] == "2026-05-01T00:00:00+00:00"
