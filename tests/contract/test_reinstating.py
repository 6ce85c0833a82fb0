"""Expired points given back: to the lot they came from, never twice, in reach of refunds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from loyalty_core import (
    FactError,
    IdempotencyConflict,
    Loyalty,
    MemberNotFound,
    ReinstatementRefused,
    Transaction,
    TransactionKind,
    TransactionNotFound,
)
from loyalty_core.storage import tables
from tests.contract.conftest import Shop
from tests.toy import START, Toy, order, points, refund, totals

DAY = timedelta(days=1)
WALLET = {"expiry": {"after_days": 30}}
EXPIRED = START.replace(hour=0) + 30 * DAY
AGAIN = START.replace(hour=0) + 70 * DAY


def expired(shop: Shop, amount: int = 100, **given: Any) -> tuple[Loyalty, str, Transaction]:
    """A shop in which Ada's points have expired, and the transaction by which they did."""
    loyalty = shop.open(**{"wallet": WALLET, **given})
    ada = loyalty.record(order(amount=f"{amount}.00")).member_id or ""
    shop.clock.advance(days=40)
    loyalty.tick()
    return loyalty, ada, latest(loyalty, ada)


def latest(loyalty: Loyalty, member: str) -> Transaction:
    return loyalty.history(member, first=1).items[0].transaction


def back(
    loyalty: Loyalty, member: str, of: Transaction, number: int | None = None, **more: Any
) -> Any:
    given = {"reason": "goodwill", "actor": "eve", "key": f"k{number}"} | more
    return loyalty.reinstate(member, of.id, points=number, **given)


def lots(loyalty: Loyalty) -> list[tuple[int, int, int, datetime | None]]:
    def look(reader: Any) -> Any:
        lot = tables.lot
        columns = (lot.c.remaining, lot.c.expired, lot.c.forgiven, lot.c.expires_at)
        return [tuple(row) for row in reader._connection.execute(select(*columns))]

    found: list[tuple[int, int, int, datetime | None]] = loyalty._parts.store.read(look)
    return found


def test_all_of_an_expiry_is_given_back(shop: Shop) -> None:
    toy = Toy(subscribed=("points_reinstated", "points_expired"))
    loyalty, ada, expiry = expired(shop, toys=(toy,))
    assert (expiry.amount, totals(loyalty, ada)) == (-100, (100, 0, 100, 0))
    receipt = back(loyalty, ada, expiry)
    assert (receipt.points, receipt.corrects, receipt.member_id) == (100, expiry.id, ada)
    assert (receipt.wallet, receipt.reason, receipt.actor) == ("points", "goodwill", "eve")
    assert (receipt.occurred_at, receipt.expires_at) == (shop.clock(), AGAIN)
    assert points(loyalty, ada) == (100, 100, 0, 0)
    assert totals(loyalty, ada) == (100, 0, 0, 0)
    assert lots(loyalty) == [(100, 0, 0, AGAIN)]
    made = latest(loyalty, ada)
    assert (made.id, made.kind, made.amount) == (
        receipt.transaction_id,
        TransactionKind.EXPIRY,
        100,
    )
    assert (made.reason, made.actor) == ("goodwill", "eve")
    assert made.detail == {"corrects": expiry.id, "expires_at": "2026-08-10T00:00:00Z"}
    assert made.entries[0].lot_id == expiry.entries[0].lot_id
    loyalty.tick()
    assert [received.type for received in toy.received] == ["points_expired", "points_reinstated"]
    told = toy.received[1]
    assert told.transaction_id == made.id
    assert told.data == {
        "wallet": "points",
        "amount": 100,
        "reason": "goodwill",
        "actor": "eve",
        "corrects": expiry.id,
        "expires_at": "2026-08-10T00:00:00Z",
    }
    assert loyalty.explain(made.id).transaction == made
    assert loyalty.verify().problems == ()


def test_never_more_than_is_left_of_it(shop: Shop) -> None:
    loyalty, ada, expiry = expired(shop)
    assert back(loyalty, ada, expiry, 30).points == 30
    with pytest.raises(ReinstatementRefused) as refused:
        back(loyalty, ada, expiry, 71)
    assert (refused.value.facts["needed"], refused.value.facts["available"]) == (71, 70)
    assert points(loyalty, ada) == (30, 30, 0, 0)
    assert back(loyalty, ada, expiry).points == 70
    with pytest.raises(ReinstatementRefused):
        back(loyalty, ada, expiry, key="more")
    assert points(loyalty, ada) == (100, 100, 0, 0)
    assert totals(loyalty, ada) == (100, 0, 0, 0)


