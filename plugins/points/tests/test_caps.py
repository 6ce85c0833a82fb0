"""Limits: what they cut or refuse, when a period starts again, and what is remembered of it."""

from datetime import UTC, datetime

import pytest

from plugins.points.tests.build import (
    BASE,
    Shopper,
    activity,
    amounts,
    credits,
    kept,
    member,
    order,
    points,
)


def day(text: str, hour: int = 12) -> datetime:
    return datetime.fromisoformat(text).replace(hour=hour, tzinfo=UTC)


@pytest.mark.hard_case("H41")
@pytest.mark.parametrize(("over", "expected"), [("cut", [6, 4, 0]), ("refuse", [6, 0, 4])])
def test_beyond_the_limit_an_award_is_cut_or_refused(over: str, expected: list[int]) -> None:
    toml = BASE + f'caps = [{{ period = "day", limit = 10, over = "{over}" }}]'
    shopper = Shopper(points(toml))
    earned = [shopper.does(order(minor)).get("base", 0) for minor in (600, 600, 400)]
    assert earned == expected


def test_a_cut_award_is_shared_by_the_lines_that_earned_it() -> None:
    toml = BASE + 'caps = [{ period = "day", limit = 5 }]'
    credit = credits(points(toml).decide(order(3000, 1000), member()))["base"]
    assert (credit.amount, credit.lines) == (5, {"l0": 4, "l1": 1})


@pytest.mark.parametrize(
    ("period", "same", "other"),
    [
        ("day", [day("2026-03-02", 0), day("2026-03-02", 23)], day("2026-03-03", 0)),
        ("week", [day("2026-03-02"), day("2026-03-08")], day("2026-03-09")),
        ("month", [day("2026-02-01"), day("2026-02-28")], day("2026-03-01")),
        ("quarter", [day("2026-01-01"), day("2026-03-31")], day("2026-04-01")),
        ("year", [day("2024-02-29"), day("2024-12-31")], day("2025-01-01")),
    ],
)
def test_a_period_of_the_calendar_starts_again(
    period: str, same: list[datetime], other: datetime
) -> None:
    shopper = Shopper(points(BASE + f'caps = [{{ period = "{period}", limit = 10 }}]'))
    assert shopper.does(order(800, at=same[0])) == {"base": 8}
    assert shopper.does(order(800, at=same[1])) == {"base": 2}
    assert shopper.does(order(800, at=other)) == {"base": 8}


def test_days_are_those_of_the_program() -> None:
    toml = BASE + 'caps = [{ period = "day", limit = 10 }]'
    shopper = Shopper(points(toml, time_zone="Pacific/Kiritimati"))  # UTC+14
    assert shopper.does(order(1000, at=day("2026-03-02", 9))) == {"base": 10}
    assert shopper.does(order(1000, at=day("2026-03-02", 10))) == {"base": 10}
    assert shopper.does(order(1000, at=day("2026-03-03", 9))) == {}


def test_a_lifetime_never_starts_again() -> None:
    shopper = Shopper(points(BASE + 'caps = [{ period = "lifetime", limit = 1, counts="awards" }]'))
    assert shopper.does(order(500, at=day("2026-03-02"))) == {"base": 5}
    assert shopper.does(order(500, at=day("2036-03-02"))) == {}


def test_a_campaign_is_counted_by_its_dates() -> None:
    toml = BASE + 'caps = [{ period = "campaign", limit = 10 }]\nwhen = { starts_on = '
    first, second = points(toml + "2026-01-01 }"), points(toml + "2027-01-01 }")
    shopper = Shopper(first)
    assert shopper.does(order(800, at=day("2026-01-01"))) == {"base": 8}
    assert shopper.does(order(800, at=day("2026-12-31"))) == {"base": 2}
    shopper.program = second
    assert shopper.does(order(800, at=day("2027-01-01"))) == {"base": 8}


