"""Points given by one member to another: they move, and nothing about them changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, select, update

from loyalty_core import (
    ConfigError,
    FactError,
    IdempotencyConflict,
    InsufficientPoints,
    Loyalty,
    MemberInactive,
    MemberNotFound,
    MemberStatus,
    TransferRefused,
    WalletUnknown,
)
from loyalty_core.storage import tables
from loyalty_core.testing.books import books_of
from tests.contract.conftest import Shop
from tests.toy import START, Toy, activity, order, points, refund, totals

ALLOWED: dict[str, Any] = {"transfer": {"allowed": True}}


def couple(loyalty: Loyalty, amount: int = 60) -> tuple[str, str]:
    ada = loyalty.record(order(amount=f"{amount}.00")).member_id or ""
    return ada, loyalty.enrol({"email": "bob@example.org"}).id


def lots_of(loyalty: Loyalty, name: str) -> list[Any]:
    """Moments and remaining points of somebody's open lots."""
    found = books_of(loyalty)["lots"]
    return [lot[3:7] for lot in found if lot[0] == f"email::{name}@example.org"]


def transferred(loyalty: Loyalty, member: str) -> int:
    return loyalty.statement(member).wallet("points").transferred


@pytest.mark.hard_case("H38")
def test_points_move_with_their_dates_earliest_expiry_first(shop: Shop) -> None:
    loyalty = shop.open(wallet=ALLOWED | {"expiry": {"after_days": 30}})
    ada, bob = couple(loyalty, 60)
    earlier = START - timedelta(days=10)
    loyalty.record(order("2", "25.00", at=earlier))
    receipt = loyalty.transfer(ada, bob, "points", 40, reason="gift", actor="till", key="k")
    soon, late = datetime(2026, 6, 21, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    assert lots_of(loyalty, "bob") == [(earlier, earlier, soon, 25), (START, START, late, 15)]
    assert lots_of(loyalty, "ada") == [(START, START, late, 45)]
    assert points(loyalty, ada) == (45, 45, 0, 0)
    assert points(loyalty, bob) == (40, 40, 0, 0)
    assert totals(loyalty, ada) == (85, 0, 0, 0)
    assert totals(loyalty, bob) == (0, 0, 0, 0)
    assert (transferred(loyalty, ada), transferred(loyalty, bob)) == (-40, 40)
    gave, got = (loyalty.history(one).items[0].transaction for one in (ada, bob))
    assert (gave.id, gave.amount, gave.kind) == (receipt.transaction_id, -40, "transfer")
    assert (got.id, got.amount, got.kind) == (receipt.received_transaction_id, 40, "transfer")
    assert gave.detail == {"to": bob, "transaction": got.id}
    assert got.detail == {"from": ada, "transaction": gave.id}
    assert (gave.reason, gave.actor) == (got.reason, got.actor) == ("gift", "till")
    assert [entry.account for entry in gave.entries] == ["member", "member", "transfer"]
    assert loyalty.verify().problems == ()
    shop.clock.set(soon)
    assert (loyalty.tick().expired, points(loyalty, bob)) == ({"points": 25}, (15, 15, 0, 0))


def test_the_same_transfer_twice_moves_once(shop: Shop) -> None:
    loyalty = shop.open(wallet=ALLOWED)
    ada, bob = couple(loyalty)
    first = loyalty.transfer(ada, bob, "points", 40, key="k")
    shop.clock.advance(days=1)
    assert loyalty.transfer(ada, bob, "points", 40, key="k") == first
    with pytest.raises(IdempotencyConflict):
        loyalty.transfer(ada, bob, "points", 41, key="k")
    with pytest.raises(IdempotencyConflict):
        loyalty.transfer(bob, ada, "points", 40, key="k")
    assert points(loyalty, bob) == (40, 40, 0, 0)


def test_a_refund_of_the_givers_order_is_taken_from_the_giver(shop: Shop) -> None:
    loyalty = shop.open(wallet=ALLOWED)
    ada, bob = couple(loyalty, 60)
    loyalty.transfer(ada, bob, "points", 50, key="k")
    loyalty.record(refund("r"))
    assert points(loyalty, ada) == (-50, -50, 0, 50)
    assert points(loyalty, bob) == (50, 50, 0, 0)
    with pytest.raises(InsufficientPoints):
        loyalty.transfer(ada, bob, "points", 1, key="k2")
    loyalty.record(order("2", "80.00"))
    assert points(loyalty, ada) == (30, 30, 0, 0)
    assert loyalty.verify().problems == ()


def test_the_receivers_debt_is_paid_first(shop: Shop) -> None:
    loyalty = shop.open(wallet=ALLOWED)
    ada, bob = couple(loyalty, 60)
    loyalty.adjust(bob, "points", -25, reason="r", actor="a", key="a")
    assert points(loyalty, bob) == (-25, -25, 0, 25)
    loyalty.transfer(ada, bob, "points", 20, key="k")
    assert points(loyalty, bob) == (-5, -5, 0, 5)
    loyalty.transfer(ada, bob, "points", 20, key="k2")
    assert points(loyalty, bob) == (15, 15, 0, 0)
    assert loyalty.verify().problems == ()


def test_pending_and_expired_points_cannot_be_given(shop: Shop) -> None:
    pending = shop.open(
        wallet=ALLOWED | {"expiry": {"after_days": 30}},
        settings={"pending_days": 5, "activities": {"review": 10}},
    )
    ada, bob = couple(pending, 60)
    pending.record(activity("1", at=START - timedelta(days=10)))
    for moment, there in ((START, 10), (START + timedelta(days=20), 60)):
        shop.clock.set(moment)
        with pytest.raises(InsufficientPoints) as short:
            pending.transfer(ada, bob, "points", there + 1, key="k")
        assert short.value.facts["available"] == there
        assert short.value.message == f"{there + 1} points needed, {there} available"
    shop.clock.set(START)
    pending.transfer(ada, bob, "points", 10, key="k")
    assert points(pending, ada) == (60, 0, 60, 0)
    assert points(pending, bob) == (10, 10, 0, 0)


@pytest.mark.hard_case("H38")
def test_what_is_refused_moves_nothing(shop: Shop) -> None:
    limits = {"allowed": True, "smallest": 5, "largest": 40, "per_day": 60}
    loyalty = shop.open(wallet={"transfer": limits, "scale": 1})
    ada, bob = couple(loyalty, 6000)
    cy = loyalty.enrol({"email": "cy@example.org"}).id
    loyalty.update_member(cy, status=MemberStatus.SUSPENDED)
    refusals = [
        (TransferRefused, ada, ada, "points", 100),
        (TransferRefused, ada, bob, "points", 49),
        (TransferRefused, ada, bob, "points", 401),
        (MemberInactive, ada, cy, "points", 100),
        (MemberInactive, cy, ada, "points", 100),
        (MemberNotFound, ada, "nobody", "points", 100),
        (WalletUnknown, ada, bob, "stars", 100),
        (FactError, ada, bob, "points", 0),
        (FactError, ada, bob, "points", -100),
        (InsufficientPoints, bob, ada, "points", 100),
    ]
    for kind, giver, receiver, wallet, amount in refusals:
        with pytest.raises(kind):
            loyalty.transfer(giver, receiver, wallet, amount, key="k")
    assert points(loyalty, ada) == (6000, 6000, 0, 0)
    assert points(loyalty, bob) == (0, 0, 0, 0)
    assert loyalty.transfer(ada, bob, "points", 50, key="k").points == 50


def test_a_wallet_allows_transfers_only_where_it_says_so(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(loyalty)
    with pytest.raises(TransferRefused) as refused:
        loyalty.transfer(ada, bob, "points", 10, key="k")
    assert refused.value.where == "wallets.points.transfer"
    assert points(loyalty, bob) == (0, 0, 0, 0)


def test_the_limit_of_a_day_counts_by_giver_in_the_programs_time_zone(shop: Shop) -> None:
    loyalty = shop.open(
        wallet={"transfer": {"allowed": True, "per_day": 30}}, time_zone="Europe/Berlin"
    )
    ada, bob = couple(loyalty, 100)
    shop.clock.set(datetime(2026, 6, 1, 21, 59, tzinfo=UTC))
    loyalty.transfer(ada, bob, "points", 20, key="1")
    with pytest.raises(TransferRefused):
        loyalty.transfer(ada, bob, "points", 11, key="2")
    loyalty.transfer(bob, ada, "points", 20, key="3")
    loyalty.transfer(ada, bob, "points", 10, key="4")
    shop.clock.set(datetime(2026, 6, 1, 22, 0, tzinfo=UTC))
    loyalty.transfer(ada, bob, "points", 30, key="5")
    assert points(loyalty, bob) == (40, 40, 0, 0)


def test_points_that_lapse_take_their_clock_along(shop: Shop) -> None:
    loyalty = shop.open(wallet=ALLOWED | {"expiry": {"inactivity_days": 10}})
    ada, bob = couple(loyalty)
    shop.clock.advance(days=4)
    loyalty.transfer(ada, bob, "points", 40, key="k")
    assert loyalty.statement(bob).wallet("points").lapses_at == START + timedelta(days=10)
    shop.clock.advance(days=6)
    assert points(loyalty, bob)[1] == points(loyalty, ada)[1] == 0


def test_both_are_told(shop: Shop) -> None:
    toy = Toy(subscribed=("points_transferred",))
    loyalty = shop.open(wallet=ALLOWED, toys=(toy,))
    ada, bob = couple(loyalty)
    receipt = loyalty.transfer(ada, bob, "points", 40, key="k")
    loyalty.tick()
    told = {event.member_id: (event.transaction_id, event.data) for event in toy.received}
    made, got = receipt.transaction_id, receipt.received_transaction_id
    assert told == {
        ada: (made, {"wallet": "points", "amount": 40, "to": bob, "transaction": got}),
        bob: (got, {"wallet": "points", "amount": 40, "from": ada, "transaction": made}),
    }


def test_crossing_transfers_from_many_threads_lose_nothing(shop: Shop) -> None:
    loyalty = shop.open(wallet=ALLOWED)
    ada, bob = couple(loyalty, 100)

    def give(number: int) -> int:
        giver, receiver = (ada, bob) if number % 2 else (bob, ada)
        try:
            loyalty.transfer(giver, receiver, "points", 30, key=f"k{number}")
        except InsufficientPoints:
            return 0
        return 30 if number % 2 else -30

    with ThreadPoolExecutor(8) as threads:
        moved = sum(threads.map(give, range(24)))
    assert points(loyalty, ada) == (100 - moved, 100 - moved, 0, 0)
    assert points(loyalty, bob) == (moved, moved, 0, 0)
    assert loyalty.verify().problems == ()


def test_verify_finds_a_transfer_that_reached_nobody(shop: Shop) -> None:
    loyalty = shop.open(wallet=ALLOWED)
    ada, bob = couple(loyalty)
    receipt = loyalty.transfer(ada, bob, "points", 40, key="k")
    engine, entry = create_engine(shop.url), tables.entry
    with engine.begin() as connection:
        mine = entry.c.transaction_id == receipt.received_transaction_id
        lone = mine & (entry.c.account == "transfer")
        assert connection.scalar(select(entry.c.amount).where(lone)) == -40
        connection.execute(update(entry).where(lone).values(account="issuer"))
    engine.dispose()
    found = [problem.message for problem in loyalty.verify().problems]
    assert found == ["transfers of this wallet sum to 40 over the program, not zero"]


@pytest.mark.parametrize("limit", ["smallest", "largest", "per_day"])
def test_limits_that_cannot_be_meant_are_refused(shop: Shop, limit: str) -> None:
    with pytest.raises(ConfigError) as refused:
        shop.open(wallet={"transfer": {"allowed": True, limit: 0}})
    assert [one.where for one in refused.value.problems] == [f"wallets.points.transfer.{limit}"]
