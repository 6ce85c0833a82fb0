"""Points of one program buy in another: one transaction over both books, and what is owed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty_core import (
    AgreementMissing,
    Event,
    FactError,
    IdempotencyConflict,
    InsufficientPoints,
    LoyaltyError,
    MemberInactive,
    MemberNotFound,
    MemberStatus,
    Money,
    RedemptionEnded,
    RedemptionRefused,
    RedemptionState,
    RewardUnknown,
    TransactionKind,
)
from tests.contract.coalition import CRUMBS, bakery, books, coalition
from tests.contract.conftest import Shop
from tests.toy import START, Toy, config_of, order, points, refund, totals


def bought(number: str = "novel", *amounts: str, **more: Any) -> dict[str, Any]:
    """An order at the books."""
    lines = [{"id": chr(97 + n), "amount": amount} for n, amount in enumerate(amounts)]
    return order(number, lines=lines, **more)


def test_points_of_one_shop_buy_at_the_other(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(500)
    cart = {"currency": "USD", "lines": [{"id": "a", "amount": "3.00"}]}
    receipt = both.redeem(points=333, cart=cart, source="web", order_id="novel")
    assert (receipt.state, receipt.points) == (RedemptionState.CAPTURED, 300)
    assert (receipt.reward, receipt.wallet) == (CRUMBS, "bakery.points")
    assert (receipt.worth, receipt.lines) == (Money(300, "USD"), {"a": 300})
    assert (receipt.member_id, receipt.order_id) == (both.reader, "novel")
    assert points(both.bakery, both.ada) == (200, 200, 0, 0)
    assert totals(both.bakery, both.ada) == (500, 300, 0, 0)
    assert both.books.statement(both.reader).wallet("points").balance == 0
    told = both.bakery.explain(receipt.transaction_id or "").transaction
    accounts = [(entry.account, entry.amount) for entry in told.entries]
    assert accounts == [("member", -300), ("settlement:books", 300)]
    settled = both.settled()
    assert settled.theirs.points["points"].redeemed == 300
    assert settled.theirs.owed == Money(270, "USD")  # at 0.90 for 100, though worth 1.00
    assert settled.ours.points == {}
    assert settled.closing == Money(270, "USD")
    assert both.redeem(points=333, cart=cart, source="web", order_id="novel") == receipt
    with pytest.raises(IdempotencyConflict):
        both.redeem(points=100)
    assert points(both.bakery, both.ada) == (200, 200, 0, 0)
    assert both.books.redemption(receipt.redemption_id) == receipt
    assert both.bakery.redemption(receipt.redemption_id).reward == "partner:books"
    assert both.sound()


def test_the_cents_never_drift(shop: Shop) -> None:
    """One point is worth 0.9 cents to the bookshop: each alone would be owed as nothing."""
    both = coalition(shop)
    both.earn(100)
    owed = []
    for number in range(10):
        both.redeem(1, key=str(number))
        owed.append(both.owed)
    assert owed == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    for number in range(10, 100):
        both.redeem(1, key=str(number))
    assert both.owed == 90


def test_a_hold_books_nothing_until_it_is_captured(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(500)
    held = both.hold(400)
    assert (held.state, held.transaction_id) == (RedemptionState.HELD, None)
    assert points(both.bakery, both.ada) == (500, 100, 0, 0)
    assert both.books.settlements() == both.bakery.settlements() == ()
    for command in (both.bakery.capture, both.bakery.release):
        with pytest.raises(RedemptionRefused):
            command(held.redemption_id)
    done = both.books.capture(held.redemption_id, points=250, source="web", order_id="novel")
    assert (done.points, done.worth, done.order_id) == (250, Money(250, "USD"), "novel")
    assert points(both.bakery, both.ada) == (250, 250, 0, 0)
    assert both.owed == 225
    assert both.books.capture(held.redemption_id, points=250) == done
    with pytest.raises(RedemptionEnded):
        both.books.release(held.redemption_id)
    assert both.owed == 225
    assert both.sound()


def test_a_hold_is_released_or_times_out_in_the_books_of_its_points(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(500)
    first, second = both.hold(100, key="1"), both.hold(200, key="2", minutes=5)
    assert both.books.release(first.redemption_id).state is RedemptionState.RELEASED
    assert both.books.release(first.redemption_id).state is RedemptionState.RELEASED
    assert points(both.bakery, both.ada) == (500, 300, 0, 0)
    shop.clock.advance(minutes=6)
    with pytest.raises(RedemptionEnded):
        both.books.capture(second.redemption_id)
    assert both.books.redemption(second.redemption_id).state is RedemptionState.TIMED_OUT
    assert both.books.tick().timed_out_holds == 0  # they are the bakery's
    assert both.bakery.tick().timed_out_holds == 1
    assert points(both.bakery, both.ada) == (500, 500, 0, 0)
    assert both.books.settlements() == ()
    assert both.sound()


@pytest.mark.parametrize("last", [0, 1, 2])
def test_refunds_in_any_order_give_all_back(shop: Shop, last: int) -> None:
    both = coalition(shop)
    both.earn(200, "first", at=START - timedelta(days=2))
    both.earn(200, "second", at=START - timedelta(days=1))
    both.books.record(bought("novel", "3.00"))
    both.redeem(points=333, source="web", order_id="novel")
    parts = ["0.50", "1.20", "1.30"]
    parts.insert(2, parts.pop(last))
    seen = []
    for number, amount in enumerate(parts):
        both.books.record(refund(f"r{number}", "novel", lines=[{"line": "a", "amount": amount}]))
        back = totals(both.bakery, both.ada)[1]
        assert both.owed == back * 90 // 100
        seen.append(back)
    assert seen[-1] == 0
    assert len(set(seen)) == 3
    assert points(both.bakery, both.ada) == (400, 400, 0, 0)
    theirs = both.settled().theirs
    assert (theirs.points["points"].redeemed, theirs.points["points"].returned) == (333, 333)
    assert theirs.owed == Money(0, "USD")
    assert both.books.statement(both.reader).wallet("points").debt == 0
    assert both.sound()


def test_an_order_of_the_same_number_at_the_issuer_gives_nothing_back(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(300, "novel")
    both.books.record(bought("novel", "3.00"))
    both.redeem(points=100, source="web", order_id="novel")
    both.bakery.record(refund("r", "novel", lines=[{"line": "a", "amount": "100.00"}]))
    assert totals(both.bakery, both.ada) == (200, 100, 0, 0)
    assert both.owed == 90
    assert both.sound()


def test_what_is_redeemed_on_a_refunded_order_comes_back_at_once(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(300)
    both.books.record(bought("novel", "3.00"))
    both.books.record(refund("r", "novel"))
    assert both.redeem(points=100, source="web", order_id="novel").returned == 100
    assert points(both.bakery, both.ada) == (300, 300, 0, 0)
    assert both.owed == 0
    assert both.sound()


def test_a_voided_refund_takes_back_what_it_gave(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(300)
    both.books.record(bought("novel", "3.00"))
    both.redeem(points=300, source="web", order_id="novel")
    both.books.record(refund("r", "novel"))
    assert both.owed == 0
    both.books.record(refund("r", "novel", voided_at=START.isoformat()))
    assert points(both.bakery, both.ada) == (0, 0, 0, 0)
    assert both.owed == 270
    assert both.sound()


@pytest.mark.parametrize(("grace", "left"), [(0, 0), (7, 300)])
def test_points_that_ended_meanwhile_return_as_their_wallet_says(
    shop: Shop, grace: int, left: int
) -> None:
    both = coalition(shop, wallet={"expiry": {"after_days": 10}, "return_grace_days": grace})
    both.earn(300)
    both.books.record(bought("novel", "3.00"))
    both.redeem(points=300, source="web", order_id="novel")
    shop.clock.advance(days=20)
    both.books.record(refund("r", "novel", at=shop.clock()))
    assert both.owed == 0
    both.bakery.tick()
    assert points(both.bakery, both.ada)[1] == left
    both.books.record(refund("r", "novel", at=shop.clock(), voided_at=shop.clock().isoformat()))
    assert both.owed == 270
    assert both.sound()


def test_nothing_is_had_without_an_agreement_of_both(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "loyalty_core")
    shop.open(config=books())  # first, and alone: it opens all the same
    yet = "points of bakery cannot be spent here yet"
    assert [one.levelname for one in caplog.records if yet in one.message] == ["INFO"]
    caplog.clear()
    accepting = shop.open(config=books())  # and alone still
    assert [one.levelname for one in caplog.records if yet in one.message] == ["WARNING"]
    reader = accepting.enrol({"email": "ada@example.org"}).id

    def refused(kind: type[LoyaltyError], reward: str = CRUMBS) -> str:
        with pytest.raises(kind) as caught:
            accepting.redeem(reader, reward=reward, points=100, key="k")
        return f"{caught.value.where}: {caught.value.message}"

    assert "never opened with partners" in refused(AgreementMissing)
    with pytest.raises(AgreementMissing):
        accepting.link(reader, "bakery", reader, key="l")
    alone = shop.open(config=config_of("bakery"))
    alone.record(order("bread", "500.00"))
    assert "never opened with partners" in refused(AgreementMissing)
    fine = shop.open(config=bakery(wallet={"scale": 1}))
    caplog.clear()
    assert "partners.bakery.accepts.points.scale: " in refused(AgreementMissing)
    issuer = shop.open(config=bakery())
    ada = issuer.find({"email": "ada@example.org"})
    assert ada is not None
    accepting.link(reader, "bakery", ada.id, key="l")
    held = accepting.hold(reader, reward=CRUMBS, points=100, key="h")
    shop.open(config=config_of("bakery"))  # the bakery ends it
    assert "partners.books.pays.points: 'bakery' pays nothing" in refused(AgreementMissing)
    assert points(issuer, ada.id) == (500, 400, 0, 0)
    accepting.capture(held.redemption_id)  # what was promised is kept
    assert accepting.settlements()[0].closing == Money(90, "USD")
    refused(RewardUnknown, "partner:bakery.stars")
    refused(RewardUnknown, "partner:nobody.points")
    assert fine.config.version == 2
    shop.open(config=books())
    assert "'bakery' pays nothing for 'points' spent at 'books'" in caplog.text


def test_who_is_not_linked_or_not_active_spends_nothing(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(100)
    stranger = both.books.enrol({"email": "bob@example.org"}).id
    with pytest.raises(LoyaltyError) as caught:
        both.books.redeem(stranger, reward=CRUMBS, points=10, key="s")
    assert caught.value.code == "link_refused"
    with pytest.raises(MemberNotFound):
        both.books.redeem("nobody", reward=CRUMBS, points=10, key="s")
    with pytest.raises(MemberNotFound):  # a member of the bakery is nobody at the books
        both.books.redeem(both.ada, reward=CRUMBS, points=10, key="s")
    with pytest.raises(InsufficientPoints):
        both.redeem(101)
    euros = {"currency": "EUR", "lines": [{"id": "a", "amount": "3.00"}]}
    with pytest.raises(RedemptionRefused):
        both.redeem(10, cart=euros)
    for shop_, member in ((both.bakery, both.ada), (both.books, both.reader)):
        shop_.update_member(member, status=MemberStatus.SUSPENDED)
        with pytest.raises(MemberInactive):
            both.redeem(10)
        shop_.update_member(member, status=MemberStatus.ACTIVE)
    assert points(both.bakery, both.ada) == (100, 100, 0, 0)
    assert both.books.settlements() == ()


def test_a_month_has_its_limit(shop: Shop) -> None:
    both = coalition(shop, most_per_month=300)
    both.earn(900)
    both.books.record(bought("novel", "3.00"))
    both.redeem(200, key="1", source="web", order_id="novel")
    held = both.hold(100, key="2")
    with pytest.raises(RedemptionRefused):
        both.redeem(1, key="3")
    both.books.release(held.redemption_id)
    both.redeem(100, key="4")
    both.books.record(refund("r", "novel"))
    both.redeem(200, key="5")
    with pytest.raises(RedemptionRefused):
        both.redeem(1, key="6")
    shop.clock.advance(days=30)  # from 1 June to 1 July
    both.redeem(1, key="6")
    assert points(both.bakery, both.ada)[0] == 599
    assert both.sound()


def test_the_quote_names_what_the_partners_points_buy(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(500)
    cart = {"currency": "USD", "lines": [{"id": "a", "amount": "3.00"}]}
    offer = both.books.quote(cart, both.reader).offers[CRUMBS]
    assert (offer.points, offer.worth) == (300, Money(300, "USD"))
    assert CRUMBS not in both.books.quote(cart).offers
    listed = {one.id: one for one in both.books.rewards()}
    assert listed[CRUMBS].summary == "A discount paid with crumbs of bakery"


def test_events_reach_both_sides(shop: Shop) -> None:
    wanted = ("points_redeemed", "points_returned", "points_accepted", "member_linked")
    told: list[Event] = []
    toy = Toy(subscribed=wanted, on_event=told.append)
    both = coalition(shop, toys=(toy,))
    both.earn(300)
    both.books.record(bought("novel", "3.00"))
    both.redeem(points=100, source="web", order_id="novel")
    both.books.record(refund("r", "novel"))
    both.bakery.tick()
    theirs = [(one.type, one.member_id, one.data.get("amount")) for one in told]
    assert theirs == [
        ("member_linked", both.ada, None),
        ("points_redeemed", both.ada, 100),
        ("points_returned", both.ada, 100),
    ]
    told.clear()
    both.books.tick()
    assert [(one.type, one.member_id) for one in told] == [
        ("member_linked", both.reader),
        ("points_accepted", both.reader),
    ]


@pytest.mark.parametrize("wrong", [{"points": 0}, {"points": -5}])
def test_bad_input_is_refused_before_anything_is_read(shop: Shop, wrong: dict[str, Any]) -> None:
    both = coalition(shop)
    with pytest.raises(FactError):
        both.redeem(**wrong)


def test_the_export_of_a_member_holds_links_and_where_points_were_spent(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(300)
    both.redeem(100, source="web", order_id="novel")
    found: Any = both.books.export(both.reader)["data"]
    assert [row["partner_member"] for row in found["link"]] == [both.ada]
    assert [row["order_id"] for row in found["partner_redemption"]] == ["novel"]
    theirs: Any = both.bakery.export(both.ada)["data"]
    assert [row["reward"] for row in theirs["redemption"]] == ["partner:books"]
    assert theirs["partner_redemption"] == []


def test_a_redemption_is_listed_with_its_kind(shop: Shop) -> None:
    both = coalition(shop)
    both.earn(100)
    both.redeem(40)
    found = [item.transaction for item in both.bakery.history(both.ada).items]
    kinds = [(one.kind, one.amount) for one in found]
    assert kinds == [(TransactionKind.REDEMPTION, -40), (TransactionKind.ACCRUAL, 100)]
