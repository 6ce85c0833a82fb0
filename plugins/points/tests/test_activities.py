"""Points for activities: each time, once per something, or for several of them."""

from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import pytest

from plugins.points.tests.build import NOON, Shopper, activity, credits, member, points

REVIEW = '[[activity]]\nrule = "review"\nkind = "review"\npoints = 50\n'
TASK = '[[activity]]\nrule = "task"\nkind = "share"\npoints = 100\nneeds = 3\n'


def earned(shopper: Shopper, *facts: object) -> list[int]:
    return [sum(shopper.does(fact).values()) for fact in facts]  # type: ignore[arg-type]


def test_an_activity_earns_without_lines_and_can_wait() -> None:
    program = points(REVIEW + "pending_days = 3", time_zone="Asia/Tokyo")
    credit = credits(program.decide(activity("review"), member()))["review"]
    assert (credit.amount, credit.lines, credit.wallet) == (50, {}, "points")
    assert credit.activates_at == datetime(2026, 3, 4, 15, tzinfo=UTC)


def test_a_check_in_counts_once_a_calendar_day() -> None:
    toml = '[[activity]]\nrule = "daily"\nkind = "check_in"\npoints = 5\n'
    toml += 'caps = [{ period = "day", limit = 1, counts = "awards" }]'
    shopper = Shopper(points(toml, time_zone="Europe/Berlin"))
    moments = [
        "2026-03-28T23:30:00+01:00",
        "2026-03-28T23:59:59+01:00",
        "2026-03-29T00:00:00+01:00",
        "2026-03-29T23:59:59+02:00",  # a day of 23 hours
        "2026-03-30T00:00:00+02:00",
    ]
    facts = [activity("check_in", datetime.fromisoformat(moment)) for moment in moments]
    assert earned(shopper, *facts) == [5, 0, 5, 0, 5]


def test_once_per_counts_the_same_values_once() -> None:
    shopper = Shopper(points(REVIEW + 'once_per = ["product"]'))
    products = ["a", "b", "a", "c", "b"]
    assert earned(shopper, *(activity("review", product=name) for name in products)) == [
        50,
        50,
        0,
        50,
        0,
    ]


def test_once_per_several_keys_takes_them_together() -> None:
    shopper = Shopper(points(REVIEW + 'once_per = ["product", "site"]'))
    facts = [
        activity("review", product=1, site="x"),
        activity("review", product=1, site="y"),
        activity("review", product="1", site="x"),
        activity("review", product=1, site="x", text="again"),
    ]
    assert earned(shopper, *facts) == [50, 50, 50, 0]


def test_without_the_key_nothing_tells_it_is_the_first() -> None:
    shopper = Shopper(points(REVIEW + 'once_per = ["product"]'))
    assert earned(shopper, activity("review"), activity("review", product=None)) == [0, 0]
    assert shopper.view.state == {}


def test_once_within_starts_again_with_the_period() -> None:
    shopper = Shopper(points(REVIEW + 'once_per = ["product"]\nonce_within = "month"'))
    dates = [NOON, NOON + timedelta(days=29), NOON + timedelta(days=30)]
    assert earned(shopper, *(activity("review", at, product="a") for at in dates)) == [50, 0, 50]
    assert shopper.view.state == {"seen": {"review": {"since": "2026-04-01", "values": [ANY]}}}


def test_the_state_holds_no_values_of_the_data() -> None:
    shopper = Shopper(points(REVIEW + 'once_per = ["friend"]'))
    shopper.does(activity("review", friend="ada@example.org"))
    assert "ada" not in repr(shopper.view.state)


def test_two_are_not_enough_and_the_third_is_awarded_once() -> None:
    shopper = Shopper(points(TASK))
    assert earned(shopper, *[activity("share")] * 7) == [0, 0, 100, 0, 0, 0, 0]
    assert shopper.view.state == {"progress": {"task": {"since": "", "count": 3}}}


def test_a_milestone_repeats_where_it_says_so() -> None:
    shopper = Shopper(points(TASK + "repeat = true"))
    assert earned(shopper, *[activity("share")] * 7) == [0, 0, 100, 0, 0, 100, 0]


def test_a_milestone_that_repeats_from_now_on_goes_on_from_where_it_stood() -> None:
    shopper = Shopper(points(TASK))
    assert earned(shopper, *[activity("share")] * 4) == [0, 0, 100, 0]
    shopper.program = points(TASK + "repeat = true")
    assert earned(shopper, *[activity("share")] * 4) == [0, 0, 100, 0]


def test_progress_starts_again_with_its_period() -> None:
    shopper = Shopper(points(TASK + 'needs_within = "day"'))
    today, tomorrow = activity("share"), activity("share", NOON + timedelta(days=1))
    assert earned(shopper, today, today, tomorrow, tomorrow, tomorrow) == [0, 0, 0, 0, 100]


def test_only_different_products_make_progress() -> None:
    shopper = Shopper(points(TASK + 'once_per = ["product"]'))
    facts = [activity("share", product=name) for name in "aabbc"]
    assert earned(shopper, *facts) == [0, 0, 0, 0, 100]


def test_what_a_cap_leaves_nothing_for_is_not_used_up() -> None:
    toml = (
        REVIEW + 'once_per = ["product"]\ncaps = [{ period = "day", limit = 1, counts="awards" }]'
    )
    shopper = Shopper(points(toml))
    tomorrow = NOON + timedelta(days=1)
    facts = [
        activity("review", product="a"),
        activity("review", product="b"),
        activity("review", tomorrow, product="b"),
    ]
    assert earned(shopper, *facts) == [50, 0, 50]


@pytest.mark.parametrize("bought", [0, 1])
def test_a_review_can_need_a_purchase(bought: int) -> None:
    program = points(REVIEW + "when = { minimum_orders = 1 }")
    assert len(program.decide(activity("review"), member(orders=bought))) == bought


def test_two_rules_for_one_kind_both_count() -> None:
    shopper = Shopper(
        points(
            REVIEW + '[[activity]]\nrule = "first"\nkind = "review"\npoints = 9\n'
            'caps = [{ period = "lifetime", limit = 1, counts = "awards" }]'
        )
    )
    assert shopper.does(activity("review")) == {"review": 50, "first": 9}
    assert shopper.does(activity("review")) == {"review": 50}
