"""Rewards that rules grant, and what those get who have not bought for a while."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from loyalty_core import Activity, Cause, Effect, Emit, Grant, History, KeepState, MemberView
from loyalty_core import ConfigError as Wrong
from plugins.points.tests.build import NOON, activity, amounts, member, order, points

LAPSE = '[[lapse]]\nrule = "win-back"\nafter_days = 90\nreward = "coupon"\n'
DAYS = timedelta(days=90)


def granted(effects: Sequence[Effect]) -> list[tuple[str, str]]:
    return [(one.rule, one.reward) for one in effects if isinstance(one, Grant)]


def last_bought(at: datetime) -> MemberView:
    return MemberView(history=History(orders=1, first_order_at=at, last_order_at=at))


def lapsed(at: datetime, rule: str = "win-back") -> Activity:
    return replace(activity("points.lapsed", at, rule=rule), source="~points")


def test_an_activity_grants_a_reward_with_points_or_without() -> None:
    alone = '[[activity]]\nrule = "quiz"\nkind = "quiz"\nreward = "coupon"\n'
    effects = points(alone).decide(activity("quiz"), member())
    assert (granted(effects), amounts(effects)) == ([("quiz", "coupon")], {})
    effects = points(alone + "points = 7").decide(activity("quiz"), member())
    assert (granted(effects), amounts(effects)) == ([("quiz", "coupon")], {"quiz": 7})


def test_awards_of_rewards_are_limited_and_no_limit_on_points_concerns_them() -> None:
    toml = """
[[activity]]
rule = "quiz"
kind = "quiz"
reward = "coupon"
caps = [{ period = "month", limit = 1, counts = "awards" }]
[[caps]]
cap = "all"
period = "day"
limit = 10
"""
    program = points(toml)
    first = program.decide(activity("quiz"), member())
    (state,) = [one.state for one in first if isinstance(one, KeepState)]
    again = program.decide(activity("quiz", NOON + timedelta(days=1)), member(state=state))
    next_month = program.decide(activity("quiz", NOON + timedelta(days=31)), member(state=state))
    assert [granted(one) for one in (first, again, next_month)] == [
        [("quiz", "coupon")],
        [],
        [("quiz", "coupon")],
    ]


def test_a_limit_on_points_for_a_rule_without_points_is_refused() -> None:
    toml = '[[activity]]\nrule = "quiz"\nkind = "quiz"\nreward = "coupon"\n'
    with pytest.raises(Wrong, match="the rule gives no points"):
        points(toml + 'caps = [{ period = "day", limit = 10 }]')
    with pytest.raises(Wrong, match="there is no reward 'car'"):
        points(toml.replace("coupon", "car"))
    with pytest.raises(Wrong, match="the rule gives nothing"):
        points('[[activity]]\nrule = "quiz"\nkind = "quiz"\n')
    with pytest.raises(Wrong, match="0 is not from 1 to 36500"):
        points(LAPSE.replace("90", "0"))


def test_an_order_that_fits_grants_a_reward() -> None:
    toml = """
[[earn]]
rule = "large"
reward = "coupon"
when = { minimum_amount = { USD = "100.00" } }
"""
    program = points(toml)
    assert granted(program.decide(order(99_99), member())) == []
    assert granted(program.decide(order(100_00), member())) == [("large", "coupon")]
    assert granted(program.decide(order(100_00, paid=[("gift_card", 100_00)]), member())) == []


def test_an_order_causes_the_moment_of_each_lapse() -> None:
    second = LAPSE.replace("win-back", "again").replace("90", "180")
    effects = points(LAPSE + second, time_zone="America/New_York").decide(order(1000), member())
    assert effects == [
        Cause(
            kind="points.lapsed",
            rule=rule,
            at=datetime.fromisoformat(at).astimezone(UTC),
            data={"rule": rule},
        )
        for rule, at in (
            ("win-back", "2026-05-31T00:00-04:00"),
            ("again", "2026-08-29T00:00-04:00"),
        )
    ]


def test_who_bought_nothing_since_gets_it_and_others_are_told() -> None:
    program = points(LAPSE)
    effects = program.decide(lapsed(NOON + DAYS), last_bought(NOON))
    assert granted(effects) == [("win-back", "coupon")]
    told = Emit(type="points.member_lapsed", data={"rule": "win-back", "days": 90})
    assert told in effects


def test_nobody_else_says_that_somebody_lapsed() -> None:
    said = replace(lapsed(NOON + DAYS), source="web")
    assert list(points(LAPSE).decide(said, last_bought(NOON))) == []


@pytest.mark.parametrize(
    ("bought", "rule"),
    [(NOON + timedelta(days=1), "win-back"), (NOON, "a rule that is gone")],
)
def test_who_bought_meanwhile_does_not(bought: datetime, rule: str) -> None:
    effects = points(LAPSE).decide(lapsed(NOON + DAYS, rule), last_bought(bought))
    assert list(effects) == []


@pytest.mark.parametrize(("days", "given"), [(59, 0), (60, 100)])
def test_inactive_days_are_those_of_the_calendar(days: int, given: int) -> None:
    toml = """
[[activity]]
rule = "back"
kind = "sign_in"
points = 100
when = { inactive_days = 60 }
"""
    last = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
    at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=days)
    effects = points(toml).decide(activity("sign_in", at), last_bought(last))
    assert sum(amounts(effects).values()) == given


def test_who_never_bought_is_not_inactive() -> None:
    toml = '[[activity]]\nrule = "back"\nkind = "sign_in"\npoints = 1\n'
    effects = points(toml + "when = { inactive_days = 1 }").decide(activity("sign_in"), member())
    assert list(effects) == []
