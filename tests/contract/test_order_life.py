"""The life of an order, from a deposit to a won dispute: what each step does to the books."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from loyalty_core import Loyalty, RecordStatus
from loyalty_core.testing.books import books_of
from tests.contract.conftest import Shop
from tests.toy import START, order, points, refund, totals

TEA = {"id": "tea", "amount": "60.00", "quantity": 3}
POT = {"id": "pot", "amount": "40.00"}
HOUR = timedelta(hours=1)


def bought(*lines: dict[str, Any], version: int = 1, **more: Any) -> dict[str, Any]:
    """A version of an order of tea for 60.00 and a pot for 40.00, or of other lines."""
    return order(lines=list(lines or (TEA, POT)), version=version, **more)


def member_of(loyalty: Loyalty) -> str:
    found = loyalty.find({"email": "ada@example.org"})
    assert found is not None
    return found.id


def booked(loyalty: Loyalty) -> list[tuple[str, int]]:
    items = loyalty.history(member_of(loyalty)).items
    return [(str(item.transaction.kind), item.transaction.amount) for item in reversed(items)]


def given_back(loyalty: Loyalty, number: str, **more: Any) -> int:
    """How many points a refund changed the balance by; nothing about it may be odd."""
    receipt = loyalty.record(refund(number, **more))
    assert receipt.problems == ()
    return receipt.changes.get("points", 0)


# -- before it is paid ----------------------------------------------------------------------------


@pytest.mark.hard_case("H8")
@pytest.mark.parametrize("status", ["pending", "authorized", "partly_paid"])
def test_an_order_earns_nothing_until_all_of_it_is_paid(shop: Shop, status: str) -> None:
    loyalty = shop.open(settings={"first_order": 500})
    placed = loyalty.record(bought(status=status))
    assert (placed.status, placed.changes) == (RecordStatus.IDLE, {})
    assert points(loyalty, member_of(loyalty)) == (0, 0, 0, 0)
    paid = loyalty.record(bought(version=2))
    assert (paid.status, paid.changes) == (RecordStatus.BOOKED, {"points": 600})
    assert booked(loyalty) == [("accrual", 100), ("accrual", 500)]


def test_a_deposit_that_is_given_back_never_was_anything(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(bought(status="partly_paid"))
    loyalty.record(refund("r", amount="30.00"))
    assert loyalty.record(bought(version=2, status="cancelled")).changes == {}
    assert booked(loyalty) == []


@pytest.mark.hard_case("H39")
def test_cancelled_before_it_is_paid_and_after(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(bought(status="pending"))
    assert loyalty.record(bought(version=2, status="cancelled")).changes == {}
    assert loyalty.record(bought(version=3)).changes == {"points": 100}
    assert loyalty.record(bought(version=4, status="cancelled")).changes == {"points": -100}
    assert booked(loyalty) == [("accrual", 100), ("reversal", -100)]
    assert totals(loyalty, member_of(loyalty)) == (0, 0, 0, 0)


def test_a_test_order_is_kept_and_never_earns(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(bought(test=True))
    loyalty.record(bought(version=2, test=True, refunds=[]))
    assert booked(loyalty) == []


# -- edited after it was paid ---------------------------------------------------------------------


def test_a_line_added_a_line_removed_a_line_repriced(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(bought())
    lid = {"id": "lid", "amount": "5.00"}
    assert loyalty.record(bought(TEA, POT, lid, version=2)).changes == {"points": 5}
    assert loyalty.record(bought(TEA, POT, version=3)).changes == {"points": -5}
    cheaper = {"id": "pot", "amount": "31.00"}
    assert loyalty.record(bought(TEA, cheaper, version=4)).changes == {"points": -9}
    assert booked(loyalty) == [
        ("accrual", 100),
        ("accrual", 5),
        ("reversal", -5),
        ("reversal", -9),
    ]
    assert points(loyalty, member_of(loyalty)) == (91, 91, 0, 0)


def test_an_order_that_grew_earns_nothing_until_the_rest_is_paid(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(bought(TEA))
    assert loyalty.record(bought(version=2, status="partly_paid")).changes == {"points": -60}
    assert loyalty.record(bought(version=3)).changes == {"points": 100}


@pytest.mark.parametrize("inside", [True, False])
def test_a_refund_of_a_line_that_is_gone_takes_nothing_twice(shop: Shop, inside: bool) -> None:
    """The shop takes the line out of the order and sends the refund of it as well."""
    loyalty = shop.open()
    loyalty.record(bought())
    back = refund("r", lines=[{"line": "pot"}])
    assert loyalty.record(back).changes == {"points": -40}
    more = {"refunds": [back["refund"]]} if inside else {}
    edited = loyalty.record(bought(TEA, version=2, **more))
    assert edited.changes == {}
    (problem,) = edited.problems
    assert (problem.where, problem.code) == ("$.refunds[r]", "refund_exceeds_order")
    assert "'pot', which the order does not have" in problem.message
    assert points(loyalty, member_of(loyalty)) == (60, 60, 0, 0)


def test_a_refund_larger_than_the_price_its_line_has_now(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(bought())
    assert given_back(loyalty, "r", lines=[{"line": "tea", "amount": "50.00"}]) == -50
    cheaper = {"id": "tea", "amount": "45.00"}
    edited = loyalty.record(bought(cheaper, POT, version=2))
    assert edited.changes == {"points": -10}
    assert [problem.code for problem in edited.problems] == ["refund_exceeds_order"]
    assert points(loyalty, member_of(loyalty)) == (40, 40, 0, 0)


# -- given back -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "change"),
    [
        ({"lines": [{"line": "tea"}]}, -60),
        ({"lines": [{"line": "tea", "quantity": 1}]}, -20),
        ({"lines": [{"line": "tea", "amount": "10.50"}]}, -10),
        ({"amount": "22.00"}, -22),  # of 110.00 paid: a fifth, of the shipping too
        ({"shipping": "10.00"}, -10),
        ({"shipping": "2.50"}, -2),
        ({"amount": "7.00", "shipping": "7.00"}, -7),
        ({"lines": [{"line": "tea", "quantity": 2}, {"line": "pot"}], "shipping": "10.00"}, -90),
        ({}, -110),
        ({"tenders": [{"kind": "card", "amount": "20"}, {"kind": "points", "amount": "2"}]}, -22),
        ({"amount": "22.00", "tenders": [{"kind": "gift_card", "amount": "22.00"}]}, -22),
        ({"kind": "chargeback", "amount": "22.00"}, -22),
        ({"kind": "chargeback"}, -110),
        ({"kind": "goodwill", "amount": "22.00"}, 0),
        ({"kind": "goodwill"}, 0),
        ({"amount": "0"}, 0),
    ],
)
def test_each_way_to_give_something_back(shop: Shop, how: dict[str, Any], change: int) -> None:
    loyalty = shop.open()
    loyalty.record(bought(shipping="10.00"))
    assert given_back(loyalty, "r", **how) == change
    assert loyalty.record(refund("r", **how)).status == "duplicate"
    assert points(loyalty, member_of(loyalty)) == (110 + change, 110 + change, 0, 0)
    assert loyalty.verify().problems == ()


@pytest.mark.parametrize(
    "how",
    [
        {"amount": "130.00"},
        {"lines": [{"line": "tea", "amount": "60.01"}, {"line": "pot"}]},
        {"lines": [{"line": "tea", "quantity": 4}, {"line": "pot"}]},
        {"tenders": [{"kind": "card", "amount": "100.01"}]},
    ],
)
def test_more_money_than_was_paid_takes_no_more_than_was_earned(
    shop: Shop, how: dict[str, Any]
) -> None:
    loyalty = shop.open()
    loyalty.record(order("0", "7.00"))
    loyalty.record(bought())
    receipt = loyalty.record(refund("r", **how))
    assert [problem.code for problem in receipt.problems] == ["refund_exceeds_order"]
    assert receipt.changes == {"points": -100}
    assert points(loyalty, member_of(loyalty)) == (7, 7, 0, 0)


def test_by_line_and_loose_together_more_than_was_paid(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(bought())
    assert given_back(loyalty, "r1", lines=[{"line": "tea"}]) == -60
    receipt = loyalty.record(refund("r2", amount="40.01"))
    assert receipt.changes == {"points": -40}
    assert [(one.where, one.code) for one in receipt.problems] == [
        ("$.refunds[r2]", "refund_exceeds_order")
    ]


def test_a_refund_in_another_currency_is_told_and_the_order_stands(shop: Shop) -> None:
    found = []
    for number, turned in (("1", False), ("2", True)):
        loyalty = shop.open(program=f"p{number}")
        facts = [order("1"), refund("r", lines=[{"line": "a"}]) | {"currency": "EUR"}]
        receipts = [loyalty.record(fact) for fact in (reversed(facts) if turned else facts)]
        told = [problem for receipt in receipts for problem in receipt.problems]
        assert [(one.where, one.code) for one in told] == [("$.refunds[r]", "currency_unknown")]
        assert points(loyalty, member_of(loyalty)) == (60, 60, 0, 0)
        found.append(books_of(loyalty))
    assert found[0] == found[1]


# -- goodwill and charge-backs --------------------------------------------------------------------


@pytest.mark.parametrize(("goodwill", "left"), [("keep", 50), ("take_back", 20)])
def test_goodwill_is_the_programs_choice(shop: Shop, goodwill: str, left: int) -> None:
    loyalty = shop.open(goodwill=goodwill)
    loyalty.record(bought())
    loyalty.record(refund("g", kind="goodwill", amount="30.00"))
    loyalty.record(refund("r", amount="50.00"))
    assert points(loyalty, member_of(loyalty)) == (left, left, 0, 0)


@pytest.mark.hard_case("H5")
def test_an_order_keeps_the_choice_it_was_decided_by(shop: Shop) -> None:
    shop.open(goodwill="keep").record(bought())
    later = shop.open(goodwill="take_back")
    assert later.record(refund("g", kind="goodwill", amount="30.00")).changes == {}
    later.record(order("2"))
    assert later.record(refund("g", "2", kind="goodwill", amount="30.00")).changes == {
        "points": -30
    }


def test_a_charge_back_and_the_dispute_that_was_won(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 90}})
    loyalty.record(bought())
    member = member_of(loyalty)
    expires = loyalty.statement(member).wallet("points").expiring[0]
    shop.clock.advance(days=3)
    lost = refund("c", at=START + HOUR, kind="chargeback")
    assert loyalty.record(lost).changes == {"points": -100}
    won = refund("c", at=START + HOUR, kind="chargeback", voided_at=shop.clock().isoformat())
    assert loyalty.record(won).changes == {"points": 100}
    assert loyalty.record(lost).status == "duplicate"
    assert booked(loyalty) == [("accrual", 100), ("reversal", -100), ("accrual", 100)]
    made = loyalty.history(member).items[0].transaction
    assert made.occurred_at == shop.clock()
    assert loyalty.statement(member).wallet("points").expiring == (expires,)


def test_a_refund_that_the_shop_deleted_gives_the_points_back(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 90}})
    back = {"id": "r", "occurred_at": (START + HOUR).isoformat(), "amount": "40.00"}
    expires = None

    def listed(hours: int, *refunds: dict[str, Any]) -> Any:
        at = (START + HOUR * hours).isoformat()
        return loyalty.record(bought(refunds=list(refunds), refunds_listed_at=at))

    shop.clock.advance(days=1)
    assert listed(0).changes == {"points": 100}
    expires = loyalty.statement(member_of(loyalty)).wallet("points").expiring[0].at
    assert listed(2, back).changes == {"points": -40}
    assert listed(3, back).status == "duplicate"
    assert listed(5).changes == {"points": 40}
    made = loyalty.history(member_of(loyalty)).items[0].transaction
    assert made.occurred_at == START + HOUR * 5
    assert listed(4, back).status == "duplicate"  # an older listing that was late
    assert listed(6).status == "duplicate"
    assert booked(loyalty) == [("accrual", 100), ("reversal", -40), ("accrual", 40)]
    assert [one.at for one in loyalty.statement(member_of(loyalty)).wallet("points").expiring] == [
        expires
    ]
    assert loyalty.verify().problems == ()


def test_a_listing_that_was_only_repeated_still_tells_of_an_older_refund(shop: Shop) -> None:
    loyalty = shop.open()
    shop.clock.advance(days=1)
    for hours in (1, 4):
        at = (START + HOUR * hours).isoformat()
        loyalty.record(bought(refunds=[], refunds_listed_at=at))
    gone = refund("r", at=START + HOUR * 2, amount="40.00")
    assert loyalty.record(gone).changes == {}
    assert points(loyalty, member_of(loyalty)) == (100, 100, 0, 0)
    given = refund("s", at=START + HOUR * 5, amount="40.00")
    assert loyalty.record(given).changes == {"points": -40}


def test_a_charge_back_of_spent_points_is_debt_until_the_dispute_is_won(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(bought())
    member = member_of(loyalty)
    loyalty.redeem(member, points=80, key="k")
    loyalty.record(refund("c", kind="chargeback"))
    assert points(loyalty, member) == (-80, -80, 0, 80)
    loyalty.record(refund("c", kind="chargeback", voided_at=START.isoformat()))
    assert points(loyalty, member) == (20, 20, 0, 0)


@pytest.mark.hard_case("H7")
def test_refunds_of_every_kind_in_any_order_end_alike(shop: Shop) -> None:
    facts = [
        bought(),
        bought(version=2, shipping="10.00"),
        refund("r", lines=[{"line": "tea", "quantity": 1}]),
        refund("g", kind="goodwill", amount="11.00"),
        refund("c", kind="chargeback", amount="33.00"),
        refund("c", kind="chargeback", voided_at=(START + HOUR).isoformat()),
    ]
    first = None
    for number, chosen in enumerate(permutations(facts)):
        if number % 40:
            continue
        loyalty = shop.open(program=f"p{number}")
        for fact in (*chosen, chosen[0]):
            assert loyalty.record(fact).error is None
        first = first or books_of(loyalty)
        assert books_of(loyalty) == first
        assert points(loyalty, member_of(loyalty)) == (90, 90, 0, 0)


# -- exchanges ------------------------------------------------------------------------------------


def test_an_exchange_on_one_order(shop: Shop) -> None:
    """The pot comes back, a cup goes out, and the order is sent again with both."""
    loyalty = shop.open()
    loyalty.record(bought())
    cup = {"id": "cup", "amount": "15.00"}
    back = {"id": "r", "occurred_at": START.isoformat(), "lines": [{"line": "pot"}]}
    receipt = loyalty.record(bought(TEA, POT, cup, version=2, refunds=[back]))
    assert (receipt.changes, receipt.problems) == ({"points": -25}, ())
    assert points(loyalty, member_of(loyalty)) == (75, 75, 0, 0)


def test_an_exchange_as_a_return_and_another_order(shop: Shop) -> None:
    books = []
    exchanged = [refund("r", lines=[{"line": "pot"}]), order("2", "15.00")]
    for number, facts in enumerate([[bought(), *exchanged], [*reversed(exchanged), bought()]]):
        loyalty = shop.open(program=f"p{number}")
        for fact in facts:
            loyalty.record(fact)
        assert points(loyalty, member_of(loyalty)) == (75, 75, 0, 0)
        books.append(books_of(loyalty))
    assert books[0] == books[1]


# -- whose it is ----------------------------------------------------------------------------------


def test_a_version_that_names_another_member_stays_and_says_so(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.enrol({"email": "bob@example.org"})
    loyalty.record(bought())
    receipt = loyalty.record(bought(TEA, version=2, email="bob@example.org"))
    assert receipt.member_id == member_of(loyalty)
    assert receipt.changes == {"points": -40}
    assert [(one.where, one.code) for one in receipt.problems] == [
        ("$.identities", "identity_conflict")
    ]
    bob = loyalty.find({"email": "bob@example.org"})
    assert bob is not None
    assert points(loyalty, bob.id) == (0, 0, 0, 0)


def test_problems_are_told_again_while_they_last(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(bought())
    loyalty.record(refund("r", amount="130.00"))
    assert len(loyalty.record(bought(version=2)).problems) == 1
    dearer = {"id": "tea", "amount": "130.00"}
    assert loyalty.record(bought(dearer, version=3)).problems == ()
