"""What members do: other plans, pauses, ends, gifts; and what refunds and disputes do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from loyalty_core import FactError, Money, RecordStatus
from plugins.paid.tests.build import ADA, Shop

Opened = Callable[..., Shop]
BOB = {"email": "bob@example.org"}


def test_a_dearer_plan_costs_the_difference_to_the_day(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.do("change", "plus", when="2026-03-15T23:59")
    # 17 of 31 days are left, the day of the change among them: 10.00 x 17 / 31 = 5.48...
    assert shop.bank.taken == [Money(1000, "USD"), Money(3000 - 548, "USD")]
    shown = shop.shown()
    assert (shown["plan"], shown["paid_until"]) == ("plus", "2026-04-15T00:00:00+00:00")
    assert (shown["fees"], shown["credit"]) == (1000 + 2452, 0)
    assert shop.benefits() == ["plus-price"]
    assert shop.shown("2026-04-15T00:00")["next_fee"] == 3000
    assert shop.bank.taken[2:] == [Money(3000, "USD")]


def test_changed_again_what_was_credited_is_not_lost(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.do("change", "plus", when="2026-03-15")
    shop.do("change", "life", when="2026-03-15T13:00")
    assert shop.bank.taken[2] == Money(20000 - 3000, "USD")
    assert shop.shown()["paid_until"] is None


def test_cancelled_after_a_change_what_was_credited_is_not_lost(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.do("change", "plus", when="2026-03-15")
    shop.at("2026-03-16").memberships.cancel(shop.ada, key="c", when="now")
    shop.loyalty.tick()
    assert list(shop.bank.returned.values()) == [Money(2452, "USD")]
    assert shop.shown()["credit"] == 548
    shop.do("subscribe", "basic", when="2026-05-01")
    assert shop.bank.taken[2:] == [Money(1000 - 548, "USD")]
    assert shop.shown()["credit"] == 0


def test_what_is_left_over_makes_the_next_fees_less(shop: Shop) -> None:
    shop.do("subscribe", "year", when="2026-03-01")
    shop.shown("2026-03-15T00:00")  # the trial is over, the fee paid
    shop.do("change", "plus", when="2026-03-15T12:00")
    shown = shop.shown()
    assert (shown["plan"], shown["status"], shown["credit"]) == ("plus", "active", 9900 - 3000)
    assert (shown["fees"], shop.bank.taken) == (9900, [Money(9900, "USD")])
    assert shown["next_fee"] == 0
    for when in ("2026-04-15", "2026-05-15"):
        shop.shown(when)
    assert (shop.shown()["credit"], len(shop.bank.taken)) == (900, 1)
    shop.shown("2026-06-15")
    assert shop.bank.taken[1:] == [Money(2100, "USD")]
    assert shop.shown()["credit"] == 0


def test_a_change_that_cannot_be_paid_leaves_everything(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.bank.says = {"1": "declined"}
    shop.do("change", "plus", when="2026-03-15")
    shown = shop.shown()
    assert (shown["plan"], shown["due"]) == ("basic", None)
    assert shown["paid_until"] == "2026-04-01T00:00:00+00:00"


@pytest.mark.hard_case("H45")
def test_a_cheaper_plan_begins_when_the_period_ends(shop: Shop) -> None:
    shop.do("subscribe", "plus", when="2026-01-31")
    shop.do("change", "basic", when="2026-02-10")
    assert (shop.shown()["plan"], shop.shown()["next_plan"]) == ("plus", "basic")
    assert shop.benefits("2026-02-27T23:59:59") == ["plus-price"]
    shown = shop.shown("2026-02-28T00:00")
    assert (shown["plan"], shown["paid_until"]) == ("basic", "2026-03-31T00:00:00+00:00")
    assert shop.bank.taken == [Money(3000, "USD"), Money(1000, "USD")]


def test_a_cheaper_plan_bought_meanwhile_follows(shop: Shop) -> None:
    shop.pay("year", "1", "2026-03-01")
    shop.pay("WEEK-PASS", "2", "2026-03-02")
    shown = shop.shown()
    assert (shown["plan"], shown["status"]) == ("pass", "active")  # 5.00 a week is dearer a day


def test_bought_again_after_one_was_given_back_a_period_is_as_long_as_any(shop: Shop) -> None:
    shop.pay("basic", "1", "2026-03-01")
    shop.pay("basic", "early", "2026-03-02")
    shop.give_back("early", "2026-03-05")
    assert shop.shown()["paid_until"] == "2026-04-01T00:00:00+00:00"
    shop.pay("basic", "again", "2026-03-20")
    assert shop.shown()["paid_until"] == "2026-05-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("kind", "data", "where"),
    [
        ("pause", {"days": "x"}, "$.data.days"),
        ("cancel", {"when": "soon"}, "$.data.when"),
        ("subscribe", {"plan": "basic", "price": "0"}, "$.data.price"),
        ("refund", {"source": "s", "order": "o", "line": "l", "amount": 990}, "$.kind"),
        ("charge", {"charge": "c", "plan": "basic", "amount": 1, "attempt": 1}, "$.kind"),
    ],
)
def test_what_does_not_fit_is_refused(
    shop: Shop, kind: str, data: dict[str, object], where: str
) -> None:
    """And so is what the plugin tells itself: nobody else can have money moved."""
    shop.do("subscribe", "basic", when="2026-03-01")
    before, moved = shop.shown(), (list(shop.bank.asked), list(shop.bank.taken))
    with pytest.raises(FactError) as raised:
        shop.record({"type": "activity", "kind": f"paid.{kind}", "id": "x", "data": data})
    assert [problem.where for problem in raised.value.problems] == [where]
    assert (shop.shown(), (shop.bank.asked, shop.bank.taken)) == (before, moved)


def test_cancelled_it_goes_on_until_what_is_paid_ends_and_can_be_taken_back(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.do("cancel", when="2026-03-10")
    assert shop.shown()["renews_at"] is None
    shop.do("resume", when="2026-03-11")
    assert shop.shown()["renews_at"] == "2026-04-01T00:00:00+00:00"
    shop.do("cancel", when="2026-03-12")
    assert shop.shown("2026-03-31T23:59:59")["status"] == "active"
    assert shop.shown("2026-04-01T00:00")["status"] == "ended"
    assert len(shop.bank.taken) == 1


@pytest.mark.parametrize(
    ("when", "returned"), [("2026-03-15T23:59:59", [1000]), ("2026-03-16T00:00", [])]
)
def test_cancelled_at_once_the_fee_comes_back_inside_its_window(
    opened: Opened, when: str, returned: list[int]
) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.at(when).memberships.cancel(shop.ada, key="c", when="now")
    shop.loyalty.tick()
    assert [one.amount_minor for one in shop.bank.returned.values()] == returned
    assert (shop.shown()["status"], shop.benefits()) == ("ended", [])
    assert shop.shown("2026-05-01")["fees"] == 1000 - sum(returned)
    assert len(shop.bank.taken) == 1


def test_a_fee_given_back_ends_benefits_at_once_and_takes_nothing_that_was_used(
    opened: Opened,
) -> None:
    shop = opened()
    shop.pay("basic", "fee", "2026-03-01")
    line = {"id": "tent", "amount": "100.00", "discount": "5.00"}
    order = {"type": "order", "id": "used", "currency": "USD", "lines": [line]}
    shop.at("2026-03-02")
    used = shop.record(order)
    shop.give_back("fee", "2026-03-03T10:00")
    assert (shop.shown()["status"], shop.benefits()) == ("ended", [])
    assert shop.record({**order, "occurred_at": "2026-03-02T12:00:00+00:00"}).status is (
        RecordStatus.DUPLICATE
    )
    shown = shop.shown()
    assert (shown["fees"], shown["saved_in_all"]) == (0, 500)
    assert used.member_id == shop.ada


def test_a_part_of_the_fee_given_back_ends_nothing(shop: Shop) -> None:
    shop.pay("basic", "fee", "2026-03-01")
    shop.give_back("fee", "2026-03-03", amount="7.99")
    assert shop.shown()["status"] == "active"
    shop.give_back("fee", "2026-03-04", id="rest", amount="0.01")
    assert shop.shown()["status"] == "ended"


def test_a_disputed_renewal_ends_it_and_one_that_was_won_gives_it_back(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.shown("2026-04-01T00:00")
    dispute = {"id": "d", "kind": "chargeback"}
    shop.give_back("pay-1", "2026-04-10", source="bank", **dispute)
    assert (shop.shown()["status"], shop.shown()["renews_at"]) == ("ended", None)
    shop.at("2026-04-20")
    won = {"occurred_at": "2026-04-10T12:00:00+00:00", "voided_at": "2026-04-20T12:00:00+00:00"}
    shop.give_back("pay-1", "2026-04-20", source="bank", **dispute, **won)
    shown = shop.shown()
    assert (shown["status"], shown["renews_at"]) == ("active", "2026-05-01T00:00:00+00:00")
    assert len(shop.bank.taken) == 2


def test_a_disputed_renewal_is_not_renewed(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.shown("2026-04-01T00:00")
    shop.give_back("pay-1", "2026-04-10", source="bank", kind="chargeback")
    shop.shown("2026-05-01T00:00")
    shop.shown("2026-06-01T00:00")
    assert len(shop.bank.taken) == 2


def test_a_period_that_is_over_is_not_touched_by_its_refund(shop: Shop) -> None:
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.shown("2026-04-01T00:00")
    shop.give_back("pay-0", "2026-04-10", source="bank")
    shown = shop.shown()
    assert (shown["status"], shown["renews_at"]) == ("active", "2026-05-01T00:00:00+00:00")


def test_a_gift_is_somebody_elses(opened: Opened) -> None:
    shop = opened()
    bob = shop.loyalty.enrol(BOB).id
    code = shop.loyalty.member_code(bob)
    shop.do("give", "basic", code, when="2026-03-01")
    assert shop.bank.taken == [Money(1000, "USD")]
    shown = shop.memberships.of(bob)
    assert (shown["status"], shown["paid_until"]) == ("active", "2026-04-01T00:00:00+00:00")
    assert (shown["renews_at"], shown["fees"]) == (None, 0)
    assert shop.shown()["status"] == "none"
    shop.give_back("pay-0", "2026-03-10", source="bank")
    shop.loyalty.tick()
    assert shop.memberships.of(bob)["status"] == "ended"


def test_a_gift_waits_for_whoever_takes_its_code(shop: Shop) -> None:
    shop.do("give", "basic", "GIFT-4711", when="2026-03-01")
    bob = shop.at("2026-03-05").loyalty.enrol(BOB).id
    shop.loyalty.member_code(bob, "gift-4711")
    shop.loyalty.tick()
    assert shop.memberships.of(bob)["paid_until"] == "2026-04-01T00:00:00+00:00"


def test_a_gift_lengthens_what_there_is(shop: Shop) -> None:
    bob = shop.loyalty.enrol(BOB).id
    shop.at("2026-03-01").memberships.subscribe(bob, "basic", key="1")
    shop.loyalty.tick()
    shop.do("give", "basic", shop.loyalty.member_code(bob), when="2026-03-10")
    shown = shop.memberships.of(bob)
    assert shown["paid_until"] == "2026-05-01T00:00:00+00:00"
    assert shown["renews_at"] == "2026-05-01T00:00:00+00:00"


def test_merged_members_lose_no_time(opened: Opened) -> None:
    shop = opened()
    bob = shop.loyalty.enrol(BOB).id
    shop.at("2026-03-01").memberships.subscribe(bob, "basic", key="1")
    shop.loyalty.tick()
    shop.pay("year", "1", "2026-03-02")
    shop.clock.now += timedelta(hours=1)
    shop.loyalty.merge(bob, shop.ada, key="m")
    shown = shop.memberships.of(bob)
    assert (shown["plan"], shown["fees"]) == ("basic", 1000 + 800)
    assert shop.memberships.of(bob)["paid_until"] == "2027-03-02T00:00:00+00:00"
    assert shop.loyalty.verify().problems == ()


def test_a_merged_member_is_asked_for_the_next_fee(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    bob = shop.loyalty.enrol(BOB).id
    shop.clock.now += timedelta(hours=1)
    shop.loyalty.merge(bob, shop.ada, key="m")
    for month in (4, 5):
        shop.at(f"2026-0{month}-01T00:00:01").loyalty.tick()
        shown = shop.memberships.of(bob)
        paid = f"2026-0{month + 1}-01T00:00:00+00:00"
        assert (shown["status"], shown["paid_until"]) == ("active", paid)
    assert shop.bank.taken == [Money(1000, "USD")] * 3
    assert shop.loyalty.verify().problems == ()


def test_merged_members_have_used_together_what_either_did() -> None:
    shop = Shop(
        plans="""[[plan]]
        plan = "p"
        price = "1.00"
        period = "lifetime"
        benefits = [{ benefit = "calls", kind = "quota", count = 9, used_by = ["call"] }]
        """
    ).at("2026-03-01")
    for name, who in (("a", ADA), ("b", BOB)):
        shop.pay("p", name, identities=who)
        for number in range(2):
            shop.clock.now += timedelta(seconds=1)
            call = {"type": "activity", "id": f"{name}{number}", "kind": "call"}
            shop.record({**call, "identities": who})
    bob = shop.loyalty.enrol(BOB).id
    shop.loyalty.merge(bob, shop.ada, key="m")
    left = {one.benefit.benefit: one.left for one in shop.loyalty.statement(bob).benefits}
    assert left == {"calls": 5}
    shop.loyalty.close()


def test_lines_of_different_orders_may_have_the_same_id(shop: Shop) -> None:
    for number in ("1", "2"):
        shop.pay("pass", number, "2026-03-01", line={"id": "gid://shop/LineItem/1"})
    assert shop.shown()["paid_until"] == "2026-03-15T00:00:00+00:00"


def test_an_erased_member_is_not_charged(opened: Opened) -> None:
    shop = opened()
    shop.do("subscribe", "basic", when="2026-03-01")
    shop.loyalty.erase(shop.ada, reason="asked", actor="sam", key="e")
    shop.clock.now += timedelta(days=60)
    shop.loyalty.tick()
    assert len(shop.bank.asked) == 1
    assert shop.loyalty.find(ADA) is None


def test_a_fee_is_no_purchase(shop: Shop) -> None:
    paid = shop.pay("basic", "fee", "2026-03-01")
    assert paid.changes == {}


@pytest.mark.parametrize(
    ("command", "words", "reason"),
    [
        ("subscribe", ("nothing",), "no_such_plan"),
        ("cancel", (), "is_no_member"),
        ("pause", (), "is_not_active"),
        ("resume", (), "is_no_member"),
        ("change", ("plus",), "is_not_active"),
        ("give", ("nothing", "X-1"), "no_such_plan"),
    ],
)
def test_what_cannot_be_done_is_said(
    shop: Shop, command: str, words: tuple[str, ...], reason: str
) -> None:
    assert shop.do(command, *words)["command"]["refused"] == reason
    assert shop.told() == ["command_refused"]
    shop.do("subscribe", "basic")
    assert "refused" not in shop.shown()["command"]