def test_several_caps_hold_together() -> None:
    daily = '{ period = "day", limit = 2, counts = "awards" }'
    shopper = Shopper(points(f'{BASE}caps = [{daily}, {{ period = "week", limit = 9 }}]'))
    monday = [shopper.does(order(400)).get("base", 0) for _ in range(3)]
    assert monday == [4, 4, 0]
    assert shopper.does(order(400, at=day("2026-03-03"))) == {"base": 1}


def test_a_shared_cap_is_over_all_rules_of_its_wallet() -> None:
    toml = """
        [[caps]]
        cap = "daily"
        period = "day"
        limit = 12
        [[activity]]
        rule = "review"
        kind = "review"
        points = 5
        [[activity]]
        rule = "share"
        kind = "share"
        points = 10
        [[activity]]
        rule = "star"
        kind = "share"
        wallet = "stars"
        points = 1
    """
    shopper = Shopper(points(toml))
    assert shopper.does(activity("review")) == {"review": 5}
    assert shopper.does(activity("share")) == {"share": 7, "star": 1}
    assert shopper.does(activity("share")) == {"star": 1}
    assert shopper.does(activity("share", day("2026-03-03"))) == {"share": 10, "star": 1}


@pytest.mark.parametrize(
    ("priority", "expected"), [(0, {"a": 6, "b": 4}), (1, {"a": 6, "b": 4}), (-1, {"b": 6, "a": 4})]
)
def test_activities_share_a_cap_by_their_priority(priority: int, expected: dict[str, int]) -> None:
    toml = f"""
        [[caps]]
        cap = "daily"
        period = "day"
        limit = 10
        [[activity]]
        rule = "a"
        kind = "review"
        points = 6
        [[activity]]
        rule = "b"
        kind = "review"
        points = 6
        priority = {priority}
    """
    assert Shopper(points(toml)).does(activity("review")) == expected


def test_a_shared_cap_can_name_its_rules() -> None:
    toml = """
        [[caps]]
        cap = "social"
        period = "day"
        limit = 5
        over = "refuse"
        rules = ["review"]
        [[activity]]
        rule = "review"
        kind = "review"
        points = 3
        [[activity]]
        rule = "visit"
        kind = "visit"
        points = 3
    """
    shopper = Shopper(points(toml))
    assert shopper.does(activity("review")) == {"review": 3}
    assert shopper.does(activity("review")) == {}
    assert shopper.does(activity("visit")) == {"visit": 3}


def test_multipliers_multiply_what_caps_left() -> None:
    toml = BASE + 'caps = [{ period = "day", limit = 6 }]\n[[earn]]\nrule = "x2"\nmultiply = 2'
    assert amounts(points(toml).decide(order(1000), member())) == {"base": 6, "x2": 6}


def test_limits_are_in_whole_points_whatever_the_scale() -> None:
    toml = BASE + 'caps = [{ period = "day", limit = "1.5" }]'
    assert amounts(points(toml, scale=2).decide(order(1000), member())) == {"base": 150}


def test_state_is_kept_only_when_something_was_counted() -> None:
    assert kept(points(BASE).decide(order(1000), member())) is None
    capped = points(BASE + 'caps = [{ period = "day", limit = 10 }]')
    assert kept(capped.decide(order(50), member())) is None  # nothing earned
    full = kept(capped.decide(order(1000), member()))
    assert full == {"counts": {"base": {"day": {"since": "2026-03-02", "points": 10, "awards": 1}}}}
    assert kept(capped.decide(order(1000), member(state=full))) is None  # nothing left


def test_periods_gone_by_are_forgotten() -> None:
    toml = BASE + 'caps = [{ period = "day", limit = 10 }, { period = "lifetime", limit = 99 }]'
    shopper = Shopper(
        points(
            toml + '\n[[activity]]\nrule = "v"\nkind = "visit"\npoints = 1\n'
            'caps = [{ period = "year", limit = 3 }]'
        )
    )
    shopper.does(order(500, at=day("2026-03-02")))
    shopper.does(activity("visit", day("2026-03-03")))
    assert shopper.view.state == {
        "counts": {
            "base": {"lifetime": {"since": "", "points": 5, "awards": 1}},
            "v": {"year": {"since": "2026-01-01", "points": 1, "awards": 1}},
        }
    }
