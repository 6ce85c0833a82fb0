"""Segments: counted once a day, told once for each change, and seen by what is decided next."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty_core import Loyalty, MemberStatus, Profile, SegmentUnknown
from tests.contract.conftest import Shop
from tests.toy import START, Toy, activity, config_of, order, points, refund

Segments = dict[str, dict[str, Any]]
VIP: Segments = {"vip": {"all_of": [{"metric": "spend", "at_least": "100"}]}}
CAL = "cal@example.org"


def open_with(shop: Shop, segments: Segments, **given: Any) -> Loyalty:
    """The toy's program with segments; orders of who is in ``vip`` earn seven points more."""
    shop.toy = Toy(subscribed=("segment_changed",))
    config = config_of(settings={"tagged": 7}) | {"segments": segments}
    return shop.open(config=config, **given)


def told(shop: Shop) -> list[tuple[str, bool]]:
    """The changes that were told of, in their order."""
    return [(str(one.data["segment"]), bool(one.data["entered"])) for one in shop.toy.received]


def sizes(loyalty: Loyalty) -> dict[str, int]:
    return {one.segment: one.members for one in loyalty.segments().segments}


def test_a_tick_counts_once_a_day_of_the_program_and_tells_each_change_once(shop: Shop) -> None:
    loyalty = open_with(shop, VIP)
    assert loyalty.segments().counted_at is None
    ada = loyalty.record(order(amount="100.00")).member_id or ""
    assert loyalty.tick().segments == 1
    assert loyalty.segments().counted_at == START
    assert loyalty.member(ada).segments == {"vip": START}
    assert told(shop) == [("vip", True)]
    loyalty.record(order("2", "200.00", email=CAL))
    shop.clock.advance(hours=11)
    assert loyalty.tick().segments == 0
    assert sizes(loyalty) == {"vip": 1}
    shop.clock.advance(hours=1)
    assert loyalty.tick().segments == 1
    assert sizes(loyalty) == {"vip": 2}
    assert loyalty.member(ada).segments == {"vip": START}
    assert loyalty.tick().segments == 0
    assert told(shop) == [("vip", True), ("vip", True)]


def test_a_fact_stays_with_the_segments_it_was_first_decided_on(shop: Shop) -> None:
    loyalty = open_with(shop, VIP)
    ada = loyalty.record(order("1", "100.00")).member_id or ""
    loyalty.tick()
    assert loyalty.record(order("2", "10.00", at=START + timedelta(minutes=1))).changes == {
        "points": 17
    }
    loyalty.record(refund("r", "1"))
    loyalty.recount_segments()
    assert sizes(loyalty) == {"vip": 0}
    assert told(shop) == [("vip", True)]
    late = loyalty.record(order("0", "5.00", at=START - timedelta(days=1)))
    assert late.changes == {"points": 5}
    assert points(loyalty, ada)[0] == 22
    loyalty.tick()
    assert told(shop) == [("vip", True), ("vip", False)]
    (made,) = loyalty.record(order("3", "1.00", at=START + timedelta(minutes=2))).transactions
    assert loyalty.explain(made).segments == ()


def test_hosts_tags_count_as_ever_and_beside_segments(shop: Shop) -> None:
    loyalty = open_with(shop, {"press": {"all_of": [{"tags": ["press"]}]}})
    profile = Profile(tags=("vip", "press"))
    bob = loyalty.enrol({"email": "bob@example.org"}, profile=profile)
    loyalty.tick()
    made = loyalty.record(order("1", "10.00", email="bob@example.org"))
    assert made.changes == {"points": 17}
    assert loyalty.explain(made.transactions[0]).segments == ("vip", "press")
    assert loyalty.member(bob.id).profile == profile
    assert set(loyalty.member(bob.id).segments) == {"press"}


def test_other_rules_are_counted_at_once_and_segments_that_are_gone_are_left(shop: Shop) -> None:
    loyalty = open_with(shop, VIP)
    ada = loyalty.record(order("1", "100.00")).member_id or ""
    loyalty.tick()
    loyalty.record(order("2", "10.00", at=START + timedelta(minutes=1)))
    loyalty.close()
    shop.clock.advance(minutes=5)
    loyalty = open_with(shop, {"rich": {"all_of": [{"metric": "spend", "more_than": "999.99"}]}})
    assert loyalty.tick().segments == 1
    assert (sizes(loyalty), told(shop)) == ({"rich": 0}, [("vip", False)])
    assert loyalty.member(ada).segments == {}
    # what was decided by the rules of then is decided by them again, and keeps its seven points
    assert loyalty.record(refund("r", "2", amount="5.00")).changes == {"points": -8}
    late = order("0", "5.00", at=START - timedelta(days=1))
    assert loyalty.record(late).changes == {"points": 5}
    loyalty.close()
    loyalty = open_with(shop, {})
    assert loyalty.tick().segments == 0
    assert loyalty.segments().segments == ()


