"""Fees that were asked for and are not wanted any more when they are paid: given back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import Money
from plugins.paid.tests.build import Death, Shop, moment
from plugins.paid.tests.test_properties import MEMBERSHIP, activity, fee, later
from tests.properties.engines import examples

Opened = Callable[..., Shop]
FEE = Money(1000, "USD")
CANCEL = {"type": "activity", "id": "late", "kind": "paid.cancel"}


def renewed(opened: Opened) -> Shop:
    """A shop whose member has paid a first month and, on 1 April, the second one."""
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    assert shop.shown("2026-04-01T00:00:01")["paid_until"] == "2026-05-01T00:00:00+00:00"
    assert shop.bank.taken == [FEE, FEE]
    return shop


def cancelled(shop: Shop, at: str, when: str = "period_end") -> None:
    """Ada cancelled at a moment: the news of it is recorded now."""
    shop.record({**CANCEL, "occurred_at": moment(at).isoformat(), "data": {"when": when}})
    shop.loyalty.tick()


def refunds(shop: Shop) -> list[Mapping[str, Any]]:
    return [data for what, data in shop.plugin.told if what == "refund_due"]


@pytest.mark.parametrize("when", ["now", "period_end"])
def test_a_renewal_that_a_late_cancellation_takes_away_is_given_back(
    opened: Opened, when: str
) -> None:
    shop = renewed(opened)
    shop.at("2026-04-03")
    cancelled(shop, "2026-03-31T18:00", when)
    (told,) = refunds(shop)
    assert (told["why"], told["source"], told["order"]) == ("unwanted", "bank", "pay-1")
    assert (told["amount"], told["currency"]) == (1000, "USD")
    assert shop.bank.returned == {f"pay-1/{told['line']}": FEE}
    shown = shop.shown()
    assert (shown["status"], shown["fees"], shown["due"]) == ("ended", 1000, None)
    assert shop.benefits() == []
    shop.shown("2026-06-01")
    assert (shop.bank.taken, len(shop.bank.returned)) == ([FEE, FEE], 1)
    assert len(refunds(shop)) == 1
    assert shop.loyalty.verify().problems == ()


def test_a_renewal_that_was_cancelled_after_it_was_paid_is_not_given_back(opened: Opened) -> None:
    shop = renewed(opened)
    shop.at("2026-04-03")
    cancelled(shop, "2026-04-01T18:00")
    assert (shop.shown()["status"], shop.bank.returned, refunds(shop)) == ("active", {}, [])
    assert shop.shown("2026-05-01T00:00")["status"] == "ended"


def test_it_is_given_back_once_though_the_process_dies(opened: Opened) -> None:
    shop = renewed(opened)
    shop.bank.dies = True
    with pytest.raises(Death):
        cancelled(shop, "2026-03-31T18:00")
    shop.clock.now += timedelta(hours=1)
    shop.loyalty.close()
    shop.open()  # another process
    shop.loyalty.tick()
    assert list(shop.bank.returned.values()) == [FEE]
    assert (shop.shown()["status"], shop.shown()["fees"]) == ("ended", 1000)


def test_one_that_is_cancelled_while_the_bank_is_asked_is_given_back(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.at("2026-04-01T00:00")
    shop.bank.meanwhile = lambda: shop.record(
        {**CANCEL, "occurred_at": moment("2026-03-31T23:59").isoformat()}
    )
    shop.loyalty.tick()
    shop.bank.meanwhile = str
    assert (shop.shown()["status"], shop.bank.taken) == ("ended", [FEE, FEE])
    assert list(shop.bank.returned.values()) == [FEE]


def test_a_first_fee_that_is_paid_on_a_page_after_it_was_cancelled_is_given_back(
    opened: Opened,
) -> None:
    shop = opened()
    shop.bank.says = {"1": "pending"}
    shop.do("subscribe", "basic", when="2026-03-01")
    charge = shop.shown()["due"]["charge"]
    shop.do("cancel", when="2026-03-02")
    line = {"id": charge, "sku": "basic", "kind": "membership", "amount": "10.00"}
    paid = {"type": "order", "source": "bank", "id": "pay-0", "currency": "USD", "version": 1}
    shop.at("2026-03-03")
    shop.record({**paid, "lines": [line]})
    assert (shop.shown()["status"], shop.bank.returned) == ("unpaid", {f"pay-0/{charge}": FEE})


def test_a_change_that_was_withdrawn_before_it_was_paid_is_given_back(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.bank.says = {"1": "pending"}
    shop.do("change", "plus", when="2026-03-10")
    due = shop.shown()["due"]
    shop.do("change", "basic", when="2026-03-11")
    line = {"id": due["charge"], "sku": "plus", "kind": "membership"}
    line["amount"] = f"{due['amount'] // 100}.{due['amount'] % 100:02}"
    paid = {"type": "order", "source": "bank", "id": "pay-1", "currency": "USD", "version": 1}
    shop.at("2026-03-12")
    shop.record({**paid, "lines": [line]})
    shown = shop.shown()
    assert (shown["status"], shown["plan"], shown["fees"]) == ("active", "basic", 1000)
    assert shown["paid_until"] == "2026-04-01T00:00:00+00:00"
    assert shop.bank.returned == {f"pay-1/{due['charge']}": Money(due["amount"], "USD")}


def test_a_change_of_a_membership_that_was_over_is_given_back(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.do("change", "plus", when="2026-03-10")
    assert (shop.shown()["plan"], len(shop.bank.taken)) == ("plus", 2)
    shop.at("2026-03-12")
    cancelled(shop, "2026-03-05", "now")
    assert shop.shown()["status"] == "ended"
    given = sorted(one.amount_minor for one in shop.bank.returned.values())
    assert given == sorted(one.amount_minor for one in shop.bank.taken)
    assert sorted(one["why"] for one in refunds(shop)) == ["cancelled", "unwanted"]


def test_what_an_operator_has_given_back_already_is_not_given_back_again(opened: Opened) -> None:
    shop = renewed(opened)
    shop.give_back("pay-1", "2026-04-02", source="bank")
    cancelled(shop, "2026-03-31T18:00")
    assert (shop.shown()["status"], shop.bank.returned, refunds(shop)) == ("ended", {}, [])


def test_an_operator_who_takes_payments_is_told_what_to_give_back(opened: Opened) -> None:
    shop = opened(bank="paid.manual")
    shop.do("subscribe", "basic", when="2026-03-01")
    charge = shop.shown()["due"]["charge"]
    shop.do("cancel", when="2026-03-02")
    line = {"id": charge, "amount": "10.00"}
    shop.pay("basic", "cash-7", "2026-03-03", line=line)
    shop.loyalty.tick()
    (told,) = refunds(shop)
    assert (told["why"], told["order"], told["line"]) == ("unwanted", "cash-7", charge)
    assert shop.shown()["status"] == "unpaid"
    shop.give_back("cash-7", "2026-03-04")
    assert (shop.shown()["status"], len(refunds(shop))) == ("unpaid", 1)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], set[str]]:
    """A member who cancels, fees that were asked for, and the orders that come back."""
    dues = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    at = draw(st.integers(1, 110))
    facts = [activity("join", "subscribe", later(0), plan="basic")]
    facts.append(activity("stop", "cancel", later(at), when="period_end"))
    unwanted = set()
    for number, due in enumerate(draw(st.lists(st.sampled_from(dues), unique=True, max_size=4))):
        paid = moment(f"{due}T11:00") + timedelta(days=draw(st.integers(0, 9)))
        facts.append(fee(f"f{number}", "basic", paid.isoformat(), f"{MEMBERSHIP}:{due}"))
        if paid > moment(later(at)):
            unwanted.add(f"f{number}/{MEMBERSHIP}:{due}")
    return facts, unwanted


@examples(8, 300)
@given(histories(), st.integers(0, 2**32))
def test_whenever_the_cancellation_comes_the_same_fees_are_given_back(
    history: tuple[list[dict[str, Any]], set[str]], seed: int
) -> None:
    facts, unwanted = history
    shown = []
    for order in (facts, Random(seed).sample([*facts, *facts], 2 * len(facts))):
        shop = Shop()
        shop.bank.says = dict.fromkeys("123", "pending")
        shop.clock.now = moment("2026-09-01")
        for fact in order:
            shop.record(fact)
            shop.loyalty.tick()
        assert (set(shop.bank.returned), shop.bank.taken) == (unwanted, [])
        shown.append(shop.shown())
        assert shop.loyalty.verify().problems == ()
        shop.loyalty.close()
    assert shown[0] == shown[1]
