"""When rules apply: days in the program's time zone, the order, its lines and the member."""

from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_core import MemberView, Order
from plugins.points.tests.build import activity, amounts, line, member, order, points


def applies(when: str, fact: Order, view: MemberView | None = None, zone: str = "UTC") -> bool:
    toml = f'[[earn]]\nrule = "r"\nrate = {{ USD = 1, EUR = 1 }}\nwhen = {{ {when} }}'
    return bool(amounts(points(toml, time_zone=zone).decide(fact, view or member())))


def at(text: str) -> Order:
    return order(1000, at=datetime.fromisoformat(text).astimezone(UTC))


@pytest.mark.parametrize(
    ("when", "moment", "zone", "expected"),
    [
        ("starts_on = 2026-06-01, ends_on = 2026-06-18", "2026-05-31T23:59:59Z", "UTC", False),
        ("starts_on = 2026-06-01, ends_on = 2026-06-18", "2026-06-01T00:00:00Z", "UTC", True),
        ("starts_on = 2026-06-01, ends_on = 2026-06-18", "2026-06-18T23:59:59Z", "UTC", True),
        ("starts_on = 2026-06-01, ends_on = 2026-06-18", "2026-06-19T00:00:00Z", "UTC", False),
        ("ends_on = 2026-06-18", "2026-06-18T16:00:00Z", "Asia/Shanghai", False),
        ("ends_on = 2026-06-18", "2026-06-18T15:59:59Z", "Asia/Shanghai", True),
        ("starts_at = 2026-06-01T10:00:00Z", "2026-06-01T09:59:59Z", "UTC", False),
        ("starts_at = 2026-06-01T10:00:00Z", "2026-06-01T10:00:00Z", "UTC", True),
        ("ends_at = 2026-06-01T10:00:00+02:00", "2026-06-01T07:59:59Z", "UTC", True),
        ("ends_at = 2026-06-01T10:00:00+02:00", "2026-06-01T08:00:00Z", "UTC", False),
        ("dates = [2026-11-11]", "2026-11-10T15:59:59Z", "Asia/Shanghai", False),
        ("dates = [2026-11-11]", "2026-11-10T16:00:00Z", "Asia/Shanghai", True),
        ("dates = [2026-11-11]", "2026-11-11T15:59:59Z", "Asia/Shanghai", True),
        ("dates = [2026-11-11]", "2026-11-11T16:00:00Z", "Asia/Shanghai", False),
        ('weekdays = ["sunday"]', "2026-03-02T03:30:00Z", "America/New_York", True),
        ('weekdays = ["sunday"]', "2026-03-02T03:30:00Z", "UTC", False),
        ('weekdays = ["saturday", "sunday"]', "2026-02-28T12:00:00Z", "UTC", True),
        ("hours = [{ start = 07:00:00, end = 09:30:00 }]", "2026-03-02T06:59:59Z", "UTC", False),
        ("hours = [{ start = 07:00:00, end = 09:30:00 }]", "2026-03-02T07:00:00Z", "UTC", True),
        ("hours = [{ start = 07:00:00, end = 09:30:00 }]", "2026-03-02T09:30:00Z", "UTC", False),
        ("hours = [{ start = 22:00:00, end = 02:00:00 }]", "2026-03-02T23:00:00Z", "UTC", True),
        ("hours = [{ start = 22:00:00, end = 02:00:00 }]", "2026-03-02T01:59:59Z", "UTC", True),
        ("hours = [{ start = 22:00:00, end = 02:00:00 }]", "2026-03-02T02:00:00Z", "UTC", False),
        # Berlin's clocks went forward on 29 March 2026: 02:30 local came an hour sooner in UTC.
        (
            "hours = [{ start = 08:00:00, end = 09:00:00 }]",
            "2026-03-28T07:30:00Z",
            "Europe/Berlin",
            True,
        ),
        (
            "hours = [{ start = 08:00:00, end = 09:00:00 }]",
            "2026-03-29T06:30:00Z",
            "Europe/Berlin",
            True,
        ),
    ],
)
def test_days_and_hours(when: str, moment: str, zone: str, expected: bool) -> None:
    assert applies(when, at(moment), zone=zone) is expected


