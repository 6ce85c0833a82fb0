"""Every fault of segments and campaigns is told at once, with its path and what to do."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from loyalty_core import ConfigError
from loyalty_core.application.config import effective, load_config
from loyalty_core.domain.segments import Segment, in_order


def read(segments: dict[str, Any], **more: Any) -> Any:
    config = {"program": {"id": "shop"}, "wallets": {"points": {}}, "segments": segments}
    return load_config(config | more)


def faults(segments: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as refused:
        read(segments, **more)
    return [(one.where, one.message) for one in refused.value.problems]


@pytest.mark.parametrize(
    ("condition", "where", "message"),
    [
        ({}, "", "it says nothing"),
        ({"metric": "visits", "at_least": "1"}, ".metric", "'visits' is not a metric"),
        ({"metric": "badges.won", "at_least": "1"}, ".metric", "no plugin 'badges' is on"),
        ({"metric": "orders"}, "", "how much of orders?"),
        ({"metric": "orders", "at_least": "0.5"}, ".at_least", "0.5 has more than 0 decimal "),
        ({"metric": "spend", "at_least": "0.005"}, ".at_least", "0.005 has more than 2 decimal "),
        ({"metric": "spend", "at_least": "-1"}, ".at_least", "-1 is out of reach"),
        (
            {"metric": "days_since_order", "more_than": "40000"},
            ".more_than",
            "40000 is out of reach",
        ),
        (
            {"metric": "days_since_order", "at_most": "9", "within_days": 9},
            ".within_days",
            "the metric is in days itself",
        ),
        (
            {"metric": "orders", "top": 1, "within_days": 0},
            ".within_days",
            "0 is not from 1 to 36500",
        ),
        (
            {"metric": "spend", "top": 1, "categories": ["a"]},
            ".categories",
            "spend is not by category",
        ),
        (
            {"metric": "orders", "top": 1, "currency": "EUR"},
            ".currency",
            "only spend is in a currency",
        ),
        ({"metric": "spend", "top": 0}, ".top", "0 is not positive"),
        (
            {"metric": "spend", "top_percent": "101"},
            ".top_percent",
            "101 is not above 0 and at most 100",
        ),
        (
            {"metric": "spend", "top_percent": "0.00001"},
            ".top_percent",
            "0.00001 has more than 4 digits behind the point",
        ),
        (
            {"metric": "spend", "top_percent": "10", "after_percent": "10"},
            ".after_percent",
            "10 leaves nobody of the first 10 percent",
        ),
        ({"metric": "spend", "at_least": "1", "among": "a"}, ".among", "nobody is ranked"),
        ({"at_least": "1"}, ".at_least", "of which metric?"),
        ({"top": 3}, ".top", "of which metric?"),
        ({"segments": ["b"]}, "", "'b' is not a segment"),
        ({"birthday_months": [0]}, ".birthday_months", "0 is not from 1 to 12"),
        (
            {"joined_from": "2026-02-02", "joined_until": "2026-02-01"},
            ".joined_until",
            "2026-02-01 is before joined_from",
        ),
    ],
)
def test_a_condition_that_cannot_be_meant(
    condition: dict[str, Any], where: str, message: str
) -> None:
    a = {"none_of": [{"tags": ["x"]}]}
    ((place, said), *rest) = faults({"a": a, "s": {"any_of": [condition]}})
    assert (place, rest) == (f"segments.s.any_of[0]{where}", [])
    assert said.startswith(message)


def test_a_segment_needs_an_id_conditions_and_benefits_that_it_can_give() -> None:
    quota = {"benefit": "q", "kind": "quota", "count": 2}
    ever = {"benefit": "e", "kind": "percent_off", "percent": "5", "lifetime": True}
    some = [{"tags": ["x"]}]
    assert faults(
        {"A": {"all_of": some}, "b": {}, "c": {"all_of": some, "benefits": [quota, ever]}}
    ) == [
        ("segments.A", "'A' is not an id"),
        ("segments.b", "it does not say who is in it"),
        ("segments.c.benefits[0]", "nobody counts the uses of a segment's quota"),
        ("segments.c.benefits[1].lifetime", "it would end with the segment"),
    ]


def test_segments_are_not_made_of_themselves() -> None:
    rank = {"metric": "spend", "top": 1, "among": "b"}
    made = {
        "a": {"all_of": [{"segments": ["c"]}]},
        "b": {"none_of": [{"segments": ["a"]}]},
        "c": {"any_of": [rank]},
        "d": {"all_of": [{"tags": ["x"]}]},
    }
    said = "it is made of itself, by way of others"
    assert faults(made) == [(f"segments.{name}", said) for name in "abc"]


def test_segments_come_after_those_they_are_made_of() -> None:
    config = read(
        {
            "a": {"all_of": [{"segments": ["b"]}]},
            "b": {"all_of": [{"metric": "spend", "top": 5, "among": "c"}]},
            "c": {"all_of": [{"tags": ["x"]}]},
        }
    )
    assert in_order(config.segments) == ("c", "b", "a")
    assert load_config(effective(config)) == config
    assert Segment() == Segment(name="", visible=True)


# -- campaigns ------------------------------------------------------------------------------------

FRIDAY = {"friday": {"starts_on": "2026-11-27", "ends_on": "2026-11-30"}}
MUG = {"kind": "product", "points": 9, "during": "friday"}


def test_a_table_that_names_a_campaign_has_its_days() -> None:
    price = {"points": 5, "during": "friday"}
    benefit = {"benefit": "x", "kind": "percent_off", "percent": "5", "during": "friday"}
    config = read(
        {"s": {"all_of": [{"tags": ["x"]}], "benefits": [benefit]}},
        campaigns=FRIDAY,
        rewards={"mug": MUG, "cup": {"kind": "product", "points": 9, "prices": [price]}},
        plugins={"any": {"rules": [{"when": {"during": "friday", "x": 1}}]}},
    )
    days = (date(2026, 11, 27), date(2026, 11, 30))
    dated = (
        config.rewards["mug"],
        config.rewards["cup"].prices[0],
        config.segments["s"].benefits[0],
    )
    assert [(one.starts_on, one.ends_on) for one in dated] == [days] * 3
    when = {"x": 1, "starts_on": "2026-11-27", "ends_on": "2026-11-30"}
    assert config.plugins["any"] == {"rules": [{"when": when}]}
    assert load_config(effective(config)) == config


def test_a_campaign_that_is_not_there_and_days_beside_one_are_faults() -> None:
    late = {"late": {"starts_on": "2026-02-02", "ends_on": "2026-02-01"}}
    rewards = {"mug": MUG | {"during": "monday"}, "cup": MUG | {"ends_on": "2026-11-28"}}
    assert faults({}, campaigns=FRIDAY | late, rewards=rewards) == [
        ("rewards.mug.during", "'monday' is not a campaign"),
        ("rewards.cup.ends_on", "the campaign has days already"),
        ("campaigns.late.ends_on", "2026-02-01 is before starts_on"),
    ]


def test_a_reward_or_a_plugin_may_be_called_during() -> None:
    config = read({}, rewards={"during": {"kind": "product"}}, plugins={"during": {"a": "b"}})
    assert (list(config.rewards), config.plugins) == (["during"], {"during": {"a": "b"}})
