"""Enrolling members, finding them again, and what becomes of facts about strangers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import create_engine, insert

from loyalty_core import (
    CustomerMissing,
    IdempotencyConflict,
    Identity,
    IdentityConflict,
    IdentityInvalid,
    IdentityKind,
    MemberNotFound,
    Profile,
)
from loyalty_core.storage import tables
from tests.contract.conftest import Shop
from tests.toy import START, activity, order, points, refund

ADA = {"email": "ada@example.org"}
OPT_IN = {"join": "opt_in", "join_wait_days": 10}


def test_enrolling_twice_finds_the_same_member_and_adds_identities(shop: Shop) -> None:
    loyalty = shop.open()
    first = loyalty.enrol({"email": " Ada@Example.org "}, profile=Profile(name="Ada"))
    again = loyalty.enrol(ADA | {"customer_id": "7"}, source="web")
    assert again.id == first.id
    assert again.profile == Profile(name="Ada")
    assert again.joined_at == START
    assert again.identities == (
        Identity(IdentityKind.CUSTOMER_ID, "7", "web"),
        Identity(IdentityKind.EMAIL, "ada@example.org"),
    )
    assert loyalty.report().members == 1
    assert loyalty.find({"customer_id": "7"}, source="web") == again
    assert loyalty.find({"customer_id": "7"}, source="till") is None


def test_a_profile_is_replaced_whole(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.enrol(ADA, profile=Profile(name="Ada", tags=("vip",)))
    changed = loyalty.enrol(ADA, profile=Profile(birthday=date(1815, 12, 10)))
    assert changed.profile == Profile(birthday=date(1815, 12, 10))
    assert loyalty.member(changed.id).profile == changed.profile


def test_identities_of_two_members_are_a_conflict_and_move_nothing(shop: Shop) -> None:
    loyalty = shop.open()
    ada = loyalty.enrol(ADA)
    bob = loyalty.enrol({"card": "77"})
    both = ADA | {"card": "77"}
    with pytest.raises(IdentityConflict):
        loyalty.enrol(both)
    with pytest.raises(IdentityConflict):
        loyalty.find(both)
    with pytest.raises(IdentityConflict):
        loyalty.record(order(identities=both))
    assert loyalty.member(ada.id) == ada
    assert loyalty.member(bob.id) == bob
    assert loyalty.report().orders == 0


def test_nobody_is_enrolled_without_an_identity(shop: Shop) -> None:
    loyalty = shop.open()
    with pytest.raises(CustomerMissing):
        loyalty.enrol({"email": " "})
    with pytest.raises(IdentityInvalid):
        loyalty.enrol({"email": "ada"})
    with pytest.raises(CustomerMissing):
        loyalty.record(activity("1", email=None))
    assert loyalty.report().members == 0
    assert loyalty.report().orders == 0
    with pytest.raises(MemberNotFound):
        loyalty.member("00000000-0000-7000-8000-000000000000")


def test_enrolling_is_idempotent_by_key(shop: Shop) -> None:
    loyalty = shop.open()
    first = loyalty.enrol(ADA, key="k")
    assert loyalty.enrol(ADA, key="k").id == first.id
    with pytest.raises(IdempotencyConflict):
        loyalty.enrol({"email": "bob@example.org"}, key="k")
    assert loyalty.find({"email": "bob@example.org"}) is None


def test_one_person_enrolled_by_many_threads_is_one_member(shop: Shop) -> None:
    loyalty = shop.open()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: loyalty.enrol(ADA).id, range(16)))
    assert len(set(found)) == 1
    assert loyalty.report().members == 1


def test_the_first_fact_enrols_its_person(shop: Shop) -> None:
    loyalty = shop.open()
    receipt = loyalty.record(order())
    assert (receipt.status, receipt.enrolled) == ("booked", True)
    assert loyalty.record(order("2")).enrolled is False
    member = loyalty.find(ADA)
    assert member is not None
    assert member.id == receipt.member_id
    assert member.joined_at == START


EARLIER = {
    "pending": [order(at=START, status="pending")],
    "cancelled": [order(at=START, status="cancelled")],
    "moved": [
        order(at=START, version=1),
        order(at=START + timedelta(days=6), version=2),
    ],
}


@pytest.mark.parametrize("earlier", EARLIER.values(), ids=EARLIER)
def test_when_they_joined_follows_from_all_orders_in_any_order(
    shop: Shop, earlier: list[dict[str, Any]]
) -> None:
    """Also from orders that earn nothing, and from versions that are out of date."""
    shop.clock.advance(days=9)
    review = activity("1", at=START + timedelta(days=7))
    for number, facts in enumerate(permutations([*earlier, review])):
        loyalty = shop.open(program=f"shop{number}")
        for fact in facts:
            loyalty.record(fact)
        member = loyalty.find(ADA)
        assert member is not None
        assert member.joined_at == START


def test_a_rejected_fact_enrols_nobody_and_links_nothing(shop: Shop) -> None:
    loyalty = shop.open()
    loyalty.record(activity("1"))
    with pytest.raises(IdempotencyConflict):
        loyalty.record(activity("1", "share", email="bob@example.org"))
    with pytest.raises(IdempotencyConflict):
        loyalty.record(activity("1", "share", identities=ADA | {"card": "77"}))
    summary = loyalty.record_many(
        [activity("1", "share", email="bob@example.org"), order("2", email="cy@example.org")]
    )
    assert [rejection.index for rejection in summary.rejected] == [0]
    assert loyalty.find({"email": "bob@example.org"}) is None
    assert loyalty.find({"card": "77"}) is None
    assert loyalty.find({"email": "cy@example.org"}) is not None
    assert loyalty.report().members == 2


def test_facts_of_strangers_wait_until_they_join(shop: Shop) -> None:
    loyalty = shop.open(**OPT_IN)
    assert loyalty.record(order()).status == "waiting"
    assert loyalty.record(refund("r", lines=[{"line": "a", "amount": "10.00"}])).status == "waiting"
    assert loyalty.find(ADA) is None
    assert loyalty.report().waiting == 1
    member = loyalty.enrol(ADA)
    assert points(loyalty, member.id) == (50, 50, 0, 0)
    assert loyalty.report().waiting == 0
    assert loyalty.record(order()).status == "duplicate"
    assert loyalty.verify().problems == ()


def test_a_refund_that_comes_first_does_not_keep_its_order_from_waiting(shop: Shop) -> None:
    loyalty = shop.open(**OPT_IN)
    assert loyalty.record(refund("r", lines=[{"line": "a", "amount": "10.00"}])).status == "idle"
    assert loyalty.record(order()).status == "waiting"
    member = loyalty.enrol(ADA)
    assert points(loyalty, member.id) == (50, 50, 0, 0)


def test_a_fact_that_began_to_wait_while_its_person_joined_is_booked_by_the_jobs(
    shop: Shop,
) -> None:
    """Two transactions at once: the fact saw no member yet, the enrolment no waiting fact yet."""
    loyalty = shop.open(**OPT_IN)
    loyalty.record(order())
    ada = loyalty.enrol({"card": "77"})
    engine = create_engine(shop.url)
    with engine.begin() as connection:  # what the enrolment has written by then
        written = {"kind": "email", "value": ADA["email"], "source": "", "member_id": ada.id}
        connection.execute(insert(tables.identity).values(program="shop", **written))
    engine.dispose()
    assert points(loyalty, ada.id) == (0, 0, 0, 0)
    assert loyalty.tick().retried_facts == 1
    assert points(loyalty, ada.id) == (60, 60, 0, 0)
    assert loyalty.tick().retried_facts == 0
    assert loyalty.report().waiting == 0


def test_what_waited_too_long_lapses_whether_or_not_the_jobs_ran(shop: Shop) -> None:
    loyalty = shop.open(**OPT_IN)
    loyalty.record(order())
    loyalty.record(order("2", email="bob@example.org"))
    shop.clock.advance(days=10)
    ada = loyalty.enrol(ADA)
    assert loyalty.tick().lapsed_facts == 2
    bob = loyalty.enrol({"email": "bob@example.org"})
    assert points(loyalty, ada.id) == points(loyalty, bob.id) == (0, 0, 0, 0)
    assert loyalty.tick().lapsed_facts == 0