@pytest.mark.parametrize(
    ("when", "fields", "expected"),
    [
        ('channels = ["app"]', {"channel": "app"}, True),
        ('channels = ["app"]', {"channel": "web"}, False),
        ('channels = ["app"]', {}, False),
        ('stores = ["north", "south"]', {"store": "south"}, True),
        ('stores = ["north", "south"]', {"store": "east"}, False),
        ('tags = ["preorder"]', {"tags": ("x", "preorder")}, True),
        ('tags = ["preorder"]', {"tags": ("x",)}, False),
        ('payments = ["app"]', {"paid": [("app", 1000)]}, True),
        ('payments = ["app"]', {"paid": [("cash", 1000)]}, False),
        ('payments = ["app"]', {}, False),
        ('payments = ["gift_card"]', {"paid": [("gift_card", 1000)]}, True),
        ('minimum_amount = { USD = "10.00" }', {}, True),
        ('minimum_amount = { USD = "10.01" }', {}, False),
        ('minimum_amount = { USD = "1" }', {"currency": "EUR"}, False),
        ('minimum_amount = { USD = "1", EUR = "10" }', {"currency": "EUR"}, True),
        ('minimum_amount = { USD = "6" }', {"paid": [("gift_card", 500)]}, False),
    ],
)
def test_the_order(when: str, fields: dict[str, Any], expected: bool) -> None:
    assert applies(when, order(1000, **fields)) is expected


TEA = line("t", 1000, sku="T-1", categories=("drinks", "tea"), tags=("organic",))
PLAIN = line("p", 500)


@pytest.mark.parametrize(
    ("when", "earned"),
    [
        ('skus = ["T-1"]', 10),
        ('skus = ["T-2"]', 0),
        ('categories = ["tea", "coffee"]', 10),
        ('line_tags = ["organic"]', 10),
        ('line_tags = ["organic"], skus = ["T-2"]', 0),
        ('without_skus = ["T-1"]', 5),
        ('without_categories = ["drinks"]', 5),
        ('without_line_tags = ["organic"]', 5),
        ('without_skus = [""]', 15),
        ('categories = ["tea"], minimum_amount = { USD = "10.01" }', 0),
        ('minimum_amount = { USD = "15" }', 15),
    ],
)
def test_conditions_on_lines_choose_the_lines_that_earn(when: str, earned: int) -> None:
    toml = f'[[earn]]\nrule = "r"\nrate = {{ USD = 1 }}\nwhen = {{ {when} }}'
    found = amounts(points(toml).decide(order(TEA, PLAIN), member()))
    assert found == ({"r": earned} if earned else {})


@pytest.mark.parametrize(
    ("when", "view", "expected"),
    [
        ("first_order = true", member(0), True),
        ("first_order = true", member(1), False),
        ("nth_order = [2, 5]", member(1), True),
        ("nth_order = [2, 5]", member(2), False),
        ("nth_order = [2, 5]", member(4), True),
        ("every_nth = 10", member(9), True),
        ("every_nth = 10", member(19), True),
        ("every_nth = 10", member(0), False),
        ("minimum_orders = 1", member(0), False),
        ("minimum_orders = 1", member(1), True),
        ('tiers = ["gold"]', member(tiers={"status": "gold"}), True),
        ('tiers = ["status/gold"]', member(tiers={"status": "gold"}), True),
        ('tiers = ["other/gold"]', member(tiers={"status": "gold"}), False),
        ('tiers = ["gold"]', member(), False),
        ('segments = ["vip", "staff"]', member(tags=("staff",)), True),
        ('segments = ["vip"]', member(tags=("staff",)), False),
    ],
)
def test_the_member(when: str, view: MemberView, expected: bool) -> None:
    assert applies(when, order(1000), view) is expected


def test_every_condition_must_hold() -> None:
    when = 'channels = ["app"], stores = ["north"]'
    assert applies(when, order(1000, channel="app", store="north"))
    assert not applies(when, order(1000, channel="app", store="south"))


def test_activities_have_the_same_conditions() -> None:
    toml = """
        [[activity]]
        rule = "visit"
        kind = "check_in"
        points = 5
        when = { starts_on = 2026-03-02, ends_on = 2026-03-02, segments = ["vip"] }
    """
    program, vip = points(toml), member(tags=("vip",))
    assert amounts(program.decide(activity("check_in"), vip)) == {"visit": 5}
    assert program.decide(activity("check_in"), member()) == []
    assert program.decide(activity("review"), vip) == []
    tomorrow = datetime(2026, 3, 3, tzinfo=UTC)
    assert program.decide(activity("check_in", tomorrow), vip) == []