def test_a_count_that_was_not_carried_out_is_by_whoever_comes_next(shop: Shop) -> None:
    loyalty = open_with(shop, VIP)
    ada = loyalty.record(order(amount="100.00")).member_id or ""
    counting = loyalty._segmenting
    assert loyalty._store.write(lambda uow: counting.count(uow, now=START))
    assert not loyalty._store.write(lambda uow: counting.count(uow, now=START))
    assert (loyalty.member(ada).segments, sizes(loyalty)) == ({}, {"vip": 0})
    assert loyalty.tick().segments == 1
    assert (loyalty.member(ada).segments, sizes(loyalty)) == ({"vip": START}, {"vip": 1})
    loyalty.record(refund("r"))
    assert loyalty._store.write(lambda uow: counting.count(uow, now=START, again=True))
    loyalty.record(order("2", "500.00", at=START))
    done = loyalty.recount_segments()
    assert (done.entered, done.left, sizes(loyalty)) == ({}, {}, {"vip": 1})


def test_who_leaves_before_a_change_is_carried_out_does_not_enter(shop: Shop) -> None:
    loyalty = open_with(shop, VIP)
    ada = loyalty.record(order(amount="100.00")).member_id or ""
    loyalty._store.write(lambda uow: loyalty._segmenting.count(uow, now=START))
    loyalty.update_member(ada, status=MemberStatus.CLOSED)
    assert loyalty.tick().segments == 0
    assert (loyalty.member(ada).segments, told(shop), sizes(loyalty)) == ({}, [], {"vip": 0})
    assert loyalty.segments().segments[0].of == 0


def test_members_who_close_leave_with_the_next_count(shop: Shop) -> None:
    loyalty = open_with(shop, VIP)
    ada = loyalty.record(order(amount="100.00")).member_id or ""
    loyalty.tick()
    loyalty.update_member(ada, status=MemberStatus.CLOSED)
    done = loyalty.recount_segments()
    assert (done.entered, done.left) == ({}, {"vip": 1})
    assert (loyalty.member(ada).segments, sizes(loyalty)) == ({}, {"vip": 0})


def test_a_merge_counts_both_histories_and_parting_each_its_own(shop: Shop) -> None:
    loyalty = open_with(shop, VIP)
    ada = loyalty.record(order("1", "60.00")).member_id or ""
    cal = loyalty.record(order("2", "40.00", email=CAL)).member_id or ""
    dot = loyalty.record(order("3", "100.00", email="dot@example.org")).member_id or ""
    loyalty.tick()
    assert sizes(loyalty) == {"vip": 1}
    loyalty.merge(ada, cal, key="m")
    loyalty.merge(ada, dot, key="n")
    assert sizes(loyalty) == {"vip": 0}
    assert loyalty.recount_segments().entered == {"vip": 1}
    assert [one.id for one in loyalty.segment_members("vip").members] == [ada]
    loyalty.unmerge(dot, key="o")
    loyalty.recount_segments()
    assert {one.id for one in loyalty.segment_members("vip").members} == {ada, dot}
    loyalty.unmerge(cal, key="u")
    assert loyalty.recount_segments().left == {"vip": 1}
    assert [one.id for one in loyalty.segment_members("vip").members] == [dot]
    assert loyalty.member(ada).segments == {}


def test_who_is_forgotten_is_in_no_segment(shop: Shop) -> None:
    loyalty = open_with(shop, VIP)
    ada = loyalty.record(order(amount="100.00")).member_id or ""
    loyalty.tick()
    loyalty.erase(ada, reason="r", actor="a", key="e")
    assert (loyalty.member(ada).segments, sizes(loyalty)) == ({}, {"vip": 0})
    done = loyalty.recount_segments()
    assert (done.entered, done.left, loyalty.segments().segments[0].of) == ({}, {}, 0)


def test_households_are_no_members_of_segments(shop: Shop) -> None:
    config = config_of() | {
        "segments": {"all": {"any_of": [{"metric": "orders", "at_least": "0"}]}},
        "household": {"wallets": {"points": {}}},
    }
    loyalty = shop.open(config=config)
    ada = loyalty.record(order()).member_id or ""
    loyalty.create_household(ada, key="h")
    loyalty.tick()
    assert [one.id for one in loyalty.segment_members("all").members] == [ada]
    assert loyalty.segments().segments[0].of == 1