def test_what_is_given_back_expires_again_and_can_be_given_back_again(shop: Shop) -> None:
    loyalty, ada, first = expired(shop)
    back(loyalty, ada, first, 60)
    loyalty.redeem(ada, points=10, key="spent")
    shop.clock.advance(days=40)
    assert points(loyalty, ada)[1] == 0
    assert loyalty.tick().expired == {"points": 50}
    second = latest(loyalty, ada)
    assert (second.amount, second.occurred_at) == (-50, AGAIN)
    assert back(loyalty, ada, first, 40, key="a").points == 40
    with pytest.raises(ReinstatementRefused):
        back(loyalty, ada, first, 1, key="b")
    assert back(loyalty, ada, second, 50, key="c").points == 50
    assert totals(loyalty, ada) == (100, 10, 0, 0)
    assert points(loyalty, ada) == (90, 90, 0, 0)
    assert loyalty.verify().problems == ()


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        (None, AGAIN),
        ("never", None),
        (START + 50 * DAY, START + 50 * DAY),
    ],
)
def test_when_they_expire(shop: Shop, given: Any, ends: datetime | None) -> None:
    loyalty, ada, expiry = expired(shop)
    assert back(loyalty, ada, expiry, expires_at=given).expires_at == ends
    assert lots(loyalty) == [(100, 0, 0, ends)]


@pytest.mark.parametrize(
    ("second", "ends"),
    [
        (START + 45 * DAY, START + 50 * DAY),
        (START + 60 * DAY, START + 60 * DAY),
        ("never", None),
    ],
)
def test_what_was_given_back_before_does_not_end_earlier(
    shop: Shop, second: Any, ends: datetime | None
) -> None:
    loyalty, ada, expiry = expired(shop)
    back(loyalty, ada, expiry, 40, expires_at=START + 50 * DAY)
    assert back(loyalty, ada, expiry, 60, expires_at=second).expires_at == ends
    assert lots(loyalty) == [(100, 0, 0, ends)]


@pytest.mark.parametrize("before", [True, False])
def test_a_partial_refund_takes_its_share_before_or_after(shop: Shop, before: bool) -> None:
    loyalty, ada, expiry = expired(shop)
    part = refund("r1", amount="30.00")
    if before:
        loyalty.record(part)
        assert totals(loyalty, ada) == (100, 0, 100, 0)
        with pytest.raises(ReinstatementRefused):
            back(loyalty, ada, expiry, 71)
        assert back(loyalty, ada, expiry).points == 70
        assert lots(loyalty) == [(70, 30, 30, AGAIN)]
    else:
        back(loyalty, ada, expiry)
        loyalty.record(part)
        assert lots(loyalty) == [(70, 0, 0, AGAIN)]
    assert points(loyalty, ada) == (70, 70, 0, 0)
    loyalty.record(refund("r2", amount="50.00"))
    assert points(loyalty, ada) == (20, 20, 0, 0)
    loyalty.record(refund("r3", amount="20.00"))
    assert points(loyalty, ada) == (0, 0, 0, 0)
    assert lots(loyalty)[0][0] == 0
    with pytest.raises(ReinstatementRefused):
        back(loyalty, ada, expiry, key="more")
    assert loyalty.verify().problems == ()


def test_a_refund_between_two_parts(shop: Shop) -> None:
    """Sixty given back, half of the order refunded: fifty of the sixty go, none is owed."""
    loyalty, ada, expiry = expired(shop)
    back(loyalty, ada, expiry, 60)
    loyalty.record(refund("r1", amount="50.00"))
    assert lots(loyalty) == [(10, 40, 0, AGAIN)]
    assert points(loyalty, ada) == (10, 10, 0, 0)
    assert back(loyalty, ada, expiry).points == 40
    assert points(loyalty, ada) == (50, 50, 0, 0)
    loyalty.record(refund("r2", amount="50.00"))
    assert points(loyalty, ada) == (0, 0, 0, 0)
    assert totals(loyalty, ada) == (0, 0, 0, 0)


