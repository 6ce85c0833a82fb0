"""Groups that are complete in time, full, or not."""

from __future__ import annotations

from datetime import timedelta

from plugins.referral.tests.build import NOON, TENT, Opened, Shop, activity, order, refund


def opens(opener: str = "ada", hours: int = 0, group: str = "g") -> dict[str, object]:
    return activity("group_opened", opener, hours, deal="tent", group=group)


def joins(name: str, hours: int, group: str = "g", by: str = "ada") -> dict[str, object]:
    return activity("group_joined", name, hours, code=f"{by}-10", group=group)


def state(shop: Shop, name: str) -> tuple[str, str]:
    (place,) = shop.shown(name)["places"]
    return place["state"], place["reason"]


def group(shop: Shop) -> tuple[str, int]:
    (one,) = shop.shown("ada")["groups"]
    return one["state"], one["have"]


def told(shop: Shop) -> list[tuple[str, object, object]]:
    shop.loyalty.tick()
    return sorted((name, data["group"], data["code"]) for name, data in shop.told)


def test_a_full_group_is_complete_at_once(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.clock.set(NOON + timedelta(hours=3))
    shop.record(opens())
    shop.record(joins("bob", 1))
    assert group(shop) == ("open", 2)
    assert shop.points("ada", "bob") == [0, 0]
    shop.record(joins("cal", 2))
    shop.record(joins("dan", 3))
    assert group(shop) == ("won", 3)
    assert [state(shop, name)[0] for name in ("bob", "cal")] == ["won", "won"]
    assert state(shop, "dan") == ("refused", "closed")
    assert shop.points("ada", "bob", "cal", "dan") == [40, 40, 40, 0]
    won = [("group_succeeded", "g", "ADA-10")] * 2
    assert told(shop) == [("group_succeeded", "g", ""), *won]


def test_the_minimum_is_enough_at_the_deadline(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.clock.set(NOON + timedelta(hours=2))
    shop.record(opens())
    shop.record(joins("bob", 1))
    shop.clock.set(NOON + timedelta(hours=24))
    assert group(shop) == ("won", 2)  # shown by the clock, given by tick
    assert shop.points("ada", "bob") == [0, 0]
    shop.clock.set(NOON + timedelta(hours=24, seconds=1))
    shop.loyalty.tick()
    assert shop.points("ada", "bob") == [40, 40]
    shop.record(joins("cal", 24))
    assert state(shop, "cal") == ("refused", "closed")


def test_who_comes_a_microsecond_before_the_deadline_is_in(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(opens())
    last = (NOON + timedelta(hours=24, microseconds=-2)).isoformat()
    shop.record(activity("group_joined", "bob", occurred_at=last, code="ada-10", group="g"))
    assert shop.points("ada", "bob") == [40, 40]


def test_too_few_fail_and_the_shop_is_told_whose_payments_to_release(opened: Opened) -> None:
    shop = opened(deal=[{**TENT, "minimum": 3}])
    shop.enrol("ada")
    shop.record(opens())
    shop.record(order("7", "bob", hours=1, tags=["group:ADA-10/g"]))
    assert group(shop) == ("lost", 2)
    assert shop.points("ada", "bob") == [0, 0]
    shop.loyalty.tick()
    failed = [data for name, data in shop.told if name == "group_failed"]
    assert sorted((data["code"], data["order"]) for data in failed) == [
        ("", ""),
        ("ADA-10", "web/7"),
    ]


def test_a_late_fact_completes_a_group_that_had_failed(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(opens())
    assert group(shop) == ("lost", 1)
    shop.record(joins("bob", 1))
    assert group(shop) == ("won", 2)
    assert shop.points("ada", "bob") == [40, 40]
    assert [name for name, *_ in told(shop)] == ["group_failed", *["group_succeeded"] * 2]


def test_who_leaves_in_time_frees_a_place(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(opens())
    shop.record(joins("bob", 1))
    shop.record(activity("group_left", "bob", 2, code="ada-10", group="g"))
    shop.record(joins("cal", 3))
    shop.record(joins("dan", 4))
    assert shop.points("ada", "bob", "cal", "dan") == [40, 0, 40, 40]
    assert state(shop, "bob") == ("left", "")


def test_the_opener_may_leave_their_own_group(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(opens())
    shop.record(activity("group_left", "ada", 1, group="g"))
    shop.record(joins("bob", 2))
    shop.record(joins("cal", 3))
    assert group(shop) == ("won", 2)
    assert shop.points("ada", "bob", "cal") == [0, 40, 40]


def test_a_refund_in_time_frees_the_place_and_later_costs_only_its_own(opened: Opened) -> None:
    shop = opened(deal=[{**TENT, "maximum": 2}])
    shop.enrol("ada")
    shop.record(opens())
    shop.record(order("1", "bob", hours=1, tags=["group:ada-10/g"]))
    assert shop.points("ada", "bob") == [40, 40]
    shop.record(refund("1", hours=30))
    assert shop.points("ada", "bob") == [40, 0]
    assert group(shop) == ("won", 2)
    shop.record(opens(hours=100, group="h"))
    shop.record(order("2", "cal", hours=101, tags=["group:ada-10/h"]))
    shop.record(order("3", "dan", hours=101, tags=["group:ada-10/h"], status="cancelled"))
    assert shop.points("ada", "cal") == [80, 40]


def test_a_place_given_back_before_the_end_is_free_for_another(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(opens())
    shop.record(order("1", "bob", hours=1, tags=["group:ada-10/g"]))
    shop.record(refund("1", hours=2))
    assert group(shop) == ("lost", 1)
    shop.record(joins("cal", 3))
    shop.record(joins("dan", 4))
    assert shop.points("ada", "bob", "cal", "dan") == [40, 0, 40, 40]


def test_one_place_each_and_none_in_a_group_that_is_not_there(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(opens())
    shop.record(joins("ada", 1))
    shop.record(joins("bob", 2))
    shop.record({**joins("bob", 3), "id": "again"})
    shop.record(joins("cal", 4, group="none"))
    assert group(shop) == ("won", 2)
    assert state(shop, "ada") == ("refused", "already")
    assert [one["reason"] for one in shop.shown("bob")["places"]] == ["", "already"]
    assert state(shop, "cal") == ("refused", "no_group")
    assert shop.points("ada", "bob") == [40, 40]


def test_a_group_of_no_deal_or_of_a_name_that_is_taken_is_refused(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.record(opens())
    shop.record({**opens(hours=1), "id": "again"})
    shop.record(activity("group_opened", "ada", 2, deal="boat", group="b"))
    shop.loyalty.tick()
    refused = [data["group"] for name, data in shop.told if name == "group_refused"]
    assert refused == ["g", "b"]
    assert len(shop.shown("ada")["groups"]) == 1


def test_old_groups_are_forgotten_and_open_ones_are_not(opened: Opened) -> None:
    shop = opened()
    shop.enrol("ada")
    shop.clock.set(NOON + timedelta(hours=100))
    shop.record(opens(hours=99, group="open"))
    for number in range(22):
        shop.record({**opens(hours=0, group=f"old{number}"), "id": f"old{number}"})
    shop.loyalty.tick()
    shop.record(opens(hours=100, group="new"))
    names = [one["group"] for one in shop.shown("ada")["groups"]]
    assert len(names) <= 20
    assert {"open", "new"} <= set(names)
