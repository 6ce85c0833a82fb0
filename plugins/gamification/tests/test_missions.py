"""Missions: steps, their order, deadlines and what comes again."""

from __future__ import annotations

from typing import Any

from plugins.gamification.tests.build import ADA, Shop


def mission(rules: str = "", first: str = "", second: str = "") -> Shop:
    return Shop(f"""
[[mission]]
mission = "m"
points = 100
{rules}
[[mission.step]]
step = "a"
what = {{ kind = "a" }}
{first}
[[mission.step]]
step = "b"
what = {{ kind = "b" }}
{second}
""")


def have(shop: Shop, at: str | None = None) -> tuple[int, ...]:
    return tuple(step["have"] for step in shop.shown("missions", at)["steps"])


def test_the_whole_is_worth_its_points_once() -> None:
    shop = mission()
    won = [shop.do(kind, "2026-03-01").changes for kind in "bbaab"]
    assert won == [{}, {}, {"points": 100}, {}, {}]
    assert shop.shown("missions") == {
        "mission": "m",
        "name": "m",
        "completed": True,
        "times": 1,
        "ends_at": None,
        "steps": [
            {"step": "a", "name": "a", "have": 1, "needs": 1, "done": True},
            {"step": "b", "name": "b", "have": 1, "needs": 1, "done": True},
        ],
    }


def test_in_order_a_step_counts_only_after_those_before_it() -> None:
    shop = mission('order = "in_order"', "needs = 2")
    for kind, expected in [("b", (0, 0)), ("a", (1, 0)), ("b", (1, 0)), ("a", (2, 0))]:
        assert shop.do(kind, "2026-03-01").changes == {}
        assert have(shop) == expected
    assert shop.do("b", "2026-03-01").changes == {"points": 100}


def test_a_late_step_is_counted_where_it_happened() -> None:
    shop = mission('order = "in_order"')
    shop.do("b", "2026-03-02")
    assert (have(shop), shop.points) == ((0, 0), 0)
    shop.do("a", "2026-03-01")
    assert (have(shop), shop.points) == ((1, 1), 100)
    shop = mission('order = "in_order"')
    shop.do("b", "2026-03-01")
    shop.do("a", "2026-03-02")
    assert (have(shop), shop.points) == ((1, 0), 0)


def test_the_same_values_count_once() -> None:
    shop = mission(first='needs = 2\nonce_per = ["product", "shop"]')
    for data in ({"product": "1", "shop": 2}, {"product": "1", "shop": 2}, {"product": "1"}):
        shop.do("a", "2026-03-01", data=data)
        assert have(shop) == (1, 0)
    shop.do("a", "2026-03-01", data={"product": "1", "shop": 3})
    assert have(shop) == (2, 0)


def test_it_is_open_between_its_days_alone() -> None:
    shop = mission("starts_on = 2026-03-02\nends_on = 2026-03-03")
    assert shop.do("a", "2026-03-01T23:59").changes == {}
    assert shop.do("b", "2026-03-03T23:59").changes == {}
    assert shop.do("a", "2026-03-02T00:00").changes == {}
    assert shop.points == 100  # by the last two
    shop = mission("starts_on = 2026-03-02\nends_on = 2026-03-03")
    shop.do("a", "2026-03-01")
    found = shop.loyalty.find(ADA)
    assert found is not None
    assert shop.loyalty.statement(found.id).shown["gamification"] == {}
    shop.do("a", "2026-03-02")
    assert shop.shown("missions")["ends_at"] == "2026-03-04T00:00:00+00:00"
    shop.at("2026-03-04T00:00")
    assert shop.loyalty.statement(found.id).shown["gamification"] == {}
    assert shop.do("b", "2026-03-04").changes == {}


def test_what_was_done_is_lost_when_its_days_have_passed() -> None:
    shop = mission("within_days = 2")
    shop.do("a", "2026-03-01")
    assert shop.shown("missions")["ends_at"] == "2026-03-03T00:00:00+00:00"
    assert have(shop, "2026-03-02T23:59:59") == (1, 0)
    assert have(shop, "2026-03-03T00:00") == (0, 0)
    assert shop.do("b", "2026-03-03").changes == {}
    assert shop.do("a", "2026-03-04").changes == {"points": 100}
    assert shop.shown("missions", "2027-01-01")["completed"] is True


def test_each_period_has_it_anew() -> None:
    shop = mission('per = "month"')
    won = [
        shop.do(kind, when).changes.get("points", 0)
        for kind, when in [
            ("a", "2026-03-01"),
            ("b", "2026-03-31"),
            ("a", "2026-03-31"),
            ("b", "2026-03-31"),
            ("b", "2026-04-01"),
            ("a", "2026-05-01"),
            ("b", "2026-05-01"),
        ]
    ]
    assert won == [0, 100, 0, 0, 0, 0, 100]
    shown = shop.shown("missions")
    assert (shown["times"], shown["ends_at"]) == (2, "2026-06-01T00:00:00+00:00")
    assert shop.shown("missions", "2026-06-01T00:00")["completed"] is False


def test_it_can_be_repeated_where_the_rules_say_so() -> None:
    shop = mission("repeat = true")
    won = [shop.do(kind, "2026-03-01").changes.get("points", 0) for kind in "aabbab"]
    assert won == [0, 0, 100, 0, 100, 0]
    assert (shop.shown("missions")["times"], have(shop)) == (2, (0, 1))


def test_a_reward_that_was_won_is_granted_and_taken_back_with_what_won_it() -> None:
    shop = mission(
        'reward = "tea"', second='[[mission.step]]\nstep = "c"\nwhat = { kind = "order" }'
    )
    for kind in "ab":
        shop.do(kind, "2026-03-01")
    member = shop.buy("5.00", "2026-03-01", id="o").member_id
    assert member is not None
    assert [(one.reward, one.state.value) for one in shop.loyalty.grants(member)] == [
        ("tea", "issued")
    ]
    shop.give_back("o", "2026-03-02")
    assert [one.state.value for one in shop.loyalty.grants(member)] == ["revoked"]
    assert shop.points == 0


def test_others_are_told_when_it_is_completed() -> None:
    rules = (
        '[[mission]]\nmission = "m"\nrepeat = true\nstep = [{ step = "a", what = { kind = "a" } }]'
    )
    shop = Shop(rules, listens_to="mission_completed")
    for _ in range(2):
        shop.do("a", "2026-03-01")
    shop.loyalty.tick()
    assert shop.told == [{"mission": "m", "times": 1}, {"mission": "m", "times": 2}]


def test_two_members_who_are_one_have_done_what_both_did_and_win_with_the_next_fact() -> None:
    shop = mission(first='needs = 3\nonce_per = ["product"]')
    eve: Any = {"email": "eve@example.org"}
    shop.do("a", "2026-03-01", data={"product": "1"})
    shop.do("b", "2026-03-01")
    for product in "12":
        shop.do("a", "2026-03-02", data={"product": product}, identities=eve)
    ada, other = shop.loyalty.find(ADA), shop.loyalty.find(eve)
    assert ada is not None
    assert other is not None
    shop.loyalty.merge(ada.id, other.id, key="one person", actor="sam", reason="a test")
    assert have(shop) == (2, 1)
    assert shop.do("a", "2026-03-03", data={"product": "2"}).changes == {}
    assert shop.do("a", "2026-03-03", data={"product": "3"}).changes == {"points": 100}
