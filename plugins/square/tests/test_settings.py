"""What can be wrong with the settings."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty
from plugins.square.tests.build import config_of


def refused(config: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as error:
        Loyalty.open(config, "sqlite://")
    return [one.where for one in error.value.problems]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"account": "A b"}, "account"),
        ({"access_token": "EAAA"}, "access_token"),
        ({"secrets": []}, "secrets"),
        ({"secrets": ["plain"]}, "secrets[0]"),
        ({"notification_url": "http://points.example/x"}, "notification_url"),
        ({"notification_url": ""}, "notification_url"),
        ({"api_url": "https://[square"}, "api_url"),
        ({"api_url": "https://connect.squareup.com/v2"}, "api_url"),
        ({"currency": "EURO"}, "currency"),
        ({"attribute": "a b"}, "attribute"),
        ({"group_prefix": "x" * 101}, "group_prefix"),
        ({"poll_minutes": -1}, "poll_minutes"),
    ],
)
def test_faults_of_the_settings_name_their_place(changes: dict[str, Any], where: str) -> None:
    assert refused(config_of(**changes)) == [f"plugins.square.seller[0].{where}"]


def test_two_sellers_of_one_name_are_refused() -> None:
    config = config_of()
    config["plugins"]["square"]["seller"] *= 2
    assert refused(config) == ["plugins.square.seller[1].account"]


LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CARD = {"kind": "gift_card", "amount": "5.00", "points": 50, "code": {"prefix": "T"}}


@pytest.mark.parametrize(
    ("reward", "settings", "where"),
    [
        ({"kind": "discount", "percent": "10"}, {}, "plugins.square.seller[0].rewards"),
        ({}, {"currency": "EUR"}, "plugins.square.seller[0].rewards"),
        ({}, {"location": ""}, "plugins.square.seller[0].location"),
        ({"code": {"prefix": "TEA-"}}, {}, "rewards.one.code"),
        ({"code": {"prefix": "T", "length": 30}}, {}, "rewards.one.code"),
        ({"code": {"prefix": "4111"}}, {}, "rewards.one.code"),
        ({"code": {}}, {}, "rewards.one.code"),
        (
            {"code": {"prefix": "T", "alphabet": "23456789ABCDEFGHJKMNPQRSTUVWXYZ-"}},
            {},
            "rewards.one.code",
        ),
    ],
)
def test_rewards_that_cannot_be_made_are_refused(
    reward: dict[str, Any], settings: dict[str, Any], where: str
) -> None:
    given = {"rewards": ["one"], "location": "L1", **settings}
    catalogue = {"one": {key: one for key, one in {**CARD, **reward}.items() if one is not None}}
    if reward.get("kind") == "discount":
        del catalogue["one"]["amount"]
    assert where in refused(config_of(catalogue=catalogue, **given))
