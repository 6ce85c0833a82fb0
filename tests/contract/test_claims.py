"""Orders of guests: claimed by who joins later, once, and by nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from loyalty_core import (
    ClaimRefused,
    IdempotencyConflict,
    Loyalty,
    LoyaltyError,
    MemberInactive,
    MemberNotFound,
    MemberStatus,
    OrderNotFound,
)
from tests.contract.conftest import Shop
from tests.toy import START, order, points, refund

ADA = {"email": "ada@example.org"}
OPT_IN = {"join": "opt_in", "join_wait_days": 10}
POLICIES: list[dict[str, Any]] = [OPT_IN, {"join": "on_first_fact", "join_wait_days": 10}]
either = pytest.mark.parametrize("policy", POLICIES, ids=["opt_in", "on_first_fact"])


def claim(loyalty: Loyalty, member: str, number: str = "1", key: str = "k") -> dict[str, int]:
    receipt = loyalty.claim(member, source="web", order_id=number, key=key)
    assert (receipt.member_id, receipt.source, receipt.order_id) == (member, "web", number)
    return dict(receipt.changes)


@either
def test_a_guest_by_email_gets_the_points_on_joining(shop: Shop, policy: dict[str, Any]) -> None:
    loyalty = shop.open(**policy)
    loyalty.record(order())
    loyalty.record(refund("r", lines=[{"line": "a", "amount": "10.00"}]))
    member = loyalty.enrol(ADA | {"customer_id": "7"}, source="web")
    assert points(loyalty, member.id) == (50, 50, 0, 0)
    again = loyalty.record(order("2", email=None, identities={"customer_id": "7"}))
    assert (again.member_id, again.changes) == (member.id, {"points": 60})
    with pytest.raises(ClaimRefused):
        claim(loyalty, member.id)
    assert points(loyalty, member.id) == (110, 110, 0, 0)
    assert loyalty.report().members == 1


@either
def test_an_order_of_nobody_is_claimed_once(shop: Shop, policy: dict[str, Any]) -> None:
    loyalty = shop.open(**policy)
    kept = loyalty.record(order(email=None))
    assert (kept.status, kept.member_id, kept.changes) == ("waiting", None, {})
    assert loyalty.record(order(email=None)).status == "duplicate"
    assert loyalty.report().members == 0
    shop.clock.advance(days=9)
    ada, bob = loyalty.enrol(ADA), loyalty.enrol({"email": "bob@example.org"})
    assert claim(loyalty, ada.id) == {"points": 60}
    assert claim(loyalty, ada.id) == {"points": 60}  # the same key: the same receipt
    for member, key in ((ada, "other"), (bob, "bob")):
        with pytest.raises(ClaimRefused, match="has an owner already"):
            claim(loyalty, member.id, key=key)
    with pytest.raises(IdempotencyConflict):
        claim(loyalty, bob.id)
    assert points(loyalty, ada.id) == (60, 60, 0, 0)
    assert points(loyalty, bob.id) == (0, 0, 0, 0)
    made = loyalty.history(ada.id).items[0].transaction
    assert (made.occurred_at, made.booked_at) == (START, shop.clock())
    assert loyalty.verify().problems == ()


def test_many_claim_at_once_and_one_wins(shop: Shop) -> None:
    loyalty = shop.open()
    members = [loyalty.enrol({"email": f"m{n}@example.org"}).id for n in range(8)]
    for number in range(3):
        loyalty.record(order(str(number), email=None))

        def attempt(member: str, order_id: str = str(number)) -> str | None:
            try:
                claim(loyalty, member, order_id, key=f"{member}-{order_id}")
            except ClaimRefused:
                return None
            return member

        with ThreadPoolExecutor(8) as threads:
            won = [member for member in threads.map(attempt, members) if member]
        assert len(won) == 1
    held = [points(loyalty, member)[0] for member in members]
    assert sum(held) == 180
    assert loyalty.report().wallets[0].issued == 180
    assert loyalty.verify().problems == ()


@either
def test_a_claim_comes_too_late(shop: Shop, policy: dict[str, Any]) -> None:
    loyalty = shop.open(**policy)
    loyalty.record_many([order("1", email=None), order("2", email=None)])
    member = loyalty.enrol(ADA).id
    shop.clock.advance(days=10)
    with pytest.raises(ClaimRefused, match="has waited too long"):
        claim(loyalty, member)  # whether or not the jobs have run
    assert loyalty.tick().lapsed_facts == 2
    with pytest.raises(ClaimRefused, match="has waited too long"):
        claim(loyalty, member, "2")
    assert points(loyalty, member) == (0, 0, 0, 0)


def test_an_order_that_names_somebody_is_not_claimed_by_another(shop: Shop) -> None:
    loyalty = shop.open(**OPT_IN)
    bob = loyalty.enrol({"email": "bob@example.org"}).id
    loyalty.record(order())
    with pytest.raises(ClaimRefused, match="names its customer"):
        claim(loyalty, bob)
    ada = loyalty.enrol(ADA).id
    assert (points(loyalty, ada)[0], points(loyalty, bob)[0]) == (60, 0)


def test_a_later_version_names_the_customer(shop: Shop) -> None:
    loyalty = shop.open(**OPT_IN)
    bob = loyalty.enrol({"email": "bob@example.org"}).id
    loyalty.record(order(email=None, version=1))
    assert loyalty.record(order(version=2)).status == "waiting"
    with pytest.raises(ClaimRefused, match="names its customer"):
        claim(loyalty, bob)
    ada = loyalty.enrol(ADA).id
    assert points(loyalty, ada) == (60, 60, 0, 0)
    loyalty.record(order("2", email=None, version=1))
    assert loyalty.record(order("2", version=2)).changes == {"points": 60}
    assert points(loyalty, ada) == (120, 120, 0, 0)


def test_a_refund_before_the_order_and_one_after_the_claim(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.enrol(ADA).id
    loyalty.record(refund("r1", lines=[{"line": "a", "amount": "10.00"}]))
    with pytest.raises(OrderNotFound):
        claim(loyalty, member)
    loyalty.record(order(email=None))
    assert claim(loyalty, member) == {"points": 50}
    after = loyalty.record(refund("r2", lines=[{"line": "a", "amount": "20.00"}]))
    assert (after.member_id, after.changes) == (member, {"points": -20})
    assert points(loyalty, member) == (30, 30, 0, 0)


def test_an_unpaid_order_is_claimed_and_earns_when_it_is_paid(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.enrol(ADA).id
    loyalty.record(order(email=None, version=1, status="partly_paid"))
    assert claim(loyalty, member) == {}
    paid = loyalty.record(order(email=None, version=2))
    assert (paid.member_id, paid.changes) == (member, {"points": 60})


def test_a_claimed_order_takes_its_place_in_time(shop: Shop) -> None:
    """The bonus for the first order moves to the one claimed, which was placed before."""
    loyalty = shop.open(settings={"first_order": 500})
    loyalty.record(order("1", "10.00", email=None))
    shop.clock.advance(days=1)
    member = loyalty.record(order("2", "20.00", at=shop.clock())).member_id
    assert member is not None
    assert claim(loyalty, member) == {"points": 510}
    assert points(loyalty, member) == (530, 530, 0, 0)
    assert loyalty.verify().problems == ()


def test_who_cannot_claim(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(order(email=None))
    member = loyalty.enrol(ADA).id
    loyalty.update_member(member, status=MemberStatus.CLOSED)
    refused: list[tuple[str, type[LoyaltyError]]] = [
        (member, MemberInactive),
        ("00000000-0000-7000-8000-000000000000", MemberNotFound),
    ]
    for who, error in refused:
        with pytest.raises(error):
            claim(loyalty, who)
    with pytest.raises(OrderNotFound):
        claim(loyalty, loyalty.enrol({"email": "bob@example.org"}).id, "no such order")
    loyalty.update_member(member, status=MemberStatus.SUSPENDED)
    assert claim(loyalty, member) == {"points": 60}
