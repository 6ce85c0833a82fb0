"""Two members made one, and parted again: nothing is lost, doubled or unusable."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from loyalty_core import FactError, Loyalty, MemberErased, MemberStatus, MergeRefused
from tests.contract.conftest import Shop
from tests.toy import START, activity, order, points, refund

BOB = "bob@example.org"
FIRST = {"first_order": 100}


def couple(shop: Shop, loyalty: Loyalty) -> tuple[str, str]:
    """Ada with an order of 60 and Bob with one of 40, a day ago."""
    ada = loyalty.record(order("a1")).member_id or ""
    bob = loyalty.record(order("b1", "40.00", email=BOB)).member_id or ""
    shop.clock.advance(days=1)
    return ada, bob


@pytest.mark.hard_case("H37")
def test_the_other_lives_on_in_the_one_who_stays(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    loyalty.adjust(bob, "points", 5, reason="r", actor="a", key="a")
    first = loyalty.redeem(bob, points=10, key="old")
    receipt = loyalty.merge(ada, bob, key="m")
    assert (receipt.member_id, receipt.merged_member) == (ada, bob)
    assert receipt.points == {"points": 35}
    assert points(loyalty, ada) == points(loyalty, bob) == (95, 95, 0, 0)
    assert loyalty.member(bob) == loyalty.member(ada)
    assert {one.value for one in loyalty.member(ada).identities} == {"ada@example.org", BOB}
    assert loyalty.statement(bob).member.id == ada
    assert loyalty.history(bob) == loyalty.history(ada)
    assert loyalty.redeem(bob, points=10, key="old") == first
    assert loyalty.redeem(bob, points=95, key="new").member_id == ada
    assert loyalty.record(order("b2", email=BOB, at=shop.clock())).member_id == ada
    assert points(loyalty, bob) == (60, 60, 0, 0)
    assert loyalty.report().members == 1
    assert loyalty.verify().problems == ()


@pytest.mark.hard_case("H37")
def test_merging_again_or_the_other_way_round_changes_nothing(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    first = loyalty.merge(ada, bob, key="m")
    assert loyalty.merge(ada, bob, key="m") == first
    assert loyalty.merge(ada, bob, key="m2") == first
    assert loyalty.merge(bob, ada, key="m3").member_id == ada
    assert points(loyalty, ada) == (100, 100, 0, 0)
    with pytest.raises(MergeRefused):
        loyalty.merge(ada, ada, key="m4")
    with pytest.raises(FactError):
        loyalty.update_member(ada, status=MemberStatus.MERGED)
    assert loyalty.verify().problems == ()


def test_refunds_and_late_versions_of_the_others_orders(shop: Shop) -> None:
    loyalty = shop.open(settings=FIRST)
    ada, bob = couple(shop, loyalty)
    loyalty.redeem(bob, points=140, key="k")
    loyalty.merge(ada, bob, key="m")
    assert points(loyalty, ada) == (160, 160, 0, 0)
    receipt = loyalty.record(order("b1", "50.00", email=BOB, version=1))
    assert (receipt.member_id, receipt.changes) == (ada, {"points": 10})
    loyalty.record(refund("r", "b1", lines=[{"line": "a", "amount": "20.00"}]))
    assert points(loyalty, bob) == (110, 110, 0, 0)  # and two fifths of the bonus
    assert loyalty.verify().problems == ()


def test_debt_comes_along_and_is_paid_both_ways(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    loyalty.adjust(bob, "points", -70, reason="r", actor="a", key="a")
    loyalty.merge(ada, bob, key="m")
    assert points(loyalty, ada) == (30, 30, 0, 0)
    cy = loyalty.record(order("c1", "20.00", email="cy@example.org")).member_id or ""
    loyalty.adjust(ada, "points", -35, reason="r", actor="a", key="b")
    loyalty.merge(ada, cy, key="m2")
    assert points(loyalty, ada) == (15, 15, 0, 0)
    assert loyalty.verify().problems == ()


def test_history_is_that_of_both_from_then_on_whatever_comes_late(shop: Shop) -> None:
    """A bonus on the first order: each had their own, and nobody gets another one."""
    loyalty = shop.open(settings=FIRST | {"activities": {"review": 7}})
    ada = loyalty.enrol({"email": "ada@example.org"}).id
    bob = loyalty.record(order("b1", "40.00", email=BOB)).member_id or ""
    shop.clock.advance(days=2)
    loyalty.merge(ada, bob, key="m")
    assert points(loyalty, ada) == (140, 140, 0, 0)
    shop.clock.advance(days=2)
    loyalty.record(order("a3", "30.00", at=shop.clock()))
    assert points(loyalty, ada) == (170, 170, 0, 0)
    loyalty.record(order("a2", "20.00", at=START + timedelta(days=1)))
    assert points(loyalty, ada) == (290, 290, 0, 0)
    loyalty.record(activity("r", at=START + timedelta(days=3)))
    loyalty.record(order("a4", "10.00", at=shop.clock()))
    assert points(loyalty, ada) == (307, 307, 0, 0)
    assert loyalty.verify().problems == ()


def test_states_are_united_and_stay_so_after_late_facts(shop: Shop) -> None:
    loyalty = shop.open(settings={"daily_cap": 50})
    ada = loyalty.enrol({"email": "ada@example.org"}).id
    bob = loyalty.record(order("b1", "40.00", email=BOB)).member_id or ""
    shop.clock.advance(hours=1)
    loyalty.merge(ada, bob, key="m")
    shop.clock.advance(hours=1)
    assert loyalty.record(order("a2", "30.00", at=shop.clock())).changes == {"points": 10}
    late = loyalty.record(order("a0", "5.00", at=START - timedelta(days=1)))
    assert late.changes == {"points": 5}
    assert loyalty.verify().problems == ()


@pytest.mark.hard_case("H37")
def test_unmerging_gives_back_what_is_left(shop: Shop) -> None:
    loyalty = shop.open(settings=FIRST)
    ada = loyalty.enrol({"email": "ada@example.org"}).id
    bob = loyalty.record(order("b1", "40.00", email=BOB)).member_id or ""
    shop.clock.advance(days=1)
    loyalty.merge(ada, bob, key="m")
    loyalty.redeem(ada, points=30, key="k")
    shop.clock.advance(days=1)
    loyalty.record(order("a1", at=shop.clock()))
    assert points(loyalty, ada) == (170, 170, 0, 0)
    receipt = loyalty.unmerge(bob, key="u")
    assert loyalty.unmerge(bob, key="u") == receipt
    assert (receipt.member_id, receipt.from_member) == (bob, ada)
    assert receipt.points == {"points": 110}
    assert points(loyalty, bob) == (110, 110, 0, 0)
    assert points(loyalty, ada) == (160, 160, 0, 0)  # the bonus on her first order is hers now
    found = loyalty.find({"email": BOB})
    assert found is not None
    assert (found.id, found.status) == (bob, "active")
    loyalty.record(refund("r", "b1"))
    assert points(loyalty, bob) == (-30, -30, 0, 30)
    assert points(loyalty, ada) == (160, 160, 0, 0)
    with pytest.raises(MergeRefused):
        loyalty.unmerge(bob, key="u2")
    assert loyalty.verify().problems == ()


def test_chains_answer_with_the_last_and_part_from_the_end(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    cy = loyalty.record(order("c1", "20.00", email="cy@example.org")).member_id or ""
    loyalty.merge(bob, ada, key="1")
    loyalty.merge(cy, bob, key="2")
    assert points(loyalty, ada) == points(loyalty, bob) == points(loyalty, cy) == (120, 120, 0, 0)
    assert loyalty.record(refund("r", "a1")).member_id == cy
    with pytest.raises(MergeRefused):
        loyalty.unmerge(ada, key="3")
    loyalty.unmerge(bob, key="4")
    assert points(loyalty, cy) == (20, 20, 0, 0)
    assert points(loyalty, ada) == points(loyalty, bob) == (40, 40, 0, 0)
    loyalty.unmerge(ada, key="5")
    assert (points(loyalty, ada), points(loyalty, bob)) == ((0, 0, 0, 0), (40, 40, 0, 0))
    loyalty.record(order("a1", version=2))
    assert loyalty.verify().problems == ()


def test_after_the_window_a_merge_stays(shop: Shop) -> None:
    loyalty = shop.open(unmerge_days=10)
    ada, bob = couple(shop, loyalty)
    loyalty.merge(ada, bob, key="m")
    shop.clock.advance(days=10, seconds=1)
    with pytest.raises(MergeRefused):
        loyalty.unmerge(bob, key="u")
    assert points(loyalty, ada) == (100, 100, 0, 0)


def test_erasing_forgets_all_that_were_merged(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    loyalty.merge(ada, bob, key="m")
    data = loyalty.export(bob)["data"]
    assert isinstance(data, dict)
    assert len(data["fact"]) == len(data["member"]) == 2  # type: ignore[arg-type]
    loyalty.erase(bob, reason="r", actor="a", key="e")
    for one in (ada, bob):
        with pytest.raises(MemberErased):
            loyalty.redeem(one, points=1, key="k")
    assert loyalty.record(order("b1", "90.00", email=BOB, version=2)).status == "erased"
    assert loyalty.find({"email": BOB}) is None
    assert loyalty.verify().problems == ()


def test_merges_crossing_each_other_while_facts_come_in(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    now = shop.clock()

    def work(number: int) -> None:
        if number in (5, 6):
            pair = (ada, bob) if number == 5 else (bob, ada)
            loyalty.merge(*pair, key=f"m{number}")
        else:
            email = BOB if number % 2 else "ada@example.org"
            assert loyalty.record(order(f"o{number}", "10.00", email=email, at=now)).error is None

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(20)))
    assert points(loyalty, ada) == points(loyalty, bob) == (280, 280, 0, 0)
    assert loyalty.report().members == 1
    assert loyalty.verify().problems == ()


def test_orders_of_the_other_are_still_theirs_to_send_again_and_claim(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    loyalty.record(order("shop", "7.00", email=None))
    loyalty.merge(ada, bob, key="m")
    again = loyalty.record(order("b1", "50.00", email=BOB, version=1))
    assert (again.member_id, again.problems) == (ada, ())
    assert loyalty.claim(bob, source="web", order_id="shop", key="c").member_id == ada
    assert points(loyalty, bob) == (117, 117, 0, 0)
    assert loyalty.verify().problems == ()


# -- redemptions ----------------------------------------------------------------------------------


def held(loyalty: Loyalty, member: str) -> int:
    return loyalty.statement(member).wallet("points").held


@pytest.mark.hard_case("H37")
def test_redemptions_come_along_held_or_spent(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    paid = loyalty.redeem(bob, points=10, order_id="b2", source="web", key="r").redemption_id
    kept, free = (loyalty.hold(bob, points=n, key=f"h{n}").redemption_id for n in (7, 8))
    loyalty.merge(ada, bob, key="m")
    assert (points(loyalty, ada), held(loyalty, ada)) == ((90, 75, 0, 0), 15)
    mine = [one.redemption_id for one in loyalty.redemptions(ada)]
    assert mine == [free, kept, paid]
    assert loyalty.redemptions(bob) == loyalty.redemptions(ada)
    assert loyalty.redemption(kept).member_id == ada
    assert loyalty.capture(kept).state == "captured"
    assert loyalty.release(free).state == "released"
    assert (points(loyalty, ada), held(loyalty, ada)) == ((83, 83, 0, 0), 0)
    at = shop.clock()
    assert loyalty.record(order("b2", "1.00", email=BOB, status="cancelled", at=at)).fact_id
    assert points(loyalty, ada) == (93, 93, 0, 0)
    assert loyalty.redemption(paid).returned == 10
    assert loyalty.verify().problems == ()
    loyalty.unmerge(bob, key="u")
    assert (points(loyalty, ada), points(loyalty, bob)) == ((60, 60, 0, 0), (33, 33, 0, 0))
    assert {one.redemption_id for one in loyalty.redemptions(bob)} == {kept, free, paid}
    assert loyalty.redemptions(ada) == ()
    assert loyalty.verify().problems == ()


def test_unmerging_takes_along_what_holds_what_came(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    before = loyalty.hold(bob, points=10, key="before").redemption_id
    loyalty.merge(ada, bob, key="m")
    own = loyalty.hold(ada, points=60, key="own").redemption_id
    since = loyalty.hold(ada, points=20, key="since").redemption_id
    loyalty.unmerge(bob, key="u")
    assert (points(loyalty, ada), held(loyalty, ada)) == ((60, 0, 0, 0), 60)
    assert (points(loyalty, bob), held(loyalty, bob)) == ((40, 10, 0, 0), 30)
    owners = {loyalty.redemption(one).member_id for one in (before, since)}
    assert (owners, loyalty.redemption(own).member_id) == ({bob}, ada)
    for one in (before, own, since):
        assert loyalty.capture(one).state == "captured"
    assert (points(loyalty, ada), points(loyalty, bob)) == ((0, 0, 0, 0), (10, 10, 0, 0))
    assert loyalty.verify().problems == ()


def test_a_merge_is_not_taken_back_while_points_of_both_are_held_together(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    loyalty.merge(ada, bob, key="m")
    both = loyalty.hold(ada, points=80, key="both").redemption_id
    with pytest.raises(MergeRefused) as refused:
        loyalty.unmerge(bob, key="u")
    assert both in str(refused.value)
    assert (points(loyalty, ada), held(loyalty, ada)) == ((100, 20, 0, 0), 80)
    loyalty.release(both)
    loyalty.unmerge(bob, key="u")
    assert (points(loyalty, ada), points(loyalty, bob)) == ((60, 60, 0, 0), (40, 40, 0, 0))
    assert loyalty.verify().problems == ()


def test_what_was_spent_of_both_is_given_back_to_who_spent_it(shop: Shop) -> None:
    loyalty = shop.open()
    ada, bob = couple(shop, loyalty)
    loyalty.merge(ada, bob, key="m")
    loyalty.redeem(ada, points=80, order_id="a2", source="web", key="r")
    loyalty.unmerge(bob, key="u")
    assert (points(loyalty, ada), points(loyalty, bob)) == ((0, 0, 0, 0), (20, 20, 0, 0))
    at = shop.clock()
    loyalty.record(order("a2", "100.00", email="cy@example.org", at=at))
    for number, amount, back in (("x", "20.00", 16), ("y", "80.00", 80)):
        loyalty.record(refund(number, "a2", at=at, amount=amount))
        assert points(loyalty, ada) == (back, back, 0, 0)
    assert points(loyalty, bob) == (20, 20, 0, 0)
    assert loyalty.verify().problems == ()


def test_points_that_end_as_the_merge_is_made_end_once(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 5}})
    ada, bob = couple(shop, loyalty)
    shop.clock.advance(days=10)
    assert loyalty.merge(ada, bob, key="m").points == {"points": 0}
    loyalty.record(refund("r", "b1", amount="40.00"))
    assert points(loyalty, ada) == points(loyalty, bob) == (0, 0, 0, 0)
    assert loyalty.verify().problems == ()
    loyalty.unmerge(bob, key="u")
    loyalty.record(order("b1", "90.00", email=BOB, version=2))
    assert loyalty.verify().problems == ()
