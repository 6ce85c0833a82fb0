"""Hard cases of which no other test is the plain proof."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from loyalty_core.testing.books import books_of
from tests.contract.conftest import Shop
from tests.toy import START, order, points, refund

ADA = {"email": "ada@example.org"}


@pytest.mark.hard_case("H7")
def test_an_order_its_edit_its_refunds_and_its_end_in_all_orders(shop: Shop) -> None:
    facts = [
        order(version=1, status="pending"),
        order(version=2),
        order(version=3, amount="50.00"),
        refund("r", lines=[{"line": "a", "amount": "20.00"}]),
    ]
    expected = None
    for number, chosen in enumerate(permutations(facts)):
        loyalty = shop.open(program=f"p{number}")
        for fact in (*chosen, *chosen):
            loyalty.record(fact)
        member = loyalty.find(ADA)
        assert member is not None
        assert points(loyalty, member.id) == (30, 30, 0, 0)
        expected = expected or books_of(loyalty)
        assert books_of(loyalty) == expected
        loyalty.close()


@pytest.mark.hard_case("H15")
def test_reports_and_rankings_forget_what_was_refunded_and_what_expired(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}})
    ada = loyalty.record(order("1", "60.00")).member_id
    bob = loyalty.record(order("2", "50.00", email="bob@example.org")).member_id
    loyalty.record(refund("r", "1", amount="20.00"))
    report = loyalty.report()
    assert [(top.member.id, top.earned) for top in report.top_members] == [(bob, 50), (ada, 40)]
    assert (report.wallets[0].issued, report.wallets[0].outstanding) == (90, 90)
    shop.clock.advance(days=30)
    late = loyalty.report().wallets[0]
    assert (late.outstanding, late.due) == (0, 90)  # though no job has run
    assert loyalty.tick().expired == {"points": 90}
    after = loyalty.report().wallets[0]
    assert (after.outstanding, after.due, after.expired) == (0, 0, 90)


@pytest.mark.hard_case("H16")
@pytest.mark.parametrize(
    ("bought", "last_usable"),
    [
        ("2026-01-31", "2026-02-27"),
        ("2028-01-31", "2028-02-28"),
        ("2026-02-28", "2026-03-27"),
        ("2028-02-29", "2028-03-28"),
        ("2026-01-22", "2026-02-21"),
        ("2026-12-31", "2027-01-30"),
    ],
)
def test_a_month_later_to_the_last_usable_second(shop: Shop, bought: str, last_usable: str) -> None:
    at = datetime.fromisoformat(f"{bought}T10:00:00+00:00")
    shop.clock.advance(days=(at - START).days, seconds=(at - START).seconds)
    loyalty = shop.open(wallet={"expiry": {"after_months": 1}})
    member = loyalty.record(order(at=at)).member_id
    assert member is not None
    midnight = datetime.fromisoformat(f"{last_usable}T00:00:00+00:00") + timedelta(days=1)
    (expiring,) = loyalty.statement(member).wallet("points").expiring
    assert (expiring.at, expiring.at.tzinfo) == (midnight, UTC)
    wait = midnight - timedelta(seconds=1) - at
    shop.clock.advance(days=wait.days, seconds=wait.seconds)
    assert points(loyalty, member) == (60, 60, 0, 0)
    assert loyalty.redeem(member, points=1, key="k").points == 1
    shop.clock.advance(seconds=1)
    assert points(loyalty, member)[1] == 0


@pytest.mark.hard_case("H48")
def test_a_statement_lists_every_day_on_which_points_expire(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 40}})
    member = loyalty.record(order("0", "1.00", at=START - timedelta(days=9))).member_id
    loyalty.record_many(
        [
            order("1", "10.00", at=START - timedelta(days=5)),
            order("2", "5.00", at=START - timedelta(days=5, hours=1)),
            order("3", "20.00"),
        ]
    )
    assert member is not None
    wallet = loyalty.statement(member).wallet("points")
    day = START.replace(hour=0)
    assert [(dated.at, dated.amount) for dated in wallet.expiring] == [
        (day + timedelta(days=31), 1),
        (day + timedelta(days=35), 15),
        (day + timedelta(days=40), 20),
    ]
    assert wallet.available == 36