def test_what_was_spent_after_it_was_given_back_is_owed_after_a_refund(shop: Shop) -> None:
    loyalty, ada, expiry = expired(shop)
    back(loyalty, ada, expiry)
    loyalty.redeem(ada, points=80, key="spent")
    loyalty.record(refund("r"))
    assert points(loyalty, ada) == (-80, -80, 0, 80)
    assert loyalty.verify().problems == ()


def test_debt_is_paid_first(shop: Shop) -> None:
    loyalty, ada, expiry = expired(shop)
    loyalty.adjust(ada, "points", -30, reason="r", actor="a", key="debt")
    assert points(loyalty, ada) == (-30, -30, 0, 30)
    back(loyalty, ada, expiry)
    assert points(loyalty, ada) == (70, 70, 0, 0)
    assert totals(loyalty, ada) == (100, 0, 0, -30)
    kinds = [item.transaction.kind.value for item in loyalty.history(ada).items]
    assert kinds == ["repayment", "expiry", "adjustment", "expiry", "accrual"]
    assert lots(loyalty) == [(70, 0, 0, AGAIN)]
    assert loyalty.verify().problems == ()


def test_an_expiry_that_nobody_has_booked_yet_is_booked_before(shop: Shop) -> None:
    loyalty, ada, expiry = expired(shop)
    back(loyalty, ada, expiry, 40, expires_at=shop.clock() + DAY)
    shop.clock.advance(days=2)
    assert back(loyalty, ada, expiry).points == 60
    assert lots(loyalty) == [(60, 40, 0, START.replace(hour=0) + 72 * DAY)]
    assert [item.transaction.amount for item in loyalty.history(ada).items] == [
        *(60, -40, 40, -100, 100)
    ]


def test_points_that_lapsed_keep_their_own_date_out_of_it(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"inactivity_days": 10}})
    ada = loyalty.record(order(amount="100.00")).member_id or ""
    shop.clock.advance(days=11)
    loyalty.tick()
    assert back(loyalty, ada, latest(loyalty, ada)).expires_at is None
    wallet = loyalty.statement(ada).wallet("points")
    assert (wallet.available, wallet.lapses_at) == (100, START + 21 * DAY)


def test_an_order_that_moves_does_not_end_them_again(shop: Shop) -> None:
    loyalty, ada, expiry = expired(shop)
    back(loyalty, ada, expiry)
    loyalty.record(order(amount="100.00", at=START - DAY, version=2))
    loyalty.tick()
    assert points(loyalty, ada) == (100, 100, 0, 0)
    assert lots(loyalty) == [(100, 0, 0, AGAIN)]


def test_a_cancelled_order_that_is_paid_after_all(shop: Shop) -> None:
    loyalty, ada, expiry = expired(shop)
    loyalty.record(order(amount="100.00", status="cancelled", version=2))
    with pytest.raises(ReinstatementRefused):
        back(loyalty, ada, expiry)
    loyalty.record(order(amount="100.00", version=3))
    assert points(loyalty, ada) == (0, 0, 0, 0)
    assert back(loyalty, ada, expiry).points == 100
    assert points(loyalty, ada) == (100, 100, 0, 0)
    assert totals(loyalty, ada) == (100, 0, 0, 0)


