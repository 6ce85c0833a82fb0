"""Windows, periods and grace: to the second, in the program's time zone, jobs run or not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plugins.tiers.tests.build import Shop, ladder


def test_a_year_is_that_of_the_programs_zone() -> None:
    shop = Shop(ladder(), zone="America/New_York")
    shop.at("2025-06-01").buy("60.00", "1", "2025-01-01T04:59:59")  # still 2024 in New York
    shop.buy("60.00", "2", "2025-01-01T05:00:00")
    assert shop.tier == "bronze"
    shop.buy("40.00", "3", "2025-01-01T05:00:00")
    assert shop.history() == [("2025-01-01T05:00", "silver", "reached")]


@pytest.mark.hard_case("H21")
@pytest.mark.parametrize(
    ("spent", "tier"),
    [("99.99", "bronze"), ("100.00", "silver"), ("499.99", "silver"), ("500.00", "gold")],
)
def test_a_threshold_is_exact_and_a_tier_may_be_skipped(spent: str, tier: str) -> None:
    shop = Shop(ladder()).at("2025-03-01")
    shop.buy(spent, "1")
    assert shop.tier == tier


@pytest.mark.hard_case("H23")
def test_a_tier_is_kept_through_the_next_year_and_not_a_second_longer() -> None:
    shop = Shop(ladder(), zone="America/New_York")
    shop.at("2025-03-01").buy("100.00", "1")
    standing = shop.standing
    assert standing.until == datetime(2027, 1, 1, 5, tzinfo=UTC)
    assert standing.stay is not None
    assert standing.stay.reached
    shop.at("2027-01-01T04:59:59")
    goal = shop.standing.stay
    assert goal is not None
    assert (shop.tier, str(goal.any_of[0])) == ("silver", "100.00 USD")
    shop.at("2027-01-01T05:00:00")
    assert shop.tier == "bronze"
    assert shop.history()[-1] == ("2027-01-01T05:00", "bronze", "period ended")


@pytest.mark.hard_case("H23")
def test_years_from_the_day_of_joining_and_a_joiner_of_29_february() -> None:
    shop = Shop(ladder('window = "anniversary"')).at("2024-02-29").join()
    shop.at("2025-06-01").buy("60.00", "1", "2025-02-27")
    shop.buy("60.00", "2", "2025-02-28")  # the anniversary: a new year
    assert shop.tier == "bronze"
    shop.at("2028-06-01").buy("60.00", "3", "2028-02-28")
    shop.buy("60.00", "4", "2028-02-29")
    assert shop.tier == "bronze"
    shop.buy("40.00", "5", "2028-03-01")
    assert shop.tier == "silver"
    assert shop.standing.until == datetime(2030, 2, 28, tzinfo=UTC)


@pytest.mark.hard_case("H23")
def test_a_rolling_window_is_to_the_day_and_a_tier_lasts_from_its_own() -> None:
    shop = Shop(ladder('window = "rolling"\nmonths = 6'))
    shop.at("2025-01-31").buy("60.00", "1")
    shop.at("2025-07-31").buy("60.00", "2")  # six months to the day
    assert shop.tier == "bronze"
    shop.at("2026-01-30").buy("40.00", "3")
    assert shop.tier == "silver"
    assert shop.standing.until == datetime(2026, 7, 30, tzinfo=UTC)
    shop.at("2026-07-29").buy("100.00", "4")
    assert shop.standing.until == datetime(2027, 1, 30, tzinfo=UTC)
    shop.at("2027-01-30T00:00:00")
    assert shop.tier == "bronze"


def test_clocks_going_forward_shorten_a_day_and_nothing_else() -> None:
    shop = Shop(ladder('window = "rolling"\nmonths = 1'), zone="America/New_York")
    shop.at("2026-02-09").buy("100.00", "1")
    assert shop.standing.until == datetime(2026, 3, 9, 4, tzinfo=UTC)  # not 5: summer time


def test_a_grace_in_which_the_missing_part_can_be_spent() -> None:
    shop = Shop(ladder("grace_days = 10"))
    shop.at("2025-03-01").buy("100.00", "1")
    shop.at("2026-12-01").buy("70.00", "2")
    shop.at("2027-01-05")
    assert (shop.tier, shop.standing.grace) == ("silver", True)
    assert shop.standing.until == datetime(2027, 1, 11, tzinfo=UTC)
    shop.buy("30.00", "3")
    shop.at("2027-01-11")
    assert (shop.tier, shop.standing.grace) == ("silver", False)
    assert shop.standing.until == datetime(2028, 1, 1, tzinfo=UTC)


def test_who_misses_the_grace_falls_when_it_ends() -> None:
    shop = Shop(ladder("grace_days = 10"))
    shop.at("2025-03-01").buy("100.00", "1")
    shop.at("2027-01-10T23:59:59")
    assert shop.tier == "silver"
    shop.at("2027-01-11T00:00:00")
    assert shop.history()[-1] == ("2027-01-11T00:00", "bronze", "grace ended")


@pytest.mark.parametrize(
    ("downgrade", "tiers"),
    [
        ("full", ["gold", "bronze", "bronze"]),
        ("one", ["gold", "silver", "bronze"]),
        ("none", ["gold", "gold", "gold"]),
    ],
)
def test_the_ways_to_fall(downgrade: str, tiers: list[str]) -> None:
    shop = Shop(ladder(f'downgrade = "{downgrade}"')).at("2025-03-01")
    shop.buy("500.00", "1")
    assert [shop.at(when).tier for when in ("2026-06-01", "2027-06-01", "2028-06-01")] == tiers


def test_a_full_fall_ends_where_the_period_was_worth() -> None:
    shop = Shop(ladder()).at("2025-03-01")
    shop.buy("500.00", "1")
    shop.at("2026-06-01").buy("100.00", "2")
    assert (shop.at("2026-12-31").tier, shop.at("2027-01-01").tier) == ("gold", "silver")


def test_other_terms_to_stay() -> None:
    toml = ladder().replace(
        'any_of = [{ metric = "spend", at_least = "100.00" }]',
        'any_of = [{ metric = "spend", at_least = "100.00" }]\n'
        'stay_any_of = [{ metric = "spend", at_least = "20.00" }]',
    )
    shop = Shop(toml).at("2025-03-01")
    shop.buy("100.00", "1")
    shop.at("2026-03-01").buy("20.00", "2")
    assert shop.standing.until == datetime(2028, 1, 1, tzinfo=UTC)
    assert (shop.at("2027-12-31").tier, shop.at("2028-01-01").tier) == ("silver", "bronze")


def test_all_of_several_terms_to_stay() -> None:
    toml = ladder().replace(
        'any_of = [{ metric = "spend", at_least = "100.00" }]',
        'any_of = [{ metric = "spend", at_least = "100.00" }]\n'
        "stay_all_of = ["
        '{ metric = "spend", at_least = "20.00" }, { metric = "orders", at_least = "2" }]',
    )
    once, twice = Shop(toml).at("2025-03-01"), Shop(toml).at("2025-03-01")
    for shop in (once, twice):
        shop.buy("100.00", "1")
        assert shop.at("2025-12-31").tier == "silver"
    twice.buy("1.00", "2")
    assert (once.at("2026-01-01").tier, twice.at("2026-01-01").tier) == ("bronze", "silver")


def test_revised_terms_count_from_their_day() -> None:
    toml = ladder().replace(
        'any_of = [{ metric = "spend", at_least = "100.00" }]',
        'any_of = [{ metric = "spend", at_least = "100.00" }]\n'
        "revised = [{ starts_on = 2026-01-01, "
        'any_of = [{ metric = "spend", at_least = "50.00" }] }]',
        1,
    )
    toml = toml.replace('window = "calendar_year"', 'window = "lifetime"')
    shop = Shop(toml.replace('scheme = "status"', 'scheme = "status"\nwindow = "lifetime"'))
    shop.at("2025-03-01").buy("60.00", "1")
    assert shop.at("2025-12-31").tier == "bronze"
    shop.at("2026-01-01")
    assert shop.history() == [("2026-01-01T00:00", "silver", "terms changed")]


def test_jobs_only_tell_and_tell_once() -> None:
    shop = Shop(ladder()).at("2025-03-01")
    shop.buy("100.00", "1")
    assert shop.loyalty.tick().standings == 0
    shop.at("2027-01-02")
    before = shop.standing
    assert shop.loyalty.tick().standings == 1
    assert shop.loyalty.tick().standings == 0
    assert shop.standing == before
