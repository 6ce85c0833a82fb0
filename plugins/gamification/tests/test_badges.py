"""Badges: levels by counts, sums and streaks, their expiry and their points."""

from __future__ import annotations

from typing import Any

from plugins.gamification.tests.build import ADA, Shop

LEVELS = """level = [
    { level = "bronze", needs = 2, points = 10 },
    { level = "silver", needs = 4, points = 20 },
]"""
REVIEWS = f'[[badge]]\nbadge = "b"\nwhat = {{ kind = "review" }}\n{LEVELS}\n'
SPEND = f'[[badge]]\nbadge = "b"\nwhat = {{ kind = "order" }}\ncounts = "spend"\n{LEVELS}\n'
STREAK = '[[streak]]\nstreak = "s"\nwhat = { kind = "visit" }\n'


def level(shop: Shop, at: str | None = None) -> Any:
    return shop.shown("badges", at)["level"]


def test_levels_are_reached_by_a_count_and_their_points_given_once() -> None:
    shop = Shop(REVIEWS)
    won = [shop.do("review", "2026-03-01").changes for _ in range(5)]
    assert won == [{}, {"points": 10}, {}, {"points": 20}, {}]
    assert shop.shown("badges") == {
        "badge": "b",
        "name": "b",
        "level": "silver",
        "level_name": "silver",
        "earned_at": "2026-03-01T12:00:00+00:00",
        "until": None,
        "have": 5,
        "next": None,
        "needs": None,
    }


def test_the_fee_of_a_membership_is_no_order() -> None:
    shop = Shop(REVIEWS.replace('"review"', '"order"'))
    for _ in range(2):
        shop.buy("1.00", "2026-03-01", lines=[{"id": "1", "amount": "9", "kind": "membership"}])
    assert (level(shop), shop.shown("badges")["have"]) == (None, 0)


def test_before_the_first_level_the_badge_says_what_is_missing() -> None:
    shop = Shop(REVIEWS)
    shop.do("other", "2026-03-01")
    shown = shop.shown("badges")
    assert (shown["level"], shown["have"], shown["next"], shown["needs"]) == (None, 0, "bronze", 2)


def test_spend_counts_what_refunds_leave_and_a_level_goes_with_what_it_was_for() -> None:
    shop = Shop(SPEND)
    assert shop.buy("3.99", "2026-03-01").changes == {"points": 10}
    assert shop.buy("0.01", "2026-03-02").changes == {"points": 20}
    assert (level(shop), shop.points) == ("silver", 30)
    shop.give_back("1", "2026-03-03", lines=[{"line": "1", "amount": "0.01"}])
    assert (level(shop), shop.shown("badges")["have"], shop.points) == ("bronze", 399, 10)
    shop.give_back("1", "2026-03-04")
    assert (level(shop), shop.shown("badges")["have"], shop.points) == (None, 1, 0)


def test_a_level_expires_after_the_last_fact_that_was_enough_for_it() -> None:
    shop = Shop("[[badge]]\nexpires_after_days = 30\n" + REVIEWS.removeprefix("[[badge]]\n"))
    shop.do("review", "2026-03-01")
    shop.do("review", "2026-03-02")
    assert shop.shown("badges")["until"] == "2026-04-01T00:00:00+00:00"
    assert level(shop, "2026-03-31T23:59:59") == "bronze"
    assert level(shop, "2026-04-01T00:00") is None
    assert shop.do("review", "2026-04-02").changes == {}  # held again; its points are given once
    assert level(shop) == "bronze"
    assert shop.shown("badges")["earned_at"] == "2026-03-02T12:00:00+00:00"


def test_a_higher_level_that_expires_leaves_the_lower_one() -> None:
    rules = "expires_after_days = 5\nstreak = 's'\n"
    shop = Shop(f"{STREAK}\n[[badge]]\nbadge = 'b'\n{rules}{LEVELS}")
    for day in (1, 2, 3, 4):
        shop.do("visit", f"2026-03-0{day}")
    assert level(shop) == "silver"
    for day in (7, 8):
        shop.do("visit", f"2026-03-0{day}")
    assert level(shop, "2026-03-08T23:59") == "silver"
    assert level(shop, "2026-03-09T00:00") == "bronze"
    assert level(shop, "2026-03-13T00:00") is None


def test_a_badge_for_a_streak_is_kept_when_the_streak_breaks() -> None:
    shop = Shop(f"{STREAK}\n[[badge]]\nbadge = 'b'\nstreak = 's'\n{LEVELS}")
    assert shop.do("visit", "2026-03-01").changes == {}
    assert shop.do("visit", "2026-03-02").changes == {"points": 10}
    shop.do("visit", "2026-03-05")
    shown = shop.shown("badges")
    assert (shown["level"], shown["have"], shown["needs"]) == ("bronze", 1, 4)
    assert shop.shown("badges", "2026-03-07T00:00")["have"] == 0


def test_others_are_told_of_a_level_whenever_it_is_held_again() -> None:
    rules = "[[badge]]\nexpires_after_days = 1\n" + REVIEWS.removeprefix("[[badge]]\n")
    shop = Shop(rules, listens_to="badge_earned")
    for day in ("01", "02", "02", "05"):
        shop.do("review", f"2026-03-{day}")
    shop.loyalty.tick()
    bronze, silver = {"badge": "b", "level": "bronze"}, {"badge": "b", "level": "silver"}
    assert shop.told == [bronze, bronze, silver]


def test_two_members_who_are_one_have_the_badges_of_both() -> None:
    shop = Shop(REVIEWS)
    shop.do("review", "2026-03-01")
    shop.do("review", "2026-03-02")
    for _ in range(3):
        shop.do("review", "2026-03-03", identities={"email": "eve@example.org"})
    ada, eve = shop.loyalty.find(ADA), shop.loyalty.find({"email": "eve@example.org"})
    assert ada is not None
    assert eve is not None
    shop.loyalty.merge(ada.id, eve.id, key="one person", actor="sam", reason="a test")
    shown = shop.shown("badges")
    assert (shown["level"], shown["have"]) == ("bronze", 5)
    assert shop.do("review", "2026-03-04").changes == {"points": 20}
    assert level(shop) == "silver"
