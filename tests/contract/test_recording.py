"""What becomes of orders, refunds and activities, in whatever order they come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty_core import IdempotencyConflict, RecordStatus, TransactionKind
from tests.contract.conftest import Shop
from tests.toy import START, activity, order, points, refund, totals

LATER = START + timedelta(hours=1)


def kinds(shop_loyalty, member_id: str) -> list[tuple[str, int]]:
    items = shop_loyalty.history(member_id).items
    return [(str(item.transaction.kind), item.transaction.amount) for item in reversed(items)]


@pytest.mark.hard_case("H6")
def test_an_order_is_booked_once(shop: Shop) -> None:
    loyalty = shop.open()
    receipt = loyalty.record(order())
    assert receipt.status is RecordStatus.BOOKED
    assert receipt.changes == {"points": 60}
    assert receipt.problems == ()
    assert len(receipt.transactions) == 1
    assert receipt.member_id is not None
    again = loyalty.record(order())
    assert (again.status, again.changes, again.transactions) == (RecordStatus.DUPLICATE, {}, ())
    assert (again.fact_id, again.member_id) == (receipt.fact_id, receipt.member_id)
    assert points(loyalty, receipt.member_id) == (60, 60, 0, 0)
    assert kinds(loyalty, receipt.member_id) == [("accrual", 60)]


def test_the_same_order_twice_in_one_batch(shop: Shop) -> None:
    loyalty = shop.open()
    summary = loyalty.record_many([order(), order(), order("2", "5.00")])
    assert summary.counts == {RecordStatus.BOOKED: 2, RecordStatus.DUPLICATE: 1}
    assert (summary.enrolled, summary.total, summary.rejected) == (1, 3, ())
    assert loyalty.report().wallets[0].issued == 65


@pytest.mark.hard_case("H6")
def test_other_content_without_a_version_is_a_conflict(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id
    with pytest.raises(IdempotencyConflict):
        loyalty.record(order(amount="90.00"))
    assert points(loyalty, member) == (60, 60, 0, 0)


@pytest.mark.parametrize("by", ["version", "updated_at"])
def test_an_old_version_after_a_new_one_changes_nothing(shop: Shop, by: str) -> None:
    loyalty = shop.open()
    marks = {"version": (1, 2), "updated_at": (START.isoformat(), LATER.isoformat())}[by]
    shop.clock.advance(hours=2)
    member = loyalty.record(order(amount="90.00", **{by: marks[1]})).member_id
    assert loyalty.record(order(amount="10.00", **{by: marks[0]})).status == "duplicate"
    assert points(loyalty, member) == (90, 90, 0, 0)
    assert kinds(loyalty, member) == [("accrual", 90)]


@pytest.mark.hard_case("H10")
def test_edits_up_and_down_book_the_difference(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order(version=1)).member_id
    assert loyalty.record(order(amount="85.00", version=2)).changes == {"points": 25}
    assert loyalty.record(order(amount="40.00", version=3)).changes == {"points": -45}
    assert points(loyalty, member) == (40, 40, 0, 0)
    assert kinds(loyalty, member) == [("accrual", 60), ("accrual", 25), ("reversal", -45)]
    assert totals(loyalty, member) == (40, 0, 0, 0)


@pytest.mark.hard_case("H8")
def test_pending_then_paid_then_cancelled_then_paid(shop: Shop) -> None:
    loyalty = shop.open()
    pending = loyalty.record(order(version=1, status="pending"))
    assert (pending.status, pending.changes) == (RecordStatus.IDLE, {})
    member = pending.member_id
    assert loyalty.record(order(version=2, status="paid")).changes == {"points": 60}
    cancelled = loyalty.record(order(version=3, status="cancelled"))
    assert (cancelled.status, cancelled.changes) == (RecordStatus.IDLE, {"points": -60})
    assert loyalty.record(order(version=4, status="paid")).changes == {"points": 60}
    assert points(loyalty, member) == (60, 60, 0, 0)
    assert loyalty.verify().problems == ()


@pytest.mark.hard_case("H4")
def test_cancelling_and_refunding_take_an_order_back_once(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order(version=1)).member_id
    loyalty.record(order(version=2, status="cancelled"))
    loyalty.record(refund("r"))
    assert points(loyalty, member) == (0, 0, 0, 0)
    loyalty.record(order("2"))
    loyalty.record(refund("r", "2"))
    assert loyalty.record(order("2", version=1, status="cancelled")).changes == {}
    assert points(loyalty, member) == (0, 0, 0, 0)
    assert totals(loyalty, member) == (0, 0, 0, 0)


def test_a_test_order_earns_nothing_and_is_no_first_order(shop: Shop) -> None:
    loyalty = shop.open(settings={"first_order": 500})
    trial = loyalty.record(order(test=True))
    assert (trial.status, trial.changes) == (RecordStatus.IDLE, {})
    assert loyalty.record(order("2")).changes == {"points": 560}


@pytest.mark.hard_case("H7")
def test_a_refund_before_its_order(shop: Shop) -> None:
    loyalty = shop.open()
    early = loyalty.record(refund("r", lines=[{"line": "a", "amount": "15.00"}]))
    assert (early.status, early.member_id, early.changes) == (RecordStatus.IDLE, None, {})
    receipt = loyalty.record(order())
    assert receipt.changes == {"points": 45}
    assert points(loyalty, receipt.member_id) == (45, 45, 0, 0)


def test_a_refund_beyond_its_order_takes_all_and_says_so(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id
    receipt = loyalty.record(refund("r", amount="80.00"))
    assert [problem.code for problem in receipt.problems] == ["refund_exceeds_order"]
    assert receipt.changes == {"points": -60}
    assert points(loyalty, member) == (0, 0, 0, 0)


def test_refunds_by_version_and_by_themselves_are_united_by_their_ids(shop: Shop) -> None:
    loyalty = shop.open()
    moment = START.isoformat()
    part = {"id": "r1", "occurred_at": moment, "lines": [{"line": "a", "amount": "20.00"}]}
    member = loyalty.record(order(version=1, refunds=[part])).member_id
    again = refund("r1", lines=[{"line": "a", "amount": "20.00"}])
    assert loyalty.record(again).status == "duplicate"
    assert loyalty.record(order(version=2)).changes == {}
    assert loyalty.record(refund("r2", lines=[{"line": "a", "amount": "5.00"}])).changes == {
        "points": -5
    }
    assert points(loyalty, member) == (35, 35, 0, 0)


def test_a_late_order_takes_the_first_order_bonus_from_the_one_that_had_it(shop: Shop) -> None:
    loyalty = shop.open(settings={"first_order": 500})
    member = loyalty.record(order("2")).member_id
    late = loyalty.record(order("1", "10.00", at=START - timedelta(days=1)))
    assert late.changes == {"points": 510}
    assert points(loyalty, member) == (570, 570, 0, 0)
    loyalty.record(order("1", "10.00", at=START - timedelta(days=1), version=1, status="cancelled"))
    assert points(loyalty, member) == (560, 560, 0, 0)
    assert loyalty.verify().problems == ()


def test_an_activity_happens_once(shop: Shop) -> None:
    loyalty = shop.open(settings={"activities": {"review": 7}})
    member = loyalty.record(activity("1")).member_id
    assert loyalty.record(activity("1")).status == "duplicate"
    with pytest.raises(IdempotencyConflict):
        loyalty.record(activity("1", data={"stars": 5}))
    assert points(loyalty, member) == (7, 7, 0, 0)


def test_a_bad_fact_costs_its_neighbours_nothing(shop: Shop) -> None:
    loyalty = shop.open()
    told: list[tuple[int, str]] = []
    facts = [order("1"), {"type": "order"}, order("2", currency="XXX"), order("3", "5.00"), None]
    summary = loyalty.record_many(
        facts,  # type: ignore[arg-type]
        chunk=2,
        on_receipt=lambda place, receipt: told.append((place, str(receipt.status))),
    )
    codes = [(rejection.index, rejection.error.code) for rejection in summary.rejected]
    assert codes == [(1, "currency_unknown"), (2, "currency_unknown"), (4, "fact_malformed")]
    assert told == list(enumerate(["booked", "rejected", "rejected", "booked", "rejected"]))
    assert loyalty.report().wallets[0].issued == 65
    assert loyalty.report().orders == 2


@pytest.mark.parametrize("broken", ["a\x00b", "a\ud800b"])
def test_texts_that_no_database_can_store_are_refused_at_the_door(shop: Shop, broken: str) -> None:
    loyalty = shop.open()
    facts = [
        order("1", tags=[broken]),
        order("2", lines=[{"id": "a", "amount": "1.00", "sku": broken}]),
        order(broken),
        activity("4", data={"note": broken}),
        order("5", "9.00"),
    ]
    summary = loyalty.record_many(facts)
    assert [rejection.index for rejection in summary.rejected] == [0, 1, 2, 3]
    assert {rejection.error.code for rejection in summary.rejected} == {"fact_malformed"}
    assert loyalty.report().wallets[0].issued == 9


def test_ids_that_look_like_our_own_separators(shop: Shop) -> None:
    loyalty = shop.open(settings={"activities": {"review": 7}})
    first = loyalty.record_many([activity("a\x1fb"), activity("plain")])
    assert first.total == 2
    assert loyalty.record_many([activity("a\x1fb"), activity("next")]).total == 2
    member = loyalty.find({"email": "ada@example.org"})
    assert member is not None
    assert points(loyalty, member.id)[0] in (14, 21)
    assert loyalty.record(activity("last")).changes == {"points": 7}


def test_an_order_too_large_to_be_meant_is_refused(shop: Shop) -> None:
    loyalty = shop.open()
    lines = [{"id": str(n), "amount": "9999999999999.99"} for n in range(2)]
    summary = loyalty.record_many([order("1", lines=lines), order("2")])
    codes = [rejection.error.code for rejection in summary.rejected]
    assert codes == ["amount_invalid"]
    assert loyalty.report().wallets[0].issued == 60


def test_history_tells_when_it_happened_and_when_it_was_booked(shop: Shop) -> None:
    loyalty = shop.open()
    receipt = loyalty.record(order(at=START - timedelta(days=3)))
    made = loyalty.history(receipt.member_id or "").items[0].transaction
    assert (made.occurred_at, made.booked_at) == (START - timedelta(days=3), START)
    assert (made.kind, made.amount, made.fact_id) == (TransactionKind.ACCRUAL, 60, receipt.fact_id)
    assert sum(entry.amount for entry in made.entries) == 0