def test_measures_of_plugins_are_summed_until_their_order_is_given_back(shop: Shop) -> None:
    rule = {"metric": "toy.reviews", "within_days": 2, "at_least": "2"}
    segments = {"critics": {"all_of": [rule]}}
    loyalty = shop.open(config=config_of(settings={"measures": "review"}) | {"segments": segments})
    for number, days in (("1", 0), ("2", 2), ("3", 3)):
        loyalty.record(activity(number, "review", at=START - timedelta(days=days)))
    loyalty.record(activity("4", "review", email=CAL))
    loyalty.record(activity("5", "check_in", email=CAL))
    loyalty.recount_segments()
    assert sizes(loyalty) == {"critics": 1}
    shop.clock.advance(days=1)
    loyalty.tick()
    assert sizes(loyalty) == {"critics": 0}


def test_a_page_continues_after_a_member(shop: Shop) -> None:
    loyalty = open_with(shop, VIP)
    made = sorted(
        loyalty.record(order(f"{at}", "100.00", email=f"{at}@example.org")).member_id or ""
        for at in range(3)
    )
    loyalty.tick()
    first = loyalty.segment_members("vip", first=2)
    assert ([one.id for one in first.members], first.more) == (made[:2], True)
    rest = loyalty.segment_members("vip", first=2, after=made[1])
    assert ([one.id for one in rest.members], rest.more) == (made[2:], False)
    with pytest.raises(SegmentUnknown):
        loyalty.segment_members("nobody")


def test_programs_of_one_database_are_counted_apart(shop: Shop) -> None:
    one = open_with(shop, VIP)
    other = shop.open(config=config_of("other") | {"segments": VIP}, toys=(Toy(),))
    ada = one.record(order(amount="100.00")).member_id or ""
    cal = other.record(order(amount="500.00")).member_id or ""
    one.tick()
    assert (sizes(one), sizes(other)) == ({"vip": 1}, {"vip": 0})
    other.tick()
    assert [member.id for member in one.segment_members("vip").members] == [ada]
    assert [member.id for member in other.segment_members("vip").members] == [cal]


def test_many_who_count_at_once_tell_each_change_once(shop: Shop) -> None:
    loyalty = open_with(shop, VIP)
    for at in range(30):
        loyalty.record(order(f"{at}", "100.00", email=f"{at}@example.org"))
    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(loyalty.recount_segments) for _ in range(4)]
        entered = sum(one.result().entered.get("vip", 0) for one in done)
    loyalty.tick()
    assert (entered, sizes(loyalty)) == (30, {"vip": 30})
    assert told(shop) == [("vip", True)] * 30


@pytest.mark.parametrize(
    ("rank", "expected"),
    [
        ({"top_percent": "20"}, 1),  # of five exactly one
        ({"top_percent": "20.0001"}, 2),  # the best is always in, and whoever is begun
        ({"top_percent": "0.0001"}, 1),
        ({"after_percent": "20", "top_percent": "60"}, 2),
        ({"after_percent": "60"}, 2),
        ({"top": 4}, 4),
        ({"top": 9}, 5),  # the sixth has bought nothing
    ],
)
def test_places_at_their_very_bounds(shop: Shop, rank: dict[str, Any], expected: int) -> None:
    loyalty = open_with(shop, {"s": {"all_of": [{"metric": "spend"} | rank]}})
    for at in range(5):
        loyalty.record(order(f"{at}", "9.00", email=f"{at}@example.org"))
    loyalty.enrol({"email": "six@example.org"})
    loyalty.recount_segments()
    assert sizes(loyalty) == {"s": expected}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"at_least": "2"}, [2, 3]),
        ({"more_than": "2"}, [3]),
        ({"at_most": "2"}, [1, 2]),
        ({"less_than": "2"}, [1]),
    ],
)
def test_days_begin_at_midnight_of_the_program(
    shop: Shop, limits: dict[str, str], expected: list[int]
) -> None:
    """In Berlin 31 May begins at 22:00 UTC of the 30th: a second before, it is the day before."""
    rules = {
        "since": {"all_of": [{"metric": "days_since_order"} | limits]},
        "within": {"all_of": [{"metric": "orders", "within_days": 2, "at_least": "1"}]},
    }
    config = config_of(time_zone="Europe/Berlin") | {"segments": rules}
    loyalty = shop.open(config=config)
    midnight = datetime(2026, 5, 30, 22, tzinfo=UTC)  # 31 May, one day ago
    moments = {1: midnight, 2: midnight - timedelta(days=1), 3: midnight - timedelta(1, 1)}
    ids = {
        loyalty.record(order(f"{days}", at=at, email=f"{days}@example.org")).member_id: days
        for days, at in moments.items()
    }
    loyalty.recount_segments()
    found = sorted(ids[one.id] for one in loyalty.segment_members("since").members)
    within = sorted(ids[one.id] for one in loyalty.segment_members("within").members)
    assert (found, within) == (expected, [1, 2])