def test_what_is_refused_and_books_nothing(shop: Shop) -> None:
    loyalty, ada, expiry = expired(shop)
    bob = loyalty.enrol({"email": "bob@example.org"}).id
    accrual = loyalty.history(ada).items[1].transaction
    given = back(loyalty, ada, expiry, 10)
    made = latest(loyalty, ada)
    assert made.id == given.transaction_id
    before = loyalty.history(ada)
    naive = (START + 60 * DAY).replace(tzinfo=None)
    for kind, refused in (
        (MemberNotFound, lambda: back(loyalty, "nobody", expiry, 5)),
        (TransactionNotFound, lambda: back(loyalty, bob, expiry, 5)),
        (TransactionNotFound, lambda: loyalty.reinstate(ada, "x", reason="r", actor="a", key="k")),
        (ReinstatementRefused, lambda: back(loyalty, ada, accrual, 5)),
        (ReinstatementRefused, lambda: back(loyalty, ada, made, 5)),
        (FactError, lambda: back(loyalty, ada, expiry, 0)),
        (FactError, lambda: back(loyalty, ada, expiry, -5)),
        (FactError, lambda: back(loyalty, ada, expiry, True)),
        (FactError, lambda: back(loyalty, ada, expiry, 5, reason="")),
        (FactError, lambda: back(loyalty, ada, expiry, 5, actor=" ")),
        (FactError, lambda: back(loyalty, ada, expiry, 5, key="")),
        (FactError, lambda: back(loyalty, ada, expiry, 5, expires_at=shop.clock())),
        (FactError, lambda: back(loyalty, ada, expiry, 5, expires_at=naive)),
        (FactError, lambda: back(loyalty, ada, expiry, 5, expires_at="soon")),
        (
            FactError,
            lambda: back(loyalty, ada, expiry, 5, expires_at=datetime.max.replace(tzinfo=UTC)),
        ),
    ):
        with pytest.raises(kind):
            refused()
    assert loyalty.history(ada) == before
    assert points(loyalty, ada) == (10, 10, 0, 0)
    assert back(loyalty, ada, expiry, 5).points == 5


def test_the_same_command_twice(shop: Shop) -> None:
    loyalty, ada, expiry = expired(shop)
    first = back(loyalty, ada, expiry, 30, expires_at=START + 50 * DAY)
    shop.clock.advance(days=1)
    assert back(loyalty, ada, expiry, 30, expires_at=START + 50 * DAY) == first
    with pytest.raises(IdempotencyConflict):
        back(loyalty, ada, expiry, 30)
    with pytest.raises(IdempotencyConflict):
        loyalty.adjust(ada, "points", 30, reason="goodwill", actor="eve", key="k30")
    assert points(loyalty, ada) == (30, 30, 0, 0)


def test_many_at_once_give_back_exactly_what_there_is(shop: Shop) -> None:
    loyalty, ada, expiry = expired(shop)

    def give(number: int) -> str:
        try:
            back(loyalty, ada, expiry, 30, key=f"k{number}")
        except ReinstatementRefused as error:
            return error.code
        return "given"

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(give, range(8)))
    assert (found.count("given"), found.count("reinstatement_refused")) == (3, 5)
    assert points(loyalty, ada) == (90, 90, 0, 0)
    assert totals(loyalty, ada) == (100, 0, 10, 0)
    assert loyalty.verify().problems == ()


def test_an_imported_lot_that_had_expired_is_given_back(shop: Shop) -> None:
    loyalty = shop.open(wallet=WALLET)
    row = {
        "wallet": "points",
        "amount": "40",
        "reason": "opening balance",
        "actor": "import",
        "key": "1",
        "identities": {"email": "ada@example.org"},
        "awarded_at": (START - 90 * DAY).isoformat(),
    }
    loyalty.adjust_many([row], enrol=True)  # type: ignore[list-item]
    found = loyalty.find({"email": "ada@example.org"})
    assert found is not None
    expiry = latest(loyalty, found.id)
    assert (expiry.kind, expiry.amount) == (TransactionKind.EXPIRY, -40)
    assert back(loyalty, found.id, expiry).points == 40
    assert points(loyalty, found.id) == (40, 40, 0, 0)


def test_after_a_merge_who_has_the_points_gets_them_back(shop: Shop) -> None:
    loyalty, ada, expiry = expired(shop)
    eve = loyalty.enrol({"email": "eve@example.org"}).id
    loyalty.merge(eve, ada, reason="same person", actor="op", key="m")
    assert back(loyalty, eve, expiry, 40, key="k1").member_id == eve
    with pytest.raises(ReinstatementRefused) as refused:
        back(loyalty, ada, expiry, 61, key="k2")
    assert refused.value.facts["available"] == 60
    loyalty.unmerge(ada, reason="two people", actor="op", key="u")
    with pytest.raises(TransactionNotFound):
        back(loyalty, eve, expiry, 10, key="k3")
    assert back(loyalty, ada, expiry, key="k4").points == 60
    assert points(loyalty, ada)[0] == 100
    assert points(loyalty, eve)[0] == 0
    assert loyalty.verify().problems == ()
